//! Asks the user to accept the current version of the terms, once for each version.

use postlude_sdk::reply::{ResultToken, Verdict};
use postlude_sdk::{Action, Context, Decision, Failure, Redirect, TokenRequest, Value, json};
use serde::Deserialize;

/// The key of the request and result tokens, as the manifest and the operator's configuration name it.
const KEY: &str = "partner";
/// The query parameter of the request token.
const REQUEST: &str = "request";
/// How long the prompt site may take the request token, in seconds: time to read.
const REQUEST_TTL_SECONDS: u32 = 900;
/// The key of the user's app metadata that has the acceptance, and where the event has it.
const METADATA: &str = "terms";
const ACCEPTED: &str = "/user/app_metadata/terms";
/// The claim of both tokens that says which version.
const VERSION: &str = "terms_version";

/// What the operator sets; the manifest's schema is the contract.
#[derive(Debug, Deserialize)]
struct Settings {
    prompt_url: String,
    version: String,
}

/// The plugin.
#[derive(Debug)]
pub struct Terms;

impl Action for Terms {
    fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        // Of any other shape, it is no acceptance.
        let accepted: Option<Value> = cx.event().get(ACCEPTED)?;
        if accepted.as_ref().and_then(|accepted| accepted.get("version")?.as_str()) == Some(&settings.version) {
            return Ok(Decision::Continue);
        }
        // Consent is no factor: none is named, so the host never skips this prompt.
        let token = TokenRequest::new(REQUEST, KEY).ttl(REQUEST_TTL_SECONDS).claim(VERSION, settings.version);
        Ok(Redirect::to(settings.prompt_url).token(token).into())
    }

    fn on_continue(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        let result = match cx.reply().token() {
            Ok(result) => result,
            Err(why) => {
                cx.log().warn(format!("no proof of consent: {why}"));
                return Ok(Decision::deny(
                    "terms_not_accepted",
                    "Your answer could not be confirmed. Please try again.",
                ));
            }
        };
        match result.verdict() {
            Some(Verdict::Ok) => accepted(cx, &settings, &result),
            Some(Verdict::Refused) => Ok(Decision::deny("terms_declined", "You can log in once you accept the terms.")),
            Some(Verdict::Error) => Err(Failure::Unavailable("the prompt site reported an error".to_owned())),
            None => Err(Failure::Other("the result token has no verdict".to_owned())),
        }
    }
}

postlude_sdk::export!(Terms);

fn accepted(cx: &Context, settings: &Settings, result: &ResultToken) -> Result<Decision, Failure> {
    // A page that shows older terms must not make anybody accept the new ones.
    if result.text(VERSION) != Some(&settings.version) {
        return Err(Failure::Other(format!(
            "the user accepted {:?}, not the version that was asked for",
            result.text(VERSION)
        )));
    }
    let acceptance = json!({ "version": settings.version, "accepted_at": cx.clock().now() });
    cx.user().set_app_metadata(METADATA, &acceptance)?;
    Ok(Decision::Continue)
}
