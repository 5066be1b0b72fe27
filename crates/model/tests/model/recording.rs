//! Recordings of logins: what is in them and what never is, their format, and that a replay sees what the run saw.

use crate::support::*;
use postlude_model::action::{Action, Secret};
use postlude_model::cache::CacheEntry;
use postlude_model::decision::{Command, RedirectRequest};
use postlude_model::http::{Exchange, HttpError, Request, Response};
use postlude_model::json::Json;
use postlude_model::names::{FactorName, LoginId};
use postlude_model::recording::{NotRecorded, RecordedRun, Recording, ReplayKeys, outcome, replay};
use postlude_model::run::{FactorView, Proof, Reply, Report, RunInput};
use postlude_model::token::Verdict;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

const SECRET: &str = "s3cret/with+signs";
const KEYS: ReplayKeys = ReplayKeys { claims: |_| Some(Json::object()) };

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

/// A run back from a prompt that called a partner, with a secret and the states in every place where a plugin can put them.
fn input() -> RunInput {
    let secrets = BTreeMap::from([("api_token".to_owned(), Secret::new(SECRET))]);
    let action = Action { secrets, ..Arc::unwrap_or_clone(action(spec("face"))) };
    let reply = Reply {
        method: "GET".to_owned(),
        query: vec![("token".to_owned(), "eyJhbGciOiJFUzI1NiJ9.eyJ2IjoxfQ.c2lnbmF0dXJl".to_owned())],
        form: vec![],
        resumed_state: "st.of.the.prompt".to_owned(),
        asked_for: Some(FactorName::new(FACE).unwrap()),
        token: Ok(json(r#"{"state":"st.of.the.prompt","verdict":"ok"}"#)),
        proof: Proof::Token { factor: Some(FactorName::new(FACE).unwrap()), verdict: Verdict::Ok },
        stash: Some(json(&format!(r#"{{"kept":"{SECRET}"}}"#))),
    };
    let entry = CacheEntry { value: json("1"), expires_at: NOW };
    RunInput {
        phase: postlude_model::run::Phase::Continue,
        reply: Some(reply),
        factors: vec![FactorView { name: FactorName::new(FACE).unwrap(), completed_at: NOW, fresh: false }],
        state: "st.of.the.next".to_owned(),
        seed: [0xab; 32],
        cache: BTreeMap::from([("k".to_owned(), entry)]),
        ..RunInput::on_login(Arc::new(action), json(r#"{"user":{"user_id":"ana"}}"#), NOW)
    }
}

fn exchange(url: &str, answer: Result<Response, HttpError>) -> Exchange {
    let headers = vec![
        ("Authorization".to_owned(), "Basic czNjcmV0".to_owned()),
        ("accept".to_owned(), "application/json".to_owned()),
    ];
    let body = Some(b"secret=s3cret%2Fwith%2Bsigns".to_vec());
    Exchange { request: Request { method: "POST".to_owned(), url: url.to_owned(), headers, body }, answer }
}

fn report() -> Report {
    let headers = vec![("set-cookie".to_owned(), "sid=1".to_owned()), ("x".to_owned(), "y".to_owned())];
    let answer = Ok(Response { status: 200, headers, body: vec![0xff, 0] });
    let to = RedirectRequest {
        url: format!("{PROMPT}?s=s3cret%2Fwith%2bsigns&n=st.of.the.next"),
        query: vec![("t".to_owned(), "eyJh.e30.c2ln".to_owned())],
        factor: None,
        token: None,
    };
    let report = redirect(to, vec![Command::Stash(json(&format!(r#"{{"kept":"{SECRET}"}}"#)))]);
    let http =
        vec![exchange("https://api.example/a", answer), exchange("https://api.example/a", Err(HttpError::Timeout))];
    Report { http, ..report }
}

fn recorded() -> RecordedRun {
    RecordedRun::new(&input(), json(r#"{"user":{}}"#), &report()).unwrap()
}

#[test]
fn no_secret_no_state_no_signature_and_no_credential_is_in_it() {
    let text = serde_json::to_string(&recorded()).unwrap();
    for hidden in ["s3cret", "st.of", "c2ln", "czNjcmV0", "sid=1", "ana\\\\"] {
        assert!(!text.contains(hidden), "`{hidden}` is in {text}");
    }
    assert!(text.contains("eyJhbGciOiJFUzI1NiJ9.eyJ2IjoxfQ.redacted"), "the claims of a token stay: {text}");
}

#[test]
fn a_secret_that_cannot_be_told_from_other_text_is_not_recorded_at_all() {
    let short = |text: &str| {
        let secrets = BTreeMap::from([("pin".to_owned(), Secret::new(text))]);
        let action = Arc::new(Action { secrets, ..Arc::unwrap_or_clone(action(spec("face"))) });
        RecordedRun::new(&RunInput { action, ..input() }, Json::object(), &report()).map(drop)
    };
    assert_eq!(short("1234567"), Err(NotRecorded::ShortSecret("pin".to_owned(), "face".to_owned())));
    assert_eq!(short("12345678"), Ok(()));
}

#[test]
fn a_replay_sees_what_the_run_saw() {
    let (before, run) = (input(), recorded());
    let after = replay(&run, &BTreeMap::new(), &KEYS).unwrap();
    assert_eq!((after.phase, after.mode, after.now, after.seed), (before.phase, before.mode, before.now, before.seed));
    assert_eq!((&after.factors, &after.cache), (&before.factors, &before.cache));
    assert_eq!(after.action.spec, before.action.spec);
    assert_eq!(after.action.secrets["api_token"].reveal().len(), SECRET.len());
    let (was, is) = (before.reply.unwrap(), after.reply.unwrap());
    assert_eq!((was.proof, was.asked_for), (is.proof, is.asked_for));
    assert_eq!(is.token.unwrap(), json(r#"{"state":"state-of-the-prompt","verdict":"ok"}"#));
    let given = BTreeMap::from([("api_token".to_owned(), Secret::new("mine"))]);
    assert_eq!(replay(&run, &given, &KEYS).unwrap().action.secrets["api_token"].reveal(), "mine");
}

#[test]
fn requests_are_answered_as_they_were() {
    let after = replay(&recorded(), &BTreeMap::new(), &KEYS).unwrap();
    let send = |url: &str| {
        let request = exchange(url, Err(HttpError::Timeout)).request;
        let mut answering = after.http.client.send(request, Arc::new([]));
        match answering.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("an answer that is recorded is there at once"),
        }
    };
    assert_eq!(send("https://api.example/a").unwrap().body, [0xff, 0]);
    assert_eq!(send("https://api.example/a"), Err(HttpError::Timeout));
    let none = send("https://api.example/a").unwrap_err().to_string();
    assert_eq!(none, "the recording has no answer to POST https://api.example/a");
}

#[test]
fn what_is_replayed_unchanged_comes_to_the_same() {
    let run = recorded();
    let again = replay(&run, &BTreeMap::new(), &KEYS).unwrap();
    // A plugin that does the same with the stand-ins does this.
    let text = outcome(&report()).to_string();
    let text =
        text.replace("st.of.the.next", "state-of-this-run").replace("s3cret%2Fwith%2bsigns", "stand-in-for-api_");
    let text = text.replace(SECRET, again.action.secrets["api_token"].reveal()).replace("eyJh.e30.c2ln", "a-token");
    assert_eq!(run.outcome, serde_json::from_str::<Value>(&text).unwrap());
}

/// The format is a contract: files are kept, and sent from an operator to a partner.
#[test]
fn the_format_is_what_it_was() {
    let recording = Recording::new(LoginId::new("lgn_1").unwrap(), vec![recorded()]);
    let text = serde_json::to_string_pretty(&recording).unwrap();
    assert_eq!(text, include_str!("recording.v1.json").trim_end());
    assert_eq!(Recording::parse(&text).unwrap(), recording);
}

#[test]
fn other_files_and_newer_ones_are_refused_with_the_reason() {
    let why = |text: &str| Recording::parse(text).unwrap_err().to_string();
    let newer = why(r#"{"format":"postlude-recording","version":2,"new":1}"#);
    assert_eq!(
        newer,
        "it has format version 2, and this build reads versions up to 1; replay it with the build that saved it"
    );
    assert!(why("{}").contains("its `format` is not `postlude-recording`"));
    assert!(why("x").starts_with("it is not a login that `postlude explain --save` wrote: "));
    assert!(why(r#"{"format":"postlude-recording","version":0}"#).contains("`version`"));
}
