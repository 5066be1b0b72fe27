//! The infrastructure that all parts of a host share. It knows none of them.

use crate::after_crash::AfterCrash;
use crate::clock::Clock;
use crate::error::HostError;
use crate::events::Events;
use crate::metrics::Metrics;
use crate::parts::{PluginHttp, RunListener};
use crate::plugin::Compiler;
use crate::recordings::Recordings;
use postlude_config::Environment;
use postlude_model::login::LoginRecord;
use postlude_model::names::{LoginId, TenantName};
use postlude_sandbox::Sandbox;
use postlude_store::Store;
use std::fmt;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// The infrastructure of a host.
pub(crate) struct Services {
    pub(crate) sandbox: Sandbox,
    pub(crate) compiler: Compiler,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    /// Whether a login that is not known may be one that a crash forgot.
    pub(crate) after_crash: AfterCrash,
    /// Sends the HTTP requests of plugins.
    pub(crate) http: PluginHttp,
    /// Hears of every run.
    pub(crate) runs: Option<Arc<dyn RunListener>>,
    /// The runs of the newest logins.
    pub(crate) recordings: Recordings,
    /// Where secrets by variable come from.
    pub(crate) environment: Environment,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) events: Arc<Events>,
    /// Work that goes on when its caller goes away; the host waits for it when it stops.
    pub(crate) tasks: TaskTracker,
    /// Cancelled once the host stops.
    pub(crate) stopping: CancellationToken,
    /// Held while plugin files are stored or collected: a file that is not named yet would be taken for one that no login needs.
    pub(crate) plugin_files: tokio::sync::Mutex<()>,
}

impl Services {
    /// A login record.
    ///
    /// # Errors
    /// [`HostError::LoginUnknown`], [`HostError::LoginUncertain`] in the time after a crash, [`HostError::Unavailable`].
    pub(crate) async fn login(&self, tenant: &TenantName, id: &LoginId) -> Result<LoginRecord, HostError> {
        let record = self.store.login(tenant, id).await.map_err(HostError::unavailable)?;
        record.ok_or_else(|| self.after_crash.unknown_login(&*self.store, &self.clock))
    }

    /// Runs a change to its end, also when its caller goes away meanwhile: what is stored must be in force and in the audit too.
    pub(crate) async fn to_its_end<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, HostError>> + Send + 'static,
    ) -> Result<T, HostError> {
        self.tasks.spawn(change.in_current_span()).await.map_err(HostError::internal)?
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("clock", &self.clock).finish_non_exhaustive()
    }
}
