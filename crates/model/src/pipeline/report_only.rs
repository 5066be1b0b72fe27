//! An action that only reports: it ran, the trace says what it would have done to the login, and the login does not change.

use super::login_draft::{LoginDraft, Run};
use super::prompt::{self, Prompt};
use super::run_failure::RunFailure;
use super::{fold, redirect};
use crate::action::Action;
use crate::decision::{Command, Decision};
use crate::login::TraceDecision;
use crate::run::Ending;
use url::Url;

/// Takes the report of an action that only reports. Whatever the action did, the login goes on as if it were not in the pipeline: a
/// run out of time is no load to retry for, either.
pub(super) fn fold_report_only(login: &mut LoginDraft<'_>, run: &Run<'_>, ending: Ending, commands: &[Command]) {
    let (decision, why) = match ending {
        Ending::Decided(decision) => would(login, run.action, &decision, commands)
            .unwrap_or_else(|why| (TraceDecision::Failed, format!("would deny, having failed: {why}"))),
        Ending::Busy => (TraceDecision::Failed, "found no place to run in time".to_owned()),
        Ending::TimedOut => (TraceDecision::Failed, "ran out of time".to_owned()),
        Ending::Failed(failure) => would_fail(run.action, RunFailure::of_failure(failure)),
        Ending::Leaked(leak) => (TraceDecision::Failed, format!("would deny, having failed: {leak}")),
        Ending::Trapped(trap) => would_fail(run.action, RunFailure::of_trap(trap)),
    };
    login.pass(run.action, run.phase, decision, why, run.usage);
}

fn would(
    login: &LoginDraft<'_>,
    action: &Action,
    decision: &Decision,
    commands: &[Command],
) -> Result<(TraceDecision, String), String> {
    Ok(match decision {
        Decision::Continue => {
            fold::weigh_continue(login, &action.spec.name, commands)?;
            (TraceDecision::Continue, format!("would continue{}", effects(commands, |_| true)))
        }
        Decision::Deny(denial) => {
            redirect::check_denial(denial)?;
            fold::weigh_deny(login, commands)?;
            (TraceDecision::Deny, format!("would deny with `{}`", denial.code))
        }
        Decision::Redirect(request) => {
            let kept = effects(commands, |command| !matches!(command, Command::RecordFactor { .. }));
            fold::weigh(login, &action.spec.name, commands)?;
            match prompt::consider(login, action, request)? {
                Prompt::Skipped { why, .. } => (TraceDecision::Skipped, format!("{why}: would skip its prompt{kept}")),
                Prompt::NoBrowser { why } => {
                    (TraceDecision::InteractionRequired, format!("{why}: would need a browser"))
                }
                Prompt::TooMany { why } => (TraceDecision::Deny, format!("would deny: {why}")),
                Prompt::Due { location, factor, why } => {
                    // The origin alone: the location has a state that no browser will present.
                    let origin =
                        Url::parse(&location).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization());
                    let factor = factor.map_or_else(String::new, |factor| format!(" for `{factor}`"));
                    (TraceDecision::Redirect, format!("{why}: would redirect to `{origin}`{factor}{kept}"))
                }
            }
        }
    })
}

fn would_fail(action: &Action, failure: RunFailure) -> (TraceDecision, String) {
    let opens = action.spec.on_failure.opens(failure.kind) && action.spec.factors.is_empty();
    let outcome = if opens { "go on" } else { "deny" };
    (TraceDecision::Failed, format!("would {outcome}, having failed: {}", failure.why))
}

/// The commands that would be kept, by name: values may be personal.
fn effects(commands: &[Command], keep: impl Fn(&Command) -> bool) -> String {
    let names: Vec<String> = commands.iter().filter(|command| keep(command)).map(name).collect();
    if names.is_empty() { String::new() } else { format!(", and: {}", names.join(", ")) }
}

fn name(command: &Command) -> String {
    match command {
        Command::RecordFactor { name, .. } => format!("record `{name}`"),
        Command::SetIdTokenClaim { name, .. } => format!("set ID token claim `{name}`"),
        Command::SetAccessTokenClaim { name, .. } => format!("set access token claim `{name}`"),
        Command::AddScope(scope) => format!("add scope `{scope}`"),
        Command::RemoveScope(scope) => format!("remove scope `{scope}`"),
        Command::SetLoginMetadata { key, .. } => format!("change login metadata `{key}`"),
        Command::SetSessionMetadata { key, .. } => format!("change session metadata `{key}`"),
        Command::SetAppMetadata { key, .. } => format!("change app metadata `{key}`"),
        Command::SetUserMetadata { key, .. } => format!("change user metadata `{key}`"),
        Command::SetCache { key, .. } => format!("change cache `{key}`"),
        Command::Stash(_) => "put a value aside".to_owned(),
    }
}
