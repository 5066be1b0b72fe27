//! Stored bytes are a contract: these are the bytes of the newest version, and those of version 1 stay readable.

use crate::folder::{Home, tree};
use postlude_model::cache::{CacheChange, CacheEntry};
use postlude_model::decision::Denial;
use postlude_model::json::Json;
use postlude_model::login::{
    FactorStanding, LoginRecord, Settled, Status, Suspension, Trace, TraceDecision, TraceLine,
};
use postlude_model::names::{ActionName, BypassId, ClientId, Digest, FactorName, UserId};
use postlude_model::policy::bypass::{Bypass, BypassUse, Target};
use postlude_model::policy::orders::Orders;
use postlude_model::policy::state::{PolicyState, SkipReason};
use postlude_model::run::{Level, Limit, Phase};
use postlude_model::session::{FactorRecord, Session};
use postlude_store::conformance::records::{
    HOUR, NOW, commit, login_id, login_write, orders, record, session, session_id, suspended, tenant, upload,
};
use postlude_store::{
    Activation, ActiveRevision, BypassChange, Bypasses as _, Caches as _, Commit, Commits as _, Logins as _,
    OrderStore as _, Revisions as _, Scrub as _, SessionWrite, Sessions as _, Store as _, Uploads as _,
};
use std::fmt::Write as _;

