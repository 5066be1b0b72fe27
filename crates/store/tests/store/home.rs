//! A folder for a store, and the records that tests put into it.

use postlude_model::action::Mode;
use postlude_model::login::{Effects, LoginRecord, Settled, Status, Subject, Suspension};
use postlude_model::names::{ActionName, ClientId, LoginId, SessionId, TenantName, Timestamp, UserId};
use postlude_model::session::Session;
use postlude_store::{
    Commit, CommitOutcome, Durability, LoginWrite, OpenError, RecordMac, SessionWrite, SledOptions, SledStore, Store,
};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub const NOW: Timestamp = Timestamp(1_790_000_000_000);
pub const HOUR: Duration = Duration::from_secs(3600);

#[derive(Debug)]
pub struct Mac(pub &'static str);

impl RecordMac for Mac {
    fn tag(&self, bytes: &[u8]) -> [u8; 16] {
        *Sha256::digest([self.0.as_bytes(), bytes].concat()).first_chunk().unwrap()
    }
    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
        self.tag(bytes) == *tag
    }
}

/// A data folder with its high-water file beside it.
pub struct Home {
    root: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { root: folder.path().to_owned(), _folder: Some(folder) }
    }

    /// One that somebody else made, and removes.
    pub fn at(root: PathBuf) -> Self {
        Self { root, _folder: None }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub fn high_water(&self) -> PathBuf {
        self.root.join("data.high-water")
    }

    pub fn options(&self) -> SledOptions {
        SledOptions::new(self.data(), self.high_water(), Arc::new(Mac("test key")))
    }

    pub fn try_open(&self) -> Result<SledStore, OpenError> {
        SledStore::open(self.options())
    }

    pub fn open(&self) -> SledStore {
        self.try_open().unwrap()
    }

    /// Copies the data folder, as a backup would.
    pub fn back_up(&self, name: &str) -> PathBuf {
        let to = self.root.join(name);
        copy(&self.data(), &to);
        to
    }

    pub fn restore(&self, backup: &Path) {
        std::fs::remove_dir_all(self.data()).unwrap();
        copy(backup, &self.data());
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn tenant() -> TenantName {
    TenantName::new("acme").unwrap()
}

pub fn login_id(id: &str) -> LoginId {
    LoginId::new(id).unwrap()
}

pub fn session_id(id: &str) -> SessionId {
    SessionId::new(id).unwrap()
}

pub fn suspended() -> Status {
    Status::Suspended(Suspension {
        action: ActionName::new("face").unwrap(),
        step: 0,
        expires_at: NOW.plus(HOUR / 4),
        location: "https://partner.example/prompt?state=s".to_owned(),
        factor: None,
        stash: None,
        timed_out: 0,
    })
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

pub fn continued() -> Status {
    Status::Continued(Settled::default())
}

pub fn session(id: &str) -> Session {
    Session::new(session_id(id), NOW)
}

pub fn commit() -> Commit {
    Commit {
        tenant: tenant(),
        login: None,
        sessions: Vec::new(),
        check_session: None,
        cache: Vec::new(),
        now: NOW,
        durability: Durability::Synced,
    }
}

pub fn login_write(record: LoginRecord, expect: u64) -> LoginWrite {
    LoginWrite { record, expect, claim: None, max_open: 5, bypasses: Vec::new() }
}

pub async fn write_login(store: &SledStore, record: LoginRecord, expect: u64) -> CommitOutcome {
    store.commit(Commit { login: Some(login_write(record, expect)), ..commit() }).await.unwrap()
}

pub async fn write_session(store: &SledStore, session: Session, expect: u64) -> CommitOutcome {
    store.commit(Commit { sessions: vec![SessionWrite { session, expect }], ..commit() }).await.unwrap()
}

pub async fn status(store: &SledStore, id: &str) -> Option<Status> {
    store.login(&tenant(), &login_id(id)).await.unwrap().map(|record| record.status)
}
