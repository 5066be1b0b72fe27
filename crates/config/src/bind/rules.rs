//! What the operator may not, or should not, say of an action that declares a factor: nothing may pass for it unnoticed.

use super::site::Site;
use postlude_model::action::{FailureKind, Mode, OnFailure};
use postlude_model::manifest::Declared;

/// Parts of the event that the user, or the user's browser, writes.
const USERS_OWN: [&str; 2] = ["/request", "/user/user_metadata"];

/// Checks the failure policy and the rules against the factors that the plugin declares.
pub(super) fn rules(site: &Site<'_>, declared: &Declared) {
    let Some((factor, _)) = declared.factors.first() else {
        groupless(site);
        return;
    };
    let factor = factor.as_str();
    failure_policy(site, factor);
    modes(site, factor);
    conditions(site, factor);
    if site.action.rules.report_only.value {
        let message = site.says(format_args!("`report_only` with a factor: `{factor}` is not asked for"));
        let hint = "remove `report_only` once its trace shows what you expect";
        site.log.warn(site.action.rules.report_only.at, message, hint);
    }
}

/// A group is satisfied by a factor: an action without one would only deny.
fn groupless(site: &Site<'_>) {
    let Some(group) = &site.action.rules.any_of else { return };
    let message = site.says(format_args!("is in group `{}`, and its plugin declares no factor", group.value));
    site.log.error_hint(group.at, message, "remove `any_of`: only a recorded factor satisfies a group");
}

fn failure_policy(site: &Site<'_>, factor: &str) {
    let policy = &site.action.on_failure;
    if !policy.value.ever_opens() {
        return;
    }
    let what = match policy.value {
        OnFailure::PerKind(_) => {
            let kinds = FailureKind::ALL.into_iter().filter(|kind| policy.value.opens(*kind));
            let kinds: Vec<&str> = kinds.map(FailureKind::as_str).collect();
            format!("`on_failure` has `continue` for {}", kinds.join(", "))
        }
        OnFailure::Deny | OnFailure::Continue => "`on_failure = \"continue\"`".to_owned(),
    };
    let message = site.says(format_args!("{what} with a factor, `{factor}`"));
    let hint = "write `on_failure = \"deny\"`: a failure must not stand for a factor";
    site.log.error_hint(policy.at, message, hint);
}

fn modes(site: &Site<'_>, factor: &str) {
    let absent = Mode::ALL.into_iter().filter(|mode| !site.action.applies_to.contains(mode));
    let absent: Vec<&str> = absent.map(Mode::as_str).collect();
    if !absent.is_empty() {
        let message =
            site.says(format_args!("`applies_to` leaves out {}, where `{factor}` is not asked for", absent.join(", ")));
        let hint = "remove `applies_to`, unless those logins need no factor";
        site.log.warn(site.action.applies_to.at, message, hint);
    }
}

fn conditions(site: &Site<'_>, factor: &str) {
    let when = &site.action.rules.when;
    if when.value.is_empty() {
        return;
    }
    let message = site.says(format_args!("`when` narrows it: where it does not hold, `{factor}` is not asked for"));
    let absent = when.value.iter().any(|clause| clause.any.iter().all(|condition| condition.needs_presence()));
    let hint = if absent {
        "an event without the value passes it over: test for the exception with `not_equals`, `not_in` or \
         `not_contains`, unless those logins need no factor"
    } else {
        "make sure that those logins need no factor"
    };
    site.log.warn(when.at, message, hint);
    for condition in when.value.iter().flat_map(|clause| &clause.any) {
        let below = |own: &str| {
            condition.pointer.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(own) = USERS_OWN.into_iter().find(|own| below(own)) {
            let message = site.says(format_args!("`when` looks at `{}`, which the user writes", condition.pointer));
            let hint = format!("decide on values of the IdP or of your own, not on what lies below `{own}`");
            site.log.warn(when.at, message, hint);
        }
    }
}
