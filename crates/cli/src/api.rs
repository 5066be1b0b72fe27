//! Calls of a running server's admin API.

use anyhow::{Context, Result, bail};
use reqwest::{Client, Response, StatusCode, Url};
use std::path::PathBuf;
use std::time::Duration;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an answer may take; the live tail, which never ends, is read by its own clock.
const ANSWER: Duration = Duration::from_secs(30);

/// Which server, and with which key.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8480", env = "POSTLUDE_URL")]
    url: Url,
    /// A key of the role `operator` or `reader`; better in the environment than on a command line
    #[arg(long, env = "POSTLUDE_API_KEY", hide_env_values = true)]
    key: Option<String>,
    /// A file that holds the key; it wins over a key in the environment
    #[arg(long)]
    key_file: Option<PathBuf>,
}

/// A server that can be asked.
#[derive(Debug)]
pub(crate) struct Server {
    client: Client,
    url: Url,
    key: String,
}

impl Target {
    /// Finds the key; nothing is sent yet.
    pub(crate) fn server(&self) -> Result<Server> {
        let key = match (&self.key, &self.key_file) {
            (_, Some(file)) => std::fs::read_to_string(file).with_context(|| format!("`{}`", file.display()))?,
            (Some(key), None) => key.clone(),
            (None, None) => {
                bail!(
                    "a key is needed: set POSTLUDE_API_KEY or name a file with `--key-file`; `postlude keys new api --role reader` makes one"
                )
            }
        };
        crate::tls::install();
        let client = Client::builder().connect_timeout(CONNECT).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Server { client, url: self.url.clone(), key: key.trim().to_owned() })
    }
}

/// Why a call did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The server was not reached; it may be soon.
    #[error("no answer from {url}: {why}; is `postlude serve` running there?")]
    Unreached {
        /// Where.
        url: String,
        /// Why, in the innermost words.
        why: String,
    },
    /// The server cannot serve now; it may soon.
    #[error("{url} answers {status}: {detail}")]
    Later {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// The server's answer.
        detail: String,
    },
    /// The server refuses, and would refuse again.
    #[error("{0}")]
    Refused(String),
}

impl Server {
    /// An answer as JSON text.
    pub(crate) async fn get(&self, segments: &[&str]) -> Result<String, CallError> {
        let request = self.client.get(self.at(segments)?).timeout(ANSWER);
        let response = self.send(request).await?;
        response.text().await.map_err(|why| self.unreached(&why))
    }

    /// Deletes what is there.
    pub(crate) async fn delete(&self, segments: &[&str]) -> Result<(), CallError> {
        self.send(self.client.delete(self.at(segments)?).timeout(ANSWER)).await.map(|_| ())
    }

    /// An answer as it arrives.
    pub(crate) async fn stream(&self, segments: &[&str]) -> Result<Response, CallError> {
        self.send(self.client.get(self.at(segments)?).header("accept", "text/event-stream")).await
    }

    pub(crate) fn unreached(&self, why: &reqwest::Error) -> CallError {
        CallError::Unreached { url: self.origin(), why: crate::telemetry::innermost(why) }
    }

    fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// A path below the server's, each segment encoded.
    fn at(&self, segments: &[&str]) -> Result<Url, CallError> {
        let mut url = self.url.clone();
        let unusable = |()| CallError::Refused(format!("`{}` is no address of a server", self.url));
        url.path_segments_mut().map_err(unusable)?.pop_if_empty().extend(segments);
        Ok(url)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, CallError> {
        let response = request.bearer_auth(&self.key).send().await.map_err(|why| self.unreached(&why))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await.unwrap_or_default();
        Err(self.refused(status, &text))
    }

    fn refused(&self, status: StatusCode, text: &str) -> CallError {
        let problem: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let word = |name: &str| problem.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let detail = match word("detail") {
            "" => "it does not say why; is this a Postlude server?".to_owned(),
            detail => crate::output::plain(detail),
        };
        match (status.as_u16(), word("code")) {
            (401, "unauthenticated") => {
                CallError::Refused(format!("{} does not know this key; it must be a key of the tenant", self.origin()))
            }
            (403, "forbidden") => CallError::Refused(format!("this key is not enough: {detail}")),
            (404, "login_unknown" | "recording_unknown" | "plugin_unknown") => CallError::Refused(detail),
            (429 | 502..=504, _) => CallError::Later { url: self.origin(), status: status.as_u16(), detail },
            (status, _) => CallError::Refused(format!("{} answers {status}: {detail}", self.origin())),
        }
    }
}
