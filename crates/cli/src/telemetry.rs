//! The log, and traces to an OpenTelemetry collector where the standard variables name one.
//!
//! The names of the variables are OpenTelemetry's own
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>). Without an endpoint nothing of it is
//! set up, and a request pays nothing for it.

use crate::log::{Flush, Lines, LogWriter, Shape};
use anyhow::{Context, Result};
use async_trait::async_trait;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use postlude_host::LostLines;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// The lines that are always there.
const AUDIT: &str = "postlude::audit=info";

/// How long the last spans may take to leave when the server stops.
const LAST_SPANS: Duration = Duration::from_secs(5);

/// How long a collector may take for one batch, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says otherwise.
const BATCH: Duration = Duration::from_secs(10);

/// Bytes of a collector's answer that are read: it says little.
const ANSWER_BYTES: usize = 64 * 1024;

/// How the log is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogOptions<'a> {
    /// `tracing_subscriber`'s filter.
    pub(crate) filter: &'a str,
    /// One JSON object a line.
    pub(crate) json: bool,
}

/// What was set up; to be ended when the server has stopped.
#[derive(Debug)]
pub(crate) struct Telemetry {
    provider: Option<SdkTracerProvider>,
    /// Lines of the log that were lost.
    pub(crate) lost_lines: LostLines,
    /// Writes the last lines when it is dropped.
    _flush: Flush,
}

/// Sets up the process's log, and its traces where a collector is named. Spans are sent by tasks of `runtime`.
///
/// # Errors
/// When the filter, or a variable of OpenTelemetry, cannot be used.
pub(crate) fn start(log: LogOptions<'_>, runtime: &Handle) -> Result<Telemetry> {
    let filter =
        EnvFilter::try_new(log.filter).with_context(|| format!("`--log-level {}` is not a filter", log.filter))?;
    // What operators changed is on record at any level.
    let filter = filter.add_directive(AUDIT.parse()?);
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
    let shape = if log.json { Shape::Json } else { Shape::Text { colour } };
    let lost_lines = LostLines::default();
    let (writer, flush) = LogWriter::start(shape, lost_lines.clone()).context("the log cannot be written")?;
    let lines = Lines::new(shape, writer);
    if !wanted() {
        // One filter for everything: what it leaves out costs nothing.
        Registry::default().with(lines).with(filter).init();
        return Ok(Telemetry { provider: None, lost_lines, _flush: flush });
    }
    let provider = provider(runtime).context("traces cannot be exported")?;
    // Spans of the libraries that send spans would be sent as well, and so on.
    let ours = Targets::new().with_target("postlude_server", Level::INFO).with_target("postlude_host", Level::INFO);
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("postlude")).with_filter(ours);
    Registry::default().with(lines.with_filter(filter)).with(spans).init();
    postlude_server::trace_context::adopt_with(adopt);
    Ok(Telemetry { provider: Some(provider), lost_lines, _flush: flush })
}

impl Telemetry {
    /// Sends the last spans. Blocks: not for an async task.
    pub(crate) fn end(self) {
        let Some(provider) = &self.provider else { return };
        if let Err(why) = provider.shutdown_with_timeout(LAST_SPANS) {
            tracing::warn!(cause = %why, "the last spans may be lost");
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn wanted() -> bool {
    let named = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
    let off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || variable("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
    !off && named.into_iter().any(|name| variable(name).is_some())
}

fn provider(runtime: &Handle) -> Result<SdkTracerProvider> {
    crate::tls::install();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(timeout()).build()?;
    let sender = BatchSender { client, runtime: runtime.clone(), failing: AtomicBool::new(false) };
    let exporter = SpanExporter::builder().with_http().with_http_client(sender).build()?;
    let named = variable("OTEL_SERVICE_NAME").is_some()
        || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|all| all.contains("service.name="));
    let resource = Resource::builder();
    let resource = if named { resource } else { resource.with_service_name("postlude") };
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build())
}

fn timeout() -> Duration {
    let named = variable("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT").or_else(|| variable("OTEL_EXPORTER_OTLP_TIMEOUT"));
    named.and_then(|millis| millis.parse().ok()).map_or(BATCH, Duration::from_millis)
}

/// The request's span becomes the child of the caller's. What is no trace context is ignored, as the standard asks.
fn adopt(span: &Span, traceparent: &str, tracestate: Option<&str>) {
    let context = TraceContextPropagator::new().extract(&Headers { traceparent, tracestate });
    // Setting the parent fails for a span that is filtered out, which then has no child either.
    let _ = span.set_parent(context);
}

struct Headers<'h> {
    traceparent: &'h str,
    tracestate: Option<&'h str>,
}

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => Some(self.traceparent),
            "tracestate" => self.tracestate,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// Sends batches to the collector. The exporter calls it from a thread of its own, which has no tokio.
#[derive(Debug)]
struct BatchSender {
    client: reqwest::Client,
    runtime: Handle,
    /// Whether the last batch was lost: the log says once that a collector is away, and once that it is back.
    failing: AtomicBool,
}

#[async_trait]
impl HttpClient for BatchSender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(send(self.client.clone(), request)).await?;
        match (&sent, self.failing.swap(sent.is_err(), Ordering::Relaxed)) {
            (Err(why), false) => {
                tracing::warn!(cause = innermost(why.as_ref()), "spans do not reach the collector, and are lost")
            }
            (Ok(_), true) => tracing::info!("spans reach the collector again"),
            _ => {}
        }
        sent
    }
}

/// The last of the causes: the others only repeat the address.
pub(crate) fn innermost(why: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = why;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

async fn send(client: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut response = client.execute(request.try_into()?).await?.error_for_status()?;
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = response.status();
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await?
        && body.len() + part.len() <= ANSWER_BYTES
    {
        body.extend_from_slice(&part);
    }
    *answer.body_mut() = body.into();
    Ok(answer)
}
