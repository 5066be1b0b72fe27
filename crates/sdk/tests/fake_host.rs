//! The fake host keeps the rules of the contract, so that a plugin that passes natively passes in the real one.

use postlude_sdk::session::{Factor, Freshness};
use postlude_sdk::testing::{Command, Exchange, FakeHost, claims_of, header_of, signed};
use postlude_sdk::{
    Action, CacheError, ClaimError, Context, Decision, EventError, FactorError, Failure, HttpError, KeyError, Redirect,
    TokenError, TokenRequest, Value, ValueError, http, json, login, reply,
};
use std::cell::RefCell;

const FACE: &str = "https://acme.example/face";
const MANIFEST: &str = r#"{
    "factors": [{"name": {"setting": "/factor"}}],
    "result": {"parameter": "r", "key": "partner", "profile": {"setting": "/profile"}},
    "capabilities": {"event": ["/user"], "claims": ["c"], "scopes": ["s"], "keys": ["partner"],
        "secrets": ["token"], "app_metadata": ["a"]}
}"#;

type Probe = Box<dyn Fn(&mut Context)>;
thread_local!(static PROBE: RefCell<Option<Probe>> = const { RefCell::new(None) });

/// An action that does what a test asks.
struct Probed;

impl Action for Probed {
    fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
        PROBE.with_borrow(|probe| probe.iter().for_each(|probe| probe(cx)));
        Ok(Decision::Continue)
    }
    fn on_continue(cx: &mut Context) -> Result<Decision, Failure> {
        Self::on_login(cx)
    }
}

fn probe(probe: impl Fn(&mut Context) + 'static) {
    PROBE.set(Some(Box::new(probe)));
}

fn record() {
    probe(|cx| {
        let outcome = cx.session().record_factor(FACE, None);
        cx.log().info(outcome.map_or_else(|why| format!("{why:?}"), |()| "ok".to_owned()));
    });
}

fn host(profile: &str) -> FakeHost {
    FakeHost::new().manifest(MANIFEST).settings(json!({ "factor": FACE, "profile": profile })).asked_for(FACE)
}

#[test]
fn a_factor_is_recorded_after_proof_alone() {
    record();
    let said = |host: FakeHost| host.on_continue::<Probed>().log[0].message.clone();
    assert_eq!(said(host("postlude").verdict("ok")), "ok");
    assert_eq!(said(host("postlude").verdict("refused")), "NotProved");
    assert_eq!(said(host("postlude")), "NotProved");
    assert_eq!(said(host("postlude").verdict("ok").asked_for("https://other.example")), "NotProved");
    assert_eq!(said(host("auth0").result(json!({}))), "ok");
    assert_eq!(said(host("auth0").result_error(TokenError::Invalid("exp".into()))), "NotProved");
    assert_eq!(said(host("none").verdict("ok")), "NotProved");
    assert_eq!(said(host("external").verdict("ok")), "NotProved");
    assert_eq!(said(host("external").grant_external(FACE)), "ok");
}

#[test]
fn in_on_login_a_factor_needs_the_grant_silent() {
    record();
    assert_eq!(host("postlude").verdict("ok").on_login::<Probed>().log[0].message, "NotInOnLogin");
    let run = host("postlude").grant_silent(FACE).on_login::<Probed>();
    assert!(run.recorded(FACE) && !run.recorded("x"));
}

#[test]
fn undeclared_factors_and_bad_evidence_are_refused() {
    probe(|cx| {
        let session = cx.session();
        assert_eq!(session.record_factor("https://x.example", None), Err(FactorError::NotDeclared));
        assert_eq!(session.freshness("https://x.example"), Err(FactorError::NotDeclared));
        for evidence in [json!([]), json!({ "x": "y".repeat(2_048) })] {
            let refused = session.record_factor(FACE, Some(&evidence));
            assert!(matches!(refused, Err(FactorError::InvalidEvidence(_))));
        }
    });
    assert!(host("postlude").verdict("ok").on_continue::<Probed>().commands.is_empty());
}

#[test]
fn only_the_granted_part_of_the_event_is_there() {
    probe(|cx| {
        let event = cx.event();
        assert_eq!(event.user_id().unwrap(), "u1");
        assert_eq!(event.email().unwrap(), None);
        assert!(!event.email_verified().unwrap());
        assert_eq!(event.ip(), Err(EventError::NotGranted));
        assert_eq!(event.get::<u8>("user"), Err(EventError::InvalidPointer));
        assert_eq!(event.get::<u8>(""), Err(EventError::NotGranted));
        assert_eq!(event.get::<u8>("/userx"), Err(EventError::NotGranted));
        assert_eq!(event.get::<Vec<u8>>("/user/list").unwrap(), Some(vec![1, 2]));
        assert!(event.name().unwrap_err().to_string().contains("/user/name"));
    });
    let event = json!({ "user": { "user_id": "u1", "list": [1, 2], "name": 5 }, "request": { "ip": "::1" } });
    let _ = host("postlude").event(event).on_login::<Probed>();
}

