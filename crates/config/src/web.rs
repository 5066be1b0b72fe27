//! URLs of the configuration: issuers, return URLs, origins and hosts, each checked strictly.

use super::problem::Complaint;
use super::read::shown;
use postlude_model::manifest::origin_of;
use url::{Host, Url};

/// The parameter that carries the sealed reply; a return URL must not have one of its own.
pub const REPLY_PARAMETER: &str = "postlude";

/// The path, below the issuer's, to which partners send the browser back.
pub const CONTINUE_PATH: &str = "/continue";

/// The path, below the issuer's, of the public keys of request tokens.
pub const JWKS_PATH: &str = "/.well-known/jwks.json";

/// Reads an absolute URL: https, or http to loopback in development mode; no user information, no fragment.
///
/// # Errors
/// When it is anything else.
pub(super) fn url(text: &str, development: bool) -> Result<Url, Complaint> {
    let shown = shown(text);
    let url = Url::parse(text).map_err(|why| {
        Complaint::new(format!("`{shown}` is not a URL: {why}"))
            .hint("write an absolute URL, such as `https://idp.example`")
    })?;
    let Some(host) = url.host() else {
        return Err(Complaint::new(format!("`{shown}` has no host")));
    };
    secure(&shown, &url, &host, development)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Complaint::new(format!("`{shown}` has user information")).hint("remove what stands before `@`"));
    }
    if url.fragment().is_some() {
        return Err(Complaint::new(format!("`{shown}` has a fragment")).hint("remove `#` and what follows"));
    }
    if host.to_string().contains('*') {
        return Err(Complaint::new(format!("`{shown}` has a wildcard in its host")).hint("list each host by its name"));
    }
    if host.to_string().ends_with('.') {
        return Err(Complaint::new(format!("the host of `{shown}` ends in a dot")).hint("remove the dot"));
    }
    Ok(url)
}

fn secure(shown: &str, url: &Url, host: &Host<&str>, development: bool) -> Result<(), Complaint> {
    match (url.scheme(), is_loopback(host), development) {
        ("https", ..) | ("http", true, true) => Ok(()),
        ("http", true, false) => Err(Complaint::new(format!("`{shown}` is not https"))
            .hint("use https; or set `server.development = true`, which allows http to loopback")),
        ("http", ..) => {
            Err(Complaint::new(format!("`{shown}` is not https"))
                .hint("use https; http is for loopback in development"))
        }
        (scheme, ..) => Err(Complaint::new(format!("`{shown}` has the scheme `{scheme}`, not https"))),
    }
}

/// Whether a host is this machine: `localhost`, a name below it, 127.0.0.0/8 or ::1 (RFC 6761, section 6.3).
pub(super) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Whether a redirect origin, as [`origin_of`] gives it, may be used: https, or http to loopback in development.
pub(super) fn is_secure_origin(origin: &str, development: bool) -> bool {
    url(origin, development).is_ok()
}

/// Reads an issuer: a URL without a query and without a slash at its end.
pub(super) fn issuer(text: &str, development: bool) -> Result<Url, Complaint> {
    let url = url(text, development)?;
    let shown = shown(text);
    if url.query().is_some() {
        return Err(Complaint::new(format!("`{shown}` has a query")).hint("remove `?` and what follows"));
    }
    if text.ends_with('/') {
        return Err(
            Complaint::new(format!("`{shown}` ends in a slash")).hint("remove it: issuers are compared byte for byte")
        );
    }
    // RFC 8414, section 2, and what partners compare: the text must be the URL's one spelling.
    let canonical = url.as_str().trim_end_matches('/');
    if canonical != text {
        return Err(
            Complaint::new(format!("`{shown}` is not in its canonical form")).hint(format!("write `{canonical}`"))
        );
    }
    Ok(url)
}

/// Reads an origin to which an action may redirect.
pub(super) fn origin(text: &str, development: bool) -> Result<String, Complaint> {
    let url = url(text, development)?;
    let origin = origin_of(text).map_err(Complaint::new)?;
    if url.path() != "/" || url.query().is_some() {
        let message = format!("`{}` is more than an origin", shown(text));
        return Err(Complaint::new(message).hint(format!("write `{origin}`")));
    }
    Ok(origin)
}

/// Reads a host for outbound requests: a name, with a port when it is not 443. Never an address.
pub(super) fn host(text: &str) -> Result<String, Complaint> {
    let bad = || {
        Complaint::new(format!("`{}` is not a host", shown(text)))
            .hint("write `api.example.com` or `api.example.com:8443`")
    };
    let url = Url::parse(&format!("https://{text}/")).map_err(|_| bad())?;
    let Some(Host::Domain(name)) = url.host() else {
        return Err(Complaint::new(format!("`{}` is an address", shown(text))).hint("grant hosts by name"));
    };
    let expected = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
    let given = text.strip_suffix(":443").unwrap_or(text).to_ascii_lowercase();
    if given != expected || name.contains('*') || name.ends_with('.') { Err(bad()) } else { Ok(expected) }
}
