//! What the decision of an action, or its failure, does to the login.

use super::finished::Overload;
use super::login_draft::{LoginDraft, Run, undecided};
use super::run_failure::RunFailure;
use super::{fold, prompt, redirect, turn};
use crate::decision::{Command, Decision};
use crate::login::TraceDecision;
use crate::run::{Ending, Phase};

/// Folds the report of a run into the login.
///
/// # Errors
/// [`Overload`] when the run's wall clock ran out; the login has not changed then.
pub(super) fn fold(
    login: &mut LoginDraft<'_>,
    run: &Run<'_>,
    ending: Ending,
    commands: &[Command],
) -> Result<(), Overload> {
    let stops = matches!(ending, Ending::Decided(Decision::Deny(_) | Decision::Redirect(_)));
    let decided = match ending {
        Ending::Busy => return Err(Overload { resuming: false }),
        Ending::TimedOut => return Err(Overload { resuming: run.phase == Phase::Continue }),
        Ending::Decided(decision) => decide(login, run, decision, commands).map_err(RunFailure::unacceptable),
        Ending::Leaked(leak) => {
            // Whatever the failure policy says: it is for plugins that could not decide.
            turn::stop(login, run, TraceDecision::Failed, leak.to_string(), undecided("secret_in_output"));
            return Ok(());
        }
        Ending::Failed(failure) => Err(RunFailure::of_failure(failure)),
        Ending::Trapped(trap) => Err(RunFailure::of_trap(trap)),
    };
    if let Err(failure) = decided {
        fail(login, run, failure, stops);
    }
    Ok(())
}

fn decide(login: &mut LoginDraft<'_>, run: &Run<'_>, decision: Decision, commands: &[Command]) -> Result<(), String> {
    match decision {
        Decision::Continue => {
            let recorded = fold::keep_continue(login, run, commands)?;
            let why = if recorded.is_empty() { String::new() } else { format!("recorded {}", recorded.join(", ")) };
            login.pass(run.action, run.phase, TraceDecision::Continue, why, run.usage);
            turn::close_group(login, run.action);
        }
        Decision::Deny(denial) => {
            redirect::check_denial(&denial)?;
            fold::keep_deny(login, &run.action.spec.name, commands)?;
            turn::stop(login, run, TraceDecision::Deny, denial.code.clone(), denial);
        }
        Decision::Redirect(request) => prompt::redirect(login, run, &request, commands)?,
    }
    Ok(())
}

/// Applies the operator's failure policy. `stops`: the action wanted to deny or to redirect.
fn fail(login: &mut LoginDraft<'_>, run: &Run<'_>, RunFailure { kind, why }: RunFailure, stops: bool) {
    // A reply crafted to make a plugin trap must not open the door, a factor must not be passed over, and a denial or a
    // redirect that a user made unacceptable (by a long name in its message or URL) still stops the login.
    let spec = &run.action.spec;
    if spec.on_failure.opens(kind) && run.phase == Phase::Login && spec.factors.is_empty() && !stops {
        login.pass(run.action, run.phase, TraceDecision::Failed, why, run.usage);
    } else {
        turn::stop(login, run, TraceDecision::Failed, why, undecided("action_failed"));
    }
}
