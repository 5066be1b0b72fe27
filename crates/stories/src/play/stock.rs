//! Stock stories: attacks and odd events that any plugin has to stand, made from what the plugin does at the first login that the
//! project's stories know.

use super::player::Player;
use crate::event::{USER, compose, merge, sample};
use crate::partner::{PromptAnswer, PromptKind, TokenProfile};
use crate::story::{HttpStep, Step, StepKind, Story, StoryFile};
use crate::workbench::{Answer, FIRST_BROWSER, LoginInput, WaitingPrompt};
use postlude_model::action::Mode;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// The file of stock stories, in reports.
pub const STOCK_FILE: &str = "stock";

/// Stock stories for one plugin, as a file of stories.
#[derive(Debug, Clone)]
pub struct StockStories {
    /// The stories, with the plugins and the setup of the story that they were made from.
    pub file: StoryFile,
}

/// What the stories are made from.
pub(crate) struct Base<'a> {
    pub(crate) story: &'a Story,
    pub(crate) event: Value,
    pub(crate) http: Vec<HttpStep>,
    /// The project's own good answer of the prompt site.
    pub(crate) good: PromptAnswer,
}

impl StockStories {
    /// Makes the stock stories from the first login of the project's stories. None where no story has a login, or the first one
    /// cannot be played: then its own result says why.
    pub async fn of(player: &Player, files: &[StoryFile]) -> Option<Self> {
        let (file, base) =
            files.iter().find_map(|file| file.stories.iter().find_map(|story| Some((file, base(story)?))))?;
        let mut stories = odd_events(&base);
        let file = StoryFile { path: PathBuf::from(STOCK_FILE), stories: Vec::new(), ..file.clone() };
        if let Some((prompt, _)) = probe(player, &file, &base, None).await? {
            // A prompt for a factor must be proved. One that is for no factor may be optional: where the plugin lets a login go on that
            // brought no result at all, going on is no harm.
            let missing = PromptAnswer::of(PromptKind::Missing);
            let (_, without) = probe(player, &file, &base, Some(missing)).await??;
            let optional = prompt.factor.is_none() && without.outcome() == "continue";
            stories.extend(attacks(&base, &prompt, optional));
        }
        Some(Self { file: StoryFile { stories, ..file } })
    }
}

/// The first login of a story, with every request that the story knows and its good answer of the prompt site.
pub(crate) fn base(story: &Story) -> Option<Base<'_>> {
    if story.skip.is_some() {
        return None;
    }
    let login = story.steps.iter().find_map(|step| match &step.kind {
        StepKind::Login { event, mode: Mode::Interactive } => Some(event),
        _ => None,
    })?;
    let mut event = story.event.clone();
    compose(&mut event, login);
    let own = story.steps.iter().flat_map(|step| &step.http);
    let http = own.chain(&story.http).map(|one| HttpStep { repeats: true, ..one.clone() }).collect();
    let good = story.steps.iter().find_map(|step| match &step.kind {
        StepKind::Prompt(answer) if answer.kind == PromptKind::Ok => {
            Some(PromptAnswer { browser: None, ..(**answer).clone() })
        }
        _ => None,
    });
    Some(Base { story, event, http, good: good.unwrap_or_default() })
}

/// What the plugin does at the login, and with an answer of the prompt site. The outer option is none where it cannot be played.
pub(crate) async fn probe(
    player: &Player,
    file: &StoryFile,
    base: &Base<'_>,
    answer: Option<PromptAnswer>,
) -> Option<Option<(WaitingPrompt, Answer)>> {
    let mut bench = player.open(file, base.story).await.ok()?;
    let values = super::template::Values { answer: &Value::Null, now: bench.clock().now().seconds() };
    // Templates need an answer before, which a first login has not: such a request is not known to the probe.
    let script = base.http.iter().filter_map(|one| super::http_step::scripted(one, values).ok()).collect();
    bench.http().expect(script);
    let input = LoginInput { event: base.event.clone(), ..LoginInput::default() };
    let mut last = bench.login(&input).await.ok()?;
    let prompt = bench.waiting_prompt(FIRST_BROWSER);
    if let (Some(answer), Some(_)) = (answer, &prompt) {
        last = bench.prompt(&answer).await.ok()?;
    }
    bench.close().await;
    Some(prompt.map(|prompt| (prompt, last)))
}

