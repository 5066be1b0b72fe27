//! The request that goes out, and the exchange of the code that comes back.

use super::support::{
    FACTOR, ISSUER, NOW, VERIFIER, back, claims, discovery, host, host_with, id_token, metadata, token,
};
use oidc_factor::OidcFactor;
use postlude_sdk::testing::{Exchange, claims_of, form_pairs, header_of};
use postlude_sdk::{Decision, Failure, HttpError, json};

fn query(run: &postlude_sdk::testing::Run) -> Vec<(&str, &str)> {
    let pairs = &run.redirect().unwrap().query;
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn a_login_goes_to_the_provider_with_pkce_and_a_nonce() {
    let run = host().exchange(discovery()).on_login::<OidcFactor>();
    let redirect = run.redirect().unwrap();
    assert_eq!(redirect.url, "https://idp.example/authorize");
    assert_eq!((redirect.factor.as_deref(), &redirect.token), (Some(FACTOR), &None));
    let stash = run.stash().unwrap();
    let (verifier, nonce) = (stash["verifier"].as_str().unwrap(), stash["nonce"].as_str().unwrap());
    assert!(verifier.len() == 43 && nonce.len() == 43 && verifier != nonce);
    let pairs = query(&run);
    let challenge = pairs.iter().find(|(name, _)| *name == "code_challenge").unwrap().1;
    assert!(challenge.len() == 43 && challenge != verifier);
    let expected = [
        ("client_id", "postlude"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("redirect_uri", "https://login.example/continue"),
        ("nonce", nonce),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ];
    assert_eq!(pairs, expected);
    assert_ne!(host().seed(2).exchange(discovery()).on_login::<OidcFactor>().stash(), Some(stash));
}

#[test]
fn the_challenge_is_the_one_of_rfc_7636() {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
    use sha2::Digest as _;
    // Appendix B: the same steps give its challenge, and the plugin's for the plugin's verifier.
    let challenge = |verifier: &str| BASE64_URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier));
    assert_eq!(challenge(VERIFIER), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let run = host().exchange(discovery()).on_login::<OidcFactor>();
    let verifier = run.stash().unwrap()["verifier"].as_str().unwrap();
    assert!(query(&run).contains(&("code_challenge", &challenge(verifier))));
}

#[test]
fn settings_add_what_the_provider_is_asked_for() {
    let more = json!({ "scope": "openid email", "max_age": 0, "prompt": "login", "acr_values": ["a", "b"],
        "login_hint": "/user/email" });
    let run = host_with(&more).exchange(discovery()).on_login::<OidcFactor>();
    let pairs = query(&run);
    for pair in [
        ("scope", "openid email"),
        ("max_age", "0"),
        ("prompt", "login"),
        ("acr_values", "a b"),
        ("login_hint", "ana@acme.example"),
    ] {
        assert!(pairs.contains(&pair), "{pair:?} in {pairs:?}");
    }
}

#[test]
fn a_signed_request_carries_everything_and_the_state() {
    let more = json!({ "request_object": { "key": "client" }, "max_age": 60 });
    let run = host_with(&more).exchange(discovery()).on_login::<OidcFactor>();
    let pairs = query(&run);
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["client_id", "response_type", "scope", "request"]);
    let object = pairs[3].1;
    assert_eq!(header_of(object)["typ"], "oauth-authz-req+jwt");
    let claims = claims_of(object);
    let nonce = &run.stash().unwrap()["nonce"];
    for (name, value) in [
        ("iss", json!("postlude")),
        ("aud", json!(ISSUER)),
        ("client_id", json!("postlude")),
        ("response_type", json!("code")),
        ("redirect_uri", json!("https://login.example/continue")),
        ("state", json!("state-1")),
        ("nonce", nonce.clone()),
        ("code_challenge_method", json!("S256")),
        ("max_age", json!(60)),
        ("iat", json!(NOW)),
        ("exp", json!(NOW + 300)),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["jti"].as_str().unwrap().len() == 43 && claims["code_challenge"].is_string());
}

#[test]
fn a_fresh_record_or_a_login_without_a_browser_asks_the_provider_nothing() {
    for host in [host().factor(FACTOR, 1, true), host().mode("silent"), host().mode("refresh")] {
        let run = host.on_login::<OidcFactor>();
        assert_eq!(run.redirect().unwrap().factor.as_deref(), Some(FACTOR), "the host skips it, or says it is due");
        assert!(run.requests.is_empty() && run.stash().is_none());
    }
    let stale = host().factor(FACTOR, 1, false).exchange(discovery()).on_login::<OidcFactor>();
    assert_eq!(stale.requests.len(), 1);
}

#[test]
fn who_has_no_account_there_is_denied_before_the_redirect() {
    for user in [json!({}), json!({ "email": null }), json!({ "email": "" })] {
        let run = host().event(json!({ "user": user })).on_login::<OidcFactor>();
        assert_eq!(run.denial().unwrap().code, "factor_not_enrolled");
    }
    let odd = host().event(json!({ "user": { "email": ["a"] } })).on_login::<OidcFactor>();
    assert!(odd.decision.is_err());
}

