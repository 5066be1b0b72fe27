//! Compares what a component imports with what its manifest declares.

use super::error::{LoadError, Undeclared};
use crate::abi::function::Needs;
use crate::abi::functions;
use postlude_model::manifest::Manifest;

/// Refuses imported functions that need a declaration which the manifest lacks: they could only ever answer
/// `not-granted`, and the operator who reads the manifest would not expect them. Also refuses functions that the manifest's version of
/// the contract does not have.
pub fn check(imports: &[String], manifest: &Manifest) -> Result<(), LoadError> {
    let (mut undeclared, mut unknown) = (Vec::new(), Vec::new());
    for import in imports {
        let Some(function) = functions(manifest.abi).iter().find(|function| function.is(import)) else {
            unknown.push(import.clone());
            continue;
        };
        if let Some((_, false)) = function.needs.field(manifest) {
            add(&mut undeclared, import, function.needs);
        }
    }
    match (unknown.is_empty(), undeclared.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => Err(LoadError::Undeclared(undeclared)),
        (false, _) => Err(LoadError::Imports(unknown)),
    }
}

/// Adds a function to those that want the same declaration.
fn add(undeclared: &mut Vec<Undeclared>, import: &str, needs: Needs) {
    match undeclared.iter_mut().find(|other| other.needs == needs) {
        Some(other) => other.functions.push(import.to_owned()),
        None => undeclared.push(Undeclared { functions: vec![import.to_owned()], needs }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_must_be_of_the_version_that_the_manifest_names() {
        let text = r#"{"name":"p","version":"1.0.0","publisher":"acme.example","abi":"0.1.0"}"#;
        let manifest = Manifest::parse(text.as_bytes()).unwrap();
        assert_eq!(check(&["log.log".to_owned()], &manifest), Ok(()));
        let newer = check(&["log.read".to_owned(), "http.send".to_owned()], &manifest);
        assert_eq!(newer, Err(LoadError::Imports(vec!["log.read".to_owned()])));
    }
}
