//! Logins that are made up: events from the parts that a plugin is granted, replies of the prompt site, answers of the network. A login
//! that stops the plugin, or that records a factor which nothing proves, is made as small as it gets.

use crate::event::{compose, sample};
use crate::partner::{PromptAnswer, PromptKind};
use crate::play::{Base, Failure, Player, Reason, Verdict, base, probe};
use crate::record::story_text;
use crate::story::{HttpStep, Setup, Step, StepKind, Story, StoryFile};
use crate::workbench::{FIRST_BROWSER, WaitingPrompt};
use postlude_model::action::Mode;
use postlude_model::json::Json;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::path::PathBuf;
use tokio::runtime::Handle;

/// How many logins are made up, and which.
#[derive(Debug, Clone, Copy)]
pub struct FuzzOptions {
    /// The number of logins.
    pub cases: u32,
    /// What they are made from: the same number makes the same ones.
    pub seed: u64,
}

/// What made-up logins came to.
#[derive(Debug)]
pub struct FuzzReport {
    /// How many were played, not counting those by which a failure was made smaller.
    pub cases: u32,
    /// The smallest login that fails.
    pub failure: Option<Box<FuzzFailure>>,
}

/// A login that fails.
#[derive(Debug)]
pub struct FuzzFailure {
    /// What is not as it has to be.
    pub failure: Failure,
    /// The login as a story.
    pub story: String,
}

/// A made-up login.
#[derive(Debug, Clone)]
struct Case {
    mode: Mode,
    /// Parts of the event, by pointer, and what stands there; none: nothing.
    parts: Vec<(String, Option<Value>)>,
    reply: Option<Reply>,
    /// The answer of every request: its status and its body.
    http: (u16, Value),
}

/// A made-up reply of the prompt site.
#[derive(Debug, Clone)]
struct Reply {
    kind: PromptKind,
    claims: Vec<(String, Value)>,
    query: Vec<(String, String)>,
}

/// Steps by which a failure is made smaller, at most.
const SHRINKS: u32 = 1_000;

/// Makes logins up, from the first login that the stories know, until one fails. Must not be called from asynchronous code.
///
/// # Errors
/// When the stories have no login, or its setup does not go together.
pub fn fuzz(
    player: &Player,
    files: &[StoryFile],
    runtime: &Handle,
    options: FuzzOptions,
) -> Result<FuzzReport, String> {
    let found = files.iter().find_map(|file| file.stories.iter().find_map(|story| Some((file, base(story)?))));
    let (file, base) =
        found.ok_or("no story has a login; made-up ones begin with the settings and the event of one")?;
    let bench = runtime.block_on(player.open(file, base.story)).map_err(|why| why.to_string())?;
    runtime.block_on(bench.close());
    let prompt = runtime.block_on(probe(player, file, &base, None)).flatten().map(|(prompt, _)| prompt);
    let fuzzer =
        Fuzzer { player, file: StoryFile { path: PathBuf::from("fuzz"), ..file.clone() }, base, prompt, runtime };
    Ok(fuzzer.run(options))
}

struct Fuzzer<'a> {
    player: &'a Player,
    file: StoryFile,
    base: Base<'a>,
    prompt: Option<WaitingPrompt>,
    runtime: &'a Handle,
}

