//! Pipelines as they run: the actions of one revision with their compiled plugins.

use crate::metrics::PipelineMetrics;
use postlude_model::action::Action;
use postlude_model::names::{ActionName, Digest};
use postlude_model::run::RunInput;
use postlude_sandbox::Plugin;
use std::collections::HashMap;
use std::sync::Arc;

/// One immutable revision of a pipeline, ready to run.
#[derive(Debug)]
pub struct Pipeline {
    /// The number of the revision.
    pub revision: u64,
    /// The actions, in order.
    pub actions: Vec<Arc<Action>>,
    /// Where its runs are counted.
    pub(crate) metrics: PipelineMetrics,
    plugins: HashMap<Digest, Plugin>,
}

/// The plugin of an action is not loaded: a defect, since a pipeline is made with all its plugins.
#[derive(Debug, thiserror::Error)]
#[error("the plugin of action `{0}` is not loaded")]
pub(crate) struct NotLoaded(ActionName);

impl Pipeline {
    pub(crate) fn new(revision: u64, actions: Vec<Arc<Action>>, plugins: HashMap<Digest, Plugin>) -> Self {
        Self { revision, actions, metrics: PipelineMetrics::default(), plugins }
    }

    /// Gives the pipeline the series to which its runs count.
    pub(crate) fn with_metrics(self, metrics: PipelineMetrics) -> Self {
        Self { metrics, ..self }
    }

    /// The compiled plugin of a digest that the pipeline names.
    #[must_use]
    pub fn plugin(&self, digest: &Digest) -> Option<&Plugin> {
        self.plugins.get(digest)
    }

    /// The compiled plugin of a run that is due.
    pub(crate) fn plugin_of(&self, input: &RunInput) -> Result<&Plugin, NotLoaded> {
        let spec = &input.action.spec;
        self.plugin(&spec.digest).ok_or_else(|| NotLoaded(spec.name.clone()))
    }
}
