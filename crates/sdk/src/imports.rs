//! The component's imports behind the SDK's types. Only on wasm32.
//!
//! The methods are those of [`crate::Host`], but inherent: what no plugin calls, the linker drops, and with it the import.

use crate::bindings::postlude::action as wit;
use crate::decision::TokenRequest;
use crate::error::{
    CacheError, ClaimError, EventError, FactorError, HttpError, KeyError, SecretError, TokenError, ValueError,
};
use crate::records::Level;
use crate::records::Pairs;
use crate::records::{Request, Response};

/// The imports of the component.
pub struct Imports;

macro_rules! forward {
    ($(fn $name:ident($($arg:ident: $kind:ty),*) $(-> $answer:ty)? = $($path:ident)::+;)*) => {
        impl Imports {$(
            pub fn $name(&self, $($arg: $kind),*) $(-> $answer)? {
                wit::$($path)::+($($arg),*)
            }
        )*}
    };
    ($(try fn $name:ident($($arg:ident: $kind:ty),*) -> $answer:ty = $($path:ident)::+;)*) => {
        impl Imports {$(
            pub fn $name(&self, $($arg: $kind),*) -> $answer {
                wit::$($path)::+($($arg),*).map_err(Into::into)
            }
        )*}
    };
}

forward! {
    fn login_id() -> String = login::id;
    fn run_id() -> String = login::run_id;
    fn mode() -> String = login::mode;
    fn can_redirect() -> bool = login::can_redirect;
    fn settings() -> String = login::settings;
    fn login_metadata(key: &str) -> Option<String> = login::get_metadata;
    fn reply_method() -> String = reply::method;
    fn reply_query() -> Pairs = reply::query;
    fn reply_form() -> Pairs = reply::form;
    fn reply_stash() -> Option<String> = reply::stash;
    fn factors() -> String = session::factors;
    fn session_metadata(key: &str) -> Option<String> = session::get_metadata;
    fn redirect_state() -> String = redirect::state;
    fn continue_url() -> String = redirect::continue_url;
    fn now() -> u64 = clock::now;
    fn random(n: u32) -> Vec<u8> = random::bytes;
}

forward! {
    try fn set_login_metadata(key: &str, value: Option<&str>) -> Result<(), ValueError> = login::set_metadata;
    try fn event(pointer: &str) -> Result<Option<String>, EventError> = event::get;
    try fn reply_token() -> Result<String, TokenError> = reply::token;
    try fn record_factor(name: &str, evidence: Option<&str>) -> Result<(), FactorError> = session::record_factor;
    try fn freshness(name: &str) -> Result<String, FactorError> = session::freshness;
    try fn set_session_metadata(key: &str, value: Option<&str>) -> Result<(), ValueError> = session::set_metadata;
    try fn validate_token(key: &str, parameter: &str) -> Result<String, TokenError> = redirect::validate_token;
    try fn stash(value: &str) -> Result<(), ValueError> = redirect::stash;
    try fn set_id_token_claim(name: &str, value: &str) -> Result<(), ClaimError> = claims::set_id_token;
    try fn set_access_token_claim(name: &str, value: &str) -> Result<(), ClaimError> = claims::set_access_token;
    try fn add_scope(name: &str) -> Result<(), ClaimError> = claims::add_scope;
    try fn remove_scope(name: &str) -> Result<(), ClaimError> = claims::remove_scope;
    try fn set_app_metadata(key: &str, value: Option<&str>) -> Result<(), ValueError> = user::set_app_metadata;
    try fn set_user_metadata(key: &str, value: Option<&str>) -> Result<(), ValueError> = user::set_user_metadata;
    try fn cache_get(key: &str) -> Result<Option<String>, CacheError> = cache::get;
    try fn cache_set(key: &str, value: &str, ttl_seconds: u32) -> Result<(), CacheError> = cache::set;
    try fn cache_delete(key: &str) -> Result<(), CacheError> = cache::delete;
    try fn secret(name: &str) -> Result<String, SecretError> = secrets::get;
    try fn hmac(key: &str, data: &[u8]) -> Result<Vec<u8>, KeyError> = keys::hmac;
    try fn sign_jwt(key: &str, header: &str, claims: &str) -> Result<String, KeyError> = keys::sign_jwt;
    try fn verify_jwt(key: &str, token: &str) -> Result<String, KeyError> = keys::verify_jwt;
}

impl Imports {
    pub fn encode_token(&self, request: &TokenRequest) -> Result<String, TokenError> {
        wit::redirect::encode_token(&request.clone().into()).map_err(Into::into)
    }

    pub fn send(&self, request: Request) -> Result<Response, HttpError> {
        let Request { method, url, headers, body } = request;
        let answer = wit::http::send(&wit::http::Request { method, url, headers, body })?;
        Ok(Response { status: answer.status, headers: answer.headers, body: answer.body })
    }

    pub fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let level = match level {
            Level::Debug => wit::log::Level::Debug,
            Level::Info => wit::log::Level::Info,
            Level::Warn => wit::log::Level::Warn,
            Level::Error => wit::log::Level::Error,
        };
        let fields: Pairs = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        wit::log::log(level, message, &fields);
    }

    /// Ends the run; of the panic hook alone, for in Rust a plugin says `panic!`.
    pub fn panic(&self, message: &str) {
        wit::log::panic(message);
    }
}

macro_rules! same_cases {
    ($($from:path => $to:ident { $($unit:ident),* ; $($with:ident),* })*) => {$(
        const _: () = {
            use $from as Wire;
            impl From<Wire> for $to {
                fn from(error: Wire) -> Self {
                    match error {
                        $(Wire::$unit => Self::$unit,)*
                        $(Wire::$with(detail) => Self::$with(detail),)*
                    }
                }
            }
        };
    )*};
}

same_cases! {
    wit::event::EventError => EventError { InvalidPointer, NotGranted; Other }
    wit::types::ValueError => ValueError { NotGranted; Other, InvalidJson, TooLarge }
    wit::types::TokenError => TokenError { NotApplicable, Missing, UnknownKey; Other, Invalid, InvalidClaims }
    wit::session::FactorError => FactorError { NotDeclared, NotInOnLogin, NotProved; Other, InvalidEvidence }
    wit::claims::ClaimError => ClaimError { Reserved, NotGranted; Other, InvalidJson, TooLarge }
    wit::cache::CacheError => CacheError { NotAvailable; Other, InvalidJson, TooLarge }
    wit::secrets::SecretError => SecretError { NotGranted; Other }
    wit::keys::KeyError => KeyError { NotAvailable, NotGranted; Other, Invalid }
    wit::http::HttpError => HttpError { NotAvailable, NotGranted, Timeout, TooLarge; Other, InvalidRequest }
}

impl From<TokenRequest> for wit::decisions::TokenRequest {
    fn from(token: TokenRequest) -> Self {
        let claims = token.claims_text();
        Self { parameter: token.parameter, key: token.key, claims, ttl_seconds: token.ttl_seconds }
    }
}
