// A second factor: send the user to a prompt site, take a signed result back, and record the factor in the session.

#include "postlude.h"

// What the operator sets; the schema in manifest.json says the same.
typedef struct {
    postlude_string prompt_url;
    postlude_string factor;
} Settings;

static bool read_settings(Settings *settings) {
    postlude_string json = postlude_login_settings();
    return postlude_json_text(json, "/prompt_url", &settings->prompt_url) &&
           postlude_json_text(json, "/factor", &settings->factor);
}

postlude_answer postlude_on_login(void) {
    Settings settings;
    if (!read_settings(&settings)) return postlude_fail(POSTLUDE("the settings are not those of the manifest"));
    // Always: the host skips the prompt while the factor's record is fresh. It signs the request token and appends it.
    postlude_redirect_request to = {
        .url = settings.prompt_url,
        .factor = settings.factor,
        .token = {.parameter = POSTLUDE("request"), .key = POSTLUDE("partner"), .ttl_seconds = 600},
    };
    return postlude_redirect(&to);
}

postlude_answer postlude_on_continue(void) {
    Settings settings;
    if (!read_settings(&settings)) return postlude_fail(POSTLUDE("the settings are not those of the manifest"));
    // The host has verified the result's signature, and that it is for this login and this user.
    postlude_string result, verdict, jti, evidence = {0};
    postlude_error why;
    if (!postlude_reply_token(&result, &why)) {
        postlude_string code = postlude_str(why.code);
        postlude_log(POSTLUDE_WARN, postlude_concat(&POSTLUDE("no proof of the factor: "), &code, NULL));
        return postlude_deny("factor_not_proved", "The check could not be confirmed. Please try again.");
    }
    if (!postlude_json_text(result, "/verdict", &verdict)) verdict = POSTLUDE("");
    if (postlude_equal(verdict, "refused")) return postlude_deny("factor_refused", "The check was not passed.");
    if (!postlude_equal(verdict, "ok")) return postlude_unavailable(POSTLUDE("the prompt site gave no verdict"));
    if (postlude_json_text(result, "/jti", &jti)) {
        postlude_string quoted = postlude_json_quote(jti);
        evidence = postlude_concat(&POSTLUDE("{\"jti\":"), &quoted, &POSTLUDE("}"), NULL);
    }
    if (!postlude_session_record_factor(settings.factor, evidence, &why)) return postlude_fail(postlude_str(why.code));
    return postlude_continue();
}
