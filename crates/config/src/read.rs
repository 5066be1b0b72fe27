//! Reading tables: typed access to keys, with unknown and missing keys reported and the nearest known one suggested.

use super::problem::{Complaint, Log, Place};
use super::tree::{Kind, Node, Table};
use std::ops::Deref;

/// A value and where it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub at: Place,
}

impl<T> At<T> {
    /// A value at a place.
    pub const fn new(value: T, at: Place) -> Self {
        Self { value, at }
    }
}

impl<T> Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// One table while it is read.
#[derive(Debug)]
pub struct Section<'a> {
    /// Where problems go.
    pub log: &'a Log,
    /// Where the table begins.
    pub at: Place,
    /// Whose table it is, for messages: empty, or ending in `: `.
    subject: String,
    /// The keys that lead to it from the subject: empty, or ending in `.`.
    path: String,
    table: &'a Table,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// The file's own table.
    pub fn root(log: &'a Log, table: &'a Table) -> Self {
        let (subject, path) = (String::new(), String::new());
        Self { log, at: Place::default(), subject, path, table, known: Vec::new() }
    }

    /// A table that stands for a thing of its own, such as an action. None, with a complaint, when it is no table.
    pub fn of(log: &'a Log, subject: String, at: Place, node: &'a Node) -> Option<Self> {
        match &node.kind {
            Kind::Table(table) => {
                Some(Self { log, at, subject: format!("{subject}: "), path: String::new(), table, known: Vec::new() })
            }
            Kind::Broken => None,
            other => {
                log.error(node.at, format!("{subject}: is {}, not a table", other.name()));
                None
            }
        }
    }

    /// A table below this one.
    pub fn table(&mut self, key: &'static str) -> Option<Section<'a>> {
        let (at, node) = self.entry(key)?;
        let Kind::Table(table) = &node.kind else {
            self.mistyped::<()>(key, node, "a table");
            return None;
        };
        let path = format!("{}{key}.", self.path);
        Some(Section { log: self.log, at, subject: self.subject.clone(), path, table, known: Vec::new() })
    }

    /// Gives the table another subject, once its name is known.
    pub fn rename(&mut self, subject: &str) {
        self.subject = format!("{subject}: ");
    }

    /// Whose table it is, for messages.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.subject.strip_suffix(": ").unwrap_or(&self.subject)
    }

    /// A thing of this section's subject, for messages.
    pub fn subject_of(&self, thing: &str) -> String {
        format!("{}{thing}", self.subject.strip_suffix(": ").map_or_else(String::new, |owner| format!("{owner}, ")))
    }

    /// A key as messages name it.
    pub fn label(&self, key: &str) -> String {
        format!("{}`{}{key}`", self.subject, self.path)
    }

    /// A key's place and value; the key is known from now on.
    pub fn entry(&mut self, key: &'static str) -> Option<(Place, &'a Node)> {
        self.known.push(key);
        self.table.get(key).map(|(at, node)| (*at, node))
    }

    /// Whether the key is there, without knowing it.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether a table below this one has the key.
    pub fn has_in(&self, table: &str, key: &str) -> bool {
        matches!(self.table.get(table), Some((_, Node { kind: Kind::Table(table), .. })) if table.contains_key(key))
    }

    /// The place of a key, or of the table.
    pub fn place(&self, key: &str) -> Place {
        self.table.get(key).map_or(self.at, |(at, _)| *at)
    }

    /// Every entry of a table whose keys are names.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, Place, &'a Node)> + use<'a> {
        self.table.iter().map(|(key, (at, node))| (key.as_str(), *at, node))
    }

    /// A string.
    pub fn string(&mut self, key: &'static str) -> Option<At<&'a str>> {
        let (_, node) = self.entry(key)?;
        self.text_of(key, node)
    }

    /// A boolean.
    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let (_, node) = self.entry(key)?;
        match node.kind {
            Kind::Boolean(yes) => Some(yes),
            _ => self.mistyped(key, node, "a boolean"),
        }
    }

    /// An integer.
    pub fn integer(&mut self, key: &'static str) -> Option<At<i64>> {
        let (_, node) = self.entry(key)?;
        match node.kind {
            Kind::Integer(number) => Some(At::new(number, node.at)),
            _ => self.mistyped(key, node, "an integer"),
        }
    }

    /// An array's items, with the label that messages give them.
    pub fn array(&mut self, key: &'static str) -> Option<&'a [Node]> {
        let (_, node) = self.entry(key)?;
        match &node.kind {
            Kind::Array(items) => Some(items),
            _ => self.mistyped(key, node, "an array"),
        }
    }

    /// A string that is read further.
    pub fn parsed<T>(&mut self, key: &'static str, read: impl FnOnce(&str) -> Result<T, Complaint>) -> Option<At<T>> {
        let text = self.string(key)?;
        self.value_or_report(key, text.at, read(text.value))
    }

    /// Strings that are read further; a repetition is an error. An absent key is an empty list.
    pub fn list<T: PartialEq>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&str) -> Result<T, Complaint>,
    ) -> Vec<At<T>> {
        let Some((_, node)) = self.entry(key) else { return Vec::new() };
        self.strings_at(key, node, &mut read)
    }

    /// Reads a value that was found already.
    pub fn strings<T: PartialEq>(
        &self,
        key: &str,
        node: &'a Node,
        mut read: impl FnMut(&str) -> Result<T, Complaint>,
    ) -> Vec<T> {
        self.strings_at(key, node, &mut read).into_iter().map(|item| item.value).collect()
    }

    fn strings_at<T: PartialEq>(
        &self,
        key: &str,
        node: &'a Node,
        read: &mut dyn FnMut(&str) -> Result<T, Complaint>,
    ) -> Vec<At<T>> {
        let mut found: Vec<At<T>> = Vec::new();
        let items: &[Node] = match &node.kind {
            Kind::Array(items) => items,
            _ => self.mistyped(key, node, "an array").unwrap_or_default(),
        };
        for node in items {
            let Kind::String(text) = &node.kind else {
                self.mistyped_item(key, node);
                continue;
            };
            let Some(item) = self.value_or_report(key, node.at, read(text)) else { continue };
            if found.iter().any(|earlier| earlier.value == item.value) {
                self.log.error_hint(
                    item.at,
                    format!("{}: `{}` stands twice", self.label(key), shown(text)),
                    "remove one",
                );
            } else {
                found.push(item);
            }
        }
        found
    }

    /// Turns a complaint into a problem of this key.
    pub fn value_or_report<T>(&self, key: &str, at: Place, result: Result<T, Complaint>) -> Option<At<T>> {
        match result {
            Ok(value) => Some(At::new(value, at)),
            Err(complaint) => {
                self.log.complain(at, &self.label(key), complaint);
                None
            }
        }
    }

    /// Says that a key which must be there is not.
    pub fn missing(&self, key: &str, hint: &str) {
        // After a syntax error it may be there, and only not read.
        if !self.log.is_unparsed() {
            self.log.error_hint(self.at, format!("{} is missing", self.label(key)), hint);
        }
    }

    /// Says that a value has another type.
    pub fn mistyped<T>(&self, key: &str, node: &Node, wanted: &str) -> Option<T> {
        // What the syntax already complained about is not complained about twice.
        if !matches!(node.kind, Kind::Broken) {
            self.log.error(node.at, format!("{} must be {wanted}, not {}", self.label(key), node.kind.name()));
        }
        None
    }

    fn mistyped_item(&self, key: &str, node: &Node) {
        if !matches!(node.kind, Kind::Broken) {
            self.log.error(node.at, format!("{} holds {}, not only strings", self.label(key), node.kind.name()));
        }
    }

    fn text_of(&self, key: &str, node: &'a Node) -> Option<At<&'a str>> {
        match &node.kind {
            Kind::String(text) => Some(At::new(text.as_str(), node.at)),
            _ => self.mistyped(key, node, "a string"),
        }
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        for (key, (at, _)) in self.table {
            // After a syntax error it may belong to another table.
            if self.log.is_unparsed() || self.known.contains(&key.as_str()) {
                continue;
            }
            let message = format!("{} is not known here", self.label(&shown(key)));
            self.log.error_hint(*at, message, self.suggestion(key));
        }
    }

    fn suggestion(&self, key: &str) -> String {
        nearest(key, self.known.iter().copied()).map_or_else(
            || format!("known keys: {}", self.known.join(", ")),
            |known| format!("did you mean `{known}`?"),
        )
    }
}

/// The candidate that is a typing mistake away from the text, if there is one.
pub fn nearest<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let near = candidates.map(|known| (strsim::damerau_levenshtein(text, known), known));
    let (distance, known) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + known.len() / 5).then_some(known)
}

/// A text for a message: control characters escaped, and not endless.
pub fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
