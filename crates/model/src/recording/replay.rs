//! A recorded run made a run's input again: the same but for secrets and keys, for which there are stand-ins.

use super::redact::{STATE, stand_in};
use super::run::{RecordedExchange, RecordedRun};
use crate::action::{Action, Secret};
use crate::cache::CacheEntry;
use crate::decision::TokenRequest;
use crate::http::{Answering, HttpAccess, HttpClient, HttpError, Request};
use crate::json::Json;
use crate::keys::{KeyError, OwnKeys, Verifying, Work};
use crate::names::{LoginId, RunId, Timestamp};
use crate::run::{Phase, RunInput};
use crate::token::{TokenContext, TokenError, TokenKeys, VerifiedResult};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The keys of a replay. A recording has no key, so that the program which replays it supplies these.
#[derive(Debug, Clone)]
pub struct ReplayKeys {
    /// Gives the claims of a compact JWS without a look at its signature; none where the text is no JWS.
    pub claims: fn(&str) -> Option<Json>,
}

/// The input of a recorded run. Secrets are those that are given, and stand-ins of the recorded length for the others. Requests get
/// the recorded answers, in order for each method and URL. Tokens are taken as they are: nothing verifies their signature.
///
/// # Errors
/// What of the recording is no value of its kind.
pub fn replay(run: &RecordedRun, given: &BTreeMap<String, Secret>, keys: &ReplayKeys) -> Result<RunInput, String> {
    let secret = |(name, bytes): (&String, &usize)| {
        let secret = given.get(name).cloned().unwrap_or_else(|| Secret::new(stand_in(name, *bytes)));
        (name.clone(), secret)
    };
    let keys = Arc::new(keys.clone());
    let action = Action {
        spec: run.spec.clone(),
        secrets: run.secrets.iter().map(secret).collect(),
        keys: Arc::<ReplayKeys>::clone(&keys),
        own_keys: keys,
        development: run.development,
    };
    let phase = Phase::from_name(&run.phase).ok_or_else(|| format!("`{}` is no phase of a run", run.phase))?;
    let input = RunInput::on_login(Arc::new(action), run.event.clone(), run.now);
    let answers = Mutex::new(run.http.clone());
    Ok(RunInput {
        phase,
        mode: run.mode,
        login_id: LoginId::new(run.login_id.clone()).map_err(|why| why.to_string())?,
        run_id: RunId::new(run.run_id.clone()).map_err(|why| why.to_string())?,
        user_id: run.user_id.clone(),
        issuer: run.issuer.clone(),
        continue_url: run.continue_url.clone(),
        reply: run.reply.clone().map(super::run::RecordedReply::reply),
        factors: run.factors.iter().map(super::run::RecordedFactor::view).collect(),
        login_metadata: run.login_metadata.clone(),
        session_metadata: run.session_metadata.clone(),
        state: STATE.to_owned(),
        seed: seed(&run.seed).ok_or_else(|| "`seed` is not 64 hexadecimal digits".to_owned())?,
        cache: run.cache.iter().map(|(key, (value, at))| (key.clone(), entry(value, *at))).collect(),
        http: HttpAccess { client: Arc::new(RecordedAnswers(answers)), recorded: Vec::new() },
        ..input
    })
}

fn entry(value: &Json, expires_at: Timestamp) -> CacheEntry {
    CacheEntry { value: value.clone(), expires_at }
}

fn seed(text: &str) -> Option<[u8; 32]> {
    let mut seed = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (at, byte) in seed.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(seed)
}

/// Answers requests as they were answered when the login was recorded.
#[derive(Debug)]
struct RecordedAnswers(Mutex<Vec<RecordedExchange>>);

impl HttpClient for RecordedAnswers {
    fn send(&self, request: Request, _: Arc<[String]>) -> Answering<'static> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Headers and content may hold what was taken out of the recording.
        let found = left.iter().position(|one| one.method == request.method && one.url == request.url);
        let answer = match found {
            Some(at) => left.remove(at).answer(),
            None => Err(HttpError::Other(format!("the recording has no answer to {} {}", request.method, request.url))),
        };
        Box::pin(std::future::ready(answer))
    }
}

impl TokenKeys for ReplayKeys {
    fn encode(&self, _: &TokenRequest, _: &TokenContext<'_>) -> Result<String, TokenError> {
        Ok(UNSIGNED.to_owned())
    }
    fn verify(&self, _: &str, token: &str, _: &TokenContext<'_>) -> Result<VerifiedResult, TokenError> {
        let claims = (self.claims)(token).ok_or_else(|| TokenError::Invalid("malformed".to_owned()))?;
        Ok(VerifiedResult { claims, verdict: None })
    }
}

/// A JWS that no key made: `{"alg":"none"}` and `{}`. What comes out of a replay has no token, so that its content is the same.
const UNSIGNED: &str = "eyJhbGciOiJub25lIn0.e30.replayed";

impl OwnKeys for ReplayKeys {
    fn hmac(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(vec![0; 32])
    }
    fn sign(&self, _: &str, _: &Json, _: &Json) -> Result<String, KeyError> {
        Ok(UNSIGNED.to_owned())
    }
    fn verify(&self, _: &str, token: &str, _: &Arc<dyn HttpClient>, _: Timestamp) -> Verifying<'static> {
        let claims = (self.claims)(token).ok_or_else(|| KeyError::Invalid("malformed".to_owned()));
        Box::pin(std::future::ready(claims))
    }
    fn work(&self, _: &str) -> Work {
        Work::Curve
    }
}
