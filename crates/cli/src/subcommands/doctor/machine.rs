//! The machine: what the sandbox and the server take of it.

use super::finding::{Finding, Status};
use postlude_sandbox::{Sandbox, SandboxConfig};
use rustix::process::{Resource, getrlimit};
use std::fs;

const PART: &str = "this machine";

/// Files that a busy server may have open: 4,096 connections on each of its listeners, its store and the plugins.
const FILES: u64 = 10_000;

/// The first version of Linux with PAGEMAP_SCAN (`man 2 PAGEMAP_SCAN`).
const PAGEMAP_SCAN: (u32, u32) = (6, 7);

/// Looks at the machine.
pub(super) fn look() -> Vec<Finding> {
    let mut findings = vec![size(), sandbox(), open_files(getrlimit(Resource::Nofile).maximum)];
    if let Ok(release) = fs::read_to_string("/proc/sys/kernel/osrelease") {
        findings.push(kernel(release.trim()));
    }
    if let Ok(swaps) = fs::read_to_string("/proc/swaps") {
        findings.push(swap(&swaps));
    }
    findings
}

fn size() -> Finding {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_memory(&text));
    let memory = memory.map(|mib| format!(", {mib} MiB of memory")).unwrap_or_default();
    Finding::ok(PART, "size", format!("{processors} processors{memory}"))
}

/// MiB of memory, by the field `MemTotal` of `/proc/meminfo`, which is in KiB.
fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1024)
}

/// Whether the engine starts with its default pool, which reserves address space for every place.
fn sandbox() -> Finding {
    let config = SandboxConfig::default();
    let places = config.runs.places;
    match Sandbox::new(config) {
        Ok(_) => Finding::ok(PART, "sandbox", format!("the engine starts, with {places} places for runs")),
        Err(why) => Finding::ok(PART, "sandbox", why.to_string()).but(
            Status::Missing,
            "permit more address space (it is reserved, not used): `ulimit -v unlimited`, or `LimitAS=infinity` in the systemd unit",
        ),
    }
}

fn open_files(limit: Option<u64>) -> Finding {
    match limit {
        Some(limit) if limit < FILES => {
            Finding::ok(PART, "open files", format!("at most {limit}; a busy server may need {FILES}"))
                .but(Status::Warn, "`ulimit -Hn 65536` as root, or `LimitNOFILE=65536` in the systemd unit")
        }
        Some(limit) => Finding::ok(PART, "open files", format!("at most {limit}")),
        None => Finding::ok(PART, "open files", "no limit"),
    }
}

fn kernel(release: &str) -> Finding {
    let finding = Finding::ok(PART, "kernel", format!("Linux {release}"));
    if version(release).is_none_or(|version| version >= PAGEMAP_SCAN) {
        return finding;
    }
    let (major, minor) = PAGEMAP_SCAN;
    finding.but(
        Status::Warn,
        format!("Linux {major}.{minor} or later finds used memory faster between runs: upgrade the kernel"),
    )
}

/// Major and minor version of a release such as `6.18.5-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// By `/proc/swaps`: a heading, and a line for each area.
fn swap(swaps: &str) -> Finding {
    if swaps.lines().count() <= 1 {
        return Finding::ok(PART, "swap", "off");
    }
    Finding::ok(PART, "swap", "on: runs take longer, and memory with secrets may reach the disk")
        .but(Status::Warn, "`swapoff -a` as root, and take it out of /etc/fstab; then start Postlude anew")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_kernels_are_compared_as_numbers() {
        let status = |release| kernel(release).status;
        assert_eq!([status("6.6.99"), status("5.10.0-8-amd64")], [Status::Warn; 2]);
        assert_eq!([status("6.7.0"), status("6.18.5+deb"), status("7.0-rc1"), status("strange")], [Status::Ok; 4]);
    }

    #[test]
    fn limits_and_swap_are_judged() {
        assert_eq!(open_files(Some(1024)).status, Status::Warn);
        assert_eq!([open_files(Some(FILES)).status, open_files(None).status], [Status::Ok; 2]);
        let heading = "Filename\tType\tSize\tUsed\tPriority\n";
        assert_eq!(swap(heading).status, Status::Ok);
        assert_eq!(swap(&format!("{heading}/dev/sda2 partition 1 0 -2\n")).status, Status::Warn);
        assert_eq!(total_memory("MemTotal:       24640000 kB\nMemFree: 1 kB\n"), Some(24_062));
    }
}
