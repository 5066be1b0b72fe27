//! Keys that cannot be used, each with its problem.

use super::*;

fn problem(config: KeyConfig) -> KeyProblem {
    ActionKeys::new(vec![config], signer(1)).unwrap_err().0.remove(0).problem
}

fn set(keys: Value) -> KeyProblem {
    let verify = VerifyWith::Jwks(json!({ "keys": keys }).to_string());
    problem(KeyConfig { verify, ..config("ed", KeyProfile::Postlude, Algorithm::EdDSA) })
}

fn changed(member: &str, value: Value) -> Value {
    let mut jwk = ed_jwk();
    jwk[member] = value;
    jwk
}

#[test]
fn a_secret_has_32_bytes_at_least() {
    let sized = |n: usize, profile| KeyConfig {
        verify: VerifyWith::Secret(Zeroizing::new(vec![1; n])),
        ..config("k", profile, Algorithm::HS256)
    };
    for profile in [KeyProfile::Postlude, KeyProfile::Auth0] {
        assert_eq!(problem(sized(31, profile)), KeyProblem::ShortSecret(31));
        assert!(ActionKeys::new(vec![sized(32, profile),], signer(1)).is_ok());
    }
}

#[test]
fn profile_algorithm_and_material_go_together() {
    let eddsa = config("k", KeyProfile::Auth0, Algorithm::EdDSA);
    assert_eq!(problem(eddsa), KeyProblem::Auth0Algorithm(Algorithm::EdDSA));
    let jwks = VerifyWith::Jwks(partner_jwks().to_string());
    let hs = KeyConfig { verify: jwks, ..config("k", KeyProfile::Postlude, Algorithm::HS256) };
    assert_eq!(problem(hs).to_string(), "HS256 takes a secret, not a JWK set");
    let secret = VerifyWith::Secret(Zeroizing::new(SECRET.to_vec()));
    let es = KeyConfig { verify: secret, ..config("k", KeyProfile::Postlude, Algorithm::ES256) };
    assert_eq!(problem(es).to_string(), "ES256 takes a JWK set, not a secret");
    let bare = KeyConfig { issuer: String::new(), ..config("k", KeyProfile::Postlude, Algorithm::EdDSA) };
    assert_eq!(problem(bare), KeyProblem::NoIssuer);
}

#[test]
fn private_material_is_refused_wherever_it_stands() {
    for member in ["d", "k", "p", "q", "dp", "dq", "qi", "oth"] {
        assert_eq!(set(json!([changed(member, json!("AA"))])), KeyProblem::Private(member));
        assert_eq!(set(json!([ed_jwk(), {"kty": "oct", member: "AA"}])), KeyProblem::Private(member));
    }
}

#[test]
fn a_set_needs_a_key_of_the_algorithm() {
    assert_eq!(set(json!([])), KeyProblem::NoKeyFor(Algorithm::EdDSA));
    assert_eq!(set(json!([es_jwk()])), KeyProblem::NoKeyFor(Algorithm::EdDSA));
    assert_eq!(set(json!([changed("crv", json!("X25519"))])), KeyProblem::NoKeyFor(Algorithm::EdDSA));
    assert_eq!(set(json!(vec![ed_jwk(); 17])), KeyProblem::TooMany(17));
    for bad in [json!("x"), json!(["x"]), json!({})] {
        assert!(matches!(set(bad), KeyProblem::BadSet(_)));
    }
    let twice = VerifyWith::Jwks(r#"{"keys":[],"keys":[]}"#.to_owned());
    let twice = problem(KeyConfig { verify: twice, ..config("k", KeyProfile::Postlude, Algorithm::EdDSA) });
    assert!(matches!(twice, KeyProblem::BadSet(_)));
}

#[test]
fn a_key_for_another_use_is_refused() {
    for (member, value) in
        [("alg", json!("ES256")), ("use", json!("enc")), ("key_ops", json!(["sign"])), ("use", json!(1))]
    {
        assert_eq!(set(json!([changed(member, value)])), KeyProblem::WrongUse { at: 0, member });
    }
    let mut good = changed("alg", json!("Ed25519"));
    (good["use"], good["key_ops"]) = (json!("sig"), json!(["verify"]));
    assert!(super::super::jwks::parse(&json!({ "keys": [good] }).to_string(), Algorithm::EdDSA).is_ok());
}

#[test]
fn a_bad_point_is_refused() {
    let mut weak = [0; 32];
    weak[0] = 1;
    for x in [json!("AA"), json!(1), json!(prim::encode(weak)), json!(prim::encode([2; 32])), json!("=")] {
        assert!(matches!(set(json!([changed("x", x)])), KeyProblem::BadKey { at: 0, .. }));
    }
    let mut off_curve = es_jwk();
    off_curve["y"] = json!(prim::encode([1; 32]));
    let verify = VerifyWith::Jwks(json!({ "keys": [off_curve] }).to_string());
    let es = KeyConfig { verify, ..config("k", KeyProfile::Postlude, Algorithm::ES256) };
    assert_eq!(problem(es), KeyProblem::BadKey { at: 0, why: "`x` and `y` are no point of the curve" });
}

#[test]
fn kids_are_distinct_and_several_keys_have_one_each() {
    assert_eq!(set(json!([ed_jwk(), ed_jwk()])), KeyProblem::KidTwice("e1".to_owned()));
    let mut bare = ed_jwk();
    bare.as_object_mut().unwrap().remove("kid");
    assert_eq!(set(json!([ed_jwk(), bare])), KeyProblem::NoKid(1));
    assert!(matches!(set(json!([changed("kid", json!(1))])), KeyProblem::BadKey { .. }));
}

#[test]
fn every_bad_key_is_reported_by_name_and_nothing_secret_shows() {
    let short = |name: &str| KeyConfig {
        verify: VerifyWith::Secret(Zeroizing::new(b"hunter2".to_vec())),
        ..config(name, KeyProfile::Postlude, Algorithm::HS256)
    };
    let good = config("ok", KeyProfile::Postlude, Algorithm::HS256);
    let errors = ActionKeys::new(vec![short("a"), good.clone(), good, short("b")], signer(1)).unwrap_err();
    let text = "key `a`: the secret has 7 bytes; HS256 needs at least 32 (RFC 7518, section 3.2); \
                key `ok`: the name occurs twice; key `b`: the secret has 7 bytes; HS256 needs at least 32 (RFC 7518, section 3.2)";
    assert_eq!(errors.to_string(), text);
    assert!(!format!("{:?} {:?}", short("a"), keys()).contains("hunter2"));
    assert_eq!(format!("{:?}", keys()), r#"{"a0", "ed", "es", "hs"}"#);
}
