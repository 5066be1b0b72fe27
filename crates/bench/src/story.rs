//! Logins that were redirected and come back: what a factor's record needs before its last call.

use crate::event;
use crate::load::{Answer, Connection};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use url::Url;

/// A user and the session of the user's browser.
#[derive(Debug, Clone)]
pub(crate) struct UserSession {
    pub(crate) user: String,
    pub(crate) session: String,
}

impl UserSession {
    pub(crate) fn new(prefix: &str, number: usize) -> Self {
        Self { user: format!("{prefix}-user-{number}"), session: format!("{prefix}-session-{number}") }
    }
}

/// The call that completes a suspended login, ready to be sent.
pub(crate) async fn suspended(
    server: &Server,
    connection: &mut Connection,
    user_session: &UserSession,
) -> Result<Vec<u8>> {
    let body = event::login(&user_session.user, Some(&user_session.session));
    let key = format!("prepare-{}", user_session.session);
    let answer = connection.answer(&event::post("/v1/logins", Some(&key), &body)).await?;
    let login: Value = serde_json::from_str(&answer.body)?;
    let location = text(&login, "/location").with_context(|| format!("no redirect: {}", answer.body))?;
    let sealed = come_back(server, connection, &location).await?;
    let body = json!({ "resume_key": text(&login, "/resume_key")?, "reply": sealed,
        "event": event::event(&user_session.user, Some(&user_session.session)) });
    let path = format!("/v1/logins/{}/continue", text(&login, "/login_id")?);
    Ok(event::post(&path, None, &body.to_string()))
}

/// The prompt is passed: the browser brings the partner's result to the continue URL and gets the sealed reply.
async fn come_back(server: &Server, connection: &mut Connection, location: &str) -> Result<String> {
    let url = Url::parse(location)?;
    let state = url.query_pairs().find(|(name, _)| name == "state").context("no state in the location")?.1.into_owned();
    let result = server.partner.result(location, &json!({}));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("state", &state).append_pair("postlude_result", &result);
    let request = format!("GET /acme/continue?{} HTTP/1.1\r\nhost: localhost\r\n\r\n", query.finish());
    let answer = connection.answer(request.as_bytes()).await?;
    ensure!(answer.status == 303, "the browser was not sent on: {} {}", answer.status, answer.body);
    let to = header(&answer, "location").context("no location")?;
    let reply =
        Url::parse(&to)?.query_pairs().find(|(name, _)| name == "postlude").map(|(_, reply)| reply.into_owned());
    reply.context("no reply in the location")
}

/// Gives a session a fresh factor.
pub(crate) async fn complete(server: &Server, connection: &mut Connection, user_session: &UserSession) -> Result<()> {
    let request = suspended(server, connection, user_session).await?;
    let answer = connection.answer(&request).await?;
    ensure!(answer.body.contains("\"continue\""), "the factor was not recorded: {}", answer.body);
    Ok(())
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).with_context(|| format!("no text at `{pointer}` of {value}"))
}

fn header(answer: &Answer, name: &str) -> Option<String> {
    answer.head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
