//! The file as a tree of values that know their places. Syntax errors are collected, and what could be read goes on.

use super::problem::{Log, Place};
use serde_json::{Map, Number, Value};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where the value stands.
    pub at: Place,
    /// The value.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A string.
    String(String),
    /// An integer of 64 bits.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A boolean.
    Boolean(bool),
    /// A date-time, as it was written.
    Datetime(String),
    /// An array.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
    /// A value that was already complained about.
    Broken,
}

/// A table: each key with its own place.
pub type Table = BTreeMap<String, (Place, Node)>;

impl Kind {
    /// The type's name with its article, for messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(_) => "a date-time",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
            Self::Broken => "unreadable",
        }
    }

    /// The value as JSON: a date-time becomes its text. None for infinities, NaN and what could not be read.
    #[must_use]
    pub fn to_json(&self) -> Option<Value> {
        Some(match self {
            Self::String(text) | Self::Datetime(text) => Value::String(text.clone()),
            Self::Integer(number) => Value::Number((*number).into()),
            Self::Float(number) => Value::Number(Number::from_f64(*number)?),
            Self::Boolean(yes) => Value::Bool(*yes),
            Self::Array(items) => Value::Array(items.iter().map(|item| item.kind.to_json()).collect::<Option<_>>()?),
            Self::Table(table) => {
                let members = table.iter().map(|(key, (_, node))| Some((key.clone(), node.kind.to_json()?)));
                Value::Object(members.collect::<Option<Map<_, _>>>()?)
            }
            Self::Broken => return None,
        })
    }
}

/// Reads a file, noting every syntax error.
pub fn parse(text: &str, log: &Log) -> Table {
    let mut reader = Reader { text, lines: line_starts(text), unparsed: BTreeSet::new(), log };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or_else(Place::default, |span| reader.place(span.start));
        log.syntax(at, &error.message().replace('\n', ", "));
        reader.unparsed.insert(at.line);
    }
    reader.table(root.get_ref())
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

struct Reader<'a> {
    text: &'a str,
    lines: Vec<usize>,
    /// Lines with a syntax error: what was made of their values is not looked at.
    unparsed: BTreeSet<usize>,
    log: &'a Log,
}

impl Reader<'_> {
    fn place(&self, offset: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Place { line: line.max(1), column }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        let entries = table.iter().map(|(key, value)| {
            let at = self.place(key.span().start);
            (key.get_ref().to_string(), (at, self.node(value)))
        });
        entries.collect()
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let at = self.place(value.span().start);
        let kind = match value.get_ref() {
            DeValue::Table(table) => Kind::Table(self.table(table)),
            _ if self.unparsed.contains(&at.line) => Kind::Broken,
            DeValue::String(text) => Kind::String(text.to_string()),
            DeValue::Boolean(yes) => Kind::Boolean(*yes),
            DeValue::Datetime(time) => Kind::Datetime(time.to_string()),
            DeValue::Array(items) => Kind::Array(items.iter().map(|item| self.node(item)).collect()),
            DeValue::Integer(number) => {
                let read = i64::from_str_radix(number.as_str(), number.radix());
                read.map_or_else(|_| self.broken(at, "an integer", number.as_str()), Kind::Integer)
            }
            DeValue::Float(number) => {
                let read = number.as_str().parse();
                read.map_or_else(|_| self.broken(at, "a float", number.as_str()), Kind::Float)
            }
        };
        Node { at, kind }
    }

    fn broken(&self, at: Place, what: &str, text: &str) -> Kind {
        self.log.error(at, format!("`{text}` is not {what} that fits into 64 bits"));
        Kind::Broken
    }
}
