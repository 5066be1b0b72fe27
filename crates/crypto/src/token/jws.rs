//! The compact serialisation of RFC 7515, read strictly: nothing in a header chooses how it is verified.

use super::terms::invalid;
use crate::prim;
use postlude_model::json::{Json, parse_value};
use postlude_model::limits;
use postlude_model::token::TokenError;
use serde_json::{Map, Value};

/// A token in its parts. Nothing in it is believed before its signature is checked.
pub(crate) struct Jws<'a> {
    pub(crate) alg: String,
    pub(super) typ: Option<String>,
    pub(crate) kid: Option<String>,
    /// What the signature covers.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
    payload: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// A result token: its header has nothing but what is needed.
    pub(super) fn read(token: &'a str) -> Result<Self, TokenError> {
        Self::read_with(token, limits::RESULT_TOKEN_BYTES, |_| false)
    }

    /// A token of anyone's. Of its header, members for which `ignored` says so are not looked at.
    pub(crate) fn read_with(token: &'a str, most: usize, ignored: fn(&str) -> bool) -> Result<Self, TokenError> {
        if token.len() > most {
            return Err(invalid(format!("it has more than {most} bytes")));
        }
        let three = || invalid("it is not three non-empty parts");
        let (signed, signature) = token.rsplit_once('.').ok_or_else(three)?;
        let (header, payload) = signed.split_once('.').ok_or_else(three)?;
        if header.is_empty() || payload.is_empty() || signature.is_empty() || payload.contains('.') {
            return Err(three());
        }
        let bytes = |part, name| prim::decode(part).ok_or_else(|| invalid(format!("its {name} is not base64url")));
        let (header, payload) = (bytes(header, "header")?, bytes(payload, "payload")?);
        let (alg, typ, kid) = read_header(&header, ignored)?;
        Ok(Self { alg, typ, kid, signed: signed.as_bytes(), signature: bytes(signature, "signature")?, payload })
    }

    /// The claims; only after the signature has been checked.
    pub(crate) fn claims(&self) -> Result<Map<String, Value>, TokenError> {
        match parse_value(&self.payload) {
            Ok(Value::Object(claims)) => Ok(claims),
            Ok(_) => Err(invalid("its claims are not an object")),
            Err(why) => Err(invalid(format!("its claims are not acceptable: {why}"))),
        }
    }
}

type HeaderParts = (String, Option<String>, Option<String>);

fn read_header(bytes: &[u8], ignored: fn(&str) -> bool) -> Result<HeaderParts, TokenError> {
    let header = match parse_value(bytes) {
        Ok(Value::Object(header)) => header,
        Ok(_) => return Err(invalid("its header is not an object")),
        Err(why) => return Err(invalid(format!("its header is not acceptable: {why}"))),
    };
    let (mut alg, mut typ, mut kid) = (None, None, None);
    for (name, value) in header {
        let slot = match name.as_str() {
            "alg" => &mut alg,
            "typ" => &mut typ,
            "kid" => &mut kid,
            name if ignored(name) => continue,
            // `crit`, `jku`, `jwk`, `x5u`, `x5c`, `b64`, `zip` and whatever else would ask for another way to verify.
            _ => return Err(invalid("its header has a member besides `alg`, `typ` and `kid`")),
        };
        match value {
            Value::String(text) => *slot = Some(text),
            _ => return Err(invalid(format!("`{name}` of its header is not a text"))),
        }
    }
    Ok((alg.ok_or_else(|| invalid("its header has no `alg`"))?, typ, kid))
}

/// The part of a token that is signed.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| prim::encode(Json::from_value(value).as_str());
    format!("{}.{}", part(header), part(claims))
}
