//! The URL of a prompt: checked, completed with token and state, and written anew.

use super::login_draft::HOST_CODES;
use super::own_result;
use crate::action::Action;
use crate::decision::{Denial, RedirectRequest};
use crate::limits;
use crate::token::{Profile, TokenContext};
use url::{Host, Url};

/// Builds the location of a redirect, or says why it is refused.
pub(super) fn location(
    action: &Action,
    request: &RedirectRequest,
    context: &TokenContext<'_>,
) -> Result<String, String> {
    let mut url = parse(&request.url)?;
    check_target(action, &url)?;
    let reserved = |name: &str| name == "state";
    if url.query_pairs().any(|(name, _)| reserved(&name)) || request.query.iter().any(|(name, _)| reserved(name)) {
        return Err("the redirect names a query parameter `state`, which is the host's".to_owned());
    }
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    check_length(url.as_str())?;
    if action.spec.result.profile == Profile::Auth0 {
        own_result::refuse(action, &url, context)?;
    }
    if let Some(token) = &request.token {
        let taken = url.query_pairs().any(|(name, _)| name == token.parameter.as_str());
        if taken || reserved(&token.parameter) {
            return Err(format!("the redirect names the token's parameter `{}` twice", token.parameter));
        }
        let text = action.keys.encode(token, context).map_err(|why| format!("no request token: {why}"))?;
        url.query_pairs_mut().append_pair(&token.parameter, &text);
    }
    url.query_pairs_mut().append_pair("state", context.state);
    let text = String::from(url);
    check_length(&text)?;
    Ok(text)
}

fn check_length(url: &str) -> Result<(), String> {
    let (bytes, most) = (url.len(), limits::REDIRECT_URL_BYTES);
    if bytes > most { Err(format!("the redirect's URL has {bytes} bytes, the limit is {most}")) } else { Ok(()) }
}

/// A denial's texts are the plugin's, and reach users.
pub(super) fn check_denial(denial: &Denial) -> Result<(), String> {
    let code = &denial.code;
    let plain = code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if code.is_empty() || code.len() > 64 || !plain {
        return Err("denies with a code that is not 1 to 64 characters a-z, 0-9 and _".to_owned());
    }
    if HOST_CODES.contains(&code.as_str()) {
        return Err(format!("denies with the code `{code}`, which is the host's own"));
    }
    if denial.message.len() > 256 || denial.message.chars().any(char::is_control) {
        return Err("denies with a message over 256 bytes, or with control characters".to_owned());
    }
    if let Some(hidden) = denial.message.chars().find(|c| is_hidden(*c)) {
        return Err(format!("denies with a message with `{}`, which a reader does not see", hidden.escape_unicode()));
    }
    Ok(())
}

/// Characters that change the order of those around them, or are not seen (Unicode: Bidi_Control, Default_Ignorable_Code_Point, and the
/// separators of lines): the user would read another text than the operator. Joiners stay, which some scripts are written with, and
/// variation selectors.
const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180e}' | '\u{200b}'
        | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
}

/// The URL parser drops tabs and line feeds and takes backslashes for slashes; what a reader would see is refused.
fn parse(text: &str) -> Result<Url, String> {
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("the redirect's URL has white space, control characters or backslashes".to_owned());
    }
    Url::parse(text).map_err(|why| format!("the redirect's URL is not an absolute URL: {why}"))
}

fn check_target(action: &Action, url: &Url) -> Result<(), String> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the redirect's URL has user information".to_owned());
    }
    let http = action.development && url.scheme() == "http" && is_loopback(url);
    if url.scheme() != "https" && !http {
        return Err(format!("the redirect's URL has the scheme `{}`, not https", url.scheme()));
    }
    let origin = url.origin().ascii_serialization();
    if action.spec.grants.redirect_origins.contains(&origin) {
        Ok(())
    } else {
        let granted: Vec<String> = action.spec.grants.redirect_origins.iter().map(|one| format!("`{one}`")).collect();
        let granted =
            if granted.is_empty() { "none is".to_owned() } else { format!("granted: {}", granted.join(", ")) };
        Err(format!(
            "the redirect goes to `{origin}`, which is not granted ({granted}); ask for it in the manifest's \
             `capabilities.redirect_origins`, and grant it in `grants.redirect_origins`"
        ))
    }
}

/// Whether a URL leads to this machine, by the same rule as the configuration: names below `localhost` do (RFC 6761, section 6.3).
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