#[test]
fn methods_of_authentication_are_typed() {
    probe(|cx| {
        let methods = cx.event().authentication_methods().unwrap();
        assert_eq!((methods[0].name.as_str(), methods[0].kind.as_deref()), ("mfa", Some("otp")));
        assert!(cx.event().roles().unwrap().is_empty());
        assert!(cx.event().client_id().is_err());
    });
    let event = json!({ "authentication": { "methods": [{ "name": "mfa", "type": "otp", "more": 1 }] } });
    let _ = FakeHost::new().event(event).on_login::<Probed>();
}

#[test]
fn claims_scopes_and_metadata_need_grants() {
    probe(|cx| {
        let claims = cx.claims();
        assert_eq!(claims.set_id_token("amr", &1), Err(ClaimError::Reserved));
        assert_eq!(claims.set_id_token("d", &1), Err(ClaimError::NotGranted));
        claims.set_id_token("c", &json!({ "x": 1 })).unwrap();
        claims.set_access_token("c", "text").unwrap();
        claims.add_scope("s").unwrap();
        assert_eq!(claims.remove_scope("t"), Err(ClaimError::NotGranted));
        cx.user().remove_app_metadata("a").unwrap();
        assert_eq!(cx.user().set_user_metadata("a", &1), Err(ValueError::NotGranted));
        assert_eq!(cx.secrets().get("token").unwrap(), "t0p");
        assert!(cx.secrets().get("other").is_err());
    });
    let run = host("postlude").secret("token", "t0p").secret("other", "x").on_login::<Probed>();
    assert_eq!(run.id_token_claim("c"), Some(&json!({ "x": 1 })));
    assert_eq!(run.commands.len(), 4);
    assert_eq!(run.commands[3], Command::SetAppMetadata { key: "a".into(), value: None });
}

#[test]
fn what_is_put_aside_can_be_read_again() {
    probe(|cx| {
        assert_eq!(cx.login().metadata::<u8>("before"), Some(7));
        assert_eq!(cx.login().metadata::<String>("before"), None, "another shape is none");
        cx.login().set_metadata("k", &[1, 2]).unwrap();
        assert_eq!(cx.login().metadata::<Vec<u8>>("k"), Some(vec![1, 2]));
        cx.session().remove_metadata("s").unwrap();
        assert_eq!(cx.session().metadata::<u8>("s"), None);
        cx.cache().set("c", &true, 60).unwrap();
        assert_eq!(cx.cache().get::<bool>("c").unwrap(), Some(true));
        cx.cache().delete("c").unwrap();
        assert_eq!(cx.cache().get::<bool>("c").unwrap(), None);
        cx.redirect().stash(&json!({ "verifier": "v" })).unwrap();
    });
    let run = FakeHost::new().login_metadata("before", json!(7)).session_metadata("s", json!(1)).on_login::<Probed>();
    assert_eq!(run.commands.last(), Some(&Command::Stash(json!({ "verifier": "v" }))));
}

#[test]
fn a_reply_is_there_in_on_continue_alone() {
    probe(|cx| {
        let reply = cx.reply();
        let there = reply.method() == "POST";
        assert_eq!(reply.parameter("a").as_deref(), there.then_some("form"), "the form wins");
        assert_eq!(reply.stash::<u8>(), there.then_some(9));
        match reply.token() {
            Ok(token) => assert_eq!((token.verdict(), token.jti()), (Some(reply::Verdict::Ok), Some("result-1"))),
            Err(why) => assert_eq!((why, there), (TokenError::NotApplicable, false)),
        }
    });
    let host = host("postlude").query("a", "query").form("a", "form").stash(json!(9)).verdict("ok");
    let _ = (host.on_continue::<Probed>(), host.on_login::<Probed>());
}

