//! The size of sled's cache: a part of the memory that this machine, or this container, has.

use std::fs;

/// The smallest cache: a host of 1 GiB has room for it.
const LEAST: u64 = 64 << 20;

/// The largest, sled's own default: some hundred thousand login records.
const MOST: u64 = 1 << 30;

/// One part in so many: what does not fit is read again from the file, which the kernel keeps as well.
const PART: u64 = 16;

/// Bytes of the engine's cache.
pub(crate) fn cache_bytes() -> u64 {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let limits = [of_machine(&read("/proc/meminfo")), of_group(&read("/sys/fs/cgroup/memory.max"))];
    part(limits.into_iter().flatten().min())
}

fn part(memory: Option<u64>) -> u64 {
    memory.map_or(LEAST, |bytes| (bytes / PART).clamp(LEAST, MOST))
}

/// `MemTotal` of `/proc/meminfo`, which is in KiB.
fn of_machine(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The limit of a control group (version 2); the word `max`, or no file, is none.
fn of_group(limit: &str) -> Option<u64> {
    limit.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_part_of_the_memory_between_two_bounds() {
        let machine = of_machine("MemFree: 7 kB\nMemTotal:       24682516 kB\n");
        assert_eq!(machine, Some(24_682_516 * 1024));
        assert_eq!(part(machine), MOST);
        assert_eq!(part(Some(4 << 30)), 256 << 20);
        assert_eq!(part(Some(512 << 20)), LEAST);
        assert_eq!(part(None), LEAST);
        assert_eq!((of_group("max\n"), of_group("268435456\n")), (None, Some(256 << 20)));
        assert!(of_machine("MemTotal: much").is_none());
    }

    #[test]
    fn this_machine_has_one() {
        assert!((LEAST..=MOST).contains(&cache_bytes()));
    }
}
