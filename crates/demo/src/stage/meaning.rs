//! What each message means, in a sentence for somebody who sees such a login for the first time.

use crate::journal::{Body, Draft, Party};
use crate::site::idp::{list, text};
use serde_json::Value;

/// The sentence of a message.
pub(super) fn meaning(draft: &Draft) -> String {
    match (draft.from, draft.to) {
        (Party::Browser, Party::Idp) => to_idp(draft),
        (Party::Idp, Party::Postlude) => to_postlude(draft),
        (Party::Postlude, Party::Idp) => from_postlude(draft),
        (Party::Idp, Party::Browser) => from_idp(draft),
        (Party::Browser, Party::Partner) => to_partner(draft),
        (Party::Partner, Party::Browser) => from_partner(draft),
        (Party::Partner, Party::Postlude) => "Which keys does this tenant sign its requests with?".to_owned(),
        (Party::Postlude, Party::Partner) => {
            "These; the request's signature fits, so the question is genuine".to_owned()
        }
        (Party::Browser, _) => "The browser brings the partner's signed result back".to_owned(),
        (Party::Postlude, _) if is_redirect(draft) => {
            "On to your IdP, with the reply sealed: no plugin has run yet, nothing is stored".to_owned()
        }
        (Party::Postlude, _) => page(draft),
        _ => draft.head.clone(),
    }
}

fn to_idp(draft: &Draft) -> String {
    match draft.head.as_str() {
        "POST /login" => {
            format!("{} gives name and password (this demo takes any password)", draft.field("user"))
        }
        "POST /logout" => "Log out".to_owned(),
        "GET /interaction/return" => "Back at the IdP, which finds the login by its own cookie".to_owned(),
        "GET /interaction/prompt" => "The login still waits: once more to the prompt".to_owned(),
        head => head.to_owned(),
    }
}

fn to_postlude(draft: &Draft) -> String {
    if draft.head == "POST /v1/logins" {
        return "The password was right. May this login go on?".to_owned();
    }
    if draft.head.ends_with("/continue") {
        return "The browser is back with this sealed reply; here is the resume key, which no browser ever saw"
            .to_owned();
    }
    if draft.head.ends_with("/sessions/end") {
        return "The session has ended: its factors count no longer".to_owned();
    }
    draft.head.clone()
}

fn from_postlude(draft: &Draft) -> String {
    let why = draft
        .json("/actions")
        .and_then(Value::as_array)
        .and_then(|actions| actions.last())
        .map(|action| text(action, "why"));
    let why = why.unwrap_or_default();
    match draft.text("/outcome") {
        "redirect" => format!("Not yet: send the browser to the partner's prompt ({why})"),
        "continue" => format!("Yes: issue the tokens, with amr {} ({why})", list(draft.json("/amr"))),
        "deny" => format!("No ({why})"),
        "interaction_required" => format!("Only with the user present ({why})"),
        _ => match draft.text("/code") {
            "login_mismatch" => {
                "Refused: this reply belongs to a login in another browser, which stays alive there".to_owned()
            }
            "" if draft.status == Some(200) || draft.status == Some(204) => "Done".to_owned(),
            "" => "No answer: nobody is logged in".to_owned(),
            code => format!("Refused: {code}"),
        },
    }
}

fn from_idp(draft: &Draft) -> String {
    let location = draft.header("location");
    if !is_redirect(draft) {
        return page(draft);
    }
    let sets_session = draft.headers.iter().any(|(name, value)| {
        name == "set-cookie" && value.starts_with("__Host-demo-session=") && !value.contains("Max-Age=0")
    });
    match location {
        "/" if sets_session => "Logged in: here is a session cookie".to_owned(),
        "/" => "On to the front page".to_owned(),
        "/result" => "Not logged in: the IdP gives no session".to_owned(),
        _ => "Please go to the partner first; this cookie finds your login again".to_owned(),
    }
}

fn to_partner(draft: &Draft) -> String {
    match draft.head.as_str() {
        "POST /answer" if draft.field("verdict") == "ok" => "“It's me”".to_owned(),
        "POST /answer" => "“Not me”".to_owned(),
        "GET /follow" => "Follow the link after all".to_owned(),
        "POST /simulator/answer" => format!("The prompt's answer: {}", draft.field("kind")),
        head if head.starts_with("GET ") && !draft.tokens.is_empty() => {
            "The browser brings a request that Postlude signed".to_owned()
        }
        head => head.to_owned(),
    }
}

fn from_partner(draft: &Draft) -> String {
    if is_redirect(draft) {
        return "Thank you: back to Postlude, with a result that the partner signed".to_owned();
    }
    page(draft)
}

fn page(draft: &Draft) -> String {
    match &draft.body {
        Body::Page(title) => format!("A page: {}", title.split(" · ").next().unwrap_or(title)),
        _ => draft.head.clone(),
    }
}

fn is_redirect(draft: &Draft) -> bool {
    draft.status.is_some_and(|status| (300..400).contains(&status))
}
