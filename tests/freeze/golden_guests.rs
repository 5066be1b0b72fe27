//! Golden guests: plugins that were built when their version of the contract was made. Today's host runs each of them, and they
//! decide and do what they did then.
//!
//! A plugin is a file `tests/golden/VERSION/LANGUAGE/NAME.wasm`, and never built anew. What it answers in each scenario of its
//! name stands in `tests/golden/VERSION/NAME.json`, the same for all languages.

use crate::{assert_golden_until, gate, root};
use postlude_model::abi::AbiVersion;
use postlude_model::action::{Action, Secret};
use postlude_model::decision::{Command, Decision, Failure};
use postlude_model::json::Json;
use postlude_model::names::{FactorName, Timestamp};
use postlude_model::run::{Ending, Phase, Proof, Reply, Report, RunInput};
use postlude_model::token::{TokenError, Verdict};
use postlude_sandbox::{Plugin, Sandbox, functions};
use postlude_testkit::{FACTOR, guests};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A call of each function of the contract, and how the guest says what came of it. `OUT` is where a result goes.
const CALLS: &[(&str, &str)] = &[
    ("login.id OUT", "say-at OUT"),
    ("login.run-id OUT", "say-at OUT"),
    ("login.mode OUT", "say-at OUT"),
    ("login.can-redirect", "drop"),
    ("login.settings OUT", "say-at OUT"),
    ("login.set-metadata «k» (i32.const 1) «1» OUT", "outcome OUT"),
    ("login.get-metadata «k» OUT", "option OUT"),
    ("event.get «/user» OUT", "outcome-option OUT"),
    ("reply.method OUT", "say-at OUT"),
    ("reply.query OUT", ""),
    ("reply.form OUT", ""),
    ("reply.token OUT", "outcome-text OUT"),
    ("reply.stash OUT", "option OUT"),
    ("session.record-factor «https://acme.example/face» (i32.const 1) «{\\\"score\\\":7}» OUT", "outcome OUT"),
    ("session.factors OUT", "say-at OUT"),
    ("session.freshness «https://acme.example/face» OUT", "outcome-text OUT"),
    ("session.set-metadata «k» (i32.const 1) «2» OUT", "outcome OUT"),
    ("session.get-metadata «k» OUT", "option OUT"),
    ("redirect.state OUT", "say-at OUT"),
    ("redirect.continue-url OUT", "say-at OUT"),
    ("redirect.encode-token «token» «partner» «{}» (i32.const 60) OUT", "outcome OUT"),
    ("redirect.validate-token «partner» «token» OUT", "outcome OUT"),
    ("redirect.stash «{}» OUT", "outcome OUT"),
    ("claims.set-id-token «https://acme.example/claim» «1» OUT", "outcome OUT"),
    ("claims.set-access-token «https://acme.example/claim» «2» OUT", "outcome OUT"),
    ("claims.add-scope «read» OUT", "outcome OUT"),
    ("claims.remove-scope «read» OUT", "outcome OUT"),
    ("user.set-app-metadata «plan» (i32.const 1) «\\\"gold\\\"» OUT", "outcome OUT"),
    ("user.set-user-metadata «color» (i32.const 0) (i32.const 0) (i32.const 0) OUT", "outcome OUT"),
    ("cache.set «k» «{\\\"a\\\":1}» (i32.const 60) OUT", "outcome OUT"),
    ("cache.get «k» OUT", "option OUT"),
    ("cache.delete «k» OUT", ""),
    ("secrets.get «api_token» OUT", "outcome-text OUT"),
    ("keys.hmac «mine» «data» OUT", "outcome OUT"),
    ("keys.sign-jwt «mine» «{}» «{}» OUT", "outcome OUT"),
    ("keys.verify-jwt «mine» «t.o.k» OUT", "outcome OUT"),
    (
        "http.send «GET» «https://api.example/» (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) OUT",
        "outcome OUT",
    ),
    ("clock.now", "drop"),
    ("random.bytes (i32.const 8) OUT", ""),
    ("log.log (i32.const 2) «a warning» (i32.const 0) (i32.const 0)", ""),
];

/// The guest's last words, where the reply has no result: this function does not return.
const PANIC: &str = "why the guest ended";

const EVERY_FUNCTION: &str = "every-function";

