//! Events of logins as patches of the sample event: what none of them had, and what each changes.

use super::observed::{ObservedCall, RecordedStory};
use crate::event::{difference, merge, sample};
use serde_json::{Value, json};

/// What no login of the stories had of the sample event, as a patch.
pub(super) fn absent_parts(stories: &[RecordedStory]) -> Value {
    let calls = stories.iter().flat_map(|story| &story.observed).map(|observed| &observed.call);
    let events = calls.filter_map(|call| match call {
        ObservedCall::Login { event, .. } => Some(removals(&difference(&sample(), event))),
        ObservedCall::Prompt(_) | ObservedCall::Logout => None,
    });
    events.reduce(|all, event| common(&all, &event)).unwrap_or_else(|| json!({}))
}

/// What a patch removes, without what it changes.
fn removals(patch: &Value) -> Value {
    let members = patch.as_object().into_iter().flatten();
    let kept = members.filter_map(|(name, change)| match change {
        Value::Null => Some((name.clone(), Value::Null)),
        Value::Object(_) => Some((name.clone(), removals(change))).filter(|(_, inner)| *inner != json!({})),
        _ => None,
    });
    Value::Object(kept.collect())
}

/// What two patches both remove.
fn common(one: &Value, other: &Value) -> Value {
    let (Value::Object(one), Value::Object(other)) = (one, other) else { return Value::Null };
    let kept = one.iter().filter_map(|(name, inner)| {
        let both = (inner, other.get(name)?);
        match both {
            (Value::Null, Value::Null) => Some((name.clone(), Value::Null)),
            (Value::Object(_), Value::Object(_)) => {
                Some((name.clone(), common(both.0, both.1))).filter(|(_, inner)| *inner != json!({}))
            }
            _ => None,
        }
    });
    Value::Object(kept.collect())
}

/// What a login changes of the event that the story's logins share. It always names its user.
pub(super) fn login_patch(base: &Value, event: &Value) -> Value {
    let mut event = event.clone();
    if let Some(event) = event.as_object_mut() {
        event.remove("session");
    }
    // Times of the sample event fit the clock of a story.
    let sampled = sample().pointer("/authentication/methods/0/timestamp").cloned().unwrap_or_default();
    let methods = event.pointer_mut("/authentication/methods").and_then(Value::as_array_mut);
    for method in methods.into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(time) = method.get_mut("timestamp") {
            time.clone_from(&sampled);
        }
    }
    let mut patch = difference(base, &event);
    if let Some(user) = event.pointer("/user/user_id") {
        merge(&mut patch, &json!({ "user": { "user_id": user } }));
    }
    patch
}
