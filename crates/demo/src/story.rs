//! The story in seven steps, played by browsers over real HTTP. Every figure is from an answer of Postlude's, and every
//! step says what it expected when it got something else.

use crate::browser::{Browser, Page};
use crate::config::{ACTION, FACTOR};
use crate::journal::Answered;
use crate::names::{Names, Site};
use crate::site::idp::{Idp, list, text};
use crate::time::{A_DAY_LATER, DemoTime};
use anyhow::{Context as _, Result, anyhow, ensure};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

/// One step of the story, as it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its number, from 1.
    pub number: usize,
    /// What happens.
    pub what: &'static str,
    /// What Postlude answered.
    pub outcome: String,
    /// Why.
    pub why: String,
    /// Authentication method references of the answer, where the step is about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amr: Option<String>,
    /// Fuel that the run spent, where the step is about a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    /// Microseconds that the run took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_us: Option<u64>,
}

impl Step {
    fn new(number: usize, what: &'static str, outcome: &str, why: impl Into<String>) -> Self {
        let (outcome, why) = (outcome.to_owned(), why.into());
        Self { number, what, outcome, why, amr: None, fuel: None, duration_us: None }
    }

    /// With what a run cost, as Postlude measured it.
    fn with_cost(self, action: &Value) -> Self {
        let number = |name: &str| action.get(name).and_then(Value::as_u64);
        Self { fuel: number("fuel"), duration_us: number("duration_us"), ..self }
    }
}

/// The cast: the IdP, and browsers with cookies of their own.
struct Story<'a, F> {
    idp: &'a Idp,
    names: Names,
    http: &'a reqwest::Client,
    time: &'a DemoTime,
    tell: F,
}

/// Plays all of it, and tells each step.
///
/// # Errors
/// At the first surprise: which step, what was expected, what came.
pub(crate) async fn play(
    idp: &Idp,
    names: Names,
    http: &reqwest::Client,
    time: &DemoTime,
    tell: impl FnMut(&Step) + Send,
) -> Result<()> {
    let mut story = Story { idp, names, http, time, tell };
    let mut chrome = story.browser("chrome");
    story.first_login(&mut chrome).await.context("step 1")?;
    story.again(&mut chrome).await.context("step 3")?;
    let mut firefox = story.browser("firefox");
    let link = story.another_browser(&mut firefox).await.context("step 4")?;
    story.stolen(&mut firefox, &link).await.context("step 5")?;
    story.next_day(&mut chrome).await.context("step 6")?;
    story.endless_loop().await.context("step 7")
}

