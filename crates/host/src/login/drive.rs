//! The loop that drives a pipeline: run what is due, feed its report, until the login is suspended or has its outcome.

use super::run_context::RunContext;
use super::run_observer::RunObserver;
use crate::error::HostError;
use crate::pipeline::{NotLoaded, Pipeline};
use postlude_model::pipeline::{Finished, Login, Overload};
use postlude_sandbox::{Sandbox, Share};

/// Why a login has no outcome. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum DriveError {
    /// A run's wall clock ran out.
    #[error(transparent)]
    Overload(#[from] Overload),
    /// The host could not run or commit it.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl From<NotLoaded> for DriveError {
    fn from(why: NotLoaded) -> Self {
        Self::Host(HostError::internal(why))
    }
}

impl From<DriveError> for HostError {
    fn from(why: DriveError) -> Self {
        match why {
            DriveError::Overload(overload) => Self::unavailable(overload),
            DriveError::Host(why) => why,
        }
    }
}

/// Drives a login as far as it goes without its browser.
pub(super) async fn drive(
    sandbox: &Sandbox,
    share: &Share,
    pipeline: &Pipeline,
    mut login: Login<'_>,
    context: &mut RunContext,
) -> Result<Box<Finished>, DriveError> {
    while let Some(mut input) = login.next_run() {
        let plugin = pipeline.plugin_of(&input)?;
        context.attach(plugin, &mut input).await;
        let mut run = RunObserver::new(pipeline, &login, &input);
        let heard = context.hears_runs().then(|| input.clone());
        let report = run.observe(sandbox.run_for(share, plugin, input)).await;
        if let Some(input) = heard {
            context.hear(plugin, &input, &report);
        }
        context.keep_exchanges(run.id(), &report);
        run.finish(login.feed(report), &login)?;
    }
    Ok(Box::new(login.finish()))
}
