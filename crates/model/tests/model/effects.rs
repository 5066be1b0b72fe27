//! The effects table of the architecture: which effects survive which decision, row by row.

use crate::support::*;
use postlude_model::action::Mode;
use postlude_model::cache::CacheEntry;
use postlude_model::decision::Command;
use postlude_model::login::{Status, TraceDecision};
use postlude_model::pipeline::Finished;
use postlude_model::run::Report;
use postlude_model::session::Session;

/// One command of each kind.
fn one_of_each() -> Vec<Command> {
    let (key, value) = (|| "k".to_owned(), || Some(json("1")));
    vec![
        record_factor(FACE),
        Command::SetIdTokenClaim { name: key(), value: json("1") },
        Command::SetAccessTokenClaim { name: key(), value: json("1") },
        Command::AddScope("add".to_owned()),
        Command::RemoveScope("remove".to_owned()),
        Command::SetLoginMetadata { key: key(), value: value() },
        Command::SetSessionMetadata { key: key(), value: value() },
        Command::SetAppMetadata { key: key(), value: value() },
        Command::SetUserMetadata { key: key(), value: None },
        Command::Stash(json("\"aside\"")),
        Command::SetCache { key: key(), entry: Some(CacheEntry { value: json("1"), expires_at: NOW }) },
    ]
}

/// What is left of them.
#[derive(Debug, PartialEq, Eq, Default)]
struct Kept {
    factor: bool,
    claims: bool,
    scopes: bool,
    login_metadata: bool,
    session_metadata: bool,
    user_metadata: bool,
    cache: bool,
    stash: bool,
}

const ALL: Kept = Kept {
    factor: true,
    claims: true,
    scopes: true,
    login_metadata: true,
    session_metadata: true,
    user_metadata: true,
    cache: true,
    stash: false,
};
const NONE: Kept = Kept {
    factor: false,
    claims: false,
    scopes: false,
    login_metadata: false,
    session_metadata: false,
    user_metadata: false,
    cache: false,
    stash: false,
};

fn kept(finished: &Finished, before: &Session) -> Kept {
    let (record, session) = (&finished.record, finished.session.as_ref().unwrap_or(before));
    let effects = &record.effects;
    let both = |a: bool, b: bool| {
        assert_eq!(a, b, "two of a kind must share their fate: {effects:?}");
        a
    };
    Kept {
        factor: both(!record.recorded.is_empty(), session.factors.len() > before.factors.len()),
        claims: both(!effects.id_token_claims.is_empty(), !effects.access_token_claims.is_empty()),
        scopes: both(!effects.add_scopes.is_empty(), !effects.remove_scopes.is_empty()),
        login_metadata: !record.metadata.is_empty(),
        session_metadata: !session.metadata.is_empty(),
        user_metadata: both(!effects.app_metadata.is_empty(), !effects.user_metadata.is_empty()),
        cache: !finished.cache.is_empty(),
        stash: record.suspension().is_some_and(|s| s.stash.is_some()),
    }
}

fn ask(factor: Option<&str>, url: &str) -> Report {
    redirect(to(url, factor), one_of_each())
}

/// P43.
#[test]
fn every_row_of_the_table() {
    let redirect_row = || Kept { factor: false, ..ALL };
    let deny_row = || Kept { user_metadata: true, ..NONE };
    let fresh = || owned("alice", &[(FACE, NOW)]);
    let none = || owned("alice", &[]);
    let rows: Vec<(&str, Mode, Session, Report, Kept, TraceDecision)> = vec![
        ("continue", Mode::Interactive, none(), go_on(one_of_each()), ALL, TraceDecision::Continue),
        (
            "redirect",
            Mode::Interactive,
            none(),
            ask(Some(FACE), PROMPT),
            Kept { stash: true, ..redirect_row() },
            TraceDecision::Redirect,
        ),
        (
            "redirect without a factor",
            Mode::Interactive,
            fresh(),
            ask(None, PROMPT),
            Kept { stash: true, ..redirect_row() },
            TraceDecision::Redirect,
        ),
        (
            "redirect skipped",
            Mode::Interactive,
            fresh(),
            ask(Some(FACE), PROMPT),
            redirect_row(),
            TraceDecision::Skipped,
        ),
        ("silent, skipped", Mode::Silent, fresh(), ask(Some(FACE), PROMPT), redirect_row(), TraceDecision::Skipped),
        ("silent, due", Mode::Silent, none(), ask(Some(FACE), PROMPT), NONE, TraceDecision::InteractionRequired),
        ("refresh, due", Mode::Refresh, none(), ask(Some(FACE), PROMPT), NONE, TraceDecision::InteractionRequired),
        ("password, due", Mode::Password, none(), ask(None, PROMPT), NONE, TraceDecision::InteractionRequired),
        ("deny", Mode::Interactive, none(), deny(one_of_each()), deny_row(), TraceDecision::Deny),
        ("failure", Mode::Interactive, none(), failed(one_of_each()), NONE, TraceDecision::Failed),
        ("trap", Mode::Interactive, none(), trapped(one_of_each()), NONE, TraceDecision::Failed),
        (
            "refused redirect",
            Mode::Interactive,
            none(),
            ask(None, "https://evil.example/"),
            NONE,
            TraceDecision::Failed,
        ),
        ("undeclared factor", Mode::Interactive, none(), ask(Some(VOICE), PROMPT), NONE, TraceDecision::Failed),
        ("bad denial", Mode::Interactive, none(), deny_with("No!", "", one_of_each()), NONE, TraceDecision::Failed),
    ];
    for (name, mode, before, report, expected, verdict) in rows {
        let record = login("l1", "alice", Some("s1"), mode);
        let finished = World::face().log_in_as(record, Some(before.clone()), &[on_login("face", report)]);
        assert_eq!(kept(&finished, &before), expected, "{name}");
        assert_eq!(finished.record.trace.last().unwrap().decision, verdict, "{name}");
    }
}

