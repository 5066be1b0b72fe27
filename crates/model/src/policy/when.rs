//! Conditions of an action: a closed list of tests of the event, evaluated once, when the login begins.

use crate::json::Json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// A clause holds where any of its conditions does. An action's clauses must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clause {
    /// The conditions of which one suffices.
    pub any: Vec<Condition>,
}

/// A test of one value of the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The value's RFC 6901 pointer. One that leads nowhere, or to null, is absent.
    pub pointer: String,
    /// What must be true of the value.
    pub test: Test,
}

/// What must be true of a value. Of an absent one each test with a negation is true, and no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// The value exists, or, with `false`, is absent.
    Exists(bool),
    /// The value equals this one.
    Equals(Scalar),
    /// The value does not equal this one.
    NotEquals(Scalar),
    /// The value is one of these.
    In(Vec<Scalar>),
    /// The value is none of these.
    NotIn(Vec<Scalar>),
    /// The value is an array that contains this one.
    Contains(Scalar),
    /// The value is not an array that contains this one.
    NotContains(Scalar),
}

/// A value to compare with. No conversions: the text `"1"` is not the number 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scalar {
    /// A string, compared byte for byte.
    Text(String),
    /// An integer; equal to a JSON number of the same value, however it is written.
    Integer(i64),
    /// A boolean.
    Boolean(bool),
}

/// The first of the clauses that does not hold for an event, in words; none where all hold.
#[must_use]
pub fn unmet(clauses: &[Clause], event: &Value) -> Option<String> {
    let missed = clauses.iter().find(|clause| !clause.any.iter().any(|condition| condition.holds(event)))?;
    Some(format!("the event does not meet {missed}"))
}

impl Condition {
    /// Whether the condition holds for an event.
    #[must_use]
    pub fn holds(&self, event: &Value) -> bool {
        let found = event.pointer(&self.pointer).filter(|value| !value.is_null());
        let is = |wanted: &Scalar| found.is_some_and(|value| wanted.is(value));
        let has = |wanted: &Scalar| {
            let items = found.and_then(Value::as_array).into_iter().flatten();
            items.into_iter().any(|item| wanted.is(item))
        };
        match &self.test {
            Test::Exists(wanted) => found.is_some() == *wanted,
            Test::Equals(wanted) => is(wanted),
            Test::NotEquals(wanted) => !is(wanted),
            Test::In(wanted) => wanted.iter().any(is),
            Test::NotIn(wanted) => !wanted.iter().any(is),
            Test::Contains(wanted) => has(wanted),
            Test::NotContains(wanted) => !has(wanted),
        }
    }

    /// Whether an absent value fails the condition: then an event that says less makes the action run less often.
    #[must_use]
    pub const fn needs_presence(&self) -> bool {
        matches!(self.test, Test::Exists(true) | Test::Equals(_) | Test::In(_) | Test::Contains(_))
    }
}

impl Scalar {
    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(wanted), Value::String(found)) => wanted == found,
            (Self::Boolean(wanted), Value::Bool(found)) => wanted == found,
            (Self::Integer(wanted), Value::Number(found)) => {
                found.as_i64() == Some(*wanted) || (found.is_f64() && found.as_f64() == exact(*wanted))
            }
            _ => false,
        }
    }
}

/// The number as JSON's own, where it is one without rounding.
fn exact(number: i64) -> Option<f64> {
    let small = i32::try_from(number).ok().map(f64::from);
    // Numbers of up to 53 bits are exact; larger ones are made of two halves that are.
    small.or_else(|| {
        let (high, low) = (i32::try_from(number >> 32).ok()?, u32::try_from(number & 0xffff_ffff).ok()?);
        (number.unsigned_abs() < 1 << 53).then(|| f64::from(high).mul_add(4_294_967_296.0, f64::from(low)))
    })
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, condition) in self.any.iter().enumerate() {
            write!(f, "{}{condition}", if at == 0 { "" } else { " or " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = &self.pointer;
        match &self.test {
            Test::Exists(true) => write!(f, "`{pointer}` exists"),
            Test::Exists(false) => write!(f, "`{pointer}` is absent"),
            Test::Equals(wanted) => write!(f, "`{pointer}` equals {wanted}"),
            Test::NotEquals(wanted) => write!(f, "`{pointer}` does not equal {wanted}"),
            Test::In(wanted) => write!(f, "`{pointer}` is in {}", list(wanted)),
            Test::NotIn(wanted) => write!(f, "`{pointer}` is not in {}", list(wanted)),
            Test::Contains(wanted) => write!(f, "`{pointer}` contains {wanted}"),
            Test::NotContains(wanted) => write!(f, "`{pointer}` does not contain {wanted}"),
        }
    }
}

fn list(wanted: &[Scalar]) -> String {
    format!("[{}]", wanted.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(Json::string(text).as_str()),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(yes) => write!(f, "{yes}"),
        }
    }
}
