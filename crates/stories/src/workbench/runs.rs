//! The runs of a workbench's host: everything that each could observe, and everything that came of it.

use postlude_host::RunListener;
use postlude_model::run::{Report, RunInput};
use postlude_sandbox::Plugin;
use std::sync::{Mutex, PoisonError};

/// One run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The plugin.
    pub plugin: Plugin,
    /// Everything that the run could observe. It can be repeated from it and the answers in the report.
    pub input: RunInput,
    /// Everything that came of it.
    pub report: Report,
}

/// Keeps the runs of a host until they are asked for.
#[derive(Debug, Default)]
pub(super) struct RunRecorder(Mutex<Vec<Run>>);

impl RunRecorder {
    /// The runs since this was asked last.
    pub(super) fn take(&self) -> Vec<Run> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl RunListener for RunRecorder {
    fn ran(&self, plugin: &Plugin, input: &RunInput, report: &Report) {
        let run = Run { plugin: plugin.clone(), input: input.clone(), report: report.clone() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(run);
    }
}
