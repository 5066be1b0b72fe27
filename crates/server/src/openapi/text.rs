//! Texts and objects of other crates, as the document describes them.

use postlude_host::operator::BypassStatus;
use postlude_model::action::Mode;
use postlude_model::login::{Outcome, TraceDecision};
use postlude_model::trigger::Trigger;
use serde_json::json;
use std::borrow::Cow;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

fn text(pattern: Option<&str>, longest: usize, description: &str, example: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(longest));
    text.pattern(pattern).description(Some(description)).examples([json!(example)]).into()
}

fn one_of(values: &[&str], description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(values.to_vec()))
        .description(Some(description))
        .into()
}

/// No control characters.
const PRINTABLE: Option<&str> = Some("^[^\\u0000-\\u001F\\u007F-\\u009F]+$");

macro_rules! schemas {
    ($($(#[$doc:meta])* $name:ident as $title:literal = $schema:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($title)
            }
        }
    )*};
}

schemas! {
    /// A plugin's digest.
    DigestText as "Digest" = text(Some("^sha256:[0-9a-fA-F]{64}$"), 71, "The SHA-256 of a plugin file", DIGEST);
    /// A factor's name.
    FactorText as "FactorName" = text(Some("^[!-~]+$"), 256, "A factor's name, compared byte for byte", "https://acme.example/face");
    /// A user's identifier.
    UserText as "UserId" = text(PRINTABLE, 256, "A user's identifier at the IdP: 1 to 256 bytes", "auth0|ana");
    /// A session's identifier.
    SessionText as "SessionId" = text(PRINTABLE, 256, "A session's identifier: 1 to 256 bytes", "sso-7f3a");
    /// A client's identifier.
    ClientText as "ClientId" = text(PRINTABLE, 256, "An OAuth client's identifier: 1 to 256 bytes", "shop");
    /// A mode of a login.
    ModeText as "Mode" = one_of(&Mode::ALL.map(Mode::as_str), "How the login reached the IdP");
    /// A trigger.
    TriggerText as "Trigger" = one_of(&Trigger::ALL.map(Trigger::as_str), "What a pipeline is run for");
    /// A failure policy.
    OnFailureText as "OnFailure" = one_of(&["deny", "continue"], "What a failure of the action means for the login");
    /// What became of a bypass.
    BypassStatusText as "BypassStatus" = one_of(&BypassStatus::ALL.map(BypassStatus::as_str), "`void`: expired, or of before a restored backup");
    /// An outcome.
    OutcomeText as "Outcome" = one_of(
        &Outcome::ALL.map(Outcome::as_str), "What became of the login; `ended`: from outside");
    /// What a run came to.
    VerdictText as "TraceDecision" = one_of(&TraceDecision::ALL.map(TraceDecision::as_str), "What a run came to");
    /// A component file.
    Component as "Component" = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
        .description(Some("A WebAssembly component with a manifest, of at most 8 MiB, or 32 MiB where it imports WASI"))
        .into();
    /// An event.
    EventObject as "Event" = event();
}

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn event() -> RefOr<Schema> {
    let object = || ObjectBuilder::new().schema_type(Type::Object);
    let user = object()
        .description(Some("Who logs in; any further fields"))
        .property("user_id", UserText::schema())
        .required("user_id");
    let client = object()
        .description(Some("To what; any further fields"))
        .property("client_id", ClientText::schema())
        .required("client_id");
    let session = object()
        .description(Some("The session at the IdP; left out at a first login"))
        .property("id", SessionText::schema());
    let example = json!({
        "user": { "user_id": "auth0|ana" }, "client": { "client_id": "shop" }, "session": { "id": "sso-7f3a" },
        "authentication": { "methods": [{ "name": "pwd" }] },
    });
    object()
        .description(Some("What the IdP knows about the login: any JSON object that names its user and client"))
        .property("user", user)
        .property("client", client)
        .property("session", session)
        .required("user")
        .required("client")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .examples([example])
        .into()
}
