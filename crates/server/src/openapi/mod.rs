//! The OpenAPI 3.1 document, generated from the routes and types themselves. What every route has in common, its errors
//! above all, is written out here from the list of codes.

mod public;
mod text;

pub(crate) use text::{
    BypassStatusText, Component, DigestText, EventObject, FactorText, ModeText, OnFailureText, OutcomeText,
    SessionText, TriggerText, UserText, VerdictText,
};

use crate::codes::ErrorCode;
use crate::error::Problem;
use crate::router;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder};

/// The extension with which a route declares its own errors; they become responses.
const ERRORS: &str = "x-postlude-errors";

/// Errors that every route with a key, with a body, or with a path of its own may answer.
const WITH_KEY: [&str; 4] = ["unauthenticated", "forbidden", "internal", "unavailable"];
const WITH_BODY: [&str; 2] = ["request_timeout", "body_too_large"];
const MALFORMED: &str = "invalid_request";

/// The OpenAPI document of this version, without a server's address: it is the same for every installation.
#[must_use]
pub fn document() -> Value {
    let components = ComponentsBuilder::new()
        .schema_from::<Problem<'_>>()
        .security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .build();
    let info = InfoBuilder::new()
        .title("Postlude")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let mut api = OpenApiBuilder::new().info(info).components(Some(components)).build();
    api.merge(router::documented().into_openapi());
    api.merge(router::metered().into_openapi());
    api.merge(public::documented());
    let mut document = serde_json::to_value(api).unwrap_or_default();
    describe_key(&mut document);
    list_codes(&mut document);
    for operation in operations(&mut document) {
        write_out_errors(operation);
    }
    document
}

const DESCRIPTION: &str = "Runs what happens after the password: an identity provider asks whether a login may go on, and \
    operators see and steer what runs. JSON, snake_case, times in RFC 3339. Every call below `/v1` carries the key of a tenant, \
    and concerns that tenant alone.";

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flatten().filter_map(|(_, item)| item.as_object_mut());
    items.flatten().filter_map(|(_, operation)| operation.as_object_mut())
}

fn describe_key(document: &mut Value) {
    if let Some(scheme) = document.pointer_mut("/components/securitySchemes/key").and_then(Value::as_object_mut) {
        let text = "A key of a tenant, bound to one role: `idp`, `operator` or `reader`. Each operation lists the roles that suffice.";
        scheme.insert("description".to_owned(), json!(text));
    }
}

/// The codes are a closed list, so that a client can handle each.
fn list_codes(document: &mut Value) {
    if let Some(code) =
        document.pointer_mut("/components/schemas/Problem/properties/code").and_then(Value::as_object_mut)
    {
        let all: Vec<_> = ErrorCode::ALL.iter().map(|known| known.as_str()).collect();
        code.insert("enum".to_owned(), json!(all));
    }
}

/// Puts the responses of an operation's errors in the place of their codes.
fn write_out_errors(operation: &mut Map<String, Value>) {
    let own = operation.remove(ERRORS);
    let mut codes: Vec<&str> = own.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
    let secured = operation.get("security").and_then(Value::as_array).cloned().unwrap_or_default();
    let body = operation.contains_key("requestBody");
    if !secured.is_empty() {
        codes.extend(WITH_KEY.into_iter().filter(|code| *code != "forbidden" || secured.len() < 3));
        let path = operation.get("parameters").is_some();
        codes.extend((body || path).then_some(MALFORMED));
        codes.extend(
            WITH_BODY
                .into_iter()
                .filter(|code| body && !(codes.contains(&"plugin_too_large") && *code == "body_too_large"))
                .collect::<Vec<_>>(),
        );
    }
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in codes.into_iter().filter_map(ErrorCode::find) {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, codes) in by_status {
        responses.entry(status.to_string()).or_insert_with(|| response(&codes));
    }
}

fn response(codes: &[ErrorCode]) -> Value {
    let list: Vec<_> = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.meaning())).collect();
    let examples: Map<_, _> =
        codes.iter().map(|code| (code.as_str().to_owned(), json!({ "value": example(*code) }))).collect();
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    let mut response = json!({
        "description": list.join("; "),
        "content": { "application/problem+json": { "schema": schema, "examples": examples } },
    });
    let header = |name: &str, what: &str, schema: Value| json!({ name: { "description": what, "required": true, "schema": schema } });
    let text = json!({ "type": "string" });
    let headers = match codes.first().map(|code| code.status().as_u16()) {
        Some(401) => Some(header("WWW-Authenticate", "`Bearer` (RFC 6750, section 3)", text)),
        Some(503) => Some(header("Retry-After", "Seconds", text)),
        _ => None,
    };
    if let (Some(headers), Some(response)) = (headers, response.as_object_mut()) {
        response.insert("headers".to_owned(), headers);
    }
    response
}

fn example(code: ErrorCode) -> Value {
    json!({
        "type": crate::error::type_of(code),
        "title": code.status().canonical_reason(),
        "status": code.status().as_u16(),
        "code": code.as_str(),
        "detail": code.meaning(),
        "id": "err_19a5f0c2b3d_7",
    })
}
