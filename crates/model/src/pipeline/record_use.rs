//! Counts a login as a use of the records of earlier logins that it rests on.

use super::login_draft::LoginDraft;
use crate::action::FactorPolicy;
use crate::limits;
use crate::session::RecordKey;

/// Counts this login as a use of a record, once, where the policy asks for it. A count is durable before the answer;
/// the time of the last use is coarse, and may be lost with the last second.
pub(super) fn use_record(login: &mut LoginDraft<'_>, policy: &FactorPolicy, key: &RecordKey) {
    if key.login_id == login.record.id {
        return;
    }
    if policy.max_uses.is_some() && !login.record.policy_state.used.contains(key) {
        login.record.policy_state.used.push(key.clone());
        login.session.count_use(key);
    }
    if let Some(idle) = policy.max_idle {
        login.session.touch_record(key, login.context.now, idle / limits::IDLE_GRAIN);
    }
}

/// Counts this login as a use of every record that counts for it and was made in an earlier one.
pub(super) fn use_records(login: &mut LoginDraft<'_>) {
    let worth = login.worth();
    let counted = |policy: &&FactorPolicy| policy.max_uses.is_some() || policy.max_idle.is_some();
    let counting =
        worth.policies().filter(counted).filter_map(|policy| Some((policy.clone(), worth.counting(policy)?.key())));
    for (policy, key) in counting.collect::<Vec<_>>() {
        use_record(login, &policy, &key);
    }
}
