//! The names of the demo's sites. One port serves them all, and the name says which site is meant and whose browser asks.
//!
//! ```text
//! demo.localhost                the page that explains
//! idp.demo.localhost            the IdP; likewise `postlude.` and `partner.`
//! idp.ana.demo.localhost        the same IdP, as ana's browser knows it
//! ```
//! Cookies belong to a host (RFC 6265, section 5.1.3), so one real browser keeps a separate jar for every name in the second place: two
//! frames of one page are two browsers. All names are below one site, so that no frame's cookies are those of a third party. Browsers
//! resolve names below `localhost` to this machine (RFC 6761, section 6.3).

use url::Url;

/// The name below which all others are.
const BASE: &str = "demo.localhost";
/// Bytes of a browser's name at most.
const BROWSER_BYTES: usize = 24;

/// A server of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Site {
    /// The identity provider.
    Idp,
    /// Postlude: where prompt sites send the browser back.
    Postlude,
    /// The partner's prompt site.
    Partner,
}

impl Site {
    const ALL: [Self; 3] = [Self::Idp, Self::Postlude, Self::Partner];

    const fn label(self) -> &'static str {
        match self {
            Self::Idp => "idp",
            Self::Postlude => "postlude",
            Self::Partner => "partner",
        }
    }
}

/// What the name in a request's `Host` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The page that explains.
    Stage,
    /// Another name of this machine: the page that explains is elsewhere.
    Entry,
    /// A site; in the browser of that name, where the name has one.
    Site(Site, Option<String>),
}

/// The names, with the port on which all of them are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names {
    port: u16,
}

impl Names {
    pub(crate) const fn new(port: u16) -> Self {
        Self { port }
    }

    /// The origin of the page that explains.
    pub(crate) fn stage(self) -> String {
        format!("http://{BASE}:{}", self.port)
    }

    /// The origin of a site, as the other sites know it.
    pub(crate) fn site(self, site: Site) -> String {
        format!("http://{}:{}", self.host(site), self.port)
    }

    /// The name of a site's host, as the other sites know it.
    pub(crate) fn host(self, site: Site) -> String {
        format!("{}.{BASE}", site.label())
    }

    /// The origin of a site, as one browser knows it.
    pub(crate) fn seen_by(self, browser: &str, site: Site) -> String {
        format!("http://{}.{browser}.{BASE}:{}", site.label(), self.port)
    }

    /// Every site under every name, as a content security policy has it (CSP level 3, section 2.3.1).
    pub(crate) fn all_sites(self) -> String {
        format!("http://*.{BASE}:{}", self.port)
    }

    /// The issuer of a tenant.
    pub(crate) fn issuer(self, tenant: &str) -> String {
        format!("{}/{tenant}", self.site(Site::Postlude))
    }

    /// What a `Host` stands for; none when it is no name of the demo.
    pub(crate) fn place(self, host: &str) -> Option<Place> {
        let (name, port) = host.rsplit_once(':')?;
        if port.parse() != Ok(self.port) {
            return None;
        }
        if name == BASE {
            return Some(Place::Stage);
        }
        if ["localhost", "127.0.0.1", "[::1]"].contains(&name) {
            return Some(Place::Entry);
        }
        let labels = name.strip_suffix(BASE)?.strip_suffix('.')?;
        let (label, browser) = match labels.split_once('.') {
            None => (labels, None),
            Some((label, browser)) => (label, Some(browser)),
        };
        let site = Site::ALL.into_iter().find(|site| site.label() == label)?;
        if !browser.is_none_or(is_browser_name) {
            return None;
        }
        Some(Place::Site(site, browser.map(str::to_owned)))
    }

    /// A link to a site as one browser knows it; none when it leads to no site of the demo.
    pub(crate) fn link_for(self, browser: &str, link: &str) -> Option<String> {
        let url = Url::parse(link).ok()?;
        if url.scheme() != "http" || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let host = format!("{}:{}", url.host_str()?, url.port()?);
        let Some(Place::Site(site, _)) = self.place(&host) else { return None };
        let path = url.path();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{}{path}{query}", self.seen_by(browser, site)))
    }
}

/// A browser's name for people: some are called by who sits there, some by what they are.
pub(crate) fn browser_label(name: &str) -> String {
    if ["chrome", "firefox"].contains(&name) { name.to_owned() } else { format!("{name}'s browser") }
}

/// Whether a text can be the name of a browser.
pub(crate) fn is_browser_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=BROWSER_BYTES).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.chars().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names = Names::new(4400);

    #[test]
    fn a_name_says_which_site_is_meant_and_whose_browser_asks() {
        assert_eq!(NAMES.place("demo.localhost:4400"), Some(Place::Stage));
        assert_eq!(NAMES.place("127.0.0.1:4400"), Some(Place::Entry));
        assert_eq!(NAMES.place("idp.demo.localhost:4400"), Some(Place::Site(Site::Idp, None)));
        let anas = Some(Place::Site(Site::Partner, Some("ana".to_owned())));
        assert_eq!(NAMES.place("partner.ana.demo.localhost:4400"), anas);
    }

    #[test]
    fn other_names_are_none_of_the_demo() {
        for host in [
            "demo.localhost",
            "demo.localhost:4401",
            "evil.example:4400",
            "idp.demo.localhost.evil.example:4400",
            "shop.demo.localhost:4400",
            "idp.a.b.demo.localhost:4400",
            "idp.Ana.demo.localhost:4400",
            "idp..demo.localhost:4400",
            "xdemo.localhost:4400",
        ] {
            assert_eq!(NAMES.place(host), None, "{host}");
        }
    }

    #[test]
    fn a_link_is_the_same_link_under_the_names_of_another_browser() {
        let link = "http://postlude.demo.localhost:4400/acme/continue?state=a%20b&postlude_result=x.y.z";
        let hers = "http://postlude.mallory.demo.localhost:4400/acme/continue?state=a%20b&postlude_result=x.y.z";
        assert_eq!(NAMES.link_for("mallory", link).as_deref(), Some(hers));
        assert_eq!(
            NAMES.link_for("ana", hers).as_deref(),
            Some(link.replace("postlude.demo", "postlude.ana.demo").as_str())
        );
        for other in [
            "https://evil.example/",
            "http://demo.localhost:4400/",
            "javascript:alert(1)",
            "http://u@idp.demo.localhost:4400/",
        ] {
            assert_eq!(NAMES.link_for("ana", other), None, "{other}");
        }
    }
}
