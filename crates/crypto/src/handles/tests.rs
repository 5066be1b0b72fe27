//! States, resume keys and derived identifiers: round trips, refusals, rotation.

use super::*;
use crate::root::RootKey;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn handles(tenant: &str, current: u8, previous: &[u8]) -> TenantHandles {
    let key = |n| RootKey::from_bytes([n; 32]);
    let roots = RootKeys::new(key(current), previous.iter().map(|n| key(*n)).collect()).unwrap();
    TenantHandles::new(Arc::new(roots), TenantName::new(tenant).unwrap())
}

fn login(text: &str) -> LoginId {
    LoginId::new(text).unwrap()
}

fn claims() -> StateClaims {
    StateClaims { epoch: 3, login_id: login("lgn_abc"), step: 2, expires_at: Timestamp(NOW.0 + 1) }
}

#[test]
fn a_state_has_this_text_under_a_fixed_root_key() {
    let state = handles("acme", 1, &[]).state(&claims());
    let golden = "v1.s-UGeOEv.AAAABGFjbWUAAAAIAAAAAAAAAAMAAAAHbGduX2FiYwAAAAQAAAACAAAACAAAAaMYXFABkZTWp3luVsbvnfNdn4NTuBV5qwLxfN8w-6f0s6MFIuc";
    assert_eq!(state, golden);
    assert_eq!(peek_tenant(&state).unwrap().as_str(), "acme");
}

#[test]
fn a_state_reads_back_until_its_end() {
    let handles = handles("acme", 1, &[]);
    let state = handles.state(&claims());
    assert_eq!(handles.verify_state(&state, NOW), Ok(claims()));
    assert_eq!(handles.verify_state(&state, claims().expires_at), Err(StateError::Expired(claims())));
    assert_eq!(handles.state(&claims()), state);
}

