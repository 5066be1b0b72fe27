//! A second factor: send the user to a prompt site, take a signed result back, and record the factor in the session.

use postlude_sdk::reply::Verdict;
use postlude_sdk::{Action, Context, Decision, Failure, Redirect, TokenRequest, json};

// `Settings`, from the schema in manifest.json.
postlude_sdk::settings!();

/// The plugin.
pub struct {{Name}};

impl Action for {{Name}} {
    fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        // Always: the host skips the prompt while the factor's record is fresh. It signs the request token and appends it.
        let token = TokenRequest::new("request", "partner").ttl(600);
        Ok(Redirect::to(settings.prompt_url).factor(settings.factor).token(token).into())
    }

    fn on_continue(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        // The host has verified the result's signature, and that it is for this login and this user.
        let result = match cx.reply().token() {
            Ok(result) => result,
            Err(why) => {
                cx.log().warn(format!("no proof of the factor: {why}"));
                return Ok(Decision::deny("factor_not_proved", "The check could not be confirmed. Please try again."));
            }
        };
        match result.verdict() {
            Some(Verdict::Ok) => {
                let evidence = result.jti().map(|jti| json!({ "jti": jti }));
                cx.session().record_factor(&settings.factor, evidence.as_ref())?;
                Ok(Decision::Continue)
            }
            Some(Verdict::Refused) => Ok(Decision::deny("factor_refused", "The check was not passed.")),
            Some(Verdict::Error) | None => Err(Failure::Unavailable("the prompt site gave no verdict".to_owned())),
        }
    }
}

postlude_sdk::export!({{Name}});
