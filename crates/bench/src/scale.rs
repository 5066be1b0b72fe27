//! The rows of size: a login beside ten thousand installed plugins and a hundred thousand sessions, against one alone.

use crate::effort::Effort;
use crate::event;
use crate::folder::Folder;
use crate::http_rows::{fresh_key, interleaved, logins_of, user_sessions};
use crate::load::{Load, Make};
use crate::server::{Installation, Server};
use crate::story::UserSession;
use crate::table::{Table, print_line};
use anyhow::Result;
use postlude_crypto::api_key::sha256_hex;
use postlude_testkit::guests;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Actions of one pipeline at most.
const ACTIONS: usize = 20;
/// What an installed plugin declares: nothing.
const MANIFEST: &str = r#"{"name":"guest","version":"0.1.0","publisher":"acme.example","abi":"0.1.0"}"#;
/// What the large installation may cost.
const AT_MOST: f64 = 1.1;
/// Connections, also while the sessions are made.
const CLIENTS: usize = 16;

/// Two servers, the same login: one alone, one that is full.
pub(crate) fn measure(folder: &Folder, effort: &Effort, table: &mut Table) -> Result<()> {
    let (plugins, sessions) = effort.installed;
    let installation = Installation { log_level: "info", ..Installation::default() };
    let small = Server::start(folder, &folder.server("small")?, &installation)?;
    let dir = folder.server("large")?;
    print_line(&format!("(installing {plugins} plugins and opening {sessions} sessions)"));
    let installation = Installation { more: install(&dir, plugins)?, ..installation };
    let large = Server::start(folder, &dir, &installation)?;
    open_sessions(&large, sessions)?;
    let load = |server: &Server| -> Result<Load> {
        let make = logins_of(&user_sessions(server, "login", CLIENTS)?);
        Ok(Load { address: server.process.address, make, expect: "\"continue\"" })
    };
    let (few, many) = (load(&small)?, load(&large)?);
    let subjects = [(&few, &small.process), (&many, &large.process)];
    let rounds = interleaved(effort, &subjects, 1)?;
    let loaded = interleaved(effort, &subjects, CLIENTS)?;
    if let ([few, many], [few_loaded, many_loaded]) = (rounds.as_slice(), loaded.as_slice()) {
        let one = "login, 1 plugin and no sessions, 1 client";
        let all = format!("login, {plugins} plugins and {sessions} sessions, 1 client");
        table.latency(one, few, None);
        table.latency(&all, many, Some(one));
        let one = "login, 1 plugin and no sessions, 16 clients";
        table.latency(one, few_loaded, None);
        table.latency(&all.replace("1 client", "16 clients"), many_loaded, Some(one));
        let ratio = many.p50() / few.p50();
        table.target("login beside a full installation", ratio, ratio <= AT_MOST, "at most 1.1");
    }
    Ok(())
}

/// Distinct small components, twenty actions to a tenant: all compiled, loaded and in force, as a server of many tenants
/// has them.
fn install(dir: &Path, plugins: usize) -> Result<String> {
    let crowd = sha256_hex(event::CROWD_KEY);
    let mut toml = format!(
        "[tenants.crowd]\nissuer = \"http://localhost/crowd\"\nreturn_urls = [\"http://localhost:3000/interaction/\"]\n\
         [tenants.crowd.keys.idp]\nrole = \"idp\"\nsha256 = \"{crowd}\"\n"
    );
    for first in (0..plugins).step_by(ACTIONS) {
        let tenant = format!("t{}", first / ACTIONS);
        let of_tenant = first..plugins.min(first + ACTIONS);
        writeln!(toml, "[tenants.{tenant}]\nissuer = \"http://localhost/{tenant}\"")?;
        writeln!(toml, "return_urls = [\"http://localhost:3000/\"]")?;
        for number in of_tenant.clone() {
            let guest = guests::component(&format!("(global $number i32 (i32.const {number}))"))?;
            std::fs::write(dir.join(format!("g{number}.wasm")), guests::with_manifest(&guest, MANIFEST))?;
            writeln!(toml, "[tenants.{tenant}.plugins.guest-{number}]\npath = \"g{number}.wasm\"")?;
        }
        for number in of_tenant {
            writeln!(toml, "[[tenants.{tenant}.pipeline]]\nname = \"a{number}\"\nplugin = \"guest-{number}\"")?;
        }
    }
    Ok(toml)
}

/// Sessions of other users, of a tenant that lets all in.
fn open_sessions(server: &Server, sessions: usize) -> Result<()> {
    let make: Make = Arc::new(move |connection, count| {
        let user_session = UserSession::new(&format!("other-{connection}"), usize::try_from(count).unwrap_or_default());
        let body = event::login(&user_session.user, Some(&user_session.session));
        event::post_as(event::CROWD_KEY, "/v1/logins", Some(&fresh_key()), &body)
    });
    Load { address: server.process.address, make, expect: "\"continue\"" }.run_times(CLIENTS, sessions).map(|_| ())
}
