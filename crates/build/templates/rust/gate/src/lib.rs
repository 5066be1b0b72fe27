//! A gate: users with a verified email address of a listed domain are let in, others are not.

use postlude_sdk::{Action, Context, Decision, Failure};

// `Settings`, from the schema in manifest.json.
postlude_sdk::settings!();

/// The plugin.
pub struct {{Name}};

impl Action for {{Name}} {
    fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        let email = cx.event().email()?.unwrap_or_default().to_ascii_lowercase();
        if !cx.event().email_verified()? {
            return Ok(Decision::deny("email_not_verified", "Please verify your email address first."));
        }
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        if settings.domains.iter().any(|listed| listed == domain) {
            Ok(Decision::Continue)
        } else {
            Ok(Decision::deny("domain_refused", "Your email address is not of an accepted domain."))
        }
    }
}

postlude_sdk::export!({{Name}});
