//! The reason of an operator's change.

use crate::error::ApiError;
use postlude_model::limits::REASON_BYTES;

/// Checks a reason: people read it at night.
pub(super) fn check(text: String) -> Result<String, ApiError> {
    if !text.trim().is_empty() && text.len() <= REASON_BYTES && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    let detail = format!("`reason` is 1 to {REASON_BYTES} bytes without control characters");
    Err(ApiError::invalid_request(detail))
}
