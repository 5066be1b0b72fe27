//! What a configuration needs of this machine: itself without mistakes, its ports, its folders, its keys.

use super::finding::{Finding, Status};
use super::ports::{self, Port};
use crate::output;
use crate::subcommands::compile_worker;
use anyhow::Result;
use postlude_config::{Environment, SecretRef, Server};
use postlude_host::Compiler;
use postlude_sandbox::{Sandbox, SandboxConfig};
use rustix::fs::{Access, access};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const PART: &str = "serving";

/// Below this a store soon stops taking logins, in MiB.
const LITTLE_SPACE: u64 = 100;
/// Below this there is no room for growth and a backup, in MiB.
const SOME_SPACE: u64 = 1024;

/// There is no configuration here.
pub(super) fn absent() -> Finding {
    Finding::ok(PART, "postlude.toml", "not here, and none was named with `--config`")
        .but(Status::NotNeeded, "`postlude init` makes one that works")
}

/// Looks at a configuration, and at all that it needs.
pub(super) fn look(config: &Path) -> Result<Vec<Finding>> {
    output::note(format!("checking {}", config.display()));
    let mut findings = vec![checked(config)?];
    // What can be read of a configuration with mistakes is looked at all the same.
    let Ok(draft) = postlude_config::Draft::read(config, &Environment::process()) else { return Ok(findings) };
    let server = &draft.config().server;
    findings.extend(addresses(server).map(|(name, address)| port(name, address)));
    findings.push(folder("data_dir", &server.data_dir));
    findings.push(folder("high_water_file", server.high_water_file.parent().unwrap_or(Path::new("/"))));
    findings.push(space(&server.data_dir));
    let keys = std::iter::once(&server.root_key).chain(&server.previous_root_keys);
    findings.extend(keys.filter_map(|key| key_file(&key.value)));
    Ok(findings)
}

