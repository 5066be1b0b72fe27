//! The contract's functions as the fake host answers them.

use super::fake::{Fake, Phase, evidence, optional, put, value};
use super::keys;
use super::run::{Command, LogLine};
use crate::decision::TokenRequest;
use crate::error::{
    CacheError, ClaimError, EventError, FactorError, HttpError, KeyError, SecretError, TokenError, ValueError,
};
use crate::host::Host;
use crate::records::Level;
use crate::records::Pairs;
use crate::records::{Request, Response};
use serde_json::Value;

impl Host for Fake {
    fn login_id(&self) -> String {
        "login-1".to_owned()
    }
    fn run_id(&self) -> String {
        "run-1".to_owned()
    }
    fn mode(&self) -> String {
        self.setup.mode.clone()
    }
    fn can_redirect(&self) -> bool {
        self.setup.mode == "interactive"
    }
    fn settings(&self) -> String {
        self.setup.settings.to_string()
    }
    fn login_metadata(&self, key: &str) -> Option<String> {
        Some(self.login_metadata.borrow().get(key)?.to_string())
    }
    fn set_login_metadata(&self, key: &str, text: Option<&str>) -> Result<(), ValueError> {
        let value = optional(text).map_err(ValueError::InvalidJson)?;
        put(&self.login_metadata, key, value.clone());
        self.push(Command::SetLoginMetadata { key: key.to_owned(), value });
        Ok(())
    }
    fn event(&self, pointer: &str) -> Result<Option<String>, EventError> {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(EventError::InvalidPointer);
        }
        if !self.grants.has_event(pointer) {
            return Err(EventError::NotGranted);
        }
        Ok(self.setup.event.pointer(pointer).map(ToString::to_string))
    }
    fn reply_method(&self) -> String {
        if self.phase == Phase::Login { String::new() } else { self.setup.method.clone() }
    }
    fn reply_query(&self) -> Pairs {
        if self.phase == Phase::Login { Vec::new() } else { self.setup.query.clone() }
    }
    fn reply_form(&self) -> Pairs {
        if self.phase == Phase::Login { Vec::new() } else { self.setup.form.clone() }
    }
    fn reply_token(&self) -> Result<String, TokenError> {
        use super::grants::Profile::{External, None};
        if self.phase == Phase::Login || matches!(self.grants.profile(), External | None) {
            return Err(TokenError::NotApplicable);
        }
        self.setup.result.as_ref().map(ToString::to_string).map_err(Clone::clone)
    }
    fn reply_stash(&self) -> Option<String> {
        if self.phase == Phase::Login { None } else { self.setup.stash.as_ref().map(ToString::to_string) }
    }
    fn record_factor(&self, name: &str, text: Option<&str>) -> Result<(), FactorError> {
        self.may_record(name)?;
        self.push(Command::RecordFactor { name: name.to_owned(), evidence: evidence(text)? });
        Ok(())
    }
    fn factors(&self) -> String {
        let declared = self.setup.factors.iter().filter(|factor| self.grants.declares_factor(&factor.name));
        serde_json::json!(declared.collect::<Vec<_>>()).to_string()
    }
    fn freshness(&self, name: &str) -> Result<String, FactorError> {
        if !self.grants.declares_factor(name) {
            return Err(FactorError::NotDeclared);
        }
        let record = self.setup.factors.iter().find(|factor| factor.name == name);
        Ok(record.map_or("absent", |factor| if factor.fresh { "fresh" } else { "stale" }).to_owned())
    }
    fn session_metadata(&self, key: &str) -> Option<String> {
        Some(self.session_metadata.borrow().get(key)?.to_string())
    }
    fn set_session_metadata(&self, key: &str, text: Option<&str>) -> Result<(), ValueError> {
        let value = optional(text).map_err(ValueError::InvalidJson)?;
        put(&self.session_metadata, key, value.clone());
        self.push(Command::SetSessionMetadata { key: key.to_owned(), value });
        Ok(())
    }
    fn redirect_state(&self) -> String {
        "state-1".to_owned()
    }
    fn continue_url(&self) -> String {
        "https://login.example/continue".to_owned()
    }
    fn encode_token(&self, request: &TokenRequest) -> Result<String, TokenError> {
        let known = self.grants.has_token_key(&request.key);
        if known { Ok(format!("request-token.{}", request.claims_text())) } else { Err(TokenError::UnknownKey) }
    }
    fn validate_token(&self, key: &str, _: &str) -> Result<String, TokenError> {
        if self.grants.has_token_key(key) { self.reply_token() } else { Err(TokenError::UnknownKey) }
    }
    fn stash(&self, text: &str) -> Result<(), ValueError> {
        self.push(Command::Stash(value(text).map_err(ValueError::InvalidJson)?));
        Ok(())
    }
    fn set_id_token_claim(&self, name: &str, text: &str) -> Result<(), ClaimError> {
        self.may_set_claim(name)?;
        let value = value(text).map_err(ClaimError::InvalidJson)?;
        self.push(Command::SetIdTokenClaim { name: name.to_owned(), value });
        Ok(())
    }
    fn set_access_token_claim(&self, name: &str, text: &str) -> Result<(), ClaimError> {
        self.may_set_claim(name)?;
        let value = value(text).map_err(ClaimError::InvalidJson)?;
        self.push(Command::SetAccessTokenClaim { name: name.to_owned(), value });
        Ok(())
    }
    fn add_scope(&self, name: &str) -> Result<(), ClaimError> {
        self.may_ask_scope(name)?;
        self.push(Command::AddScope(name.to_owned()));
        Ok(())
    }
    fn remove_scope(&self, name: &str) -> Result<(), ClaimError> {
        self.may_ask_scope(name)?;
        self.push(Command::RemoveScope(name.to_owned()));
        Ok(())
    }
    fn set_app_metadata(&self, key: &str, text: Option<&str>) -> Result<(), ValueError> {
        let value = self.user_metadata("app_metadata", key, text)?;
        self.push(Command::SetAppMetadata { key: key.to_owned(), value });
        Ok(())
    }
    fn set_user_metadata(&self, key: &str, text: Option<&str>) -> Result<(), ValueError> {
        let value = self.user_metadata("user_metadata", key, text)?;
        self.push(Command::SetUserMetadata { key: key.to_owned(), value });
        Ok(())
    }
    fn cache_get(&self, key: &str) -> Result<Option<String>, CacheError> {
        Ok(self.cached(key).map(|value| value.to_string()))
    }
    fn cache_set(&self, key: &str, text: &str, ttl_seconds: u32) -> Result<(), CacheError> {
        let value = value(text).map_err(CacheError::InvalidJson)?;
        self.set_cached(key, value.clone(), ttl_seconds)?;
        self.push(Command::SetCache { key: key.to_owned(), value: Some(value) });
        Ok(())
    }
    fn cache_delete(&self, key: &str) -> Result<(), CacheError> {
        self.cache.borrow_mut().remove(key);
        self.push(Command::SetCache { key: key.to_owned(), value: None });
        Ok(())
    }
    fn secret(&self, name: &str) -> Result<String, SecretError> {
        if !self.grants.has("secrets", name) {
            return Err(SecretError::NotGranted);
        }
        self.setup.secrets.get(name).cloned().ok_or(SecretError::NotGranted)
    }
    fn hmac(&self, key: &str, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.may_use_key(key)?;
        Ok(keys::tag(key, data))
    }
    fn sign_jwt(&self, key: &str, header: &str, claims: &str) -> Result<String, KeyError> {
        self.may_use_key(key)?;
        let object = |text| value(text).ok().filter(Value::is_object);
        match (object(header), object(claims)) {
            (Some(header), Some(claims)) => Ok(keys::with_header(key, &header, &claims)),
            _ => Err(KeyError::Invalid("header and claims are JSON objects".to_owned())),
        }
    }
    fn verify_jwt(&self, key: &str, token: &str) -> Result<String, KeyError> {
        self.may_use_key(key)?;
        Ok(keys::verified(key, token)?.to_string())
    }
    fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.answer(request)
    }
    fn now(&self) -> u64 {
        self.setup.now
    }
    fn random(&self, n: u32) -> Vec<u8> {
        let count = usize::try_from(n).unwrap_or(usize::MAX);
        std::iter::repeat_with(|| self.next_random().to_le_bytes()).flatten().take(count).collect()
    }
    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.log.borrow_mut().push(LogLine { level, message: message.to_owned(), fields });
    }
}
