//! Claims that no action may set, whatever it was granted.

/// Claims that say who issued a token, to whom, for whom, when, on which grounds and with which rights: the IdP's alone.
/// RFC 7519 (section 4.1), OpenID Connect Core (sections 2 and 3.3.2.11) and the logout specifications, RFC 9068 (section
/// 2.2), RFC 8693 (section 4), RFC 7800, RFC 9449, RFC 9396, RFC 8417, RFC 7662.
const RESERVED: [&str; 37] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "acr",
    "amr",
    "auth_time",
    "azp",
    "nonce",
    "at_hash",
    "c_hash",
    "s_hash",
    "rt_hash",
    "sid",
    "cnf",
    "act",
    "may_act",
    "client_id",
    "scope",
    "scp",
    "roles",
    "groups",
    "entitlements",
    "authorization_details",
    "events",
    "toe",
    "txn",
    "token_type",
    "active",
    "sub_jwk",
    "sub_id",
    "typ",
    "vot",
    "vtm",
];

/// Whether only the IdP may set this claim.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}
