//! The macro `postlude_sdk::settings!`: Rust types from the settings schema of a plugin's manifest.

mod names;
mod schema;

use proc_macro::TokenStream;
use serde_json::Value;
use std::path::Path;

/// Defines `Settings` and the types in it from the schema in `manifest.json`, or in the file that is named.
#[proc_macro]
pub fn settings(input: TokenStream) -> TokenStream {
    let text = input.to_string();
    let file = text.trim().trim_matches('"');
    let file = if file.is_empty() { "manifest.json" } else { file };
    let code = types(file).unwrap_or_else(|why| format!("compile_error!({why:?});"));
    code.parse().unwrap_or_else(|why| {
        let why = format!("the settings of `{file}` do not become Rust types: {why}");
        format!("compile_error!({why:?});").parse().unwrap_or_default()
    })
}

/// The types as Rust code, or what is wrong with the file.
fn types(file: &str) -> Result<String, String> {
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let path = Path::new(&root).join(file);
    let text = std::fs::read_to_string(&path).map_err(|why| format!("cannot read `{file}` of this crate: {why}"))?;
    let manifest: Value = serde_json::from_str(&text).map_err(|why| format!("`{file}` is not JSON: {why}"))?;
    let schema = manifest.get("settings").filter(|schema| schema.is_object());
    let schema =
        schema.ok_or_else(|| format!("`{file}` has no `settings`: a plugin without settings needs no types"))?;
    // The compiler watches the file, because it is part of the code.
    let watch =
        format!("const _: &[u8] = include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?}));", format!("/{file}"));
    Ok(schema::types(schema)? + &watch)
}