fn checked(config: &Path) -> Result<Finding> {
    let name = config.display().to_string();
    let compiler = Compiler::new(Sandbox::new(SandboxConfig::default())?, compile_worker::compilation()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let loaded = runtime.block_on(postlude_host::load(config, &compiler, &Environment::process()));
    let count = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let check = format!("`postlude check --config {name}` shows them");
    Ok(match loaded {
        Ok(loaded) if loaded.warnings().is_empty() => Finding::ok(PART, name, loaded.summary()),
        Ok(loaded) => Finding::ok(PART, name, count(loaded.warnings().len(), "warning")).but(Status::Warn, check),
        Err(problems) => {
            let errors = problems.into_vec().iter().filter(|problem| problem.is_error()).count();
            Finding::ok(PART, name, count(errors, "mistake")).but(Status::Missing, check)
        }
    })
}

fn addresses(server: &Server) -> impl Iterator<Item = (&'static str, SocketAddr)> {
    let more = [("public_listen", server.public_listen), ("metrics_listen", server.metrics_listen)];
    std::iter::once(("listen", server.listen))
        .chain(more.into_iter().filter_map(|(name, address)| Some((name, address?))))
}

fn port(name: &str, address: SocketAddr) -> Finding {
    let finding = |found: &str| Finding::ok(PART, name, format!("{address} {found}"));
    let another = format!("set another `{name}` below [server]");
    match ports::look(address) {
        Port::Free => finding("is free"),
        Port::Used(Some(holder)) if holder.name == "postlude" => {
            finding(&format!("is served by postlude, process {}", holder.pid))
                .but(Status::Warn, "nothing, if that is the server of this configuration; a second one cannot start")
        }
        Port::Used(Some(holder)) => finding(&format!("is taken by `{}`, process {}", holder.name, holder.pid))
            .but(Status::Missing, format!("end that process, or {another}")),
        Port::Used(None) => finding("is taken by a process that this user cannot see").but(
            Status::Missing,
            format!("`sudo ss -ltnp 'sport = :{}'` names it; end it, or {another}", address.port()),
        ),
        Port::Forbidden => finding("is not open to this user").but(
            Status::Missing,
            format!(
                "{another} with a port above 1023, or `AmbientCapabilities=CAP_NET_BIND_SERVICE` in the systemd unit"
            ),
        ),
        Port::Unusable(why) => finding(&format!("cannot be used: {why}")).but(Status::Missing, another),
    }
}

/// The folder, or the nearest one above it that is there: the server makes what lacks.
fn nearest(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    absolute.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/")).to_owned()
}

fn folder(name: &str, folder: &Path) -> Finding {
    let there = nearest(folder);
    let shown = if there == folder {
        format!("`{}`", folder.display())
    } else {
        format!("`{}`, which the server makes", folder.display())
    };
    if !there.is_dir() {
        return Finding::ok(PART, name, format!("`{}` is not a folder", there.display()))
            .but(Status::Missing, format!("`rm {}`, or set another `{name}`", there.display()));
    }
    match access(&there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::ok(PART, name, format!("{shown}, can be written")),
        Err(why) => Finding::ok(PART, name, format!("`{}` cannot be written: {why}", there.display())).but(
            Status::Missing,
            format!("`chown \"$(id -un)\" {}` as root, or set another `{name}`", there.display()),
        ),
    }
}

fn space(data_dir: &Path) -> Finding {
    let there = nearest(data_dir);
    let name = "disk";
    let Ok(disk) = rustix::fs::statvfs(&there) else {
        return Finding::ok(PART, name, format!("the free space of `{}` is not known", there.display()));
    };
    judged(name, disk.f_bavail.saturating_mul(disk.f_frsize) / (1 << 20))
}

fn judged(name: &str, mib: u64) -> Finding {
    let finding = Finding::ok(PART, name, format!("{mib} MiB are free for data_dir"));
    match mib {
        0..LITTLE_SPACE => {
            finding.but(Status::Missing, "make room, or set another `data_dir`: a store without room refuses logins")
        }
        LITTLE_SPACE..SOME_SPACE => finding.but(Status::Warn, "make room for a store that grows and for its backup"),
        _ => finding,
    }
}

/// A root key's file; nothing where the key is not in one, or cannot be read, which the configuration's check says.
fn key_file(key: &SecretRef) -> Option<Finding> {
    let SecretRef::File(path) = key else { return None };
    let mode = path.metadata().ok()?.permissions().mode() & 0o777;
    let finding = Finding::ok(PART, "root key", format!("`{}`, mode {mode:o}", path.display()));
    Some(if mode & 0o077 == 0 {
        finding
    } else {
        finding.but(Status::Warn, format!("`chmod 600 {}`: others on this machine can read it", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_judged_at_its_edges() {
        let status = |mib| judged("disk", mib).status;
        assert_eq!(
            [status(99), status(100), status(1023), status(1024)],
            [Status::Missing, Status::Warn, Status::Warn, Status::Ok]
        );
    }

    #[test]
    fn a_folder_that_is_to_be_made_is_judged_by_the_one_above() {
        let dir = tempfile::tempdir().unwrap();
        let made = folder("data_dir", &dir.path().join("a/b"));
        assert_eq!(made.status, Status::Ok, "{made:?}");
        assert!(made.found.ends_with("/a/b`, which the server makes, can be written"), "{made:?}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
        std::fs::write(dir.path().join("file"), "").unwrap();
        let file = folder("data_dir", &dir.path().join("file/below"));
        assert!(file.status == Status::Missing && file.found.ends_with("/file` is not a folder"), "{file:?}");
    }

    #[test]
    fn a_key_that_others_can_read_has_the_command_that_closes_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        std::fs::write(&path, "k").unwrap();
        let look = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            key_file(&SecretRef::File(path.clone())).unwrap()
        };
        assert_eq!(look(0o600).status, Status::Ok);
        let open = look(0o644);
        assert!(open.status == Status::Warn && open.remedy.unwrap().starts_with("`chmod 600 /"));
        assert_eq!(key_file(&SecretRef::Env("KEY".to_owned())), None);
    }
}
