//! What the IdP told about this login, read lazily: each accessor is one call of the host.

use crate::backend::Backend;
use crate::error::EventError;
use crate::text::from_text;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The interface `event`.
///
/// The manifest's `capabilities.event` must name every pointer that is read, and the operator must grant it. The
/// accessors for optional fields answer none where the IdP sent nothing.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    pub(crate) host: &'a Backend,
}

/// How the user authenticated: an entry of `/authentication/methods`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// `pwd`, `federated`, `mfa`, or a custom factor's URL.
    pub name: String,
    /// When, as RFC 3339 text.
    #[serde(default)]
    pub timestamp: Option<String>,
    /// A detail of the method.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

impl Event<'_> {
    /// The part of the event at a JSON pointer (RFC 6901); none where the IdP sent nothing there.
    ///
    /// # Errors
    /// When the pointer is malformed or not granted, or the part has not the shape of `T`.
    pub fn get<T: DeserializeOwned>(&self, pointer: &str) -> Result<Option<T>, EventError> {
        let Some(text) = self.host.event(pointer)? else { return Ok(None) };
        from_text(&text).map_err(|why| EventError::Other(format!("`{pointer}` has an unexpected shape: {why}")))
    }

    fn required<T: DeserializeOwned>(&self, pointer: &str) -> Result<T, EventError> {
        self.get(pointer)?.ok_or_else(|| EventError::Other(format!("the IdP sent no `{pointer}`")))
    }
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $how:ident($pointer:literal);)*) => {
        impl Event<'_> {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// When the pointer is not granted, or the part has another shape; where it is required, when it is absent.
            pub fn $name(&self) -> Result<$kind, EventError> {
                self.$how($pointer)
            }
        )*}
    };
}

accessors! {
    /// `/user/user_id`, required.
    user_id: String = required("/user/user_id");
    /// `/user/email`.
    email: Option<String> = get("/user/email");
    /// `/user/name`.
    name: Option<String> = get("/user/name");
    /// `/user/app_metadata`.
    app_metadata: Option<Map<String, Value>> = get("/user/app_metadata");
    /// `/user/user_metadata`.
    user_metadata: Option<Map<String, Value>> = get("/user/user_metadata");
    /// `/client/client_id`, required.
    client_id: String = required("/client/client_id");
    /// `/client/metadata`.
    client_metadata: Option<Map<String, Value>> = get("/client/metadata");
    /// `/connection/name`.
    connection_name: Option<String> = get("/connection/name");
    /// `/connection/strategy`.
    connection_strategy: Option<String> = get("/connection/strategy");
    /// `/organization/id`.
    organization_id: Option<String> = get("/organization/id");
    /// `/request/ip`.
    ip: Option<String> = get("/request/ip");
    /// `/request/hostname`.
    hostname: Option<String> = get("/request/hostname");
    /// `/request/user_agent`.
    user_agent: Option<String> = get("/request/user_agent");
    /// `/request/query`.
    query: Option<Map<String, Value>> = get("/request/query");
    /// `/resource_server/identifier`.
    resource_server: Option<String> = get("/resource_server/identifier");
    /// `/stats/logins_count`.
    logins_count: Option<u64> = get("/stats/logins_count");
    /// `/transaction/protocol`.
    protocol: Option<String> = get("/transaction/protocol");
    /// `/session/id`.
    session_id: Option<String> = get("/session/id");
}

impl Event<'_> {
    /// `/user/email_verified`; false where the IdP sent nothing.
    ///
    /// # Errors
    /// When the pointer is not granted, or the part is no boolean.
    pub fn email_verified(&self) -> Result<bool, EventError> {
        Ok(self.get("/user/email_verified")?.unwrap_or(false))
    }

    /// `/authentication/methods`; empty where the IdP sent nothing.
    ///
    /// # Errors
    /// When the pointer is not granted, or the part has another shape.
    pub fn authentication_methods(&self) -> Result<Vec<Method>, EventError> {
        Ok(self.get("/authentication/methods")?.unwrap_or_default())
    }

    /// `/authorization/roles`; empty where the IdP sent nothing.
    ///
    /// # Errors
    /// When the pointer is not granted, or the part has another shape.
    pub fn roles(&self) -> Result<Vec<String>, EventError> {
        Ok(self.get("/authorization/roles")?.unwrap_or_default())
    }

    /// `/transaction/requested_scopes`; empty where the IdP sent nothing.
    ///
    /// # Errors
    /// When the pointer is not granted, or the part has another shape.
    pub fn requested_scopes(&self) -> Result<Vec<String>, EventError> {
        Ok(self.get("/transaction/requested_scopes")?.unwrap_or_default())
    }
}
