//! A change prompts although the record is fresh, and nothing else does.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at what surprises them")]

use new_device::NewDevice;
use postlude_sdk::testing::{Command, FakeHost, Run};
use postlude_sdk::{Decision, Failure, TokenError, Value, json};

const FACTOR: &str = "https://acme.example/device";
const KEY: &str = "new-device https://acme.example/device";
const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

fn settings() -> Value {
    json!({ "prompt_url": "https://prompt.example/device", "factor": FACTOR,
        "device": "/request/user_agent", "network": "/request/ip", "also": ["/request/geoip/countryCode"] })
}

fn request(user_agent: &str, ip: &str, country: &str) -> Value {
    json!({ "request": { "user_agent": user_agent, "ip": ip, "geoip": { "countryCode": country } } })
}

fn host() -> FakeHost {
    let manifest = include_str!("../manifest.json");
    FakeHost::new().manifest(manifest).settings(settings()).event(request(CHROME, "203.0.113.7", "PT"))
}

fn stash(run: &Run) -> Value {
    run.stash().unwrap().clone()
}

/// A host whose session confirmed the place of [`host`], with a record that is fresh or not.
fn confirmed(fresh: bool) -> FakeHost {
    let place = stash(&host().on_login::<NewDevice>());
    host().factor(FACTOR, 1, fresh).session_metadata(KEY, json!([place]))
}

/// Which factor a login's prompt names, and what it says has changed.
fn prompted(run: &Run) -> (Option<&str>, &Value) {
    let redirect = run.redirect().unwrap();
    assert_eq!(redirect.url, "https://prompt.example/device");
    let token = redirect.token.as_ref().unwrap();
    assert_eq!((token.parameter.as_str(), token.key.as_str()), ("request", "partner"));
    (redirect.factor.as_deref(), &token.claims["changed"])
}

#[test]
fn a_new_session_is_asked_for_the_factor() {
    let run = host().on_login::<NewDevice>();
    assert_eq!(prompted(&run), (Some(FACTOR), &json!(["/request/geoip/countryCode", "device", "network"])));
}

#[test]
fn while_nothing_changed_the_host_decides_by_the_record() {
    for fresh in [true, false] {
        let run = confirmed(fresh).on_login::<NewDevice>();
        assert_eq!(prompted(&run), (Some(FACTOR), &json!([])), "a fresh factor is skipped by the host");
    }
}

#[test]
fn a_change_prompts_although_the_record_is_fresh() {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
    for (event, changed) in [
        (request(firefox, "203.0.113.7", "PT"), json!(["device"])),
        (request(CHROME, "198.51.100.7", "PT"), json!(["network"])),
        (request(CHROME, "203.0.113.7", "DE"), json!(["/request/geoip/countryCode"])),
        (request("", "198.51.100.7", "PT"), json!(["device", "network"])),
        (json!({ "request": { "geoip": { "countryCode": "PT" } } }), json!(["device", "network"])),
    ] {
        for mode in ["interactive", "silent"] {
            let run = confirmed(true).mode(mode).event(event.clone()).on_login::<NewDevice>();
            assert_eq!(prompted(&run), (None, &changed), "no factor is named, so the host does not skip");
        }
        let run = confirmed(false).event(event).on_login::<NewDevice>();
        assert_eq!(prompted(&run), (Some(FACTOR), &changed), "a stale record is renewed by the same prompt");
    }
}

#[test]
fn an_update_and_another_address_of_the_network_are_no_change() {
    let updated = CHROME.replace("131.0.0.0", "132.0.6834.83");
    for event in [
        request(&updated, "203.0.113.7", "PT"),
        request(CHROME, "203.0.113.250", "PT"),
        request(CHROME, "::ffff:203.0.113.9", "PT"),
    ] {
        assert_eq!(prompted(&confirmed(true).event(event).on_login::<NewDevice>()), (Some(FACTOR), &json!([])));
    }
}

