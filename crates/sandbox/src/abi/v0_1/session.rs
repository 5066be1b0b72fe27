//! `session`: the factors completed in the user's session, and its metadata.

use super::bindings::session::FactorError;
use super::bindings::types::ValueError;
use super::reply::reply;
use super::value;
use crate::state::RunState;
use postlude_model::action::FactorPolicy;
use postlude_model::decision::Command;
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::names::FactorName;
use postlude_model::run::{FactorView, Level, Phase, Proof, Reply};
use postlude_model::token::{Profile, Verdict};
use serde_json::json;
use std::collections::BTreeMap;

/// Bytes of a factor's name in a message: no factor has a longer one.
const SHOWN: usize = 256;

/// `record-factor`.
pub fn record_factor(run: &mut RunState, (name, text): (String, Option<String>)) -> Result<(), FactorError> {
    let Some(policy) = run.input.action.spec.factor(&name) else {
        not_declared(run, &name);
        return Err(FactorError::NotDeclared);
    };
    let name = policy.name.clone();
    may_record(run, policy)?;
    let evidence = text.map(|text| evidence(run, &text)).transpose()?;
    run.commands.push(Command::RecordFactor { name, evidence });
    Ok(())
}

/// The error has no room for the names, and a plugin that records another factor than it declares is wrong in one of them.
fn not_declared(run: &mut RunState, name: &str) {
    let shown = name.get(..name.floor_char_boundary(SHOWN)).unwrap_or_default();
    let declares = run.input.action.spec.declared_factors();
    let message = format!("not recorded: the plugin records `{shown}`, but its manifest {declares}");
    run.log(Level::Warn, &message, &[]);
}

fn may_record(run: &RunState, policy: &FactorPolicy) -> Result<(), FactorError> {
    match run.input.phase {
        Phase::Login if policy.silent => Ok(()),
        Phase::Login => Err(FactorError::NotInOnLogin),
        Phase::Continue => match reply(run) {
            Some(reply) if proved(run.input.action.spec.result.profile, reply, policy) => Ok(()),
            _ => Err(FactorError::NotProved),
        },
    }
}

/// Whether the reply proves this very factor, in the way that the action's profile says and in no other.
fn proved(profile: Profile, reply: &Reply, policy: &FactorPolicy) -> bool {
    let asked_for_it = |asked: &Option<FactorName>| asked.as_ref().is_none_or(|asked| *asked == policy.name);
    match (profile, &reply.proof) {
        (Profile::Postlude, Proof::Token { factor: Some(factor), verdict: Verdict::Ok }) => {
            *factor == policy.name && asked_for_it(&reply.asked_for)
        }
        (Profile::Auth0, Proof::Judged) => asked_for_it(&reply.asked_for),
        (Profile::External, _) => policy.external && asked_for_it(&reply.asked_for),
        _ => false,
    }
}

fn evidence(run: &mut RunState, text: &str) -> Result<Json, FactorError> {
    let too_large = || FactorError::InvalidEvidence(format!("larger than {} bytes", limits::EVIDENCE_BYTES));
    if text.len() > limits::EVIDENCE_BYTES {
        return Err(too_large());
    }
    let evidence = value::json(run, text).map_err(FactorError::InvalidEvidence)?;
    if !evidence.as_str().starts_with('{') {
        return Err(FactorError::InvalidEvidence("not a JSON object".to_owned()));
    }
    // Escapes can make the canonical text longer than the guest's own.
    if evidence.as_str().len() > limits::EVIDENCE_BYTES { Err(too_large()) } else { Ok(evidence) }
}

/// The records of the factors that the action declares; the session may hold others.
fn declared(run: &RunState) -> impl Iterator<Item = &FactorView> {
    let spec = &run.input.action.spec;
    run.input.factors.iter().filter(|factor| spec.factor(factor.name.as_str()).is_some())
}

/// `factors`.
pub fn factors(run: &mut RunState, (): ()) -> String {
    let factors = declared(run).map(
        |factor| json!({ "name": factor.name.as_str(), "completed_at": factor.completed_at.0, "fresh": factor.fresh }),
    );
    Json::from_value(&factors.collect()).to_string()
}

/// `freshness`.
pub fn freshness(run: &mut RunState, (name,): (String,)) -> Result<String, FactorError> {
    run.input.action.spec.factor(&name).ok_or(FactorError::NotDeclared)?;
    let fresh: Vec<bool> = declared(run).filter(|f| f.name.as_str() == name).map(|f| f.fresh).collect();
    let word = match fresh.as_slice() {
        [] => "absent",
        fresh if fresh.contains(&true) => "fresh",
        _ => "stale",
    };
    Ok(word.to_owned())
}

/// `get-metadata`.
pub fn get_metadata(run: &mut RunState, (key,): (String,)) -> Option<String> {
    value::pay_for_scan(run);
    current(run).get(key.as_str()).map(|value| value.to_string())
}

/// `set-metadata`.
pub fn set_metadata(run: &mut RunState, (key, text): (String, Option<String>)) -> Result<(), ValueError> {
    let value = value::metadata(run, text.as_ref())?;
    value::pay_for_scan(run);
    value::fits(&current(run), &key, value.as_ref())?;
    run.commands.push(Command::SetSessionMetadata { key, value });
    Ok(())
}

/// The session's metadata with what this run set.
fn current(run: &RunState) -> BTreeMap<&str, &Json> {
    let before = run.input.session_metadata.iter().map(|(key, value)| (key.as_str(), value));
    let changes = run.commands.iter().filter_map(|command| match command {
        Command::SetSessionMetadata { key, value } => Some((key.as_str(), value.as_ref())),
        _ => None,
    });
    value::overlaid(before, changes)
}
