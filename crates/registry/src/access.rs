//! How a registry is reached: as whom, and whether in the clear.

use super::credentials::Credentials;
use oci_client::Reference;
use url::{Host, Url};

/// How a registry is reached.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Who asks; nobody in particular without.
    pub credentials: Option<Credentials>,
    /// Http also to other machines than this one.
    pub insecure_http: bool,
}

impl Access {
    /// The scheme by which this registry is reached: http for this machine's own, and where it was allowed.
    pub(crate) fn scheme(&self, reference: &Reference) -> &'static str {
        if self.insecure_http || is_loopback(reference.resolve_registry()) { "http" } else { "https" }
    }

    /// Whether credentials may go to this URL.
    pub(crate) fn may_tell(&self, url: &Url) -> bool {
        url.scheme() == "https" || (url.scheme() == "http" && (self.insecure_http || url.host().is_some_and(is_local)))
    }
}

fn is_loopback(registry: &str) -> bool {
    Url::parse(&format!("http://{registry}")).is_ok_and(|url| url.host().is_some_and(is_local))
}

fn is_local(host: Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_this_machine_or_where_it_was_allowed() {
        let scheme = |registry: &str, insecure_http| {
            let reference = format!("{registry}/acme/face:1").parse().unwrap();
            Access { credentials: None, insecure_http }.scheme(&reference)
        };
        for local in ["localhost:5000", "127.0.0.1:5000", "127.8.0.1"] {
            assert_eq!(scheme(local, false), "http", "{local}");
        }
        for other in
            ["ghcr.io", "10.0.0.1:5000", "localhost.example", "127.0.0.1.example", "registry.localhost.example:80"]
        {
            assert_eq!((scheme(other, false), scheme(other, true)), ("https", "http"), "{other}");
        }
    }

    #[test]
    fn credentials_go_nowhere_in_the_clear() {
        let tells =
            |url: &str, insecure_http| Access { credentials: None, insecure_http }.may_tell(&url.parse().unwrap());
        assert!(tells("https://auth.example/token", false) && tells("http://127.0.0.1:1/token", false));
        assert!(!tells("http://auth.example/token", false) && tells("http://auth.example/token", true));
        assert!(!tells("ftp://127.0.0.1/token", true));
    }
}
