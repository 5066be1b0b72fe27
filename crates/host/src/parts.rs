//! What a program around a host may bring along: a shared compiler, its own HTTP client, a listener to runs.

use crate::plugin::Compiler;
use postlude_model::http::HttpClient;
use postlude_model::run::{Report, RunInput};
use postlude_outbound::Outbound;
use postlude_sandbox::Plugin;
use std::fmt;
use std::sync::Arc;

/// What a host uses instead of making its own. A server brings nothing along.
#[derive(Debug, Clone, Default)]
pub struct HostParts {
    /// A compiler, with its sandbox, that several hosts share: each plugin is then compiled once for all of them. Nothing is kept
    /// in the code cache of a data folder, and [`HostOptions::compilation`](crate::HostOptions::compilation) is not looked at.
    pub compiler: Option<Compiler>,
    /// The client that sends the requests of plugins; it has to enforce the granted hosts itself.
    pub http: Option<Arc<dyn HttpClient>>,
    /// Hears of every run.
    pub runs: Option<Arc<dyn RunListener>>,
}

/// Hears of every run of a host, with all that the run could observe and all that came of it. What is heard holds secrets.
pub trait RunListener: Send + Sync + fmt::Debug {
    /// A run ended. It is called within the login, which waits for it.
    fn ran(&self, plugin: &Plugin, input: &RunInput, report: &Report);
}

/// Sends the HTTP requests of plugins.
#[derive(Debug)]
pub(crate) enum PluginHttp {
    /// To the network, within the rules of the crate for it.
    Network(Outbound),
    /// By a client that the program around the host brought along.
    Given(Arc<dyn HttpClient>),
}

impl PluginHttp {
    /// The client of one tenant.
    pub(crate) fn of(&self, tenant: &str) -> Arc<dyn HttpClient> {
        match self {
            Self::Network(outbound) => Arc::new(outbound.of(tenant)),
            Self::Given(client) => Arc::clone(client),
        }
    }
}
