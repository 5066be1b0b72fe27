//! The load that most rows are made with: logins of sessions that have a fresh factor.

use crate::event;
use crate::load::{Load, Make};
use crate::story::UserSession;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What stands in a request before its key is known; as long as every key.
const PLACE: &str = "bench-################";

/// A key that no other request of this process has.
pub(crate) fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("bench-{:016}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A request with an idempotency key of its own each time.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    request: Vec<u8>,
    /// Where the key stands.
    at: usize,
}

impl Template {
    /// A login, by the IdP with this API key.
    pub(crate) fn login(api_key: &str, body: &str) -> Self {
        let request = event::post_as(api_key, "/v1/logins", Some(PLACE), body);
        let at = request.windows(PLACE.len()).position(|window| window == PLACE.as_bytes()).unwrap_or_default();
        Self { request, at }
    }

    /// Writes the request with a fresh key.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.request);
        if let Some(place) = to.get_mut(self.at..self.at + PLACE.len()) {
            place.copy_from_slice(fresh_key().as_bytes());
        }
    }
}

/// Logins in these sessions, each with a fresh factor.
pub(crate) fn logins_of(address: SocketAddr, api_key: &str, user_sessions: &[UserSession]) -> Load {
    let body = |of: &UserSession| event::login(&of.user, Some(&of.session));
    let templates: Vec<_> = user_sessions.iter().map(|of| Template::login(api_key, &body(of))).collect();
    let make: Make = Arc::new(move |connection, _, request| {
        if let Some(template) = templates.get(connection % templates.len().max(1)) {
            template.write(request);
        }
    });
    Load { address, make, expect: "\"continue\"" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_a_key_of_its_own() {
        let template = Template::login("plk", &event::login("ana", None));
        let mut requests = [Vec::new(), Vec::new()];
        requests.iter_mut().for_each(|request| template.write(request));
        let texts = requests.map(|request| String::from_utf8(request).unwrap());
        assert!(texts.iter().all(|text| text.contains("idempotency-key: bench-0") && !text.contains('#')));
        assert_ne!(texts[0], texts[1]);
    }
}
