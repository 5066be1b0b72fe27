//! The stable codes of errors with their statuses: one list, for the answers, the OpenAPI document and its examples.

use axum::http::StatusCode;

macro_rules! error_codes {
    ($($name:ident = $status:ident, $code:literal, $meaning:literal;)*) => {
        /// The code of an error that the API may answer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $meaning] $name,)*
        }

        impl ErrorCode {
            /// Every code, by status.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as answers carry it. It never changes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status that goes with the code.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// What the code means and what to do.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

error_codes! {
    InvalidRequest = BAD_REQUEST, "invalid_request", "the request is malformed; `detail` says where";
    IdempotencyKeyRequired = BAD_REQUEST, "idempotency_key_required", "send the header `Idempotency-Key`";
    InvalidReturnUrl = BAD_REQUEST, "invalid_return_url", "register the URL in `return_urls`, or send another";
    InvalidReply = BAD_REQUEST, "invalid_reply",
        "the reply was changed, or is another tenant's; send the parameter `postlude` as it came";
    InvalidState = BAD_REQUEST, "invalid_state", "the reply's state is not one of this tenant";
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "send a key of this tenant";
    Forbidden = FORBIDDEN, "forbidden", "send a key of a role that may do this";
    NotFound = NOT_FOUND, "not_found", "no such route";
    LoginUnknown = NOT_FOUND, "login_unknown", "no login of that id; start a new one";
    RecordingUnknown = NOT_FOUND, "recording_unknown", "the runs of the login are not kept; `detail` says why";
    SessionUnknown = NOT_FOUND, "session_unknown", "nothing is known of the session";
    PluginUnknown = NOT_FOUND, "plugin_unknown", "this tenant neither runs nor uploaded such a plugin";
    BypassUnknown = NOT_FOUND, "bypass_unknown", "the user has no such bypass, or it has expired";
    BypassTargetUnknown = NOT_FOUND, "bypass_target_unknown",
        "name an action of the pipeline that declares a factor, or its one factor";
    KillUnknown = NOT_FOUND, "kill_unknown", "the plugin is not killed";
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed",
        "this route has another method; the header `Allow` says which";
    RequestTimeout = REQUEST_TIMEOUT, "request_timeout", "the body took too long: send it at once";
    LoginMismatch = CONFLICT, "login_mismatch", "another browser, user, client or session: refuse this one";
    SessionRotated = CONFLICT, "session_rotated", "a new login named an old id: name the new one";
    SessionExists = CONFLICT, "session_exists", "rotate to an id that was never used";
    TooManyBypasses = CONFLICT, "too_many_bypasses", "the user has as many as one may have: revoke one";
    BypassUsed = CONFLICT, "bypass_used", "a login used it up; end its session if it must not go on";
    StateExpired = GONE, "state_expired", "the prompt took too long: start a new login";
    SessionEnded = GONE, "session_ended", "logged out, revoked or changed hands: start a new login";
    Evicted = GONE, "evicted", "the user opened too many logins: start a new one";
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "send less";
    PluginTooLarge = PAYLOAD_TOO_LARGE, "plugin_too_large", "build a smaller component";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "send the component as `application/wasm`";
    IdempotencyMismatch = UNPROCESSABLE_ENTITY, "idempotency_mismatch", "the key was used with other bytes";
    PluginRefused = UNPROCESSABLE_ENTITY, "plugin_refused", "this host does not run the component; `detail` says why";
    ConfigurationRefused = UNPROCESSABLE_ENTITY, "configuration_refused",
        "the configuration has mistakes, and the one before keeps serving; `problems` lists them";
    LimitReached = UNPROCESSABLE_ENTITY, "limit_reached",
        "the tenant has as many as it may have, or they take as much of the disk as they may; `detail` says what to do";
    TooManyTails = TOO_MANY_REQUESTS, "too_many_tails", "end one of the tenant's live tails";
    Internal = INTERNAL_SERVER_ERROR, "internal", "deny; the log has the cause under the `id`";
    LoginUncertain = SERVICE_UNAVAILABLE, "login_uncertain",
        "not known, but a crash a moment ago may have forgotten it: repeat the start of the login, or ask again after `Retry-After`";
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "nothing was decided: retry after `Retry-After`, then deny";
}

impl ErrorCode {
    /// The code of a text, as routes declare their own errors by it.
    #[must_use]
    pub fn find(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == code)
    }
}
