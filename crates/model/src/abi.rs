//! The versions of the contract with plugins that this host speaks: the WIT package `postlude:action`, a folder of `wit/` for
//! each version.

use crate::named::named_values;
use serde::{Deserialize, Serialize};

/// The WIT package of the contract, without a version.
pub const PACKAGE: &str = "postlude:action";

named_values! {
    /// A version of the contract. Adding one here leads the compiler to every place that must know how to serve it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(try_from = "String", into = "String")]
    pub enum AbiVersion {
        /// `wit/0.1`.
        V0_1 = "0.1.0",
    }
}

impl AbiVersion {
    /// The package with this version, such as `postlude:action@0.1.0`.
    #[must_use]
    pub fn package(self) -> String {
        format!("{PACKAGE}@{}", self.as_str())
    }

    /// The name under which a component imports an interface of this version, such as `postlude:action/log@0.1.0`.
    #[must_use]
    pub fn import(self, interface: &str) -> String {
        format!("{PACKAGE}/{interface}@{}", self.as_str())
    }

    /// The interface that a component's import names, and the version of the contract that serves it: one that differs in the
    /// last number alone, as wasmtime's linker decides it (Semantic Versioning: below 1.0.0 the minor number says what is
    /// compatible). None for an import of another package or of a version that this host does not serve.
    #[must_use]
    pub fn of_import(name: &str) -> Option<(Self, &str)> {
        let (interface, wanted) = name.strip_prefix(PACKAGE)?.strip_prefix('/')?.split_once('@')?;
        Self::ALL.into_iter().find(|version| version.serves(wanted)).map(|version| (version, interface))
    }

    /// The version without its last number, such as `0.1`: the name of its folder in `wit/`.
    #[must_use]
    pub fn series(self) -> &'static str {
        self.as_str().rsplit_once('.').map_or(self.as_str(), |(series, _)| series)
    }

    fn serves(self, wanted: &str) -> bool {
        let patch = wanted.strip_prefix(self.series()).and_then(|rest| rest.strip_prefix('.'));
        patch.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit()))
    }
}

impl From<AbiVersion> for String {
    fn from(version: AbiVersion) -> Self {
        version.as_str().to_owned()
    }
}

impl TryFrom<String> for AbiVersion {
    type Error = String;

    /// # Errors
    /// When this host does not speak the version.
    fn try_from(name: String) -> Result<Self, String> {
        Self::from_name(&name).ok_or_else(|| format!("this host does not speak `{PACKAGE}@{name}`"))
    }
}

/// All packages that a plugin may be built against, for messages: `postlude:action@0.1.0`, and more with commas between.
#[must_use]
pub fn accepted_packages() -> String {
    AbiVersion::ALL.map(AbiVersion::package).join(", ")
}

/// All versions that a manifest may name, for messages: `0.1.0`, and more with commas between.
#[must_use]
pub fn accepted_versions() -> String {
    AbiVersion::ALL.map(AbiVersion::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_served_by_its_own_series_of_versions() {
        let served =
            |name: &str| AbiVersion::of_import(name).map(|(version, interface)| (version, interface.to_owned()));
        for patch in ["0", "1", "12"] {
            let name = format!("postlude:action/log@0.1.{patch}");
            assert_eq!(served(&name), Some((AbiVersion::V0_1, "log".to_owned())), "{name}");
        }
        for name in ["0.1.", "0.1", "0.1.0-rc", "0.1.x", "0.2.0", "1.1.0", "0.10.0", ""] {
            assert_eq!(served(&format!("postlude:action/log@{name}")), None, "{name}");
        }
        assert_eq!(served("postlude:action/log"), None);
        assert_eq!(served("wasi:io/poll@0.1.0"), None);
        assert_eq!(served("postlude:actions/log@0.1.0"), None);
    }

    #[test]
    fn names_lead_back_to_their_version() {
        for version in AbiVersion::ALL {
            assert_eq!(AbiVersion::from_name(version.as_str()), Some(version));
            assert_eq!(AbiVersion::of_import(&version.import("log")), Some((version, "log")));
        }
        assert_eq!(AbiVersion::from_name("9.0.0"), None);
    }
}
