//! Postlude's cryptography, and the only crate that knows any: labelled keys, handles, the sealed reply, tokens.
//!
//! Everything derives from one root key by HKDF-SHA256 without a salt (RFC 5869). `info` is `postlude`, a label and a
//! context, each with its length before it (32 bits, big-endian), so that no two purposes share a key:
//!
//! | label | context | key for | used by |
//! |---|---|---|---|
//! | `kid` | none | a root key's public name (48 bits, 8 characters) | [`root::RootKey::kid`] |
//! | `state` | tenant | HMAC-SHA256 of states | [`handles::TenantHandles`] |
//! | `resume-key` | tenant | resume keys, one per login | [`handles::TenantHandles`] |
//! | `login-id` | tenant | login identifiers | [`handles::TenantHandles`] |
//! | `session-id` | tenant | minted session identifiers | [`handles::TenantHandles`] |
//! | `run-id` | tenant | run identifiers | [`handles::TenantHandles`] |
//! | `seed` | tenant | seeds of runs | [`handles::TenantHandles`] |
//! | `seal` | tenant | XChaCha20-Poly1305 of sealed replies | [`seal::Sealer`] |
//! | `sign-ed25519` | tenant | the seed of the Ed25519 key pair | [`token::TenantSigner`] |
//! | `sign-p256` | tenant, attempt (1 byte) | the scalar of the P-256 key pair | [`token::TenantSigner`] |
//! | `record` | kind (`store`, `code`) | HMAC-SHA256 of stored records and files | [`mac::RecordMac`] |
//!
//! A secret shared with a partner (HS256, profile `postlude`) gives one key per direction: HKDF-SHA256 without a salt,
//! 32 bytes, with `info` exactly [`token::REQUEST_LABEL`] or [`token::RESULT_LABEL`]. Profile `auth0` uses it as it is.
//!
//! States and sealed replies are `v1.<kid>.<base64url>`. A state's bytes are tenant, epoch (8 bytes), login id, step
//! (4 bytes) and end in milliseconds (8 bytes), each with its length before it, then the HMAC over `v1`, `kid` and
//! those bytes. A sealed reply's bytes are the nonce (24) and the ciphertext; `v1`, `kid` and the tenant are bound to it.
//!
//! **Rotation.** The current root key makes everything new. Previous ones still check states, resume keys, sealed
//! replies and records, and their public keys stay in the JWK set. Derived identifiers, run ids and seeds are the
//! current key's: a caller keeps those of a login under way in its record.
//!
//! Not here: input and output, clocks, and any decision about a login.

pub mod api_key;
pub mod handles;
pub mod keys;
mod labels;
mod location;
pub mod mac;
pub mod partner_key;
mod prim;
pub mod publisher;
pub mod root;
pub mod seal;
pub mod token;

pub use prim::RandomError;
