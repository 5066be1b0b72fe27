//! Where a redirect may go, and what the host appends to its URL.

use crate::support::*;
use postlude_model::action::{Action, ActionSpec};
use postlude_model::decision::{RedirectRequest, TokenRequest};
use postlude_model::limits;
use postlude_model::login::LoginRecord;
use postlude_model::token::Profile;
use std::sync::Arc;

/// The login after an action without factors asked for the redirect.
fn ask_of(action: Arc<Action>, request: RedirectRequest) -> LoginRecord {
    let world = World { actions: vec![action], ..World::new([]) };
    world.log_in(&[on_login("a", redirect(request, vec![]))]).record
}

fn ask(request: RedirectRequest) -> LoginRecord {
    ask_of(action(spec("a")), request)
}

fn location(record: &LoginRecord) -> &str {
    &record.suspension().unwrap_or_else(|| panic!("refused: {}", last_why(record))).location
}

fn state() -> String {
    format!("st.1.l1.0.{}", NOW.plus(limits::STATE_LIFETIME).0)
}

fn with_query(pairs: &[(&str, &str)]) -> RedirectRequest {
    let query = pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    RedirectRequest { query, ..to(PROMPT, None) }
}

fn with_token(url: &str, parameter: &str) -> RedirectRequest {
    let token = TokenRequest {
        parameter: parameter.to_owned(),
        key: "partner".to_owned(),
        claims: "{}".to_owned(),
        ttl_seconds: 60,
    };
    RedirectRequest { token: Some(token), ..to(url, None) }
}

fn auth0() -> ActionSpec {
    let mut spec = spec("a");
    spec.result.profile = Profile::Auth0;
    spec
}

/// P41, S14.
#[test]
fn what_is_refused() {
    let rows = [
        ("javascript:alert(1)", "scheme `javascript`"),
        ("data:text/html,<script>", "scheme `data`"),
        ("blob:https://prompt.example/1", "scheme `blob`"),
        ("filesystem:https://prompt.example/1", "scheme `filesystem`"),
        ("ftp://prompt.example/", "scheme `ftp`"),
        ("http://prompt.example/", "scheme `http`"),
        ("http://localhost:4000/", "scheme `http`"),
        ("//prompt.example/face", "not an absolute URL"),
        ("/face", "not an absolute URL"),
        ("", "not an absolute URL"),
        ("https://", "not an absolute URL"),
        ("https:\\\\prompt.example/", "backslashes"),
        ("https://prompt.example\\@evil.example/", "backslashes"),
        ("https://alice@prompt.example/", "user information"),
        ("https://:secret@prompt.example/", "user information"),
        ("https://prompt.example@evil.example/", "user information"),
        ("https://prompt.example/\r\nSet-Cookie: a=b", "control characters"),
        ("https://prompt.example/a\tb", "control characters"),
        ("java\nscript:alert(1)", "control characters"),
        (" https://prompt.example/", "white space"),
        ("https://prompt.example/\u{a0}", "white space"),
        ("https://prompt.example/\u{0}", "control characters"),
        ("https://evil.example/", "`https://evil.example`, which is not granted"),
        ("https://prompt.example:8443/", "`https://prompt.example:8443`, which is not granted"),
        ("https://a.prompt.example/", "which is not granted"),
        ("https://prompt.example.evil.example/", "which is not granted"),
        ("https://prompt.example./", "which is not granted"),
        ("https://xn--prmpt-kua.example/", "which is not granted"),
        ("https://prömpt.example/", "`https://xn--prmpt-kua.example`, which is not granted"),
        ("https://рrompt.example/", "which is not granted"),
        ("https://[::1]/", "which is not granted"),
        ("https://prompt.example/?state=mine", "`state`, which is the host's"),
        ("https://prompt.example/?%73tate=mine", "`state`, which is the host's"),
        ("https://prompt.example/?a=b&state", "`state`, which is the host's"),
    ];
    for (url, why) in rows {
        let record = ask(to(url, None));
        assert_eq!(denied_code(&record), "action_failed", "{url:?}");
        assert!(last_why(&record).contains(why), "{url:?}: {}", last_why(&record));
        assert_eq!(record.suspensions, 0);
    }
}