impl<F: FnMut(&Step) + Send> Story<'_, F> {
    fn browser(&self, name: &'static str) -> Browser {
        Browser::new(name, self.names, self.http.clone())
    }

    /// Steps 1 and 2: a prompt, and back from it.
    async fn first_login(&mut self, browser: &mut Browser) -> Result<()> {
        let page = log_in(browser, "ana").await?;
        let answer = self.last("ana logs in")?;
        let action = expect(&answer, "redirect", "redirect", "no record in this session")?;
        let why = format!("custom-factor: {}", text(&action, "why"));
        self.show(Step::new(1, "ana logs in", answer.outcome(), why).with_cost(&action));

        let link = answer_prompt(browser, &page).await?;
        let page = come_back(browser, &link).await.context("step 2")?;
        let answer = self.last("ana is back").context("step 2")?;
        let why = format!("recorded {FACTOR}");
        expect(&answer, "continue", "continue", &why).context("step 2")?;
        ensure!(answer.body.get("amr") == Some(&json!(["pwd", "mfa"])), "step 2: amr is not pwd, mfa: {}", answer.body);
        ensure!(page.text.contains("Signed in as ana"), "step 2: the IdP's page does not say so:\n{}", page.text);
        let amr = Some(list(answer.body.get("amr")));
        self.show(Step { amr, ..Step::new(2, "ana is back", answer.outcome(), why) });
        Ok(())
    }

    async fn again(&mut self, browser: &mut Browser) -> Result<()> {
        let page = log_in(browser, "ana").await?;
        ensure!(page.status == 200, "the browser ended at {} with {}", page.url, page.status);
        let answer = self.last("ana logs in")?;
        let action = expect(&answer, "continue", "skipped", "old, policy 24 h: no prompt")?;
        self.show(Step::new(3, "ana again, same browser", answer.outcome(), text(&action, "why")).with_cost(&action));
        Ok(())
    }

    /// Step 4: another session. ana answers the prompt; the link that leads back is not opened yet.
    async fn another_browser(&mut self, browser: &mut Browser) -> Result<Url> {
        let page = log_in(browser, "ana").await?;
        let answer = self.last("ana logs in")?;
        let action = expect(&answer, "redirect", "redirect", "no record in this session")?;
        self.show(Step::new(4, "ana, another browser", answer.outcome(), text(&action, "why")).with_cost(&action));
        answer_prompt(browser, &page).await
    }

    /// Step 5: a thief, with a login of his own open, opens ana's link; then ana does.
    async fn stolen(&mut self, browser: &mut Browser, link: &Url) -> Result<()> {
        let mut thief = self.browser("thief");
        log_in(&mut thief, "ben").await?;
        let page = come_back(&mut thief, link).await?;
        let refused = self.last("ben is back")?;
        let (status, code) = (refused.status, refused.outcome());
        ensure!((status, code) == (409, "login_mismatch"), "Postlude answered {status} to the thief: {}", refused.body);
        ensure!(page.status == 409 && !page.text.contains("Signed in"), "the IdP let the thief in:\n{}", page.text);

        let page = come_back(browser, link).await?;
        expect(&self.last("ana is back")?, "continue", "continue", "recorded")?;
        ensure!(page.text.contains("Signed in as ana"), "ana could not finish:\n{}", page.text);
        let why = format!("{code}: another transaction; ana can still finish");
        self.show(Step::new(5, "link stolen from 4", "refused", why));
        Ok(())
    }

    async fn next_day(&mut self, browser: &mut Browser) -> Result<()> {
        self.time.forward(A_DAY_LATER);
        log_in(browser, "ana").await?;
        let answer = self.last("ana logs in")?;
        let action = expect(&answer, "redirect", "redirect", "old, policy 24 h")?;
        let why = text(&action, "why");
        ensure!(why.starts_with("record 24 h"), "the record's age is not 24 h: {why}");
        self.show(Step::new(6, "24 h later", answer.outcome(), why).with_cost(&action));
        Ok(())
    }

    /// Step 7: a login that meets the endless loop, and at the same moment one of another tenant.
    async fn endless_loop(&mut self) -> Result<()> {
        let (mut in_loop, mut neighbour) = (self.browser("ben"), self.browser("neighbour"));
        let url = format!("{}/login", in_loop.origin_of(Site::Idp));
        let looping = async {
            let page = in_loop.submit(&url, &[("user", "ben"), ("tenant", "lab")]).await?;
            in_loop.follow(page, Site::Partner).await
        };
        let (looped, login) = tokio::join!(looping, log_in(&mut neighbour, "ana"));
        let (looped, login) = (looped?, login?);
        ensure!(looped.status == 403, "the IdP answered {} to the endless loop", looped.status);
        login.redirects().context("the neighbour's login")?;
        let neighbour = self.last("ana logs in")?;
        expect(&neighbour, "redirect", "redirect", "no record in this session").context("the neighbour's login")?;
        let answer = self.last("ben logs in")?;
        let action = expect_of("loop", &answer, "deny", "failed", "fuel spent (")?;
        let why = text(&action, "why");
        let spent = why.split_once(": ").map_or(why, |(_, spent)| spent);
        let ms = neighbour.took.as_secs_f64() * 1000.0;
        let why = format!("{spent}; a neighbour's login answered in {ms:.1} ms");
        self.show(Step::new(7, "endless-loop plugin", answer.outcome(), why));
        Ok(())
    }

    fn show(&mut self, step: Step) {
        (self.tell)(&step);
    }

    /// What Postlude last answered to this call.
    fn last(&self, call: &str) -> Result<Answered> {
        let answers = self.idp.answers();
        let found = answers.into_iter().rev().find(|answered| answered.call.starts_with(call));
        found.ok_or_else(|| anyhow!("the IdP did not call Postlude for `{call}`"))
    }
}

/// Logs in, and follows what comes as far as the prompt site.
async fn log_in(browser: &mut Browser, user: &str) -> Result<Page> {
    let page = browser.submit(&format!("{}/login", browser.origin_of(Site::Idp)), &[("user", user)]).await?;
    browser.follow(page, Site::Partner).await
}

/// Presses "It's me"; the link that leads back is returned, not opened.
async fn answer_prompt(browser: &mut Browser, page: &Page) -> Result<Url> {
    let prompt = browser.open(page.redirects()?).await?;
    ensure!(prompt.text.contains("Is this you?"), "the prompt site answered {}:\n{}", prompt.status, prompt.text);
    let (request, state) = (prompt.field("request")?, prompt.field("state")?);
    let form = [("request", request.as_str()), ("state", &state), ("verdict", "ok")];
    let page = browser.submit(&format!("{}/answer", browser.origin_of(Site::Partner)), &form).await?;
    Ok(page.redirects()?.clone())
}

/// Opens the link that leads back, and follows it to the IdP's page.
async fn come_back(browser: &mut Browser, link: &Url) -> Result<Page> {
    let page = browser.open(link).await?;
    browser.follow(page, Site::Partner).await
}

/// The factor's action in an answer, when outcome, decision and reason are as expected.
fn expect(answer: &Answered, outcome: &str, decision: &str, why: &str) -> Result<Value> {
    expect_of(ACTION, answer, outcome, decision, why)
}

fn expect_of(name: &str, answer: &Answered, outcome: &str, decision: &str, why: &str) -> Result<Value> {
    let surprise = |what: &str| anyhow!("{what}; Postlude answered {}: {:#}", answer.status, answer.body);
    if answer.outcome() != outcome {
        return Err(surprise(&format!("expected the outcome `{outcome}`")));
    }
    let mut actions = answer.body.get("actions").and_then(Value::as_array).into_iter().flatten();
    // The last run of the action: back from its prompt, it has two.
    let action = actions.rfind(|action| text(action, "name") == name);
    let action = action.ok_or_else(|| surprise(&format!("expected a run of `{name}`")))?;
    if text(action, "decision") != decision || !text(action, "why").contains(why) {
        return Err(surprise(&format!("expected `{name}` to be `{decision}` because of `{why}`")));
    }
    Ok(action.clone())
}
