// The functions of postlude.h over the generated bindings.

#include "postlude.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// ---- Strings ----

postlude_string postlude_str(const char *text) {
    return (postlude_string){(uint8_t *)text, text ? strlen(text) : 0};
}

bool postlude_equal(postlude_string string, const char *text) {
    return string.len == strlen(text) && memcmp(string.ptr, text, string.len) == 0;
}

postlude_string postlude_concat(const postlude_string *first, ...) {
    va_list parts;
    size_t len = 0;
    va_start(parts, first);
    for (const postlude_string *part = first; part; part = va_arg(parts, const postlude_string *)) len += part->len;
    va_end(parts);
    postlude_string all = {malloc(len + 1), 0};
    if (!all.ptr) abort();
    va_start(parts, first);
    for (const postlude_string *part = first; part; part = va_arg(parts, const postlude_string *)) {
        if (part->len) memcpy(all.ptr + all.len, part->ptr, part->len);
        all.len += part->len;
    }
    va_end(parts);
    return all;
}

postlude_string postlude_json_number(int64_t number) {
    char digits[21], *at = digits + sizeof digits;
    // The most negative number has no positive counterpart.
    uint64_t rest = number < 0 ? (uint64_t)0 - (uint64_t)number : (uint64_t)number;
    do *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0) *--at = '-';
    postlude_string text = {(uint8_t *)at, (size_t)(digits + sizeof digits - at)};
    return postlude_concat(&text, NULL);
}

// ---- Answers ----

postlude_answer postlude_continue(void) {
    return (postlude_answer){.decision = {.tag = POSTLUDE_ACTION_DECISIONS_DECISION_CONTINUE}};
}

postlude_answer postlude_deny(const char *code, const char *message) {
    return (postlude_answer){
        .decision = {.tag = POSTLUDE_ACTION_DECISIONS_DECISION_DENY,
                     .val.deny = {.code = postlude_str(code), .message = postlude_str(message)}}};
}

postlude_answer postlude_fail(postlude_string why) {
    return (postlude_answer){.failed = true,
                             .failure = {.tag = POSTLUDE_ACTION_DECISIONS_FAILURE_OTHER, .val.other = why}};
}

postlude_answer postlude_unavailable(postlude_string why) {
    return (postlude_answer){
        .failed = true, .failure = {.tag = POSTLUDE_ACTION_DECISIONS_FAILURE_UNAVAILABLE, .val.unavailable = why}};
}

postlude_answer postlude_no_continue(void) {
    return postlude_fail(POSTLUDE("this action has no on-continue: it does not redirect"));
}

static postlude_action_decisions_token_request_t token_request(const postlude_redirect_request *to) {
    return (postlude_action_decisions_token_request_t){
        .parameter = to->token.parameter,
        .key = to->token.key,
        .claims = to->token.claims.len ? to->token.claims : POSTLUDE("{}"),
        .ttl_seconds = to->token.ttl_seconds,
    };
}

postlude_answer postlude_redirect(const postlude_redirect_request *to) {
    postlude_answer answer = {.decision.tag = POSTLUDE_ACTION_DECISIONS_DECISION_REDIRECT};
    postlude_action_decisions_redirect_request_t *request = &answer.decision.val.redirect;
    request->url = to->url;
    request->query = (postlude_pairs){(postlude_pair *)to->query, to->query_len};
    request->factor.is_some = to->factor.len > 0;
    request->factor.val = to->factor;
    request->token.is_some = to->token.key.len > 0;
    if (request->token.is_some) request->token.val = token_request(to);
    return answer;
}

static bool answer(postlude_answer answer, post_login_decision_t *decision, post_login_failure_t *failure) {
    if (answer.failed) {
        *failure = answer.failure;
    } else {
        *decision = answer.decision;
    }
    return !answer.failed;
}

bool exports_post_login_on_login(post_login_decision_t *ret, post_login_failure_t *err) {
    return answer(postlude_on_login(), ret, err);
}

bool exports_post_login_on_continue(post_login_decision_t *ret, post_login_failure_t *err) {
    return answer(postlude_on_continue(), ret, err);
}

// The bindings force an object with the component's type to be linked. `postlude build` writes the type itself.
void __component_type_object_force_link_post_login(void) {}

// ---- Errors ----

// The cases of an error variant, in the order of their numbers; a case with a text ends in `:`.
typedef const char *const Cases[];

static Cases VALUE = {"other:", "invalid-json:", "too-large", "not-granted"};
static Cases TOKEN = {"other:", "not-applicable", "missing", "invalid:", "unknown-key", "invalid-claims:"};
static Cases EVENT = {"other:", "invalid-pointer", "not-granted"};
static Cases FACTOR = {"other:", "not-declared", "not-in-on-login", "not-proved", "invalid-evidence:"};
static Cases CLAIM = {"other:", "reserved", "not-granted", "invalid-json:", "too-large"};
static Cases CACHE = {"other:", "not-available", "invalid-json:", "too-large"};
static Cases SECRET = {"other:", "not-granted"};
static Cases KEY = {"other:", "not-available", "not-granted", "invalid:"};
static Cases HTTP = {"other:", "not-available", "not-granted", "invalid-request:", "timeout", "too-large"};