/// P41.
#[test]
fn what_is_accepted_is_written_anew() {
    let rows = [
        ("https://prompt.example", "https://prompt.example/?state="),
        ("https://PROMPT.example:443/a/../b", "https://prompt.example/b?state="),
        ("https://prompt.example/é?q=ü#frag", "https://prompt.example/%C3%A9?q=%C3%BC&state=%S#frag"),
        ("https://prompt.example/?State=1&states=2", "https://prompt.example/?State=1&states=2&state="),
        ("https:prompt.example/x", "https://prompt.example/x?state="),
        ("https://ｐrompt.example/", "https://prompt.example/?state="),
    ];
    for (url, expected) in rows {
        let expected = match expected.split_once("%S") {
            Some((before, after)) => format!("{before}{}{after}", state()),
            None => format!("{expected}{}", state()),
        };
        assert_eq!(location(&ask(to(url, None))), expected, "{url}");
    }
}

#[test]
fn pairs_are_escaped_and_cannot_break_out() {
    let record = ask(with_query(&[("a b", "1&state=2#x\r\n"), ("é", "")]));
    assert_eq!(location(&record), format!("{PROMPT}?a+b=1%26state%3D2%23x%0D%0A&%C3%A9=&state={}", state()));
    let record = ask(with_query(&[("state", "mine")]));
    assert!(last_why(&record).contains("`state`"), "{}", last_why(&record));
}

/// S14: an origin is granted as a whole. A star, a dot or a site above it in the name grants nothing below it.
#[test]
fn no_origin_stands_for_those_below_it() {
    for granted in ["https://prompt.example", "https://*.prompt.example", "https://.prompt.example", "https://*"] {
        let mut spec = spec("a");
        spec.grants.redirect_origins = vec![granted.to_owned()];
        let record = ask_of(action(spec), to("https://taken.prompt.example/face", None));
        assert_eq!(denied_code(&record), "action_failed", "{granted}");
        assert!(last_why(&record).contains("which is not granted"), "{granted}: {}", last_why(&record));
    }
}

#[test]
fn http_is_for_loopback_in_development() {
    let granted = |origin: &str, development| {
        let mut spec = spec("a");
        spec.grants.redirect_origins = vec![origin.to_owned()];
        Arc::new(Action { development, ..Arc::unwrap_or_clone(action(spec)) })
    };
    // Names below `localhost` as well, as the configuration grants them.
    for origin in ["http://localhost:4000", "http://a.b.localhost:4000", "http://127.0.0.1:4000", "http://[::1]:4000"] {
        assert!(ask_of(granted(origin, true), to(origin, None)).suspension().is_some(), "{origin}");
        assert!(ask_of(granted(origin, false), to(origin, None)).suspension().is_none(), "{origin}");
    }
    for origin in ["http://prompt.example", "http://10.0.0.1", "http://localhost.evil.example", "http://alocalhost"] {
        assert!(ask_of(granted(origin, true), to(origin, None)).suspension().is_none(), "{origin}");
    }
}

#[test]
fn a_url_at_the_limit_goes_out_and_a_byte_more_does_not() {
    let rest = format!("{PROMPT}?q=&state={}", state()).len();
    let of = |bytes: usize| ask(to(&format!("{PROMPT}?q={}", "x".repeat(bytes - rest)), None));
    let record = of(limits::REDIRECT_URL_BYTES);
    assert_eq!(location(&record).len(), 2048);
    let record = of(limits::REDIRECT_URL_BYTES + 1);
    assert!(last_why(&record).contains("2049 bytes, the limit is 2048"), "{}", last_why(&record));
}

#[test]
fn a_request_token_is_appended_once_and_names_state_user_and_factor() {
    let mut request = with_token(PROMPT, "token");
    request.factor = Some(FACE.to_owned());
    let record = ask_of(action(factor_spec("a", FACE)), request);
    let url = url::Url::parse(location(&record)).unwrap();
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let text = token("request", &state(), "alice", Some(FACE));
    assert_eq!(pairs, [("token".to_owned(), text), ("state".to_owned(), state())]);
}

#[test]
fn a_token_parameter_that_is_taken_is_refused() {
    let mut in_query = with_token(PROMPT, "token");
    in_query.query = vec![("token".to_owned(), "mine".to_owned())];
    let in_url = with_token("https://prompt.example/?t%6Fken=mine", "token");
    for request in [in_query, in_url, with_token(PROMPT, "state")] {
        let record = ask(request);
        assert_eq!(denied_code(&record), "action_failed");
        assert!(last_why(&record).contains("twice"), "{}", last_why(&record));
    }
}

