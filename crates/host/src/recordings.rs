//! The runs of the newest logins, kept in memory for `postlude explain --save`: what a run could observe is stored nowhere else.

use postlude_model::names::{LoginId, TenantName};
use postlude_model::recording::{RecordedRun, Recording};
use postlude_model::run::{Report, RunInput};
use postlude_sandbox::granted_event;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes that all recordings of a host may have as text: a run may hold a few MiB of answers to its requests.
const ALL_BYTES: usize = 64 << 20;

/// The recordings of a host.
#[derive(Debug)]
pub(crate) struct Recordings {
    most: usize,
    kept: Mutex<Kept>,
}

/// The newest logins, the oldest first.
#[derive(Debug, Default)]
struct Kept {
    logins: VecDeque<KeptLogin>,
    bytes: usize,
}

#[derive(Debug)]
struct KeptLogin {
    tenant: TenantName,
    id: LoginId,
    runs: Vec<KeptRun>,
}

/// A run that was recorded, or why it was not.
#[derive(Debug)]
struct KeptRun {
    run_id: String,
    bytes: usize,
    recorded: Result<RecordedRun, String>,
}

/// Why there is no recording of a login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRecording {
    /// The host keeps none.
    #[error("this server keeps no runs: set `server.recordings = 32`, restart it, and let the user log in again")]
    Off,
    /// The login is not among those that are kept.
    #[error("the runs of this login are not kept: they are those of the last {0} logins since the server started")]
    Gone(usize),
    /// A run of the login cannot be recorded.
    #[error("a run of this login was not recorded: {0}")]
    Refused(String),
}

impl Recordings {
    /// Keeps so many logins; none where it is zero.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// Whether runs are kept at all.
    pub(crate) const fn are_kept(&self) -> bool {
        self.most > 0
    }

    /// Keeps a run. A run that is repeated replaces the attempt before.
    pub(crate) fn keep(&self, tenant: &TenantName, input: &RunInput, report: &Report) {
        let event = granted_event(&input.event, &input.action.spec.grants.event);
        let recorded = RecordedRun::new(input, event, report).map_err(|why| why.to_string());
        let bytes = recorded.as_ref().map_or(0, |run| serde_json::to_string(run).map_or(0, |text| text.len()));
        let run = KeptRun { run_id: input.run_id.to_string(), bytes, recorded };
        self.lock().add(tenant, &input.login_id, run, self.most);
    }

    /// The recording of a login.
    pub(crate) fn of(&self, tenant: &TenantName, id: &LoginId) -> Result<Recording, NoRecording> {
        if !self.are_kept() {
            return Err(NoRecording::Off);
        }
        let kept = self.lock();
        let login = kept.logins.iter().find(|login| login.is(tenant, id)).ok_or(NoRecording::Gone(self.most))?;
        let runs = login.runs.iter().map(|run| run.recorded.clone().map_err(NoRecording::Refused));
        Ok(Recording::new(id.clone(), runs.collect::<Result<_, _>>()?))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn add(&mut self, tenant: &TenantName, id: &LoginId, run: KeptRun, most: usize) {
        if !self.logins.iter().any(|login| login.is(tenant, id)) {
            self.logins.push_back(KeptLogin { tenant: tenant.clone(), id: id.clone(), runs: Vec::new() });
        }
        let Some(login) = self.logins.iter_mut().find(|login| login.is(tenant, id)) else { return };
        let before = login.bytes();
        login.runs.retain(|earlier| earlier.run_id != run.run_id);
        login.runs.push(run);
        self.bytes = self.bytes.saturating_sub(before).saturating_add(login.bytes());
        while self.logins.len() > most || self.bytes > ALL_BYTES {
            let Some(oldest) = self.logins.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
        }
    }
}

impl KeptLogin {
    fn is(&self, tenant: &TenantName, id: &LoginId) -> bool {
        self.tenant == *tenant && self.id == *id
    }

    fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.bytes).fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_model::action::Action;
    use postlude_model::json::Json;
    use postlude_model::manifest::Manifest;
    use postlude_model::names::{Digest, RunId, Timestamp};
    use postlude_model::run::{Ending, Log, Usage};
    use std::sync::Arc;

    fn keep(all: &Recordings, tenant: &str, login: &str, run: &str) {
        let manifest = r#"{"name":"p","version":"1.0.0","publisher":"acme.example","abi":"0.1.0",
            "capabilities":{"event":["/user/user_id"]}}"#;
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        let action = Action::granting_all(&manifest, Digest::from_bytes([1; 32]), Json::object()).unwrap();
        let event = Json::parse(r#"{"user":{"user_id":"ana","email":"ana@acme.example"}}"#).unwrap();
        let input = RunInput {
            login_id: LoginId::new(login).unwrap(),
            run_id: RunId::new(run).unwrap(),
            ..RunInput::on_login(Arc::new(action), event, Timestamp(1))
        };
        let (log, usage) = (Log::default(), Usage::default());
        let report = Report { ending: Ending::TimedOut, commands: Vec::new(), log, http: Vec::new(), usage };
        all.keep(&TenantName::new(tenant).unwrap(), &input, &report);
    }

    fn runs(all: &Recordings, tenant: &str, login: &str) -> Result<usize, String> {
        let recording = all.of(&TenantName::new(tenant).unwrap(), &LoginId::new(login).unwrap());
        recording.map(|recording| recording.runs.len()).map_err(|why| why.to_string())
    }

    #[test]
    fn the_newest_logins_are_kept_each_for_its_own_tenant() {
        let all = Recordings::new(2);
        for (login, run) in [("a", "1"), ("b", "1"), ("a", "2"), ("a", "2"), ("c", "1")] {
            keep(&all, "acme", login, run);
        }
        assert_eq!(runs(&all, "acme", "b"), Ok(1));
        assert_eq!(runs(&all, "acme", "c"), Ok(1));
        assert!(runs(&all, "acme", "a").unwrap_err().contains("the last 2 logins"), "the oldest one went");
        assert!(runs(&all, "other", "b").is_err(), "another tenant sees nothing");
        keep(&all, "acme", "c", "2");
        keep(&all, "acme", "c", "2");
        assert_eq!(runs(&all, "acme", "c"), Ok(2), "a run that is repeated is one run");
    }

    #[test]
    fn the_event_is_what_the_plugin_could_see() {
        let all = Recordings::new(1);
        keep(&all, "acme", "a", "1");
        let recording = all.of(&TenantName::new("acme").unwrap(), &LoginId::new("a").unwrap()).unwrap();
        assert_eq!(recording.runs[0].event.as_str(), r#"{"user":{"user_id":"ana"}}"#);
    }

    #[test]
    fn a_host_that_keeps_none_says_how_to_change_that() {
        let why = runs(&Recordings::new(0), "acme", "a").unwrap_err();
        assert!(why.contains("`server.recordings = 32`"), "{why}");
    }
}
