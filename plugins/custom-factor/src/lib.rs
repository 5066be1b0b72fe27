//! A second factor on a partner's own prompt site: send the user there with a signed request, take a signed result back,
//! and record the factor in the session.

use postlude_sdk::reply::{ResultToken, Verdict};
use postlude_sdk::{Action, Context, Decision, Failure, Redirect, TokenError, TokenRequest, json};

/// The key of the request and result tokens, as the manifest and the operator's configuration name it.
const KEY: &str = "partner";
/// The query parameter of the request token.
const REQUEST: &str = "request";
/// How long the prompt site may take the request token, in seconds.
const REQUEST_TTL_SECONDS: u32 = 600;

// `Settings`, from the schema in manifest.json.
postlude_sdk::settings!();

/// The plugin.
#[derive(Debug)]
pub struct CustomFactor;

impl Action for CustomFactor {
    fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        // Always: the host skips the prompt while the record is fresh, and answers `interaction_required` where no
        // browser can be redirected.
        let token = TokenRequest::new(REQUEST, KEY).ttl(REQUEST_TTL_SECONDS);
        Ok(Redirect::to(settings.prompt_url).factor(settings.factor).token(token).into())
    }

    fn on_continue(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        let result = match cx.reply().token() {
            Ok(result) => result,
            Err(why) => return not_proved(cx, &why),
        };
        match verdict(settings.profile, &result) {
            Some(Verdict::Ok) => completed(cx, &settings, &result),
            Some(Verdict::Refused) => Ok(Decision::deny("factor_refused", "The additional check was not passed.")),
            Some(Verdict::Error) => Err(Failure::Unavailable("the prompt site reported an error".to_owned())),
            None => Err(Failure::Other("the result token has no verdict".to_owned())),
        }
    }
}

postlude_sdk::export!(CustomFactor);

/// What the partner says. A token of profile `auth0` that verified means yes unless its claim `verdict` says no; one that
/// has a verdict which this version does not know means nothing at all.
fn verdict(profile: SettingsProfile, result: &ResultToken) -> Option<Verdict> {
    let said = result.claims().contains_key("verdict");
    match profile {
        SettingsProfile::Auth0 if !said => Some(Verdict::Ok),
        SettingsProfile::Postlude | SettingsProfile::Auth0 => result.verdict(),
    }
}

fn completed(cx: &Context, settings: &Settings, result: &ResultToken) -> Result<Decision, Failure> {
    let evidence = result.jti().map(|jti| json!({ "jti": jti }));
    cx.session().record_factor(&settings.factor, evidence.as_ref())?;
    if let Some(claim) = &settings.claim {
        cx.claims().set_id_token(claim, &cx.clock().now())?;
    }
    Ok(Decision::Continue)
}

fn not_proved(cx: &Context, why: &TokenError) -> Result<Decision, Failure> {
    cx.log().warn(format!("no proof of the factor: {why}"));
    Ok(Decision::deny("factor_not_proved", "The additional check could not be confirmed. Please try again."))
}
