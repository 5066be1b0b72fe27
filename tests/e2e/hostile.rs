//! Hostile plugins in a real server: each login ends in a deny with the right cause, while a neighbour's login answers.

use postlude_testkit::{Answered, Postlude, event, guests, hash};
use serde_json::json;

const EVIL_KEY: &str = "plk_test-evil-key-0123456789abcdefghijklmno";

/// What attacks, and the cause that its login's answer names.
const ATTACKS: [(&str, &str, &str); 9] = [
    ("loop", r#"(func (export "on-login") (result i32) (loop (br 0)) (call $continue))"#, "fuel spent (50,000,000)"),
    (
        "realloc",
        r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (loop (br 0)) (i32.const 0))
           (func (export "on-login") (result i32) (call $login.id (global.get $out)) (call $continue))"#,
        "fuel spent (50,000,000)",
    ),
    (
        "memory",
        r#"(func (export "on-login") (result i32)
             (loop (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable))) (br 0)) (call $continue))"#,
        "memory spent",
    ),
    (
        "table",
        r#"(table $t 1 funcref) (func (export "on-login") (result i32)
             (if (i32.eq (table.grow $t (ref.null func) (i32.const 20000)) (i32.const -1)) (then (unreachable))) (call $continue))"#,
        "table elements spent",
    ),
    (
        "recursion",
        r#"(func $f (call $f)) (func (export "on-login") (result i32) (call $f) (call $continue))"#,
        "stack spent",
    ),
    (
        "string",
        r#"(memory (export "memory") 40) (func (export "on-login") (result i32)
             (call $log.log (i32.const 1) (i32.const 0) (i32.const 2097152) (i32.const 0) (i32.const 0)) (call $continue))"#,
        "host-call bytes spent",
    ),
    (
        "spam",
        r#"(func (export "on-login") (result i32) (loop (drop (call $clock.now)) (br 0)) (call $continue))"#,
        "fuel spent (50,000,000)",
    ),
    ("trap", r#"(func (export "on-login") (result i32) (unreachable))"#, "unreachable"),
    (
        "effect",
        r#"(func (export "on-login") (result i32)
             (call $login.set-metadata «k» (i32.const 1) «\"v\"» (global.get $out)) (unreachable))"#,
        "unreachable",
    ),
];

const MANIFEST: &str = r#"{ "name": "guest", "version": "0.1.0", "publisher": "evil.example", "abi": "0.1.0" }"#;

/// P25, T04: a tenant whose plugin never ends, with thirty logins at once on two places: some of them are told to come again, and no login
/// of the neighbour is.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_endless_loops_refuses_nobody_elses_login() {
    let (name, text, _) = ATTACKS[0];
    let component = guests::component(text).unwrap();
    let runs = "runs = { cores = 1, places = 4, max_wait = \"300ms\", max_per_tenant = 20 }";
    let postlude = &evil_with(name, guests::with_manifest(&component, MANIFEST), runs).await;
    let attacks: Vec<_> =
        (0..30).map(|number| async move { attack(postlude, &format!("{name}-{number}")).await }).collect();
    let attacks = futures_util::future::join_all(attacks);
    let neighbours = async {
        let mut browser = postlude.browser("ana");
        let mut outcomes =
            vec![browser.login().await.outcome().to_owned(), browser.complete().await.outcome().to_owned()];
        for _ in 0..20 {
            outcomes.push(browser.login().await.outcome().to_owned());
        }
        outcomes
    };
    let (attacks, neighbours) = tokio::join!(attacks, neighbours);
    assert_eq!(neighbours.first().map(String::as_str), Some("redirect"));
    assert!(neighbours[1..].iter().all(|outcome| outcome == "continue"), "{neighbours:?}");
    let refused = attacks.iter().filter(|answer| answer.status == 503).count();
    let denied = attacks.iter().filter(|answer| answer.status == 200 && answer.outcome() == "deny").count();
    // Twenty may be under way; the others hear so at once, and so does who waits for more than 300 ms.
    assert!(refused >= 10 && refused + denied == 30, "{refused} refused, {denied} denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_attack_ends_in_a_deny_with_its_cause_and_a_neighbour_answers() {
    for (name, text, cause) in ATTACKS {
        let component = guests::component(text).unwrap_or_else(|why| panic!("{name}: {why}"));
        let postlude = evil(name, guests::with_manifest(&component, MANIFEST)).await;
        let mut neighbour = postlude.browser("ana");
        let (denied, answered) = tokio::join!(attack(&postlude, name), neighbour.login());
        assert_eq!((denied.status, denied.outcome()), (200, "deny"), "{name}: {}", denied.text);
        assert_eq!(denied.text_at("/code"), "action_failed", "{name}");
        assert!(denied.text_at("/actions/0/why").contains(cause), "{name}: {}", denied.text);
        assert!(!denied.text_at("/message").contains(cause), "the user is not told the cause");
        assert_eq!(answered.outcome(), "redirect", "{name}: {}", answered.text);
    }
}

/// P15: a flood is cut, and is no failure.
#[tokio::test]
async fn a_log_flood_is_cut() {
    let text = r#"(func (export "on-login") (result i32) (local $i i32)
        (loop (call $say «noise») (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if 0 (i32.lt_u (local.get $i) (i32.const 5000)))) (call $continue))"#;
    let component = guests::component(text).unwrap();
    let postlude = evil("flood", guests::with_manifest(&component, MANIFEST)).await;
    let answered = attack(&postlude, "flood").await;
    assert_eq!(answered.outcome(), "continue", "{}", answered.text);
    assert!(answered.text.len() < 4096, "the log is not in the answer");
}