#[test]
fn factors_clock_mode_and_random_are_what_the_test_says() {
    probe(|cx| {
        assert_eq!(cx.clock().now(), 5_000);
        assert_eq!(cx.login().mode(), login::Mode::Silent);
        assert!(!cx.login().can_redirect());
        assert_eq!(cx.session().freshness(FACE).unwrap(), Freshness::Stale);
        let factor = Factor { name: FACE.to_owned(), completed_at: 1, fresh: false };
        assert_eq!(cx.session().factors().unwrap(), [factor]);
        let (one, two) = (cx.random().bytes(9), cx.random().bytes(9));
        assert!(one.len() == 9 && one != two);
        cx.log().debug(format!("{one:?}"));
    });
    let host = host("postlude").now(5_000).mode("silent").factor(FACE, 1, false).factor("x", 2, true);
    assert_eq!(host.on_login::<Probed>().log, host.on_login::<Probed>().log);
    assert_ne!(host.clone().seed(2).on_login::<Probed>().log, host.on_login::<Probed>().log);
}

#[test]
fn requests_are_answered_in_order_and_then_time_out() {
    probe(|cx| {
        let request = || http::Request::new("POST", "https://api.example/").header("a", "b").body("x");
        assert_eq!(cx.http().send(request()).unwrap().status, 204);
        assert_eq!(cx.http().send(request()), Err(HttpError::Timeout));
    });
    let response = http::Response { status: 204, headers: Vec::new(), body: Vec::new() };
    assert_eq!(FakeHost::new().response(Ok(response)).on_login::<Probed>().requests.len(), 2);
    assert!(matches!(Failure::from(HttpError::Timeout), Failure::Unavailable(_)));
    // A closed port, or a host that rests, is an outage as a timeout is.
    assert!(matches!(Failure::from(HttpError::Other("cannot connect".to_owned())), Failure::Unavailable(_)));
    assert!(matches!(Failure::from(HttpError::NotGranted), Failure::Other(_)));
}

