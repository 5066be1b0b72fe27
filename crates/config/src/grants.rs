//! The table `grants` of an action: what the operator allows it, each thing by its name.

use super::context::Context;
use super::problem::{Complaint, Place};
use super::read::{At, Section, shown};
use super::values::pointer;
use super::web;
use postlude_model::claims;
use postlude_model::names::FactorName;

/// What the operator allows an action.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GrantsConfig {
    /// Where the table begins; the action's own place when there is none.
    pub at: Place,
    /// Parts of the event, as RFC 6901 pointers; a grant includes everything below it.
    pub event: Vec<At<String>>,
    /// Origins to which it may redirect.
    pub redirect_origins: Vec<At<String>>,
    /// Secrets.
    pub secrets: Vec<At<String>>,
    /// Keys.
    pub keys: Vec<At<String>>,
    /// Hosts for outbound requests.
    pub hosts: Vec<At<String>>,
    /// Claims that it may set.
    pub claims: Vec<At<String>>,
    /// Scopes that it may add or remove.
    pub scopes: Vec<At<String>>,
    /// App metadata that it may set.
    pub app_metadata: Vec<At<String>>,
    /// User metadata that it may set.
    pub user_metadata: Vec<At<String>>,
    /// Factors for which the plugin's own word is taken.
    pub external: Vec<At<FactorName>>,
    /// Factors that it may record without a prompt.
    pub silent: Vec<At<FactorName>>,
}

/// Reads the table.
pub(super) fn read(action: &mut Section<'_>, context: &Context<'_>) -> GrantsConfig {
    let Some(mut table) = action.table("grants") else {
        return GrantsConfig { at: action.at, ..GrantsConfig::default() };
    };
    let grants = GrantsConfig {
        at: table.at,
        event: table.list("event", pointer),
        redirect_origins: table.list("redirect_origins", |text| web::origin(text, context.development)),
        secrets: table.list("secrets", name),
        keys: table.list("keys", name),
        hosts: table.list("hosts", web::host),
        claims: table.list("claims", claim),
        scopes: table.list("scopes", scope),
        app_metadata: table.list("app_metadata", name),
        user_metadata: table.list("user_metadata", name),
        external: table.list("external", factor),
        silent: table.list("silent", factor),
    };
    table.finish();
    grants
}

fn claim(text: &str) -> Result<String, Complaint> {
    if claims::is_reserved(text) {
        let hint =
            "it says who, for whom or with which rights, and is the IdP's; choose a claim of your own, such as a URL";
        return Err(Complaint::new(format!("`{text}` is a claim that no action may set")).hint(hint));
    }
    name(text)
}

fn name(text: &str) -> Result<String, Complaint> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Complaint::new(format!("`{}` is not a name", shown(text)))
            .hint("grant things by their names; there is no wildcard"));
    }
    Ok(text.to_owned())
}

/// A scope token (RFC 6749, section 3.3).
fn scope(text: &str) -> Result<String, Complaint> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
        Ok(text.to_owned())
    } else {
        Err(Complaint::new(format!("`{}` is not a scope", shown(text)))
            .hint("one scope token each (RFC 6749, section 3.3)"))
    }
}

fn factor(text: &str) -> Result<FactorName, Complaint> {
    FactorName::new(text).map_err(|why| Complaint::new(why.to_string()))
}
