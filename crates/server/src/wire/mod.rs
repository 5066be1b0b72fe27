//! What crosses the wire: requests, read strictly, and answers.

mod answer;
mod parts;
mod request;
mod session;
mod subject;

pub(crate) use answer::Answer;
pub(crate) use request::{
    BODY_BYTES, ContinueBody, LoginBody, RevokeRequest, RotateRequest, SessionRequest, read, read_with_event,
};
pub(crate) use session::SessionView;
