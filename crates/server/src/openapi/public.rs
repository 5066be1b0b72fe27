//! The public routes of a tenant, as the document describes them.

use utoipa::OpenApi;

/// The public routes alone.
#[derive(OpenApi)]
#[openapi(paths(back, back_with_form, jwks))]
struct Public;

pub(super) fn documented() -> utoipa::openapi::OpenApi {
    Public::openapi()
}

/// The way back from a prompt
///
/// Where the prompt site sends the browser. `issuer_path` is the path of the tenant's `issuer`, which may have several segments or
/// none. Runs and stores nothing: it sends the browser to the login's `return_url` with the sealed reply in `postlude`.
/// Everything else is a plain page.
#[utoipa::path(get, path = "/{issuer_path}/continue", tag = "public", operation_id = "prompt_return",
    params(
        ("issuer_path" = String, Path, description = "The path of the tenant's issuer", example = json!("acme")),
        ("state" = String, Query, description = "The state of the suspension, exactly once; whatever else the prompt site sends is sealed"),
    ),
    responses(
        (status = 303, description = "The browser is sent to the login's `return_url`", headers(("Location" = String, description = "The `return_url` with the parameter `postlude`"))),
        (status = 400, description = "The request has no state, two states, or one that is not this tenant's", content_type = "text/html", body = String),
        (status = 410, description = "The login is over, or its state is too old", content_type = "text/html", body = String),
        (status = 413, description = "The reply is too large to be sealed", content_type = "text/html", body = String),
        (status = 500, description = "Postlude could not send the browser on; the login is still open", content_type = "text/html", body = String),
        (status = 503, description = "Postlude could not send the browser on; the login is still open", content_type = "text/html", body = String),
    ),
    extensions(("x-postlude-errors" = json!(["not_found"]))))]
#[expect(dead_code, reason = "it describes a route that `routes::issuer` answers")]
fn back() {}

/// The way back from a prompt, with a form
#[utoipa::path(post, path = "/{issuer_path}/continue", tag = "public", operation_id = "prompt_return_form",
    params(
        ("issuer_path" = String, Path, description = "The path of the tenant's issuer", example = json!("acme")),
        ("state" = String, Query, description = "The state of the suspension, exactly once"),
    ),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "The form that the prompt site posts"),
    responses(
        (status = 303, description = "The browser is sent to the login's `return_url`", headers(("Location" = String, description = "The `return_url` with the parameter `postlude`"))),
        (status = 400, description = "The request has no state, two states, or one that is not this tenant's", content_type = "text/html", body = String),
        (status = 408, description = "The form took too long to arrive", content_type = "text/html", body = String),
        (status = 410, description = "The login is over, or its state is too old", content_type = "text/html", body = String),
        (status = 413, description = "The reply is too large to be sealed", content_type = "text/html", body = String),
        (status = 415, description = "The body is not a form", content_type = "text/html", body = String),
        (status = 500, description = "Postlude could not send the browser on; the login is still open", content_type = "text/html", body = String),
        (status = 503, description = "Postlude could not send the browser on; the login is still open", content_type = "text/html", body = String),
    ),
    extensions(("x-postlude-errors" = json!(["not_found"]))))]
#[expect(dead_code, reason = "it describes a route that `routes::issuer` answers")]
fn back_with_form() {}

/// The keys of request tokens
///
/// A JWK set (RFC 7517).
#[utoipa::path(get, path = "/{issuer_path}/.well-known/jwks.json", tag = "public", operation_id = "jwks",
    params(("issuer_path" = String, Path, description = "The path of the tenant's issuer", example = json!("acme"))),
    responses((status = 200, description = "The keys", content_type = "application/jwk-set+json", body = Object)),
    extensions(("x-postlude-errors" = json!(["not_found"]))))]
#[expect(dead_code, reason = "it describes a route that `routes::issuer` answers")]
fn jwks() {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public_routes::PublicRoute;

    /// The macro wants literal paths: they must be those of the one list.
    #[test]
    fn the_documented_paths_are_those_of_the_list() {
        let documented = documented();
        let mut paths: Vec<_> = documented.paths.paths.keys().cloned().collect();
        let mut listed: Vec<_> =
            PublicRoute::ALL.iter().map(|route| format!("/{{issuer_path}}{}", route.path())).collect();
        paths.sort();
        listed.sort();
        assert_eq!(paths, listed);
    }
}