/// A guest that calls every function in `on-continue`, and sends the browser away in `on-login`.
fn every_function() -> Vec<u8> {
    let mut body = String::new();
    for (call, say) in CALLS {
        let call = format!("(call ${call})");
        body += &match *say {
            "drop" => format!("(drop {call})\n"),
            "" => format!("{call}\n"),
            say => format!("{call} (call ${say})\n"),
        };
    }
    let text = format!(
        "(func (export \"on-login\") (result i32)\n  (call $redirect-for «https://prompt.example/» «{FACTOR}»))\n\
         (func (export \"on-continue\") (result i32)\n{}  (call $reply.token (global.get $out))\n  \
         (if (i32.load8_u (global.get $out)) (then (call $log.panic «{PANIC}»)))\n  (call $continue))",
        body.replace("OUT", "(global.get $out)")
    );
    let manifest = guests::MANIFEST
        .replace("\"guest\"", &format!("\"{EVERY_FUNCTION}\""))
        .replace("\"keys\": [\"partner\"]", "\"keys\": [\"mine\"]");
    guests::with_manifest(&guests::component(&text).unwrap(), &manifest)
}

fn folder(version: AbiVersion) -> PathBuf {
    root().join("tests/golden").join(version.series())
}

/// Every golden guest of a version, sorted.
pub fn golden(version: AbiVersion) -> Vec<PathBuf> {
    let entries =
        |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let languages = entries(&folder(version)).into_iter().filter(|path| path.is_dir());
    let files = languages.flat_map(|language| entries(&language));
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|ending| ending == "wasm")).collect();
    files.sort();
    files
}

/// A way to run a plugin, by name.
struct Scenario {
    name: &'static str,
    verdict: Option<Option<Verdict>>,
}

/// On a login; and back from the prompt with a token of each verdict, and without one.
const SCENARIOS: [Scenario; 5] = [
    Scenario { name: "a login", verdict: None },
    Scenario { name: "back with the verdict ok", verdict: Some(Some(Verdict::Ok)) },
    Scenario { name: "back with the verdict refused", verdict: Some(Some(Verdict::Refused)) },
    Scenario { name: "back with the verdict error", verdict: Some(Some(Verdict::Error)) },
    Scenario { name: "back without a result", verdict: Some(None) },
];

fn settings(plugin: &str) -> Value {
    match plugin {
        "custom-factor" => json!({
            "prompt_url": "https://prompt.example/", "factor": FACTOR, "profile": "postlude",
            "claim": "https://acme.example/face_at"
        }),
        "email-domain" => json!({ "domains": ["acme.example"] }),
        _ => json!({}),
    }
}

fn input(plugin: &Plugin, scenario: &Scenario) -> RunInput {
    let manifest = plugin.manifest();
    let settings = Json::from_value(&settings(manifest.name.as_str()));
    let mut action = Action::granting_all(manifest, plugin.digest(), settings).unwrap();
    // A busy machine must not turn a decision into a timeout.
    action.spec.budget.wall_clock = Duration::from_secs(60);
    action.secrets = [("api_token".to_owned(), Secret::new("s3cret"))].into();
    let event = json!({
        "user": { "user_id": "ana", "email": "ana@acme.example", "email_verified": true },
        "client": { "client_id": "shop" },
    });
    let input = RunInput::on_login(Arc::new(action), Json::from_value(&event), Timestamp(1_795_000_000_123));
    let Some(verdict) = scenario.verdict else { return input };
    let factor = FactorName::new(FACTOR).unwrap();
    let token = verdict.ok_or(TokenError::Missing).map(|verdict| {
        Json::from_value(
            &json!({ "factor": FACTOR, "verdict": verdict, "state": "state-of-the-prompt", "jti": "jti-1" }),
        )
    });
    let proof = verdict.map_or(Proof::Nothing, |verdict| Proof::Token { factor: Some(factor.clone()), verdict });
    let reply = Reply {
        method: "GET".to_owned(),
        query: vec![("a".to_owned(), "1".to_owned())],
        form: Vec::new(),
        resumed_state: "state-of-the-prompt".to_owned(),
        asked_for: Some(factor),
        token,
        proof,
        stash: Some(Json::from_value(&json!({ "nonce": "n" }))),
    };
    RunInput { phase: Phase::Continue, reply: Some(reply), ..input }
}