#[test]
fn the_longest_state_stays_below_its_limit_and_is_url_safe() {
    let handles = handles(&"t".repeat(32), 1, &[]);
    let claims = StateClaims {
        epoch: u64::MAX,
        login_id: login(&"l".repeat(64)),
        step: u32::MAX,
        expires_at: Timestamp(u64::MAX),
    };
    let state = handles.state(&claims);
    assert!(state.len() < STATE_BYTES, "{}", state.len());
    assert!(state.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
    assert_eq!(handles.verify_state(&state, NOW), Ok(claims));
}

#[test]
fn what_is_no_state_is_malformed() {
    let handles = handles("acme", 1, &[]);
    let state = handles.state(&claims());
    let cut = |n: usize| state[..state.len() - n].to_owned();
    let bad = ["", "v1", "v1..", "v1.aaaaaaaa.", "v1.aaaaaaaa.AA"].map(str::to_owned).into_iter();
    let bad = bad.chain([
        state.replacen("v1", "v2", 1),
        format!("{state}="),
        format!("{state} "),
        cut(60),
        "v1.aaaaaaaa.".to_owned() + &"A".repeat(1_000_000),
    ]);
    for bad in bad {
        assert_eq!(handles.verify_state(&bad, NOW), Err(StateError::Malformed), "`{bad}`");
        assert_eq!(peek_tenant(&bad), None);
    }
}

#[test]
fn another_tenants_state_is_refused_even_renamed() {
    let (acme, other) = (handles("acme", 1, &[]), handles("zzzz", 1, &[]));
    let state = other.state(&claims());
    assert_eq!(acme.verify_state(&state, NOW), Err(StateError::WrongTenant));
    let (head, body) = state.rsplit_once('.').unwrap();
    let mut bytes = prim::decode(body).unwrap();
    bytes[4..8].copy_from_slice(b"acme");
    let renamed = format!("{head}.{}", prim::encode(bytes));
    assert_eq!(acme.verify_state(&renamed, NOW), Err(StateError::BadMac));
}

#[test]
fn a_state_of_a_previous_root_key_verifies_and_of_an_unknown_one_does_not() {
    let state = handles("acme", 1, &[]).state(&claims());
    assert_eq!(handles("acme", 2, &[3, 1]).verify_state(&state, NOW), Ok(claims()));
    assert_eq!(handles("acme", 2, &[3]).verify_state(&state, NOW), Err(StateError::UnknownKey));
    let (old, new) = (RootKey::from_bytes([1; 32]), RootKey::from_bytes([2; 32]));
    let renamed = state.replace(old.kid(), new.kid());
    assert_eq!(handles("acme", 2, &[1]).verify_state(&renamed, NOW), Err(StateError::BadMac));
}

#[test]
fn a_resume_key_is_one_logins_and_survives_rotation() {
    let old = handles("acme", 1, &[]);
    let key = old.resume_key(&login("a"));
    assert_eq!(key.len(), 43);
    assert!(old.check_resume_key(&login("a"), &key));
    let rotated = handles("acme", 2, &[1]);
    assert!(rotated.check_resume_key(&login("a"), &key));
    assert!(rotated.check_resume_key(&login("a"), &rotated.resume_key(&login("a"))));
    assert_ne!(rotated.resume_key(&login("a")), key);
    for (handles, id) in [(&old, "b"), (&handles("other", 1, &[]), "a"), (&handles("acme", 2, &[]), "a")] {
        assert!(!handles.check_resume_key(&login(id), &key));
    }
    for wrong in ["", &key[..42], &format!("{key}="), old.state(&claims()).as_str()] {
        assert!(!old.check_resume_key(&login("a"), wrong));
    }
}

#[test]
fn identifiers_are_derived_alike_and_differ_in_every_input() {
    let acme = handles("acme", 1, &[]);
    let id = acme.login_id("key", &[1; 32]);
    assert_eq!(id, handles("acme", 1, &[9]).login_id("key", &[1; 32]));
    assert_eq!(
        handles("acme", 9, &[1]).earlier_login_ids("key", &[1; 32]).collect::<Vec<_>>(),
        std::slice::from_ref(&id)
    );
    assert_eq!((id.as_str().len(), &id.as_str()[..4]), (39, "lgn_"));
    let other_body = acme.login_id("key", &[2; 32]);
    assert!(other_body != id && other_body.place() == id.place() && id.place().len() == 31);
    let others = [acme.login_id("kex", &[1; 32]), handles("b", 1, &[]).login_id("key", &[1; 32])];
    assert!(!others.contains(&id));
    assert!(acme.mint_session_id(&id).as_str().starts_with("ses_"));
    assert_ne!(acme.mint_session_id(&id), acme.mint_session_id(&others[0]));
    assert_eq!(acme.run_id(&id, 1), acme.run_id(&id, 1));
    assert_ne!(acme.run_id(&id, 1), acme.run_id(&id, 2));
    assert_eq!(acme.seed(&id, 1), acme.seed(&id, 1));
    assert_ne!(acme.seed(&id, 1), acme.seed(&id, 2));
    assert_ne!(acme.seed(&id, 1), acme.seed(&others[0], 1));
}

#[test]
fn debug_shows_no_key() {
    let text = format!("{:?}", handles("acme", 1, &[]));
    let kid = RootKey::from_bytes([1; 32]).kid().to_owned();
    assert_eq!(text, format!("TenantHandles {{ tenant: TenantName(\"acme\"), kid: \"{kid}\", .. }}"));
}

proptest! {
    /// U09.
    #[test]
    fn a_changed_character_is_refused(at in 0_usize..200, to in "[A-Za-z0-9_.=-]") {
        let handles = handles("acme", 1, &[2]);
        let state = handles.state(&claims());
        let at = at % state.len();
        let changed = format!("{}{to}{}", &state[..at], &state[at + 1..]);
        prop_assert_eq!(handles.verify_state(&changed, NOW).is_ok(), changed == state);
    }

    /// U09.
    #[test]
    fn any_text_is_refused(text in ".{0,300}") {
        prop_assert!(handles("acme", 1, &[]).verify_state(&text, NOW).is_err());
    }

    #[test]
    fn every_state_reads_back(epoch: u64, step: u32, expires_at in NOW.0 + 1.., id in "[A-Za-z0-9_-]{1,64}") {
        let handles = handles("acme", 1, &[]);
        let claims = StateClaims { epoch, login_id: login(&id), step, expires_at: Timestamp(expires_at) };
        prop_assert_eq!(handles.verify_state(&handles.state(&claims), NOW), Ok(claims));
    }

    #[test]
    fn parts_of_an_idempotency_key_are_not_confused(a in "[a-c]{0,3}", b in "[a-c]{0,3}") {
        let acme = handles("acme", 1, &[]);
        prop_assert_eq!(acme.login_id(&a, &[1; 32]).place() == acme.login_id(&b, &[1; 32]).place(), a == b);
    }
}
