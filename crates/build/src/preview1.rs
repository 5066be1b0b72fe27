//! What stands in for WASI preview 1 in a component: our own stand-in where it suffices, else the adapter to WASI 0.2.

use crate::contract;
use crate::error::BuildError;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload, TypeRef};

/// The module name of WASI preview 1, which is that of its adapter.
pub(crate) const MODULE: &str = WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;

/// The stand-in as text.
const TEXT: &str = include_str!("preview1.wat");

/// The stand-in as a module, or why its text is malformed.
static STAND_IN: LazyLock<Result<Vec<u8>, String>> =
    LazyLock::new(|| wat::parse_str(TEXT).map_err(|why| why.to_string()));

/// The adapter for a core module; none where it imports nothing of WASI. A module that calls only what our stand-in has imports no WASI
/// afterwards; any other imports WASI 0.2.
pub(crate) fn adapter(module: &[u8]) -> Result<Option<Vec<u8>>, BuildError> {
    let wanted = imports(module);
    if wanted.is_empty() {
        return Ok(None);
    }
    let broken = |why: &String| BuildError::Project(format!("the stand-in for WASI is malformed: {why}"));
    let stand_in = STAND_IN.as_ref().map_err(broken)?;
    if wanted.is_subset(&exports(stand_in)) {
        return contract::embed_type(stand_in.clone(), contract::PREVIEW1).map(Some);
    }
    Ok(Some(WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER.to_vec()))
}

/// The functions of WASI preview 1 that a module imports.
fn imports(module: &[u8]) -> BTreeSet<String> {
    let payloads = Parser::new(0).parse_all(module).filter_map(Result::ok);
    let imports = payloads.filter_map(|payload| match payload {
        Payload::ImportSection(section) => Some(section),
        _ => None,
    });
    let imports = imports.flat_map(|section| section.into_imports().filter_map(Result::ok));
    let ours = imports.filter(|import| import.module == MODULE && matches!(import.ty, TypeRef::Func(_)));
    ours.map(|import| import.name.to_owned()).collect()
}

/// The names that a module exports.
fn exports(module: &[u8]) -> BTreeSet<String> {
    let payloads = Parser::new(0).parse_all(module).filter_map(Result::ok);
    let exports = payloads.filter_map(|payload| match payload {
        Payload::ExportSection(section) => Some(section),
        _ => None,
    });
    let exports = exports.flat_map(|section| section.into_iter().filter_map(Result::ok));
    exports.map(|export| export.name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(imports: &[&str]) -> Vec<u8> {
        let imports: String = imports.iter().map(|name| format!("(import \"{MODULE}\" \"{name}\" (func))")).collect();
        wat::parse_str(format!("(module {imports})")).unwrap()
    }

    #[test]
    fn a_module_without_wasi_needs_no_adapter() {
        assert_eq!(adapter(&module(&[])).unwrap(), None);
    }

    #[test]
    fn the_stand_in_is_taken_where_it_suffices() {
        let stand_in = adapter(&module(&["proc_exit", "poll_oneoff"])).unwrap().unwrap();
        assert!(stand_in.len() < 8192, "{}", stand_in.len());
        let adapter = adapter(&module(&["proc_exit", "path_open"])).unwrap().unwrap();
        assert_eq!(adapter, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER);
    }
}
