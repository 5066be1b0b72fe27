//! Version 1 of the stored list of open logins. Frozen: it is never changed, only followed by another version.

use crate::format::stored::DecodeError;
use crate::rules::open_logins;
use postlude_model::names::Timestamp;
use serde::{Deserialize, Serialize};

/// A user's suspended logins, oldest first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OpenLogins<'a>(#[serde(borrow)] Vec<OpenLogin<'a>>);

#[derive(Debug, Serialize, Deserialize)]
struct OpenLogin<'a> {
    id: &'a str,
    deadline: u64,
}

impl<'a> From<&'a [open_logins::OpenLogin]> for OpenLogins<'a> {
    fn from(logins: &'a [open_logins::OpenLogin]) -> Self {
        Self(logins.iter().map(|login| OpenLogin { id: login.id.as_str(), deadline: login.deadline.0 }).collect())
    }
}

impl TryFrom<OpenLogins<'_>> for Vec<open_logins::OpenLogin> {
    type Error = DecodeError;
    fn try_from(stored: OpenLogins<'_>) -> Result<Self, DecodeError> {
        let login = |login: OpenLogin<'_>| {
            Ok(open_logins::OpenLogin { id: login.id.parse()?, deadline: Timestamp(login.deadline) })
        };
        stored.0.into_iter().map(login).collect()
    }
}
