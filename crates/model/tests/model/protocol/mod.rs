//! Exhaustive check of the resume protocol: every interleaving of browsers, hosts, crashes, logouts and restored backups
//! over the real `Login` and `rule`, with a store of compare-and-swap commits.

mod host;
mod search;
mod world;

use search::{explore, violation};
use world::{Limits, Mutant, Policy, Setting};

/// One login and everything that can go wrong around it: crashes, logout, a restored backup, time, load.
const ALONE: Setting = Setting {
    users: &["alice"],
    limits: Limits { requests: 4, hosts: 2, crashes: 1, logouts: 1, backups: 1, ticks: 1, slow: 1 },
    policy: Policy::Age,
    mutant: Mutant::None,
};

/// One login, and its browser and hosts at their worst: lost answers, repeated calls, races of three.
const CRASHES: Setting = Setting {
    limits: Limits { requests: 6, hosts: 3, crashes: 1, logouts: 0, backups: 0, ticks: 0, slow: 3 },
    ..ALONE
};

/// Two logins of one user in one session: the second may find the first one's factors.
const TWICE: Setting = Setting {
    users: &["alice", "alice"],
    limits: Limits { requests: 5, hosts: 2, crashes: 0, logouts: 1, backups: 0, ticks: 0, slow: 0 },
    policy: Policy::Age,
    mutant: Mutant::None,
};

/// Two users in one session.
const SHARED: Setting = Setting { users: &["alice", "bob"], ..TWICE };

/// Two logins of one user, and one use left of each record.
const LAST_USE: Setting = Setting {
    limits: Limits { requests: 4, hosts: 2, crashes: 1, logouts: 1, backups: 1, ticks: 0, slow: 0 },
    policy: Policy::LastUse,
    ..TWICE
};

/// Two logins of one user, and one bypass.
const BYPASS: Setting = Setting { policy: Policy::Bypass, ..LAST_USE };

/// Explores it all, and fails with the shortest way to a violation.
fn holds(name: &str, setting: Setting, floor: usize) {
    let begun = std::time::Instant::now();
    let found = explore(setting).unwrap_or_else(|violation| panic!("{name}: {violation}"));
    println!("{name}: {found:?} in {:?}", begun.elapsed());
    assert!(found.states >= floor, "{name}: only {} states", found.states);
    assert!(found.continued > 0 && found.replayed > 0, "{name}: the search does not reach the protocol's ends");
}

#[test]
fn one_login_holds_in_every_interleaving() {
    holds("one login", ALONE, 80_000);
}

#[test]
fn one_login_holds_whatever_crashes() {
    holds("crashes", CRASHES, 50_000);
}

/// U08.
#[test]
fn two_logins_of_one_user_hold_in_every_interleaving() {
    holds("two logins", TWICE, 25_000);
}

#[test]
fn two_users_in_one_session_hold_in_every_interleaving() {
    holds("two users", SHARED, 22_000);
}

#[test]
fn the_last_use_of_a_record_holds_in_every_interleaving() {
    holds("last use", LAST_USE, 2_000);
}

#[test]
fn a_bypass_holds_in_every_interleaving() {
    holds("bypass", BYPASS, 2_000);
}

/// The same, deeper: about a minute and 1 GiB. Run it when the pipeline or the protocol changes.
#[test]
#[ignore = "takes about a minute and 1 GiB"]
fn every_interleaving_deeper() {
    let deeper = |setting: Setting, requests| Setting { limits: Limits { requests, ..setting.limits }, ..setting };
    holds("two logins", deeper(TWICE, 6), 100_000);
    holds("two users", deeper(SHARED, 6), 80_000);
    holds("crashes", deeper(CRASHES, 7), 200_000);
}

/// The checker must see each defence that is taken away, or its silence means nothing.
#[test]
fn every_defence_that_is_taken_away_is_missed() {
    for (mutant, says) in [
        (Mutant::NoLoginCas, "consumed twice"),
        (Mutant::NoSessionCheck, "generation"),
        (Mutant::NoEpochBump, "consumed twice"),
        (Mutant::NoResumeKey, "another browser"),
        (Mutant::NoTokenCheck, "without its proved reply"),
    ] {
        let found = violation(Setting { mutant, ..ALONE });
        assert!(found.contains(says), "{mutant:?}: {found}");
    }
    for (mutant, setting, says) in [
        (
            Mutant::NoSessionCheck,
            Setting { limits: Limits { logouts: 0, ..LAST_USE.limits }, ..LAST_USE },
            "is used twice",
        ),
        (Mutant::NoBypassCheck, BYPASS, "is used twice"),
        (Mutant::NoEpochBump, BYPASS, "is used twice"),
        (Mutant::NoEpochBump, LAST_USE, "is used twice"),
    ] {
        let found = violation(Setting { mutant, ..setting });
        assert!(found.contains(says), "{mutant:?}: {found}");
    }
}
