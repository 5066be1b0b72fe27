//! A browser at a prompt site: cookies, redirects and forms, until the site sends it back or says no.

use super::form::{self, Form};
use anyhow::{Context as _, Result, bail};
use reqwest::Url;
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use std::collections::BTreeMap;
use std::time::Duration;

/// Pages and redirects in a row at most.
const MOST_PAGES: usize = 12;
/// How long a page may take.
const PAGE_TIME: Duration = Duration::from_secs(10);
/// Bytes of a page that are looked at.
const PAGE_BYTES: usize = 1024 * 1024;

/// What a person does at the site.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// What is typed into fields.
    pub(super) fill: Vec<(String, String)>,
    /// The button that says yes; the first one without it.
    pub(super) press: Option<(String, String)>,
}

/// Which addresses are whose.
#[derive(Debug)]
pub(super) struct Places {
    /// Where results go.
    pub(super) continue_url: Url,
    /// Origins of the site; the browser goes nowhere else.
    pub(super) origins: Vec<String>,
}

/// A browser of its own: cookies by host.
pub(super) struct Browser<'a> {
    http: reqwest::Client,
    places: &'a Places,
    jar: BTreeMap<(String, String), String>,
}

/// A page as it came.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    url: Url,
    text: String,
}

/// A form as it was filled and sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    url: Url,
    is_post: bool,
    fields: Vec<(String, String)>,
}

/// How a visit ended.
#[derive(Debug)]
pub(super) enum End {
    /// The browser was sent back to Postlude: by form, or by redirect.
    Back { by_form: bool, url: Url, fields: Vec<(String, String)> },
    /// The browser was sent to somebody else's origin, where it did not go.
    Elsewhere(Url),
    /// A page that leads nowhere, or the first that asks where nobody answers.
    Stays { status: u16, asks: bool },
}

/// A visit of the prompt site.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) first: Page,
    /// The form that led to the end, where one did.
    pub(super) sent: Option<Sent>,
    pub(super) end: End,
}

/// A client for all browsers: it follows nothing by itself.
pub(super) fn client() -> Result<reqwest::Client> {
    crate::tls::install();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PAGE_TIME);
    // A site may close a connection that waits just when a request is sent on it.
    let builder = builder.pool_max_idle_per_host(0);
    builder.build().context("no HTTP client can be made")
}

impl<'a> Browser<'a> {
    pub(super) const fn new(http: reqwest::Client, places: &'a Places) -> Self {
        Self { http, places, jar: BTreeMap::new() }
    }

    /// Opens an address, and answers what the site asks; without a person it only looks.
    pub(super) async fn visit(&mut self, address: &Url, person: Option<&Person>) -> Result<Visit> {
        let first = self.get(address).await?;
        let page = Page {
            status: first.status,
            headers: first.headers.clone(),
            url: first.url.clone(),
            text: first.text.clone(),
        };
        self.go_on(first, page, person, None).await
    }

    /// Sends a form that was filled before, in this browser.
    pub(super) async fn send_again(&mut self, sent: &Sent, person: &Person) -> Result<Visit> {
        let first = self.send(sent).await?;
        let page = Page {
            status: first.status,
            headers: first.headers.clone(),
            url: first.url.clone(),
            text: first.text.clone(),
        };
        self.go_on(first, page, Some(person), None).await
    }

    /// The form that a page of this address asks to fill, filled and not sent.
    pub(super) async fn fill(&mut self, address: &Url, person: &Person) -> Result<Option<Sent>> {
        let page = self.get(address).await?;
        Ok(self.form_of(&page, person).and_then(|sent| sent.ok()))
    }

