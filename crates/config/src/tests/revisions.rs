//! A revision survives a restart: everything but the secrets is in it, and they are got again.

use super::support::*;
use crate::{Environment, ReadyMaterial, Revision, RevisionError};
use std::cell::RefCell;
use std::sync::Arc;

fn stored(text: &str) -> (Folder, crate::BoundTenant) {
    let folder = Folder::new();
    let checked = folder.check(text, &manifest()).unwrap();
    let tenant = checked.tenants.into_iter().next().unwrap();
    (folder, tenant)
}

fn shared_secret() -> String {
    with("alg = \"EdDSA\"", "alg = \"HS256\"")
        .replace("jwks = { file = \"partner.jwks.json\" }", "secret = { env = \"SECRET_32\" }")
}

#[test]
fn a_revision_reads_back_and_binds_to_the_same_actions() {
    for text in [documented(), shared_secret()] {
        let (_folder, tenant) = stored(&text);
        let json = serde_json::to_string(&tenant.revision).unwrap();
        let restored: Revision = serde_json::from_str(&json).unwrap();
        assert_eq!(restored, tenant.revision);
        let actions = restored.bind(&tenant.name, binder(&environment(), &no_keys)).unwrap();
        assert_eq!(actions[0].spec, tenant.actions[0].spec);
        assert_eq!(actions[0].secrets, tenant.actions[0].secrets);
    }
}

/// The text of version 1 as an earlier build stored it. Never made anew: when this fails, the format changed, and needs a new
/// version with a reader for this one.
#[test]
fn version_1_is_read_and_written_as_it_was() {
    let text = include_str!("revision.v1.json").trim_end();
    let revision = Revision::read(text).unwrap();
    assert_eq!(serde_json::to_string(&revision).unwrap(), text);
    assert_eq!(revision.actions[0].spec.name.as_str(), "face");
}

/// What today's build stores for the documented configuration. A changed text gives every pipeline a new revision.
#[test]
fn the_stored_text_is_what_it_was() {
    let (folder, tenant) = stored(&documented());
    let text = serde_json::to_string(&tenant.revision).unwrap();
    let text = folder.tidy(text);
    insta::assert_snapshot!(text);
}

#[test]
fn a_newer_revision_is_refused_by_its_version() {
    let newer = Revision::read(r#"{"version":2,"stages":[]}"#).unwrap_err();
    assert!(matches!(newer, RevisionError::Newer(2)), "{newer:?}");
    let message = "the stored revision has format version 2, and this build of Postlude reads versions up to 1; start the newer one";
    assert_eq!(newer.to_string(), message);
    assert!(Revision::read(r#"{"version":1,"actions":[]}"#).is_ok());
    assert!(matches!(Revision::read(r#"{"actions":{}}"#), Err(RevisionError::Malformed(_))));
}

/// O08.
#[test]
fn a_revision_holds_no_secret() {
    let (_folder, tenant) = stored(&shared_secret());
    let json = serde_json::to_string(&tenant.revision).unwrap();
    assert!(!json.contains(SECRET_32) && !json.contains("\"token\""), "{json}");
    assert!(!format!("{:?}", tenant.actions).contains("\"token\""));
}

#[test]
fn keys_are_made_from_their_material() {
    let (_folder, tenant) = stored(&shared_secret());
    let seen = RefCell::new(Vec::new());
    let maker = |_: &_, _: &_, keys: Vec<crate::ReadyKey>| {
        seen.borrow_mut().extend(keys);
        Ok(Arc::new(postlude_model::token::NoKeys) as Arc<dyn postlude_model::token::TokenKeys>)
    };
    tenant.revision.bind(&tenant.name, binder(&environment(), &maker)).unwrap();
    let keys = seen.into_inner();
    assert_eq!((keys[0].name.as_str(), keys[0].issuer.as_str()), ("partner", "http://localhost:4000"));
    assert!(matches!(&keys[0].material, ReadyMaterial::Secret(secret) if secret.reveal() == SECRET_32));
}

#[test]
fn a_secret_that_is_gone_is_named() {
    let (_folder, tenant) = stored(&documented());
    let none = Environment::of::<String, String>([]);
    let why = tenant.revision.bind(&tenant.name, binder(&none, &no_keys)).unwrap_err().to_string();
    assert_eq!(why, "action `face`: secret `api_token`: environment variable `FACE_TOKEN` is not set");
}
