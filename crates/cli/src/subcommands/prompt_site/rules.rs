//! The rules of a prompt site, each tried at the site itself.

use super::browser::{self, Browser, End, Person, Places, Visit};
use super::report::Report;
use super::tenant::{Asked, Tenant};
use anyhow::Result;
use postlude_model::token::Verdict;
use reqwest::Url;
use reqwest::header::HeaderMap;
use std::time::{Duration, Instant};

/// How long a site may take to fetch a new key, and the pause between two tries.
const NEW_KEY_TIME: Duration = Duration::from_secs(35);
const NEW_KEY_PAUSE: Duration = Duration::from_secs(1);

/// What the rules are tried with.
pub(super) struct Trial<'a> {
    pub(super) tenant: Tenant,
    pub(super) places: &'a Places,
    pub(super) http: reqwest::Client,
    pub(super) yes: Person,
    /// Who presses the other button, where it is known.
    pub(super) no: Option<Person>,
    /// The parameter of results.
    pub(super) result: &'a str,
    pub(super) users: [&'a str; 2],
    pub(super) fetches_keys: bool,
    pub(super) report: Report,
}

/// What came back to Postlude.
enum Back {
    /// One result token.
    Result(String),
    /// Something else: what.
    Wrong(String),
    /// Nothing.
    None,
}

impl<'a> Trial<'a> {
    /// Tries everything. The first rule is the site's good path: without it nothing else means anything.
    pub(super) async fn run(mut self) -> Result<Report> {
        if !self.good_path().await? {
            return Ok(self.report);
        }
        self.refusal().await?;
        self.forgeries().await?;
        self.without_state().await?;
        self.other_browsers().await?;
        self.other_user().await?;
        self.new_key().await?;
        Ok(self.report)
    }