/// Wall-clock expiry is load, not a decision: 503, nothing stored, and a retry is a new attempt.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_out_of_time_is_load_and_changes_nothing() {
    let text = r#"(func (export "on-login") (result i32) (loop (br 0)) (call $continue))"#;
    let component = guests::with_manifest(&guests::component(text).unwrap(), MANIFEST);
    let limits = "[tenants.evil.pipeline.limits]\nfuel = 20_000_000_000\nwall_clock = \"50ms\"";
    let postlude = Postlude::builder().guest("slow", component).after(&tenant("slow", limits)).start().await;
    for _ in 0..2 {
        let answered = attack(&postlude, "slow").await;
        assert_eq!((answered.status, answered.outcome()), (503, "unavailable"), "{}", answered.text);
    }
}

/// O10: `on_failure = "continue"` is the operator's choice, for an action without a factor, and the login says what was passed over.
#[tokio::test]
async fn the_failure_policy_may_let_a_login_go_on() {
    let trap = guests::component(r#"(func (export "on-login") (result i32) (unreachable))"#).unwrap();
    let component = guests::with_manifest(&trap, MANIFEST);
    let postlude =
        Postlude::builder().guest("trap", component).after(&tenant("trap", "on_failure = \"continue\"")).start().await;
    let answered = attack(&postlude, "trap").await;
    assert_eq!(answered.outcome(), "continue", "{}", answered.text);
    assert_eq!(answered.text_at("/actions/0/decision"), "failed");
}

const OPERATOR: &str = "plk_test-evil-operator-0123456789abcdefghijk";

/// What the hostile action is given in clear.
const TOKEN: &str = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";

/// P35, O08: a plugin that carries its secret out has its login denied, whatever the operator said about failures, by a code of its own. Nobody
/// is shown the secret: not the caller, not the operator, and it is not in the store.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_carried_out_denies_the_login_and_is_shown_to_nobody() {
    let text = r#"(func (export "on-login") (result i32)
        (call $secrets.get «api_token» (global.get $out))
        (call $say (i32.load offset=4 (global.get $out)) (i32.load offset=8 (global.get $out)))
        (call $deny «no» (i32.load offset=4 (global.get $out)) (i32.load offset=8 (global.get $out))))"#;
    let manifest = MANIFEST.replace(" }", r#", "capabilities": { "secrets": ["api_token"] } }"#);
    let component = guests::with_manifest(&guests::component(text).unwrap(), &manifest);
    let policy = "on_failure = \"continue\"\nsecrets = { api_token = { file = \"api.secret\" } }\n\
        [tenants.evil.pipeline.grants]\nsecrets = [\"api_token\"]";
    let operator = format!("[tenants.evil.keys.operator]\nrole = \"operator\"\nsha256 = \"{}\"\n", hash(OPERATOR));
    let write = |folder: &std::path::Path| std::fs::write(folder.join("api.secret"), TOKEN).unwrap();
    let postlude = Postlude::builder()
        .guest("carry", component)
        .prepare(write)
        .after(&(tenant("carry", policy) + &operator))
        .start()
        .await;
    let denied = attack(&postlude, "carry").await;
    assert_eq!((denied.outcome(), denied.text_at("/code")), ("deny", "secret_in_output"), "{}", denied.text);
    let why = "the secret `api_token` stands in the message of the denial, in clear";
    assert_eq!(denied.text_at("/actions/0/why"), why);
    let login = denied.text_at("/login_id");
    let shown = postlude.get_as(OPERATOR, &format!("/v1/admin/logins/{login}")).await.text;
    assert!(shown.contains("[secret api_token]") && shown.contains(why), "{shown}");
    assert!(!denied.text.contains(TOKEN) && !shown.contains(TOKEN));
    for path in ["pipeline", "orders", "plugins", "root-keys", "status"].map(|name| format!("/v1/admin/{name}")) {
        let shown = postlude.get_as(OPERATOR, &path).await;
        assert!(!shown.text.contains(TOKEN), "{path}: {}", shown.text);
    }
}

async fn evil(name: &str, component: Vec<u8>) -> Postlude {
    evil_with(name, component, "").await
}

/// The same, with lines of the table `[server]`.
async fn evil_with(name: &str, component: Vec<u8>, server: &str) -> Postlude {
    Postlude::builder().server(server).guest(name, component).after(&tenant(name, "")).start().await
}

fn tenant(plugin: &str, policy: &str) -> String {
    let hash = hash(EVIL_KEY);
    format!(
        r#"
[tenants.evil]
issuer = "http://127.0.0.1:1/evil"
return_urls = ["http://localhost:3000/interaction/"]
[tenants.evil.keys.idp]
role = "idp"
sha256 = "{hash}"
[tenants.evil.plugins.{plugin}]
path = "{plugin}.wasm"
[[tenants.evil.pipeline]]
name = "guest"
plugin = "{plugin}"
{policy}
"#
    )
}

async fn attack(postlude: &Postlude, key: &str) -> Answered {
    let body = json!({ "trigger": "post-login", "mode": "interactive", "event": event("eve", None),
        "return_url": "http://localhost:3000/interaction/x" });
    postlude.login_as(EVIL_KEY, key, &body).await
}
