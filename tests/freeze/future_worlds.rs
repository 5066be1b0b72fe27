//! What is to come fits beside the frozen contract: new imports and a second trigger, as the decision on future worlds sketches
//! them (docs/adr/0040). The sketches are in `future/`.

use crate::{golden_guests, root};
use postlude_model::abi::AbiVersion;
use postlude_sandbox::{Sandbox, Tier, inspect};
use postlude_testkit::guests;
use std::fs;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata, targets};
use wit_parser::{ManglingAndAbi, PackageId, Resolve, WorldId};

/// The frozen contract, with the sketches beside it.
struct Future {
    resolve: Resolve,
    action: PackageId,
    registration: PackageId,
    plugin: PackageId,
}

fn future() -> Future {
    let mut resolve = Resolve::default();
    let (action, _) = resolve.push_dir(root().join("tests/freeze").join(AbiVersion::V0_1.series())).unwrap();
    let mut sketch = |name: &str| {
        let text = fs::read_to_string(root().join("tests/freeze/future").join(name)).unwrap();
        resolve.push_str(name, &text).unwrap_or_else(|why| panic!("{name}: {why:#}"))
    };
    sketch("credentials.wit");
    sketch("prompt.wit");
    let (registration, plugin) = (sketch("registration.wit"), sketch("plugin.wit"));
    Future { resolve, action, registration, plugin }
}

/// A component that imports all that a world offers, and traps in each export.
fn component_of(future: &Future, package: PackageId, world: &str) -> Vec<u8> {
    let world = select(future, package, world);
    let mut module = dummy_module(&future.resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &future.resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

fn select(future: &Future, package: PackageId, world: &str) -> WorldId {
    future.resolve.select_world(&[package], Some(world)).unwrap()
}

#[test]
fn plugins_of_today_fit_a_host_with_more_imports() {
    let future = future();
    let later = select(&future, future.plugin, "later");
    let whole = component_of(&future, future.action, "post-login");
    targets(&future.resolve, later, &whole).unwrap();
    let mut held = 0;
    for file in golden_guests::golden(AbiVersion::V0_1) {
        let bytes = fs::read(&file).unwrap();
        if inspect(&bytes).tier != Tier::ZeroWasi {
            // What else it imports is no part of the contract's worlds.
            continue;
        }
        held += 1;
        targets(&future.resolve, later, &bytes).unwrap_or_else(|why| panic!("{}: {why:#}", file.display()));
    }
    assert!(held >= 5, "only {held} golden guests were held to the world");
}

#[test]
fn a_plugin_with_new_imports_is_refused_by_the_host_of_today_by_name() {
    let future = future();
    let bytes = guests::with_manifest(&component_of(&future, future.plugin, "later"), guests::MANIFEST);
    targets(&future.resolve, select(&future, future.plugin, "later"), &bytes).unwrap();
    assert!(
        targets(&future.resolve, select(&future, future.action, "post-login"), &bytes).is_err(),
        "the check of `targets` sees an import that the world does not have"
    );
    let refused = Sandbox::new(Default::default()).unwrap().load(&bytes).unwrap_err().to_string();
    for import in ["postlude:credentials/credentials@0.1.0", "postlude:prompt/prompt@0.1.0"] {
        assert!(refused.contains(import), "{refused}");
    }
}

/// A second trigger needs another export, and nothing of the host functions: its plugin is refused for the export alone.
#[test]
fn a_second_trigger_has_other_exports_and_the_same_imports() {
    let future = future();
    let bytes =
        guests::with_manifest(&component_of(&future, future.registration, "pre-registration"), guests::MANIFEST);
    targets(&future.resolve, select(&future, future.registration, "pre-registration"), &bytes).unwrap();
    let refused = Sandbox::new(Default::default()).unwrap().load(&bytes).unwrap_err().to_string();
    assert!(refused.contains("`on-login`") && !refused.contains("import"), "{refused}");
}
