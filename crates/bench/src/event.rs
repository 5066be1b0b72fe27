//! The event of every subject, and the requests that carry it.

use serde_json::{Value, json};

/// The API key of the servers' IdP.
pub(crate) const KEY: &str = "plk_bench-idp-key-0123456789abcdefghijklmnop";

/// An event of some 800 bytes, as an IdP sends it.
pub(crate) fn event(user: &str, session: Option<&str>) -> Value {
    let mut event = json!({
        "user": { "user_id": user, "email": format!("{user}@acme.example"), "email_verified": true,
            "name": "Jane Doe", "app_metadata": { "plan": "enterprise", "roles": ["admin", "auditor"] },
            "user_metadata": { "locale": "en-GB", "department": "finance" } },
        "client": { "client_id": "app", "name": "Back office", "metadata": { "tier": "1" } },
        "authentication": { "methods": [{ "name": "pwd", "timestamp": "2026-11-24T10:00:00Z" }] },
        "request": { "ip": "203.0.113.7", "geoip": { "country_code": "DE", "city": "Berlin" },
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" },
        "transaction": { "protocol": "oidc-basic-profile", "requested_scopes": ["openid", "profile", "email"],
            "acr_values": [], "redirect_uri": "https://app.acme.example/callback" },
    });
    if let (Some(id), Some(members)) = (session, event.as_object_mut()) {
        members.insert("session".to_owned(), json!({ "id": id }));
    }
    event
}

/// The body of a login.
pub(crate) fn login(user: &str, session: Option<&str>) -> String {
    let body = json!({ "trigger": "post-login", "mode": "interactive",
        "return_url": "http://localhost:3000/interaction/1", "event": event(user, session) });
    body.to_string()
}

/// A POST of the tenant `acme`, as it goes over the wire.
pub(crate) fn post(path: &str, idempotency_key: Option<&str>, body: &str) -> Vec<u8> {
    post_as(KEY, path, idempotency_key, body)
}

/// A POST with an API key.
pub(crate) fn post_as(api_key: &str, path: &str, idempotency_key: Option<&str>, body: &str) -> Vec<u8> {
    let header = idempotency_key.map(|key| format!("idempotency-key: {key}\r\n")).unwrap_or_default();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {api_key}\r\ncontent-type: application/json\r\n\
         {header}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
