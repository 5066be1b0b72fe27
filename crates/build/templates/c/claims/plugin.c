// Claims: the ID token says of which domain the user's email address is.

#include "postlude.h"

postlude_answer postlude_on_login(void) {
    postlude_string claim, email = {0};
    if (!postlude_json_text(postlude_login_settings(), "/claim", &claim)) {
        return postlude_fail(POSTLUDE("the settings are not those of the manifest"));
    }
    postlude_event_text("/user/email", &email);
    size_t at = email.len;
    while (at > 0 && email.ptr[at - 1] != '@') at--;
    if (at > 0) {
        postlude_string domain = {email.ptr + at, email.len - at};
        for (size_t i = 0; i < domain.len; i++) {
            if (domain.ptr[i] >= 'A' && domain.ptr[i] <= 'Z') domain.ptr[i] |= 0x20;
        }
        postlude_error why;
        if (!postlude_claims_set_id_token(claim, postlude_json_quote(domain), &why)) {
            return postlude_fail(postlude_str(why.code));
        }
    }
    return postlude_continue();
}

// Never asked: this action does not redirect.
postlude_answer postlude_on_continue(void) { return postlude_no_continue(); }
