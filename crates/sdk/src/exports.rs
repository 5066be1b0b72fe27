//! The component's two exports. Only on wasm32.

use crate::action::{Action, Context};
use crate::bindings::Answer;
use crate::bindings::postlude::action as wit;
use crate::decision::{Decision, Failure};
use crate::imports::Imports;
use std::panic::PanicHookInfo;

fn answer(result: Result<Decision, Failure>) -> Answer {
    match result {
        Ok(Decision::Continue) => Ok(wit::decisions::Decision::Continue),
        Ok(Decision::Redirect(to)) => Ok(wit::decisions::Decision::Redirect(wit::decisions::RedirectRequest {
            url: to.url,
            query: to.query,
            factor: to.factor,
            token: to.token.map(Into::into),
        })),
        Ok(Decision::Deny(why)) => {
            Ok(wit::decisions::Decision::Deny(wit::decisions::Denial { code: why.code, message: why.message }))
        }
        Err(Failure::Other(why)) => Err(wit::decisions::Failure::Other(why)),
        Err(Failure::Unavailable(why)) => Err(wit::decisions::Failure::Unavailable(why)),
    }
}

/// A panic ends the run by a trap, which says nothing by itself: the host is told before, and ends the run with these words.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| Imports.panic(&message(panic))));
}

/// The panic with its place in one line; what the standard library says has two.
fn message(panic: &PanicHookInfo<'_>) -> String {
    panic.to_string().replacen(":\n", ": ", 1)
}

/// The export `on-login`.
pub fn run_on_login<A: Action>() -> Answer {
    report_panics();
    answer(A::on_login(&mut Context::new()))
}

/// The export `on-continue`.
pub fn run_on_continue<A: Action>() -> Answer {
    report_panics();
    answer(A::on_continue(&mut Context::new()))
}
