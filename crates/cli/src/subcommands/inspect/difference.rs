//! What changes from one version of a plugin to another, and whether the new one asks for more.

use super::facts::{capabilities, limits, proof, settings, text};
use crate::output::{self, Paint};
use postlude_model::manifest::Manifest;
use postlude_sandbox::Inspection;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// A fact that holds of one version and not of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    added: bool,
    what: String,
    value: String,
}

/// What changes from an old version to a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    same_file: bool,
    changes: Vec<Change>,
    /// The new version asks for what the operator did not approve with the old one.
    asks_for_more: bool,
}

/// What an operator approves: all but the version, the imports and the settings' names.
type Facts = BTreeSet<(String, String)>;

impl Difference {
    pub(super) fn between(old: &Inspection, new: &Inspection) -> Self {
        let (before, after) = (facts(old), facts(new));
        let (asked_before, asked_after) = (asked(old), asked(new));
        let all_before: Facts = before.union(&asked_before).cloned().collect();
        let all_after: Facts = after.union(&asked_after).cloned().collect();
        let change =
            |added| move |(what, value): &(String, String)| Change { added, what: what.clone(), value: value.clone() };
        let gone = all_before.difference(&all_after).map(change(false));
        let come = all_after.difference(&all_before).map(change(true));
        let mut changes: Vec<_> = gone.chain(come).collect();
        changes.sort_by(|a, b| (&a.what, a.added, &a.value).cmp(&(&b.what, b.added, &b.value)));
        Self {
            same_file: old.digest == new.digest,
            changes,
            asks_for_more: asked_after.difference(&asked_before).next().is_some(),
        }
    }

    pub(super) fn as_json(&self) -> Value {
        let side = |added: bool| {
            let of_side = self.changes.iter().filter(|change| change.added == added);
            of_side.map(|change| json!({ "what": change.what, "value": change.value })).collect::<Vec<_>>()
        };
        json!({
            "same_file": self.same_file,
            "asks_for_more": self.asks_for_more,
            "removed": side(false),
            "added": side(true),
        })
    }

    pub(super) fn show(&self, old: &Path) {
        let old = old.display();
        if self.same_file {
            return output::line(format!("the same file as `{old}`"));
        }
        output::line(format!("against `{old}`:"));
        for Change { added, what, value } in &self.changes {
            let (sign, paint) = if *added { ("+", Paint::Good) } else { ("-", Paint::Bad) };
            output::line(output::coloured(paint, &format!("  {sign} {what:<24} {value}")));
        }
        output::line(if self.asks_for_more {
            output::coloured(Paint::Careful, "  it asks for more than the other: the grants need a new approval")
        } else {
            output::coloured(Paint::Good, "  it asks for nothing that the other does not")
        });
    }
}

fn facts(inspection: &Inspection) -> Facts {
    let pair = |what: &str, value: String| (what.to_owned(), value);
    let imports = inspection.imports.iter().chain(&inspection.wasi);
    let mut facts: Facts = imports.map(|name| pair("imports", name.clone())).collect();
    facts
        .insert(pair("size", format!("{} bytes", output::grouped(u64::try_from(inspection.size).unwrap_or(u64::MAX)))));
    facts.insert(pair("tier", inspection.tier.as_str().to_owned()));
    if let Ok(manifest) = &inspection.manifest {
        facts.insert(pair("name", manifest.name.to_string()));
        facts.insert(pair("version", manifest.version.clone()));
        facts.insert(pair("abi", manifest.abi.as_str().to_owned()));
        facts.extend(limits(manifest).into_iter().map(|(name, value)| (format!("lowers {name}"), value)));
        facts.extend(settings(manifest).into_iter().map(|setting| pair("setting", setting)));
    }
    facts
}

fn asked(inspection: &Inspection) -> Facts {
    let mut facts: Facts =
        inspection.foreign.iter().map(|name| ("imports not ours".to_owned(), name.clone())).collect();
    let Ok(manifest) = &inspection.manifest else { return facts };
    let Manifest { publisher, factors, result, .. } = manifest;
    facts.insert(("publisher".to_owned(), publisher.clone()));
    facts.insert(("reply proved by".to_owned(), proof(result)));
    for factor in factors {
        let name = text(&serde_json::to_value(&factor.name).unwrap_or_default());
        facts.insert(("records factor".to_owned(), name.clone()));
        facts.extend(factor.amr.iter().map(|amr| ("proposes amr".to_owned(), format!("{amr} for {name}"))));
    }
    for (name, values) in capabilities(manifest) {
        facts.extend(values.into_iter().map(|value| (format!("asks for {name}"), value)));
    }
    facts
}
