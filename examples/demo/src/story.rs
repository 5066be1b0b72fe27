//! The story in seven steps, played by browsers over real HTTP. Every figure is from an answer of Postlude's, and every
//! step says what it expected when it got something else.

use crate::browser::{Browser, Page};
use crate::config::{ACTION, FACTOR};
use crate::idp::{A_DAY_LATER, Idp};
use crate::journal::Answered;
use crate::page::grouped;
use crate::table::{self, Row};
use crate::view::{list, text};
use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

/// The cast: the IdP, and each browser with its own cookies.
struct Story {
    idp: Arc<Idp>,
    http: reqwest::Client,
}

/// Plays all of it, printing a line a step.
///
/// # Errors
/// At the first surprise: which step, what was expected, what came.
pub async fn play(idp: Arc<Idp>, http: reqwest::Client) -> Result<()> {
    let story = Story { idp, http };
    let mut chrome = story.browser();
    story.first_login(&mut chrome).await.context("step 1")?;
    story.again(&mut chrome).await.context("step 3")?;
    let mut firefox = story.browser();
    let link = story.another_browser(&mut firefox).await.context("step 4")?;
    story.stolen(&mut firefox, &link).await.context("step 5")?;
    story.next_day(&mut chrome).await.context("step 6")?;
    story.endless_loop().await.context("step 7")
}

impl Story {
    fn browser(&self) -> Browser {
        Browser::new(self.http.clone())
    }

    /// Steps 1 and 2: a prompt, and back from it.
    async fn first_login(&self, browser: &mut Browser) -> Result<()> {
        let page = self.log_in(browser, "ana").await?;
        let answer = self.last("ana logs in")?;
        let action = expect(&answer, "redirect", "redirect", "no record in this session")?;
        let why = format!("custom-factor: {}", text(&action, "why"));
        show(1, "ana logs in", &answer, why, figures(&action));

        let link = self.answer_prompt(browser, &page).await?;
        let page = self.come_back(browser, &link).await.context("step 2")?;
        let answer = self.last("ana is back").context("step 2")?;
        let why = format!("recorded {FACTOR}");
        expect(&answer, "continue", "continue", &why).context("step 2")?;
        ensure!(answer.body.get("amr") == Some(&json!(["pwd", "mfa"])), "step 2: amr is not pwd, mfa: {}", answer.body);
        ensure!(page.text.contains("Signed in as ana"), "step 2: the IdP's page does not say so:\n{}", page.text);
        let amr = format!("amr {}", list(answer.body.get("amr")));
        show(2, "ana is back", &answer, why, amr);
        Ok(())
    }

    async fn again(&self, browser: &mut Browser) -> Result<()> {
        let page = self.log_in(browser, "ana").await?;
        ensure!(page.status == 200, "the browser ended at {} with {}", page.url, page.status);
        let answer = self.last("ana logs in")?;
        let action = expect(&answer, "continue", "skipped", "old, policy 24 h: no prompt")?;
        show(3, "ana again, same browser", &answer, text(&action, "why").to_owned(), figures(&action));
        Ok(())
    }

    /// Step 4: another session. ana answers the prompt; the link that leads back is not opened yet.
    async fn another_browser(&self, browser: &mut Browser) -> Result<Url> {
        let page = self.log_in(browser, "ana").await?;
        let answer = self.last("ana logs in")?;
        let action = expect(&answer, "redirect", "redirect", "no record in this session")?;
        show(4, "ana, another browser", &answer, text(&action, "why").to_owned(), figures(&action));
        self.answer_prompt(browser, &page).await
    }

