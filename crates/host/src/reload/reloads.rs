//! Reloads: one at a time, shared by the callers that wait for it, and reported.

use super::activation::{Activator, same_root};
use super::outcome::{LastReload, ReloadOutcome, ReloadRefused, ReloadStatus, ReloadTrigger, Reloaded};
use super::watched::{OpenForWriting, SETTLE_TIME, Watched};
use crate::revision::{Loaded, Start, load_and_keep, start_of};
use crate::services::Services;
use postlude_config::{Config, Problem, Server, Signing};
use postlude_model::limits;
use serde_json::Value;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch as channel;

/// What a process began with. Changes of it are taken at the next start.
#[derive(Debug)]
pub(crate) struct Started {
    /// The configuration file.
    config: PathBuf,
    /// The table `[server]`.
    server: Server,
    /// How long the store keeps a session that ended.
    session_lifetime: Duration,
    /// The files, before they were read for the first time.
    watched: Watched,
}

impl Started {
    pub(crate) fn new(file: PathBuf, config: &Config, watched: Watched) -> Self {
        Self { config: file, server: config.server.clone(), session_lifetime: session_lifetime(config), watched }
    }
}

/// How long the store keeps a session that ended, or moved: it must outlive the login records that name it.
pub(crate) fn session_lifetime(config: &Config) -> Duration {
    let longest = config.tenants.iter().map(|tenant| tenant.lifetimes.session.max(tenant.lifetimes.record)).max();
    longest.unwrap_or(limits::SESSION_LIFETIME)
}

/// The reloads of a host.
#[derive(Debug)]
pub struct Reloads {
    activator: Activator,
    config: PathBuf,
    server: Server,
    session_lifetime: Duration,
    pub(super) watched: channel::Sender<Watched>,
    pub(super) writing: OpenForWriting,
    /// The reload that has not read anything yet: a caller that asks now is served by it.
    next: Mutex<Option<channel::Receiver<Option<ReloadOutcome>>>>,
    status: Mutex<ReloadStatus>,
}

impl Reloads {
    pub(crate) fn new(activator: Activator, started: Started) -> Self {
        let Started { config, server, session_lifetime, watched } = started;
        let (writing, next, status) = Default::default();
        let watched = channel::Sender::new(watched);
        Self { activator, config, server, session_lifetime, watched, writing, next, status }
    }

