//! The records that the suite puts into stores, and short ways to write and read them.

use crate::api::{Caps, Commit, CommitOutcome, Durability, LoginWrite, SessionWrite, Store, Upload};
use postlude_model::action::Mode;
use postlude_model::limits;
use postlude_model::login::{Effects, LoginRecord, Settled, Status, Subject, Suspension};
use postlude_model::names::{
    ActionName, BypassId, ClientId, Digest, LoginId, SessionId, TenantName, Timestamp, UserId,
};
use postlude_model::policy::bypass::{Bypass, Target};
use postlude_model::policy::orders::{Kill, Orders, Revocation};
use postlude_model::session::Session;
use std::time::Duration;

pub const NOW: Timestamp = Timestamp(1_790_000_000_000);
pub const HOUR: Duration = Duration::from_secs(3600);

pub fn tenant() -> TenantName {
    TenantName::new("acme").unwrap()
}

/// A tenant whose name begins as [`tenant`]'s does.
pub fn other_tenant() -> TenantName {
    TenantName::new("acme-two").unwrap()
}

pub fn login_id(id: &str) -> LoginId {
    LoginId::new(id).unwrap()
}

pub fn session_id(id: &str) -> SessionId {
    SessionId::new(id).unwrap()
}

pub fn action(name: &str) -> ActionName {
    ActionName::new(name).unwrap()
}

pub fn suspended() -> Status {
    Status::Suspended(Suspension {
        action: action("face"),
        step: 0,
        expires_at: NOW.plus(HOUR / 4),
        location: "https://partner.example/prompt?state=s".to_owned(),
        factor: None,
        stash: None,
        timed_out: 0,
    })
}

pub fn continued() -> Status {
    Status::Continued(Settled::default())
}

pub fn record(id: &str, user: &str, status: Status) -> LoginRecord {
    LoginRecord {
        id: login_id(id),
        body_hash: [7; 32],
        version: 0,
        subject: Subject {
            user_id: UserId::new(user).unwrap(),
            client_id: ClientId::new("app").unwrap(),
            session_id: None,
            minted: false,
            generation: 0,
            foreign: false,
        },
        mode: Mode::Interactive,
        return_url: None,
        revision: 1,
        created_at: NOW,
        orders_seen: None,
        changed_at: NOW,
        deadline: NOW.plus(HOUR),
        expires_at: NOW.plus(24 * HOUR),
        position: 0,
        step: 1,
        suspensions: 0,
        status,
        metadata: Default::default(),
        effects: Effects::default(),
        recorded: Vec::new(),
        held_metadata: Default::default(),
        policy_state: Default::default(),
        trace: Vec::new(),
    }
}

pub fn session(id: &str) -> Session {
    Session::new(session_id(id), NOW)
}

pub fn bypass(id: &str, user: &str) -> Bypass {
    Bypass {
        id: BypassId::new(id).unwrap(),
        user_id: UserId::new(user).unwrap(),
        target: Target::Action(action("face")),
        reason: "phone lost".to_owned(),
        issued_by: "helpdesk".to_owned(),
        issued_at: NOW,
        expires_at: NOW.plus(HOUR),
        epoch: 1,
        used: None,
    }
}

pub fn orders() -> Orders {
    let (digest, by, reason) = (Digest::from_bytes([6; 32]), "ops".to_owned(), "it phones home".to_owned());
    let mut orders = Orders::default();
    orders.kill(Kill { digest, sequence: 0, at: NOW, by: by.clone(), reason: reason.clone() });
    let name = Some("https://acme.example/face".parse().unwrap());
    let needed_until = NOW.plus(limits::FACTOR_AGE);
    orders.revoke(Revocation { digest, name, sequence: 0, before: NOW, needed_until, by, reason });
    orders
}

pub fn upload(number: u8) -> Upload {
    Upload {
        digest: Digest::from_bytes([number; 32]),
        manifest: "{}".to_owned(),
        imports: vec!["claims.set".to_owned()],
        bytes: 1234,
        at: NOW,
        by: "ops".to_owned(),
    }
}

/// A synced commit of nothing.
pub fn commit() -> Commit {
    Commit {
        tenant: tenant(),
        login: None,
        sessions: Vec::new(),
        check_session: None,
        orders_seen: None,
        cache: Vec::new(),
        now: NOW,
        settled: true,
        durability: Durability::Synced,
    }
}

pub fn login_write(record: LoginRecord, expect: u64) -> LoginWrite {
    LoginWrite { record, expect, claim: None, max_open: 5, caps: Caps::default(), bypasses: Vec::new() }
}

/// A batched commit of a new login that changes nothing else.
pub fn batched(id: &str) -> Commit {
    let login = Some(login_write(record(id, "ann", continued()), 0));
    Commit { login, durability: Durability::Batched, ..commit() }
}

pub async fn write_login(store: &dyn Store, record: LoginRecord, expect: u64) -> CommitOutcome {
    store.commit(Commit { login: Some(login_write(record, expect)), ..commit() }).await.unwrap()
}

pub async fn write_session(store: &dyn Store, session: Session, expect: u64) -> CommitOutcome {
    store.commit(Commit { sessions: vec![SessionWrite { session, expect }], ..commit() }).await.unwrap()
}

pub async fn status(store: &dyn Store, id: &str) -> Option<Status> {
    store.login(&tenant(), &login_id(id)).await.unwrap().map(|record| record.status)
}

/// Sweeps until nothing more is due.
pub async fn sweep(store: &dyn Store, now: Timestamp) {
    while store.sweep_expired(now, 100).await.unwrap() {}
}
