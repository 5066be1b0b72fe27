//! A plugin's requests to the world: the one thing of a run that is not in its input, as a trait, a value and a recording.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use url::{Host, Url};

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method (RFC 9110, section 9).
    pub method: String,
    /// An absolute URL.
    pub url: String,
    /// Header fields, in their order.
    pub headers: Vec<(String, String)>,
    /// The content.
    pub body: Option<Vec<u8>>,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code (RFC 9110, section 15).
    pub status: u16,
    /// Header fields, in their order.
    pub headers: Vec<(String, String)>,
    /// The content, as it came: not decoded.
    pub body: Vec<u8>,
}

/// Why there is no response; the cases of the contract's `http-error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Anything without a case of its own.
    #[error("{0}")]
    Other(String),
    /// This host makes no requests for plugins.
    #[error("this host makes no requests for plugins")]
    NotAvailable,
    /// The host and port are not granted.
    #[error("the host and port are not granted")]
    NotGranted,
    /// The request is not well formed, or sets what is the host's own.
    #[error("the request is not acceptable: {0}")]
    InvalidRequest(String),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The response is larger than allowed.
    #[error("the response is too large")]
    TooLarge,
}

/// An answer that is being waited for.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response, HttpError>> + Send + 'a>>;

/// Makes requests for plugins. An implementation enforces `hosts` and every rule about addresses, headers, sizes and time.
pub trait HttpClient: Send + Sync + fmt::Debug {
    /// Sends one request to one of these hosts, each `host` or `host:port` as [`host_of`] writes them. Dropping the future
    /// gives the request up.
    fn send(&self, request: Request, hosts: Arc<[String]>) -> Answering<'static>;
}

/// A client that makes no requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHttp;

impl HttpClient for NoHttp {
    fn send(&self, _: Request, _: Arc<[String]>) -> Answering<'static> {
        Box::pin(std::future::ready(Err(HttpError::NotAvailable)))
    }
}

/// A request that was made, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request.
    pub request: Request,
    /// The answer.
    pub answer: Result<Response, HttpError>,
}

/// A run's way out: the answers that an earlier attempt at the same run recorded, then the live thing.
#[derive(Debug, Clone)]
pub struct HttpAccess {
    /// The client that makes the requests.
    pub client: Arc<dyn HttpClient>,
    /// What an earlier attempt at this run was answered. A request that is equal in every byte gets its answer again: an
    /// OAuth code works once.
    pub recorded: Vec<Exchange>,
}

impl Default for HttpAccess {
    fn default() -> Self {
        Self { client: Arc::new(NoHttp), recorded: Vec::new() }
    }
}

impl HttpAccess {
    /// Takes the recorded answer to a request, once.
    pub fn replay(&mut self, request: &Request) -> Option<Result<Response, HttpError>> {
        let at = self.recorded.iter().position(|exchange| exchange.request == *request)?;
        Some(self.recorded.remove(at).answer)
    }
}

/// The host and port of a URL, or of `host` or `host:port`, as grants write them: the name in lower case and in ASCII
/// (RFC 5891), the port unless it is 443.
///
/// # Errors
/// When it is neither, has user information, or names an address, a wildcard or a name with a dot at its end.
pub fn host_of(text: &str) -> Result<String, String> {
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}/") };
    let url = Url::parse(&whole).map_err(|why| why.to_string())?;
    if whole != text && (url.path() != "/" || url.query().is_some() || url.fragment().is_some()) {
        return Err("it is more than a host and a port".to_owned());
    }
    granted_form(&url)
}

/// As [`host_of`], for a URL that was parsed already.
///
/// # Errors
/// As [`host_of`].
pub fn granted_form(url: &Url) -> Result<String, String> {
    if !matches!(url.scheme(), "https" | "http") {
        return Err("only https URLs have a host that can be granted".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has user information".to_owned());
    }
    let Some(Host::Domain(name)) = url.host() else {
        return Err("it is an address; hosts are granted by their names".to_owned());
    };
    if name.ends_with('.') || name.contains('*') {
        return Err("its name ends in a dot or has a wildcard".to_owned());
    }
    Ok(match url.port_or_known_default() {
        None | Some(443) => name.to_owned(),
        Some(port) => format!("{name}:{port}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        for (text, host) in [
            ("api.example", "api.example"),
            ("API.example:443", "api.example"),
            ("api.example:8443", "api.example:8443"),
            ("https://api.example/token?x=1", "api.example"),
            ("http://localhost:4000/realms/a", "localhost:4000"),
            ("http://localhost", "localhost:80"),
            ("https://bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(host_of(text).as_deref(), Ok(host), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "https://[::ffff:127.0.0.1]/",
            "a@api.example",
            "api.example.",
            "*.example",
            "api.example/path",
            "api.example?q",
            "ftp://api.example",
            "http://1.1/",
            "https://a:b@api.example",
        ] {
            assert!(host_of(text).is_err(), "{text}: {:?}", host_of(text));
        }
    }

    #[test]
    fn an_answer_is_replayed_once_and_to_an_equal_request_only() {
        let request = |body: &str| Request {
            method: "POST".to_owned(),
            url: "https://idp.example/token".to_owned(),
            headers: Vec::new(),
            body: Some(body.as_bytes().to_vec()),
        };
        let answer = Ok(Response { status: 200, headers: Vec::new(), body: b"token".to_vec() });
        let recorded = vec![Exchange { request: request("code=1"), answer: answer.clone() }];
        let mut way = HttpAccess { recorded, ..HttpAccess::default() };
        assert_eq!(way.replay(&request("code=2")), None);
        assert_eq!(way.replay(&request("code=1")), Some(answer));
        assert_eq!(way.replay(&request("code=1")), None);
    }
}
