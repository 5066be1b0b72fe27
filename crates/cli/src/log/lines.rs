//! The layer that writes a line for each event.

use super::fields::{Fields, Shape};
use super::moment::Moment;
use super::shares::Owner;
use super::writer::LogWriter;
use postlude_host::log_context::LogContext;
use std::cell::RefCell;
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, Scope};

/// Bytes of a usual line, with room.
const LINE_BYTES: usize = 512;

/// Bytes of a line whose room is kept for the next one: a backtrace has more.
const KEPT_BYTES: usize = 16 << 10;

/// Writes a line for each event, with the fields of the spans around it.
#[derive(Debug)]
pub(crate) struct Lines {
    shape: Shape,
    writer: LogWriter,
}

/// What is known of a span.
#[derive(Debug, Default)]
struct SpanFields {
    /// Its fields, as its lines have them.
    text: String,
    /// Its tenant, where it names one.
    tenant: Option<String>,
}

impl SpanFields {
    fn record(&mut self, shape: Shape, values: impl Fn(&mut dyn Visit)) {
        values(&mut Fields { shape, line: &mut self.text });
        values(&mut TenantOf(&mut self.tenant));
    }
}

/// Finds a span's tenant among its fields.
struct TenantOf<'t>(&'t mut Option<String>);

impl Visit for TenantOf<'_> {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "tenant" {
            *self.0 = Some(value.to_owned());
        }
    }
}

thread_local! {
    static LINE: RefCell<String> = RefCell::new(String::with_capacity(LINE_BYTES));
}

impl Lines {
    pub(crate) const fn new(shape: Shape, writer: LogWriter) -> Self {
        Self { shape, writer }
    }

    fn write_on(
        &self,
        line: &mut String,
        (level, tenant): (Level, Option<&str>),
        write: impl FnOnce(&mut String) -> fmt::Result,
    ) {
        line.clear();
        // A line cannot fail to grow; a value that fails to show itself ends it early.
        let _ = write(line);
        line.push('\n');
        let (bytes, urgent) = (line.as_bytes(), level <= Level::WARN);
        let of = |request: &LogContext| {
            self.writer.write(Owner::Request(request.tenant().unwrap_or_default()), bytes, urgent);
        };
        if LogContext::with_current(of).is_none() {
            self.writer.write(tenant.map_or(Owner::Process, Owner::Request), bytes, urgent);
        }
        line.shrink_to(KEPT_BYTES);
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = SpanFields::default();
        fields.record(self.shape, |visitor| attributes.record(visitor));
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<SpanFields>() {
            fields.record(self.shape, |visitor| values.record(visitor));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let level = *event.metadata().level();
        let write = |line: &mut String| match self.shape {
            Shape::Json => json(event, &context, line),
            Shape::Text { colour } => text(event, &context, colour, line),
        };
        let tenant = tenant_of_spans(event, &context);
        let about = (level, tenant.as_deref());
        LINE.with(|line| match line.try_borrow_mut() {
            Ok(mut line) => self.write_on(&mut line, about, write),
            // A value that logs while it is shown gets a line of its own.
            Err(_) => self.write_on(&mut String::new(), about, write),
        });
    }
}

/// The tenant of the request in whose span an event is; empty where the request has none yet.
fn tenant_of_spans<S>(event: &Event<'_>, context: &Context<'_, S>) -> Option<String>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let mut found = None;
    for span in context.event_scope(event).into_iter().flatten() {
        if let Some(SpanFields { tenant: Some(tenant), .. }) = span.extensions().get() {
            return Some(tenant.clone());
        }
        if span.name() == "request" {
            found = Some(String::new());
        }
    }
    found
}

fn json<S>(event: &Event<'_>, context: &Context<'_, S>, line: &mut String) -> fmt::Result
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let about = event.metadata();
    write!(line, "{{\"timestamp\":\"{}\",\"level\":\"{}\"", Moment::now(), about.level())?;
    event.record(&mut Fields { shape: Shape::Json, line });
    write!(line, ",\"target\":\"{}\"", about.target())?;
    let mut end = "}";
    LogContext::with_current(|request| {
        line.push_str(",\"spans\":[{\"name\":\"request\"");
        end = "]}";
        let mut fields = Fields { shape: Shape::Json, line };
        request.fields().for_each(|(name, value)| fields.text(name, value));
        line.push('}');
    });
    for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
        line.push_str(if end == "}" { ",\"spans\":[" } else { "," });
        end = "]}";
        write!(line, "{{\"name\":\"{}\"", span.name())?;
        if let Some(SpanFields { text, .. }) = span.extensions().get() {
            line.push_str(text);
        }
        line.push('}');
    }
    line.push_str(end);
    Ok(())
}