#[test]
fn discovery_is_remembered_for_an_hour_and_for_its_issuer() {
    let first = host().exchange(discovery()).on_login::<OidcFactor>();
    let later = |seconds: u64| host().cache(&first.cache).now((NOW + seconds) * 1000);
    assert!(later(3599).on_login::<OidcFactor>().requests.is_empty());
    assert_eq!(later(3600).exchange(discovery()).on_login::<OidcFactor>().requests.len(), 1);
    let other = host_with(&json!({ "issuer": "https://other.example" })).cache(&first.cache).on_login::<OidcFactor>();
    assert_eq!(other.requests[0].url, "https://other.example/.well-known/openid-configuration");
}

#[test]
fn endpoints_of_the_settings_need_no_discovery() {
    let both =
        json!({ "authorization_endpoint": "https://a.example/auth", "token_endpoint": "https://t.example/token" });
    let run = host_with(&both).on_login::<OidcFactor>();
    assert_eq!((run.redirect().unwrap().url.as_str(), run.requests.len()), ("https://a.example/auth", 0));
    let one = json!({ "authorization_endpoint": "https://a.example/auth" });
    let run = host_with(&one).exchange(discovery()).on_login::<OidcFactor>();
    assert_eq!((run.redirect().unwrap().url.as_str(), run.requests.len()), ("https://a.example/auth", 1));
}

#[test]
fn a_provider_that_is_down_is_unavailable_and_one_that_lies_is_a_failure() {
    let ask = || Exchange::get("https://idp.example/.well-known/openid-configuration");
    for down in [ask().fails(HttpError::Timeout), ask().answers(503, &json!({})), ask().answers(429, &json!({}))] {
        let run = host().exchange(down).on_login::<OidcFactor>();
        assert!(matches!(run.decision, Err(Failure::Unavailable(_))), "{:?}", run.decision);
    }
    let mut another = metadata();
    another["issuer"] = json!("https://idp.example/");
    for wrong in [
        ask().answers(404, &json!({})),
        ask().answers(200, &another),
        ask().answers(200, &json!([])),
        ask().fails(HttpError::TooLarge),
    ] {
        let run = host().exchange(wrong).on_login::<OidcFactor>();
        assert!(matches!(run.decision, Err(Failure::Other(_))) && run.cache.is_empty(), "{:?}", run.decision);
    }
}

#[test]
fn a_code_is_exchanged_with_the_verifier_and_the_factor_recorded() {
    let mut said = claims();
    said["acr"] = json!("urn:mace:incommon:iap:silver");
    said["amr"] = json!(["hwk"]);
    let run = back(&said).on_continue::<OidcFactor>();
    assert_eq!(run.decision, Ok(Decision::Continue), "{:?}", run.log);
    let record = postlude_sdk::testing::Command::RecordFactor {
        name: FACTOR.to_owned(),
        evidence: Some(
            json!({ "issuer": ISSUER, "acr": "urn:mace:incommon:iap:silver", "amr": ["hwk"], "auth_time": NOW }),
        ),
    };
    assert!(run.commands.contains(&record), "{:?}", run.commands);
}

