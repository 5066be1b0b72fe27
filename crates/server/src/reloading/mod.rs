//! Reloading: one path for a changed file, SIGHUP and a call. Everything is read, checked, compiled and tried first; then all
//! tenants are swapped at once, or nothing is.

mod outcome;
mod trail;
pub(crate) mod watch;

pub use outcome::{ActionChange, LastReload, Outcome, Refused, ReloadStatus, Reloaded, TenantChange, Trigger};

use crate::config::{self, Problem, Signing, watched_files};
use crate::loading::{Loaded, Start, load_and_keep, start_of};
use crate::pipelines::Pipeline;
use crate::runtime::{Runtime, Tenants};
use crate::tenant::Tenant;
use crate::tidying::needed_until;
use postlude_model::names::TenantName;
use postlude_store::Activation;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch as channel;
use trail::Fingerprint;

/// How long files must stay as they are before a change of them is taken. An editor or copy that goes through several steps has
/// them within milliseconds; a person does not notice it.
pub const SETTLE_TIME: Duration = Duration::from_millis(250);

/// How many such times a reload that was asked for waits for a file that is being written: two seconds in all.
const WRITERS_TURNS: u32 = 8;

/// What the watcher looks at.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// Whether a change is taken without being asked to.
    pub(crate) on: bool,
    pub(crate) files: BTreeSet<PathBuf>,
    /// How they were when they were last read.
    pub(crate) seen: Fingerprint,
}

impl Subject {
    fn now(file: &std::path::Path, on: bool) -> Self {
        let files = watched_files(file);
        let seen = Fingerprint::of(&files);
        Self { on, files, seen }
    }
}

/// What reloads need to know, and what is known of them.
#[derive(Debug)]
pub(crate) struct Reloads {
    config: PathBuf,
    /// The table `[server]` and the keys, as the process began with them.
    started: config::Server,
    signing: Signing,
    subject: channel::Sender<Subject>,
    /// Files of which the watch knows that somebody writes to them.
    writing: watch::Writing,
    /// Held by the one reload that runs, and while the store is tidied up.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// The one that has not read anything yet: whoever asks now is served by it.
    next: Mutex<Option<channel::Receiver<Option<Outcome>>>>,
    status: Mutex<ReloadStatus>,
}

impl Reloads {
    pub(crate) fn new(config: PathBuf, started: config::Server, signing: Signing, subject: Subject) -> Self {
        let (writing, turn, next, status) = Default::default();
        Self { config, started, signing, subject: channel::Sender::new(subject), writing, turn, next, status }
    }

    /// How the files are now, before they are read for the first time.
    pub(crate) fn subject(config: &std::path::Path) -> Subject {
        Subject::now(config, false)
    }

    /// Waits a moment for whoever is in the middle of writing a file. A part of a configuration may be one as well, with an
    /// action less. Not for ever: the kernel may have lost the word that a file was closed, and then a signal must do.
    async fn written(&self) {
        for _ in 0..WRITERS_TURNS {
            if self.writing.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                return;
            }
            tokio::time::sleep(SETTLE_TIME).await;
        }
        let file = self.writing.lock().unwrap_or_else(PoisonError::into_inner).iter().next().cloned();
        let file = file.map(|file| file.display().to_string());
        tracing::warn!(file, "a file of the configuration is still being written; it is taken as it is, as asked");
    }

    fn next(&self) -> MutexGuard<'_, Option<channel::Receiver<Option<Outcome>>>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting_for_restart(&self, new: &config::Server, signing: &Signing) -> Vec<&'static str> {
        let old = &self.started;
        let keys = [
            ("listen", old.listen != new.listen),
            ("public_listen", old.public_listen != new.public_listen),
            ("metrics_listen", old.metrics_listen != new.metrics_listen),
            ("data_dir", old.data_dir != new.data_dir),
            ("high_water_file", old.high_water_file != new.high_water_file),
            ("root_key", self.other_root(signing)),
            ("previous_root_keys", self.other_previous_roots(signing)),
            ("outbound", old.outbound != new.outbound),
            ("development, for requests of plugins", old.development != new.development),
        ];
        keys.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
    }

    fn other_previous_roots(&self, signing: &Signing) -> bool {
        let kids =
            |signing: &Signing| signing.roots().previous.iter().map(|key| key.kid().to_owned()).collect::<Vec<_>>();
        kids(signing) != kids(&self.signing)
    }

    fn other_root(&self, signing: &Signing) -> bool {
        signing.roots().current.kid() != self.signing.roots().current.kid()
    }
}

