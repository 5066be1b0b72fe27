//! When and how an action takes part in a login: `when`, `any_of`, `report_only`, and what its failure means.

use super::problem::{Complaint, Log};
use super::read::{At, Section};
use super::tree::{Kind, Node};
use super::values::{one_of, pointer};
use postlude_model::action::{FailureKind, OnFailure, PerKind, Rules};
use postlude_model::limits;
use postlude_model::names::GroupName;
use postlude_model::policy::when::{Clause, Condition, Scalar, Test};

/// The rules of an action, as the operator wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesConfig {
    /// Its conditions.
    pub when: At<Vec<Clause>>,
    /// Its group.
    pub any_of: Option<At<GroupName>>,
    /// Whether it only reports.
    pub report_only: At<bool>,
}

impl RulesConfig {
    /// The rules as the pipeline takes them.
    #[must_use]
    pub fn rules(&self) -> Rules {
        let any_of = self.any_of.as_ref().map(|group| group.value.clone());
        Rules { when: self.when.value.clone(), any_of, report_only: self.report_only.value }
    }
}

/// Reads the rules of an action.
pub(super) fn rules(section: &mut Section<'_>) -> RulesConfig {
    let when = when(section);
    let any_of = section.parsed("any_of", |text| GroupName::new(text).map_err(|why| Complaint::new(why.to_string())));
    let at = section.place("report_only");
    let report_only = At::new(section.boolean("report_only").unwrap_or_default(), at);
    RulesConfig { when, any_of, report_only }
}

fn when(section: &mut Section<'_>) -> At<Vec<Clause>> {
    let at = section.place("when");
    let subject = section.subject_of("a condition of `when`");
    let nodes = section.array("when").unwrap_or_default();
    let clauses: Vec<Clause> = nodes.iter().filter_map(|node| clause(section.log, &subject, node)).collect();
    let conditions: usize = clauses.iter().map(|clause| clause.any.len()).sum();
    if conditions > limits::CONDITIONS {
        let message =
            format!("{}: {conditions} conditions are more than {}", section.label("when"), limits::CONDITIONS);
        section.log.error_hint(at, message, "let the IdP put one value into the event that says it all");
    }
    At::new(clauses, at)
}

fn clause(log: &Log, subject: &str, node: &Node) -> Option<Clause> {
    let mut section = Section::of(log, subject.to_owned(), node.at, node)?;
    if !section.has("any") {
        return condition(section).map(|condition| Clause { any: vec![condition] });
    }
    let nodes = section.array("any").unwrap_or_default();
    if nodes.is_empty() {
        let message = format!("{} is empty: it would never hold", section.label("any"));
        log.error_hint(node.at, message, "add conditions of which one suffices");
    }
    let one = |node: &Node| Section::of(log, subject.to_owned(), node.at, node).and_then(condition);
    let any = nodes.iter().filter_map(one).collect();
    section.finish();
    Some(Clause { any })
}

fn condition(mut section: Section<'_>) -> Option<Condition> {
    let pointer = section.parsed("pointer", pointer);
    if !section.has("pointer") {
        section.missing("pointer", "name a value of the event, such as `pointer = \"/client/client_id\"`");
    }
    let tests = [
        section.boolean("exists").map(Test::Exists),
        scalar(&mut section, "equals").map(Test::Equals),
        scalar(&mut section, "not_equals").map(Test::NotEquals),
        scalars(&mut section, "in").map(Test::In),
        scalars(&mut section, "not_in").map(Test::NotIn),
        scalar(&mut section, "contains").map(Test::Contains),
        scalar(&mut section, "not_contains").map(Test::NotContains),
    ];
    let written = TESTS.iter().filter(|key| section.has(key)).count();
    if written != 1 {
        let message = match written {
            0 => format!("{} has no test", section.label("pointer")),
            _ => format!("{} has more than one test", section.label("pointer")),
        };
        section.log.error_hint(section.at, message, format!("write one of: {}", TESTS.join(", ")));
    }
    let pointer = pointer.map(|pointer| pointer.value);
    section.finish();
    let test = tests.into_iter().flatten().next().filter(|_| written == 1)?;
    Some(Condition { pointer: pointer?, test })
}

const TESTS: [&str; 7] = ["exists", "equals", "not_equals", "in", "not_in", "contains", "not_contains"];

fn scalar(section: &mut Section<'_>, key: &'static str) -> Option<Scalar> {
    let (_, node) = section.entry(key)?;
    scalar_of(section, key, node)
}

fn scalars(section: &mut Section<'_>, key: &'static str) -> Option<Vec<Scalar>> {
    let (at, _) = section.entry(key)?;
    let nodes = section.array(key)?;
    if nodes.is_empty() || nodes.len() > limits::CONDITION_VALUES {
        let message = format!("{}: {} values", section.label(key), nodes.len());
        section.log.error_hint(at, message, format!("it must be from 1 to {}", limits::CONDITION_VALUES));
    }
    nodes.iter().map(|node| scalar_of(section, key, node)).collect()
}

/// Values that are compared without conversions: no floats, which rarely are what they seem.
fn scalar_of(section: &Section<'_>, key: &str, node: &Node) -> Option<Scalar> {
    match &node.kind {
        Kind::String(text) => Some(Scalar::Text(text.clone())),
        Kind::Integer(number) => Some(Scalar::Integer(*number)),
        Kind::Boolean(yes) => Some(Scalar::Boolean(*yes)),
        _ => section.mistyped(key, node, "a string, an integer or a boolean"),
    }
}

/// Reads `on_failure`: one word, or one for each kind of failure.
pub(super) fn on_failure(section: &mut Section<'_>) -> At<OnFailure> {
    let deny = At::new(OnFailure::Deny, section.at);
    let Some((at, node)) = section.entry("on_failure") else { return deny };
    if !matches!(node.kind, Kind::Table(_)) {
        return section.parsed("on_failure", word).unwrap_or(deny);
    }
    let Some(mut table) = section.table("on_failure") else { return deny };
    let mut opens =
        |kind: FailureKind| table.parsed(kind.as_str(), word).is_some_and(|word| word.value == OnFailure::Continue);
    let [other, unavailable, trap, fuel] = FailureKind::ALL.map(&mut opens);
    table.finish();
    At::new(OnFailure::PerKind(PerKind { other, unavailable, trap, fuel }), at)
}

fn word(text: &str) -> Result<OnFailure, Complaint> {
    one_of(text, "a failure policy", &[("deny", OnFailure::Deny), ("continue", OnFailure::Continue)])
}
