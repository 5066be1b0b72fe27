//! Code that was compiled apart: the same plugin, and nothing else is taken for it.

use crate::guests;
use crate::support::{input, load, sandbox};
use postlude_model::names::Digest;
use postlude_sandbox::{CodeError, LoadError, Vouched, precompile};
use std::time::Duration;

const GUEST: &str = r#"(func (export "on-login") (result i32) (call $say «hello») (call $deny «code» «message»))"#;

/// Where the engine's identity and the component's digest stand.
const ENGINE: usize = 16;
const DIGEST: usize = ENGINE + 32;
const SIZE: usize = DIGEST + 32;

#[tokio::test]
async fn a_plugin_compiled_apart_is_the_same_plugin() {
    let bytes = guests::plugin(GUEST).unwrap();
    let (here, code) = (load(GUEST), precompile(&bytes).unwrap());
    let apart = sandbox().load_code(here.digest(), Vouched::new(&code)).unwrap();
    let told = |plugin: &postlude_sandbox::Plugin| {
        (plugin.digest(), plugin.manifest().clone(), plugin.imports().to_vec(), plugin.size())
    };
    assert_eq!(told(&apart), told(&here));
    let mut reports = Vec::new();
    for plugin in [&here, &apart] {
        let mut report = sandbox().run(plugin, input()).await;
        (report.usage.waited, report.usage.duration) = (Duration::ZERO, Duration::ZERO);
        reports.push(report);
    }
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0].log.lines[0].message, "hello");
    assert_eq!(sandbox().compile(&bytes).unwrap(), code, "both ways of compiling make the same code");
}

#[test]
fn what_is_refused_at_load_is_refused_when_compiled_apart() {
    assert_eq!(precompile(b"\x7fELF\x02\x01\x01"), Err(LoadError::Precompiled));
    assert_eq!(precompile(&guests::component("").unwrap()), Err(LoadError::NoManifest));
}

/// T05: these are what an authenticated file can still be wrong about.
#[test]
fn code_of_another_engine_or_component_is_not_loaded() {
    let bytes = guests::plugin(GUEST).unwrap();
    let (digest, code) = (load(GUEST).digest(), precompile(&bytes).unwrap());
    let refused = |digest, code: &[u8]| sandbox().load_code(digest, Vouched::new(code)).unwrap_err();
    let other = Digest::from_bytes([7; 32]);
    assert_eq!(refused(other, &code), CodeError::OtherComponent(digest));
    for at in 0..DIGEST {
        let mut flipped = code.clone();
        flipped[at] ^= 1;
        assert_eq!(refused(digest, &flipped), CodeError::OtherEngine, "byte {at}");
    }
    for at in DIGEST..SIZE {
        let mut flipped = code.clone();
        flipped[at] ^= 1;
        assert!(matches!(refused(digest, &flipped), CodeError::OtherComponent(_)), "byte {at}");
    }
    for length in 0..SIZE + 64 {
        refused(digest, &code[..length]);
    }
}

/// Code is freed with the last handle; a weak one does not keep it.
#[test]
fn a_weak_handle_keeps_nothing() {
    let plugin = load(GUEST);
    let weak = plugin.downgrade();
    let again = plugin.clone();
    drop(plugin);
    assert_eq!(weak.upgrade().unwrap().digest(), again.digest());
    drop(again);
    assert!(weak.upgrade().is_none());
}