impl Fuzzer<'_> {
    fn run(&self, options: FuzzOptions) -> FuzzReport {
        let config =
            Config { cases: options.cases, failure_persistence: None, max_shrink_iters: SHRINKS, ..Config::default() };
        let mut seed = [0; 32];
        if let Some(start) = seed.first_chunk_mut() {
            *start = options.seed.to_le_bytes();
        }
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let (played, failed) = (Cell::new(0_u32), Cell::new(false));
        let outcome = runner.run(&self.cases(), |case| {
            let failure = self.play(&case);
            if !failed.get() {
                played.set(played.get().saturating_add(1));
            }
            failed.set(failed.get() || failure.is_some());
            failure.map_or(Ok(()), |_| Err(TestCaseError::fail("a login failed")))
        });
        let smallest = match outcome {
            Err(TestError::Fail(_, case)) => Some(case),
            _ => None,
        };
        let failure = smallest.and_then(|case| {
            let story = self.story(&case);
            let failure = self.play(&case)?;
            Some(Box::new(FuzzFailure { failure, story: story_text(&self.settings(), &story) }))
        });
        FuzzReport { cases: played.get(), failure }
    }

    fn settings(&self) -> Setup {
        self.file.setup.with(&self.base.story.setup)
    }

    fn play(&self, case: &Case) -> Option<Failure> {
        let story = self.story(case);
        match self.runtime.block_on(self.player.play(&self.file, &story)).verdict {
            // A request that nobody expects has an answer here, and a request that is not made is no fault.
            Verdict::Failed(failures) => failures.into_iter().find(|failure| {
                failure.reasons.iter().any(|reason| matches!(reason, Reason::Trap { .. } | Reason::Difference(_)))
            }),
            Verdict::Passed | Verdict::Skipped(_) | Verdict::Refused(_) => None,
        }
    }

    /// The login as a story.
    fn story(&self, case: &Case) -> Story {
        let mut event = self.base.event.clone();
        for (pointer, value) in &case.parts {
            compose(&mut event, &patch_at(pointer, value.clone().unwrap_or(Value::Null)));
        }
        let mut steps = vec![step(StepKind::Login { event, mode: case.mode }, None)];
        if let (Some(reply), Some(prompt), Mode::Interactive) = (&case.reply, &self.prompt, case.mode) {
            let mut answer = PromptAnswer { kind: reply.kind, ..self.base.good.clone() };
            answer.claims.extend(reply.claims.iter().cloned());
            answer.query.extend(reply.query.iter().cloned());
            // What is not the partner's good word must not be taken for it.
            let hostile = !matches!(reply.kind, PromptKind::Ok) && prompt.profile.is_some();
            let nothing = prompt.factor.as_ref().filter(|_| hostile).map(|factor| {
                let none = json!({ "factors": { "not": { "contains": factor } } });
                json!({ "session": { "one_of": [{ "absent": true }, { "equals": null }, none] } })
            });
            steps.push(step(StepKind::Prompt(Box::new(answer)), nothing));
        }
        let (status, body) = &case.http;
        let answer = json!({ "status": status, "body": body });
        let any = HttpStep { line: 0, request: json!({}), answer, fail: None, repeats: true };
        let http = self.base.http.iter().cloned().chain([any]).collect();
        Story {
            name: "a made-up login".to_owned(),
            line: 0,
            skip: None,
            setup: self.base.story.setup.clone(),
            event: json!({}),
            http,
            steps,
        }
    }

    /// All made-up logins.
    fn cases(&self) -> impl Strategy<Value = Case> + use<> {
        let pointers = self.pointers();
        let part = (prop::sample::select(pointers), prop::option::of(json_value()));
        let kinds = [
            PromptKind::Ok,
            PromptKind::Refused,
            PromptKind::Error,
            PromptKind::Missing,
            PromptKind::Tampered,
            PromptKind::WrongKey,
            PromptKind::Expired,
            PromptKind::OtherUser,
        ];
        let claim = (prop::sample::select(vec!["verdict", "amr", "score", "name", "email", "data"]), json_value());
        let reply = (
            prop::sample::select(kinds.to_vec()),
            prop::collection::vec(claim.prop_map(|(name, value)| (name.to_owned(), value)), 0..3),
            prop::collection::vec(("[a-z_]{1,8}", odd_text()), 0..3),
        );
        let reply = reply.prop_map(|(kind, claims, query)| Reply { kind, claims, query });
        let modes = prop_oneof![8 => Just(Mode::Interactive), 1 => Just(Mode::Silent), 1 => Just(Mode::Refresh), 1 => Just(Mode::Password)];
        let http = (prop::sample::select(vec![200_u16, 204, 302, 400, 401, 404, 500, 503]), json_value());
        (modes, prop::collection::vec(part, 0..4), prop::option::of(reply), http)
            .prop_map(|(mode, parts, reply, http)| Case { mode, parts, reply, http })
    }

    /// The parts of the event that the plugin may read, and those of the sample below them.
    fn pointers(&self) -> Vec<String> {
        let plugins = self.player.setup().plugin.iter().chain(self.player.setup().by_path.values());
        let settings = Json::from_value(&Value::Object(self.settings().settings));
        let mut pointers: Vec<String> = plugins
            .flat_map(|plugin| plugin.manifest().resolve(&settings).unwrap_or_default().capabilities.event)
            .flat_map(|granted| below(&granted))
            .filter(|pointer| {
                !["", "/user", "/client", "/user/user_id", "/client/client_id", "/session", "/session/id"]
                    .contains(&pointer.as_str())
            })
            .collect();
        pointers.push("/request/ip".to_owned());
        pointers.sort();
        pointers.dedup();
        pointers
    }
}

fn step(kind: StepKind, expect: Option<Value>) -> Step {
    Step { line: 0, kind, browser: FIRST_BROWSER.to_owned(), http: Vec::new(), expect, snapshot: false }
}

/// A pointer, and every pointer of the sample event below it.
fn below(pointer: &str) -> Vec<String> {
    let mut all = vec![pointer.to_owned()];
    let event = sample();
    if let Some(Value::Object(members)) = event.pointer(pointer) {
        all.extend(members.keys().flat_map(|name| below(&format!("{pointer}/{name}"))));
    }
    all
}

/// The patch that sets the value at a pointer.
fn patch_at(pointer: &str, value: Value) -> Value {
    pointer.rsplit('/').take_while(|name| !name.is_empty()).fold(value, |inner, name| {
        let name = name.replace("~1", "/").replace("~0", "~");
        Value::Object(Map::from_iter([(name, inner)]))
    })
}

fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,24}",
        2 => "\\PC{0,16}",
        1 => Just(String::new()),
        1 => Just("x".repeat(5000)),
        1 => Just("\u{0}\u{202e}\r\n\u{1f469}\u{200d}\u{1f52c}".to_owned()),
    ]
}

/// A value of any type but null, which a patch cannot set; not too deep.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i16>().prop_map(Value::from),
        Just(json!(1e300)),
        odd_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_sets_the_value_at_a_pointer() {
        assert_eq!(patch_at("/user/app_metadata/a~1b", json!(1)), json!({ "user": { "app_metadata": { "a/b": 1 } } }));
        assert!(below("/user").contains(&"/user/email".to_owned()));
        assert_eq!(below("/none"), ["/none"]);
    }
}
