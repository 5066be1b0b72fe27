//! The API keys of the tests.

/// The key of the tests' IdP.
pub const IDP_KEY: &str = "plk_test-idp-key-0123456789abcdefghijklmnop";
/// A key of the role `reader`.
pub const READER_KEY: &str = "plk_test-reader-key-0123456789abcdefghijkl";
/// A key of the role `operator`.
pub const OPERATOR_KEY: &str = "plk_test-operator-key-0123456789abcdefghij";
/// A key of another tenant's operator.
pub const OTHER_OPERATOR_KEY: &str = "plk_test-other-operator-0123456789abcdefgh";
/// The key of another tenant's IdP.
pub const OTHER_KEY: &str = "plk_test-other-key-0123456789abcdefghijklm";

/// The keys of tenant acme, one for each role, named after it.
pub(crate) fn callers() -> String {
    let roles = [("idp", IDP_KEY), ("reader", READER_KEY), ("operator", OPERATOR_KEY)];
    let table = |(role, key): (&str, &str)| {
        format!("[tenants.acme.keys.{role}]\nrole = \"{role}\"\nsha256 = \"{}\"\n", hash(key))
    };
    roles.map(table).concat()
}

/// The hash by which the configuration knows an API key.
#[must_use]
pub fn hash(key: &str) -> String {
    postlude_crypto::api_key::sha256_hex(key)
}

/// The text of a new root key.
#[must_use]
pub fn new_root_key() -> String {
    postlude_crypto::root::RootKey::generate().unwrap().to_text().to_string()
}
