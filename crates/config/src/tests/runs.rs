//! `[server.runs]` and the weight of a tenant: each number at its edges.

use super::support::{Folder, documented};
use crate::{Problems, RunsSettings};
use std::time::Duration;

/// The documented example with lines of `[server.runs]`, and of the tenant.
fn with(runs: &str, tenant: &str) -> Result<(RunsSettings, u32), Problems> {
    let text =
        documented().replacen("[tenants.acme]\n", &format!("[server.runs]\n{runs}\n[tenants.acme]\n{tenant}\n"), 1);
    let (config, _) = Folder::new().load(&text)?;
    Ok((config.server.runs, config.tenants[0].weight))
}

#[test]
fn what_is_not_said_is_the_hosts_own() {
    assert_eq!(with("", "").unwrap(), (RunsSettings::default(), 1));
}

#[test]
fn each_number_is_read_at_both_edges() {
    let least = "cores = 1\nplaces = 1\nplaces_per_plugin = 1\nmax_wait = \"10ms\"\nmax_per_tenant = 1";
    let most = "cores = 1024\nplaces = 4096\nplaces_per_plugin = 4096\nmax_wait = \"60s\"\nmax_per_tenant = 100000";
    let settings = |[cores, places, per_plugin, per_tenant]: [usize; 4], millis| RunsSettings {
        cores: Some(cores),
        places: Some(places),
        places_per_plugin: Some(per_plugin),
        max_wait: Some(Duration::from_millis(millis)),
        max_per_tenant: Some(per_tenant),
    };
    assert_eq!(with(least, "weight = 1").unwrap(), (settings([1; 4], 10), 1));
    assert_eq!(with(most, "weight = 100").unwrap(), (settings([1024, 4096, 4096, 100_000], 60_000), 100));
}

#[test]
fn a_tenants_part_of_the_disk_is_read_at_its_edges() {
    let of = |lines: &str| {
        let text = documented().replacen("[tenants.acme]\n", &format!("[tenants.acme]\n{lines}\n"), 1);
        let (config, _) = Folder::new().load(&text).unwrap();
        (config.tenants[0].max_suspended, config.tenants[0].max_disk)
    };
    assert_eq!(of(""), (250_000, 32 << 30));
    assert_eq!(of("max_suspended = 1\nmax_disk = \"1MiB\""), (1, 1 << 20));
    assert_eq!(of("max_suspended = 100000000\nmax_disk = \"1048576GiB\""), (100_000_000, 1 << 50));
}

#[test]
fn beyond_an_edge_it_is_refused_by_name() {
    for (runs, tenant, named) in [
        ("cores = 0", "", "`server.runs.cores`: `0` is out of range"),
        ("cores = 1025", "", "it must be from 1 to 1024"),
        ("places = 0", "", "`server.runs.places`"),
        ("places = 4097", "", "it must be from 1 to 4096"),
        ("places_per_plugin = 4097", "", "`server.runs.places_per_plugin`"),
        ("max_wait = \"9ms\"", "", "it must be from 10ms to 1m"),
        ("max_wait = \"61s\"", "", "`server.runs.max_wait`"),
        ("max_per_tenant = 100001", "", "it must be from 1 to 100000"),
        ("max_per_tenant = -1", "", "`-1` is out of range"),
        ("place = 1", "", "`server.runs.place`"),
        ("", "weight = 0", "`0` is out of range"),
        ("", "weight = 101", "it must be from 1 to 100"),
        ("", "weight = \"2\"", "weight"),
        ("", "max_suspended = 0", "it must be from 1 to 100000000"),
        ("", "max_suspended = 100000001", "`100000001` is out of range"),
        ("", "max_disk = \"1048575B\"", "it must be from 1MiB"),
        ("", "max_disk = 5", "max_disk"),
    ] {
        let problems = with(runs, tenant).unwrap_err().to_string();
        assert!(problems.contains(named), "{runs} {tenant}: {problems}");
    }
}
