//! The store itself: its log of light logins, with the look for an earlier login, the encoding and the MAC.

use crate::engine::{BYTES, Engine, mix, tag, time_of, user_of};
use anyhow::{Result, bail};
use postlude_model::json::Json;
use postlude_model::login::LoginRecord;
use postlude_model::names::{LoginId, Timestamp, UserId};
use postlude_store::conformance::records::{HOUR, continued, record, tenant};
use postlude_store::{
    Commits as _, LightLogin, LightLoginOutcome, LoginClaim, Logins as _, RecordMac, SledOptions, SledStore,
    Store as _, open_sled,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

pub struct Log {
    store: SledStore,
    runtime: Runtime,
    sample: LoginRecord,
}

#[derive(Debug)]
struct Mac;

impl RecordMac for Mac {
    fn tag(&self, bytes: &[u8]) -> [u8; 16] {
        tag(bytes)
    }
    fn verify(&self, bytes: &[u8], found: &[u8; 16]) -> bool {
        tag(bytes) == *found
    }
}

impl Log {
    pub fn open(folder: &Path) -> Result<Self> {
        let high_water = folder.join("high-water");
        let store = open_sled(SledOptions::new(folder.join("data"), high_water, Arc::new(Mac)))?;
        let mut sample = record("sample", "user", continued());
        sample.metadata.insert("filler".to_owned(), Json::string(&"continue".repeat(BYTES / 16 + 16)));
        Ok(Self { store, runtime: Builder::new_current_thread().enable_all().build()?, sample })
    }
}

fn id(number: u64) -> Result<LoginId> {
    Ok(LoginId::new(format!("{:016x}{:016x}", mix(number * 4 + 1), mix(number * 4 + 2)))?)
}

fn user(number: u64) -> Result<UserId> {
    Ok(UserId::new(format!("user-{number}"))?)
}

impl Engine for Log {
    fn begin(&self, number: u64) -> Result<()> {
        let (tenant, id, now) = (tenant(), id(number)?, Timestamp(time_of(number)));
        let claim = match self.store.try_claim_login(&tenant, &id)? {
            Some(LoginClaim::New(claim)) => claim,
            _ => bail!("{number} is there already"),
        };
        let mut record = LoginRecord { id, created_at: now, expires_at: now.plus(24 * HOUR), ..self.sample.clone() };
        record.subject.user_id = user(user_of(number))?;
        loop {
            let login = LightLogin {
                tenant: &tenant,
                record: &mut record,
                claim: &claim,
                check_session: None,
                orders_seen: None,
                bytes_of_tenant: u64::MAX,
                now,
            };
            match self.store.append_login(login)? {
                LightLoginOutcome::Done => return Ok(()),
                LightLoginOutcome::Full => std::thread::sleep(Duration::from_millis(1)),
                other => bail!("{other:?}"),
            }
        }
    }

    fn finish(&self) -> Result<()> {
        Ok(self.runtime.block_on(self.store.shutdown())?)
    }

    fn get(&self, number: u64) -> Result<bool> {
        Ok(self.runtime.block_on(self.store.login(&tenant(), &id(number)?))?.is_some())
    }

    fn list(&self, number: u64, most: usize) -> Result<usize> {
        let (tenant, user) = (tenant(), user(number)?);
        let page = self.store.logins_of(&tenant, &user, None, most);
        Ok(self.runtime.block_on(page)?.items.len())
    }
}
