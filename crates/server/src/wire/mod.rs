//! What crosses the wire: requests, read strictly, and the answer, always made from the login record.

mod answer;
mod request;
mod subject;

pub use answer::{
    Answer, AnswerAction, AnswerFactor, AnswerScopes, AnswerSession, AnswerSubject, AnswerUpdates, AnswerWorth,
    end_code,
};
pub use request::{
    BODY_BYTES, ContinueRequest, Event, LoginRequest, RevokeRequest, RotateRequest, SessionRequest, Trigger,
};
pub(crate) use request::{ContinueParts, LoginParts, read, read_with_event};
