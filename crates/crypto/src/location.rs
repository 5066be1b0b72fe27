//! Where the browser was sent, as a login record keeps it: sealed, since the address holds the state and the request token.

use crate::labels;
use crate::prim::{self, MacKey};
use crate::root::{Derived, RootKeys};
use crate::seal::{open, shut};
use postlude_model::names::{LoginId, TenantName};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Seals and opens the locations of one tenant's prompts: XChaCha20-Poly1305, bound to root key, tenant, login and step. The nonce is a
/// MAC of all that and the location, so that the same location of a step is sealed alike, and no other one under its nonce.
#[derive(Clone)]
pub(crate) struct Locations {
    key: Derived<Zeroizing<[u8; 32]>>,
    nonce: Derived<MacKey>,
}

impl Locations {
    pub(crate) fn new(roots: &Arc<RootKeys>, tenant: &TenantName) -> Self {
        let context = [tenant.as_str().as_bytes()];
        Self {
            key: Derived::new(roots, labels::LOCATION, &context, |key| Zeroizing::new(*key)),
            nonce: Derived::new(roots, labels::LOCATION_NONCE, &context, MacKey::new),
        }
    }

    /// `v1.<kid>.<base64url>`; none where the location is too long for the cipher, which no URL is.
    pub(crate) fn seal(&self, login: &LoginId, step: u32, location: &str) -> Option<String> {
        let kid = self.key.kid();
        let bound = bound(kid, login, step);
        let mac = self.nonce.current().of_parts(&[&bound, location.as_bytes()]);
        let nonce = mac.first_chunk::<24>()?;
        let sealed = shut(self.key.current(), nonce, location.as_bytes(), &bound)?;
        Some(format!("v1.{kid}.{}", prim::encode([nonce.as_slice(), &sealed].concat())))
    }

    /// The location; none where no present root key sealed it for this step.
    pub(crate) fn open(&self, login: &LoginId, step: u32, sealed: &str) -> Option<String> {
        let (kid, body) = prim::versioned(sealed)?;
        let bytes = prim::decode(body)?;
        let (nonce, sealed) = bytes.split_first_chunk::<24>()?;
        let plain = open(self.key.by_kid(kid)?, nonce, sealed, &bound(kid, login, step))?;
        String::from_utf8(plain).ok()
    }
}

fn bound(kid: &str, login: &LoginId, step: u32) -> Vec<u8> {
    prim::frame(&[b"v1", kid.as_bytes(), login.as_str().as_bytes(), &step.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::RootKey;

    const URL: &str = "https://partner.example/prompt?state=v1.abc.def&token=eyJh.eyJz.x";

    fn locations(tenant: &str, current: u8, previous: &[u8]) -> Locations {
        let key = |n| RootKey::from_bytes([n; 32]);
        let roots = RootKeys::new(key(current), previous.iter().map(|n| key(*n)).collect()).unwrap();
        Locations::new(&Arc::new(roots), &TenantName::new(tenant).unwrap())
    }

    fn login(id: &str) -> LoginId {
        LoginId::new(id).unwrap()
    }

    #[test]
    fn a_location_opens_for_its_step_alone() {
        let here = locations("acme", 1, &[]);
        let sealed = here.seal(&login("a"), 2, URL).unwrap();
        assert!(!sealed.contains("partner") && sealed.starts_with("v1."), "{sealed}");
        assert_eq!(here.seal(&login("a"), 2, URL).unwrap(), sealed);
        assert_eq!(here.open(&login("a"), 2, &sealed).as_deref(), Some(URL));
        assert_eq!(locations("acme", 3, &[1]).open(&login("a"), 2, &sealed).as_deref(), Some(URL), "rotated");
        assert_eq!(here.open(&login("a"), 3, &sealed), None);
        assert_eq!(here.open(&login("b"), 2, &sealed), None);
        assert_eq!(locations("acme", 3, &[]).open(&login("a"), 2, &sealed), None, "its root key was removed");
        assert_eq!(locations("other", 1, &[]).open(&login("a"), 2, &sealed), None);
        assert_ne!(here.seal(&login("a"), 2, &format!("{URL}y")).unwrap()[12..44], sealed[12..44], "another nonce");
        for at in 0..sealed.len() {
            let bent =
                format!("{}{}{}", &sealed[..at], if &sealed[at..=at] == "A" { "B" } else { "A" }, &sealed[at + 1..]);
            assert_eq!(here.open(&login("a"), 2, &bent), None, "{at}");
        }
    }
}
