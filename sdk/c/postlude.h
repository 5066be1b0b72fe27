// Write a Postlude plugin in C: define postlude_on_login and postlude_on_continue.
//
//     #include "postlude.h"
//
//     postlude_answer postlude_on_login(void) {
//         bool verified = false;
//         postlude_event_bool("/user/email_verified", &verified);
//         return verified ? postlude_continue() : postlude_deny("email_not_verified", "Please verify your email address first.");
//     }
//
//     postlude_answer postlude_on_continue(void) { return postlude_no_continue(); }
//
// There is one function for each function of the contract, named like it: `session.record-factor` is
// postlude_session_record_factor. One that may be refused returns false and says why in a postlude_error, unless that is NULL.
// The plugin imports only the functions that its code calls.
//
// Each run is a fresh instance of about a millisecond. Memory is never given back: every string stays valid until the run ends, and
// `free` does nothing. JSON values are text; empty strings stand for absent ones.

#ifndef POSTLUDE_H
#define POSTLUDE_H

#include "bindings/post_login.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Bytes of UTF-8, not ended by a zero.
typedef post_login_string_t postlude_string;

// A string literal as a string.
#define POSTLUDE(literal) ((postlude_string){(uint8_t *)(literal), sizeof(literal) - 1})

// A text that a zero ends, as a string; NULL is the empty string.
postlude_string postlude_str(const char *text);
// Whether a string is this text.
bool postlude_equal(postlude_string string, const char *text);
// Strings in a row, as one. The last argument is NULL: postlude_concat(&a, &b, NULL).
postlude_string postlude_concat(const postlude_string *first, ...);

// ---- What an action answers ----

// A decision, or that none could be made.
typedef struct {
    bool failed;
    post_login_decision_t decision;
    post_login_failure_t failure;
} postlude_answer;

// Asked at each login. The plugin defines it.
postlude_answer postlude_on_login(void);
// Asked when the browser is back from this action's own redirect. The plugin defines it.
postlude_answer postlude_on_continue(void);

// The login may go on. All that this run did is kept.
postlude_answer postlude_continue(void);
// End the login. The code has at most 64 characters a-z 0-9 _, the message, which the user may see, 256 bytes.
postlude_answer postlude_deny(const char *code, const char *message);
// The action could not decide; the operator's policy decides.
postlude_answer postlude_fail(postlude_string why);
// Something that the action needs did not answer; the operator's policy decides.
postlude_answer postlude_unavailable(postlude_string why);
// The answer of an action that never redirects, when it is asked to continue: it fails.
postlude_answer postlude_no_continue(void);

// Name and value.
typedef post_login_tuple2_string_string_t postlude_pair;

// Where to send the browser.
typedef struct {
    // An absolute https URL of a granted origin, at most 2,048 bytes with all that the host appends.
    postlude_string url;
    // Pairs to append to the URL's query.
    const postlude_pair *query;
    size_t query_len;
    // The factor that the prompt is for: while its record is fresh the host skips the prompt. May be empty.
    postlude_string factor;
    // Where `key` is not empty, the host signs a request token and appends it as the query parameter `parameter`.
    struct {
        postlude_string parameter;
        postlude_string key;
        // Claims of the action's own, a JSON object; may be empty.
        postlude_string claims;
        // 1 to 900.
        uint32_t ttl_seconds;
    } token;
} postlude_redirect_request;

// Send the browser to a prompt; it comes back to postlude_on_continue.
postlude_answer postlude_redirect(const postlude_redirect_request *to);

// ---- The host's functions, by interface ----

// Why the host refused.
typedef struct {
    // The case's name in the contract, such as "not-granted".
    const char *code;
    // More about it, for the log; may be empty.
    postlude_string detail;
} postlude_error;

postlude_string postlude_login_id(void);
// The same in a retry of this step: an idempotency key.
postlude_string postlude_login_run_id(void);
// "interactive", "silent", "refresh" or "password".
postlude_string postlude_login_mode(void);
bool postlude_login_can_redirect(void);
// The action's settings, as the operator wrote them: a JSON object.
postlude_string postlude_login_settings(void);
bool postlude_login_get_metadata(postlude_string key, postlude_string *value);
// An empty value removes the key.
bool postlude_login_set_metadata(postlude_string key, postlude_string value, postlude_error *why);

// The event's part at a JSON pointer, as JSON text; empty where the IdP sent nothing there.
bool postlude_event_get(const char *pointer, postlude_string *value, postlude_error *why);
// A string of the event; false where it is absent, no string or not granted.
bool postlude_event_text(const char *pointer, postlude_string *text);
// A boolean of the event; false where it is absent, no boolean or not granted.
bool postlude_event_bool(const char *pointer, bool *value);

typedef postlude_action_types_pairs_t postlude_pairs;
// The value of the first pair of that name.
bool postlude_pairs_get(postlude_pairs pairs, const char *name, postlude_string *value);

