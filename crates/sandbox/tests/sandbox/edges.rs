//! Limits at their edge: exactly the limit is fine, one more is not.

use crate::guests;
use crate::support::{assert_limit, input, logged, run, sandbox, with};
use postlude_model::limits;
use postlude_model::run::{Ending, Limit};

fn on_login(body: &str) -> String {
    format!("(func (export \"on-login\") (result i32) {body} (call $continue))")
}

#[tokio::test]
async fn memory() {
    let pages = |n: usize| format!("(drop (memory.grow (i32.const {}))) {}", n - 2, "");
    let report = run(&on_login(&pages(256)), input()).await;
    assert_eq!(report.usage.memory_bytes, limits::MEMORY_BYTES);
    let grown =
        |n| on_login(&format!("(if (i32.lt_s (memory.grow (i32.const {n})) (i32.const 0)) (then (unreachable)))"));
    assert!(matches!(run(&grown(254), input()).await.ending, Ending::Decided(_)));
    assert_limit(&run(&grown(255), input()).await, Limit::Memory);
    let raised = with(input(), |action| action.spec.budget.memory_bytes = 32 << 20);
    assert!(matches!(run(&grown(255), raised).await.ending, Ending::Decided(_)));
}

#[tokio::test]
async fn random() {
    let take = |n: usize| {
        on_login(&format!(
            "(call $random.bytes (i32.const 1) (global.get $out)) (call $random.bytes (i32.const {}) (global.get $out))",
            n - 1
        ))
    };
    assert!(matches!(run(&take(limits::RANDOM_BYTES), input()).await.ending, Ending::Decided(_)));
    assert_limit(&run(&take(limits::RANDOM_BYTES + 1), input()).await, Limit::RandomBytes);
}

#[tokio::test]
async fn log_lines_and_bytes() {
    let say = "(call $log.log (i32.const 1) «four» (i32.const 0) (i32.const 0))";
    let report = run(&on_login(&say.repeat(100)), input()).await;
    assert_eq!((report.log.lines.len(), report.log.dropped), (100, 0));
    let report = run(&on_login(&say.repeat(103)), input()).await;
    assert_eq!((report.log.lines.len(), report.log.dropped), (100, 3));
    let narrow = |bytes| with(input(), |action| action.spec.budget.log_bytes = bytes);
    let report = run(&on_login(&say.repeat(3)), narrow(12)).await;
    assert_eq!((report.log.lines.len(), report.log.dropped), (3, 0));
    let report = run(&on_login(&say.repeat(3)), narrow(11)).await;
    assert_eq!((report.log.lines.len(), report.log.dropped), (2, 1));
}

/// P54: bytes, depth and number of metadata.
#[tokio::test]
async fn metadata() {
    let set = |key: &str, value: &str| {
        let value = value.replace('"', "\\22");
        format!(
            "(call $login.set-metadata «{key}» (i32.const 1) «{value}» (global.get $out)) (call $outcome (global.get $out))"
        )
    };
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    // Two keys of one byte and their values.
    let body =
        set("a", "1") + &set("b", &text(limits::METADATA_BYTES - 3)) + &set("b", &text(limits::METADATA_BYTES - 2));
    assert_eq!(logged(&body, input()).await, ["ok", "ok", "error 2"]);
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    let body = set("a", &nested(limits::METADATA_DEPTH)) + &set("a", &nested(limits::METADATA_DEPTH + 1));
    assert_eq!(logged(&body, input()).await, ["ok", "error 1"]);
    let many: String = (0..=limits::METADATA_KEYS).map(|n| set(&format!("k{n}"), "1")).collect();
    let lines = logged(&(many + &set("k0", "2")), input()).await;
    assert_eq!(lines[limits::METADATA_KEYS - 1..], ["ok", "error 0", "ok"]);
}

/// P55.
#[tokio::test]
async fn claims() {
    let name = "https://acme.example/claim";
    let set = |token: &str, bytes: usize| {
        let value = format!("\\22{}\\22", "x".repeat(bytes - 2));
        format!(
            "(call $claims.set-{token}-token «{name}» «{value}» (global.get $out)) (call $outcome (global.get $out))"
        )
    };
    let room = limits::CLAIMS_BYTES - name.len();
    let body = set("id", room)
        + &set("id", room + 1)
        + &set("id", room - name.len() - 3)
        + &set("access", 3)
        + &set("access", 4);
    assert_eq!(logged(&body, input()).await, ["ok", "error 4", "ok", "ok", "error 4"]);
}

/// P54.
#[tokio::test]
async fn stash() {
    let put = |bytes: usize| {
        let value = format!("\\22{}\\22", "x".repeat(bytes - 2));
        format!("(call $redirect.stash «{value}» (global.get $out)) (call $outcome (global.get $out))")
    };
    let lines = logged(&(put(limits::STASH_BYTES) + &put(limits::STASH_BYTES + 1)), input()).await;
    assert_eq!(lines, ["ok", "error 2"]);
}

/// Arguments of all calls together.
#[tokio::test]
async fn host_call_bytes() {
    let call = |n: usize| {
        format!(
            "(memory (export \"memory\") 20) {}",
            on_login(&format!(
                "(call $log.log (i32.const 1) (i32.const 0) (i32.const {n}) (i32.const 0) (i32.const 0))
         (call $log.log (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0))"
            ))
        )
    };
    let plenty = || with(input(), |action| action.spec.budget.fuel = 1_000_000_000);
    assert!(matches!(run(&call(limits::HOST_CALL_BYTES - 1), plenty()).await.ending, Ending::Decided(_)));
    assert_limit(&run(&call(limits::HOST_CALL_BYTES), plenty()).await, Limit::HostCallBytes);
}

/// Where nested components call each other the engine itself needs two memories in one function; guests may not have them.
#[test]
fn nested_components_may_call_each_other() {
    let nested = r#"(component
      (component $callee
        (core module $m
          (memory (export "memory") 1)
          (func (export "f") (param i32 i32))
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func (export "f") (param "text" string)
          (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
      (component $caller
        (import "f" (func $f (param "text" string)))
        (core module $memory (memory (export "memory") 1))
        (core instance $memory (instantiate $memory))
        (core func $lowered (canon lower (func $f) (memory (core memory $memory "memory"))))
        (core module $m (import "" "f" (func (param i32 i32))))
        (core instance (instantiate $m (with "" (instance (export "f" (func $lowered)))))))
      (instance $callee (instantiate $callee))
      (instance (instantiate $caller (with "f" (func $callee "f"))))"#;
    let text = include_str!("../guests/handles.wat").replacen("(component", nested, 1);
    let plugin = guests::with_manifest(&guests::binary(&text).unwrap(), guests::MANIFEST);
    assert!(sandbox().load(&plugin).is_ok());
}