impl Runtime {
    /// Reads the configuration and the plugins again and puts them into force, or refuses them and changes nothing. One at a
    /// time; whoever asks while one runs shares the next. It runs to its end even when its caller goes away.
    ///
    /// # Errors
    /// Every mistake at once; the configuration before it keeps serving.
    pub async fn reload(self: &Arc<Self>, trigger: Trigger) -> Outcome {
        let mut landing = self.board(trigger);
        let landed = landing.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        landed.unwrap_or_else(|| Err(Arc::new(Refused::Internal("the reload's task panicked".to_owned()))))
    }

    /// What is known of the reloads since the start.
    #[must_use]
    pub fn reload_status(&self) -> ReloadStatus {
        self.reloads.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn board(self: &Arc<Self>, trigger: Trigger) -> channel::Receiver<Option<Outcome>> {
        let mut next = self.reloads.next();
        if let Some(waiting) = &*next {
            return waiting.clone();
        }
        let (sender, landing) = channel::channel(None);
        *next = Some(landing.clone());
        let runtime = Arc::clone(self);
        self.tasks.spawn(async move {
            let _turn = runtime.reloads.turn.lock().await;
            runtime.reloads.written().await;
            // From here on files are read: who asks now may have changed them since.
            *runtime.reloads.next() = None;
            let began = Instant::now();
            let mut outcome = runtime.reload_once(trigger).await;
            if trigger == Trigger::Watch && outcome.is_err() {
                // Perhaps it was read while it was only half there.
                tokio::time::sleep(SETTLE_TIME).await;
                outcome = runtime.reload_once(trigger).await;
            }
            let outcome = outcome.map(Arc::new).map_err(Arc::new);
            runtime.report(trigger, began.elapsed(), &outcome);
            sender.send_replace(Some(outcome));
        });
        landing
    }

    async fn reload_once(&self, trigger: Trigger) -> Result<Reloaded, Refused> {
        if self.is_stopping() {
            return Err(Refused::Stopping);
        }
        let on = self.reloads.subject.borrow().on;
        // Before anything is read, so that a later change shows.
        let config = self.reloads.config.clone();
        let subject = blocking(move || Subject::now(&config, on)).await?;
        self.reloads.subject.send_replace(subject);
        let load = async {
            let loaded = self.load().await?;
            loaded.try_new_starts(&self.sandbox, self.starts()).await?;
            Ok::<_, Refused>(loaded)
        };
        // Nothing is changed yet, and a plugin may take minutes to compile: a stop does not wait for it.
        let loaded = tokio::select! {
            loaded = load => loaded?,
            () = self.stopped() => return Err(Refused::Stopping),
        };
        let waiting = self.reloads.waiting_for_restart(&loaded.checked.config.server, &loaded.checked.signing);
        let warnings = loaded.warnings().to_vec();
        let tenants = self.put_into_force(loaded, trigger.as_str()).await?;
        Ok(Reloaded { tenants, warnings, waiting_for_restart: waiting })
    }

    async fn load(&self) -> Result<Loaded, Refused> {
        Ok(load_and_keep(&self.reloads.config, &self.compiler, &self.environment).await?)
    }

    /// Starts that need not be tried again.
    fn starts(&self) -> HashSet<Start> {
        let tenants = self.all_tenants();
        let actions = tenants.iter().flat_map(|tenant| tenant.pipeline().actions.clone());
        actions.map(|action| start_of(&action.spec)).collect()
    }

    /// Stores what is new, then swaps all tenants in one step.
    pub(crate) async fn put_into_force(&self, loaded: Loaded, trigger: &str) -> Result<Vec<TenantChange>, Refused> {
        let Loaded { checked, plugins } = loaded;
        for file in checked.plugins.values() {
            self.store.put_plugin(&file.bytes).await?;
        }
        let signing = self.signing_of(&checked)?;
        let (mut tenants, mut activations, watch) = (Vec::new(), Vec::new(), checked.config.server.watch);
        for mut bound in checked.tenants {
            if self.reloads.other_root(&checked.signing) {
                // The keys of actions belong to the root key with which the process began.
                let bind = bound.revision.bind(&bound.name, &self.environment, &signing);
                bound.actions = bind.map_err(|why| Refused::Internal(why.to_string()))?;
            }
            let text = serde_json::to_string(&bound.revision).map_err(|why| Refused::Internal(why.to_string()))?;
            let number = self.store.put_revision(&bound.name, &text).await?;
            let used = bound.actions.iter().map(|action| action.spec.digest);
            let used = used.filter_map(|digest| Some((digest, plugins.get(&digest)?.clone()))).collect();
            let meters = self.metrics.meters(&bound.name, &bound.actions);
            let pipeline = Arc::new(Pipeline::new(number, bound.actions, used).counted(meters));
            let keys = bound.tenant.keys.clone();
            let orders = self.orders_of(&bound.name).await?;
            orders.warn(&bound.name, &pipeline);
            let tenant = Tenant::new(bound.tenant, signing.clone(), pipeline, orders);
            let until = needed_until(&tenant, self.clock.now());
            self.store.need_revision(&tenant.name, number, until).await?;
            let active = self.store.active_revision(&tenant.name).await?;
            if active.is_none_or(|active| active.number != number) {
                let expect = active.map_or(0, |active| active.version);
                activations.push(Activation { tenant: tenant.name.clone(), number, expect });
            }
            tenants.push((tenant, keys));
        }
        if !activations.is_empty() && !self.store.activate_revisions(activations).await? {
            return Err(Refused::Internal("another host activated a revision at the same time".to_owned()));
        }
        let changes = self.swap(Tenants::new(tenants), trigger);
        self.tell_revisions();
        self.reloads.subject.send_if_modified(|subject| std::mem::replace(&mut subject.on, watch) != watch);
        drop(plugins);
        self.compiler.settle(checked.plugins.into_keys().collect()).await;
        Ok(changes)
    }

    /// The keys of the tenants that are there now, under the root key with which the process began.
    fn signing_of(&self, checked: &config::Checked) -> Result<Signing, Refused> {
        let roots = Arc::clone(self.reloads.signing.roots());
        let names = checked.tenants.iter().map(|tenant| &tenant.name);
        Signing::new(roots, names).map_err(|why| Refused::Internal(why.to_string()))
    }

    fn swap(&self, new: Tenants, trigger: &str) -> Vec<TenantChange> {
        let old = self.install(new);
        let by_name = |tenants: Vec<Arc<Tenant>>| -> BTreeMap<TenantName, Arc<Pipeline>> {
            tenants.into_iter().map(|tenant| (tenant.name.clone(), tenant.pipeline())).collect()
        };
        let (old, new) = (by_name(old.all()), by_name(self.all_tenants()));
        let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        let change = |name: &&TenantName| {
            TenantChange::of(name, old.get(*name).map(Arc::as_ref), new.get(*name).map(Arc::as_ref))
        };
        let changes: Vec<_> = names.iter().map(change).collect();
        changes.iter().for_each(|change| tell(change, trigger));
        let in_force = new.into_iter().map(|(name, pipeline)| (name, pipeline.revision)).collect();
        self.earlier.swapped(in_force, self.clock.now());
        changes
    }

    fn report(&self, trigger: Trigger, took: Duration, outcome: &Outcome) {
        let trigger_name = trigger.as_str();
        match outcome {
            Ok(reloaded) => {
                warn(&reloaded.warnings);
                if !reloaded.waiting_for_restart.is_empty() {
                    let keys = reloaded.waiting_for_restart.join(", ");
                    tracing::warn!(%keys, "these change with a restart only; until then the old ones are used");
                }
                self.metrics.reloaded(true);
                tracing::info!(trigger = trigger_name, ?took, "reloaded");
            }
            Err(why) => {
                self.tell_refused_reload();
                tracing::error!(
                    trigger = trigger_name, cause = %why, "reload refused; the configuration before it keeps serving"
                );
            }
        }
        let mut status = self.reloads.status.lock().unwrap_or_else(PoisonError::into_inner);
        let count = if outcome.is_ok() { &mut status.taken } else { &mut status.refused };
        *count = count.saturating_add(1);
        status.last = Some(LastReload { at: self.clock.now(), took, trigger, outcome: outcome.clone() });
    }
}

fn tell(change: &TenantChange, trigger: &str) {
    let TenantChange { tenant, from, to, actions } = change;
    let actions = actions.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    match (from, to) {
        (Some(from), Some(to)) if from == to => {}
        (_, Some(to)) => tracing::info!(%tenant, trigger, from, to, %actions, "revision in force"),
        (_, None) => {
            tracing::warn!(%tenant, trigger, from, "the tenant is gone; its suspended logins cannot be resumed")
        }
    }
}

pub(crate) fn warn(warnings: &[Problem]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refused> {
    tokio::task::spawn_blocking(work).await.map_err(|why| Refused::Internal(why.to_string()))
}
