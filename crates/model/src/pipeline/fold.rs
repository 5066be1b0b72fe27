//! Which effects survive which decision. Each `keep_*` is one row of the table in ARCHITECTURE.md and is all or none:
//! what would pass a limit fails the action and changes nothing.

use super::session_draft::with_changes;
use super::{Login, Run};
use crate::cache::CacheChange;
use crate::decision::Command;
use crate::json::Json;
use crate::limits;
use crate::login::Effects;
use crate::names::ActionName;
use crate::run::Metadata;
use crate::session::FactorRecord;

/// What some commands come to: within the limits, and not applied yet.
pub(super) struct Kept {
    login: Metadata,
    session: Metadata,
    effects: Effects,
}

impl Login<'_> {
    /// Continue: everything is kept. Returns the names of the recorded factors.
    pub(super) fn keep_continue(&mut self, run: &Run<'_>, commands: &[Command]) -> Result<Vec<String>, String> {
        let kept = self.weigh_continue(commands)?;
        self.keep(kept);
        self.keep_cache(&run.action.spec.name, commands);
        let mut names = Vec::new();
        for command in commands {
            let Command::RecordFactor { name, evidence } = command else { continue };
            let record = FactorRecord {
                name: name.clone(),
                completed_at: self.context.now,
                digest: run.action.spec.digest,
                action: run.action.spec.name.clone(),
                login_id: self.record.id.clone(),
                client_id: self.record.subject.client_id.clone(),
                uses: 0,
                last_used_at: self.context.now,
                epoch: self.context.epoch,
                evidence: evidence.clone(),
            };
            names.push(name.to_string());
            self.record.recorded.push(record.clone());
            self.session.own(&self.record.subject.user_id);
            self.session.record_factor(record);
            self.synced = true;
        }
        Ok(names)
    }

    /// Redirect: everything but factors. Returns what the action put aside.
    pub(super) fn keep_redirect(&mut self, action: &ActionName, commands: &[Command]) -> Result<Option<Json>, String> {
        let kept = self.weigh(commands)?;
        self.keep(kept);
        self.keep_cache(action, commands);
        Ok(commands.iter().rev().find_map(|command| match command {
            Command::Stash(value) => Some(value.clone()),
            _ => None,
        }))
    }

    fn keep_cache(&mut self, action: &ActionName, commands: &[Command]) {
        self.cache.extend(commands.iter().filter_map(|command| match command {
            Command::SetCache { key, entry } => {
                Some(CacheChange { action: action.clone(), key: key.clone(), entry: entry.clone() })
            }
            _ => None,
        }));
    }

    pub(super) fn weigh_continue(&self, commands: &[Command]) -> Result<Kept, String> {
        let recording = commands.iter().filter(|command| matches!(command, Command::RecordFactor { .. })).count();
        if self.record.recorded.len() + recording > limits::FACTORS_OF_A_LOGIN {
            return Err(format!("records more than {} factors in one login", limits::FACTORS_OF_A_LOGIN));
        }
        self.weigh(commands)
    }

    pub(super) fn weigh(&self, commands: &[Command]) -> Result<Kept, String> {
        let login = with_changes(&self.record.metadata, commands, |command| match command {
            Command::SetLoginMetadata { key, value } => Some((key, value)),
            _ => None,
        });
        let session = with_changes(self.session.metadata(), commands, |command| match command {
            Command::SetSessionMetadata { key, value } => Some((key, value)),
            _ => None,
        });
        check_metadata("login", &login)?;
        check_metadata("session", &session)?;
        let effects = fold_effects(&self.record.effects, commands, |_| true)?;
        Ok(Kept { login, session, effects })
    }

    fn keep(&mut self, Kept { login, session, effects }: Kept) {
        self.synced |= login != self.record.metadata || effects != self.record.effects;
        self.record.metadata = login;
        self.record.effects = effects;
        if session != *self.session.metadata() {
            self.session.own(&self.record.subject.user_id);
            self.session.set_metadata(session);
        }
    }

    /// Deny: the user's metadata alone.
    pub(super) fn keep_deny(&mut self, commands: &[Command]) -> Result<(), String> {
        self.record.effects = self.weigh_deny(commands)?;
        Ok(())
    }

    pub(super) fn weigh_deny(&self, commands: &[Command]) -> Result<Effects, String> {
        let user =
            |command: &Command| matches!(command, Command::SetAppMetadata { .. } | Command::SetUserMetadata { .. });
        fold_effects(&self.record.effects, commands, user)
    }
}

fn fold_effects(effects: &Effects, commands: &[Command], keep: impl Fn(&Command) -> bool) -> Result<Effects, String> {
    let mut effects = effects.clone();
    for command in commands.iter().filter(|command| keep(command)) {
        match command {
            Command::SetIdTokenClaim { name, value } => {
                effects.id_token_claims.insert(name.clone(), value.clone());
            }
            Command::SetAccessTokenClaim { name, value } => {
                effects.access_token_claims.insert(name.clone(), value.clone());
            }
            Command::AddScope(scope) => shift(scope, &mut effects.remove_scopes, &mut effects.add_scopes),
            Command::RemoveScope(scope) => shift(scope, &mut effects.add_scopes, &mut effects.remove_scopes),
            Command::SetAppMetadata { key, value } => {
                effects.app_metadata.insert(key.clone(), value.clone());
            }
            Command::SetUserMetadata { key, value } => {
                effects.user_metadata.insert(key.clone(), value.clone());
            }
            Command::RecordFactor { .. }
            | Command::SetCache { .. }
            | Command::SetLoginMetadata { .. }
            | Command::SetSessionMetadata { .. }
            | Command::Stash(_) => {}
        }
    }
    check_effects(&effects)?;
    Ok(effects)
}

/// The last word on a scope counts.
fn shift(scope: &str, from: &mut Vec<String>, to: &mut Vec<String>) {
    from.retain(|known| known != scope);
    if !to.iter().any(|known| known == scope) {
        to.push(scope.to_owned());
    }
}

fn check_effects(effects: &Effects) -> Result<(), String> {
    let claims = effects.id_token_claims.iter().chain(&effects.access_token_claims);
    let claims: usize = claims.map(|(name, value)| name.len() + value.as_str().len()).sum();
    let scopes: usize = effects.add_scopes.iter().chain(&effects.remove_scopes).map(String::len).sum();
    if claims + scopes > limits::CLAIMS_BYTES {
        return Err(format!(
            "the login's claims and scopes have {} bytes, the limit is {}",
            claims + scopes,
            limits::CLAIMS_BYTES
        ));
    }
    for (what, changes) in [("app", &effects.app_metadata), ("user", &effects.user_metadata)] {
        let set =
            changes.iter().map(|(key, value)| (key.clone(), value.clone().unwrap_or_else(Json::object))).collect();
        check_metadata(what, &set)?;
    }
    Ok(())
}

fn check_metadata(what: &str, metadata: &Metadata) -> Result<(), String> {
    let bytes: usize = metadata.iter().map(|(key, value)| key.len() + value.as_str().len()).sum();
    if bytes > limits::METADATA_BYTES {
        return Err(format!("the {what} metadata has {bytes} bytes, the limit is {}", limits::METADATA_BYTES));
    }
    if metadata.len() > limits::METADATA_KEYS {
        return Err(format!("the {what} metadata has {} keys, the limit is {}", metadata.len(), limits::METADATA_KEYS));
    }
    Ok(())
}