#[test]
fn the_rows_hold_in_on_continue_too() {
    let world = World::face();
    let rows = [
        ("continue", go_on(one_of_each()), ALL),
        ("redirect again", ask(Some(FACE), PROMPT), Kept { factor: false, stash: true, ..ALL }),
        ("deny", deny(one_of_each()), Kept { user_metadata: true, ..NONE }),
        ("failure", failed(one_of_each()), NONE),
        ("trap", trapped(one_of_each()), NONE),
    ];
    for (name, report, expected) in rows {
        let before = session("s1");
        let first = world.log_in(&[on_login("face", prompt(FACE))]);
        let second = world.back(&first, Some(before.clone()), &[on_continue("face", report)]);
        assert_eq!(kept(&second, &before), expected, "{name}");
    }
}

#[test]
fn factors_of_earlier_actions_stay_whatever_comes_after() {
    let world = World::new([factor_spec("face", FACE), spec("b")]);
    for (name, last) in [("deny", deny(vec![])), ("failure", failed(vec![])), ("trap", trapped(vec![]))] {
        let first = world.log_in(&[on_login("face", prompt(FACE))]);
        let script = [on_continue("face", completes(FACE)), on_login("b", last)];
        let second = world.back(&first, Some(session("s1")), &script);
        assert!(matches!(second.record.status, Status::Denied { .. }), "{name}");
        assert_eq!(factor_names(second.session.as_ref().unwrap()), [FACE], "{name}");
        assert!(second.synced, "{name}");
    }
}

#[test]
fn an_interaction_required_keeps_what_earlier_actions_did() {
    let world = World::new([spec("a"), factor_spec("face", FACE)]);
    let script = [on_login("a", go_on(one_of_each().split_off(1))), on_login("face", ask(Some(FACE), PROMPT))];
    let record = world.log_in_mode(Mode::Silent, &script).record;
    assert_eq!(record.status, Status::InteractionRequired { action: "face".parse().unwrap() });
    assert_eq!((record.effects.add_scopes.len(), record.metadata.len()), (1, 1));
}

#[test]
fn a_stash_comes_back_to_its_own_on_continue_alone() {
    let world = World::new([factor_spec("face", FACE), spec("b")]);
    let first = world.log_in(&[on_login("face", ask(Some(FACE), PROMPT))]);
    let mut login = postlude_model::pipeline::Login::resume(
        world.context(),
        first.record.clone(),
        first.session.clone().map(Into::into),
        event(),
        proved(&first.record, "ok"),
    );
    let seen = play(&mut login, &[on_continue("face", go_on(vec![])), on_login("b", go_on(vec![]))]);
    assert_eq!(seen[0].reply.as_ref().unwrap().stash, Some(json("\"aside\"")));
    assert!(seen[1].reply.is_none());
}

#[test]
fn the_last_stash_counts() {
    let commands = vec![Command::Stash(json("1")), Command::Stash(json("2"))];
    let record = World::face().log_in(&[on_login("face", redirect(to(PROMPT, Some(FACE)), commands))]).record;
    assert_eq!(record.suspension().unwrap().stash, Some(json("2")));
}

#[test]
fn durable_before_the_answer_is_what_the_classes_say() {
    let metadata = Command::SetLoginMetadata { key: "k".to_owned(), value: Some(json("1")) };
    let shared = Command::SetSessionMetadata { key: "k".to_owned(), value: Some(json("1")) };
    let claim = Command::SetIdTokenClaim { name: "c".to_owned(), value: json("1") };
    let rows = [
        ("nothing", go_on(vec![]), false),
        ("a claim", go_on(vec![claim]), true),
        ("login metadata", go_on(vec![metadata]), true),
        ("session metadata", go_on(vec![shared]), true),
        ("a factor", completes(FACE), true),
        ("a suspension", prompt(FACE), true),
        ("a deny", deny(vec![]), true),
    ];
    for (name, report, synced) in rows {
        assert_eq!(World::face().log_in(&[on_login("face", report)]).synced, synced, "{name}");
    }
    let consumed = World::face().back(
        &World::face().log_in(&[on_login("face", prompt(FACE))]),
        Some(session("s1")),
        &[on_continue("face", failed(vec![]))],
    );
    assert!(consumed.synced, "consuming a state");
}
