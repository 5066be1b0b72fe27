//! Why a host did not do what it was asked: one closed list. Each message is for the caller; what only the log may hold is the cause.

use postlude_model::login::EndReason;
use std::time::Duration;

/// Why a host did not do what it was asked. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HostError {
    /// A value is not acceptable; the text says which, and why.
    #[error("{0}")]
    InvalidRequest(String),
    /// The login has no `return_url`, or one to which the tenant's logins may not return.
    #[error("{0}")]
    InvalidReturnUrl(String),
    /// The idempotency key was used with another body.
    #[error("this Idempotency-Key was used with another body; use one key per transaction and user")]
    IdempotencyMismatch,
    /// The sealed reply was changed, or another tenant's continue URL made it.
    #[error("`reply` was not made by this tenant's continue URL; send the query parameter `postlude` as it came")]
    InvalidReply,
    /// The sealed reply holds a state that is none of this tenant.
    #[error("the reply's state is not one of this tenant")]
    InvalidState,
    /// No login of that id is stored.
    #[error("no login of that id in this tenant; records are kept for `lifetimes.record`")]
    LoginUnknown,
    /// No login of that id is stored, but a crash may have forgotten it: for so long it cannot be told.
    #[error(
        "no login of that id is known, but the host did not stop cleanly before its last start and may have forgotten one that it \
         had just answered; repeat `POST /v1/logins` with the same key and the same bytes, or ask again after `Retry-After`"
    )]
    LoginUncertain(Duration),
    /// There is no recording of the login; the text says why.
    #[error("{0}")]
    RecordingUnknown(String),
    /// The login that should be resumed is not stored.
    #[error("no login of that id; start a new login")]
    LoginGone,
    /// The caller presented another login's browser, user, client or session.
    #[error(
        "the reply belongs to another transaction: login, resume key, user, client and session must be those of the login \
         that was redirected; the login is still open for its own browser"
    )]
    LoginMismatch,
    /// The state is too old.
    #[error("the prompt took too long; start a new login with `POST /v1/logins`")]
    StateExpired,
    /// The login was ended from outside.
    #[error("{}", ended(.0))]
    LoginEnded(EndReason),
    /// A new login named a session that was rotated.
    #[error("this session was rotated to another id; a new login must name the new one")]
    SessionRotated,
    /// No session of that id is stored.
    #[error("no session of that id holds anything")]
    SessionUnknown,
    /// A session cannot be rotated to that id.
    #[error("the session `to` exists already, or `id` was rotated to another one; rotate to an id that was never used")]
    SessionExists,
    /// The tenant has no such plugin, also where the host has it.
    #[error("this tenant neither runs nor uploaded a plugin of that digest; `GET /v1/admin/plugins` lists its own")]
    PluginUnknown,
    /// The component is not one that this host runs.
    #[error("{0}")]
    PluginRefused(String),
    /// The bypass names no action or factor of the pipeline.
    #[error("no action of the pipeline that declares a factor has that name, or that factor alone")]
    BypassTargetUnknown,
    /// The user has as many bypasses as a user may have.
    #[error("the user has {0} bypasses already; revoke one, or wait until one expires")]
    TooManyBypasses(usize),
    /// The user has no such bypass.
    #[error("the user has no bypass of that id, or it has expired")]
    BypassUnknown,
    /// A login used the bypass up.
    #[error("a login used it up; end the session with `POST /v1/sessions/end` if it must not go on")]
    BypassUsed,
    /// The plugin is not killed.
    #[error("this plugin is not killed")]
    KillUnknown,
    /// The tenant has as many of something as it may have; the text says of what, and what to do.
    #[error("{0}")]
    LimitReached(String),
    /// The tenant has as many live tails as it may have.
    #[error("a tenant may have {0} live tails; end one of them")]
    TooManyTails(usize),
    /// The host has no place for it now. Nothing was decided; the text says what to wait for.
    #[error("{0}")]
    Busy(&'static str),
    /// Load, or a store that does not answer. Nothing was decided.
    #[error("nothing was decided and nothing changed; retry with the same key and the same bytes, then deny")]
    Unavailable {
        /// For the log alone.
        cause: String,
    },
    /// A defect. No login is let through by it.
    #[error("an internal error; the log has the cause under this id")]
    Internal {
        /// For the log alone.
        cause: String,
    },
}

impl HostError {
    /// Load, or a store that does not answer.
    pub fn unavailable(cause: impl ToString) -> Self {
        Self::Unavailable { cause: cause.to_string() }
    }

    /// A defect.
    pub fn internal(cause: impl ToString) -> Self {
        Self::Internal { cause: cause.to_string() }
    }
}

const fn ended(why: &EndReason) -> &'static str {
    match why {
        EndReason::Evicted => "the user opened more logins than one user may have open; start a new login",
        EndReason::SessionEnded => {
            "the session ended, or another user took it over, while the login was suspended; start a new login"
        }
    }
}
