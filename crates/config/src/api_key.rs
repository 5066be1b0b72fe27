//! The tables `[tenants.*.keys.*]`: who may call the API, known by the hash of their key.

use super::context::Context;
use super::problem::Complaint;
use super::read::{At, Section, shown};
use super::values::one_of;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Characters of a key at least: 128 bits in base64url are 22, and what `postlude keys new api` makes has more.
pub const SHORTEST_KEY: usize = 22;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The IdP's calls: logins and sessions.
    Idp,
    /// The operator's calls.
    Operator,
    /// What the operator may read.
    Reader,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Idp, Self::Operator, Self::Reader];

    /// The role's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idp => "idp",
            Self::Operator => "operator",
            Self::Reader => "reader",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An API key, of which only the hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its name, for the audit.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// SHA-256 of the key's text.
    pub hash: At<[u8; 32]>,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, {})", self.name, self.role)
    }
}

/// The hash by which a key is known.
#[must_use]
pub fn hash_of(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Reads the keys of a tenant.
pub(super) fn read(tenant: &mut Section<'_>, context: &Context<'_>) -> Vec<ApiKey> {
    let mut keys = Vec::new();
    if let Some(table) = tenant.table("keys") {
        for (name, at, node) in table.entries() {
            let subject = table.subject_of(&format!("key `{}`", shown(name)));
            let Some(mut section) = Section::of(table.log, subject, at, node) else { continue };
            let role = section.parsed("role", role);
            if !section.has("role") {
                section.missing("role", "write `role = \"idp\"`, `\"operator\"` or `\"reader\"`");
            }
            let hash = hash(&mut section, context);
            section.finish();
            keys.extend(role.zip(hash).map(|(role, hash)| ApiKey { name: name.to_owned(), role: role.value, hash }));
        }
    }
    if !keys.iter().any(|key| key.role == Role::Idp) {
        let message = format!("{}: no key has the role `idp`, so no IdP can log anyone in", tenant.label("keys"));
        tenant.log.warn(tenant.place("keys"), message, "`postlude keys new api` makes one");
    }
    keys
}

fn role(text: &str) -> Result<Role, Complaint> {
    one_of(text, "a role", &Role::ALL.map(|role| (role.as_str(), role)))
}

fn hash(section: &mut Section<'_>, context: &Context<'_>) -> Option<At<[u8; 32]>> {
    let given = section.parsed("sha256", sha256);
    let secret = context.origin.secret(section, "key");
    match (section.has("sha256"), section.has("key")) {
        (true, true) => {
            let message = format!("{} stands beside `sha256`", section.label("key"));
            section.log.error_hint(section.place("key"), message, "keep one of the two");
            given
        }
        (false, false) => {
            section.missing(
                "sha256",
                "`postlude keys new api` prints the key and this line; or write `key = { env = \"NAME\" }`",
            );
            None
        }
        _ => given.or_else(|| {
            let (reference, key) = secret?;
            if key.reveal().len() < SHORTEST_KEY {
                let message = format!("{}: the key is shorter than {SHORTEST_KEY} characters", section.label("key"));
                section.log.error_hint(reference.at, message, "`postlude keys new api` makes one");
            }
            Some(At::new(hash_of(key.reveal()), reference.at))
        }),
    }
}

fn sha256(text: &str) -> Result<[u8; 32], Complaint> {
    // The value is not repeated: it may be the key itself, put here by mistake.
    format!("sha256:{text}").parse::<postlude_model::names::Digest>().map(|digest| *digest.as_bytes()).map_err(|_| {
        Complaint::new("is not 64 hexadecimal digits").hint("`postlude keys new api` prints the key and its hash")
    })
}
