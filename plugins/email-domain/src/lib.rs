//! Lets in only users whose email address is of a listed domain, and verified.

use postlude_sdk::{Action, Context, Decision, Failure};
use serde::Deserialize;

/// What the operator sets; the manifest's schema is the contract.
#[derive(Debug, Deserialize)]
struct Settings {
    domains: Vec<String>,
    #[serde(default = "yes")]
    require_verified: bool,
    deny_message: Option<String>,
}

const fn yes() -> bool {
    true
}

impl Settings {
    fn deny(&self, code: &str, message: &str) -> Decision {
        Decision::deny(code, self.deny_message.as_deref().unwrap_or(message))
    }

    /// Domain names compare without regard to ASCII case (RFC 4343). Both sides are in their ASCII form (RFC 5890, A-labels);
    /// a domain in another form equals none, so that look-alikes stay out.
    fn lists(&self, domain: &str) -> bool {
        domain.is_ascii() && self.domains.iter().any(|listed| listed.eq_ignore_ascii_case(domain))
    }
}

/// The plugin.
#[derive(Debug)]
pub struct EmailDomain;

impl Action for EmailDomain {
    fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        let email = cx.event().email()?.unwrap_or_default();
        let Some(domain) = domain(&email) else {
            return Ok(settings.deny("email_missing", "This application needs an email address."));
        };
        if settings.require_verified && !cx.event().email_verified()? {
            return Ok(settings.deny("email_not_verified", "Please verify your email address first."));
        }
        if !settings.lists(domain) {
            return Ok(settings.deny("email_domain_refused", "Your email address is not of an accepted domain."));
        }
        Ok(Decision::Continue)
    }
}

postlude_sdk::export!(EmailDomain);

/// What stands after the last `@`: a quoted local part may have one of its own (RFC 5321, section 4.1.2).
fn domain(email: &str) -> Option<&str> {
    let (local, domain) = email.rsplit_once('@')?;
    (!local.is_empty() && !domain.is_empty()).then_some(domain)
}
