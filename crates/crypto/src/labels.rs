//! Every label that a key is derived under: one purpose each, and never reused for another.

/// A root key's public name.
pub(crate) const KID: &str = "kid";
/// The MAC of states, per tenant.
pub(crate) const STATE: &str = "state";
/// Resume keys, per tenant.
pub(crate) const RESUME_KEY: &str = "resume-key";
/// Login identifiers, per tenant.
pub(crate) const LOGIN_ID: &str = "login-id";
/// Minted session identifiers, per tenant.
pub(crate) const SESSION_ID: &str = "session-id";
/// Run identifiers, per tenant.
pub(crate) const RUN_ID: &str = "run-id";
/// Seeds of runs, per tenant.
pub(crate) const SEED: &str = "seed";
/// The sealed reply, per tenant.
pub(crate) const SEAL: &str = "seal";
/// Locations of prompts in login records, per tenant.
pub(crate) const LOCATION: &str = "location";
/// The nonces of those, per tenant.
pub(crate) const LOCATION_NONCE: &str = "location-nonce";
/// The Ed25519 key pair of request tokens, per tenant.
pub(crate) const SIGN_ED25519: &str = "sign-ed25519";
/// The P-256 key pair of request tokens, per tenant.
pub(crate) const SIGN_P256: &str = "sign-p256";
/// The MAC of stored records and files, per kind of record.
pub(crate) const RECORD: &str = "record";
