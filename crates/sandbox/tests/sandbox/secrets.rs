//! What becomes of a run that gives out a secret of its action.

use crate::support::{FACE, continued, input, json, load, run, sandbox, with};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use postlude_model::action::Secret;
use postlude_model::json::Json;
use postlude_model::run::{Ending, Form, RunInput};

/// With characters that each form writes in another way.
const SECRET: &str = "sk/live?4eC39H+q~\"Z\\u";

fn hidden(input: RunInput, settings: Json) -> RunInput {
    with(input, |action| {
        action.secrets = [("api_token".to_owned(), Secret::new(SECRET))].into();
        action.spec.settings = settings;
    })
}

/// The secret in each form that is looked for, beside other text.
fn forms() -> Vec<(Form, String)> {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let all_percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let mut forms = vec![
        (Form::Clear, format!("a{SECRET}b")),
        (Form::Clear, format!(r#"{{"within":{}}}"#, Json::string(SECRET).as_str())),
        (Form::Hex, format!("g{hex}g")),
        (Form::Hex, format!("g{}g", hex.to_uppercase())),
        (Form::Percent, all_percent.clone()),
        (Form::Percent, format!("x=1&y={form}&z")),
        (Form::Percent, all_percent.replace('%', "%25")),
    ];
    for before in ["", "1", "12", "123"] {
        let text = format!("{before}{SECRET}, and more");
        let standard = BASE64_STANDARD.encode(&text);
        forms.push((Form::Percent, standard.replace('+', "%2B").replace('/', "%2f").replace('1', "%31")));
        forms.push((Form::Base64, standard));
        forms.push((Form::Base64, BASE64_URL_SAFE_NO_PAD.encode(&text)));
    }
    // Base64 without a character that is encoded is base64.
    forms.retain(|(form, text)| *form != Form::Percent || text.contains('%'));
    forms
}

/// Where a plugin can put a text: `TEXT` is its address and length. A JSON text is what these texts are.
fn channels() -> Vec<(&'static str, String)> {
    let out = "(global.get $out)";
    let call = |function: &str| format!("(call ${function} {out}) (call $continue)");
    vec![
        ("the URL of the redirect", "(call $redirect TEXT)".to_owned()),
        ("the code of the denial", "(call $deny TEXT «m»)".to_owned()),
        ("the message of the denial", "(call $deny «no» TEXT)".to_owned()),
        (
            "claim `https://acme.example/claim` of the ID token",
            call("claims.set-id-token «https://acme.example/claim» TEXT"),
        ),
        (
            "claim `https://acme.example/claim` of the access token",
            call("claims.set-access-token «https://acme.example/claim» TEXT"),
        ),
        ("value `k` of the login's metadata", call("login.set-metadata «k» (i32.const 1) TEXT")),
        ("value `k` of the session's metadata", call("session.set-metadata «k» (i32.const 1) TEXT")),
        ("the name of a value of the session's metadata", call("session.set-metadata TEXT (i32.const 1) «1»")),
        ("value `plan` of the app metadata", call("user.set-app-metadata «plan» (i32.const 1) TEXT")),
        ("value `color` of the user metadata", call("user.set-user-metadata «color» (i32.const 1) TEXT")),
        ("what the action put aside", call("redirect.stash TEXT")),
        ("value `k` of the cache", call("cache.set «k» TEXT (i32.const 60)")),
    ]
}

/// What the settings say, as address and length.
const SETTINGS: &str = "(i32.load (global.get $out)) (i32.load offset=4 (global.get $out))";

/// P35: through no door that a run has, in no form that is looked for.
#[tokio::test]
async fn a_secret_leaves_through_no_door_in_no_usual_form() {
    for (place, body) in channels() {
        let body = body.replace("TEXT", SETTINGS);
        let text = format!("(func (export \"on-login\") (result i32) (call $login.settings (global.get $out)) {body})");
        let plugin = load(&text);
        for (form, text) in forms() {
            let report = sandbox().run(&plugin, hidden(input(), Json::string(&text))).await;
            let Ending::Leaked(leak) = &report.ending else { panic!("{place}: `{text}` passed: {report:?}") };
            assert_eq!((leak.secret.as_str(), leak.place.as_str()), ("api_token", place), "{text}");
            assert_eq!(leak.form, form, "{place}: {text}");
            assert!(report.commands.is_empty(), "no effect stays: {report:?}");
        }
        let other = sandbox().run(&plugin, hidden(input(), Json::string("nothing"))).await;
        assert!(matches!(other.ending, Ending::Decided(_)), "{place}: {other:?}");
    }
}

/// P35: evidence is an object, and a continue is what records.
#[tokio::test]
async fn a_secret_in_evidence_records_nothing() {
    let text = format!(
        "(func (export \"on-continue\") (result i32) (call $login.settings (global.get $out))
           (call $session.record-factor «{FACE}» (i32.const 1) {SETTINGS} (global.get $out)) (call $continue))"
    );
    let plugin = load(&text);
    for (form, text) in forms() {
        let evidence = Json::from_value(&serde_json::json!({ "deep": [{ "in": text }] }));
        let report = sandbox().run(&plugin, hidden(continued(), evidence)).await;
        let Ending::Leaked(leak) = &report.ending else { panic!("`{text}` passed: {report:?}") };
        assert_eq!((leak.place.as_str(), leak.form), (&*format!("the evidence of factor `{FACE}`"), form), "{text}");
        assert!(report.commands.is_empty());
    }
}

const GET: &str = "(call $secrets.get «api_token» (global.get $out))";
const SECRET_TEXT: &str = "(i32.load offset=4 (global.get $out)) (i32.load offset=8 (global.get $out))";

/// P35: a log line has a mark in the secret's place, and is no reason to stop a login.
#[tokio::test]
async fn log_lines_and_failures_have_a_mark_instead() {
    let text = format!("(func (export \"on-login\") (result i32) {GET} (call $say {SECRET_TEXT}) (call $continue))");
    let report = run(&text, hidden(input(), json("{}"))).await;
    assert!(matches!(report.ending, Ending::Decided(_)), "{report:?}");
    assert_eq!(report.log.lines[0].message, "[secret api_token]");

    let said = "(func (export \"on-login\") (result i32) (call $login.settings (global.get $out))
        (call $say (i32.load (global.get $out)) (i32.load offset=4 (global.get $out))) (call $continue))";
    let plugin = load(said);
    for (form, text) in forms() {
        let report = sandbox().run(&plugin, hidden(input(), Json::string(&text))).await;
        let message = &report.log.lines[0].message;
        if form == Form::Clear && !text.contains("within") {
            assert_eq!(*message, "\"a[secret api_token]b\"");
        } else {
            assert_eq!(*message, format!("[left out: the secret api_token stands here, {form}]"), "{text}");
        }
    }

    for failing in ["fail", "unavailable"] {
        let text = format!("(func (export \"on-login\") (result i32) {GET} (call ${failing} {SECRET_TEXT}))");
        let report = run(&text, hidden(input(), json("{}"))).await;
        let why = format!("{:?}", report.ending);
        assert!(why.contains("[secret api_token]") && !why.contains("4eC39H"), "{why}");
    }
}

/// A word is no secret: what is shorter than eight bytes would be found everywhere.
#[tokio::test]
async fn short_secrets_are_not_looked_for() {
    for (secret, leaks) in [("1234567", false), ("12345678", true)] {
        let text = format!("(func (export \"on-login\") (result i32) {GET} (call $deny «no» {SECRET_TEXT}))");
        let input = with(input(), |action| action.secrets = [("api_token".to_owned(), Secret::new(secret))].into());
        let report = run(&text, input).await;
        assert_eq!(matches!(report.ending, Ending::Leaked(_)), leaks, "{report:?}");
    }
}
