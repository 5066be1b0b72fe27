//! `postlude serve`: the server, until a signal stops it.

use crate::log_writer::{Flush, LogWriter};
use anyhow::{Context, Result};
use clap::ValueEnum;
use postlude_server::clock::Clock;
use postlude_server::config::Environment;
use postlude_server::{Listeners, Options, Server};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tracing_subscriber::EnvFilter;

/// Serve logins, as postlude.toml says.
///
/// SIGHUP reads the configuration and the plugins again; one with a mistake is refused, and the old one keeps serving.
/// SIGTERM and SIGINT stop: no new logins, those under way are finished, everything is made durable.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude serve\n  postlude serve --config /etc/postlude/postlude.toml --log json\n  \
    kill -HUP $(pidof postlude)      # after a change of the configuration"
)]
pub(crate) struct Args {
    /// The configuration
    #[arg(long, short, default_value = "postlude.toml", env = "POSTLUDE_CONFIG")]
    config: PathBuf,
    /// How the log is written, to standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "POSTLUDE_LOG_FORMAT")]
    log: LogFormat,
    /// What is logged: off, error, warn, info, debug, trace, or a filter such as `info,postlude::plugin=debug`
    #[arg(long, default_value = "info", env = "POSTLUDE_LOG")]
    log_level: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let _flushed = start_log(&args)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(args))
}

fn start_log(args: &Args) -> Result<Flush> {
    let filter = EnvFilter::try_new(&args.log_level)
        .with_context(|| format!("`--log-level {}` is not a filter", args.log_level))?;
    let (writer, flushed) = LogWriter::start();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
    match args.log {
        LogFormat::Text => log.with_ansi(colour).init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).with_span_list(true).init(),
    }
    Ok(flushed)
}

async fn serve(args: Args) -> Result<ExitCode> {
    let options = Options { config: args.config, clock: Clock::system(), environment: Environment::process() };
    let server = Server::prepare(options).await?;
    let listeners = Listeners::bind(server.config()).await?;
    for (what, address) in listeners.addresses() {
        tracing::info!(%address, "listening: {what}");
    }
    let (reload, reloads) = mpsc::channel(1);
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            // One reload that waits is enough: it will read what is there then.
            let _ = reload.try_send(());
        }
    });
    server.run(listeners, reloads, stop_signal()?).await?;
    Ok(ExitCode::SUCCESS)
}

fn stop_signal() -> Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
