//! `postlude serve`: the server, until a signal stops it.

use crate::subcommands::compile_worker;
use crate::telemetry::{self, LogOptions};
use anyhow::Result;
use clap::ValueEnum;
use postlude_config::Environment;
use postlude_host::{Clock, EngineKind, HostOptions, Lost, LostLines};
use postlude_server::{Listeners, ServeError, Server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How long threads of the runtime may take to end.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// The code that the process ends with when its store is lost: `EX_IOERR` of sysexits(3).
const STORE_LOST: u8 = 74;

/// The code that the process ends with when only a new one can take the right time: `EX_TEMPFAIL` of sysexits(3).
const CLOCK_LOST: u8 = 75;

/// Serve logins, as postlude.toml says.
///
/// A changed file, or SIGHUP, has the configuration and the plugins read again; one with a mistake is refused, and the old one
/// keeps serving.
/// SIGTERM and SIGINT stop: no new logins, those under way are finished, everything is made durable.
/// It ends by itself, for its supervisor, with code 74 when the store is lost, and with 75 when it began with a wrong clock that was
/// set back.
///
/// Traces go to an OpenTelemetry collector where OTEL_EXPORTER_OTLP_ENDPOINT names one.
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
    allow_files();
    // A dump of this process would have its keys.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let log = LogOptions { filter: &args.log_level, json: matches!(args.log, LogFormat::Json) };
    let telemetry = telemetry::start(log, runtime.handle())?;
    let served = runtime.block_on(serve(args, &telemetry.lost_lines));
    telemetry.end();
    // A thread that waits for a disk that hangs must not keep the process.
    runtime.shutdown_timeout(LEFT_BEHIND);
    served
}

/// Every connection takes a file, and so does the data of every plugin that has run: as many as the system permits, not the
/// 1,024 that a service is given by default.
fn allow_files() {
    let permitted = getrlimit(Resource::Nofile);
    // Where this is refused, fewer fit: the limit before it stays.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: permitted.maximum, maximum: permitted.maximum });
}

async fn serve(args: Args, lost_lines: &LostLines) -> Result<ExitCode> {
    let options = HostOptions {
        config: args.config,
        clock: Clock::system(),
        environment: Environment::process(),
        compilation: compile_worker::compilation()?,
        engine: EngineKind::Sled,
        parts: Default::default(),
    };
    // Before anything takes its time: without a handler SIGHUP ends a process that only starts.
    let mut hangup = signal(SignalKind::hangup())?;
    let mut stop = pin!(stop_signal()?);
    let server = tokio::select! {
        server = Server::prepare(options) => server?,
        () = &mut stop => {
            tracing::info!("the server was stopped before it was ready");
            return Ok(ExitCode::SUCCESS);
        }
    };
    lost_lines.register(server.host().metrics());
    let listeners = Listeners::bind(server.host().config()).await?;
    for (what, address) in listeners.addresses() {
        tracing::info!(%address, "listening: {what}");
    }
    let (reload, reloads) = mpsc::channel(1);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            // A reload that waits is enough: it will read the files as they are then.
            let _ = reload.try_send(());
        }
    });
    match server.run(listeners, reloads, stop).await {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(ServeError::Lost(Lost::Store(_))) => Ok(ExitCode::from(STORE_LOST)),
        Err(ServeError::Lost(Lost::Clock(_))) => Ok(ExitCode::from(CLOCK_LOST)),
        Err(why) => Err(why.into()),
    }
}

/// Waits for SIGTERM or SIGINT.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
