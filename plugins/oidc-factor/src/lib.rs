//! Any OpenID provider as a factor, by settings alone: the authorization code flow with PKCE, proved by the plugin itself.

mod client;
mod id_token;
mod provider;
mod settings;
mod stash;
mod text;

use client::Grant;
use postlude_sdk::session::Freshness;
use postlude_sdk::{Action, Context, Decision, Failure, Redirect, Value, json};
use provider::Provider;
use settings::Settings;
use stash::Stash;
use text::{random, shown};

/// The plugin.
#[derive(Debug)]
pub struct OidcFactor;

impl Action for OidcFactor {
    fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        // The host skips this prompt, or answers that it is due, without a look at the URL: no request is worth making, and a
        // provider that is down keeps nobody out who has a fresh record.
        if cx.session().freshness(&settings.factor)? == Freshness::Fresh || !cx.login().can_redirect() {
            return Ok(Redirect::to(&settings.issuer).factor(&settings.factor).into());
        }
        if settings.expected(cx)?.is_none() {
            return Ok(Decision::deny("factor_not_enrolled", "No account for the additional check is known."));
        }
        let provider = Provider::find(cx, &settings)?;
        let stash = Stash { verifier: random(cx), nonce: random(cx), asked_at: cx.clock().now() };
        let query = client::authorization_request(cx, &settings, &stash)?;
        cx.redirect().stash(&stash)?;
        let redirect = Redirect::to(provider.authorization_endpoint).factor(&settings.factor);
        Ok(query.into_iter().fold(redirect, |redirect, (name, value)| redirect.query(name, value)).into())
    }

    fn on_continue(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        let provider = Provider::find(cx, &settings)?;
        let reply = match Reply::read(cx, &settings, &provider) {
            Ok(reply) => reply,
            Err(why) => return Ok(not_proved(cx, &why)),
        };
        let code = match reply {
            Reply::Code(code) => code,
            Reply::Error(error) => return provider_said(&error),
        };
        let stash: Stash = cx.reply().stash().ok_or_else(|| Failure::Other("the stash is gone".to_owned()))?;
        let token = match client::redeem(cx, &settings, &provider, &code, &stash.verifier)? {
            Grant::IdToken(token) => token,
            Grant::Refused(why) => return Ok(not_proved(cx, &why)),
        };
        let read = id_token::read(cx, &settings, &token)?;
        let checked = read.and_then(|claims| id_token::check(cx, &settings, &claims, &stash).map(|()| claims));
        let claims = match checked {
            Ok(claims) => claims,
            Err(why) => return Ok(not_proved(cx, &why)),
        };
        if !id_token::is_the_users(&settings, &claims, settings.expected(cx)?.as_deref()) {
            cx.log().warn(format!("the claim `{}` is not what the event says", settings.matching.claim));
            return Ok(Decision::deny("factor_wrong_account", "That account does not belong to this login."));
        }
        cx.session().record_factor(&settings.factor, Some(&evidence(&settings, &claims)))?;
        Ok(Decision::Continue)
    }
}

postlude_sdk::export!(OidcFactor);

/// What the browser brought back from the provider.
enum Reply {
    Code(String),
    Error(String),
}

impl Reply {
    /// The host has verified `state` already. Each parameter may come once (RFC 6749, section 3.1).
    fn read(cx: &Context, settings: &Settings, provider: &Provider) -> Result<Self, String> {
        let query = cx.reply().query();
        let one = |name: &str| {
            let mut values = query.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone());
            let first = values.next();
            if values.next().is_some() { Err(format!("`{name}` came twice")) } else { Ok(first) }
        };
        // Another provider's reply must not be taken for this one's (RFC 9207, section 2.4).
        match one("iss")? {
            Some(issuer) if issuer != settings.issuer => return Err("`iss` is another provider's".to_owned()),
            None if provider.says_iss => return Err("`iss` is missing".to_owned()),
            _ => {}
        }
        match (one("error")?, one("code")?) {
            (Some(error), _) => Ok(Self::Error(error)),
            (None, Some(code)) => Ok(Self::Code(code)),
            (None, None) => Err("there is no `code`".to_owned()),
        }
    }
}

/// An authorization error (RFC 6749, section 4.1.2.1; OpenID Connect Core 1.0, section 3.1.2.6).
fn provider_said(error: &str) -> Result<Decision, Failure> {
    match error {
        "access_denied" => Ok(Decision::deny("factor_refused", "The additional check was not passed.")),
        "temporarily_unavailable" | "server_error" => Err(Failure::Unavailable(format!("the provider says {error}"))),
        other => Err(Failure::Other(format!("the provider says {:.64}", shown(other)))),
    }
}

fn not_proved(cx: &Context, why: &str) -> Decision {
    cx.log().warn(format!("no proof of the factor: {why}"));
    Decision::deny("factor_not_proved", "The additional check could not be confirmed. Please try again.")
}

/// What the audit trail keeps.
fn evidence(settings: &Settings, claims: &Value) -> Value {
    let mut evidence = json!({ "issuer": settings.issuer });
    for name in ["acr", "amr", "auth_time"] {
        if let (Some(value), Some(evidence)) = (claims.get(name), evidence.as_object_mut()) {
            evidence.insert(name.to_owned(), value.clone());
        }
    }
    evidence
}