static void explain(postlude_error *why, Cases cases, uint8_t tag, postlude_string text) {
    if (!why) return;
    postlude_string name = postlude_str(cases[tag]);
    bool has_text = name.ptr[name.len - 1] == ':';
    if (has_text) {
        char *code = malloc(name.len);
        if (!code) abort();
        memcpy(code, name.ptr, name.len - 1);
        code[name.len - 1] = 0;
        *why = (postlude_error){code, text};
    } else {
        *why = (postlude_error){cases[tag], {NULL, 0}};
    }
}

// Calls a function whose last argument is its error, and says why where it fails. All variants have their text in the same place.
#define TRY(cases, error_type, call)                        \
    do {                                                    \
        error_type error;                                   \
        bool done = call;                                   \
        if (!done) explain(why, cases, error.tag, error.val.other); \
        return done;                                        \
    } while (0)

#define RETURN_STRING(call)  \
    do {                     \
        postlude_string ret; \
        call(&ret);          \
        return ret;          \
    } while (0)

static postlude_string *unless_empty(postlude_string *value) { return value->len ? value : NULL; }

// ---- The interfaces ----

postlude_string postlude_login_id(void) { RETURN_STRING(postlude_action_login_id); }
postlude_string postlude_login_run_id(void) { RETURN_STRING(postlude_action_login_run_id); }
postlude_string postlude_login_mode(void) { RETURN_STRING(postlude_action_login_mode); }
bool postlude_login_can_redirect(void) { return postlude_action_login_can_redirect(); }
postlude_string postlude_login_settings(void) { RETURN_STRING(postlude_action_login_settings); }

bool postlude_login_get_metadata(postlude_string key, postlude_string *value) {
    return postlude_action_login_get_metadata(&key, value);
}

bool postlude_login_set_metadata(postlude_string key, postlude_string value, postlude_error *why) {
    TRY(VALUE, postlude_action_types_value_error_t,
        postlude_action_login_set_metadata(&key, unless_empty(&value), &error));
}

bool postlude_event_get(const char *pointer, postlude_string *value, postlude_error *why) {
    postlude_string where = postlude_str(pointer);
    postlude_action_event_option_json_t ret = {0};
    postlude_action_event_event_error_t error;
    if (!postlude_action_event_get(&where, &ret, &error)) {
        explain(why, EVENT, error.tag, error.val.other);
        return false;
    }
    *value = ret.is_some ? ret.val : (postlude_string){NULL, 0};
    return true;
}

bool postlude_event_text(const char *pointer, postlude_string *text) {
    postlude_string value;
    return postlude_event_get(pointer, &value, NULL) && postlude_json_text(value, "", text);
}

bool postlude_event_bool(const char *pointer, bool *value) {
    postlude_string found;
    return postlude_event_get(pointer, &found, NULL) && postlude_json_bool(found, "", value);
}

bool postlude_pairs_get(postlude_pairs pairs, const char *name, postlude_string *value) {
    for (size_t i = 0; i < pairs.len; i++) {
        if (postlude_equal(pairs.ptr[i].f0, name)) {
            *value = pairs.ptr[i].f1;
            return true;
        }
    }
    return false;
}

postlude_string postlude_reply_method(void) { RETURN_STRING(postlude_action_reply_method); }

postlude_pairs postlude_reply_query(void) {
    postlude_pairs ret;
    postlude_action_reply_query(&ret);
    return ret;
}

postlude_pairs postlude_reply_form(void) {
    postlude_pairs ret;
    postlude_action_reply_form(&ret);
    return ret;
}

bool postlude_reply_token(postlude_string *claims, postlude_error *why) {
    TRY(TOKEN, postlude_action_types_token_error_t, postlude_action_reply_token(claims, &error));
}

bool postlude_reply_stash(postlude_string *value) { return postlude_action_reply_stash(value); }

bool postlude_session_record_factor(postlude_string name, postlude_string evidence, postlude_error *why) {
    TRY(FACTOR, postlude_action_session_factor_error_t,
        postlude_action_session_record_factor(&name, unless_empty(&evidence), &error));
}

postlude_string postlude_session_factors(void) { RETURN_STRING(postlude_action_session_factors); }

bool postlude_session_freshness(postlude_string name, postlude_string *freshness, postlude_error *why) {
    TRY(FACTOR, postlude_action_session_factor_error_t, postlude_action_session_freshness(&name, freshness, &error));
}

bool postlude_session_get_metadata(postlude_string key, postlude_string *value) {
    return postlude_action_session_get_metadata(&key, value);
}

bool postlude_session_set_metadata(postlude_string key, postlude_string value, postlude_error *why) {
    TRY(VALUE, postlude_action_types_value_error_t,
        postlude_action_session_set_metadata(&key, unless_empty(&value), &error));
}

postlude_string postlude_redirect_state(void) { RETURN_STRING(postlude_action_redirect_state); }
postlude_string postlude_redirect_continue_url(void) { RETURN_STRING(postlude_action_redirect_continue_url); }

