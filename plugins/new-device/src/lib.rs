//! A prompt when the device or the network of a session changed, and none while it is one that the user confirmed.

mod place;

use place::{Place, Settings};
use postlude_sdk::reply::{ResultToken, Verdict};
use postlude_sdk::session::Freshness;
use postlude_sdk::{Action, Context, Decision, Failure, Redirect, TokenRequest, json, login::Mode};

/// The key of the request and result tokens, as the manifest and the operator's configuration name it.
const KEY: &str = "partner";
/// The query parameter of the request token.
const REQUEST: &str = "request";
/// How long the prompt site may take the request token, in seconds.
const REQUEST_TTL_SECONDS: u32 = 600;

/// The plugin.
#[derive(Debug)]
pub struct NewDevice;

impl Action for NewDevice {
    fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        let place = Place::of(cx, &settings)?;
        let changed = place.changed(&known(cx, &settings));
        let fresh = cx.session().freshness(&settings.factor)? == Freshness::Fresh;
        // The host skips a prompt for a fresh factor. A change has to prompt all the same, so that prompt names no factor: its
        // result proves that the user confirmed, and the record that is fresh already goes on to count.
        let despite = fresh && !changed.is_empty() && is_the_browsers(cx);
        prompt(cx, &settings, &place, &changed, !despite)
    }

    fn on_continue(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        let result = match cx.reply().token() {
            Ok(result) => result,
            Err(why) => {
                cx.log().warn(format!("no proof of a confirmation: {why}"));
                return Ok(Decision::deny("device_not_confirmed", "This could not be confirmed. Please try again."));
            }
        };
        match result.verdict() {
            Some(Verdict::Ok) => confirmed(cx, &settings, &result),
            Some(Verdict::Refused) => Ok(Decision::deny("device_refused", "This device or network was not confirmed.")),
            Some(Verdict::Error) => Err(Failure::Unavailable("the prompt site reported an error".to_owned())),
            None => Err(Failure::Other("the result token has no verdict".to_owned())),
        }
    }
}

postlude_sdk::export!(NewDevice);

/// Whether the request that the event describes is the browser's own. At a refresh it is the application's, perhaps a server's.
fn is_the_browsers(cx: &Context) -> bool {
    matches!(cx.login().mode(), Mode::Interactive | Mode::Silent)
}

fn prompt(
    cx: &Context,
    settings: &Settings,
    place: &Place,
    changed: &[String],
    for_factor: bool,
) -> Result<Decision, Failure> {
    cx.redirect().stash(place)?;
    let token = TokenRequest::new(REQUEST, KEY).ttl(REQUEST_TTL_SECONDS).claim("changed", json!(changed));
    let redirect = Redirect::to(&settings.prompt_url).token(token);
    Ok(if for_factor { redirect.factor(&settings.factor) } else { redirect }.into())
}

fn confirmed(cx: &Context, settings: &Settings, result: &ResultToken) -> Result<Decision, Failure> {
    // What the user was asked about, not where the reply came from.
    let place: Place = cx.reply().stash().ok_or_else(|| Failure::Other("the stash is gone".to_owned()))?;
    let mut known = known(cx, settings);
    // The host let the token through, so it names a factor exactly if the prompt did.
    if result.claims().contains_key("factor") {
        let evidence = json!({ "jti": result.jti(), "changed": place.changed(&known) });
        cx.session().record_factor(&settings.factor, Some(&evidence))?;
    } else if cx.session().freshness(&settings.factor)? != Freshness::Fresh {
        // The record became stale while the user stood at the prompt.
        return prompt(cx, settings, &place, &[], true);
    }
    known.retain(|earlier| *earlier != place);
    known.push(place);
    let forgotten = known.len().saturating_sub(settings.remember);
    known.drain(..forgotten);
    cx.session().set_metadata(&key(settings), &known)?;
    Ok(Decision::Continue)
}

/// The places that were confirmed in this session, the newest last.
fn known(cx: &Context, settings: &Settings) -> Vec<Place> {
    cx.session().metadata(&key(settings)).unwrap_or_default()
}

fn key(settings: &Settings) -> String {
    format!("new-device {}", settings.factor)
}
