//! Manifests: read strictly, and resolved against an action's settings.

use crate::support::json;
use postlude_model::manifest::{Manifest, ManifestError, origin_of};
use postlude_model::names::{ActionName, Digest, FactorName, LoginId, SessionId};
use postlude_model::token::Profile;

const BASE: &str = r#""name":"p","version":"1.0.0","publisher":"acme.example","abi":"0.1.0""#;

fn parse(rest: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse(format!("{{{BASE}{rest}}}").as_bytes())
}

fn errors(rest: &str, settings: &str) -> Vec<String> {
    let errors = parse(rest).unwrap().resolve(&json(settings)).unwrap_err();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn the_smallest_manifest_proves_nothing_and_asks_for_nothing() {
    let declared = parse("").unwrap().resolve(&json("{}")).unwrap();
    assert_eq!(declared, postlude_model::manifest::Declared::default());
    assert_eq!(declared.result.profile, Profile::None);
}

/// An upload is stored with its manifest as JSON, also where that says nothing of replies.
#[test]
fn the_smallest_manifest_is_written_and_reads_back() {
    let smallest = parse("").unwrap();
    let text = serde_json::to_string(&smallest).unwrap();
    assert!(!text.contains("\"result\""), "{text}");
    assert_eq!(Manifest::parse(text.as_bytes()).unwrap(), smallest);
}

#[test]
fn what_is_unknown_twice_or_of_another_contract_is_refused() {
    assert!(matches!(parse(r#","extra":1"#), Err(ManifestError::Shape(_))));
    assert!(matches!(parse(r#","capabilities":{"files":[]}"#), Err(ManifestError::Shape(_))));
    assert!(matches!(
        parse(r#","result":{"parameter":"r","key":"k","profile":"postlude","alg":"none"}"#),
        Err(ManifestError::Shape(_))
    ));
    assert!(matches!(parse(r#","result":"trust-me""#), Err(ManifestError::Shape(_))));
    assert!(matches!(parse(r#","name":"q""#), Err(ManifestError::Json(_))));
    assert!(matches!(Manifest::parse(b"{}"), Err(ManifestError::Shape(_))));
    let newer = format!("{{{}}}", BASE.replace("0.1.0", "0.2.0"));
    assert!(matches!(Manifest::parse(newer.as_bytes()), Err(ManifestError::Abi(abi)) if abi == "0.2.0"));
}

#[test]
fn references_resolve_to_settings() {
    let rest = r#","factors":[{"name":{"setting":"/factor"},"amr":["mfa"]}],
        "result":{"parameter":"r","key":"k","profile":{"setting":"/profile"}},
        "capabilities":{"redirect_origins":[{"setting":"/prompt"},{"setting":"/absent"}],"secrets":["s"]}"#;
    let settings = r#"{"factor":"https://a.example/f","profile":"auth0","prompt":"https://P.example:443/x?y"}"#;
    let declared = parse(rest).unwrap().resolve(&json(settings)).unwrap();
    assert_eq!(declared.factors[0].0.as_str(), "https://a.example/f");
    assert_eq!((declared.result.profile, declared.result.key.as_str()), (Profile::Auth0, "k"));
    assert_eq!(declared.capabilities.redirect_origins, ["https://p.example"]);
    assert_eq!(declared.capabilities.secrets, ["s"]);
}

#[test]
fn a_star_stands_for_each_element_of_an_array_and_of_nothing_else() {
    let event = |pointer: &str| {
        let rest = format!(r#","capabilities":{{"event":["/fixed",{{"setting":"{pointer}"}}]}}"#);
        let settings = r#"{"list":[{"from":"/a"},{"from":"/b"},{"from":"/a"},{"from":7},{},"/c"],
            "texts":["/d","/fixed"],"object":{"*":"/e","x":"/f"},"nested":[["/g"],["/h","/i"]],"a/b":["/j"]}"#;
        parse(&rest).unwrap().resolve(&json(settings)).unwrap().capabilities.event
    };
    assert_eq!(event("/list/*/from"), ["/fixed", "/a", "/b"], "each once, and what is no string is left out");
    assert_eq!(event("/texts/*"), ["/fixed", "/d"]);
    assert_eq!(event("/object/*"), ["/fixed", "/e"], "of an object, `*` is the member of that name");
    assert_eq!(event("/nested/*/*"), ["/fixed", "/g", "/h", "/i"]);
    assert_eq!(event("/a~1b/*"), ["/fixed", "/j"]);
    assert_eq!(event("/list/1/from"), ["/fixed", "/b"]);
    assert_eq!(event("/list/*"), ["/fixed", "/c"]);
    for nothing in ["/texts", "/texts/**", "/absent/*", "texts/*", "*", ""] {
        assert_eq!(event(nothing), ["/fixed"], "{nothing}");
    }
}

#[test]
fn a_factor_and_a_proof_are_one_text_never_a_list() {
    let found = errors(r#","factors":[{"name":{"setting":"/factors/*"}}]"#, r#"{"factors":["https://a.example/f"]}"#);
    assert!(found.len() == 1 && found[0].contains("`/factors/*`"), "{found:?}");
}

#[test]
fn every_reference_that_does_not_resolve_is_reported_at_once() {
    let rest = r#","factors":[{"name":{"setting":"/factor"}},{"name":"not a name"}],
        "result":{"parameter":"r","key":"k","profile":{"setting":"/profile"}},
        "capabilities":{"redirect_origins":["ftp://a.example"]}"#;
    let found = errors(rest, r#"{"factor":1,"profile":"plain"}"#);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].contains("`/factor`"), "{}", found[0]);
    assert!(found[2].contains("`plain`"), "{}", found[2]);
}

/// S14.
#[test]
fn an_origin_is_scheme_host_and_a_port_that_is_not_the_schemes_own() {
    assert_eq!(origin_of("https://A.example:443/x?y#z").unwrap(), "https://a.example");
    assert_eq!(origin_of("http://localhost:4000").unwrap(), "http://localhost:4000");
    for bad in
        ["", "a.example", "//a.example", "ftp://a.example", "data:,", "https://u@a.example", "https://:p@a.example"]
    {
        assert!(origin_of(bad).is_err(), "`{bad}`");
    }
}

#[test]
fn names_are_checked_at_their_edges() {
    assert!(ActionName::new("a".repeat(64)).is_ok() && ActionName::new("0-a").is_ok());
    for bad in ["", "-a", "A", "a_b", "a b", "é", &*"a".repeat(65)] {
        assert!(ActionName::new(bad).is_err(), "`{bad}`");
    }
    assert!(FactorName::new("f".repeat(256)).is_ok());
    for bad in ["", "a b", "a\n", "é", &*"f".repeat(257)] {
        assert!(FactorName::new(bad).is_err(), "`{bad}`");
    }
    assert!(SessionId::new("ü|/ x").is_ok());
    assert!(SessionId::new("a\u{85}").is_err() && SessionId::new("").is_err());
    assert!(LoginId::new("aZ0_-").is_ok());
    for bad in ["a.b", "a/b", "", "é"] {
        assert!(LoginId::new(bad).is_err(), "`{bad}`");
    }
    let error = ActionName::new("\u{1b}[31m".repeat(100)).unwrap_err().to_string();
    assert!(error.len() < 1000 && !error.chars().any(char::is_control), "{error}");
}

#[test]
fn a_digest_reads_back_and_nothing_else_does() {
    let digest = Digest::from_bytes([0xab; 32]);
    let text = digest.to_string();
    assert_eq!(text.parse::<Digest>().unwrap(), digest);
    let hex = "ab".repeat(32);
    for bad in [
        hex.clone(),
        format!("sha256:{}", &hex[1..]),
        format!("sha256:{hex}0"),
        format!("sha256:{}", "+a".repeat(32)),
        format!("sha512:{hex}"),
    ] {
        assert!(bad.parse::<Digest>().is_err(), "`{bad}`");
    }
}