// "GET" or "POST"; empty in on-login.
postlude_string postlude_reply_method(void);
postlude_pairs postlude_reply_query(void);
postlude_pairs postlude_reply_form(void);
// The claims of the result token, which the host verified before this run: a JSON object.
bool postlude_reply_token(postlude_string *claims, postlude_error *why);
// What this action put aside with postlude_redirect_stash.
bool postlude_reply_stash(postlude_string *value);

// Records that the user completed the factor now. Evidence is a JSON object for the audit trail, at most 2,048 bytes; may be empty.
bool postlude_session_record_factor(postlude_string name, postlude_string evidence, postlude_error *why);
// The session's records of the factors that this action declares: an array of {"name", "completed_at", "fresh"}.
postlude_string postlude_session_factors(void);
// "fresh", "stale" or "absent".
bool postlude_session_freshness(postlude_string name, postlude_string *freshness, postlude_error *why);
bool postlude_session_get_metadata(postlude_string key, postlude_string *value);
// An empty value removes the key.
bool postlude_session_set_metadata(postlude_string key, postlude_string value, postlude_error *why);

// The state of the suspension that this run would make.
postlude_string postlude_redirect_state(void);
postlude_string postlude_redirect_continue_url(void);
// A request token as text; most actions let the host append it, by postlude_redirect.
bool postlude_redirect_encode_token(const postlude_redirect_request *to, postlude_string *token, postlude_error *why);
bool postlude_redirect_validate_token(postlude_string key, postlude_string parameter, postlude_string *claims, postlude_error *why);
// Puts a JSON value aside for this action's on-continue alone, at most 4,096 bytes.
bool postlude_redirect_stash(postlude_string value, postlude_error *why);

bool postlude_claims_set_id_token(postlude_string name, postlude_string value, postlude_error *why);
bool postlude_claims_set_access_token(postlude_string name, postlude_string value, postlude_error *why);
bool postlude_claims_add_scope(postlude_string name, postlude_error *why);
bool postlude_claims_remove_scope(postlude_string name, postlude_error *why);

// An empty value removes the key.
bool postlude_user_set_app_metadata(postlude_string key, postlude_string value, postlude_error *why);
bool postlude_user_set_user_metadata(postlude_string key, postlude_string value, postlude_error *why);

// The value is empty where the cache has none.
bool postlude_cache_get(postlude_string key, postlude_string *value, postlude_error *why);
// Kept for 1 to 86,400 seconds.
bool postlude_cache_set(postlude_string key, postlude_string value, uint32_t ttl_seconds, postlude_error *why);
bool postlude_cache_delete(postlude_string key, postlude_error *why);

bool postlude_secrets_get(postlude_string name, postlude_string *value, postlude_error *why);

// Bytes of any kind.
typedef post_login_list_u8_t postlude_bytes;
bool postlude_keys_hmac(postlude_string key, postlude_bytes data, postlude_bytes *mac, postlude_error *why);
// The header is a JSON object of extra parameters; may be empty.
bool postlude_keys_sign_jwt(postlude_string key, postlude_string header, postlude_string claims, postlude_string *jwt, postlude_error *why);
bool postlude_keys_verify_jwt(postlude_string key, postlude_string jwt, postlude_string *claims, postlude_error *why);

typedef postlude_action_http_request_t postlude_http_request;
typedef postlude_action_http_response_t postlude_http_response;
// Sends one request, at most 8 in a run.
bool postlude_http_send(const postlude_http_request *request, postlude_http_response *response, postlude_error *why);

// Milliseconds since 1970-01-01T00:00:00Z.
uint64_t postlude_clock_now(void);
postlude_bytes postlude_random_bytes(uint32_t n);

typedef enum { POSTLUDE_DEBUG, POSTLUDE_INFO, POSTLUDE_WARN, POSTLUDE_ERROR } postlude_level;
// Adds a line to the action's log.
void postlude_log(postlude_level level, postlude_string message);
void postlude_log_with(postlude_level level, postlude_string message, const postlude_pair *fields, size_t fields_len);

// Ends the run at once, as a failure that says this.
_Noreturn void postlude_panic(postlude_string message);

// ---- JSON ----

// The part of a JSON text at a JSON pointer (RFC 6901), as JSON text; false where it is absent.
bool postlude_json_get(postlude_string json, const char *pointer, postlude_string *value);
// A string there, decoded; false also where the value is no string.
bool postlude_json_text(postlude_string json, const char *pointer, postlude_string *text);
bool postlude_json_bool(postlude_string json, const char *pointer, bool *value);
// An integer there; false also where it has a fraction or does not fit.
bool postlude_json_int(postlude_string json, const char *pointer, int64_t *value);

// The items of an array: for (items = postlude_json_array(json); postlude_json_next(&items, &value);)
typedef struct {
    postlude_string rest;
} postlude_json_items;
postlude_json_items postlude_json_array(postlude_string json);
bool postlude_json_next(postlude_json_items *items, postlude_string *value);

// A text as a JSON string.
postlude_string postlude_json_quote(postlude_string text);
// An integer as JSON.
postlude_string postlude_json_number(int64_t number);

#ifdef __cplusplus
}
#endif

#endif
