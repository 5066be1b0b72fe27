//! The subject that a well-formed event names, found in its text without a tree.

use postlude_model::json::Json;
use std::borrow::Cow;

/// `/user/user_id`, `/client/client_id` and, where there is a session, `/session/id`.
pub(super) type SubjectTexts<'a> = (Cow<'a, str>, Cow<'a, str>, Option<Cow<'a, str>>);

/// What an event names; none where something is missing or of another type than usual.
pub(super) fn subject_of(event: &Json) -> Option<SubjectTexts<'_>> {
    let [client, session, user] = event.as_part().members(["client", "session", "user"]);
    let session = session.filter(|session| !session.is_null());
    let session_id = match session {
        Some(session) => Some(session.member("id")?.text()?),
        None => None,
    };
    Some((user?.member("user_id")?.text()?, client?.member("client_id")?.text()?, session_id))
}