bool postlude_redirect_encode_token(const postlude_redirect_request *to, postlude_string *token, postlude_error *why) {
    postlude_action_decisions_token_request_t request = token_request(to);
    TRY(TOKEN, postlude_action_types_token_error_t, postlude_action_redirect_encode_token(&request, token, &error));
}

bool postlude_redirect_validate_token(postlude_string key, postlude_string parameter, postlude_string *claims, postlude_error *why) {
    TRY(TOKEN, postlude_action_types_token_error_t,
        postlude_action_redirect_validate_token(&key, &parameter, claims, &error));
}

bool postlude_redirect_stash(postlude_string value, postlude_error *why) {
    TRY(VALUE, postlude_action_types_value_error_t, postlude_action_redirect_stash(&value, &error));
}

bool postlude_claims_set_id_token(postlude_string name, postlude_string value, postlude_error *why) {
    TRY(CLAIM, postlude_action_claims_claim_error_t, postlude_action_claims_set_id_token(&name, &value, &error));
}

bool postlude_claims_set_access_token(postlude_string name, postlude_string value, postlude_error *why) {
    TRY(CLAIM, postlude_action_claims_claim_error_t, postlude_action_claims_set_access_token(&name, &value, &error));
}

bool postlude_claims_add_scope(postlude_string name, postlude_error *why) {
    TRY(CLAIM, postlude_action_claims_claim_error_t, postlude_action_claims_add_scope(&name, &error));
}

bool postlude_claims_remove_scope(postlude_string name, postlude_error *why) {
    TRY(CLAIM, postlude_action_claims_claim_error_t, postlude_action_claims_remove_scope(&name, &error));
}

bool postlude_user_set_app_metadata(postlude_string key, postlude_string value, postlude_error *why) {
    TRY(VALUE, postlude_action_types_value_error_t,
        postlude_action_user_set_app_metadata(&key, unless_empty(&value), &error));
}

bool postlude_user_set_user_metadata(postlude_string key, postlude_string value, postlude_error *why) {
    TRY(VALUE, postlude_action_types_value_error_t,
        postlude_action_user_set_user_metadata(&key, unless_empty(&value), &error));
}

bool postlude_cache_get(postlude_string key, postlude_string *value, postlude_error *why) {
    postlude_action_cache_option_json_t ret = {0};
    postlude_action_cache_cache_error_t error;
    if (!postlude_action_cache_get(&key, &ret, &error)) {
        explain(why, CACHE, error.tag, error.val.other);
        return false;
    }
    *value = ret.is_some ? ret.val : (postlude_string){NULL, 0};
    return true;
}

bool postlude_cache_set(postlude_string key, postlude_string value, uint32_t ttl_seconds, postlude_error *why) {
    TRY(CACHE, postlude_action_cache_cache_error_t, postlude_action_cache_set(&key, &value, ttl_seconds, &error));
}

bool postlude_cache_delete(postlude_string key, postlude_error *why) {
    TRY(CACHE, postlude_action_cache_cache_error_t, postlude_action_cache_delete(&key, &error));
}

bool postlude_secrets_get(postlude_string name, postlude_string *value, postlude_error *why) {
    TRY(SECRET, postlude_action_secrets_secret_error_t, postlude_action_secrets_get(&name, value, &error));
}

bool postlude_keys_hmac(postlude_string key, postlude_bytes data, postlude_bytes *mac, postlude_error *why) {
    TRY(KEY, postlude_action_keys_key_error_t, postlude_action_keys_hmac(&key, &data, mac, &error));
}

bool postlude_keys_sign_jwt(postlude_string key, postlude_string header, postlude_string claims, postlude_string *jwt, postlude_error *why) {
    if (!header.len) header = POSTLUDE("{}");
    TRY(KEY, postlude_action_keys_key_error_t, postlude_action_keys_sign_jwt(&key, &header, &claims, jwt, &error));
}

bool postlude_keys_verify_jwt(postlude_string key, postlude_string jwt, postlude_string *claims, postlude_error *why) {
    TRY(KEY, postlude_action_keys_key_error_t, postlude_action_keys_verify_jwt(&key, &jwt, claims, &error));
}

bool postlude_http_send(const postlude_http_request *request, postlude_http_response *response, postlude_error *why) {
    TRY(HTTP, postlude_action_http_http_error_t,
        postlude_action_http_send((postlude_http_request *)request, response, &error));
}

uint64_t postlude_clock_now(void) { return postlude_action_clock_now(); }

postlude_bytes postlude_random_bytes(uint32_t n) {
    postlude_bytes ret;
    postlude_action_random_bytes(n, &ret);
    return ret;
}

void postlude_log_with(postlude_level level, postlude_string message, const postlude_pair *fields, size_t fields_len) {
    postlude_pairs pairs = {(postlude_pair *)fields, fields_len};
    postlude_action_log_log((postlude_action_log_level_t)level, &message, &pairs);
}

void postlude_log(postlude_level level, postlude_string message) { postlude_log_with(level, message, NULL, 0); }

_Noreturn void postlude_panic(postlude_string message) {
    postlude_action_log_panic(&message);
    abort();
}
