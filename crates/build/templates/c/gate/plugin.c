// A gate: users with a verified email address of a listed domain are let in, others are not.

#include "postlude.h"

// Domain names compare without regard to case; the settings have them in lower case.
static bool equal_domain(const uint8_t *domain, size_t len, postlude_string listed) {
    if (len != listed.len) return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = domain[i];
        if (c >= 'A' && c <= 'Z') c |= 0x20;
        if (c != listed.ptr[i]) return false;
    }
    return true;
}

static bool is_listed(postlude_string email) {
    size_t at = email.len;
    while (at > 0 && email.ptr[at - 1] != '@') at--;
    if (at == 0) return false;
    postlude_string domains, value, listed;
    if (!postlude_json_get(postlude_login_settings(), "/domains", &domains)) return false;
    for (postlude_json_items items = postlude_json_array(domains); postlude_json_next(&items, &value);) {
        if (postlude_json_text(value, "", &listed) && equal_domain(email.ptr + at, email.len - at, listed)) return true;
    }
    return false;
}

postlude_answer postlude_on_login(void) {
    postlude_string email = {0};
    bool verified = false;
    postlude_event_text("/user/email", &email);
    if (!postlude_event_bool("/user/email_verified", &verified) || !verified) {
        return postlude_deny("email_not_verified", "Please verify your email address first.");
    }
    if (!is_listed(email)) {
        return postlude_deny("domain_refused", "Your email address is not of an accepted domain.");
    }
    return postlude_continue();
}

// Never asked: this action does not redirect.
postlude_answer postlude_on_continue(void) { return postlude_no_continue(); }
