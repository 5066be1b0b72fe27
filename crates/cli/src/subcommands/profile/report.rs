//! What `postlude profile` prints: the run in two lines and its functions as a table, or all of it as JSON.

use crate::output::{self, Paint, grouped};
use anyhow::Result;
use postlude_model::decision::{Decision, Failure};
use postlude_model::manifest::Manifest;
use postlude_model::run::{Ending, Phase};
use postlude_sandbox::{FunctionCost, Profile, function_costs};
use serde_json::{Value, json};

/// A name in the table has at most so many characters, so that a line fits a wide terminal.
const NAME: usize = 88;

/// A profile and of what it is.
pub(super) struct ProfiledPlugin<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) phase: Phase,
    pub(super) profile: &'a Profile,
}

/// For a person.
pub(super) fn show(profiled: &ProfiledPlugin<'_>, top: usize) {
    let ProfiledPlugin { manifest, phase, profile } = profiled;
    let (usage, costs) = (&profile.report.usage, function_costs(&profile.stacks));
    output::line(format!(
        "{} {}  {}  {}",
        manifest.name,
        manifest.version,
        phase.as_str(),
        ending(&profile.report.ending)
    ));
    output::line(format!(
        "fuel {} · host calls {} · {} functions · {} checks recorded\n",
        grouped(usage.fuel),
        grouped(usage.host_calls),
        grouped(count(costs.len())),
        grouped(profile.checks),
    ));
    let heading = format!("{:>12} {:>6} {:>12} {:>6}  function", "own fuel", "%", "with calls", "%");
    output::line(output::coloured(Paint::Quiet, &heading));
    costs.iter().take(top).for_each(|cost| output::line(row(cost, usage.fuel)));
    if let Some(rest) = costs.get(top..).filter(|rest| !rest.is_empty()) {
        let own: u64 = rest.iter().map(|cost| cost.own).sum();
        let text = format!(
            "{:>12} {:>6} {:>12} {:>6}  {} more; `--top` shows them",
            grouped(own),
            share(own, usage.fuel),
            "",
            "",
            rest.len()
        );
        output::line(output::coloured(Paint::Quiet, &text));
    }
    if unnamed(&costs) > usage.fuel / 3 {
        output::note(
            "note: much of the fuel is in functions without a name: the plugin's toolchain left the names out, or they were stripped; `postlude build --debug` keeps those of Go",
        );
    }
}

fn row(cost: &FunctionCost, fuel: u64) -> String {
    format!(
        "{:>12} {:>6} {:>12} {:>6}  {}",
        grouped(cost.own),
        share(cost.own, fuel),
        grouped(cost.total),
        share(cost.total, fuel),
        shortened(&cost.name)
    )
}

/// Fuel of functions that have a number in place of a name.
fn unnamed(costs: &[FunctionCost]) -> u64 {
    costs.iter().filter(|cost| cost.name.starts_with("function ")).map(|cost| cost.own).sum()
}

/// Per cent with one decimal.
fn share(part: u64, whole: u64) -> String {
    let tenths = u128::from(part) * 1000 / u128::from(whole.max(1));
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A name with its middle left out where it is long: the crate and the function stand at its ends.
fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME {
        return name.to_owned();
    }
    let (head, tail) = (NAME / 2, NAME - NAME / 2 - 1);
    name.chars().take(head).chain(['…']).chain(name.chars().skip(length - tail)).collect()
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Decided(Decision::Continue) => "continue".to_owned(),
        Ending::Decided(Decision::Redirect(request)) => format!("redirect {}", output::plain(&request.url)),
        Ending::Decided(Decision::Deny(denial)) => format!("deny {}", output::plain(&denial.code)),
        Ending::Failed(Failure::Other(why) | Failure::Unavailable(why)) => format!("failed: {}", output::plain(why)),
        Ending::Trapped(trap) => format!("stopped: {}", trap.message),
        Ending::Leaked(leak) => format!("refused: {leak}"),
        Ending::TimedOut | Ending::Busy => "the wall clock ran out".to_owned(),
    }
}

/// For scripts.
pub(super) fn json(profiled: &ProfiledPlugin<'_>) -> Result<()> {
    let ProfiledPlugin { manifest, phase, profile } = profiled;
    let functions: Vec<Value> = function_costs(&profile.stacks)
        .iter()
        .map(|cost| json!({ "name": cost.name, "own_fuel": cost.own, "total_fuel": cost.total }))
        .collect();
    let stacks: Vec<Value> =
        profile.stacks.iter().map(|stack| json!({ "frames": stack.frames, "fuel": stack.fuel })).collect();
    output::json(&json!({
        "plugin": manifest.name,
        "version": manifest.version,
        "phase": phase.as_str(),
        "ending": ending(&profile.report.ending),
        "fuel": profile.report.usage.fuel,
        "host_calls": profile.report.usage.host_calls,
        "checks": profile.checks,
        "functions": functions,
        "stacks": stacks,
    }))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_long_names_are_cut_to_what_fits() {
        assert_eq!([share(1, 3), share(0, 0), share(7, 7)], ["33.3", "0.0", "100.0"]);
        let short = shortened(&format!("{}::end", "a".repeat(200)));
        assert_eq!(short.chars().count(), NAME);
        assert!(short.starts_with("aaa") && short.contains('…') && short.ends_with("::end"), "{short}");
    }
}
