//! `postlude demo`: the story, played over real HTTP, then a page to click through.

use crate::output::{self, Paint, grouped};
use crate::subcommands::compile_worker;
use crate::subcommands::serve::stop_signal;
use anyhow::{Result, bail};
use postlude_demo::{Demo, DemoOptions, Step};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// See Postlude at work: an IdP, a partner, two browsers, and every message between them.
///
/// Plays a story over real HTTP and prints what Postlude answered, then serves a page on this machine where you log in yourself.
/// Needs nothing but this program: plugins, keys and sites are in it, and its data go when it ends.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude demo                 # then open the address that it prints, and press Ctrl-C at the end\n  \
    postlude demo --once          # play the story and exit\n  postlude demo --data demo     # keep the data, and look at the \
    configuration in demo/postlude.toml\n\nExit codes: 0 all went as expected; 1 a surprise, it says which; 2 wrong usage."
)]
pub(crate) struct Args {
    /// Play the story and exit
    #[arg(long)]
    once: bool,
    /// The port of the page [default: 4400, or any free one]
    #[arg(long)]
    port: Option<u16>,
    /// Keep Postlude's data in this folder [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print a JSON object for each step
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(demo(args))?;
    Ok(ExitCode::SUCCESS)
}

async fn demo(args: Args) -> Result<()> {
    let Args { once, port, data, json } = args;
    let began = Instant::now();
    let mut stop = std::pin::pin!(stop_signal()?);
    let options = DemoOptions { port, data, compilation: compile_worker::compilation()? };
    let demo = Demo::start(options).await?;
    let (ms, api) = (began.elapsed().as_millis(), demo.api());
    let ready =
        format!("Postlude is ready on {api} after {ms} ms (three plugins compiled); its clock runs ahead for step 6");
    output::note(output::coloured_note(Paint::Quiet, &ready));
    let played = tokio::select! {
        played = demo.play(|step| tell(step, json)) => played,
        () = &mut stop => bail!("the demo was stopped before its story ended"),
    };
    if played.is_ok() && !once {
        output::note(format!(
            "\nNow you: open {} in Chrome, Edge or Firefox.\n\
             Two browsers, and every message as it is sent. Ctrl-C stops everything.",
            demo.page()
        ));
        stop.await;
        output::note("\nstopped");
    }
    demo.stop().await?;
    played
}

/// Prints a step. A reader that went away is no error of the story's.
fn tell(step: &Step, json: bool) {
    let line = if json { serde_json::to_string(step).unwrap_or_default() } else { line(step) };
    let _ = output::try_line(line);
}

fn line(step: &Step) -> String {
    let Step { number, what, outcome, why, amr, fuel, duration_us } = step;
    let paint = match outcome.as_str() {
        "continue" => Paint::Good,
        "redirect" => Paint::Careful,
        _ => Paint::Bad,
    };
    let figures = match (fuel, duration_us, amr) {
        (Some(fuel), Some(micros), _) => format!("fuel {:>7}  {:>6} µs", grouped(*fuel), grouped(*micros)),
        (_, _, Some(amr)) => format!("amr {amr}"),
        _ => String::new(),
    };
    // Padded before it is painted: escape codes have no width.
    let outcome = output::coloured(paint, &format!("{outcome:<10}"));
    let why = if figures.is_empty() {
        why.clone()
    } else {
        format!("{why:<46} {}", output::coloured(Paint::Quiet, &figures))
    };
    format!("{number:>2}  {what:<23} {outcome} {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step() -> Step {
        Step {
            number: 1,
            what: "ana logs in",
            outcome: "redirect".to_owned(),
            why: "custom-factor: no record in this session".to_owned(),
            amr: None,
            fuel: Some(21_154),
            duration_us: Some(14),
        }
    }

    #[test]
    fn a_step_is_a_line_in_columns() {
        let expected = " 1  ana logs in             redirect   custom-factor: no record in this session       fuel  21,154      14 µs";
        assert_eq!(line(&step()), expected);
    }

    #[test]
    fn a_step_is_json_for_scripts_without_what_it_has_not() {
        let json = serde_json::to_value(Step { fuel: None, duration_us: None, ..step() }).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"number": 1, "what": "ana logs in", "outcome": "redirect", "why": "custom-factor: no record in this session"})
        );
    }
}
