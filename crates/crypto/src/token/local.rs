//! Keys for a run without a server: a token that a plugin asks for can be made, and no prompt site would accept it.

use super::{ActionKeys, Algorithm, KeyConfig, KeyConfigError, KeyConfigErrors, KeyProfile, TenantSigner, VerifyWith};
use crate::root::{RootKey, RootKeys};
use postlude_model::manifest::ResolvedProof;
use postlude_model::token::{NoKeys, Profile, TokenKeys};
use std::collections::BTreeSet;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Not a secret: it is published here, so that a local run is the same everywhere.
const PUBLISHED_SECRET: &[u8; 32] = b"postlude local run, not a secret";

/// Keys with the names that a manifest gives, all HS256 with a published secret.
///
/// # Errors
/// When the names cannot be used.
pub fn local_keys(result: &ResolvedProof, names: &[String]) -> Result<Arc<dyn TokenKeys>, KeyConfigErrors> {
    let profile = match result.profile {
        Profile::Postlude => KeyProfile::Postlude,
        Profile::Auth0 => KeyProfile::Auth0,
        Profile::External | Profile::None => return Ok(Arc::new(NoKeys)),
    };
    let names: BTreeSet<&String> = names.iter().chain([&result.key]).collect();
    let config = |name: &String| KeyConfig {
        name: name.clone(),
        profile,
        issuer: "http://localhost".to_owned(),
        alg: Algorithm::HS256,
        verify: VerifyWith::Secret(Zeroizing::new(PUBLISHED_SECRET.to_vec())),
    };
    let signer = TenantSigner::derive(&RootKeys::only(RootKey::from_bytes(*PUBLISHED_SECRET)), b"local")
        .map_err(|why| KeyConfigErrors(vec![KeyConfigError { key: result.key.clone(), problem: why.into() }]))?;
    Ok(Arc::new(ActionKeys::new(names.into_iter().map(config).collect(), Arc::new(signer))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_key_exists_and_a_profile_without_tokens_has_none() {
        let proof = |profile| ResolvedProof { profile, key: "partner".to_owned(), ..Default::default() };
        let text = |profile| format!("{:?}", local_keys(&proof(profile), &["other".to_owned()]).unwrap());
        assert_eq!(text(Profile::Postlude), r#"{"other", "partner"}"#);
        assert_eq!(text(Profile::Auth0), r#"{"other", "partner"}"#);
        assert_eq!(text(Profile::None), "NoKeys");
        assert_eq!(text(Profile::External), "NoKeys");
    }
}
