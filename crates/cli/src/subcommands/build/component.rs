//! From a core module to a component that carries its manifest.

use anyhow::{Context as _, Result, bail};
use postlude_model::abi::{AbiVersion, accepted_packages};
use postlude_model::manifest::SECTION;
use postlude_model::run::Phase;
use wit_component::{ComponentEncoder, DecodedWasm};

/// Makes a component of a core module that was compiled against the contract; debug names stay in.
///
/// # Errors
/// When the module has no component type inside (it does not use the SDK), or imports what no component can have.
pub(super) fn from_module(module: &[u8]) -> Result<Vec<u8>> {
    const HINT: &str = "the module is not a plugin: is `postlude_sdk::export!` called in its lib.rs?";
    let encoder = ComponentEncoder::default().validate(true).module(module);
    let component = encoder.and_then(|mut encoder| encoder.encode()).context(HINT)?;
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&component)? else { bail!(HINT) };
    // A module without any contract makes a valid component that does nothing.
    let world = resolve.worlds.get(world).context(HINT)?;
    let exports: Vec<String> = world.exports.keys().map(|key| resolve.name_world_key(key)).collect();
    if !Phase::ALL.iter().all(|phase| exports.iter().any(|export| export == phase.as_str())) {
        bail!(HINT);
    }
    Ok(component)
}

/// The functions of the contract that the component calls, as `session.record-factor`, in order of their names.
///
/// # Errors
/// When the component imports anything else: no host would load it.
pub(super) fn imports(component: &[u8]) -> Result<Vec<String>> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        bail!("the file is no component");
    };
    let mut names = Vec::new();
    for key in resolve.worlds.get(world).iter().flat_map(|world| world.imports.keys()) {
        let name = resolve.name_world_key(key);
        // A name without a package is a type that the exports use.
        if !name.contains(':') {
            continue;
        }
        let Some((_, own)) = AbiVersion::of_import(&name) else {
            bail!("the plugin imports `{name}`, which is not of `{}`: no host would load it", accepted_packages());
        };
        let interface = resolve.interfaces.iter().find(|(id, _)| resolve.id_of(*id).is_some_and(|id| id == name));
        let functions = interface.into_iter().flat_map(|(_, interface)| interface.functions.keys());
        names.extend(functions.map(|function| format!("{own}.{function}")));
    }
    names.sort();
    Ok(names)
}

/// The component with its manifest as the last custom section, at the outermost level.
pub(crate) fn embed_manifest(component: &[u8], manifest: &[u8]) -> Vec<u8> {
    let name = length(SECTION.len());
    let mut plugin = component.to_vec();
    plugin.push(0);
    plugin.extend(length(name.len().saturating_add(SECTION.len()).saturating_add(manifest.len())));
    plugin.extend(name);
    plugin.extend(SECTION.as_bytes());
    plugin.extend(manifest);
    plugin
}

/// A number as unsigned LEB128, as lengths are written in a component.
fn length(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The preamble of a component, which is an empty component.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn the_manifest_is_the_last_section() {
        let plugin = embed_manifest(EMPTY, b"{}");
        assert_eq!(plugin, [EMPTY, b"\0\x14\x11postlude:manifest{}"].concat());
    }

    #[test]
    fn a_long_manifest_has_a_longer_length() {
        let plugin = embed_manifest(EMPTY, &[b' '; 300]);
        assert_eq!(plugin.get(8..11), Some(&[0, 0xbe, 0x02][..]), "18 + 300 = 318");
        assert_eq!(plugin.len(), EMPTY.len() + 1 + 2 + 18 + 300);
    }

    #[test]
    fn the_manifest_changes_no_interface() {
        assert_eq!(imports(&embed_manifest(EMPTY, b"{}")).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn lengths_are_leb128() {
        assert_eq!(length(0), [0]);
        assert_eq!(length(127), [127]);
        assert_eq!(length(128), [0x80, 1]);
        assert_eq!(length(624_485), [0xe5, 0x8e, 0x26]);
    }

    #[test]
    fn a_module_without_the_contract_is_refused_with_a_hint() {
        let why = format!("{:#}", from_module(b"\0asm\x01\0\0\0").unwrap_err());
        assert!(why.contains("export!"), "{why}");
    }
}