#[test]
fn prefixes_say_what_a_network_is() {
    let changes = |prefixes: Value, from: &str, to: &str| {
        let mut settings =
            json!({ "prompt_url": "https://prompt.example/device", "factor": FACTOR, "network": "/request/ip" });
        settings.as_object_mut().unwrap().extend(prefixes.as_object().unwrap().clone());
        let host = host().settings(settings).factor(FACTOR, 1, true);
        let before = stash(&host.clone().event(request("", from, "")).on_login::<NewDevice>());
        let host = host.session_metadata(KEY, json!([before])).event(request("", to, ""));
        prompted(&host.on_login::<NewDevice>()).0.is_none()
    };
    let default = json!({});
    assert!(!changes(default.clone(), "2001:db8:1::1", "2001:db8:1:ffff::2"));
    assert!(changes(default.clone(), "2001:db8:1::1", "2001:db8:2::1"));
    assert!(changes(default.clone(), "10.0.0.1", "10.0.1.1"));
    assert!(changes(default, "unknown", "10.0.1.1"));
    assert!(!changes(json!({ "ipv4_prefix": 0 }), "10.0.0.1", "203.0.113.7"));
    assert!(changes(json!({ "ipv4_prefix": 32 }), "10.0.0.1", "10.0.0.2"));
    assert!(!changes(json!({ "ipv6_prefix": 0 }), "2001:db8::1", "fe80::1"));
    assert!(changes(json!({ "ipv6_prefix": 128 }), "2001:db8::1", "2001:db8::2"));
}

#[test]
fn at_a_refresh_the_request_is_not_the_browsers() {
    for mode in ["refresh", "password"] {
        let run = confirmed(true).mode(mode).event(request("curl", "192.0.2.1", "US")).on_login::<NewDevice>();
        assert_eq!(prompted(&run).0, Some(FACTOR), "{mode}: the record alone counts");
    }
}

#[test]
fn a_confirmation_records_the_factor_and_remembers_the_place() {
    let place = stash(&host().on_login::<NewDevice>());
    let result = json!({ "verdict": "ok", "jti": "j", "factor": FACTOR });
    let run = host().asked_for(FACTOR).stash(place.clone()).result(result).on_continue::<NewDevice>();
    assert_eq!(run.decision, Ok(Decision::Continue));
    assert!(run.recorded(FACTOR));
    let remembered = Command::SetSessionMetadata { key: KEY.to_owned(), value: Some(json!([place])) };
    assert_eq!(run.commands.last(), Some(&remembered));
    let text = format!("{:?}", run.commands);
    assert!(!text.contains("203.0.113") && !text.contains("Mozilla"), "hashes only: {text}");
}

#[test]
fn a_confirmed_change_is_remembered_beside_the_others_up_to_the_setting() {
    let place = stash(&host().on_login::<NewDevice>());
    let result = json!({ "verdict": "ok", "jti": "j" });
    let earlier: Vec<Value> = (0..5).map(|n| json!({ "device": n.to_string() })).collect();
    let host = host().factor(FACTOR, 1, true).stash(place.clone()).result(result);
    let run = host.clone().session_metadata(KEY, json!(earlier)).on_continue::<NewDevice>();
    assert_eq!(run.decision, Ok(Decision::Continue));
    assert!(!run.recorded(FACTOR), "the prompt was for no factor; the fresh record goes on to count");
    let Some(Command::SetSessionMetadata { value: Some(known), .. }) = run.commands.last() else { unreachable!() };
    assert_eq!(*known, json!([earlier[1], earlier[2], earlier[3], earlier[4], place]));
    let run = host.session_metadata(KEY, json!([place, earlier[0]])).on_continue::<NewDevice>();
    let Some(Command::SetSessionMetadata { value: Some(known), .. }) = run.commands.last() else { unreachable!() };
    assert_eq!(*known, json!([earlier[0], place]), "each place once");
}

#[test]
fn a_record_that_became_stale_at_the_prompt_is_asked_for_once_more() {
    let place = stash(&host().on_login::<NewDevice>());
    let host = host().factor(FACTOR, 1, false).stash(place.clone()).result(json!({ "verdict": "ok", "jti": "j" }));
    let run = host.on_continue::<NewDevice>();
    assert_eq!(prompted(&run).0, Some(FACTOR));
    assert_eq!((stash(&run), run.commands.len()), (place, 1), "nothing is remembered yet");
}

#[test]
fn without_a_confirmation_nothing_is_recorded_or_remembered() {
    let place = stash(&host().on_login::<NewDevice>());
    let host = host().asked_for(FACTOR).stash(place);
    let refused = host.clone().verdict("refused").on_continue::<NewDevice>();
    assert_eq!(refused.denial().unwrap().code, "device_refused");
    let unproved = host.clone().result_error(TokenError::Invalid("exp".to_owned())).on_continue::<NewDevice>();
    assert_eq!((unproved.denial().unwrap().code.as_str(), unproved.log.len()), ("device_not_confirmed", 1));
    let error = host.clone().verdict("error").on_continue::<NewDevice>();
    assert!(matches!(error.decision, Err(Failure::Unavailable(_))));
    let none = host.result(json!({ "factor": FACTOR })).on_continue::<NewDevice>();
    assert!(none.decision.is_err());
    for run in [refused, unproved, error, none] {
        assert!(run.commands.is_empty());
    }
}
