//! Tokens in messages, decoded so that people can read them. Nobody trusts what is read here: it is shown, not verified.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use serde_json::Value;

/// A JSON Web Token in compact form (RFC 7519).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    /// The parameter that carries it.
    pub(crate) parameter: String,
    /// Its header.
    pub(crate) header: Value,
    /// Its claims.
    pub(crate) claims: Value,
}

impl Token {
    /// The tokens among the parameters of a query.
    pub(crate) fn in_query(query: &str) -> Vec<Self> {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.filter_map(|(name, value)| Self::read(&name, &value)).collect()
    }

    /// The tokens among the fields of a form.
    pub(crate) fn in_fields(fields: &[(String, String)]) -> Vec<Self> {
        fields.iter().filter_map(|(name, value)| Self::read(name, value)).collect()
    }

    fn read(parameter: &str, text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        let decode = |part: &str| -> Option<Value> {
            let value: Value = serde_json::from_slice(&B64.decode(part).ok()?).ok()?;
            value.is_object().then_some(value)
        };
        let token = Self { parameter: parameter.to_owned(), header: decode(header)?, claims: decode(claims)? };
        parts.next().is_none().then_some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_in_a_query_is_decoded_and_other_values_are_left_alone() {
        let token = format!("{}.{}.c2ln", B64.encode(r#"{"alg":"EdDSA"}"#), B64.encode(r#"{"sub":"ana"}"#));
        let found = Token::in_query(&format!("state=a.b.c&request={token}&postlude=xyz"));
        let expected = Token {
            parameter: "request".to_owned(),
            header: json!({ "alg": "EdDSA" }),
            claims: json!({ "sub": "ana" }),
        };
        assert_eq!(found, [expected]);
    }
}
