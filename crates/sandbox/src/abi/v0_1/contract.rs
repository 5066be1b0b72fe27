//! The contract's table: every function that a plugin may import, what its manifest must declare for it, and its price class.
//!
//! The linker, the checks of a plugin's imports and declarations, the meter and the price test read this table, and a test
//! compares it with `wit/0.1`. A new function is a line here and a host function in its interface's file.

use crate::abi::function::contract;
use postlude_model::abi::AbiVersion;

/// The interfaces that have types and no functions.
pub const TYPE_INTERFACES: [&str; 2] = ["decisions", "types"];

contract! { AbiVersion::V0_1;
    // WIT function           kind and host function            needs         price
    login {
        "id"                => func(id),                        Nothing,      Crossing;
        "run-id"            => func(run_id),                    Nothing,      Crossing;
        "mode"              => func(mode),                      Nothing,      Crossing;
        "can-redirect"      => func(can_redirect),              Nothing,      Crossing;
        "settings"          => func(settings),                  Nothing,      Crossing;
        "get-metadata"      => func(get_metadata),              Nothing,      Commands;
        "set-metadata"      => func(set_metadata),              Nothing,      JsonAndCommands;
    }
    event {
        "get"               => func(get),                       Event,        Json;
    }
    reply {
        "method"            => func(method),                    Nothing,      Crossing;
        "query"             => func(query),                     Nothing,      Crossing;
        "form"              => func(form),                      Nothing,      Crossing;
        "token"             => func(token),                     Nothing,      Crossing;
        "stash"             => func(stash),                     Nothing,      Crossing;
    }
    session {
        "record-factor"     => func(record_factor),             Factors,      Json;
        "factors"           => func(factors),                   Nothing,      Crossing;
        "freshness"         => func(freshness),                 Nothing,      Crossing;
        "get-metadata"      => func(get_metadata),              Nothing,      Commands;
        "set-metadata"      => func(set_metadata),              Nothing,      JsonAndCommands;
    }
    redirect {
        "state"             => func(state),                     Nothing,      Crossing;
        "continue-url"      => func(continue_url),              Nothing,      Crossing;
        "encode-token"      => func(encode_token),              Nothing,      Signature;
        "validate-token"    => func(validate_token),            Nothing,      Signature;
        "stash"             => func(stash),                     Nothing,      Json;
    }
    claims {
        "set-id-token"      => func(set_id_token),              Claims,       JsonAndCommands;
        "set-access-token"  => func(set_access_token),          Claims,       JsonAndCommands;
        "add-scope"         => func(add_scope),                 Scopes,       Crossing;
        "remove-scope"      => func(remove_scope),              Scopes,       Crossing;
    }
    user {
        "set-app-metadata"  => func(set_app_metadata),          AppMetadata,  JsonAndCommands;
        "set-user-metadata" => func(set_user_metadata),         UserMetadata, JsonAndCommands;
    }
    cache {
        "get"               => func(get),                       Nothing,      Commands;
        "set"               => func(set),                       Nothing,      JsonAndCommands;
        "delete"            => func(delete),                    Nothing,      Crossing;
    }
    secrets {
        "get"               => func(get),                       Secrets,      Crossing;
    }
    keys {
        "hmac"              => func(hmac),                      Keys,         Hash;
        "sign-jwt"          => func(sign_jwt),                  Keys,         Signature;
        "verify-jwt"        => waiting(verify_jwt, verified),   Keys,         Signature;
    }
    http {
        "send"              => waiting(send, sent),             Hosts,        Request;
    }
    clock {
        "now"               => func(now),                       Nothing,      Crossing;
    }
    random {
        "bytes"             => limited(bytes),                  Nothing,      Crossing;
    }
    log {
        "log"               => procedure(log),                  Nothing,      Log;
        "panic"             => ending(panic),                   Nothing,      Crossing;
    }
}
