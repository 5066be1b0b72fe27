//! What `postlude dev` prints: a line for each build and each run.

use crate::output::{self, Paint, grouped, plain};
use postlude_build::Built;
use postlude_demo::RunLine;
use std::time::Duration;

/// Characters of a digest that are shown, `sha256:` and enough to recognise it.
const DIGEST_SHOWN: usize = 15;

/// A build: `acme-face  1.1 MB  sha256:9f2c1a03  imports: session.record-factor  zero WASI  2.1 s`.
pub(super) fn built_line(built: &Built, took: Duration) -> String {
    let Built { name, size, digest, imports, tier, .. } = built;
    let digest: String = digest.to_string().chars().take(DIGEST_SHOWN).collect();
    let imports = if imports.is_empty() { "none".to_owned() } else { imports.join(" ") };
    let took = took.as_secs_f64();
    format!("{name}  {}  {digest}  {took:.1} s\n  imports: {imports}\n  tier: {}", bytes(*size), tier.as_str())
}

fn bytes(size: usize) -> String {
    let size = u64::try_from(size).unwrap_or(u64::MAX);
    if size < 1_000_000 {
        return format!("{} KB", size.div_ceil(1000));
    }
    let tenths = size / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

/// A run, or a refusal. What a plugin says reaches no terminal as it is.
pub(super) fn run_line(line: &RunLine) -> String {
    let RunLine { user, browser, phase, decision, why, duration_us, fuel } = line;
    let paint = match decision.as_str() {
        "continue" | "skipped" => Paint::Good,
        "redirect" => Paint::Careful,
        _ => Paint::Bad,
    };
    let decision = output::coloured(paint, &format!("{:<10}", plain(decision)));
    let cost = match (duration_us, fuel) {
        (Some(micros), Some(fuel)) => format!("{:>7} µs  fuel {:>9}", grouped(*micros), grouped(*fuel)),
        _ => String::new(),
    };
    let text = format!("  {:<6} {browser:<8} {phase:<12} {decision} {cost}  {}", plain(user), plain(why));
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> RunLine {
        RunLine {
            user: "ana".to_owned(),
            browser: "chrome".to_owned(),
            phase: "on-login",
            decision: "redirect".to_owned(),
            why: "no record in this session".to_owned(),
            duration_us: Some(131),
            fuel: Some(11_913),
        }
    }

    #[test]
    fn a_run_is_a_line_in_columns() {
        let expected =
            "  ana    chrome   on-login     redirect       131 µs  fuel    11,913  no record in this session";
        assert_eq!(run_line(&line()), expected);
    }

    #[test]
    fn a_plugin_steers_no_terminal() {
        let line = RunLine { why: "\u{1b}[2Jgone".to_owned(), ..line() };
        assert!(!run_line(&line).contains('\u{1b}'));
    }

    #[test]
    fn sizes_are_written_as_people_say_them() {
        assert_eq!([1, 158_312, 1_149_000].map(bytes), ["1 KB", "159 KB", "1.1 MB"]);
    }
}