    fn browser(&self) -> Browser<'a> {
        Browser::new(self.http.clone(), self.places)
    }

    async fn good_path(&mut self) -> Result<bool> {
        let asked = self.tenant.ask(self.users[0])?;
        let address = self.tenant.address(&asked)?;
        let mut browser = self.browser();
        let visit = browser.visit(&address, Some(&self.yes)).await?;
        let back = self.back(&asked, &visit);
        if let Back::None = back {
            let found = seen(&visit);
            self.report.failed("asks the person and returns", found, "the site must take the check for its tenant: configure the issuer, \
                the site's name and the keys that the check was called with; a page that needs its script, or more than a button, needs \
                `--fill` and `--press`, or a test user for whom the site answers by itself");
            return Ok(false);
        }
        let by = if matches!(visit.end, End::Back { by_form: true, .. }) { "by a form" } else { "by a redirect" };
        self.report.passed("asks the person and returns", format!("{by}, to the continue URL"));
        self.keys_are_fetched();
        self.result_is_good(&asked, &back);
        self.headers(&visit.first.headers, visit.sent.is_some());
        self.replays(&asked, &address, &visit, &mut browser).await?;
        Ok(true)
    }

    fn keys_are_fetched(&mut self) {
        let rule = "fetches the tenant's keys";
        match (self.fetches_keys, self.tenant.fetches()) {
            (false, _) => {}
            (true, 0) => self.report.failed(
                rule,
                "nobody fetched them",
                "verify requests with `{issuer}/.well-known/jwks.json`: whoever \
                fetches no key verifies nothing, or with a key of somebody else's",
            ),
            (true, times) => self.report.passed(rule, format!("{times} times")),
        }
    }

    fn result_is_good(&mut self, asked: &Asked, back: &Back) {
        const FIX: &str = "sign what docs/http-api.md lists for results, with the key that the operator has; the kits in \
            examples/prompt-site do";
        let rule = "signs a result that Postlude takes";
        match back {
            Back::Wrong(what) => self.report.failed(
                rule,
                what.clone(),
                "come back to `continue_url?state=..` with the result's parameter, once",
            ),
            Back::None => self.report.failed(rule, "there is none", FIX),
            Back::Result(token) => match self.tenant.verify(asked, token) {
                Err(why) => self.report.failed(rule, why.to_string(), FIX),
                Ok(result) if result.verdict == Some(Verdict::Ok) => self.report.passed(rule, "with the verdict `ok`"),
                Ok(result) => {
                    let verdict =
                        format!("its verdict is {:?}", result.verdict.unwrap_or(Verdict::Error)).to_lowercase();
                    self.report.failed(
                        rule,
                        verdict,
                        "the button that was pressed should say yes: name it with `--press`",
                    );
                }
            },
        }
    }

    fn headers(&mut self, headers: &HeaderMap, has_page: bool) {
        let text = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
        };
        if !has_page {
            return self.report.skipped("headers of the page", "the site shows none");
        }
        let framed = text("content-security-policy").contains("frame-ancestors") || !text("x-frame-options").is_empty();
        if framed {
            self.report.passed("cannot be framed", "a policy says so");
        } else {
            self.report.warn(
                "cannot be framed",
                "no policy",
                "send `Content-Security-Policy: frame-ancestors 'none'`: \
                another site could lay something over the button",
            );
        }
        let referrer = text("referrer-policy");
        if matches!(
            referrer.as_str(),
            "no-referrer" | "same-origin" | "origin" | "strict-origin" | "strict-origin-when-cross-origin"
        ) {
            self.report.passed("keeps its address to itself", format!("referrer-policy: {referrer}"));
        } else {
            self.report.warn(
                "keeps its address to itself",
                "no referrer policy",
                "send `Referrer-Policy: no-referrer`: the address has the request",
            );
        }
        if text("cache-control").contains("no-store") {
            self.report.passed("is not cached", "cache-control: no-store");
        } else {
            self.report.warn("is not cached", "no `no-store`", "send `Cache-Control: no-store`");
        }
    }

    async fn replays(&mut self, asked: &Asked, address: &Url, visit: &Visit, browser: &mut Browser<'a>) -> Result<()> {
        const FIX: &str = "remember each request's `jti` until it has expired, and answer it once";
        let again = browser.visit(address, Some(&self.yes)).await?;
        self.gives_nothing("answers a request once", asked, &again, FIX);
        match &visit.sent {
            Some(sent) => {
                let again = browser.send_again(sent, &self.yes).await?;
                self.gives_nothing("takes an answer once", asked, &again, FIX);
            }
            None => self.report.skipped("takes an answer once", "the site asks for none"),
        }
        Ok(())
    }

    async fn refusal(&mut self) -> Result<()> {
        let rule = "signs a refusal";
        let Some(no) = self.no.clone() else {
            self.report.skipped(rule, "name the button that says no with `--press-no`");
            return Ok(());
        };
        let asked = self.tenant.ask(self.users[0])?;
        let visit = self.browser().visit(&self.tenant.address(&asked)?, Some(&no)).await?;
        let fix = "send the person back with the verdict `refused`: the login ends at once, and says why";
        match self.back(&asked, &visit) {
            Back::Result(token) => match self.tenant.verify(&asked, &token) {
                Ok(result) if result.verdict == Some(Verdict::Refused) => {
                    self.report.passed(rule, "with the verdict `refused`")
                }
                Ok(_) => self.report.failed(rule, "its verdict is not `refused`", fix),
                Err(why) => self.report.failed(rule, why.to_string(), fix),
            },
            Back::Wrong(what) => self.report.failed(rule, what, fix),
            Back::None => self.report.warn(rule, seen(&visit), fix),
        }
        Ok(())
    }

    /// Each with a request of its own, in a browser of its own: what one leaves behind covers no other.
    async fn forgeries(&mut self) -> Result<()> {
        let count = self.tenant.forgeries(&self.tenant.ask(self.users[0])?)?.len();
        for number in 0..count {
            let asked = self.tenant.ask(self.users[0])?;
            let Some(forgery) = self.tenant.forgeries(&asked)?.into_iter().nth(number) else { continue };
            let address = self.tenant.address_with(&forgery.token, Some(asked.state()));
            self.refuses(&format!("refuses: {}", forgery.name), &asked, &address, fix_of(forgery.refused)).await?;
        }
        Ok(())
    }

    async fn without_state(&mut self) -> Result<()> {
        let asked = self.tenant.ask(self.users[0])?;
        let address = self.tenant.stateless(&asked)?;
        self.refuses("refuses: an address without a state", &asked, &address, fix_of("state")).await
    }

    /// The site must refuse an address: without a result, without a question.
    async fn refuses(&mut self, rule: &str, asked: &Asked, address: &Url, fix: &'static str) -> Result<()> {
        let looked = self.browser().visit(address, None).await?;
        let visit = self.browser().visit(address, Some(&self.yes)).await?;
        if [&looked, &visit].iter().any(|visit| !matches!(self.back(asked, visit), Back::None)) {
            self.report.failed(rule, "the site signed a result", fix);
            return Ok(());
        }
        match (&visit.end, &looked.end) {
            (End::Elsewhere(to), _) | (_, End::Elsewhere(to)) => {
                self.report.failed(rule, format!("the site sends the browser to `{to}`"), fix)
            }
            (_, End::Stays { asks: true, status }) if *status < 400 => {
                self.report.failed(rule, "the site asks the person", fix)
            }
            (End::Stays { status, .. }, _) if *status >= 500 => {
                self.report.failed(
                    rule,
                    format!("the site breaks ({status})"),
                    "refuse it with 400: an error of the site's own hides attacks",
                );
            }
            (End::Stays { status, .. }, _) if *status < 400 => {
                self.report.warn(rule, format!("a page without a form ({status})"), "refuse it with 400");
            }
            _ => self.report.passed(rule, seen(&visit)),
        }
        Ok(())
    }

    async fn other_browsers(&mut self) -> Result<()> {
        const FIX: &str =
            "bind a request's `jti` to the first browser that opens it, by a cookie, and refuse every other";
        let asked = self.tenant.ask(self.users[0])?;
        let address = self.tenant.address(&asked)?;
        let mut first = self.browser();
        let opened = first.visit(&address, None).await?;
        if matches!(opened.end, End::Back { .. }) {
            self.report.skipped("one browser answers", "the site answers at once, and asks nobody");
            return Ok(());
        }
        let second = self.browser().visit(&address, Some(&self.yes)).await?;
        self.gives_nothing("one browser answers", &asked, &second, FIX);
        let own = first.visit(&address, Some(&self.yes)).await?;
        match self.back(&asked, &own) {
            Back::Result(_) => self.report.passed("its own browser still answers", "it does"),
            Back::Wrong(what) => self.report.failed("its own browser still answers", what, FIX),
            Back::None => self.report.failed(
                "its own browser still answers",
                seen(&own),
                "another browser must not spoil the request for its own",
            ),
        }
        let asked = self.tenant.ask(self.users[0])?;
        let form = self.browser().fill(&self.tenant.address(&asked)?, &self.yes).await?;
        if let Some(form) = form {
            let stolen = self.browser().send_again(&form, &self.yes).await?;
            self.gives_nothing("no other browser sends the answer", &asked, &stolen, FIX);
        }
        Ok(())
    }

    /// The same browser, and another user: the site must not answer for the one before.
    async fn other_user(&mut self) -> Result<()> {
        const FIX: &str =
            "authenticate the request's `sub`, whoever is signed in at the site, and sign a result for that user alone";
        let rule = "answers for the user of the request";
        let mut browser = self.browser();
        let before = self.tenant.ask(self.users[0])?;
        browser.visit(&self.tenant.address(&before)?, Some(&self.yes)).await?;
        let asked = self.tenant.ask(self.users[1])?;
        let visit = browser.visit(&self.tenant.address(&asked)?, Some(&self.yes)).await?;
        match self.back(&asked, &visit) {
            Back::Result(token) => match self.tenant.verify(&asked, &token) {
                Ok(_) => self.report.passed(rule, format!("the result is about `{}`", self.users[1])),
                Err(why) => self.report.failed(rule, why.to_string(), FIX),
            },
            Back::Wrong(what) => self.report.failed(rule, what, FIX),
            Back::None => self.report.passed(rule, "no result for another user than the one before"),
        }
        Ok(())
    }

    async fn new_key(&mut self) -> Result<()> {
        let rule = "takes a new key of the tenant";
        if !self.fetches_keys {
            self.report.skipped(rule, "the secret is shared");
            return Ok(());
        }
        self.tenant.change_key()?;
        // Libraries fetch a set again some seconds apart, so that a stranger's tokens do not make them fetch.
        let began = Instant::now();
        loop {
            let asked = self.tenant.ask(self.users[0])?;
            let visit = self.browser().visit(&self.tenant.address(&asked)?, Some(&self.yes)).await?;
            if matches!(self.back(&asked, &visit), Back::Result(_)) {
                self.report.passed(rule, "it fetched the keys again");
                return Ok(());
            }
            if began.elapsed() > NEW_KEY_TIME {
                let fix = "fetch the keys again when a request names one that is not known, some seconds apart";
                self.report.warn(rule, format!("{}, for {} seconds", seen(&visit), NEW_KEY_TIME.as_secs()), fix);
                return Ok(());
            }
            tokio::time::sleep(NEW_KEY_PAUSE).await;
        }
    }

    fn gives_nothing(&mut self, rule: &str, asked: &Asked, visit: &Visit, fix: &'static str) {
        match self.back(asked, visit) {
            Back::None => self.report.passed(rule, seen(visit)),
            _ => self.report.failed(rule, "the site signed a result", fix),
        }
    }

    /// What came back to Postlude, if anything did.
    fn back(&self, asked: &Asked, visit: &Visit) -> Back {
        let End::Back { url, fields, by_form } = &visit.end else { return Back::None };
        let states: Vec<_> =
            url.query_pairs().filter(|(name, _)| name == "state").map(|(_, value)| value.into_owned()).collect();
        if states != [asked.state()] {
            return Back::Wrong(format!("`state` stands in the address {} times, or is another", states.len()));
        }
        let in_query = url.query_pairs().filter(|(name, _)| name == self.result).map(|(_, value)| value.into_owned());
        let in_form = fields.iter().filter(|(name, _)| *by_form && name == self.result).map(|(_, value)| value.clone());
        let mut results: Vec<_> = in_form.collect();
        if results.is_empty() {
            results = in_query.collect();
        }
        match (results.pop(), results.is_empty()) {
            (Some(one), true) => Back::Result(one),
            (None, _) => Back::Wrong(format!("the browser came back without `{}`", self.result)),
            (Some(_), false) => Back::Wrong(format!("`{}` stands in the reply more than once", self.result)),
        }
    }
}

fn seen(visit: &Visit) -> String {
    match &visit.end {
        End::Stays { status, .. } => format!("status {status}"),
        End::Elsewhere(to) => format!("the site sends the browser to `{to}`"),
        End::Back { .. } => "the browser came back".to_owned(),
    }
}

fn fix_of(refused: &str) -> &'static str {
    match refused {
        "token" => {
            "verify the signature with the tenant's key that `kid` names and the one algorithm that was agreed, never with what the token itself \
            says; refuse members of the header that are not `alg`, `typ` and `kid`"
        }
        "type" => "take only tokens whose `typ` is `prompt-request+jwt`",
        "claims" => "require every claim of docs/http-api.md, of its type",
        "issuer" => "compare `iss` with the tenant's issuer",
        "audience" => "compare `aud` with the site's own name, as one text",
        "time" => {
            "compare `exp` and `iat` with the clock, within 30 seconds, and refuse a life of more than 15 minutes"
        }
        "state" => "compare `state` of the address with that of the token",
        _ => {
            "compare `continue_url` with the tenant's own, `{issuer}/continue`: or the site signs results for whoever asks"
        }
    }
}

/// A client for the trial's browsers.
pub(super) fn client() -> Result<reqwest::Client> {
    browser::client()
}
