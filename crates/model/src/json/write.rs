//! The canonical text of values: keys sorted, no insignificant white space.

use serde::Serialize;
use serde_json::Value;

/// Writes the canonical text: the keys of objects in order, whether or not a crate of the build made serde_json keep insertion
/// order.
pub(super) fn write(value: &Value, to: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            to.push(b'[');
            for (at, item) in items.iter().enumerate() {
                separate(at, to);
                write(item, to);
            }
            to.push(b']');
        }
        Value::Object(members) => {
            to.push(b'{');
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            if !members.is_sorted_by_key(|(key, _)| *key) {
                members.sort_by_key(|(key, _)| *key);
            }
            for (at, (key, value)) in members.into_iter().enumerate() {
                separate(at, to);
                scalar(key, to);
                to.push(b':');
                write(value, to);
            }
            to.push(b'}');
        }
        other => scalar(other, to),
    }
}

pub(super) fn separate(at: usize, to: &mut Vec<u8>) {
    if at > 0 {
        to.push(b',');
    }
}

/// Writing into memory does not fail.
pub(super) fn scalar<T: Serialize + ?Sized>(value: &T, to: &mut Vec<u8>) {
    let _ = serde_json::to_writer(to, value);
}
