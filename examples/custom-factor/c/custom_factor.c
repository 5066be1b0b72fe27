// A second factor on a partner's own prompt site: send the user there with a signed request, take a signed result back, and record
// the factor in the session.

#include "postlude.h"

// What the operator sets; the manifest's schema is the contract.
typedef struct {
    postlude_string prompt_url;
    postlude_string factor;
    postlude_string profile;
    postlude_string claim;
} Settings;

static bool read_settings(Settings *settings) {
    postlude_string json = postlude_login_settings();
    *settings = (Settings){0};
    postlude_json_text(json, "/claim", &settings->claim);
    return postlude_json_text(json, "/prompt_url", &settings->prompt_url) &&
           postlude_json_text(json, "/factor", &settings->factor) &&
           postlude_json_text(json, "/profile", &settings->profile);
}

postlude_answer postlude_on_login(void) {
    Settings settings;
    if (!read_settings(&settings)) return postlude_fail(POSTLUDE("the settings are not those of the manifest"));
    // Always: the host skips the prompt while the record is fresh, and answers `interaction_required` where no browser can be
    // redirected.
    postlude_redirect_request to = {
        .url = settings.prompt_url,
        .factor = settings.factor,
        .token = {.parameter = POSTLUDE("request"), .key = POSTLUDE("partner"), .ttl_seconds = 600},
    };
    return postlude_redirect(&to);
}

static postlude_answer completed(const Settings *settings, postlude_string result) {
    postlude_string jti, evidence = {0};
    if (postlude_json_text(result, "/jti", &jti)) {
        postlude_string quoted = postlude_json_quote(jti);
        evidence = postlude_concat(&POSTLUDE("{\"jti\":"), &quoted, &POSTLUDE("}"), NULL);
    }
    postlude_error why;
    if (!postlude_session_record_factor(settings->factor, evidence, &why)) return postlude_fail(postlude_str(why.code));
    if (settings->claim.len) {
        postlude_string now = postlude_json_number((int64_t)postlude_clock_now());
        if (!postlude_claims_set_id_token(settings->claim, now, &why)) return postlude_fail(postlude_str(why.code));
    }
    return postlude_continue();
}

postlude_answer postlude_on_continue(void) {
    Settings settings;
    if (!read_settings(&settings)) return postlude_fail(POSTLUDE("the settings are not those of the manifest"));
    postlude_string result, verdict;
    postlude_error why;
    if (!postlude_reply_token(&result, &why)) {
        postlude_string code = postlude_str(why.code);
        postlude_log(POSTLUDE_WARN, postlude_concat(&POSTLUDE("no proof of the factor: "), &code, &POSTLUDE(" "), &why.detail, NULL));
        return postlude_deny("factor_not_proved", "The additional check could not be confirmed. Please try again.");
    }
    // A token of profile `auth0` that verified means yes unless its claim `verdict` says no; one that has a verdict which this
    // version does not know means nothing at all.
    postlude_string said;
    bool says_nothing = !postlude_json_get(result, "/verdict", &said);
    if (says_nothing && postlude_equal(settings.profile, "auth0")) return completed(&settings, result);
    if (!postlude_json_text(result, "/verdict", &verdict)) return postlude_fail(POSTLUDE("the result token has no verdict"));
    if (postlude_equal(verdict, "ok")) return completed(&settings, result);
    if (postlude_equal(verdict, "refused")) return postlude_deny("factor_refused", "The additional check was not passed.");
    if (postlude_equal(verdict, "error")) return postlude_unavailable(POSTLUDE("the prompt site reported an error"));
    return postlude_fail(POSTLUDE("the result token has no verdict"));
}
