//! Values that no guest may hand over: texts that are none, places outside of its memory, cases that a type does not have, lists that cost
//! the guest nothing. In arguments, in what an export returns, and in the answers of the guest's own allocator.

use crate::hostile::{attack, on_login};
use crate::support::{assert_limit, input, run, trap, with};
use postlude_model::run::Limit;

/// The answer of an export is at 16: a result, of a decision or a failure at 20, whose content begins at 24.
fn answers(body: &str) -> String {
    format!("(func (export \"on-login\") (result i32) {body})")
}

async fn is_a_trap(what: &str, text: &str) {
    let report = attack(text).await;
    assert_eq!(trap(&report).limit, None, "{what}: {report:?}");
    assert!(report.log.lines.is_empty() && report.commands.is_empty(), "{what}: {report:?}");
}

/// P12: empty items weigh nothing in the guest. With fuel for anything it is the host's count that ends it, in an argument and in an answer.
#[tokio::test]
async fn a_list_of_empty_pairs_is_refused() {
    let memory = "(memory (export \"memory\") 250)";
    let argument =
        on_login("(call $log.log (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000000))");
    let answer = answers("(i32.store (i32.const 36) (i32.const 1000000)) (call $redirect «https://prompt.example/»)");
    for text in [argument, answer] {
        let plenty = with(input(), |action| action.spec.budget.fuel = u64::MAX / 4);
        assert_limit(&run(&format!("{memory} {text}"), plenty).await, Limit::HostCallBytes);
    }
}

/// P13: what is not UTF-8: a byte that no text has, half of a surrogate pair, a cut sequence, one that is too long for what it says.
#[tokio::test]
async fn what_is_not_utf8_is_a_trap() {
    for bytes in ["\\ff\\fe", "\\ed\\a0\\80", "a\\e2\\82", "\\c0\\80", "\\f4\\90\\80\\80"] {
        let length = bytes.replace("\\", "").len() / 2 + usize::from(bytes.starts_with('a'));
        let text = format!("(i32.const 30000) (i32.const {length})");
        let data = format!("(data (i32.const 30000) \"{bytes}\")");
        for (what, body) in [
            ("an argument", on_login(&format!("(call $log.log (i32.const 1) {text} (i32.const 0) (i32.const 0))"))),
            ("a URL", answers(&format!("(call $redirect {text})"))),
            ("a message", answers(&format!("(call $deny «no» {text})"))),
            ("a reason", answers(&format!("(call $fail {text})"))),
        ] {
            is_a_trap(&format!("{what} of {bytes}"), &format!("{data} {body}")).await;
        }
    }
}

/// P13: what lies outside of the memory, or is not aligned, wherever an address stands.
#[tokio::test]
async fn what_lies_outside_of_the_memory_is_a_trap() {
    let log = |text: &str, fields: &str| on_login(&format!("(call $log.log (i32.const 1) {text} {fields})"));
    let none = "(i32.const 0) (i32.const 0)";
    // Two pages of memory end at 131072.
    for (what, text) in [
        ("a text beyond the end", log("(i32.const 2000000) (i32.const 5)", none)),
        ("a text across the end", log("(i32.const 131070) (i32.const 5)", none)),
        ("a text whose end overflows", log("(i32.const -2) (i32.const 5)", none)),
        ("a text of four gigabytes", log("(i32.const 1) (i32.const -1)", none)),
        ("a list beyond the end", log("«a»", "(i32.const 2000000) (i32.const 1)")),
        ("a list across the end", log("«a»", "(i32.const 131064) (i32.const 1)")),
        ("a list whose end overflows", log("«a»", "(i32.const -16) (i32.const 2)")),
        ("a list whose size overflows", log("«a»", "(i32.const 0) (i32.const 0x10000001)")),
        ("a list that is not aligned", log("«a»", "(i32.const 30001) (i32.const 1)")),
        ("an answer's place beyond the end", on_login("(call $login.id (i32.const 2000000))")),
        ("an answer's place that is not aligned", on_login("(call $login.id (i32.const 257))")),
        ("an export's answer beyond the end", answers("(i32.const 2000000)")),
        ("an export's answer across the end", answers("(i32.const 131068)")),
        ("an export's answer that is not aligned", answers("(i32.const 17)")),
        ("a URL beyond the end", answers("(call $redirect (i32.const 2000000) (i32.const 5))")),
    ] {
        is_a_trap(what, &text).await;
    }
    // The guest's own allocator says where an answer goes.
    for (what, at) in [("beyond the end", 2_000_000), ("below zero", -4)] {
        let realloc = format!("(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const {at}))");
        is_a_trap(what, &format!("{realloc} {}", on_login("(call $login.id (global.get $out))"))).await;
    }
}

/// P14: a case that its type does not have: of an enum, a variant, an option and a result, in arguments and in answers.
#[tokio::test]
async fn a_case_that_the_type_does_not_have_is_a_trap() {
    let log = |level: i32| on_login(&format!("(call $log.log (i32.const {level}) «a» (i32.const 0) (i32.const 0))"));
    let set =
        |option: i32| on_login(&format!("(call $login.set-metadata «k» (i32.const {option}) «1» (global.get $out))"));
    let put = |at: u32, case: u32| format!("(i32.store8 (i32.const {at}) (i32.const {case}))");
    for (what, text) in [
        ("a level", log(4)),
        ("a level below zero", log(-1)),
        ("an option", set(2)),
        ("an option below zero", set(-1)),
        ("a decision", answers(&format!("{} (i32.const 16)", put(20, 3)))),
        ("a result", answers(&format!("{} (i32.const 16)", put(16, 2)))),
        ("a failure", answers(&format!("{} {} (i32.const 16)", put(16, 1), put(20, 2)))),
        ("a factor that may be there", answers(&format!("{} (call $redirect «https://prompt.example/»)", put(40, 2)))),
        ("a token that may be there", answers(&format!("{} (call $redirect «https://prompt.example/»)", put(52, 255)))),
    ] {
        is_a_trap(what, &text).await;
    }
}
