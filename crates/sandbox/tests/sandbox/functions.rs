//! Every host function: that it links, and what it answers.

use crate::guests;
use crate::support::{FACE, continued, face, input, json, logged, replied, run, sandbox, with};
use postlude_model::action::Mode;
use postlude_model::decision::{Command, TokenRequest};
use postlude_model::names::Timestamp;
use postlude_model::run::{FactorView, Level, RunInput};
use postlude_model::token::{Profile, TokenContext, TokenError, TokenKeys, VerifiedResult};
use std::sync::Arc;

/// What the contract says and what the host offers is the same: a guest that imports every function links.
#[test]
fn every_function_of_the_contract_links() {
    let functions = guests::functions().unwrap();
    assert!(functions.len() > 35, "{functions:?}");
    let elements: String = functions.iter().map(|name| format!("${name} ")).collect();
    let text = format!("(elem declare func {elements})");
    let mut expected = functions.clone();
    expected.sort();
    assert_eq!(sandbox().load(&guests::plugin(&text).unwrap()).unwrap().imports(), expected);
}

#[tokio::test]
async fn login_tells_what_it_is() {
    let body = r"(call $login.id (global.get $out)) (call $say-at (global.get $out))
        (call $login.run-id (global.get $out)) (call $say-at (global.get $out))
        (call $login.mode (global.get $out)) (call $say-at (global.get $out))
        (call $login.settings (global.get $out)) (call $say-at (global.get $out))
        (if (call $login.can-redirect) (then (call $say «can redirect»)))";
    let settings = r#"{"prompt_url":"https://prompt.example/"}"#;
    assert_eq!(logged(body, input()).await, ["login-1", "run-1", "interactive", settings, "can redirect"]);
    let silent = RunInput { mode: Mode::Silent, ..input() };
    assert_eq!(logged(body, silent).await, ["login-1", "run-1", "silent", settings]);
}

#[tokio::test]
async fn metadata_reads_back_what_the_run_set() {
    for interface in ["login", "session"] {
        let get = format!("(call ${interface}.get-metadata «k» (global.get $out)) (call $option (global.get $out))");
        let set = |value: &str| {
            format!("(call ${interface}.set-metadata «k» {value} (global.get $out)) (call $outcome (global.get $out))")
        };
        let body = format!(
            "{get} {} {get} {} {get} {}",
            set("(i32.const 1) «[2, 3]»"),
            set("(i32.const 0) (i32.const 0) (i32.const 0)"),
            set("(i32.const 1) «{»")
        );
        let metadata = [("k".to_owned(), json("1"))].into();
        let input = if interface == "login" {
            RunInput { login_metadata: metadata, ..input() }
        } else {
            RunInput { session_metadata: metadata, ..input() }
        };
        assert_eq!(logged(&body, input).await, ["1", "ok", "[2,3]", "ok", "none", "error 1"]);
    }
}

