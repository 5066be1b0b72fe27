//! What a prompt site answers: results that are right, and each way in which one can be wrong.

use super::keys::{PartnerKey, TokenProfile};
use super::request::PromptRequest;
use super::token;
use serde_json::{Map, Value, json};

/// What a prompt site does with a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PromptKind {
    /// The user completed the factor.
    #[default]
    Ok,
    /// The user, or the partner, refused.
    Refused,
    /// The partner could not tell.
    Error,
    /// The browser never comes back.
    Never,
    /// The browser comes back without a result token.
    Missing,
    /// The claims of a good result were changed after it was signed.
    Tampered,
    /// A good result that expired an hour ago.
    Expired,
    /// The result of the prompt before, with the state of this one.
    Replayed,
    /// A good result about another user.
    OtherUser,
    /// A good result for another factor.
    OtherFactor,
    /// The request token itself, sent back as the result.
    Reflected,
    /// A result that somebody else signed.
    WrongKey,
    /// A result that says that it is not signed.
    Unsigned,
    /// The reply of the prompt before, whole, a second time.
    Again,
}

impl PromptKind {
    /// Every kind, with its name in a story.
    pub const ALL: [(&'static str, Self); 14] = [
        ("ok", Self::Ok),
        ("refused", Self::Refused),
        ("error", Self::Error),
        ("never", Self::Never),
        ("missing", Self::Missing),
        ("tampered", Self::Tampered),
        ("expired", Self::Expired),
        ("replayed", Self::Replayed),
        ("other-user", Self::OtherUser),
        ("other-factor", Self::OtherFactor),
        ("reflected", Self::Reflected),
        ("wrong-key", Self::WrongKey),
        ("unsigned", Self::Unsigned),
        ("again", Self::Again),
    ];

    /// The name in a story.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("ok", |(name, _)| name)
    }
}

/// How the browser comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReturnMethod {
    /// By a link.
    #[default]
    Get,
    /// By a form.
    Post,
}

/// What a prompt site answers.
#[derive(Debug, Clone, Default)]
pub struct PromptAnswer {
    /// Which answer.
    pub kind: PromptKind,
    /// Claims of the result that replace the usual ones; null removes one.
    pub claims: Map<String, Value>,
    /// More pairs of the query.
    pub query: Vec<(String, String)>,
    /// More fields of the form.
    pub form: Vec<(String, String)>,
    /// How the browser comes back.
    pub method: ReturnMethod,
    /// The browser that brings the answer; none is the one that was sent.
    pub browser: Option<String>,
}

impl PromptAnswer {
    /// An answer of this kind.
    #[must_use]
    pub fn of(kind: PromptKind) -> Self {
        Self { kind, ..Self::default() }
    }
}

/// When and for whom a result is made.
#[derive(Debug, Clone, Copy)]
pub struct ResultContext<'a> {
    /// The user of the login.
    pub user: &'a str,
    /// The factor that the prompt is for.
    pub factor: Option<&'a str>,
    /// `aud` of the result.
    pub audience: &'a str,
    /// The clock, in seconds since 1970.
    pub now: u64,
    /// How many results the site made before.
    pub number: u64,
    /// The result token of the prompt before.
    pub earlier: Option<&'a str>,
}

/// How long a result is good, in seconds.
const LIFETIME: u64 = 300;

impl PromptAnswer {
    /// The result token; none where the answer carries none.
    ///
    /// # Errors
    /// When the answer needs an earlier one that there is not, or the key cannot sign.
    pub fn token(
        &self,
        key: &PartnerKey,
        request: &PromptRequest,
        context: ResultContext<'_>,
    ) -> Result<Option<String>, String> {
        let mut claims = self.good_claims(key, request, context);
        let token = match self.kind {
            PromptKind::Never | PromptKind::Missing | PromptKind::Again => return Ok(None),
            PromptKind::Reflected => {
                request.token.clone().ok_or("the address of the prompt has no token to reflect")?
            }
            PromptKind::Replayed => {
                context.earlier.ok_or("there was no result before that could be replayed")?.to_owned()
            }
            PromptKind::WrongKey => key.stranger().sign(&Value::Object(claims))?,
            PromptKind::Unsigned => key.unsigned(&Value::Object(claims)),
            PromptKind::Tampered => {
                // Whoever changes a refusal into consent has this token.
                claims.insert("verdict".to_owned(), "refused".into());
                let signed = key.sign(&Value::Object(claims))?;
                token::with_other_claims(&signed, |claims| {
                    if let Some(claims) = claims.as_object_mut() {
                        claims.insert("verdict".to_owned(), "ok".into());
                    }
                })
                .ok_or("the result token cannot be taken apart")?
            }
            PromptKind::Ok
            | PromptKind::Refused
            | PromptKind::Error
            | PromptKind::Expired
            | PromptKind::OtherUser
            | PromptKind::OtherFactor => key.sign(&Value::Object(claims))?,
        };
        Ok(Some(token))
    }

    /// The claims, as far as they do not depend on who signs them.
    fn good_claims(&self, key: &PartnerKey, request: &PromptRequest, context: ResultContext<'_>) -> Map<String, Value> {
        let now = if self.kind == PromptKind::Expired { context.now.saturating_sub(3600) } else { context.now };
        let user = if self.kind == PromptKind::OtherUser { "somebody-else" } else { context.user };
        let mut claims = json!({
            "iss": key.issuer, "sub": user, "iat": now, "exp": now.saturating_add(LIFETIME),
            "jti": format!("result-{}", context.number), "state": request.state,
        });
        let verdict = match self.kind {
            PromptKind::Refused => "refused",
            PromptKind::Error => "error",
            _ => "ok",
        };
        let Value::Object(all) = &mut claims else { return Map::new() };
        if key.profile == TokenProfile::Postlude {
            all.insert("aud".to_owned(), context.audience.into());
            let factor = if self.kind == PromptKind::OtherFactor {
                Some("https://other.example/factor")
            } else {
                context.factor
            };
            if let Some(factor) = factor {
                all.insert("factor".to_owned(), factor.into());
            }
        }
        all.insert("verdict".to_owned(), verdict.into());
        for (name, value) in &self.claims {
            if value.is_null() {
                all.remove(name);
            } else {
                all.insert(name.clone(), value.clone());
            }
        }
        std::mem::take(all)
    }
}
