//! What a guest makes of handles that it does not have, and of memory that others had before.

use crate::guests;
use crate::support::{input, load, run, sandbox, trap};
use postlude_model::decision::Decision;
use postlude_model::run::Ending;

/// The guest of the handle leak, with another body in the place of its loop and two types of resources.
fn with_handles(body: &str) -> Vec<u8> {
    let text = include_str!("../guests/handles.wat");
    let builtins = "(core func $new (canon resource.new $resource))
      (core func $drop (canon resource.drop $resource))
      (core func $rep (canon resource.rep $resource))
      (type $other (resource (rep i32)))
      (core func $drop-other (canon resource.drop $other))";
    let imports = r#"(import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "drop-other" (func $drop-other (param i32)))"#;
    let exports = r#"(export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))
        (export "drop-other" (func $drop-other))"#;
    let text = text
        .replace("(core func $new (canon resource.new $resource))", builtins)
        .replace(r#"(import "" "new" (func $new (param i32) (result i32)))"#, imports)
        .replace(r#"(export "new" (func $new))"#, exports)
        .replace("(loop (drop (call $new (i32.const 1))) (br 0))", body)
        .replace("(func (export \"run\") (result i32)", "(func (export \"run\") (result i32) (local $h i32)");
    guests::with_manifest(&guests::binary(&text).unwrap(), guests::MANIFEST)
}

/// P20: a handle that is made up, dropped already, or of another type is a trap, and the next run is as it was.
#[tokio::test]
async fn a_handle_that_is_not_the_guests_is_a_trap() {
    let new = "(local.set $h (call $new (i32.const 7)))";
    let good = format!(
        "{new} (if (i32.ne (call $rep (local.get $h)) (i32.const 7)) (then unreachable)) (call $drop (local.get $h))"
    );
    let plugin = sandbox().load(&with_handles(&good)).unwrap();
    assert_eq!(sandbox().run(&plugin, input()).await.ending, Ending::Decided(Decision::Continue));
    for (what, body) in [
        ("zero", "(call $drop (i32.const 0))".to_owned()),
        ("made up", "(call $drop (i32.const 99))".to_owned()),
        ("negative", "(call $drop (i32.const -1))".to_owned()),
        ("made up, read", "(drop (call $rep (i32.const 1)))".to_owned()),
        ("dropped twice", format!("{new} (call $drop (local.get $h)) (call $drop (local.get $h))")),
        ("read after it was dropped", format!("{new} (call $drop (local.get $h)) (drop (call $rep (local.get $h)))")),
        ("of another type", format!("{new} (call $drop-other (local.get $h))")),
    ] {
        let plugin = sandbox().load(&with_handles(&body)).unwrap();
        let report = sandbox().run(&plugin, input()).await;
        let message = &trap(&report).message;
        assert!(message.contains("handle"), "{what}: {message}");
    }
    assert_eq!(sandbox().run(&plugin, input()).await.ending, Ending::Decided(Decision::Continue));
}

/// T07, P36: memory that a guest filled is empty when another one gets it, whoever was there before.
#[tokio::test]
async fn no_memory_is_seen_by_the_next_guest() {
    // Sixteen pages, filled to the end.
    let fills = r#"(func (export "on-login") (result i32)
        (drop (memory.grow (i32.const 15)))
        (memory.fill (i32.const 65536) (i32.const 0xa5) (i32.const 983040))
        (call $continue))"#;
    // What it has grown by is nothing but zeroes.
    let looks = r#"(func (export "on-login") (result i32) (local $at i32)
        (drop (memory.grow (i32.const 15)))
        (local.set $at (i32.const 65536))
        (loop
          (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br_if 0 (i32.lt_u (local.get $at) (i32.const 1048576))))
        (call $continue))"#;
    let (fills, looks) = (load(fills), load(looks));
    for _ in 0..20 {
        assert_eq!(sandbox().run(&fills, input()).await.ending, Ending::Decided(Decision::Continue));
        assert_eq!(sandbox().run(&looks, input()).await.ending, Ending::Decided(Decision::Continue));
    }
    // A guest that looks at what it wrote itself does find it: the look is one that can fail.
    let both = r#"(func (export "on-login") (result i32)
        (drop (memory.grow (i32.const 15)))
        (memory.fill (i32.const 1048568) (i32.const 0xa5) (i32.const 8))
        (if (i64.ne (i64.load (i32.const 1048568)) (i64.const 0)) (then unreachable))
        (call $continue))"#;
    assert!(trap(&run(both, input()).await).message.contains("unreachable"));
}