fn text<S>(event: &Event<'_>, context: &Context<'_, S>, colour: bool, line: &mut String) -> fmt::Result
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let about = event.metadata();
    let [dim, level, plain] = if colour { ["\x1b[2m", colour_of(*about.level()), "\x1b[0m"] } else { [""; 3] };
    write!(line, "{dim}{}{plain} {level}{:>5}{plain}", Moment::now(), about.level().as_str())?;
    LogContext::with_current(|request| {
        line.push_str(" request{");
        let start = line.len();
        let mut fields = Fields { shape: Shape::Text { colour }, line };
        request.fields().for_each(|(name, value)| fields.text(name, value));
        // The first one stands without the space before it.
        line.remove(start);
        line.push_str("}:");
    });
    for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
        write!(line, " {}", span.name())?;
        if let Some(SpanFields { text, .. }) = span.extensions().get() {
            write!(line, "{{{}}}", text.trim_start())?;
        }
        line.push(':');
    }
    write!(line, " {dim}{}:{plain}", about.target())?;
    event.record(&mut Fields { shape: Shape::Text { colour }, line });
    Ok(())
}

/// As terminals show a level.
const fn colour_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::writer::tests::Memory;
    use postlude_host::LostLines;
    use std::sync::Arc;
    use tracing_subscriber::layer::SubscriberExt;

    /// What is logged, with the moment of each line taken out.
    fn logged(shape: Shape, log: impl FnOnce()) -> String {
        let memory = Memory::default();
        let (writer, flush) = LogWriter::start_to(memory.clone(), shape, LostLines::default()).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(Lines::new(shape, writer)), log);
        drop(flush);
        let text = memory.text();
        let moment = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z").unwrap();
        moment.replace_all(&text, "MOMENT").into_owned()
    }

    fn a_login() {
        let span = tracing::info_span!(
            "request",
            method = "POST",
            tenant = tracing::field::Empty,
            login_id = tracing::field::Empty
        );
        let _in = span.enter();
        span.record("tenant", "acme").record("login_id", "lgn_1");
        tracing::info!(outcome = "continue", fuel = 12_u64, share = 0.5, fresh = true, "login answered");
        let inner = tracing::info_span!("run", action = %"face");
        inner.in_scope(|| tracing::warn!(cause = ?Arc::new("x"), shown = %"a \"quoted\"\nline", "no"));
    }

    #[test]
    fn a_line_for_people_names_the_spans_around_it() {
        insta::assert_snapshot!(logged(Shape::Text { colour: false }, a_login));
        let coloured = logged(Shape::Text { colour: true }, || tracing::error!("broken"));
        assert!(coloured.starts_with("\x1b[2mMOMENT\x1b[0m \x1b[31mERROR\x1b[0m"), "{coloured:?}");
    }

    #[test]
    fn each_line_for_programs_is_one_object() {
        let text = logged(Shape::Json, a_login);
        for line in text.lines() {
            let _: serde_json::Value = serde_json::from_str(line).unwrap();
        }
        insta::assert_snapshot!(text);
    }

    /// Nothing that is logged can move a terminal's cursor, or end a line of JSON.
    #[test]
    fn control_characters_are_escaped() {
        let hostile = "a\x1b[2J\r\u{9b}31m\"\\\u{7f}";
        let text =
            logged(Shape::Text { colour: false }, || tracing::info!(user = hostile, shown = %hostile, "{hostile}"));
        assert!(text.trim_end().chars().all(|c| !c.is_control()), "{text:?}");
        let json =
            logged(Shape::Json, || tracing::info!(user = hostile, shown = %hostile, none = f64::NAN, "{hostile}"));
        let line: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!([&line["user"], &line["shown"], &line["message"]], [hostile; 3]);
        assert!(line["none"].is_null());
    }

    #[test]
    fn a_value_may_log_while_it_is_shown() {
        struct Chatty;
        impl fmt::Display for Chatty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                tracing::info!("inner");
                f.write_str("shown")
            }
        }
        let text = logged(Shape::Text { colour: false }, || tracing::info!(value = %Chatty, "outer"));
        assert!(text.contains("outer value=shown\n"), "{text}");
    }
}