#[test]
fn a_token_that_cannot_be_made_fails_the_action() {
    let mut other_key = with_token(PROMPT, "token");
    other_key.token.as_mut().unwrap().key = "other".to_owned();
    let mut bad_claims = with_token(PROMPT, "token");
    bad_claims.token.as_mut().unwrap().claims = r#"{"a":1,"a":2}"#.to_owned();
    for (request, why) in [(other_key, "no such key"), (bad_claims, "the claims are not acceptable")] {
        let record = ask(request);
        assert!(last_why(&record).starts_with("no request token: "), "{}", last_why(&record));
        assert!(last_why(&record).contains(why), "{}", last_why(&record));
    }
}

#[test]
fn a_redirect_that_would_prove_its_own_reply_is_refused_in_profile_auth0() {
    let own = auth0_token(&state(), "alice");
    let escaped: String = own.bytes().map(|b| format!("%{b:02X}")).collect();
    let urls = [
        format!("{PROMPT}?session_token={own}"),
        format!("{PROMPT}?session_token={escaped}"),
        format!("{PROMPT}?{own}=1"),
        format!("{PROMPT}/{own}"),
        format!("{PROMPT}/{own}/more"),
        format!("{PROMPT}/{escaped}"),
        format!("{PROMPT}#{own}"),
        format!("{PROMPT}#a=1&t={own}"),
        format!("{PROMPT}#t={escaped}"),
        // Inside of other values, and escaped more than once.
        format!("{PROMPT}?x=a.{own}"),
        format!("{PROMPT}?x={own}.b"),
        format!("{PROMPT}?x=prefix{own}suffix"),
        format!("{PROMPT}?x=[{own}]"),
        format!("{PROMPT}?next=https%3A%2F%2Fother.example%2F%3Ft%3D{own}"),
        format!("{PROMPT}?x={}", escaped.replace('%', "%25")),
    ];
    for url in urls {
        let record = ask_of(action(auth0()), to(&url, None));
        assert_eq!(denied_code(&record), "action_failed", "{url}");
        assert!(last_why(&record).contains("would prove its own reply"), "{url}: {}", last_why(&record));
    }
    let mut request = with_query(&[("session_token", &own)]);
    assert_eq!(denied_code(&ask_of(action(auth0()), request.clone())), "action_failed");
    request = with_query(&[(&own, "")]);
    assert_eq!(denied_code(&ask_of(action(auth0()), request)), "action_failed");
}

#[test]
fn other_tokens_may_travel_in_profile_auth0() {
    for other in [auth0_token(&state(), "bob"), auth0_token("st.1.l1.1.0", "alice"), "a.b.c".to_owned()] {
        let record = ask_of(action(auth0()), with_query(&[("session_token", &other)]));
        assert!(record.suspension().is_some(), "{other}: {}", last_why(&record));
    }
}

/// P41: the tests of URLs that browsers share. Whatever is accepted goes to the origin that a browser reads, which is granted, as the
/// very URL that the browser would make of it.
#[test]
fn every_url_goes_where_a_browser_reads_it_to() {
    let rows: Vec<(String, Option<String>, Option<String>)> =
        serde_json::from_str(include_str!("../../../../tests/vectors/urls.json")).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for (input, origin, href) in rows {
        let granted = |origin: &str| {
            let mut spec = spec("a");
            spec.grants.redirect_origins = vec![origin.to_owned()];
            ask_of(action(spec), to(&input, None))
        };
        assert!(granted("https://prompt.example").suspension().is_none(), "{input:?}");
        let record = granted(origin.as_deref().unwrap_or("null"));
        let Some(suspension) = record.suspension() else {
            refused += 1;
            continue;
        };
        accepted += 1;
        let (location, href) = (url::Url::parse(&suspension.location).unwrap(), href.unwrap());
        assert_eq!(Some(location.origin().ascii_serialization()), origin, "{input:?}");
        assert!(
            location.scheme() == "https" && location.username().is_empty() && location.password().is_none(),
            "{input:?}"
        );
        let mut without = location.clone();
        let pairs: Vec<_> = location.query_pairs().filter(|(name, _)| name != "state").collect();
        if pairs.is_empty() {
            without.set_query(None);
            let expected = href.replacen("?#", "#", 1);
            assert_eq!(without.as_str(), expected.trim_end_matches('?'), "{input:?}");
        }
        assert_eq!(location.path(), url::Url::parse(&href).unwrap().path(), "{input:?}");
    }
    assert!(accepted >= 12 && refused > 300, "{accepted} accepted, {refused} refused");
}
