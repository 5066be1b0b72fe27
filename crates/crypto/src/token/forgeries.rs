//! Requests that a prompt site must refuse, each wrong in one thing: what sites and their kits are tested with.

use super::action_key::{ActionKey, Verifier};
use super::algorithm::Algorithm;
use super::signer::TenantSigner;
use super::terms::{LEEWAY, RESULT_LABEL, RESULT_TYP, secret_for};
use super::{jws, request};
use crate::prim;
use crate::root::{RootKey, RootKeys};
use postlude_model::limits;
use postlude_model::token::TokenError;
use serde_json::{Map, Value, json};

/// A request that a prompt site must refuse.
#[derive(Debug, Clone)]
pub struct Forgery {
    /// What is wrong with it.
    pub name: &'static str,
    /// The check that must refuse it: `token`, `type`, `claims`, `issuer`, `audience`, `time`, `state` or `continue_url`.
    pub refused: &'static str,
    /// The token, for the address' `state` of the good one.
    pub token: String,
}

/// A forgery's name, its check, and the claims that it replaces (or, by null, removes).
type Changed<'a> = (&'static str, &'static str, &'a [(&'a str, Value)]);

/// A good request, from which the forgeries are made.
struct Good<'a> {
    key: &'a ActionKey,
    signer: &'a TenantSigner,
    token: &'a str,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

/// Every forgery of a good request that was made at `now`, in seconds since 1970.
pub(super) fn of(key: &ActionKey, signer: &TenantSigner, token: &str, now: u64) -> Result<Vec<Forgery>, TokenError> {
    let mut parts = token.split('.').map(|part| {
        let bytes = prim::decode(part).unwrap_or_default();
        serde_json::from_slice::<Map<String, Value>>(&bytes).unwrap_or_default()
    });
    let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let good = Good { key, signer, token, header, claims };
    let mut all = good.wrong_claims(now)?;
    all.extend(good.wrong_headers()?);
    all.extend(good.wrong_signatures()?);
    Ok(all)
}

impl Good<'_> {
    fn sign(&self, header: &Map<String, Value>, claims: &Map<String, Value>) -> Result<String, TokenError> {
        request::sign(self.key, self.signer, unsigned(header, claims))
    }

    /// Rightly signed, and wrong in a claim.
    fn wrong_claims(&self, now: u64) -> Result<Vec<Forgery>, TokenError> {
        let leeway = LEEWAY.as_secs();
        let longest = limits::TOKEN_LIFETIME.as_secs();
        let two = json!([self.claims.get("aud"), "https://other.example"]);
        let changes: [Changed<'_>; 14] = [
            (
                "expired",
                "time",
                &[("iat", json!(now.saturating_sub(leeway + 301))), ("exp", json!(now.saturating_sub(leeway + 1)))],
            ),
            (
                "from the future",
                "time",
                &[("iat", json!(now.saturating_add(leeway + 60))), ("exp", json!(now.saturating_add(leeway + 300)))],
            ),
            ("too long a life", "time", &[("exp", json!(now.saturating_add(longest + 1)))]),
            ("another tenant's", "issuer", &[("iss", json!("https://login.example/other"))]),
            ("for another site", "audience", &[("aud", json!("https://other.example"))]),
            ("for two sites", "audience", &[("aud", two)]),
            ("another state", "state", &[("state", json!("another"))]),
            ("back to elsewhere", "continue_url", &[("continue_url", json!("https://attacker.example/continue"))]),
            ("no user", "claims", &[("sub", Value::Null)]),
            ("an empty user", "claims", &[("sub", json!(""))]),
            ("no identifier", "claims", &[("jti", Value::Null)]),
            ("no action", "claims", &[("action", Value::Null)]),
            ("no end", "claims", &[("exp", Value::Null)]),
            ("an end that is a text", "claims", &[("exp", json!("soon"))]),
        ];
        let forge = |(name, refused, changes): Changed<'_>| {
            let token = self.sign(&self.header, &changed(&self.claims, changes))?;
            Ok(Forgery { name, refused, token })
        };
        changes.into_iter().map(forge).collect()
    }

    /// Rightly signed, and with a header that no request has.
    fn wrong_headers(&self) -> Result<Vec<Forgery>, TokenError> {
        let changes = [
            ("a result is no request", "type", "typ", json!(RESULT_TYP)),
            ("no type", "type", "typ", Value::Null),
            ("a critical extension", "token", "crit", json!(["exp"])),
            ("a key that the token brings along", "token", "jku", json!("https://attacker.example/jwks.json")),
        ];
        let forge = |(name, refused, member, value)| {
            let token = self.sign(&changed(&self.header, &[(member, value)]), &self.claims)?;
            Ok(Forgery { name, refused, token })
        };
        changes.into_iter().map(forge).collect()
    }

    /// What the tenant did not sign.
    fn wrong_signatures(&self) -> Result<Vec<Forgery>, TokenError> {
        let (unsigned_good, signature) = self.token.rsplit_once('.').unwrap_or_default();
        let other_user = unsigned(&self.header, &changed(&self.claims, &[("sub", json!("somebody else"))]));
        let none = unsigned(&changed(&self.header, &[("alg", json!("none"))]), &self.claims);
        let tokens = [
            ("another user under the old signature", format!("{other_user}.{signature}")),
            ("another tenant's key under this one's name", self.by_a_stranger()?),
            ("no signature", format!("{unsigned_good}.")),
            ("the algorithm none", format!("{none}.")),
            ("a key of another purpose", self.by_another_key()),
            ("no token at all", "request".to_owned()),
        ];
        Ok(tokens.into_iter().map(|(name, token)| Forgery { name, refused: "token", token }).collect())
    }

    fn by_a_stranger(&self) -> Result<String, TokenError> {
        let roots = RootKeys::only(RootKey::from_bytes([0x5a; 32]));
        let stranger = TenantSigner::derive(&roots, b"stranger").map_err(|why| TokenError::Other(why.to_string()))?;
        let unsigned = unsigned(&self.header, &self.claims);
        let signature = match self.key.alg {
            Algorithm::HS256 => prim::hmac(&[0x5a; 32], unsigned.as_bytes()).to_vec(),
            alg => stranger.sign(alg, unsigned.as_bytes()).unwrap_or_default(),
        };
        Ok(format!("{unsigned}.{}", prim::encode(signature)))
    }

    /// By the shared secret's key for results; or, with a key pair, by its public half as a secret: a verifier that goes by the
    /// header's algorithm would take what everyone knows for a secret.
    fn by_another_key(&self) -> String {
        let secret = match &self.key.verifier {
            Verifier::Shared(secret) => secret_for(self.key.profile, secret, RESULT_LABEL).to_vec(),
            Verifier::Set(_) => self.signer.jwks().as_str().as_bytes().to_vec(),
        };
        let unsigned = unsigned(&changed(&self.header, &[("alg", json!("HS256"))]), &self.claims);
        format!("{unsigned}.{}", prim::encode(prim::hmac(&secret, unsigned.as_bytes())))
    }
}

fn unsigned(header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    jws::unsigned(&Value::Object(header.clone()), &Value::Object(claims.clone()))
}

/// Members replaced, or removed by null.
fn changed(members: &Map<String, Value>, changes: &[(&str, Value)]) -> Map<String, Value> {
    let mut members = members.clone();
    for (name, value) in changes {
        if value.is_null() {
            members.remove(*name);
        } else {
            members.insert((*name).to_owned(), value.clone());
        }
    }
    members
}
