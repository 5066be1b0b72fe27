//! The stable codes of errors: one list, for the answers, the OpenAPI document and its examples.

/// An error that the API may answer.
#[derive(Debug, Clone, Copy)]
pub struct ErrorCode {
    /// The stable code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it means and what to do.
    pub meaning: &'static str,
}

const fn code(status: u16, code: &'static str, meaning: &'static str) -> ErrorCode {
    ErrorCode { code, status, meaning }
}

/// All of them, by status.
pub const ERROR_CODES: &[ErrorCode] = &[
    code(400, "invalid_request", "the request is malformed; `detail` says where"),
    code(400, "idempotency_key_required", "send the header `Idempotency-Key`"),
    code(400, "invalid_return_url", "register the URL in `return_urls`, or send another"),
    code(
        400,
        "invalid_reply",
        "the reply was changed, or is another tenant's; send the parameter `postlude` as it came",
    ),
    code(400, "invalid_state", "the reply's state is not one of this tenant"),
    code(401, "unauthenticated", "send a key of this tenant"),
    code(403, "forbidden", "send a key of a role that may do this"),
    code(404, "not_found", "no such route"),
    code(404, "login_unknown", "no login of that id; start a new one"),
    code(404, "session_unknown", "nothing is known of the session"),
    code(404, "plugin_unknown", "this tenant neither runs nor uploaded such a plugin"),
    code(404, "kill_unknown", "the plugin is not killed"),
    code(
        404,
        "bypass_target_unknown",
        "no action of the pipeline that declares a factor has that name, or that factor alone",
    ),
    code(404, "bypass_unknown", "the user has no bypass of that id, or it has expired"),
    code(405, "method_not_allowed", "this route has another method; the header `Allow` says which"),
    code(408, "request_timeout", "the body took too long: send it at once"),
    code(409, "login_mismatch", "another browser, user, client or session: refuse this one"),
    code(409, "session_rotated", "a new login named an old id: name the new one"),
    code(409, "session_exists", "rotate to an id that was never used"),
    code(409, "bypass_used", "a login used it up; end the session if it must not go on"),
    code(409, "too_many_bypasses", "revoke one of the user's, or wait until one expires"),
    code(410, "state_expired", "the prompt took too long: start a new login"),
    code(410, "session_ended", "logged out, revoked or changed hands: start a new login"),
    code(410, "evicted", "the user opened too many logins: start a new one"),
    code(413, "body_too_large", "send less"),
    code(413, "plugin_too_large", "build a smaller component"),
    code(415, "unsupported_media_type", "send the component as `application/wasm`"),
    code(422, "idempotency_mismatch", "the key was used with other bytes"),
    code(422, "plugin_refused", "this host does not run the component; `detail` says why"),
    code(
        422,
        "configuration_refused",
        "the configuration has mistakes, and the one before keeps serving; `problems` lists them",
    ),
    code(422, "limit_reached", "the tenant has as many as it may have; `detail` says what to do"),
    code(429, "too_many_tails", "end another live tail"),
    code(500, "internal", "deny; the log has the cause under the `id`"),
    code(503, "unavailable", "nothing was decided: retry after `Retry-After`, then deny"),
];

/// What a code stands for.
#[must_use]
pub fn find(code: &str) -> Option<&'static ErrorCode> {
    ERROR_CODES.iter().find(|known| known.code == code)
}
