//! The contract's WIT, cut down to the functions that a plugin calls.
//!
//! The toolchains of JavaScript and Python let a component import all that its world names, called or not, and a host
//! refuses imports that the manifest does not declare. So they are given a world of their own for each plugin.

use crate::contract;
use crate::error::BuildError;
use std::collections::BTreeSet;
use std::fmt::Display;
use wit_component::WitPrinter;
use wit_parser::{PackageId, Resolve, SourceMap, WorldItem};

/// The contract, read.
pub(crate) struct Contract {
    resolve: Resolve,
    package: PackageId,
}

impl Contract {
    /// Reads the contract.
    ///
    /// # Errors
    /// Never for the files that this program brings along; a test reads them.
    pub(crate) fn read() -> Result<Self, BuildError> {
        let broken =
            |why: &dyn Display| BuildError::Project(format!("the contract of this program is malformed: {why}"));
        let mut sources = SourceMap::new();
        for (name, text) in contract::FILES {
            sources.push_str(name, *text);
        }
        let group = sources.parse().map_err(|(_, why)| broken(&why))?;
        let mut resolve = Resolve::default();
        let package = resolve.push_group(group).map_err(|why| broken(&why))?;
        Ok(Self { resolve, package })
    }

    /// Its types and functions.
    #[cfg(test)]
    pub(crate) const fn resolve(&self) -> &Resolve {
        &self.resolve
    }

    /// Every function that a plugin can call, as `session.record-factor`, in order of their names.
    pub(crate) fn functions(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for (_, interface) in &self.resolve.interfaces {
            let name = interface.name.as_deref().unwrap_or_default();
            all.extend(interface.functions.keys().map(|function| format!("{name}.{function}")));
        }
        all
    }

    /// The text of the contract with the world `post-login` alone, and no other imports than these functions.
    ///
    /// # Errors
    /// When a name is no function of the contract.
    pub(crate) fn trimmed(mut self, used: &BTreeSet<String>) -> Result<String, BuildError> {
        let unknown: Vec<_> = used.difference(&self.functions()).cloned().collect();
        if !unknown.is_empty() {
            return Err(BuildError::NotAPlugin(format!(
                "the plugin calls `{}`, which the contract does not have",
                unknown.join("`, `")
            )));
        }
        for (_, interface) in self.resolve.interfaces.iter_mut() {
            let name = interface.name.clone().unwrap_or_default();
            interface.functions.retain(|function, _| used.contains(&format!("{name}.{function}")));
        }
        let empty: BTreeSet<_> = self
            .resolve
            .interfaces
            .iter()
            .filter(|(_, interface)| interface.functions.is_empty())
            .map(|(id, _)| id)
            .collect();
        if let Some(package) = self.resolve.packages.get_mut(self.package) {
            package.worlds.retain(|name, _| name == contract::PLUGIN);
        }
        for (_, world) in self.resolve.worlds.iter_mut() {
            // What only has types stays where another interface uses them.
            world.imports.retain(|_, item| match item {
                WorldItem::Interface { id, .. } => !empty.contains(id),
                WorldItem::Function(_) | WorldItem::Type { .. } => true,
            });
        }
        let mut printer = WitPrinter::default();
        printer.emit_docs(false);
        printer
            .print(&self.resolve, self.package, &[])
            .map_err(|why| BuildError::NotAPlugin(format!("the contract cannot be written: {why}")))?;
        Ok(printer.output.to_string())
    }
}

/// The name of a function in JavaScript's spelling, `recordFactor`, from that of the contract, `record-factor`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let mut letters = word.chars();
        let upper: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        text + &upper + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_world_has_only_the_functions_that_are_called() {
        let contract = Contract::read().unwrap();
        let text = contract.trimmed(&used(&["session.record-factor", "log.log"])).unwrap();
        let mut resolve = Resolve::default();
        let package = resolve.push_str("trimmed.wit", &text).unwrap();
        let world = resolve.select_world(&[package], Some(contract::PLUGIN)).unwrap();
        let mut functions = Vec::new();
        for item in resolve.worlds[world].imports.values() {
            if let WorldItem::Interface { id, .. } = item {
                let interface = &resolve.interfaces[*id];
                functions.extend(
                    interface.functions.keys().map(|name| format!("{}.{name}", interface.name.as_ref().unwrap())),
                );
            }
        }
        functions.sort();
        assert_eq!(functions, ["log.log", "session.record-factor"]);
        assert_eq!(resolve.packages[package].worlds.len(), 1);
    }

    #[test]
    fn a_function_that_the_contract_does_not_have_is_named() {
        let contract = Contract::read().unwrap();
        let why = contract.trimmed(&used(&["log.log", "files.open"])).unwrap_err().to_string();
        assert_eq!(why, "the plugin calls `files.open`, which the contract does not have");
    }

    #[test]
    fn names_are_spelt_as_javascript_spells_them() {
        assert_eq!(camel_case("record-factor"), "recordFactor");
        assert_eq!(camel_case("set-id-token"), "setIdToken");
        assert_eq!(camel_case("now"), "now");
    }
}