/// O17.
#[tokio::test]
async fn event_shows_what_is_granted() {
    let get = |p: &str| format!("(call $event.get «{p}» (global.get $out)) (call $outcome-option (global.get $out))");
    let body =
        ["", "/user", "/user/email", "/user/absent", "/client", "/client/id", "user", "/user/~2"].map(get).concat();
    let user = r#"{"email":"a@b.example","user_id":"auth0|1"}"#;
    let whole = format!(r#"{{"user":{user}}}"#);
    let expected = [&whole, user, r#""a@b.example""#, "none", "error 2", "error 2", "error 1", "error 1"];
    assert_eq!(logged(&body, input()).await, expected);
    let narrow = with(input(), |action| action.spec.grants.event = vec!["/user/email".to_owned()]);
    let narrowed = r#"{"email":"a@b.example"}"#;
    let whole = format!(r#"{{"user":{narrowed}}}"#);
    let expected = [&whole, narrowed, r#""a@b.example""#, "error 2", "error 2", "error 2", "error 1", "error 1"];
    assert_eq!(logged(&body, narrow).await, expected);
    let nothing = with(input(), |action| action.spec.grants.event.clear());
    assert_eq!(logged(&get(""), nothing).await, ["error 2"]);
}

const REPLY: &str = r"(call $reply.method (global.get $out)) (call $say-at (global.get $out))
    (call $reply.query (global.get $out))
    (if (i32.load offset=4 (global.get $out)) (then (call $say-at (i32.load (global.get $out)))))
    (call $reply.form (global.get $out))
    (if (i32.load offset=4 (global.get $out)) (then (call $say-at (i32.load (global.get $out)))))
    (call $reply.token (global.get $out)) (call $outcome-text (global.get $out))
    (call $reply.stash (global.get $out)) (call $option (global.get $out))";

#[tokio::test]
async fn reply_is_empty_in_on_login() {
    assert_eq!(logged(REPLY, input()).await, ["", "error 1", "none"]);
    // Even where the caller gives a reply by mistake.
    assert_eq!(logged(REPLY, RunInput { reply: continued().reply, ..input() }).await, ["", "error 1", "none"]);
}

#[tokio::test]
async fn reply_shows_what_came_back() {
    let expected = ["POST", "a", "token", r#"{"verdict":"ok"}"#, r#"{"nonce":"n"}"#];
    assert_eq!(logged(REPLY, continued()).await, expected);
    let bad = replied(continued(), |reply| reply.token = Err(TokenError::Invalid("exp".to_owned())));
    assert_eq!(logged(REPLY, bad).await[3], "error 3");
    let external = with(continued(), |action| action.spec.result.profile = Profile::External);
    assert_eq!(logged(REPLY, external).await[3], "error 1");
}

#[tokio::test]
async fn session_shows_the_declared_factors_alone() {
    let other = postlude_model::names::FactorName::new("https://other.example/x").unwrap();
    let view = |name, at, fresh| FactorView { name, completed_at: Timestamp(at), fresh };
    let factors = vec![view(face(), 5, false), view(other, 6, true)];
    let body = format!(
        "(call $session.factors (global.get $out)) (call $say-at (global.get $out))
         (call $session.freshness «{FACE}» (global.get $out)) (call $outcome-text (global.get $out))
         (call $session.freshness «https://other.example/x» (global.get $out)) (call $outcome-text (global.get $out))"
    );
    let stale = RunInput { factors, ..input() };
    let shown = format!(r#"[{{"completed_at":5,"fresh":false,"name":"{FACE}"}}]"#);
    assert_eq!(logged(&body, stale).await, [&shown, "stale", "error 1"]);
    let fresh = RunInput { factors: vec![view(face(), 5, true)], ..input() };
    assert_eq!(logged(&body, fresh).await[1], "fresh");
    assert_eq!(logged(&body, input()).await, ["[]", "absent", "error 1"]);
}

/// The contract's error has no names: the log has both.
#[tokio::test]
async fn a_factor_that_is_not_declared_is_named_beside_the_declared_ones() {
    let record = "(call $session.record-factor «https://acme.example/fase» (i32.const 0) (i32.const 0) (i32.const 0)
        (global.get $out)) (call $outcome (global.get $out))";
    let lines = logged(record, continued()).await;
    let both =
        format!("not recorded: the plugin records `https://acme.example/fase`, but its manifest declares `{FACE}`");
    assert_eq!(lines, [both.as_str(), "error 1"]);
    let none = with(continued(), |action| action.spec.factors.clear());
    assert!(logged(record, none).await[0].ends_with("but its manifest declares no factor"));
}

/// P37.
#[tokio::test]
async fn secrets_are_granted_by_name() {
    let get =
        |name: &str| format!("(call $secrets.get «{name}» (global.get $out)) (call $outcome-text (global.get $out))");
    assert_eq!(logged(&(get("api_token") + &get("other")), input()).await, ["s3cret", "error 1"]);
    let ungranted = with(input(), |action| action.spec.grants.secrets.clear());
    assert_eq!(logged(&get("api_token"), ungranted).await, ["error 1"]);
}

/// P40 and the grants.
#[tokio::test]
async fn claims_and_scopes_follow_reservations_and_grants() {
    let out = "(global.get $out)";
    let set = |f: &str, name: &str| format!("(call $claims.set-{f}-token «{name}» «1» {out}) (call $outcome {out})");
    let scope = |f: &str, name: &str| format!("(call $claims.{f}-scope «{name}» {out}) (call $outcome {out})");
    let all = with(input(), |action| {
        action.spec.grants.claims.extend(["sub", "acr", "amr", "scope", "exp"].map(str::to_owned))
    });
    let reserved = ["sub", "acr", "amr", "scope", "exp"].map(|name| set("id", name)).concat();
    assert_eq!(logged(&reserved, all).await, ["error 1"; 5]);
    let body = set("id", "https://acme.example/claim")
        + &set("access", "https://acme.example/claim")
        + &set("id", "other")
        + &scope("add", "read")
        + &scope("remove", "read")
        + &scope("add", "write")
        + &scope("add", "a b");
    let lines = logged(&body, input()).await;
    assert_eq!(lines, ["ok", "ok", "error 2", "ok", "ok", "error 2", "error 0"]);
}

#[tokio::test]
async fn commands_keep_their_order() {
    let out = "(global.get $out)";
    let text = format!(
        "(func (export \"on-login\") (result i32)
          (call $user.set-app-metadata «plan» (i32.const 1) «\"gold\"» {out}) (call $user.set-app-metadata «other» (i32.const 1) «1» {out})
          (call $user.set-user-metadata «color» (i32.const 0) (i32.const 0) (i32.const 0) {out})
          (call $redirect.stash «{{ }}» {out}) (call $claims.add-scope «read» {out}) (call $continue))"
    )
    .replace("\"gold\"", "\\22gold\\22");
    let report = run(&text, input()).await;
    let expected = [
        Command::SetAppMetadata { key: "plan".to_owned(), value: Some(json("\"gold\"")) },
        Command::SetUserMetadata { key: "color".to_owned(), value: None },
        Command::Stash(json("{}")),
        Command::AddScope("read".to_owned()),
    ];
    assert_eq!(report.commands, expected, "{report:?}");
    assert_eq!(report.usage.host_calls, 5);
}

/// P16: one line, nothing that a terminal obeys; the level and the fields arrive.
#[tokio::test]
async fn log_lines_are_escaped() {
    let text = r#"(func (export "on-login") (result i32)
        (i32.store (i32.const 700) (i32.const 2000)) (i32.store (i32.const 704) (i32.const 1))
        (i32.store (i32.const 708) (i32.const 2001)) (i32.store (i32.const 712) (i32.const 2))
        (call $log.log (i32.const 2) «a\0d\0ab\1b[31m» (i32.const 700) (i32.const 1)) (call $continue))
        (data (i32.const 2000) "nv\00")"#;
    let line = run(text, input()).await.log.lines.remove(0);
    assert_eq!(line.level, Level::Warn);
    assert_eq!(line.message, r"a\u{d}\nb\u{1b}[31m");
    assert_eq!(line.fields, [("n".to_owned(), r"v\u{0}".to_owned())]);
}

/// Answers with what it was asked for.
#[derive(Debug)]
struct Echo;

impl TokenKeys for Echo {
    fn encode(&self, request: &TokenRequest, context: &TokenContext<'_>) -> Result<String, TokenError> {
        Ok(format!("{} {} {} {:?}", request.claims, context.state, context.jti, context.factor.map(|f| f.as_str())))
    }
    fn verify(&self, key: &str, token: &str, context: &TokenContext<'_>) -> Result<VerifiedResult, TokenError> {
        let claims = json(&format!("[\"{key}\", \"{token}\", \"{}\"]", context.state));
        Ok(VerifiedResult { claims, verdict: None })
    }
}

#[tokio::test]
async fn tokens_go_through_the_keys_in_their_context() {
    let out = "(global.get $out)";
    let encode = |key: &str| {
        format!("(call $redirect.encode-token «token» «{key}» «{{}}» (i32.const 60) {out}) (call $outcome-text {out})")
    };
    let validate = |key: &str, parameter: &str| {
        format!("(call $redirect.validate-token «{key}» «{parameter}» {out}) (call $outcome-text {out})")
    };
    let echo = |input| with(input, |action| action.keys = Arc::new(Echo));
    let body = format!(
        "(call $redirect.state {out}) (call $say-at {out}) (call $redirect.continue-url {out}) (call $say-at {out}) {}",
        encode("partner")
            + &encode("other")
            + &validate("partner", "token")
            + &validate("other", "token")
            + &validate("partner", "absent")
    );
    let encoded = format!("{{}} state-next run-1 Some(\"{FACE}\")");
    let (state, url) = ("state-next", "https://login.example/acme/continue");
    let expected = [state, url, &encoded, "error 4", "error 1", "error 1", "error 1"];
    assert_eq!(logged(&body, echo(input())).await, expected);
    let verified = r#"["partner","e.f.g","state-resumed"]"#;
    let expected = [state, url, &encoded, "error 4", verified, "error 4", "error 2"];
    assert_eq!(logged(&body, echo(continued())).await, expected);
    // The form wins over the query; a parameter that comes twice is refused.
    let both = replied(continued(), |reply| reply.query.push(("token".to_owned(), "q".to_owned())));
    assert_eq!(logged(&validate("partner", "token"), echo(both)).await, [verified]);
    let twice = replied(continued(), |reply| reply.form.push(("token".to_owned(), "x".to_owned())));
    assert_eq!(logged(&validate("partner", "token"), echo(twice)).await, ["error 3"]);
}
