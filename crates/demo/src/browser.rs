//! A browser of the story: a cookie jar, names of its own for every site, and redirects followed one by one.

use crate::names::{Names, Site};
use anyhow::{Context as _, Result, anyhow, bail};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use std::collections::BTreeMap;
use url::Url;

/// Redirects in a row at most.
const HOPS: usize = 10;

/// A browser. Cookies belong to a host, not to a port (RFC 6265, section 8.5).
pub(crate) struct Browser {
    name: &'static str,
    names: Names,
    http: reqwest::Client,
    jar: BTreeMap<(String, String), String>,
}

/// Where a request led.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Its address.
    pub(crate) url: Url,
    /// Its status.
    pub(crate) status: u16,
    /// Where it redirects to.
    pub(crate) location: Option<Url>,
    /// Its text.
    pub(crate) text: String,
}

impl Browser {
    /// A new one, without cookies.
    #[must_use]
    pub(crate) const fn new(name: &'static str, names: Names, http: reqwest::Client) -> Self {
        Self { name, names, http, jar: BTreeMap::new() }
    }

    /// The origin of a site, as this browser knows it.
    #[must_use]
    pub(crate) fn origin_of(&self, site: Site) -> String {
        self.names.seen_by(self.name, site)
    }

    /// Opens an address: a link from elsewhere is one to the same site, under this browser's names.
    ///
    /// # Errors
    /// When nothing answers.
    pub(crate) async fn open(&mut self, url: &Url) -> Result<Page> {
        let here = self
            .names
            .link_for(self.name, url.as_str())
            .with_context(|| format!("{} is no site of the demo", origin(url)))?;
        let url = Url::parse(&here)?;
        let request = self.http.get(url.clone());
        self.send(url, request).await
    }

    /// Sends a form.
    ///
    /// # Errors
    /// When nothing answers.
    pub(crate) async fn submit(&mut self, url: &str, form: &[(&str, &str)]) -> Result<Page> {
        let url = Url::parse(url)?;
        let request = self.http.post(url.clone()).form(form);
        self.send(url, request).await
    }

    /// Follows redirects as far as they stay away from a site; the page that redirects there is returned.
    ///
    /// # Errors
    /// When nothing answers, or the redirects do not end.
    pub(crate) async fn follow(&mut self, mut page: Page, stop: Site) -> Result<Page> {
        let stop = self.origin_of(stop);
        for _ in 0..HOPS {
            match &page.location {
                Some(to) if to.origin().ascii_serialization() != stop => page = self.open(&to.clone()).await?,
                _ => return Ok(page),
            }
        }
        bail!("more than {HOPS} redirects in a row, at {}", page.url)
    }

    async fn send(&mut self, url: Url, request: reqwest::RequestBuilder) -> Result<Page> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let mine = self.jar.iter().filter(|((of, _), _)| *of == host);
        let cookies = mine.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies) };
        let response = request.send().await.with_context(|| format!("{} did not answer", origin(&url)))?;
        for cookie in response.headers().get_all(SET_COOKIE) {
            self.keep(&host, cookie.to_str().unwrap_or_default());
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.map(|to| url.join(to)).transpose()?;
        let status = response.status().as_u16();
        Ok(Page { url, status, location, text: response.text().await? })
    }

    fn keep(&mut self, host: &str, cookie: &str) {
        let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) else { return };
        let key = (host.to_owned(), name.to_owned());
        if cookie.contains("Max-Age=0") {
            self.jar.remove(&key);
        } else {
            self.jar.insert(key, value.to_owned());
        }
    }
}

impl Page {
    /// Where it redirects to; an error says what came instead.
    ///
    /// # Errors
    /// When it does not redirect.
    pub(crate) fn redirects(&self) -> Result<&Url> {
        let found = || anyhow!("{} answered {} and no redirect:\n{}", origin(&self.url), self.status, self.text);
        self.location.as_ref().ok_or_else(found)
    }

    /// The value of a hidden field of its form.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn field(&self, name: &str) -> Result<String> {
        let start = format!("name=\"{name}\" value=\"");
        let value = self.text.split_once(&start).and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value);
        // States and tokens have no character that HTML escapes.
        value
            .map(str::to_owned)
            .ok_or_else(|| anyhow!("no field `{name}` in the page of {}:\n{}", origin(&self.url), self.text))
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
