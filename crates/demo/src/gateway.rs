//! The one socket of the demo: finds the site by its name, notes which browser asks, and records what is said.
//!
//! A browser knows every site under names of its own ([`crate::names`]), so links are rewritten on their way to it. Nothing else is
//! changed but this: pages that nobody may frame can be framed by the page that explains.

use crate::journal::{Draft, Journal, Party, Visit};
use crate::names::{Names, Place, Site};
use crate::site;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse as _, Response};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tower::ServiceExt as _;
use url::Url;

/// Bytes of a request or an answer: a reply of Postlude's largest size, and some.
const BODY_BYTES: usize = 256 * 1024;

/// The sites behind the socket.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    pub(crate) names: Names,
    pub(crate) journal: Arc<Journal>,
    /// Origins of elsewhere that the partner's site plays: browsers are sent to it instead.
    pub(crate) played: Arc<Mutex<Vec<String>>>,
    /// The page that explains.
    pub(crate) stage: Router,
    pub(crate) idp: Router,
    pub(crate) partner: Router,
    pub(crate) postlude: Router,
}

/// The service of the socket.
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new().fallback(receive).with_state(Arc::new(gateway))
}

async fn receive(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match gateway.names.place(host) {
        // Another name may be one that an attacker made to resolve to this machine.
        None => site::misdirected(&gateway.names.stage()),
        Some(Place::Entry) => site::see_other(&format!("{}/", gateway.names.stage()), &[]),
        Some(Place::Stage) => answer(gateway.stage.clone(), request).await,
        Some(Place::Site(site, None)) => answer(gateway.service(site), request).await,
        Some(Place::Site(site, Some(browser))) => gateway.pass(site, browser, request).await,
    }
}

async fn answer(service: Router, request: Request) -> Response {
    service.oneshot(request).await.unwrap_or_else(|never| match never {})
}

impl Gateway {
    fn service(&self, site: Site) -> Router {
        match site {
            Site::Idp => self.idp.clone(),
            Site::Partner => self.partner.clone(),
            Site::Postlude => self.postlude.clone(),
        }
    }

    /// Passes a browser's request on to a site that knows nothing of the browser's own names.
    async fn pass(&self, site: Site, browser: String, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, BODY_BYTES).await else { return site::too_large() };
        let url = format!("{}{}", self.names.seen_by(&browser, site), path_of(&parts.uri));
        let flow = self.flow(site, &browser, &parts, &body);
        let party = party_of(site);
        let told = is_told(site, &parts);
        let asked =
            told.then(|| Draft::request(Party::Browser, party, parts.method.as_str(), &url, &parts.headers, &body));
        if let Ok(host) = HeaderValue::from_str(self.names.site(site).trim_start_matches("http://")) {
            parts.headers.insert(header::HOST, host);
        }
        if let (Site::Postlude, Some(state)) = (site, state_of(&parts.uri)) {
            self.journal.brought(&browser, &state);
        }
        let visit = Visit { browser: browser.clone(), flow };
        parts.extensions.insert(visit);
        asked.into_iter().for_each(|asked| self.journal.record(flow, asked));
        let began = Instant::now();
        let response = answer(self.service(site), Request::from_parts(parts, Body::from(body))).await;
        let (mut parts, body) = response.into_parts();
        let Ok(body) = to_bytes(body, BODY_BYTES).await else { return site::too_large() };
        self.localise(&browser, &mut parts.headers);
        if is_page(&parts) {
            self.journal.note(|state| {
                state.addresses.insert(browser, url);
            });
        }
        if told {
            let status = parts.status.as_u16();
            let draft = Draft::answer(party, Party::Browser, status, &parts.headers, &body, began.elapsed());
            self.journal.record(flow, draft);
        }
        let mut response = (parts, Body::from(body)).into_response();
        site::framed_by(&mut response, &self.names.stage());
        response
    }

    /// The flow that a request belongs to: who logs in or out begins one.
    fn flow(&self, site: Site, browser: &str, parts: &Parts, body: &Bytes) -> u64 {
        let post = site == Site::Idp && parts.method == Method::POST;
        match parts.uri.path() {
            "/login" if post => {
                let mut fields = url::form_urlencoded::parse(body);
                let user = fields.find(|(name, _)| name == "user").map(|(_, user)| user.into_owned());
                self.journal.begin(browser, &format!("{} logs in", user.unwrap_or_else(|| "someone".to_owned())))
            }
            "/logout" if post => self.journal.begin(browser, "log out"),
            _ => self.journal.flow_of(browser, "a link is opened"),
        }
    }

    /// Where a site sends the browser, under the browser's own names.
    fn localise(&self, browser: &str, headers: &mut HeaderMap) {
        let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let here = |location| self.names.link_for(browser, location).or_else(|| self.played(browser, location));
        if let Some(here) = location.and_then(here)
            && let Ok(here) = HeaderValue::from_str(&here)
        {
            headers.insert(header::LOCATION, here);
        }
    }
}

impl Gateway {
    /// A link to a site of elsewhere that the partner's site plays.
    fn played(&self, browser: &str, location: &str) -> Option<String> {
        let url = Url::parse(location).ok()?;
        let origin = url.origin().ascii_serialization();
        let is_played = self.played.lock().unwrap_or_else(PoisonError::into_inner).contains(&origin);
        let path = url.as_str().get(url.origin().ascii_serialization().len()..)?;
        is_played.then(|| format!("{}{path}", self.names.seen_by(browser, Site::Partner)))
    }
}

const fn party_of(site: Site) -> Party {
    match site {
        Site::Idp => Party::Idp,
        Site::Partner => Party::Partner,
        Site::Postlude => Party::Postlude,
    }
}

fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

/// The state with which a browser is at a continue URL.
fn state_of(uri: &Uri) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.find(|(name, _)| name == "state").map(|(_, state)| state.into_owned())
}

/// Whether a request says something about a login: the IdP's front page and a browser's search for an icon do not.
fn is_told(site: Site, parts: &Parts) -> bool {
    !matches!((site, parts.uri.path()), (_, "/favicon.ico") | (Site::Idp, "/" | "/result"))
}

fn is_page(parts: &axum::http::response::Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html")) && !parts.status.is_redirection()
}
