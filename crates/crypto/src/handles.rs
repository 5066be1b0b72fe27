//! The handles of one tenant's logins: derived, never stored, and checked without the store.

use crate::location::Locations;
use crate::prim::MacKey;
use crate::root::{Derived, RootKeys};
use crate::{labels, prim};
use postlude_model::handle::{Handles, StateClaims};
use postlude_model::names::{LoginId, RunId, SessionId, TenantName, Timestamp};
use std::fmt;
use std::sync::Arc;

/// Bytes of a state at most: the longest names give 240, and a longer text is not looked at.
pub const STATE_BYTES: usize = 400;

/// Why a state is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The text does not have the form of a state.
    #[error("the state is not one that postlude makes")]
    Malformed,
    /// No present root key has made it.
    #[error("the state was made with a root key that this host does not have")]
    UnknownKey,
    /// The state says that it is another tenant's.
    #[error("the state belongs to another tenant")]
    WrongTenant,
    /// The state's MAC does not verify.
    #[error("the state's MAC is wrong")]
    BadMac,
    /// The state is genuine and past its end; a consumed step still has an answer.
    #[error("the state has expired")]
    Expired(StateClaims),
}

/// The tenant that a state names, **before** its MAC is checked: it may only choose whose keys check the state.
#[must_use]
pub fn peek_tenant(state: &str) -> Option<TenantName> {
    Parsed::read(state).map(|parsed| parsed.tenant)
}

/// Derives and checks the handles of one tenant.
#[derive(Clone)]
pub struct TenantHandles {
    tenant: TenantName,
    state: Derived<MacKey>,
    resume_key: Derived<MacKey>,
    login_id: Derived<MacKey>,
    session_id: Derived<MacKey>,
    run_id: Derived<MacKey>,
    seed: Derived<MacKey>,
    locations: Locations,
}

impl TenantHandles {
    /// The handles of this tenant.
    #[must_use]
    pub fn new(roots: Arc<RootKeys>, tenant: TenantName) -> Self {
        let key = |label| Derived::new(&roots, label, &[tenant.as_str().as_bytes()], MacKey::new);
        Self {
            state: key(labels::STATE),
            resume_key: key(labels::RESUME_KEY),
            login_id: key(labels::LOGIN_ID),
            session_id: key(labels::SESSION_ID),
            run_id: key(labels::RUN_ID),
            seed: key(labels::SEED),
            locations: Locations::new(&roots, &tenant),
            tenant,
        }
    }

    /// Checks a state: its form, its MAC in constant time, and only then its end.
    ///
    /// # Errors
    /// The first check that failed. `Expired` carries claims that are genuine.
    pub fn verify_state(&self, state: &str, now: Timestamp) -> Result<StateClaims, StateError> {
        let parsed = Parsed::read(state).ok_or(StateError::Malformed)?;
        // The name is not proved yet, so it can only refuse: the key is this tenant's own in any case.
        if parsed.tenant != self.tenant {
            return Err(StateError::WrongTenant);
        }
        let key = self.state.by_kid(&parsed.kid).ok_or(StateError::UnknownKey)?;
        if !prim::same(&state_mac(key, &parsed.kid, &parsed.payload), &parsed.mac) {
            return Err(StateError::BadMac);
        }
        if now >= parsed.claims.expires_at {
            return Err(StateError::Expired(parsed.claims));
        }
        Ok(parsed.claims)
    }

    /// The key that only Postlude and the IdP know, one per login: 256 bits in base64url.
    #[must_use]
    pub fn resume_key(&self, login: &LoginId) -> String {
        prim::encode(resume_mac(self.resume_key.current(), login))
    }

    /// Whether this is the login's resume key by the current or a previous root key, in constant time.
    #[must_use]
    pub fn check_resume_key(&self, login: &LoginId, presented: &str) -> bool {
        self.resume_key.any(|key| prim::encode(resume_mac(key, login)).into_bytes(), presented.as_bytes())
    }

    /// The identifier of the login that an idempotency key begins with a body of this SHA-256: `lgn_`, 160 bits of the key, and 48 of
    /// the body. The key itself need not be stored, which may be made from a user's identifier.
    #[must_use]
    pub fn login_id(&self, idempotency_key: &str, body_hash: &[u8; 32]) -> LoginId {
        login_id(self.login_id.current(), idempotency_key, body_hash)
    }

