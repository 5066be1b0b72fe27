//! Refusals, by whom and why: the host's errors under the codes of its HTTP API, and what is refused before the host is asked.

use postlude_host::HostError;
use postlude_host::login::ReturnRefused;

/// A call, or a browser, that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// `host`, `continue-url`, `idp` or `prompt`.
    pub(super) by: &'static str,
    /// A stable code.
    pub(super) code: &'static str,
    /// The reason, for a person.
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(by: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { by, code, message: message.into() }
    }

    /// An error of the host, under the code that its HTTP API has for it.
    pub(super) fn host(why: &HostError) -> Self {
        let code = match why {
            HostError::InvalidRequest(_) => "invalid_request",
            HostError::InvalidReturnUrl(_) => "invalid_return_url",
            HostError::IdempotencyMismatch => "idempotency_mismatch",
            HostError::InvalidReply => "invalid_reply",
            HostError::InvalidState => "invalid_state",
            HostError::LoginMismatch => "login_mismatch",
            HostError::StateExpired => "state_expired",
            HostError::LoginEnded(why) => why.as_str(),
            HostError::SessionRotated => "session_rotated",
            HostError::Unavailable { .. } => "unavailable",
            HostError::Internal { .. } => "internal",
            _ => "other",
        };
        let message = match why {
            HostError::Unavailable { cause } | HostError::Internal { cause } => format!("{why} ({cause})"),
            why => why.to_string(),
        };
        Self::new("host", code, message)
    }

    /// A browser that the continue URL does not send on.
    pub(super) fn at_continue_url(why: &ReturnRefused) -> Self {
        let code = match why {
            ReturnRefused::NotOurs => "invalid_state",
            ReturnRefused::Over => "login_over",
            ReturnRefused::TooLarge => "reply_too_large",
            ReturnRefused::Unavailable(_) => "unavailable",
            ReturnRefused::Internal(_) => "internal",
        };
        Self::new("continue-url", code, why.to_string())
    }
}