    async fn go_on(
        &mut self,
        first: Page,
        mut page: Page,
        person: Option<&Person>,
        mut sent: Option<Sent>,
    ) -> Result<Visit> {
        for _ in 0..MOST_PAGES {
            if let Some(location) = page.headers.get(LOCATION).and_then(|value| value.to_str().ok()) {
                let to = page.url.join(location).with_context(|| format!("`{location}` is no address to go to"))?;
                if self.is_back(&to) {
                    return Ok(Visit { first, sent, end: End::Back { by_form: false, fields: Vec::new(), url: to } });
                }
                if !self.is_of_site(&to) {
                    return Ok(Visit { first, sent, end: End::Elsewhere(to) });
                }
                page = self.get(&to).await?;
                continue;
            }
            let asks = person.map_or_else(|| !form::forms(&page.text).is_empty(), |_| false);
            let next = person.filter(|_| page.status < 400).and_then(|person| self.form_of(&page, person));
            match next {
                None => return Ok(Visit { first, sent, end: End::Stays { status: page.status, asks } }),
                Some(Err(to)) => return Ok(Visit { first, sent, end: End::Elsewhere(to) }),
                Some(Ok(filled)) if self.is_back(&filled.url) => {
                    let Sent { url, is_post, fields } = filled;
                    return Ok(Visit { first, sent, end: End::Back { by_form: is_post, url, fields } });
                }
                Some(Ok(filled)) => {
                    page = self.send(&filled).await?;
                    sent = Some(filled);
                }
            }
        }
        bail!("the site has more than {MOST_PAGES} pages and redirects in a row")
    }

    /// The page's form as the person fills it; or an address of elsewhere that it would go to.
    fn form_of(&self, page: &Page, person: &Person) -> Option<Result<Sent, Url>> {
        let form = form::forms(&page.text).into_iter().next()?;
        let url = page.url.join(&form.action).ok()?;
        if !self.is_of_site(&url) && !self.is_back(&url) {
            return Some(Err(url));
        }
        Some(Ok(filled(form, url, person)))
    }

    fn is_back(&self, url: &Url) -> bool {
        let mut bare = url.clone();
        bare.set_query(None);
        bare.set_fragment(None);
        bare == self.places.continue_url
    }

    fn is_of_site(&self, url: &Url) -> bool {
        self.places.origins.contains(&url.origin().ascii_serialization())
    }

    async fn get(&mut self, url: &Url) -> Result<Page> {
        let request = self.http.get(url.clone());
        self.request(url, request).await
    }

    async fn send(&mut self, sent: &Sent) -> Result<Page> {
        if sent.is_post {
            let request = self.http.post(sent.url.clone()).form(&sent.fields);
            return self.request(&sent.url, request).await;
        }
        let mut url = sent.url.clone();
        url.query_pairs_mut().clear().extend_pairs(&sent.fields);
        self.get(&url).await
    }

    async fn request(&mut self, url: &Url, request: reqwest::RequestBuilder) -> Result<Page> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let cookies =
            self.jar.iter().filter(|((of, _), _)| *of == host).map(|((_, name), value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies) };
        let mut response = request.send().await.with_context(|| format!("no answer from `{url}`"))?;
        for cookie in response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.jar.insert((host.clone(), name.trim().to_owned()), value.trim().to_owned());
            }
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.with_context(|| format!("`{url}` stopped in its answer"))? {
            if text.len() + chunk.len() > PAGE_BYTES {
                bail!("`{url}` answers more than {PAGE_BYTES} bytes");
            }
            text.extend_from_slice(&chunk);
        }
        Ok(Page { status, headers, url: url.clone(), text: String::from_utf8_lossy(&text).into_owned() })
    }
}

fn filled(form: Form, url: Url, person: &Person) -> Sent {
    let Form { is_post, mut fields, buttons, .. } = form;
    for (name, value) in &person.fill {
        if let Some(field) = fields.iter_mut().find(|(known, _)| known == name) {
            field.1.clone_from(value);
        }
    }
    let wanted = person.press.as_ref().filter(|wanted| buttons.contains(wanted));
    let pressed = wanted.or_else(|| buttons.first()).filter(|(name, _)| !name.is_empty());
    fields.extend(pressed.cloned());
    Sent { url, is_post, fields }
}