impl Base<'_> {
    fn story(&self, name: &str, steps: Vec<Step>) -> Story {
        Story {
            name: name.to_owned(),
            line: 0,
            skip: None,
            setup: self.story.setup.clone(),
            event: json!({}),
            http: self.http.clone(),
            steps,
        }
    }

    fn login(&self, browser: &str) -> Step {
        step(StepKind::Login { event: self.event.clone(), mode: Mode::Interactive }, browser, None)
    }

    fn prompt(&self, kind: PromptKind, browser: &str, expect: Option<Value>) -> Step {
        let answer = PromptAnswer { kind, ..self.good.clone() };
        step(StepKind::Prompt(Box::new(answer)), browser, expect)
    }
}

fn step(kind: StepKind, browser: &str, expect: Option<Value>) -> Step {
    Step { line: 0, kind, browser: browser.to_owned(), http: Vec::new(), expect, snapshot: false }
}

/// Results and replies that prove nothing: whatever the plugin makes of them, no factor is recorded, and the login does not go on
/// because of them.
fn attacks(base: &Base<'_>, prompt: &WaitingPrompt, is_optional: bool) -> Vec<Story> {
    let nothing = nothing_proved(prompt.factor.as_deref(), is_optional);
    let mut stories = vec![stolen_state(base), never_back(base)];
    let Some(profile) = prompt.profile else { return stories };
    stories.push(replayed_reply(base));
    stories.push(replayed_result(base, &nothing));
    let mut results = vec![
        ("a result for another user proves nothing", PromptKind::OtherUser),
        ("an expired result proves nothing", PromptKind::Expired),
        ("a result that was changed after it was signed proves nothing", PromptKind::Tampered),
        ("a result that somebody else signed proves nothing", PromptKind::WrongKey),
        ("a result that is not signed proves nothing", PromptKind::Unsigned),
        ("no result at all proves nothing", PromptKind::Missing),
        ("a refusal proves nothing", PromptKind::Refused),
    ];
    if prompt.has_token {
        results.push(("the request token sent back as a result proves nothing", PromptKind::Reflected));
    }
    if profile == TokenProfile::Postlude && prompt.factor.is_some() {
        results.push(("a result for another factor proves nothing", PromptKind::OtherFactor));
    }
    for (name, kind) in results {
        let steps = vec![base.login(FIRST_BROWSER), base.prompt(kind, FIRST_BROWSER, Some(nothing.clone()))];
        stories.push(base.story(name, steps));
    }
    stories
}

/// The pattern of an answer after a reply that proves nothing.
fn nothing_proved(factor: Option<&str>, is_optional: bool) -> Value {
    let mut pattern = Map::new();
    if !is_optional {
        pattern.insert("outcome".to_owned(), json!({ "not": "continue" }));
    }
    if let Some(factor) = factor {
        let recorded = json!({ "factors": { "not": { "contains": factor } } });
        pattern.insert("session".to_owned(), json!({ "one_of": [{ "absent": true }, { "equals": null }, recorded] }));
    }
    Value::Object(pattern)
}

/// The state of one browser is brought back by another one, in which a login waits as well.
fn stolen_state(base: &Base<'_>) -> Story {
    let refused = json!({ "outcome": "refused", "refused": { "code": "login_mismatch" }, "runs": [] });
    let answer = PromptAnswer { browser: Some("thief".to_owned()), ..base.good.clone() };
    let stolen = step(StepKind::Prompt(Box::new(answer)), "victim", Some(refused));
    base.story("a state stolen by another browser is refused", vec![base.login("victim"), base.login("thief"), stolen])
}

