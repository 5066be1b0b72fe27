//! Return URLs: whole segments, and never another origin.

use crate::ReturnUrl;
use proptest::prelude::*;
use url::Url;

fn registered(text: &str) -> ReturnUrl {
    ReturnUrl::parse(text, true).unwrap()
}

fn matches(registration: &str, url: &str) -> bool {
    registered(registration).matches(&Url::parse(url).unwrap())
}

/// S14.
#[test]
fn prefixes_are_whole_segments() {
    for prefix in ["https://idp.example/interaction/", "https://idp.example/interaction"] {
        for good in ["", "/", "/abc", "/abc/postlude?x=1", "/./abc", "/x/../abc", "//abc"] {
            assert!(matches(prefix, &format!("https://idp.example/interaction{good}")), "{prefix} {good}");
        }
        for bad in ["/interaction-evil", "/interactio", "/", "/x/interaction/", "/Interaction/abc", "//interaction/"] {
            assert!(!matches(prefix, &format!("https://idp.example{bad}")), "{prefix} {bad}");
        }
    }
    assert!(matches("https://idp.example", "https://idp.example/anything"));
}

#[test]
fn dots_and_encodings_do_not_leave_the_prefix() {
    for bad in [
        "/../admin",
        "/%2e%2e/admin",
        "/.%2E/admin",
        "/..%2fadmin",
        "/..%2Fadmin",
        "/a%2f..%2f..%2fadmin",
        "/..%5cadmin",
        "/\\..\\..\\admin",
        "/..;/admin",
        "/%2e%2e;x=1/admin",
        "/.;/admin",
        "/a%00b",
        "/a%0d%0ab",
        "/a%7f",
        "/a%zz",
    ] {
        assert!(
            !matches("https://idp.example/interaction/", &format!("https://idp.example/interaction{bad}")),
            "{bad}"
        );
    }
}

/// S14.
#[test]
fn the_origin_is_exact() {
    let prefix = "https://idp.example/interaction/";
    assert!(matches(prefix, "https://idp.example:443/interaction/a"));
    assert!(matches(prefix, "https://IDP.example/interaction/a"));
    for bad in [
        "http://idp.example/interaction/a",
        "https://idp.example:8443/interaction/a",
        "https://idp.example./interaction/a",
        "https://idp.example.evil/interaction/a",
        "https://evil/idp.example/interaction/a",
        "https://idp.example@evil/interaction/a",
        "https://user@idp.example/interaction/a",
        "https://:pass@idp.example/interaction/a",
        "https://sub.idp.example/interaction/a",
        "https://idp.example/interaction/a#fragment",
        "ftp://idp.example/interaction/a",
        "data:text/html,idp.example/interaction/",
    ] {
        assert!(!matches(prefix, bad), "{bad}");
    }
}

#[test]
fn the_reply_parameter_is_ours() {
    let prefix = "https://idp.example/interaction/";
    for bad in ["?postlude=x", "?a=b&postlude", "?%70ostlude=x", "?a&postlude="] {
        assert!(!matches(prefix, &format!("https://idp.example/interaction/a{bad}")), "{bad}");
    }
    assert!(matches(prefix, "https://idp.example/interaction/a?postlude2=x"));
}

#[test]
fn registrations_are_strict() {
    for bad in [
        "",
        "idp.example",
        "/interaction",
        "https://idp.example/?a=b",
        "https://idp.example/#a",
        "https://u:p@idp.example/",
        "http://idp.example/",
        "ftp://idp.example/",
        "javascript:alert(1)",
        "https://*.example/",
        "https://idp.example./",
        "https://idp.example/a%2fb",
        "https://idp.example/a%5cb",
        "https://idp.example/..;/",
    ] {
        assert!(ReturnUrl::parse(bad, true).is_err(), "`{bad}` was read");
    }
    assert!(ReturnUrl::parse("http://localhost:3000/", true).is_ok());
    assert!(ReturnUrl::parse("http://localhost:3000/", false).is_err());
    let root = registered("https://idp.example/a/b/");
    assert_eq!((root.origin(), root.segments()), ("https://idp.example", &["a".to_owned(), "b".to_owned()][..]));
}

proptest! {
    #[test]
    fn another_origin_never_matches(
        scheme in "https?|ftp", user in "([a-z.@:]{0,6}@)?", host in "[a-z.]{1,14}", port in "(:[0-9]{1,4})?", tail in "[/\\\\.@:?#%a-z0-9;]{0,30}",
    ) {
        let registration = registered("https://idp.example/in/");
        for text in [format!("{scheme}://{user}{host}{port}{tail}"), format!("https://idp.example{tail}"), format!("https://idp.example/in{tail}")] {
            let Ok(url) = Url::parse(&text) else { continue };
            if registration.matches(&url) {
                prop_assert_eq!(url.origin().ascii_serialization(), "https://idp.example");
                prop_assert!(url.username().is_empty() && url.password().is_none());
                prop_assert!(url.path() == "/in" || url.path().starts_with("/in/"), "{}", url);
                // Nor after a reader that decodes once more.
                let again = url.path().replace("%2e", ".").replace("%2E", ".");
                prop_assert!(!again.contains("/../") && !again.to_ascii_lowercase().contains("%2f"), "{}", url);
            }
        }
    }
}
