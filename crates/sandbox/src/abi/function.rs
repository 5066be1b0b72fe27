//! What a version of the contract says about each function that a plugin may import, and the macro that makes its table.

use crate::price::Price;
use postlude_model::manifest::Manifest;

/// A function that a plugin may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// The WIT interface.
    pub interface: &'static str,
    /// The function's name in the interface.
    pub name: &'static str,
    /// What the manifest of a plugin that imports the function must declare.
    pub needs: Needs,
    /// What a call of the function costs.
    pub price: Price,
    /// Whether a call may wait for something outside of the host.
    pub waits: bool,
}

/// Whether the table's word for a kind of host function is that of those that may wait: the method of
/// [`crate::abi::meter::Interface`].
pub const fn is_waiting(kind: &str) -> bool {
    matches!(kind.as_bytes(), b"waiting")
}

impl Function {
    /// Whether this is the function that messages name `interface.function`.
    #[must_use]
    pub fn is(&self, path: &str) -> bool {
        path.split_once('.') == Some((self.interface, self.name))
    }
}

/// What a manifest must declare before its plugin may import a function. The operator grants what is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// Parts of the event.
    Event,
    /// A factor that the plugin may record.
    Factors,
    /// Names of secrets.
    Secrets,
    /// Names of keys.
    Keys,
    /// Hosts that the plugin calls.
    Hosts,
    /// Claims that the plugin sets.
    Claims,
    /// Scopes that the plugin adds or removes.
    Scopes,
    /// Keys of the user's app metadata.
    AppMetadata,
    /// Keys of the user's own metadata.
    UserMetadata,
}

impl Needs {
    /// The manifest's field that must not be empty, and whether it is not; none where nothing is needed.
    #[must_use]
    pub fn field(self, manifest: &Manifest) -> Option<(&'static str, bool)> {
        let asked = &manifest.capabilities;
        let (field, declared) = match self {
            Self::Nothing => return None,
            Self::Event => ("capabilities.event", !asked.event.is_empty()),
            Self::Factors => ("factors", !manifest.factors.is_empty()),
            Self::Secrets => ("capabilities.secrets", !asked.secrets.is_empty()),
            Self::Keys => ("capabilities.keys", !asked.keys.is_empty()),
            Self::Hosts => ("capabilities.hosts", !asked.hosts.is_empty()),
            Self::Claims => ("capabilities.claims", !asked.claims.is_empty()),
            Self::Scopes => ("capabilities.scopes", !asked.scopes.is_empty()),
            Self::AppMetadata => ("capabilities.app_metadata", !asked.app_metadata.is_empty()),
            Self::UserMetadata => ("capabilities.user_metadata", !asked.user_metadata.is_empty()),
        };
        Some((field, declared))
    }

    /// What the manifest must ask for, as a noun, and a line of `manifest.json` that does; none where nothing is needed.
    #[must_use]
    pub const fn example(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Nothing => return None,
            Self::Event => ("a part of the event", r#""event": ["/user/email"]"#),
            Self::Factors => ("a factor", r#""factors": [{ "name": "https://acme.example/face" }]"#),
            Self::Secrets => ("a secret", r#""secrets": ["api_token"]"#),
            Self::Keys => ("a key", r#""keys": ["signing"]"#),
            Self::Hosts => ("a host", r#""hosts": ["api.acme.example"]"#),
            Self::Claims => ("a claim", r#""claims": ["https://acme.example/claim"]"#),
            Self::Scopes => ("a scope", r#""scopes": ["read:profile"]"#),
            Self::AppMetadata => ("a key of the app metadata", r#""app_metadata": ["plan"]"#),
            Self::UserMetadata => ("a key of the user metadata", r#""user_metadata": ["color"]"#),
        })
    }
}

/// Makes the table `FUNCTIONS` of a version of the contract, and the function `link` that gives a linker each function of the
/// table: a line without a host function does not compile.
///
/// A line reads `"name" => kind(host function), needs, price;` within the block of its interface, which is a module beside the
/// table. The kind is a method of [`crate::abi::meter::Interface`].
macro_rules! contract {
    ($version:expr; $($interface:ident {
        $($name:literal => $kind:ident($($function:ident),+), $needs:ident, $price:ident;)+
    })+) => {
        /// Every function that a plugin may import.
        pub const FUNCTIONS: &[$crate::abi::function::Function] = &[$($($crate::abi::function::Function {
            interface: stringify!($interface),
            name: $name,
            needs: $crate::abi::function::Needs::$needs,
            price: $crate::price::Price::$price,
            waits: $crate::abi::function::is_waiting(stringify!($kind)),
        },)+)+];

        /// Links every function of the table.
        pub fn link(
            linker: &mut wasmtime::component::Linker<$crate::state::RunState>,
        ) -> wasmtime::Result<()> {
            $({
                let instance = linker.instance(&$version.import(stringify!($interface)))?;
                let mut interface = $crate::abi::meter::Interface::new(instance, stringify!($interface));
                $(interface.$kind($name, $crate::price::Price::$price, $(super::$interface::$function),+)?;)+
            })+
            Ok(())
        }
    };
}

pub(crate) use contract;
