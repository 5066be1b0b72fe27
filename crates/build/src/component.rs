//! From a core module to a component that carries its manifest.

use crate::error::BuildError;
use crate::language::Language;
use crate::preview1;
use crate::shim::{self, ShimKept};
use postlude_model::manifest::SECTION;
use postlude_model::run::Phase;
use wit_component::{ComponentEncoder, DecodedWasm};

/// Makes a component of a core module that was compiled against the contract; debug names stay in. Imports of WASI preview 1 become
/// none at all where our stand-in suffices, else imports of WASI 0.2. The shim is taken out, or it is said why not.
pub(crate) fn from_module(module: &[u8], language: Language) -> Result<(Vec<u8>, Option<ShimKept>), BuildError> {
    let not_a_plugin =
        |why: String| BuildError::NotAPlugin(format!("the module is not a plugin: {}{why}", hint(language)));
    let encoder = ComponentEncoder::default().validate(true);
    let encoder = match preview1::adapter(module)? {
        Some(adapter) => encoder.adapter(preview1::MODULE, &adapter),
        None => Ok(encoder),
    };
    let component = encoder.and_then(|encoder| encoder.module(module)).and_then(|mut encoder| encoder.encode());
    let component = component.map_err(|why| not_a_plugin(format!(" ({why:#})")))?;
    let Ok(DecodedWasm::Component(resolve, world)) = wit_component::decode(&component) else {
        return Err(not_a_plugin(String::new()));
    };
    // A module without any contract makes a valid component that does nothing.
    let exports = resolve.worlds.get(world).into_iter().flat_map(|world| world.exports.keys());
    let exports: Vec<String> = exports.map(|key| resolve.name_world_key(key)).collect();
    if Phase::ALL.iter().all(|phase| exports.iter().any(|export| export == phase.as_str())) {
        Ok(match shim::remove(&component) {
            Ok(without) => (without, None),
            Err(ShimKept::NoShim) => (component, None),
            Err(why) => (component, Some(why)),
        })
    } else {
        Err(not_a_plugin(String::new()))
    }
}

/// What a project of the language forgot, when its code has no contract inside.
const fn hint(language: Language) -> &'static str {
    match language {
        Language::Rust => "is `postlude_sdk::export!` called in its lib.rs?",
        Language::Go => "does its main package call `postlude.Register` in `init`?",
        Language::C => "does it define `postlude_on_login` and `postlude_on_continue`?",
        Language::JavaScript | Language::TypeScript | Language::Python => "does it use the SDK?",
    }
}

/// The component with its manifest as the last custom section, at the outermost level.
#[must_use]
pub fn embed_manifest(component: &[u8], manifest: &[u8]) -> Vec<u8> {
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
    fn lengths_are_leb128() {
        assert_eq!(length(0), [0]);
        assert_eq!(length(127), [127]);
        assert_eq!(length(128), [0x80, 1]);
        assert_eq!(length(624_485), [0xe5, 0x8e, 0x26]);
    }

    #[test]
    fn a_module_without_the_contract_is_refused_with_a_hint() {
        let why = from_module(b"\0asm\x01\0\0\0", Language::Rust).unwrap_err().to_string();
        assert!(why.contains("export!"), "{why}");
    }
}
