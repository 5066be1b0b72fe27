//! Takes the shim out of a component.
//!
//! A plugin's imports use its memory, which is there only when the plugin's module has its instance, which needs the imports. So
//! `wit-component` gives the module functions of a *shim*, a module with a table, and lets a third module, the *fixup*, put the
//! imports into that table afterwards. A host makes and drops all three for each login. The plugin's module has a table
//! anyway: here it gets the shim's functions and the places of the imports in its own, and the fixup fills those. One instance
//! and one table less, and the same fuel (docs/adr/0062-plugins-without-a-shim.md).

mod items;
mod kept;
mod main_module;
mod plan;
mod stand_ins;
mod written;

pub use kept::ShimKept;

use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// The component without its shim. It imports and exports the same.
///
/// # Errors
/// Why the component has to stay as it is.
pub(crate) fn remove(component: &[u8]) -> Result<Vec<u8>, ShimKept> {
    let items = items::read(component)?;
    let plan = plan::Plan::of(&items)?;
    let without = written::write(items, &plan)?;
    let invalid = |why: String| ShimKept::Invalid(why);
    Validator::new_with_features(WasmFeatures::all()).validate_all(&without).map_err(|why| invalid(why.to_string()))?;
    if interface(component)? != interface(&without)? {
        return Err(invalid("its imports or exports would be others".to_owned()));
    }
    Ok(without)
}

/// The sections with the imports and exports of a component, and with their types.
fn interface(component: &[u8]) -> Result<Vec<&[u8]>, ShimKept> {
    let (mut sections, mut depth) = (Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(_)
            | Payload::ComponentExportSection(_)
            | Payload::ComponentTypeSection(_)
                if depth == 0 =>
            {
                let range = payload.as_section().map(|(_, range)| range).unwrap_or_default();
                sections.push(component.get(range).unwrap_or_default());
            }
            _ => {}
        }
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component;
    use crate::contract;
    use crate::language::Language;
    use wasmparser::Instance;

    /// What a compiler makes of a plugin that reads its settings and the clock.
    const IMPORTS: &str = r#"
        (import "postlude:action/login@0.1.0" "settings" (func $settings (param i32)))
        (import "postlude:action/clock@0.1.0" "now" (func $now (result i64)))"#;
    const REST: &str = r#"
        (memory (export "memory") 1)
        (func $on (result i32) (call $settings (i32.const 64)) (drop (call $now)) (i32.const 8))
        (export "on-login" (func $on))
        (export "on-continue" (func $on))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))"#;
    const TABLE: &str = "(table 3 3 funcref) (elem (i32.const 1) func $on $now)";

    fn component(imports: &str, rest: &str) -> (Vec<u8>, Option<ShimKept>) {
        let module = wat::parse_str(format!("(module {IMPORTS} {imports} {REST} {rest})")).unwrap();
        component::from_module(&contract::embed_type(module, contract::PLUGIN).unwrap(), Language::C).unwrap()
    }

    fn kept(rest: &str) -> String {
        component("", rest).1.unwrap().to_string()
    }

    /// The core modules, the instances made of them, and the sizes of their tables.
    fn counts(component: &[u8]) -> (usize, usize, Vec<u64>) {
        let (mut modules, mut instances, mut tables) = (0, 0, Vec::new());
        for payload in Parser::new(0).parse_all(component) {
            match payload.unwrap() {
                Payload::ModuleSection { .. } => modules += 1,
                Payload::InstanceSection(section) => {
                    let all = section.into_iter().map(Result::unwrap);
                    instances += all.filter(|instance| matches!(instance, Instance::Instantiate { .. })).count();
                }
                Payload::TableSection(section) => {
                    tables.extend(section.into_iter().map(|table| table.unwrap().ty.initial))
                }
                _ => {}
            }
        }
        (modules, instances, tables)
    }

    fn imports(component: &[u8]) -> Vec<String> {
        let manifest = br#"{"manifest":1,"name":"x","version":"0.1.0","author":"x","abi":"postlude:action@0.1.0","requires":["login.settings","clock.now"]}"#;
        postlude_sandbox::inspect(&component::embed_manifest(component, manifest)).imports
    }

    #[test]
    fn a_plugin_has_two_instances_and_one_table_and_imports_the_same() {
        let (without, kept) = component("", TABLE);
        assert_eq!(kept, None);
        assert_eq!(counts(&without), (2, 2, vec![5]));
        assert_eq!(imports(&without), ["clock.now", "login.settings"]);
        assert_eq!(component("", TABLE).0, without, "the same input gives the same bytes");
    }

    #[test]
    fn a_module_without_a_table_gets_one() {
        let (without, kept) = component("", "");
        assert_eq!((kept, counts(&without)), (None, (2, 2, vec![2])));
    }

    #[test]
    fn functions_of_the_shim_that_the_stand_in_for_wasi_uses_are_handed_to_it() {
        let wasi = r#"(import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))"#;
        let (without, kept) = component(wasi, TABLE);
        assert_eq!(kept, None);
        let (modules, instances, tables) = counts(&without);
        assert_eq!((modules, instances), (3, 3), "the plugin, the stand-in, and what fills the table");
        assert!(tables.first().is_some_and(|size| *size > 5), "{tables:?}");
        assert_eq!(imports(&without), ["clock.now", "login.settings", "random.bytes"]);
    }

    #[test]
    fn a_module_that_would_notice_keeps_its_shim() {
        assert_eq!(kept("(func $start) (start $start)"), "the module has a start function");
        assert_eq!(kept("(@custom \".debug_info\" \"\")"), "the module has debug information");
        let size = "(table 3 funcref) (func (result i32) (table.size 0))";
        assert_eq!(kept(size), "the module has instructions that read or change its tables");
        let externs = "(table 3 externref)";
        assert!(kept(externs).contains("the first table of its module is not one of functions"));
        let export = "(export \"postlude:imports\" (memory 0))";
        assert!(kept(export).contains("its module exports a name that begins with `postlude:`"));
    }

    #[test]
    fn what_was_cut_short_is_an_error() {
        let (whole, _) = component("", TABLE);
        for length in [0, 7, 8, 20, whole.len() / 2, whole.len() - 1] {
            assert!(remove(&whole[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(remove(&whole), Err(ShimKept::NoShim));
    }
}
