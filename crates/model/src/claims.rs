//! Claims that no action may set, whatever it was granted.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The contract's list, with comments and empty lines. The SDK's fake host reads the same file.
const FILE: &str = include_str!("../../../wit/0.1/reserved-claims.txt");

static RESERVED: LazyLock<HashSet<&str>> =
    LazyLock::new(|| FILE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect());

/// Whether only the identity provider may set the claim of this name.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_without_its_comments() {
        assert_eq!(RESERVED.len(), 37);
        assert!(["iss", "sub", "acr", "amr", "cnf", "scope", "vtm"].into_iter().all(is_reserved));
        assert!(
            !["", "#", "email", "RFC 9396", "# RFC 9396", "https://acme.example/claim"].into_iter().any(is_reserved)
        );
    }
}