    /// Step 5: a thief, with a login of his own open, opens ana's link; then ana does.
    async fn stolen(&self, browser: &mut Browser, link: &Url) -> Result<()> {
        let mut thief = self.browser();
        self.log_in(&mut thief, "ben").await?;
        let page = self.come_back(&mut thief, link).await?;
        let refused = self.last("ben is back")?;
        let (status, code) = (refused.status, refused.outcome());
        ensure!((status, code) == (409, "login_mismatch"), "Postlude answered {status} to the thief: {}", refused.body);
        ensure!(page.status == 409 && !page.text.contains("Signed in"), "the IdP let the thief in:\n{}", page.text);

        let page = self.come_back(browser, link).await?;
        expect(&self.last("ana is back")?, "continue", "continue", "recorded")?;
        ensure!(page.text.contains("Signed in as ana"), "ana could not finish:\n{}", page.text);
        let why = format!("{code}: another transaction; ana can still finish");
        table::row(&Row {
            number: 5,
            what: "link stolen from 4",
            outcome: "refused".into(),
            why,
            detail: String::new(),
        });
        Ok(())
    }

    async fn next_day(&self, browser: &mut Browser) -> Result<()> {
        self.idp.forward(A_DAY_LATER);
        self.log_in(browser, "ana").await?;
        let answer = self.last("ana logs in")?;
        let action = expect(&answer, "redirect", "redirect", "old, policy 24 h")?;
        let why = text(&action, "why");
        ensure!(why.starts_with("record 24 h"), "the record's age is not 24 h: {why}");
        show(6, "24 h later", &answer, why.to_owned(), figures(&action));
        Ok(())
    }

    /// Step 7: a login that meets the endless loop, and at the same moment one of another tenant.
    async fn endless_loop(&self) -> Result<()> {
        let url = format!("{}/login", self.first_origin());
        let (mut in_loop, mut neighbour) = (self.browser(), self.browser());
        let looping = in_loop.submit(&url, &[("user", "ben"), ("tenant", "lab")]);
        let (looped, login) = tokio::join!(looping, self.log_in(&mut neighbour, "ana"));
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
        show(7, "endless-loop plugin", &answer, why, String::new());
        Ok(())
    }

    fn first_origin(&self) -> &str {
        let [first, _] = &self.idp.origins.idp;
        first
    }

    /// Logs in, and follows what comes as far as the prompt site.
    async fn log_in(&self, browser: &mut Browser, user: &str) -> Result<Page> {
        let page = browser.submit(&format!("{}/login", self.first_origin()), &[("user", user)]).await?;
        browser.follow(page, &self.idp.origins.prompt).await
    }

    /// Presses "It's me"; the link that leads back is returned, not opened.
    async fn answer_prompt(&self, browser: &mut Browser, page: &Page) -> Result<Url> {
        let prompt = browser.open(page.redirects()?).await?;
        ensure!(prompt.text.contains("Is this you?"), "the prompt site answered {}:\n{}", prompt.status, prompt.text);
        let (request, state) = (prompt.field("request")?, prompt.field("state")?);
        let form = [("request", request.as_str()), ("state", &state), ("verdict", "ok")];
        let page = browser.submit(&format!("{}/answer", self.idp.origins.prompt), &form).await?;
        Ok(page.redirects()?.clone())
    }

    /// Opens the link that leads back, and follows it to the IdP's page.
    async fn come_back(&self, browser: &mut Browser, link: &Url) -> Result<Page> {
        let page = browser.open(link).await?;
        browser.follow(page, &self.idp.origins.prompt).await
    }

    /// What Postlude last answered to this call.
    fn last(&self, call: &str) -> Result<Answered> {
        let journal = self.idp.journal();
        let found = journal.into_iter().rev().find(|answered| answered.call.starts_with(call));
        found.ok_or_else(|| anyhow!("the IdP did not call Postlude for `{call}`"))
    }
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

fn show(number: usize, what: &'static str, answer: &Answered, why: String, detail: String) {
    table::row(&Row { number, what, outcome: answer.outcome().to_owned(), why, detail });
}

/// What a run cost, as Postlude measured it.
fn figures(action: &Value) -> String {
    let number = |name: &str| grouped(action.get(name).and_then(Value::as_u64).unwrap_or_default());
    format!("fuel {:>7}  {:>6} µs", number("fuel"), number("duration_us"))
}
