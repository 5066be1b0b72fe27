//! `postlude watch`: logins as they happen, one line each.

mod frames;
mod lines;

use crate::api::{CallError, Server, Target};
use crate::output::{self, Paint};
use anyhow::Result;
use clap::builder::PossibleValuesParser;
use frames::Frames;
use futures_util::StreamExt;
use lines::Filter;
use postlude_model::login::Outcome;
use std::process::ExitCode;
use std::time::Duration;

/// The first wait before a new connection; it doubles up to the last.
const BACKOFF: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(15)];

/// Silence after which a connection is taken for broken: the server speaks every 15 seconds.
const SILENCE: Duration = Duration::from_secs(45);

/// Watch logins, reloads and kills as they happen, until Ctrl-C.
///
/// One line an event. A reader that cannot keep up is told how many events it missed; no login ever waits for it. A
/// connection that breaks is made again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  POSTLUDE_API_KEY=plk_.. postlude watch\n  postlude watch --outcome deny --key-file reader.key\n  \
    postlude watch --json | jq 'select(.user_id == \"ana\")'"
)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// Only logins that came to this
    #[arg(long, value_parser = PossibleValuesParser::new(Outcome::ALL.map(Outcome::as_str)))]
    outcome: Option<String>,
    /// Print each event as a line of JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let server = args.target.server()?;
    let filter = Filter { outcome: args.outcome.clone(), json: args.json };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            watched = watch(&server, &filter) => watched,
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::SUCCESS),
        }
    })
}

/// Why a connection ended.
enum End {
    /// The reader of our output has gone.
    Unread,
    /// The server, or the way to it, went away; whether anything was heard.
    Broken(CallError, bool),
}

async fn watch(server: &Server, filter: &Filter) -> Result<ExitCode> {
    let [first, most] = BACKOFF;
    let mut wait = first;
    loop {
        match listen(server, filter).await {
            End::Unread => return Ok(ExitCode::SUCCESS),
            End::Broken(why @ CallError::Refused(_), _) => return Err(why.into()),
            End::Broken(why, heard) => {
                if heard {
                    wait = first;
                }
                let text = format!("{why}; trying again in {} ms", wait.as_millis());
                output::note(output::coloured_note(Paint::Careful, &text));
            }
        }
        tokio::time::sleep(wait).await;
        wait = wait.saturating_mul(2).min(most);
    }
}

async fn listen(server: &Server, filter: &Filter) -> End {
    let response = match server.stream(&["v1", "admin", "events"]).await {
        Ok(response) => response,
        Err(why) => return End::Broken(why, false),
    };
    let mut bytes = response.bytes_stream();
    let mut frames = Frames::default();
    let broken = |why: &str| CallError::Unreached { url: "the live tail".to_owned(), why: why.to_owned() };
    loop {
        let Ok(next) = tokio::time::timeout(SILENCE, bytes.next()).await else {
            return End::Broken(broken("the server fell silent"), true);
        };
        match next {
            None => return End::Broken(broken("the server ended it"), true),
            Some(Err(why)) => return End::Broken(server.unreached(&why), true),
            Some(Ok(part)) => {
                for line in frames.take(&part).iter().filter_map(|data| filter.line(data)) {
                    if output::try_line(line).is_err() {
                        return End::Unread;
                    }
                }
            }
        }
    }
}