/// A browser that does not come back leaves nothing that the next login could use.
fn never_back(base: &Base<'_>) -> Story {
    let redirected = Some(json!({ "outcome": "redirect" }));
    let again = Step { expect: redirected, ..base.login(FIRST_BROWSER) };
    let steps = vec![
        base.login(FIRST_BROWSER),
        base.prompt(PromptKind::Never, FIRST_BROWSER, None),
        step(StepKind::Wait(Duration::from_secs(2 * 3600)), FIRST_BROWSER, None),
        again,
    ];
    base.story("a browser that never comes back leaves nothing behind", steps)
}

/// A reply that is brought twice runs nothing the second time.
fn replayed_reply(base: &Base<'_>) -> Story {
    let steps = vec![
        base.login(FIRST_BROWSER),
        base.prompt(PromptKind::Ok, FIRST_BROWSER, None),
        base.prompt(PromptKind::Again, FIRST_BROWSER, Some(json!({ "runs": [] }))),
    ];
    base.story("a replayed reply runs nothing", steps)
}

/// A good result of another browser's login, brought with the state of a new one.
fn replayed_result(base: &Base<'_>, nothing: &Value) -> Story {
    let steps = vec![
        base.login("earlier"),
        base.prompt(PromptKind::Ok, "earlier", None),
        base.login("later"),
        base.prompt(PromptKind::Replayed, "later", Some(nothing.clone())),
    ];
    base.story("a result replayed in another login proves nothing", steps)
}

/// Events that are rare, and still have to be decided: a trap denies a login that nobody meant to deny.
fn odd_events(base: &Base<'_>) -> Vec<Story> {
    let user = base.event.pointer("/user/user_id").cloned().unwrap_or_else(|| json!(USER));
    let login =
        |event: Value, mode: Mode, expect: Option<Value>| step(StepKind::Login { event, mode }, FIRST_BROWSER, expect);
    let mut bare = nulls(&sample());
    merge(&mut bare, &json!({ "user": { "user_id": user }, "client": { "client_id": "shop" } }));
    let mut stories = vec![
        base.story("an event without its optional parts is decided", vec![login(bare, Mode::Interactive, None)]),
        base.story(
            "an event with very long and odd texts is decided",
            vec![login(odd(&user), Mode::Interactive, None)],
        ),
    ];
    for mode in [Mode::Silent, Mode::Refresh, Mode::Password] {
        let expect = Some(json!({ "outcome": { "not": "redirect" } }));
        let name = format!("a login of mode {} is decided without a browser", mode.as_str());
        stories.push(base.story(&name, vec![login(base.event.clone(), mode, expect)]));
    }
    stories
}

/// A patch that removes every value, and keeps the tables.
fn nulls(document: &Value) -> Value {
    match document {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| {
                    (name.clone(), if name == "user" || name == "client" { nulls(member) } else { Value::Null })
                })
                .collect(),
        ),
        _ => Value::Null,
    }
}

/// Characters of a long text: what a browser or a directory may well send, in an event of some ten thousand in all. Reading an event
/// costs fuel by its size.
const LONG: usize = 1_500;

fn odd(user: &Value) -> Value {
    let long = "x".repeat(LONG);
    let strange = "\u{202e}\u{0}\n\r\t\"'\\<script>${now}{{x}}\u{1f469}\u{200d}\u{1f52c}e\u{301}";
    json!({
        "user": {
            "user_id": user, "name": long, "given_name": strange, "email": format!("{long}@{long}.example"),
            "app_metadata": { long.as_str(): [long, 1e300, i64::MAX, null, {}] }, "user_metadata": { strange: strange },
        },
        "request": { "ip": long, "user_agent": strange, "geoip": { "countryCode": "" } },
        "authentication": { "methods": [{ "name": "pwd", "timestamp": "not a time" }] },
    })
}