/// What lasts of a report: texts for people may be another language's own.
fn outcome(report: &Report, with_log: bool) -> Value {
    let ending = match &report.ending {
        Ending::Decided(Decision::Continue) => json!("continue"),
        Ending::Decided(Decision::Redirect(request)) => {
            // JSON has no order, and each language writes its own.
            let claims = request.token.as_ref().map(|token| serde_json::from_str::<Value>(&token.claims).unwrap());
            let mut redirect = json!(request);
            if let Some(claims) = claims {
                redirect["token"]["claims"] = claims;
            }
            json!({ "redirect": redirect })
        }
        Ending::Decided(Decision::Deny(denial)) => json!({ "deny": denial.code }),
        Ending::Failed(Failure::Other(_)) => json!({ "failed": "other" }),
        Ending::Failed(Failure::Unavailable(_)) => json!({ "failed": "unavailable" }),
        Ending::Trapped(trap) if trap.message.contains(PANIC) => json!({ "stopped": PANIC }),
        other => panic!("a golden guest is stopped: {other:?}"),
    };
    let mut outcome = json!({ "ending": ending, "commands": report.commands.iter().map(command).collect::<Vec<_>>() });
    if with_log {
        outcome["log"] = report.log.lines.iter().map(|line| line.message.clone()).collect();
    }
    outcome
}

fn command(command: &Command) -> Value {
    let value = |value: &Option<Json>| value.as_ref().map_or(Value::Null, Json::to_value);
    match command {
        Command::RecordFactor { name, evidence } => json!({ "record-factor": name, "evidence": value(evidence) }),
        Command::SetIdTokenClaim { name, value } => json!({ "id-token": name, "value": value.to_value() }),
        Command::SetAccessTokenClaim { name, value } => json!({ "access-token": name, "value": value.to_value() }),
        Command::AddScope(scope) => json!({ "add-scope": scope }),
        Command::RemoveScope(scope) => json!({ "remove-scope": scope }),
        Command::SetLoginMetadata { key, value: to } => json!({ "login": key, "value": value(to) }),
        Command::SetSessionMetadata { key, value: to } => json!({ "session": key, "value": value(to) }),
        Command::SetAppMetadata { key, value: to } => json!({ "app": key, "value": value(to) }),
        Command::SetUserMetadata { key, value: to } => json!({ "user": key, "value": value(to) }),
        Command::Stash(stash) => json!({ "stash": stash.to_value() }),
        Command::SetCache { key, entry } => {
            json!({ "cache": key, "value": entry.as_ref().map_or(Value::Null, |entry| entry.value.to_value()) })
        }
    }
}

#[tokio::test]
async fn golden_guests_decide_what_they_decided() {
    let sandbox = Sandbox::new(Default::default()).unwrap();
    for version in AbiVersion::ALL {
        let files = golden(version);
        assert!(files.len() > 2, "golden guests of {} are missing: {files:?}", version.series());
        for file in files {
            let plugin = sandbox.load(&std::fs::read(&file).unwrap());
            let plugin = plugin.unwrap_or_else(|why| panic!("{} does not load any more: {why}", file.display()));
            let name = plugin.manifest().name.to_string();
            assert_eq!(Some(name.as_str()), file.file_stem().and_then(|stem| stem.to_str()), "{}", file.display());
            let mut outcomes = serde_json::Map::new();
            for scenario in &SCENARIOS {
                let report = sandbox.run(&plugin, input(&plugin, scenario)).await;
                outcomes.insert(scenario.name.to_owned(), outcome(&report, name == EVERY_FUNCTION));
            }
            let text = serde_json::to_string_pretty(&outcomes).unwrap() + "\n";
            assert_golden_until(
                &format!("tests/golden/{}/{name}.json", version.series()),
                &text,
                gate::is_closed(version),
            );
        }
    }
}

#[test]
fn the_guest_of_every_function_imports_every_function() {
    let all: BTreeSet<_> = functions(AbiVersion::V0_1).iter().map(|f| format!("{}.{}", f.interface, f.name)).collect();
    let bytes = std::fs::read(folder(AbiVersion::V0_1).join("wat/every-function.wasm")).unwrap();
    let plugin = Sandbox::new(Default::default()).unwrap().load(&bytes).unwrap();
    let imported: BTreeSet<_> = plugin.imports().iter().cloned().collect();
    let missing: Vec<_> = all.difference(&imported).collect();
    assert!(
        missing.is_empty(),
        "the golden guest does not import {missing:?}: before the contract is closed, add a call to `CALLS` and run \
         `cargo test --workspace --test freeze -- --ignored build_every_function`"
    );
}

#[test]
#[ignore = "it builds the golden guest that calls every function, once for a version"]
fn build_every_function() {
    assert!(!gate::is_closed(AbiVersion::V0_1), "the version is closed, and its golden guests are never built anew");
    let file = folder(AbiVersion::V0_1).join("wat/every-function.wasm");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, every_function()).unwrap();
}
