//! The scrub of the embedded store, and what it says of the store's condition.

use super::job::Job;
use super::scrub::{Look, look};
use super::store::SledStore;
use crate::api::{KeyUse, Scrub, StoreCondition, StoreError};
use async_trait::async_trait;

#[async_trait]
impl Scrub for SledStore {
    async fn scrub(&self, most: usize) -> Result<bool, StoreError> {
        let after = self.scrub.after();
        let Look { mut counts, earlier, bytes, after } =
            self.read_many(move |database| look(database, after, most)).await?;
        if !earlier.is_empty() {
            let tagged = self.ask(|answer| Job::TagAgain(earlier, answer)).await?;
            counts.tagged_again(tagged);
        }
        self.opening.light_logins().space().looked(&bytes, after.as_deref());
        let more = after.is_some();
        if !more {
            // Only what is on the disk is done: else a crash would bring the earlier tags back.
            self.ask(|answer| Job::TagAgain(Vec::new(), answer)).await?;
        }
        self.scrub.add(&counts, after);
        Ok(more)
    }

    fn condition(&self) -> StoreCondition {
        let Ok(open) = self.opened() else { return StoreCondition::default() };
        let (counts, complete) = self.scrub.counts();
        let light_logins = open.database.light_logins.made_by();
        let use_of = |(at, kid): (usize, String)| {
            let (light_logins, until) = light_logins.get(&at).copied().map_or((0, None), |(n, at)| (n, Some(at)));
            let replaced_at = self.description.replaced_at(&kid);
            let records = counts.by_key.get(at).copied().unwrap_or_default();
            KeyUse { kid, records, light_logins, until, replaced_at }
        };
        let names = open.database.records.codec().key_names();
        StoreCondition {
            complete,
            checked: counts.checked,
            damaged: counts.damaged.iter().map(|(kind, count)| (*kind, *count)).collect(),
            keys: names.into_iter().enumerate().map(use_of).collect(),
        }
    }
}
