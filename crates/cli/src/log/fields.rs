//! How fields are written: as text for people, or as members of a JSON object.

use std::fmt::{self, Write};
use tracing::field::{Field, Visit};

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// For people, with colours or without.
    Text {
        /// Whether the terminal shows colours.
        colour: bool,
    },
    /// One JSON object a line.
    Json,
}

/// Writes fields to the end of a line: in text ` name=value` each, in JSON `,"name":value` each. The message stands alone in text.
pub(super) struct Fields<'l> {
    pub(super) shape: Shape,
    pub(super) line: &'l mut String,
}

impl Fields<'_> {
    /// Writes a text that no event brings.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        // A line cannot fail to grow.
        let _ = match self.shape {
            Shape::Text { .. } => write!(Plain(self.line), " {name}={}", Quoted(value)),
            Shape::Json => write!(self.line, ",\"{name}\":{}", Quoted(value)),
        };
    }

    fn value(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // A line cannot fail to grow.
        let _ = match self.shape {
            Shape::Text { .. } if field.name() == "message" => write!(Plain(self.line), " {value}"),
            Shape::Text { .. } => write!(Plain(self.line), " {}={value}", field.name()),
            Shape::Json => write!(self.line, ",\"{}\":{value}", field.name()),
        };
    }
}

impl Visit for Fields<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.value(field, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.value(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.value(field, format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match self.shape {
            // JSON has no infinity.
            Shape::Json if !value.is_finite() => self.value(field, format_args!("null")),
            _ => self.value(field, format_args!("{value}")),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match self.shape {
            Shape::Text { .. } if field.name() == "message" => self.value(field, format_args!("{value}")),
            _ => self.value(field, format_args!("{}", Quoted(value))),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match self.shape {
            Shape::Text { .. } => self.value(field, format_args!("{value:?}")),
            Shape::Json => self.value(field, format_args!("\"{}\"", Escaped(value))),
        }
    }
}

/// A text in quotes, as JSON has it (RFC 8259, section 7).
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        Json(f).write_str(self.0)?;
        f.write_char('"')
    }
}

/// What a value shows of itself, as the inside of a JSON string.
struct Escaped<'v>(&'v dyn fmt::Debug);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Json(f), "{:?}", self.0)
    }
}

/// Escapes what is written through it for the inside of a JSON string.
struct Json<'f, 'b>(&'f mut fmt::Formatter<'b>);

impl Write for Json<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(
            self.0,
            text,
            |c| !matches!(c, '"' | '\\') && !c.is_control(),
            |out, c| match c {
                '"' => out.write_str("\\\""),
                '\\' => out.write_str("\\\\"),
                '\n' => out.write_str("\\n"),
                '\t' => out.write_str("\\t"),
                c => write!(out, "\\u{:04x}", u32::from(c)),
            },
        )
    }
}

/// Escapes what a terminal would obey; lines and tabs, which backtraces have, stay.
struct Plain<'l>(&'l mut String);

impl Write for Plain<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let stays = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
        escape(self.0, text, stays, |out, c| write!(out, "\\u{{{:x}}}", u32::from(c)))
    }
}

/// Writes a text, whole where all of it stays.
fn escape<W: Write>(
    out: &mut W,
    mut text: &str,
    stays: impl Fn(char) -> bool,
    instead: impl Fn(&mut W, char) -> fmt::Result,
) -> fmt::Result {
    while let Some((at, c)) = text.char_indices().find(|(_, c)| !stays(*c)) {
        let (before, after) = text.split_at(at);
        out.write_str(before)?;
        instead(out, c)?;
        text = after.get(c.len_utf8()..).unwrap_or_default();
    }
    out.write_str(text)
}
