//! Claims of the tokens from parts of the event, by settings alone.

use postlude_sdk::{Action, Context, Decision, Failure, Value};
use serde::Deserialize;

/// What the operator sets; the manifest's schema is the contract.
#[derive(Debug, Deserialize)]
struct Settings {
    claims: Vec<Mapping>,
}

/// One claim, and where it comes from.
#[derive(Debug, Deserialize)]
struct Mapping {
    claim: String,
    from: String,
    #[serde(default)]
    token: Token,
    default: Option<Value>,
    transform: Option<Transform>,
}

/// The token that carries a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Token {
    #[default]
    Id,
    Access,
    Both,
}

/// What becomes of the value on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Transform {
    Lower,
    Upper,
    Text,
    Join,
}

/// The plugin.
#[derive(Debug)]
pub struct EnrichClaims;

impl Action for EnrichClaims {
    fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
        let settings: Settings = cx.settings()?;
        for mapping in &settings.claims {
            if let Some(value) = mapping.value(cx)? {
                mapping.set(cx, &value)?;
            }
        }
        Ok(Decision::Continue)
    }
}

postlude_sdk::export!(EnrichClaims);

impl Mapping {
    /// The claim's value; none where the event has none and there is no default, or it has another shape than the transform
    /// takes. A wrong claim is worse than an absent one, and what a user's profile contains must not keep them out.
    fn value(&self, cx: &Context) -> Result<Option<Value>, Failure> {
        let Some(found) = cx.event().get::<Value>(&self.from)?.filter(|value| !value.is_null()) else {
            return Ok(self.default.clone());
        };
        let value = match self.transform {
            None => Some(found),
            Some(transform) => transform.apply(found),
        };
        if value.is_none() {
            cx.log().warn(format!(
                "no claim `{}`: `{}` has a shape that the transform does not take",
                self.claim, self.from
            ));
        }
        Ok(value)
    }

    fn set(&self, cx: &Context, value: &Value) -> Result<(), Failure> {
        if matches!(self.token, Token::Id | Token::Both) {
            cx.claims().set_id_token(&self.claim, value)?;
        }
        if matches!(self.token, Token::Access | Token::Both) {
            cx.claims().set_access_token(&self.claim, value)?;
        }
        Ok(())
    }
}

impl Transform {
    fn apply(self, value: Value) -> Option<Value> {
        match (self, value) {
            (Self::Lower, value) => on_texts(value, &|text| text.to_lowercase()),
            (Self::Upper, value) => on_texts(value, &|text| text.to_uppercase()),
            (Self::Text, value @ Value::String(_)) => Some(value),
            (Self::Text, value @ (Value::Number(_) | Value::Bool(_))) => Some(Value::String(value.to_string())),
            (Self::Join, Value::Array(parts)) => {
                let parts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
                Some(Value::String(parts?.join(" ")))
            }
            (Self::Text | Self::Join, _) => None,
        }
    }
}

/// Changes a string, or each string of an array that has nothing else.
fn on_texts(value: Value, change: &dyn Fn(&str) -> String) -> Option<Value> {
    match value {
        Value::String(text) => Some(Value::String(change(&text))),
        Value::Array(texts) => {
            let changed = texts.iter().map(|text| Some(Value::String(change(text.as_str()?))));
            changed.collect::<Option<Vec<Value>>>().map(Value::Array)
        }
        _ => None,
    }
}
