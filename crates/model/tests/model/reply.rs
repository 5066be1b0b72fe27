//! What the browser brought back, and what it proves.

use crate::support::*;
use postlude_model::action::ActionSpec;
use postlude_model::login::LoginRecord;
use postlude_model::pipeline::{BrowserReply, Login};
use postlude_model::run::{Phase, Proof, Reply, RunInput};
use postlude_model::token::{Profile, TokenError, Verdict};

fn with_profile(profile: Profile) -> World {
    let mut face = factor_spec("face", FACE);
    face.result.profile = profile;
    World::new([face])
}

fn suspended(world: &World) -> LoginRecord {
    world.log_in(&[on_login("face", prompt(FACE))]).record
}

/// What `on-continue` is shown.
fn shown(world: &World, record: &LoginRecord, reply: BrowserReply) -> Reply {
    let mut login = Login::resume(world.context(), record.clone(), Some(session("s1").into()), event(), reply);
    let RunInput { phase, reply, .. } = *login.next_run().expect("a run is due");
    assert_eq!(phase, Phase::Continue);
    reply.expect("on-continue has a reply")
}

fn pairs(values: &[&str]) -> Vec<(String, String)> {
    values.iter().map(|&value| ("result".to_owned(), value.to_owned())).collect()
}

#[test]
fn a_verified_token_proves_what_it_says_of_the_factor_asked_for() {
    let world = World::face();
    let record = suspended(&world);
    for (word, verdict) in [("ok", Verdict::Ok), ("refused", Verdict::Refused), ("error", Verdict::Error)] {
        let reply = shown(&world, &record, proved(&record, word));
        assert_eq!(reply.proof, Proof::Token { factor: Some(FACE.parse().unwrap()), verdict });
        assert_eq!(reply.token, Ok(json(r#"{"verified":true}"#)));
        assert_eq!(reply.resumed_state, state_of(&record));
        assert_eq!(reply.asked_for.unwrap().as_str(), FACE);
    }
}

#[test]
fn anything_that_differs_proves_nothing() {
    let world = World::face();
    let record = suspended(&world);
    let state = state_of(&record);
    let others = [
        token("ok", "st.1.l1.1.0", "alice", Some(FACE)),
        token("ok", "st.2.l1.0.0", "alice", Some(FACE)),
        token("ok", &state, "bob", Some(FACE)),
        token("ok", &state, "alice", Some(VOICE)),
        token("ok", &state, "alice", None),
        token("request", &state, "alice", Some(FACE)),
        String::new(),
    ];
    for text in others {
        let reply = shown(&world, &record, BrowserReply { query: pairs(&[&text]), ..bare_reply(&record) });
        assert_eq!(reply.proof, Proof::Nothing, "{text}");
        assert!(matches!(reply.token, Err(TokenError::Invalid(_))), "{text}");
    }
}

#[test]
fn a_reply_without_the_parameter_proves_nothing() {
    let world = World::face();
    let record = suspended(&world);
    let mut other = proved(&record, "ok");
    other.query[0].0 = "Result".to_owned();
    for reply in [bare_reply(&record), other] {
        let reply = shown(&world, &record, reply);
        assert_eq!((reply.token, reply.proof), (Err(TokenError::Missing), Proof::Nothing));
    }
}

/// U17.
#[test]
fn a_parameter_twice_proves_nothing_even_if_both_are_good() {
    let world = World::face();
    let record = suspended(&world);
    let good = proved(&record, "ok").query[0].1.clone();
    let good = good.as_str();
    for values in [[good, good], [good, "x"], ["x", good]].map(|values| pairs(&values)) {
        for in_form in [false, true] {
            let mut reply = bare_reply(&record);
            if in_form {
                reply.form = values.clone()
            } else {
                reply.query = values.clone()
            }
            let reply = shown(&world, &record, reply);
            assert_eq!(reply.proof, Proof::Nothing);
            assert_eq!(reply.token, Err(TokenError::Invalid("the parameter `result` occurs twice".to_owned())));
        }
    }
}

/// U17.
#[test]
fn the_form_wins_over_the_query() {
    let world = World::face();
    let record = suspended(&world);
    let good = proved(&record, "ok").query[0].1.clone();
    let reply = |form: &[&str], query: &[&str]| BrowserReply {
        method: "POST".to_owned(),
        form: pairs(form),
        query: pairs(query),
        ..bare_reply(&record)
    };
    let proof = |reply| shown(&world, &record, reply).proof;
    assert!(matches!(proof(reply(&[&good], &["bad"])), Proof::Token { .. }));
    assert!(matches!(proof(reply(&[&good], &["bad", "bad"])), Proof::Token { .. }));
    assert_eq!(proof(reply(&["bad"], &[&good])), Proof::Nothing);
    assert_eq!(proof(reply(&["bad", "bad"], &[&good])), Proof::Nothing);
    let shown = shown(&world, &record, reply(&[&good], &["q"]));
    assert_eq!((shown.method.as_str(), shown.form.len(), shown.query.len()), ("POST", 1, 1));
}

#[test]
fn external_and_none_carry_no_token() {
    for profile in [Profile::External, Profile::None] {
        let world = with_profile(profile);
        let record = suspended(&world);
        let reply = shown(&world, &record, proved(&record, "ok"));
        assert_eq!((reply.token, reply.proof), (Err(TokenError::NotApplicable), Proof::Nothing), "{profile:?}");
    }
}

#[test]
fn profile_auth0_is_left_to_the_plugins_judgement() {
    let world = with_profile(Profile::Auth0);
    let record = suspended(&world);
    let good = auth0_token(&state_of(&record), "alice");
    let reply = |text: &str| shown(&world, &record, BrowserReply { query: pairs(&[text]), ..bare_reply(&record) });
    assert_eq!(reply(&good).proof, Proof::Judged);
    assert_eq!(reply(&auth0_token(&state_of(&record), "bob")).proof, Proof::Nothing);
}

#[test]
fn a_key_of_another_profile_or_another_name_proves_nothing() {
    for (says, keys) in [(Profile::Postlude, Profile::Auth0), (Profile::Auth0, Profile::Postlude)] {
        let record = suspended(&World::face());
        let mut world = with_profile(keys);
        let mut changed = std::sync::Arc::unwrap_or_clone(world.actions.remove(0));
        changed.spec.result.profile = says;
        world.actions.push(std::sync::Arc::new(changed));
        let texts = [proved(&record, "ok").query[0].1.clone(), auth0_token(&state_of(&record), "alice")];
        for text in texts {
            let reply = shown(&world, &record, BrowserReply { query: pairs(&[&text]), ..bare_reply(&record) });
            assert_eq!(reply.proof, Proof::Nothing);
        }
    }
    let mut spec: ActionSpec = factor_spec("face", FACE);
    spec.result.key = "other".to_owned();
    let world = World::new([spec]);
    let record = suspended(&world);
    assert_eq!(shown(&world, &record, proved(&record, "ok")).token, Err(TokenError::UnknownKey));
}

#[test]
fn a_prompt_without_a_factor_proves_no_factor() {
    let world = World::face();
    let record = world.log_in(&[on_login("face", redirect(to(PROMPT, None), vec![]))]).record;
    let reply = shown(&world, &record, proved(&record, "ok"));
    assert_eq!((reply.asked_for, reply.proof), (None, Proof::Token { factor: None, verdict: Verdict::Ok }));
}

#[test]
fn a_resume_onto_another_revision_denies() {
    let record = suspended(&World::face());
    for world in [World::new([]), World::new([factor_spec("other", FACE)])] {
        let mut login =
            Login::resume(world.context(), record.clone(), Some(session("s1").into()), event(), proved(&record, "ok"));
        assert!(login.next_run().is_none());
        let finished = login.finish();
        assert_eq!(denied_code(&finished.record), "action_missing");
        assert!(finished.record.recorded.is_empty() && finished.session.is_none());
    }
}

#[test]
fn a_resume_of_a_login_that_is_not_suspended_changes_nothing() {
    let world = World::face();
    let suspended = suspended(&world);
    let done = world.log_in(&[on_login("face", go_on(vec![]))]).record;
    let ended = postlude_model::pipeline::ended(suspended.clone(), postlude_model::login::EndReason::SessionEnded);
    for record in [done, ended] {
        let reply = proved(&suspended, "ok");
        let mut login = Login::resume(world.context(), record.clone(), Some(session("s1").into()), event(), reply);
        assert!(login.next_run().is_none());
        assert_eq!(login.finish().record, record);
    }
}

#[test]
fn on_continue_runs_even_where_the_action_would_not_apply_any_more() {
    let record = suspended(&World::face());
    let mut narrow = factor_spec("face", FACE);
    narrow.applies_to.clear();
    let world = World::new([narrow]);
    let mut login =
        Login::resume(world.context(), record.clone(), Some(session("s1").into()), event(), proved(&record, "ok"));
    let seen = play(&mut login, &[on_continue("face", failed(vec![]))]);
    assert_eq!(seen.len(), 1, "the suspended action is passed over");
    assert_eq!(denied_code(login.record()), "action_failed");
}
