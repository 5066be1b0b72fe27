//! What actions ask of the identity provider: kept with every decision, added to and never taken from.

use crate::support::*;
use postlude_model::action::Mode;
use postlude_model::decision::Command;
use postlude_model::json::Json;
use postlude_model::login::{LoginRecord, Status};
use postlude_model::pipeline::idp_requests;
use postlude_model::run::IDP_REQUESTS;
use postlude_model::run::Report;

fn asks(text: &str) -> Command {
    Command::SetLoginMetadata { key: IDP_REQUESTS.to_owned(), value: Some(json(text)) }
}

const MFA: &str = r#"[{"arguments":["any"],"method":"multifactor.enable"}]"#;

fn logged_in(first: Report, second: Report) -> LoginRecord {
    let world = World::new(["a", "b"].map(spec));
    world.log_in_mode(Mode::Interactive, &[on_login("a", first), on_login("b", second)]).record
}

fn asked(record: &LoginRecord) -> String {
    Json::from_value(&serde_json::Value::Array(idp_requests(&record.metadata))).to_string()
}

#[test]
fn requests_name_their_action_and_stay_in_order() {
    let record = logged_in(go_on(vec![asks("[]"), asks(MFA)]), deny(vec![asks(MFA)]));
    let one = |action: &str| format!(r#"{{"action":"{action}","arguments":["any"],"method":"multifactor.enable"}}"#);
    assert_eq!(asked(&record), format!("[{},{}]", one("a"), one("b")));
}

#[test]
fn a_later_action_cannot_take_back_what_an_earlier_one_asked_for() {
    let removes = Command::SetLoginMetadata { key: IDP_REQUESTS.to_owned(), value: None };
    for hides in [removes, asks("[]")] {
        let record = logged_in(go_on(vec![asks(MFA)]), go_on(vec![hides]));
        assert_eq!(idp_requests(&record.metadata).len(), 1);
    }
}

#[test]
fn a_malformed_request_fails_its_action() {
    let many = format!("[{}]", vec![r#"{"arguments":[],"method":"m"}"#; 65].join(","));
    for wrong in
        ["1", "[1]", r#"[{"arguments":[]}]"#, r#"[{"method":"m"}]"#, r#"[{"arguments":[],"method":""}]"#, &many]
    {
        let record = logged_in(go_on(vec![asks(wrong)]), go_on(vec![]));
        assert!(matches!(record.status, Status::Denied { .. }), "{wrong}");
        assert_eq!(denied_code(&record), "action_failed", "{wrong}");
        assert_eq!(asked(&record), "[]", "{wrong}");
    }
}