#[test]
fn an_exchange_is_answered_when_the_request_is_the_expected_one() {
    probe(|cx| {
        let form = http::Request::new("POST", "https://api.example/token").header("Accept", "application/json");
        let answer = cx.http().send(form.body("a=1+2&b=%C3%A9")).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (201, br#"{"x":1}"#.as_slice()));
        let json = http::Request::new("PUT", "https://api.example/note").body(r#"{ "n": 1 }"#);
        assert_eq!(cx.http().send(json), Err(HttpError::TooLarge));
    });
    let token = Exchange::post("https://api.example/token").header("accept", "application/json");
    let note = Exchange::new("PUT", "https://api.example/note").json(json!({ "n": 1 })).fails(HttpError::TooLarge);
    let host = FakeHost::new().exchange(token.form("a", "1 2").form("b", "é").answers(201, &json!({ "x": 1 })));
    assert_eq!(host.exchange(note).on_login::<Probed>().requests.len(), 2);
}

#[test]
fn an_unexpected_request_fails_the_test_and_says_how() {
    let sent = || http::Request::new("POST", "https://api.example/").header("a", "1").body("x=1&x=1");
    probe(move |cx| drop(cx.http().send(sent())));
    let expected = Exchange::post("https://api.example/");
    for (exchange, said) in [
        (Exchange::get("https://api.example/"), "expected GET https://api.example/, got POST"),
        (Exchange::post("https://api.example/x"), "expected POST https://api.example/x, got"),
        (expected.clone().header("a", "2"), "the header field `a`"),
        (expected.clone().header("b", "1"), "the header field `b`"),
        (expected.clone().form("x", "1"), "the pair of the form `x`"),
        (expected.json(json!({})), "expected the content {}"),
    ] {
        let host = FakeHost::new().exchange(exchange);
        let panicked = std::panic::catch_unwind(|| host.on_login::<Probed>()).unwrap_err();
        let message = panicked.downcast_ref::<String>().unwrap();
        assert!(message.starts_with("request 1: ") && message.contains(said), "{message}");
    }
}

#[test]
fn requests_need_a_granted_host_and_are_eight_at_most() {
    const HOSTS: &str = r#"{"capabilities": {"hosts": ["api.example", {"setting": "/issuer"}]}}"#;
    probe(|cx| {
        let send = |url: &str| cx.http().send(http::Request::new("GET", url));
        for url in ["https://evil.example/", "https://api.example:444/", "https://api.example.evil.example/"] {
            assert_eq!(send(url), Err(HttpError::NotGranted));
        }
        for n in 0..8 {
            let host = ["https://api.example/a", "https://API.example:443?b", "http://localhost:4100/"][n % 3];
            assert_eq!(send(host), Err(HttpError::Timeout));
        }
        assert!(matches!(send("https://api.example/"), Err(HttpError::Other(_))));
    });
    let settings = json!({ "issuer": "http://localhost:4100/realm" });
    assert_eq!(FakeHost::new().manifest(HOSTS).settings(settings).on_login::<Probed>().requests.len(), 8);
}

#[test]
fn keys_are_stand_ins_that_tell_one_from_another() {
    probe(|cx| {
        let keys = cx.keys();
        let header = json!({ "typ": "oauth-authz-req+jwt" });
        let token = keys.sign_jwt("partner", header.as_object().unwrap(), &json!({ "iss": "app" })).unwrap();
        assert_eq!(claims_of(&token), json!({ "iss": "app" }));
        assert_eq!(header_of(&token), json!({ "alg": "FAKE", "typ": "oauth-authz-req+jwt" }));
        assert_eq!(keys.verify_jwt::<Value>("partner", &token).unwrap(), json!({ "iss": "app" }));
        assert_eq!(keys.verify_jwt::<Value>("partner", &signed("partner", &json!({ "é": "ü" }))).unwrap()["é"], "ü");
        for bad in [signed("another", &json!({})), "a.b".to_owned(), signed("partner", &json!([])), String::new()] {
            assert!(matches!(keys.verify_jwt::<Value>("partner", &bad), Err(KeyError::Invalid(_))), "{bad}");
        }
        assert!(matches!(keys.sign_jwt("partner", &serde_json::Map::new(), &json!([])), Err(KeyError::Invalid(_))));
        let (one, two) = (keys.hmac("partner", b"a").unwrap(), keys.hmac("partner", b"b").unwrap());
        assert!(one.len() == 32 && one != two && one == keys.hmac("partner", b"a").unwrap());
        assert_eq!(keys.hmac("another", b"a"), Err(KeyError::NotGranted));
        assert_eq!(keys.verify_jwt::<Value>("another", &token), Err(KeyError::NotGranted));
    });
    let _ = host("postlude").on_login::<Probed>();
}

#[test]
fn the_cache_lasts_into_the_next_run_until_it_expires() {
    probe(|cx| {
        assert_eq!(cx.cache().get::<u8>("n").unwrap(), None);
        cx.cache().set("n", &7, 60).unwrap();
        for seconds in [0, 86_401] {
            assert!(matches!(cx.cache().set("x", &1, seconds), Err(CacheError::Other(_))));
        }
        assert_eq!(cx.cache().set("x", &"y".repeat(8_192 - 4), 86_400), Err(CacheError::TooLarge(8_192)));
        cx.cache().set("x", &"y".repeat(8_192 - 5), 86_400).unwrap();
        cx.cache().delete("x").unwrap();
    });
    let first = FakeHost::new().now(1_000).on_login::<Probed>();
    probe(|cx| cx.log().info(format!("{:?}", cx.cache().get::<u8>("n").unwrap())));
    let later = |now| FakeHost::new().cache(&first.cache).now(now).on_login::<Probed>().log[0].message.clone();
    assert_eq!((later(60_999).as_str(), later(61_000).as_str()), ("Some(7)", "None"));
}

#[test]
fn a_star_in_a_setting_stands_for_each_element() {
    probe(|cx| {
        assert_eq!(cx.event().get::<u8>("/a").unwrap(), Some(1));
        assert_eq!(cx.event().get::<u8>("/b").unwrap(), Some(2));
        assert_eq!(cx.event().get::<u8>("/c"), Err(EventError::NotGranted));
    });
    let manifest = r#"{"capabilities": {"event": [{"setting": "/list/*/from"}]}}"#;
    let settings = json!({ "list": [{ "from": "/a" }, { "from": "/b" }], "c": "/c" });
    let event = json!({ "a": 1, "b": 2, "c": 3 });
    let _ = FakeHost::new().manifest(manifest).settings(settings).event(event).on_login::<Probed>();
}

#[test]
fn a_redirect_is_built_step_by_step() {
    let token = TokenRequest::new("request", "partner").claim("level", 2).ttl(300);
    assert_eq!(token.claims_text(), r#"{"level":2}"#);
    let redirect = Redirect::to("https://face.example/").query("lang", "pt").factor(FACE).token(token.clone());
    assert_eq!(redirect.query, [("lang".to_owned(), "pt".to_owned())]);
    assert_eq!((redirect.factor.as_deref(), redirect.token.as_ref()), (Some(FACE), Some(&token)));
    assert_eq!(Decision::from(redirect.clone()), Decision::Redirect(redirect));
}

#[test]
fn an_action_without_on_continue_fails_there() {
    struct Silent;
    impl Action for Silent {
        fn on_login(_: &mut Context) -> Result<Decision, Failure> {
            Ok(Decision::Continue)
        }
    }
    assert!(FakeHost::new().on_continue::<Silent>().decision.is_err());
}
