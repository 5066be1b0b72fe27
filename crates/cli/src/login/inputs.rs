//! What the options of `postlude run` say: JSON from an argument, a file or standard input.

use anyhow::{Context as _, Result, bail};
use postlude_model::action::Secret;
use postlude_model::http::{HttpError, Response};
use postlude_model::json::parse_value;
use postlude_stories::event::sample;
use postlude_stories::partner::{PromptAnswer, PromptKind, ReturnMethod};
use postlude_stories::workbench::ScriptedExchange;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// What goes into a login.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) event: Value,
    /// What the prompt site answers, in order, each with the words that a person reads.
    pub(super) prompts: Vec<(String, PromptAnswer)>,
    pub(super) http: Vec<ScriptedExchange>,
}

impl Inputs {
    /// Reads the options.
    pub(super) fn read(event: Option<&str>, prompts: &[String], http: Option<&str>) -> Result<Self> {
        Ok(Self {
            event: event.map_or_else(|| Ok(sample()), |text| object("--event", text))?,
            prompts: prompts.iter().map(|text| prompt(text)).collect::<Result<_>>()?,
            http: http.map_or_else(|| Ok(Vec::new()), exchanges)?,
        })
    }
}

/// A JSON object from the argument itself, from the file that it names, or from standard input.
pub(super) fn object(option: &str, text: &str) -> Result<Value> {
    let value = value(option, text)?;
    if !value.is_object() {
        bail!("`{option}` must be a JSON object");
    }
    Ok(value)
}

fn value(option: &str, text: &str) -> Result<Value> {
    let cannot = || format!("`{option} {text}` cannot be read");
    let json = match text {
        text if text.trim_start().starts_with(['{', '[']) => text.to_owned(),
        "-" => {
            let mut read = String::new();
            std::io::stdin().read_to_string(&mut read).with_context(cannot)?;
            read
        }
        file => std::fs::read_to_string(Path::new(file)).with_context(cannot)?,
    };
    parse_value(json.as_bytes()).with_context(|| format!("`{option}` is not acceptable JSON"))
}

/// Secrets as `NAME=VALUE`.
pub(crate) fn secrets(pairs: &[String]) -> Result<BTreeMap<String, Secret>> {
    let secret = |pair: &String| {
        let (name, value) = pair.split_once('=').context("`--secret` is NAME=VALUE")?;
        Ok((name.to_owned(), Secret::new(value)))
    };
    pairs.iter().map(secret).collect()
}

/// A prompt's answer, as JSON writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PromptJson {
    verdict: Option<String>,
    claims: Map<String, Value>,
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
    method: Option<String>,
}

fn prompt(text: &str) -> Result<(String, PromptAnswer)> {
    if let Some(kind) = kind(text) {
        return Ok((text.to_owned(), PromptAnswer::of(kind)));
    }
    let names = || PromptKind::ALL.map(|(name, _)| name).join(", ");
    if !text.trim_start().starts_with('{') && !Path::new(text).exists() {
        bail!("`--prompt {text}` is neither an answer nor a file; answers are {}", names());
    }
    let value = object("--prompt", text)?;
    if let Some(member) = ["factor", "stash"].into_iter().find(|member| value.get(member).is_some()) {
        bail!("`--prompt` has `{member}`, which the plugin's own redirect decides; leave it out");
    }
    let json: PromptJson = serde_json::from_value(value).context("`--prompt` is malformed")?;
    let word = json.verdict.as_deref().unwrap_or("missing");
    let kind = kind(word).with_context(|| format!("`--prompt` has the verdict `{word}`; answers are {}", names()))?;
    let method = match json.method.as_deref() {
        None | Some("GET") => ReturnMethod::Get,
        Some("POST") => ReturnMethod::Post,
        Some(method) => bail!("`--prompt` has the method `{method}`; a browser comes back by `GET` or `POST`"),
    };
    let (query, form) = (json.query.into_iter().collect(), json.form.into_iter().collect());
    Ok((word.to_owned(), PromptAnswer { kind, claims: json.claims, query, form, method, browser: None }))
}

fn kind(word: &str) -> Option<PromptKind> {
    PromptKind::ALL.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind)
}

/// An expected request with its answer, as JSON writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeJson {
    request: Value,
    answer: AnswerJson,
    #[serde(default)]
    repeats: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerJson {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    fail: Option<String>,
}

fn exchanges(text: &str) -> Result<Vec<ScriptedExchange>> {
    let all: Vec<ExchangeJson> = serde_json::from_value(value("--http", text)?)
        .context("`--http` is not an array of {\"request\": {..}, \"answer\": {..}}")?;
    all.into_iter().map(exchange).collect()
}

fn exchange(ExchangeJson { request, answer, repeats }: ExchangeJson) -> Result<ScriptedExchange> {
    let answer = match (answer.fail, answer.status) {
        (Some(why), None) => Err(match why.as_str() {
            "timeout" => HttpError::Timeout,
            "too-large" => HttpError::TooLarge,
            _ => HttpError::Other(why),
        }),
        (None, Some(status)) => {
            let body = match answer.body {
                None => Vec::new(),
                Some(Value::String(text)) => text.into_bytes(),
                Some(json) => json.to_string().into_bytes(),
            };
            Ok(Response { status, headers: answer.headers.into_iter().collect(), body })
        }
        _ => bail!("an answer of `--http` has either `status` or `fail`"),
    };
    Ok(ScriptedExchange { request, answer, repeats })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        format!("{:#}", prompt(text).unwrap_err())
    }

    #[test]
    fn a_prompt_is_a_word_or_its_parts() {
        assert_eq!(prompt("refused").unwrap().1.kind, PromptKind::Refused);
        let (word, parts) = prompt(r#"{"verdict":"ok","query":{"k":"v"},"method":"POST"}"#).unwrap();
        assert_eq!((word.as_str(), parts.kind, parts.method), ("ok", PromptKind::Ok, ReturnMethod::Post));
        assert_eq!(parts.query, [("k".to_owned(), "v".to_owned())]);
        assert_eq!(prompt("{}").unwrap().1.kind, PromptKind::Missing, "a browser that comes back with nothing");
    }

    #[test]
    fn a_wrong_prompt_says_what_there_is() {
        assert!(why("yes").contains("answers are ok, refused, error, never"), "{}", why("yes"));
        assert!(why(r#"{"verdict":"fine"}"#).contains("the verdict `fine`; answers are ok"));
        assert!(why(r#"{"stash":{}}"#).contains("`stash`, which the plugin's own redirect decides"));
        assert!(why(r#"{"verdct":"ok"}"#).contains("verdct"));
        assert!(why(r#"{"method":"PUT"}"#).contains("`GET` or `POST`"));
    }

    #[test]
    fn an_answer_is_a_response_or_a_failure() {
        let text = r#"[{"request":{"url":"https://a.example/"},"answer":{"status":200,"body":{"a":1}}},
            {"request":{},"answer":{"fail":"timeout"},"repeats":true}]"#;
        let all = exchanges(text).unwrap();
        assert_eq!(all[0].answer.as_ref().unwrap().body, br#"{"a":1}"#);
        assert_eq!((&all[1].answer, all[1].repeats), (&Err(HttpError::Timeout), true));
        let neither = exchanges(r#"[{"request":{},"answer":{}}]"#).unwrap_err().to_string();
        assert!(neither.contains("either `status` or `fail`"), "{neither}");
    }
}
