//! Templates in what a story writes: `${path}` stands for a value of the answer before, and `{ jwt = {..} }` for a signed token.

use crate::partner::{Alg, PartnerKey, TokenProfile};
use serde_json::{Map, Value};

/// What templates may name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    /// The answer before; null where there is none.
    pub(super) answer: &'a Value,
    /// The clock, in seconds since 1970.
    pub(super) now: u64,
}

/// Fills the templates of a value in.
pub(super) fn fill(value: &Value, values: Values<'_>) -> Result<Value, String> {
    match value {
        Value::String(text) => fill_text(text, values),
        Value::Array(elements) => elements.iter().map(|element| fill(element, values)).collect(),
        Value::Object(members) if is_jwt(members) => {
            let claims = fill(members.get("jwt").unwrap_or(&Value::Null), values)?;
            issuer().sign(&claims).map(Value::String)
        }
        Value::Object(members) => {
            let filled = members.iter().map(|(name, member)| Ok((name.clone(), fill(member, values)?)));
            filled.collect::<Result<Map<_, _>, String>>().map(Value::Object)
        }
        other => Ok(other.clone()),
    }
}

fn is_jwt(members: &Map<String, Value>) -> bool {
    members.len() == 1 && members.get("jwt").is_some_and(Value::is_object)
}

/// Who signs the tokens of `{ jwt = {..} }`. Its public keys are `${jwks}`.
fn issuer() -> PartnerKey {
    PartnerKey::simulated(TokenProfile::Auth0, "", Alg::Es256)
}

fn fill_text(text: &str, values: Values<'_>) -> Result<Value, String> {
    // A text that is one template has its type: a number stays one.
    if let Some(path) =
        text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|path| !path.contains("${"))
    {
        return look_up(path, values);
    }
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (path, after) = after.split_once('}').ok_or_else(|| format!("`{text}` has a `${{` without its `}}`"))?;
        filled.push_str(before);
        match look_up(path, values)? {
            Value::String(text) => filled.push_str(&text),
            other => filled.push_str(&other.to_string()),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(Value::String(filled))
}

fn look_up(path: &str, values: Values<'_>) -> Result<Value, String> {
    match path {
        "now" => return Ok(values.now.into()),
        "jwks" => return serde_json::from_str(&issuer().configured()).map_err(|why| why.to_string()),
        _ => {}
    }
    let mut at = Some(values.answer);
    for name in path.split('.') {
        at = at.and_then(|value| match value {
            Value::Array(elements) => elements.get(name.parse::<usize>().ok()?),
            other => other.get(name),
        });
    }
    at.cloned().ok_or_else(|| format!("`${{{path}}}`: the answer of the step before has no `{path}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_is_a_value_of_the_answer_before() {
        let answer = json!({ "redirect": { "query": { "nonce": "n", "state": "s" } }, "fuel": 7, "amr": ["pwd"] });
        let values = Values { answer: &answer, now: 1000 };
        let filled = |value: Value| fill(&value, values);
        assert_eq!(
            filled(json!({ "a": ["${redirect.query.nonce}-${now}", "${fuel}", "${amr.0}"] })),
            Ok(json!({ "a": ["n-1000", 7, "pwd"] }))
        );
        assert_eq!(filled(json!("plain $ {text}")), Ok(json!("plain $ {text}")));
        assert!(filled(json!("${redirect.none}")).unwrap_err().contains("has no `redirect.none`"));
        assert!(filled(json!("x ${now")).unwrap_err().contains("without its"));
    }

    #[test]
    fn a_jwt_is_signed_with_its_claims_filled_in() {
        let values = Values { answer: &Value::Null, now: 5 };
        let token = fill(&json!({ "id_token": { "jwt": { "exp": "${now}" } } }), values).unwrap();
        assert_eq!(token["id_token"].as_str().unwrap().split('.').count(), 3);
        assert_eq!(fill(&json!("${jwks}"), values).unwrap()["keys"].as_array().unwrap().len(), 1);
    }
}
