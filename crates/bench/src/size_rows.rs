//! The rows of size: a login at a server that has stored nothing, and at one with millions of records and thousands of plugins; and a
//! login through pipelines of one, five and twenty actions.

use crate::configuration::tenant_table;
use crate::contenders::users;
use crate::effort::{Effort, Size};
use crate::event::KEY;
use crate::fill::Filling;
use crate::folder::Folder;
use crate::login_rows::connections_text;
use crate::logins_load::logins_of;
use crate::report::{Bound, Report, Row, progress};
use crate::rounds::{Subject, closed_loop, in_turn};
use crate::server::{Installation, Server};
use crate::stats::Round;
use anyhow::Result;
use postlude_testkit::guests;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

/// Actions of one pipeline at most.
const ACTIONS: usize = 20;
/// What an installed plugin declares: nothing.
const MANIFEST: &str = r#"{"name":"guest","version":"0.1.0","publisher":"acme.example","abi":"0.1.0"}"#;
/// What a full installation may cost.
const AT_MOST: f64 = 1.1;
/// Connections of the rows.
const CONNECTIONS: [usize; 2] = [1, 16];
/// The key of a tenant that no one asks: it stands in the configuration alone.
const CROWD_KEY: &str = "plk_bench-crowd-key-0123456789abcdefghijklm";

/// Two servers, the same login: one empty, one full.
pub(crate) fn sizes(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    let Size { plugins, logins, sessions, suspended } = effort.size;
    let plugin = folder.plugin("custom-factor")?;
    let (small_dir, large_dir) = (folder.server("small")?, folder.server("large")?);
    fill(&small_dir, &plugin, None)?;
    fill(&large_dir, &plugin, Some(effort.size))?;
    progress(&format!("sizes: making {plugins} plugins"));
    let more = install(&large_dir, plugins)?;
    let small = Server::start(folder, &small_dir, &Installation::default())?;
    progress("sizes: the large installation starts: it verifies all records and compiles all plugins");
    let began = Instant::now();
    let large = Server::start(folder, &large_dir, &Installation { more, ..Installation::default() })?;
    progress(&format!("sizes: it was ready after {} seconds", began.elapsed().as_secs()));
    let [few, many] = [&small, &large].map(|server| logins_of(server.process.address, KEY, &users("login")));
    let subjects = [Subject::Http(&few, &small.process), Subject::Http(&many, &large.process)];
    report.section(&format!(
        "Size: {plugins} plugins, {logins} login records, {sessions} sessions, {suspended} suspended logins"
    ));
    for connections in CONNECTIONS {
        let rounds = in_turn(effort.rounds, effort.round, &subjects, &closed_loop(connections))?;
        let [few, many] = rounds.as_slice() else { continue };
        let at = connections_text(connections);
        report.row(Row::of(format!("login, nothing stored, {at}"), few));
        let ratio = many.ratio(few, Round::p50);
        report.row(Row::of(format!("login, the large installation, {at}"), many).against(ratio, "times the p50"));
        let what =
            format!("login at the large installation, {at}, p50 as a multiple of what it is with nothing stored");
        report.promise(what, ratio, Bound::AtMost(AT_MOST));
    }
    Ok(())
}

/// Writes the sessions of the load, and what a large installation has beside them.
fn fill(dir: &Path, plugin: &Path, size: Option<Size>) -> Result<()> {
    let filling = Filling::open(dir, "acme", plugin)?;
    if let Some(size) = size {
        filling.sessions("other", size.sessions)?;
        filling.logins("other", size.logins, size.sessions)?;
        filling.suspended("suspended", size.suspended)?;
    }
    filling.sessions("login", users("login").len())?;
    filling.close()
}

/// Distinct small components, twenty actions to a tenant: all compiled, loaded and in force, as a server of many tenants
/// has them.
fn install(dir: &Path, plugins: usize) -> Result<String> {
    let mut toml = String::new();
    for first in (0..plugins).step_by(ACTIONS) {
        let tenant = format!("t{}", first / ACTIONS);
        let of_tenant = first..plugins.min(first + ACTIONS);
        toml += &tenant_table(&tenant, "localhost", CROWD_KEY.replace("crowd", &tenant).as_str());
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

/// The tenants whose pipelines have so many actions: name, API key, actions.
const PIPELINES: [(&str, &str, usize); 3] = [
    ("one", "plk_bench-one-key-0123456789abcdefghijklmno", 1),
    ("five", "plk_bench-five-key-0123456789abcdefghijklmn", 5),
    ("twenty", "plk_bench-twenty-key-0123456789abcdefghijkl", 20),
];

/// One login through pipelines of different lengths; each action asks for the same factor, which is fresh.
pub(crate) fn pipelines(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    progress("pipelines: starting ours with pipelines of 1, 5 and 20 actions");
    let (dir, plugin) = (folder.server("pipelines")?, folder.plugin("custom-factor")?);
    for (tenant, ..) in PIPELINES {
        let filling = Filling::open(&dir, tenant, &plugin)?;
        filling.sessions("login", users("login").len())?;
        filling.close()?;
    }
    let installation = Installation { pipelines: PIPELINES.into(), ..Installation::default() };
    let server = Server::start(folder, &dir, &installation)?;
    let loads = PIPELINES.map(|(_, key, _)| logins_of(server.process.address, key, &users("login")));
    let subjects: Vec<_> = loads.iter().map(|load| Subject::Http(load, &server.process)).collect();
    for connections in CONNECTIONS {
        let rounds = in_turn(effort.rounds, effort.round, &subjects, &closed_loop(connections))?;
        report.section(&format!("Pipelines of one plugin, {}", connections_text(connections)));
        for ((.., actions), of) in PIPELINES.iter().zip(&rounds) {
            let name = if *actions == 1 { "one action".to_owned() } else { format!("{actions} actions") };
            let mut row = Row::of(name, of);
            if let Some(one) = rounds.first().filter(|_| *actions > 1) {
                let ratio = of.ratio(one, |round| round.processor);
                row = row.against(ratio, "times the processor time of one action");
            }
            report.row(row);
        }
    }
    Ok(())
}
