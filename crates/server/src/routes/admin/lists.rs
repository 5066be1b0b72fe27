//! What all lists have in common: their limits, and their cursors.

use crate::error::ApiError;

/// Records to look through in one call: some milliseconds of work, so that no list holds up a login.
pub(super) const SCAN: usize = 1000;

/// Records in one answer.
pub(super) const MOST: usize = 100;

/// Records in an answer to a caller that does not say how many.
const USUAL: usize = 50;

/// How many records a caller wants.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, ApiError> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        other => Err(ApiError::invalid_request(format!("`limit` is {other}; it may be 1 to {MOST}"))),
    }
}

/// The cursor is not one that this list gave.
pub(super) fn not_a_cursor() -> ApiError {
    ApiError::invalid_request("`cursor` is not one of this list; send `next` of the page before, with the same filters")
}
