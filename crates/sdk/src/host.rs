//! The functions of the contract as a trait, for hosts of native tests.

use crate::decision::TokenRequest;
use crate::error::{
    CacheError, ClaimError, EventError, FactorError, HttpError, KeyError, SecretError, TokenError, ValueError,
};
use crate::records::{Level, Pairs, Request, Response};

/// The functions of the contract. JSON values are text here; units and limits are the contract's.
///
/// The methods' names say the interface; errors are those of the contract's functions.
#[expect(clippy::missing_errors_doc, reason = "the errors are those of the functions of the contract")]
pub trait Host {
    /// `login.id`.
    fn login_id(&self) -> String;
    /// `login.run-id`.
    fn run_id(&self) -> String;
    /// `login.mode`.
    fn mode(&self) -> String;
    /// `login.can-redirect`.
    fn can_redirect(&self) -> bool;
    /// `login.settings`.
    fn settings(&self) -> String;
    /// `login.get-metadata`.
    fn login_metadata(&self, key: &str) -> Option<String>;
    /// `login.set-metadata`.
    fn set_login_metadata(&self, key: &str, value: Option<&str>) -> Result<(), ValueError>;
    /// `event.get`.
    fn event(&self, pointer: &str) -> Result<Option<String>, EventError>;
    /// `reply.method`.
    fn reply_method(&self) -> String;
    /// `reply.query`.
    fn reply_query(&self) -> Pairs;
    /// `reply.form`.
    fn reply_form(&self) -> Pairs;
    /// `reply.token`.
    fn reply_token(&self) -> Result<String, TokenError>;
    /// `reply.stash`.
    fn reply_stash(&self) -> Option<String>;
    /// `session.record-factor`.
    fn record_factor(&self, name: &str, evidence: Option<&str>) -> Result<(), FactorError>;
    /// `session.factors`.
    fn factors(&self) -> String;
    /// `session.freshness`.
    fn freshness(&self, name: &str) -> Result<String, FactorError>;
    /// `session.get-metadata`.
    fn session_metadata(&self, key: &str) -> Option<String>;
    /// `session.set-metadata`.
    fn set_session_metadata(&self, key: &str, value: Option<&str>) -> Result<(), ValueError>;
    /// `redirect.state`.
    fn redirect_state(&self) -> String;
    /// `redirect.continue-url`.
    fn continue_url(&self) -> String;
    /// `redirect.encode-token`.
    fn encode_token(&self, request: &TokenRequest) -> Result<String, TokenError>;
    /// `redirect.validate-token`.
    fn validate_token(&self, key: &str, parameter: &str) -> Result<String, TokenError>;
    /// `redirect.stash`.
    fn stash(&self, value: &str) -> Result<(), ValueError>;
    /// `claims.set-id-token`.
    fn set_id_token_claim(&self, name: &str, value: &str) -> Result<(), ClaimError>;
    /// `claims.set-access-token`.
    fn set_access_token_claim(&self, name: &str, value: &str) -> Result<(), ClaimError>;
    /// `claims.add-scope`.
    fn add_scope(&self, name: &str) -> Result<(), ClaimError>;
    /// `claims.remove-scope`.
    fn remove_scope(&self, name: &str) -> Result<(), ClaimError>;
    /// `user.set-app-metadata`.
    fn set_app_metadata(&self, key: &str, value: Option<&str>) -> Result<(), ValueError>;
    /// `user.set-user-metadata`.
    fn set_user_metadata(&self, key: &str, value: Option<&str>) -> Result<(), ValueError>;
    /// `cache.get`.
    fn cache_get(&self, key: &str) -> Result<Option<String>, CacheError>;
    /// `cache.set`.
    fn cache_set(&self, key: &str, value: &str, ttl_seconds: u32) -> Result<(), CacheError>;
    /// `cache.delete`.
    fn cache_delete(&self, key: &str) -> Result<(), CacheError>;
    /// `secrets.get`.
    fn secret(&self, name: &str) -> Result<String, SecretError>;
    /// `keys.hmac`.
    fn hmac(&self, key: &str, data: &[u8]) -> Result<Vec<u8>, KeyError>;
    /// `keys.sign-jwt`.
    fn sign_jwt(&self, key: &str, header: &str, claims: &str) -> Result<String, KeyError>;
    /// `keys.verify-jwt`.
    fn verify_jwt(&self, key: &str, token: &str) -> Result<String, KeyError>;
    /// `http.send`.
    fn send(&self, request: Request) -> Result<Response, HttpError>;
    /// `clock.now`.
    fn now(&self) -> u64;
    /// `random.bytes`.
    fn random(&self, n: u32) -> Vec<u8>;
    /// `log.log`.
    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]);
}
