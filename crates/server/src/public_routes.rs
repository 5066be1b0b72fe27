//! The public routes of a tenant: the one list of them. Their paths come from the configuration, so they are no routes of the router.

use axum::http::Method;
use postlude_config::{CONTINUE_PATH, JWKS_PATH};

/// A public route of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublicRoute {
    /// Where prompt sites send the browser back.
    Continue,
    /// The public keys of request tokens.
    Jwks,
}

impl PublicRoute {
    /// Every public route.
    pub(crate) const ALL: [Self; 2] = [Self::Continue, Self::Jwks];

    /// The path below the issuer's.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Continue => CONTINUE_PATH,
            Self::Jwks => JWKS_PATH,
        }
    }

    /// The pattern, as metrics have it.
    pub(crate) const fn pattern(self) -> &'static str {
        match self {
            Self::Continue => "{issuer}/continue",
            Self::Jwks => "{issuer}/.well-known/jwks.json",
        }
    }

    /// The methods, as the header `Allow` has them (RFC 9110, section 10.2.1).
    pub(crate) const fn methods(self) -> &'static str {
        match self {
            Self::Continue => "GET,HEAD,POST",
            Self::Jwks => "GET,HEAD",
        }
    }

    /// Whether the route has a method.
    pub(crate) fn allows(self, method: &Method) -> bool {
        self.methods().split(',').any(|allowed| allowed == method.as_str())
    }

    /// The route that a path would be, and the path of the issuer before it.
    pub(crate) fn of_path(path: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|route| Some((route, path.strip_suffix(route.path())?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_the_issuer_and_the_path() {
        for route in PublicRoute::ALL {
            assert_eq!(route.pattern(), format!("{{issuer}}{}", route.path()));
            assert_eq!(PublicRoute::of_path(&format!("/a/b{}", route.path())), Some((route, "/a/b")));
        }
        assert_eq!(PublicRoute::of_path("/continued"), None);
    }

    #[test]
    fn a_route_has_its_methods_alone() {
        assert!(PublicRoute::Continue.allows(&Method::POST) && !PublicRoute::Jwks.allows(&Method::POST));
        assert!(PublicRoute::ALL.iter().all(|route| route.allows(&Method::HEAD) && !route.allows(&Method::DELETE)));
    }
}
