//! The rows of fairness: what a tenant's logins, and the health of the server, feel of another tenant that keeps the server busy.

use crate::busy::Busy;
use crate::configuration::tenant_table;
use crate::contenders::{users, with_factors};
use crate::effort::Effort;
use crate::event::KEY;
use crate::folder::Folder;
use crate::load::{Load, Make};
use crate::logins_load::logins_of;
use crate::open_loop::OpenLoop;
use crate::report::{Bound, Report, Row, progress};
use crate::server::{Installation, Server};
use crate::slow_partner::SlowPartner;
use crate::stats::{Round, Rounds, count};
use anyhow::{Context, Result};
use postlude_testkit::guests;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The keys of the tenants that keep the server busy.
const LOOPS_KEY: &str = "plk_bench-loops-key-0123456789abcdefghijklm";
const WAITS_KEY: &str = "plk_bench-waits-key-0123456789abcdefghijklm";
/// How many logins of such a tenant are under way at once.
const LOOPS: usize = 300;
const WAITS: usize = 500;
/// The logins of the quiet tenant: how many a second, over how many connections.
const QUIET: (f64, usize) = (200.0, 16);
/// How often `/healthz` is asked in a second.
const HEALTH: (f64, usize) = (100.0, 4);
/// How long the busy tenant is at work before anything counts.
const SETTLE: Duration = Duration::from_millis(1000);
/// What the quiet tenant's p99 may be of its quiet one, and the p99 of `/healthz` in milliseconds.
const OF_QUIET: f64 = 2.0;
const HEALTH_MS: f64 = 50.0;

/// One tenant's logins alone, beside endless loops, and beside logins that wait.
pub(crate) fn measure(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    progress("fairness: starting ours, and a slow partner");
    let partner = SlowPartner::start()?;
    let dir = folder.server("fairness")?;
    let more = busy_tenants(&dir, &partner)?;
    let server = Server::start(folder, &dir, &Installation { more, ..Installation::default() })?;
    let users = users("quiet");
    with_factors(&server, &users)?;
    let load = logins_of(server.process.address, KEY, &users);
    let busy = [None, Some((LOOPS_KEY, LOOPS, "\"deny\"")), Some((WAITS_KEY, WAITS, "\"continue\""))];
    let mut phases = busy.map(|_| Phase::default());
    for round in 0..effort.rounds {
        progress(&format!("fairness: round {} of {}", round + 1, effort.rounds));
        for (busy, phase) in busy.iter().zip(&mut phases) {
            phase.round(&load, *busy, effort.phase)?;
        }
    }
    let [quiet, loops, waits] = &phases;
    report.section(&format!("A quiet tenant at {} logins a second beside a busy one", QUIET.0));
    quiet.report(report, "quiet", None);
    loops.report(report, &format!("beside {LOOPS} clients of an endless loop"), Some(quiet));
    waits.report(report, &format!("beside {WAITS} logins that wait on a partner"), Some(quiet));
    Ok(())
}

/// The tenants that keep the server busy: one with a plugin that never ends by itself, one whose plugin asks the partner.
fn busy_tenants(dir: &Path, partner: &SlowPartner) -> Result<String> {
    let loops = r#"(func (export "on-login") (result i32) (loop (br 0)) (call $continue))"#;
    let mut toml = String::new();
    for (tenant, key, text, hosts) in
        [("loops", LOOPS_KEY, loops, Vec::new()), ("waits", WAITS_KEY, &partner.guest(), partner.hosts())]
    {
        let manifest = serde_json::json!({ "name": tenant, "version": "0.1.0", "publisher": "acme.example",
            "abi": "0.1.0", "capabilities": { "hosts": hosts } });
        let file = guests::with_manifest(&guests::component(text)?, &manifest.to_string());
        std::fs::write(dir.join(format!("{tenant}.wasm")), file)?;
        toml += &tenant_table(tenant, "localhost", key);
        toml += &format!(
            "[tenants.{tenant}.plugins.{tenant}]\npath = \"{tenant}.wasm\"\n[[tenants.{tenant}.pipeline]]\nname = \"{tenant}\"\n\
             plugin = \"{tenant}\"\ngrants = {{ hosts = {hosts:?} }}\n"
        );
    }
    Ok(toml)
}

/// What was measured of the quiet tenant while another was busy, or not.
#[derive(Default)]
struct Phase {
    logins: Rounds,
    health: Rounds,
    busy: Rounds,
}

impl Phase {
    fn round(&mut self, load: &Load, busy: Option<(&str, usize, &'static str)>, lasts: Duration) -> Result<()> {
        let busy = busy.map(|(key, clients, expect)| Busy::begin(load.address, key, clients, expect)).transpose()?;
        if busy.is_some() {
            std::thread::sleep(SETTLE);
        }
        let health = Load { make: health_check(), expect: "", ..load.clone() };
        let open = |load, (rate, connections)| OpenLoop { load, connections, rate }.run_for(lasts);
        std::thread::scope(|scope| {
            let health = scope.spawn(|| open(&health, HEALTH));
            self.logins.0.push(open(load, QUIET)?);
            self.health.0.push(health.join().ok().context("a thread of the load panicked")??);
            anyhow::Ok(())
        })?;
        if let Some(busy) = busy {
            self.busy.0.push(busy.end()?);
        }
        Ok(())
    }

    fn report(&self, report: &mut Report, name: &str, quiet: Option<&Self>) {
        let mut row = Row::of(format!("logins, {name}"), &self.logins);
        if let Some(quiet) = quiet {
            let ratio = self.logins.ratio(&quiet.logins, Round::p99);
            row = row.against(ratio, "times the quiet p99");
            report.promise(
                format!("p99 of a quiet tenant's logins {name}, as a multiple of its quiet p99"),
                ratio,
                Bound::AtMost(OF_QUIET),
            );
            let refused = format!("refused logins of a quiet tenant {name}");
            report.promise(refused, count(self.logins.refused()), Bound::AtMost(0.0));
        }
        report.row(row);
        report.row(Row::of(format!("  /healthz, {name}"), &self.health));
        if !self.busy.0.is_empty() {
            let mut row = Row::rate("  answers of the busy tenant", self.busy.rate());
            row.refused = self.busy.refused();
            report.row(row);
            let p99 = self.health.median(Round::p99) / 1000.0;
            report.promise(format!("p99 of /healthz {name}, in ms"), p99, Bound::AtMost(HEALTH_MS));
        }
    }
}

fn health_check() -> Make {
    Arc::new(|_, _, request| request.extend_from_slice(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"))
}