    /// The login's identifiers by each of the previous root keys, under which the login may have begun.
    pub fn earlier_login_ids<'a>(
        &'a self,
        idempotency_key: &'a str,
        body_hash: &'a [u8; 32],
    ) -> impl Iterator<Item = LoginId> + 'a {
        self.login_id.previous().map(move |key| login_id(key, idempotency_key, body_hash))
    }

    /// Where the browser was sent by a step of a login, from what its record keeps; none where no present root key sealed it. Records of
    /// earlier versions keep it in clear.
    #[must_use]
    pub fn open_location(&self, login: &LoginId, step: u32, kept: &str) -> Option<String> {
        if kept.starts_with("https://") || kept.starts_with("http://") {
            return Some(kept.to_owned());
        }
        self.locations.open(login, step, kept)
    }

    /// The identifier of the session that a login without one gets: `ses_` and 160 bits.
    #[must_use]
    pub fn mint_session_id(&self, login: &LoginId) -> SessionId {
        SessionId::derived("ses_", &identifier(self.session_id.current(), &[login.as_str().as_bytes()]))
    }
}

impl Handles for TenantHandles {
    fn state(&self, claims: &StateClaims) -> String {
        let payload = prim::frame(&[
            self.tenant.as_str().as_bytes(),
            &claims.epoch.to_be_bytes(),
            claims.login_id.as_str().as_bytes(),
            &claims.step.to_be_bytes(),
            &claims.expires_at.0.to_be_bytes(),
        ]);
        let kid = self.state.kid();
        let mac = state_mac(self.state.current(), kid, &payload);
        format!("v1.{kid}.{}", prim::encode([payload.as_slice(), &mac].concat()))
    }

    fn run_id(&self, login: &LoginId, step: u32) -> RunId {
        RunId::derived("run_", &identifier(self.run_id.current(), &[login.as_str().as_bytes(), &step.to_be_bytes()]))
    }

    fn seed(&self, login: &LoginId, step: u32) -> [u8; 32] {
        self.seed.current().of_parts(&[login.as_str().as_bytes(), &step.to_be_bytes()])
    }

    fn seal_location(&self, login: &LoginId, step: u32, location: &str) -> Option<String> {
        self.locations.seal(login, step, location)
    }
}

impl fmt::Debug for TenantHandles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantHandles")
            .field("tenant", &self.tenant)
            .field("kid", &self.state.kid())
            .finish_non_exhaustive()
    }
}

/// A state that was read and not yet checked.
struct Parsed {
    kid: String,
    tenant: TenantName,
    claims: StateClaims,
    payload: Vec<u8>,
    mac: [u8; 32],
}

impl Parsed {
    fn read(state: &str) -> Option<Self> {
        if state.len() > STATE_BYTES {
            return None;
        }
        let (kid, body) = prim::versioned(state)?;
        let body = prim::decode(body)?;
        let (payload, mac) = body.split_last_chunk::<32>()?;
        let (tenant, rest) = prim::unframe(payload)?;
        let (epoch, rest) = prim::unframe(rest)?;
        let (login_id, rest) = prim::unframe(rest)?;
        let (step, rest) = prim::unframe(rest)?;
        let (expires_at, []) = prim::unframe(rest)? else { return None };
        let claims = StateClaims {
            epoch: u64::from_be_bytes(epoch.try_into().ok()?),
            login_id: LoginId::new(std::str::from_utf8(login_id).ok()?).ok()?,
            step: u32::from_be_bytes(step.try_into().ok()?),
            expires_at: Timestamp(u64::from_be_bytes(expires_at.try_into().ok()?)),
        };
        let tenant = TenantName::new(std::str::from_utf8(tenant).ok()?).ok()?;
        Some(Self { kid: kid.to_owned(), tenant, claims, payload: payload.to_vec(), mac: *mac })
    }
}

fn state_mac(key: &MacKey, kid: &str, payload: &[u8]) -> [u8; 32] {
    key.of_parts(&[b"v1", kid.as_bytes(), payload])
}

fn resume_mac(key: &MacKey, login: &LoginId) -> [u8; 32] {
    key.of_parts(&[login.as_str().as_bytes()])
}

fn login_id(key: &MacKey, idempotency_key: &str, body_hash: &[u8; 32]) -> LoginId {
    let body = key.of_parts(&[idempotency_key.as_bytes(), body_hash]);
    let body = prim::encode(body.get(..6).unwrap_or(&body));
    LoginId::derived("lgn_", &(identifier(key, &[idempotency_key.as_bytes()]) + &body))
}

/// 160 bits: no two of 2^64 logins share them but by a chance of 2^-33.
fn identifier(key: &MacKey, parts: &[&[u8]]) -> String {
    let mac = key.of_parts(parts);
    prim::encode(mac.get(..20).unwrap_or(&mac))
}

#[cfg(test)]
mod tests;