fn factor() -> FactorRecord {
    FactorRecord {
        name: FactorName::new("https://acme.example/face").unwrap(),
        completed_at: NOW,
        digest: Digest::from_bytes([1; 32]),
        action: ActionName::new("face").unwrap(),
        login_id: login_id("one"),
        client_id: ClientId::new("app").unwrap(),
        uses: 2,
        last_used_at: NOW.plus(HOUR),
        epoch: 3,
        orders_seen: None,
        evidence: Some(Json::parse(r#"{"score":0.9}"#).unwrap()),
    }
}

fn full_session() -> Session {
    let mut session = session("s");
    session.user = Some(UserId::new("ann|1").unwrap());
    session.generation = 2;
    session.factors = vec![factor()];
    session.metadata.insert("k".to_owned(), Json::string("v"));
    session.moved_to = Some(session_id("t"));
    session
}

fn full_suspension() -> Status {
    let Status::Suspended(suspension) = suspended() else { panic!() };
    Status::Suspended(Suspension {
        factor: Some(factor().name),
        stash: Some(Json::string("verifier")),
        timed_out: 1,
        ..suspension
    })
}

fn full_login(id: &str, status: Status) -> LoginRecord {
    let mut record = record(id, "ann|1", status);
    record.subject.session_id = Some(session_id("s"));
    record.return_url = Some("https://idp.example/interaction/abc".to_owned());
    record.metadata.insert("m".to_owned(), Json::parse("[1,null]").unwrap());
    record.held_metadata.insert("h".to_owned(), Json::string("held"));
    record.effects.id_token_claims.insert("https://acme.example/c".to_owned(), Json::string("c"));
    record.effects.access_token_claims.insert("https://acme.example/a".to_owned(), Json::string("a"));
    record.effects.add_scopes = vec!["x".to_owned()];
    record.effects.remove_scopes = vec!["y".to_owned()];
    record.effects.app_metadata.insert("gone".to_owned(), None);
    record.effects.user_metadata.insert("kept".to_owned(), Some(Json::string("u")));
    record.recorded = vec![factor()];
    let aside = [
        ("a", SkipReason::Unmet("the event does not meet it".to_owned())),
        ("b", SkipReason::Satisfied),
        ("c", SkipReason::Bypassed),
        ("d", SkipReason::Refused),
    ];
    let aside = aside.into_iter().map(|(name, why)| (ActionName::new(name).unwrap(), why)).collect();
    record.policy_state = PolicyState { skipped: aside, used: vec![factor().key()], bypasses: bypasses() };
    record.trace = vec![Trace {
        action: ActionName::new("face").unwrap(),
        version: "1.2.3".to_owned(),
        digest: Digest::from_bytes([1; 32]),
        step: 1,
        phase: Phase::Continue,
        decision: TraceDecision::Redirect,
        report_only: true,
        why: "no fresh factor".to_owned(),
        at: NOW,
        limit: Some(Limit::Fuel),
        origin: Some("https://partner.example".to_owned()),
        fuel: 1234,
        memory_bytes: 65_536,
        host_calls: 5,
        duration_us: 7,
        waited_us: 2,
        log: vec![TraceLine { level: Level::Warn, text: "slow".to_owned() }],
        log_left_out: 3,
    }];
    record
}

fn logins() -> Vec<LoginRecord> {
    let factors = vec![FactorStanding { name: factor().name, completed_at: NOW, expires_at: NOW.plus(HOUR) }];
    let settled = Settled { amr: vec!["pwd".to_owned(), "mfa".to_owned()], factors };
    let action = || ActionName::new("face").unwrap();
    let denial = Denial { code: "no_match".to_owned(), message: "not you".to_owned() };
    vec![
        full_login("one", full_suspension()),
        full_login("two", Status::Continued(settled.clone())),
        full_login("three", Status::Denied { action: action(), denial, settled }),
        full_login("four", Status::InteractionRequired { action: action() }),
        full_login("five", Status::Ended(postlude_model::login::EndReason::SessionEnded)),
        full_login("six", Status::Ended(postlude_model::login::EndReason::Evicted)),
    ]
}

fn bypasses() -> Vec<Bypass> {
    let bypass = |id: &str, target| Bypass {
        id: BypassId::new(id).unwrap(),
        user_id: UserId::new("ann|1").unwrap(),
        target,
        reason: "phone lost, ticket 7".to_owned(),
        issued_by: "helpdesk".to_owned(),
        issued_at: NOW,
        expires_at: NOW.plus(HOUR),
        epoch: 3,
        used: None,
    };
    let used = Some(BypassUse { login_id: login_id("two"), at: NOW });
    let by_factor = bypass("byp_2", Target::Factor(factor().name));
    vec![bypass("byp_1", Target::Action(ActionName::new("face").unwrap())), Bypass { used, ..by_factor }]
}

fn cached() -> CacheChange {
    let entry = Some(CacheEntry { value: Json::parse("[1,null]").unwrap(), expires_at: NOW.plus(HOUR) });
    CacheChange { action: ActionName::new("face").unwrap(), key: "k".to_owned(), entry }
}

/// Factors as version 2 has them.
fn knowing(factors: &mut [FactorRecord]) {
    factors.iter_mut().for_each(|factor| factor.orders_seen = Some(3));
}

/// Orders as version 2 has them.
fn in_sequence() -> Orders {
    let mut orders = orders();
    orders.kills.iter_mut().for_each(|kill| kill.sequence = 1);
    orders.revocations.iter_mut().for_each(|revocation| revocation.sequence = 1);
    orders
}

async fn fill(home: &Home) {
    let store = home.open();
    for mut login in logins() {
        login.orders_seen = Some(4);
        knowing(&mut login.recorded);
        let login = Some(login_write(login, 0));
        store.commit(Commit { login, ..commit() }).await.unwrap();
    }
    let mut session = full_session();
    knowing(&mut session.factors);
    let sessions = vec![SessionWrite { session, expect: 0 }];
    store.commit(Commit { sessions, ..commit() }).await.unwrap();
    for bypass in bypasses() {
        store.change_bypass(&tenant(), BypassChange::Issue(bypass), NOW, true).await.unwrap();
    }
    store.commit(Commit { cache: vec![cached()], ..commit() }).await.unwrap();
    store.put_revision(&tenant(), "{}").await.unwrap();
    assert!(store.put_orders(&tenant(), in_sequence(), 0).await.unwrap());
    assert!(store.put_upload(&tenant(), upload(1), 1).await.unwrap());
    store.shutdown().await.unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// When this fails, a stored type changed: give it a new version and a reader for the old one.
#[tokio::test]
async fn bytes() {
    let home = Home::new();
    fill(&home).await;
    insta::assert_snapshot!(dump(&home));
}

/// Kinds of records that came after those of [`bytes`].
#[tokio::test]
async fn bytes_of_later_kinds() {
    let home = Home::new();
    let store = home.open();
    store.need_revision(&tenant(), 1, NOW).await.unwrap();
    let activation = Activation { tenant: tenant(), number: 1, expect: 0 };
    assert!(store.activate_revisions(vec![activation]).await.unwrap());
    store.shutdown().await.unwrap();
    insta::assert_snapshot!(dump(&home));
    let active = home.open().active_revision(&tenant()).await.unwrap();
    assert_eq!(active, Some(ActiveRevision { number: 1, version: 1 }));
}

/// A description of version 1, frozen when it was current: the kinds with their versions, and one root key.
#[tokio::test]
async fn a_description() {
    let home = Home::new();
    home.open().shutdown().await.unwrap();
    let (db, tree) = tree(&home);
    let written = hex(&tree.get("D").unwrap().unwrap());
    let kinds = "0e4d02440149014c025302550142015201480143014f0241014e015601";
    assert_eq!(&written[..4 + kinds.len()], &format!("0001{kinds}"), "{written}");
    let root_key = "010763757272656e74";
    let (_, rest) = written.split_once(root_key).unwrap();
    assert!(rest.len() > 32, "a time and a tag");
    drop((tree, db));
    let store = home.open();
    let keys = store.condition().keys;
    assert_eq!((keys[0].kid.as_str(), keys[0].replaced_at), ("current", None));
}

fn dump(home: &Home) -> String {
    let (_db, tree) = tree(home);
    let mut lines = String::new();
    for entry in &tree {
        let (key, value) = entry.unwrap();
        // What the store says of itself has the clock and the folder in it; `version_1_is_read` reads a header, and `a_description` a description.
        if matches!(key.first(), Some(b'M' | b'D' | b'I')) {
            continue;
        }
        writeln!(lines, "{}={}", hex(&key), hex(&value)).unwrap();
    }
    lines
}

/// A database of version 1, frozen when it was current. Never made anew.
#[tokio::test]
async fn version_1_is_read() {
    let home = Home::new();
    std::fs::create_dir(home.data()).unwrap();
    let (db, tree) = tree(&home);
    for line in include_str!("v1.records").lines() {
        let (key, value) = line.split_once('=').unwrap();
        tree.insert(unhex(key), unhex(value)).unwrap();
    }
    db.flush().unwrap();
    drop((tree, db));
    let store = home.open();
    assert_eq!(store.boot(), 2);
    for login in logins() {
        let read = store.login(&tenant(), &login.id).await.unwrap().unwrap();
        assert_eq!(read, LoginRecord { version: 1, ..login.clone() });
    }
    let read = store.session(&tenant(), &session_id("s")).await.unwrap().unwrap();
    assert_eq!(*read, Session { version: 1, ..full_session() });
    assert_eq!(store.bypasses(&tenant(), &UserId::new("ann|1").unwrap()).await.unwrap(), bypasses());
    assert_eq!(store.orders(&tenant()).await.unwrap(), Orders { version: 1, ..orders() });
    let cache = store.cache(&tenant(), &cached().action).await.unwrap();
    assert_eq!(cache.get("k"), cached().entry.as_ref());
    // The number is there; the file of the revision was not brought along.
    assert_eq!(store.revision(&tenant(), 1).await.unwrap(), None);
    assert_eq!(store.put_revision(&tenant(), "{}").await.unwrap(), 1);
}
