//! Which effects survive which decision. Each `keep_*` is one row of the table in ARCHITECTURE.md and is all or none:
//! what would pass a limit fails the action and changes nothing.

use super::idp_requests;
use super::login_draft::{LoginDraft, Run};
use super::session_draft::with_changes;
use crate::cache::CacheChange;
use crate::decision::Command;
use crate::json::Json;
use crate::limits;
use crate::login::Effects;
use crate::names::ActionName;
use crate::run::Metadata;
use crate::session::FactorRecord;

/// What some commands come to: the new values are within the limits, and not applied yet.
pub(super) struct Kept {
    login_metadata: Metadata,
    session_metadata: Metadata,
    effects: Effects,
}

/// Continue: everything is kept. Returns the names of the recorded factors.
pub(super) fn keep_continue(
    login: &mut LoginDraft<'_>,
    run: &Run<'_>,
    commands: &[Command],
) -> Result<Vec<String>, String> {
    if commands.is_empty() {
        // The usual run: weighing copies what the login holds.
        return Ok(Vec::new());
    }
    let kept = weigh_continue(login, &run.action.spec.name, commands)?;
    keep(login, kept);
    keep_cache(login, &run.action.spec.name, commands);
    let mut names = Vec::new();
    for command in commands {
        let Command::RecordFactor { name, evidence } = command else { continue };
        let record = FactorRecord {
            name: name.clone(),
            completed_at: login.context.now,
            digest: run.action.spec.digest,
            action: run.action.spec.name.clone(),
            login_id: login.record.id.clone(),
            client_id: login.record.subject.client_id.clone(),
            uses: 0,
            last_used_at: login.context.now,
            epoch: login.context.epoch,
            orders_seen: Some(login.context.orders_seen),
            evidence: evidence.clone(),
        };
        names.push(name.to_string());
        login.record.recorded.push(record.clone());
        login.session.own(&login.record.subject.user_id);
        login.session.record_factor(record);
        login.synced = true;
    }
    Ok(names)
}

/// Redirect: everything but factors. Returns what the action put aside.
pub(super) fn keep_redirect(
    login: &mut LoginDraft<'_>,
    action: &ActionName,
    commands: &[Command],
) -> Result<Option<Json>, String> {
    if commands.is_empty() {
        return Ok(None);
    }
    let kept = weigh(login, action, commands)?;
    keep(login, kept);
    keep_cache(login, action, commands);
    Ok(commands.iter().rev().find_map(|command| match command {
        Command::Stash(value) => Some(value.clone()),
        _ => None,
    }))
}

fn keep_cache(login: &mut LoginDraft<'_>, action: &ActionName, commands: &[Command]) {
    login.cache.extend(commands.iter().filter_map(|command| match command {
        Command::SetCache { key, entry } => {
            Some(CacheChange { action: action.clone(), key: key.clone(), entry: entry.clone() })
        }
        _ => None,
    }));
}

pub(super) fn weigh_continue(
    login: &LoginDraft<'_>,
    action: &ActionName,
    commands: &[Command],
) -> Result<Kept, String> {
    let recording = commands.iter().filter(|command| matches!(command, Command::RecordFactor { .. })).count();
    if login.record.recorded.len() + recording > limits::FACTORS_OF_A_LOGIN {
        return Err(format!("records more than {} factors in one login", limits::FACTORS_OF_A_LOGIN));
    }
    weigh(login, action, commands)
}

pub(super) fn weigh(login: &LoginDraft<'_>, action: &ActionName, commands: &[Command]) -> Result<Kept, String> {
    let mut of_login = with_changes(&login.record.metadata, commands, |command| match command {
        command if idp_requests::is_request(command) => None,
        Command::SetLoginMetadata { key, value } => Some((key, value)),
        _ => None,
    });
    let of_session = with_changes(login.session.metadata(), commands, |command| match command {
        Command::SetSessionMetadata { key, value } => Some((key, value)),
        _ => None,
    });
    idp_requests::add(&mut of_login, action, commands)?;
    check_metadata("login", &of_login)?;
    check_metadata("session", &of_session)?;
    let effects = fold_effects(&login.record.effects, commands, |_| true)?;
    Ok(Kept { login_metadata: of_login, session_metadata: of_session, effects })
}

fn keep(login: &mut LoginDraft<'_>, kept: Kept) {
    let Kept { login_metadata, session_metadata, effects } = kept;
    login.synced |= login_metadata != login.record.metadata || effects != login.record.effects;
    login.record.metadata = login_metadata;
    login.record.effects = effects;
    if session_metadata != *login.session.metadata() {
        login.session.own(&login.record.subject.user_id);
        login.session.set_metadata(session_metadata);
    }
}

/// Deny: the user's metadata, and what the identity provider is asked for (to end a session, say).
pub(super) fn keep_deny(login: &mut LoginDraft<'_>, action: &ActionName, commands: &[Command]) -> Result<(), String> {
    let mut metadata = login.record.metadata.clone();
    idp_requests::add(&mut metadata, action, commands)?;
    check_metadata("login", &metadata)?;
    login.record.effects = weigh_deny(login, commands)?;
    login.record.metadata = metadata;
    Ok(())
}

pub(super) fn weigh_deny(login: &LoginDraft<'_>, commands: &[Command]) -> Result<Effects, String> {
    let user = |command: &Command| matches!(command, Command::SetAppMetadata { .. } | Command::SetUserMetadata { .. });
    fold_effects(&login.record.effects, commands, user)
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