    /// Reads the configuration and the plugins again and puts them into force, or refuses them and changes nothing. One reload
    /// runs at a time; callers that ask while one runs share the next. It runs to its end even when its caller goes away.
    /// Suspended logins stay on the revision that they began with.
    ///
    /// # Errors
    /// Every mistake at once; the configuration before it keeps serving.
    pub async fn reload(self: &Arc<Self>, trigger: ReloadTrigger) -> ReloadOutcome {
        let mut receiver = self.join_next(trigger);
        let outcome = receiver.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| Err(Arc::new(ReloadRefused::Internal("the reload's task panicked".to_owned()))))
    }

    /// The state of the reloads since the start.
    #[must_use]
    pub fn status(&self) -> ReloadStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts the configuration into force with which the process begins.
    pub(crate) async fn activate_first(&self, loaded: Loaded) -> Result<(), ReloadRefused> {
        let watch = loaded.checked.config.server.watch;
        self.activator.activate(loaded, "start").await?;
        self.switch_watch(watch);
        Ok(())
    }

    fn services(&self) -> &Arc<Services> {
        &self.activator.services
    }

    /// Joins the reload that has not read anything yet, or begins it.
    fn join_next(self: &Arc<Self>, trigger: ReloadTrigger) -> channel::Receiver<Option<ReloadOutcome>> {
        let mut next = self.next();
        if let Some(receiver) = &*next {
            return receiver.clone();
        }
        let (sender, receiver) = channel::channel(None);
        *next = Some(receiver.clone());
        let reloads = Arc::clone(self);
        self.services().tasks.spawn(async move {
            let services = Arc::clone(reloads.services());
            let _files = services.plugin_files.lock().await;
            reloads.writing.wait_for_writers().await;
            // From here on files are read: a caller that asks now may have changed them since.
            *reloads.next() = None;
            let began = Instant::now();
            let mut outcome = reloads.reload_once(trigger).await;
            if trigger == ReloadTrigger::Watch && outcome.is_err() {
                // Perhaps it was read while it was only half there.
                tokio::time::sleep(SETTLE_TIME).await;
                outcome = reloads.reload_once(trigger).await;
            }
            let outcome = outcome.map(Arc::new).map_err(Arc::new);
            reloads.report(trigger, began.elapsed(), &outcome);
            sender.send_replace(Some(outcome));
        });
        receiver
    }

    fn next(&self) -> MutexGuard<'_, Option<channel::Receiver<Option<ReloadOutcome>>>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reload_once(&self, trigger: ReloadTrigger) -> Result<Reloaded, ReloadRefused> {
        let services = self.services();
        if services.stopping.is_cancelled() {
            return Err(ReloadRefused::Stopping);
        }
        let on = self.watched.borrow().on;
        // Before anything is read, so that a later change shows.
        let config = self.config.clone();
        let watched = tokio::task::spawn_blocking(move || Watched::now(&config, on)).await;
        self.watched.send_replace(watched.map_err(|why| ReloadRefused::Internal(why.to_string()))?);
        // Nothing is changed yet, and a plugin may take minutes to compile: a stop does not wait for it.
        let loaded = tokio::select! {
            loaded = self.load() => loaded?,
            () = services.stopping.cancelled() => return Err(ReloadRefused::Stopping),
        };
        let config = &loaded.checked.config;
        let waiting_for_restart = self.waiting_for_restart(config, &loaded.checked.signing);
        let watch = config.server.watch;
        let warnings = loaded.warnings().to_vec();
        let tenants = self.activator.activate(loaded, trigger.as_str()).await?;
        self.switch_watch(watch);
        Ok(Reloaded { tenants, warnings, waiting_for_restart })
    }

    /// Loads the configuration and tries the starts that were not tried before.
    async fn load(&self) -> Result<Loaded, ReloadRefused> {
        let Services { compiler, environment, sandbox, .. } = &**self.services();
        let loaded = load_and_keep(&self.config, compiler, environment).await?;
        loaded.try_new_starts(sandbox, self.tried_starts()).await?;
        Ok(loaded)
    }

    fn tried_starts(&self) -> HashSet<Start> {
        let tenants = self.activator.tenants.get().all();
        let actions = tenants.iter().flat_map(|tenant| tenant.pipeline().actions.clone());
        actions.map(|action| start_of(&action.spec)).collect()
    }

    fn switch_watch(&self, on: bool) {
        self.watched.send_if_modified(|watched| std::mem::replace(&mut watched.on, on) != on);
    }

    fn waiting_for_restart(&self, config: &Config, signing: &Signing) -> Vec<&'static str> {
        let (old, new, began) = (&self.server, &config.server, &self.activator.signing);
        let previous =
            |signing: &Signing| signing.roots().previous.iter().map(|key| key.kid().to_owned()).collect::<Vec<_>>();
        let keys = [
            ("listen", old.listen != new.listen),
            ("public_listen", old.public_listen != new.public_listen),
            ("metrics_listen", old.metrics_listen != new.metrics_listen),
            ("data_dir", old.data_dir != new.data_dir),
            ("disk_patience", old.disk_patience != new.disk_patience),
            ("high_water_file", old.high_water_file != new.high_water_file),
            ("root_key", !same_root(signing, began)),
            ("previous_root_keys", previous(signing) != previous(began)),
            ("outbound", old.outbound != new.outbound),
            ("recordings", old.recordings != new.recordings),
            ("development, for requests of plugins", old.development != new.development),
            // Shorter ones count at once, tenant by tenant; what the store keeps of ended sessions is one time for all.
            ("longer lifetimes, for sessions that ended", session_lifetime(config) > self.session_lifetime),
        ];
        keys.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
    }

    fn report(&self, trigger: ReloadTrigger, took: Duration, outcome: &ReloadOutcome) {
        let (trigger_name, services) = (trigger.as_str(), self.services());
        services.metrics.reloaded(outcome.is_ok());
        match outcome {
            Ok(reloaded) => {
                warn(&reloaded.warnings);
                if !reloaded.waiting_for_restart.is_empty() {
                    let keys = reloaded.waiting_for_restart.join(", ");
                    tracing::warn!(%keys, "these change with a restart only; until then the old ones are used");
                }
                tracing::info!(trigger = trigger_name, ?took, "reloaded");
            }
            Err(why) => {
                // The cause is in the log alone: it may be another tenant's affair.
                services.events.publish(None, "reload", &services.clock, || {
                    [("outcome".to_owned(), Value::from("refused"))].into_iter().collect()
                });
                tracing::error!(
                    trigger = trigger_name, cause = %why, "reload refused; the configuration before it keeps serving"
                );
            }
        }
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        let count = if outcome.is_ok() { &mut status.taken } else { &mut status.refused };
        *count = count.saturating_add(1);
        status.last = Some(LastReload { at: services.clock.now(), took, trigger, outcome: outcome.clone() });
    }
}

/// Writes the warnings of a configuration to the log.
pub(crate) fn warn(warnings: &[Problem]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}
