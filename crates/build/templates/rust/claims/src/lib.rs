//! Claims: the ID token says of which domain the user's email address is.

use postlude_sdk::{Action, Context, Decision, Failure};

// `Settings`, from the schema in manifest.json.
postlude_sdk::settings!();

/// The plugin.
pub struct {{Name}};

impl Action for {{Name}} {
    fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        let email = cx.event().email()?.unwrap_or_default().to_ascii_lowercase();
        if let Some((_, domain)) = email.rsplit_once('@') {
            cx.claims().set_id_token(&settings.claim, domain)?;
        }
        Ok(Decision::Continue)
    }
}

postlude_sdk::export!({{Name}});