#[test]
fn every_way_of_client_authentication_is_sent() {
    let exchange = || token(&id_token(&claims()));
    let with = |auth: serde_json::Value, exchange: Exchange| {
        let host = host_with(&json!({ "client_auth": auth })).secret("secret", "s:/ %é");
        super::support::returned(host).exchange(discovery()).exchange(exchange).on_continue::<OidcFactor>()
    };
    let post = exchange().form("client_id", "postlude").form("client_secret", "s:/ %é");
    let run = with(json!({ "method": "client_secret_post", "secret": "secret" }), post);
    assert_eq!(run.decision, Ok(Decision::Continue));
    // base64 of `postlude:s%3A%2F%20%25%C3%A9`
    let basic = exchange().header("authorization", "Basic cG9zdGx1ZGU6cyUzQSUyRiUyMCUyNSVDMyVBOQ==");
    let run = with(json!({ "method": "client_secret_basic", "secret": "secret" }), basic);
    assert_eq!(run.decision, Ok(Decision::Continue));
    let run = with(json!({ "method": "none" }), exchange().form("client_id", "postlude"));
    assert_eq!(run.decision, Ok(Decision::Continue));

    let jwt = exchange().form("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let run = with(json!({ "method": "private_key_jwt", "key": "client" }), jwt);
    assert_eq!(run.decision, Ok(Decision::Continue));
    let body = String::from_utf8(run.requests[1].body.clone().unwrap()).unwrap();
    let assertion = form_pairs(&body).into_iter().find(|(name, _)| name == "client_assertion").unwrap().1;
    let claims = claims_of(&assertion);
    assert_eq!(
        (&claims["iss"], &claims["sub"], &claims["aud"]),
        (&json!("postlude"), &json!("postlude"), &json!(ISSUER))
    );
    assert_eq!((&claims["exp"], claims["jti"].as_str().unwrap().len()), (&json!(NOW + 300), 43));
    let auth = json!({ "method": "private_key_jwt", "key": "client", "audience": "https://idp.example/token" });
    let run = with(auth, exchange());
    let body = String::from_utf8(run.requests[1].body.clone().unwrap()).unwrap();
    let assertion = form_pairs(&body).into_iter().find(|(name, _)| name == "client_assertion").unwrap().1;
    assert_eq!(claims_of(&assertion)["aud"], "https://idp.example/token");
}

#[test]
fn what_the_provider_says_at_the_authorization_endpoint_is_mapped() {
    let said = |error: &str| {
        let host = host().query("iss", ISSUER).query("error", error).query("code", "ignored");
        host.exchange(discovery()).on_continue::<OidcFactor>()
    };
    assert_eq!(said("access_denied").denial().unwrap().code, "factor_refused");
    for down in ["temporarily_unavailable", "server_error"] {
        assert!(matches!(said(down).decision, Err(Failure::Unavailable(_))));
    }
    let Err(Failure::Other(why)) = said("\u{1b}[31minvalid_request").decision else { unreachable!() };
    assert!(why.contains("?[31minvalid_request"), "{why}");
    assert_eq!(said("access_denied").requests.len(), 1, "no code is exchanged");
}

#[test]
fn a_reply_of_another_provider_or_a_twisted_one_is_no_proof() {
    let cases: [&[(&str, &str)]; 7] = [
        &[("code", "c")],
        &[("iss", "https://evil.example"), ("code", "c")],
        &[("iss", ISSUER), ("iss", ISSUER), ("code", "c")],
        &[("iss", ISSUER)],
        &[("iss", ISSUER), ("code", "c"), ("code", "d")],
        &[("iss", ISSUER), ("error", "access_denied"), ("error", "x")],
        &[],
    ];
    for pairs in cases {
        let host = pairs.iter().fold(host(), |host, (name, value)| host.query(name, value));
        let host =
            host.stash(json!({ "verifier": VERIFIER, "nonce": "n", "asked_at": NOW * 1000 })).exchange(discovery());
        let run = host.on_continue::<OidcFactor>();
        assert_eq!(run.denial().unwrap().code, "factor_not_proved", "{pairs:?}");
        assert_eq!((run.requests.len(), run.log.len()), (1, 1), "{pairs:?}: no code is exchanged");
    }
    let posted = host().form("iss", ISSUER).form("code", "c").exchange(discovery()).on_continue::<OidcFactor>();
    assert_eq!(posted.denial().unwrap().code, "factor_not_proved", "replies come in the query");
}

#[test]
fn without_an_offer_of_iss_it_may_be_absent_but_not_wrong() {
    let mut offers_none = metadata();
    offers_none.as_object_mut().unwrap().remove("authorization_response_iss_parameter_supported");
    let discovery = Exchange::get("https://idp.example/.well-known/openid-configuration").answers(200, &offers_none);
    let host = host()
        .stash(json!({ "verifier": VERIFIER, "nonce": "n", "asked_at": NOW * 1000 }))
        .query("code", "c")
        .exchange(discovery);
    let run = host.clone().exchange(token(&id_token(&claims()))).on_continue::<OidcFactor>();
    assert!(run.recorded(FACTOR));
    let run = host.query("iss", "https://evil.example").on_continue::<OidcFactor>();
    assert_eq!(run.denial().unwrap().code, "factor_not_proved");
}

#[test]
fn a_token_endpoint_that_refuses_fails_or_stumbles_records_nothing() {
    let ends = |exchange: Exchange| {
        let run = super::support::returned(host()).exchange(discovery()).exchange(exchange).on_continue::<OidcFactor>();
        assert!(!run.recorded(FACTOR));
        run
    };
    let ask = || Exchange::post("https://idp.example/token");
    let replayed = ends(ask().answers(400, &json!({ "error": "invalid_grant" })));
    assert_eq!(replayed.denial().unwrap().code, "factor_not_proved");
    for down in [
        ask().fails(HttpError::Timeout),
        ask().fails(HttpError::Other("cannot connect".to_owned())),
        ask().answers(500, &json!({ "error": "invalid_grant" })),
    ] {
        assert!(matches!(ends(down).decision, Err(Failure::Unavailable(_))));
    }
    for wrong in [
        ask().answers(401, &json!({ "error": "invalid_client" })),
        ask().answers(302, &json!({})),
        ask().answers(200, &json!({ "access_token": "a" })),
        ask().answers(200, &json!("text")),
        ask().answers(201, &json!({ "id_token": id_token(&claims()) })),
    ] {
        assert!(matches!(ends(wrong).decision, Err(Failure::Other(_))));
    }
    let run = super::support::returned(host().stash(json!(null))).exchange(discovery());
    assert!(run.clone().stash(json!({})).on_continue::<OidcFactor>().decision.is_err(), "without a stash");
}
