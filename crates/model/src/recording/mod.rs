//! A login saved to be replayed against another build of its plugin: what each run could observe, and what came of it. No secret
//! and no key is in it.
//!
//! ```text
//! (RunInput, Report) --RecordedRun::new--> RecordedRun --Recording::text--> a file
//! a file --Recording::parse--> RecordedRun --replay--> RunInput, whose Report is compared with the recorded one
//! ```

mod outcome;
mod redact;
mod replay;
mod run;

pub use outcome::{command, outcome};
pub use redact::{NotRecorded, stand_in};
pub use replay::{ReplayKeys, replay};
pub use run::RecordedRun;

use crate::names::LoginId;
use serde::{Deserialize, Serialize};

/// A saved login. The file's format has a name and a version of its own; [`Recording::parse`] reads every version up to this one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// [`Recording::FORMAT`].
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The login.
    pub login_id: LoginId,
    /// Its runs, in order.
    pub runs: Vec<RecordedRun>,
}

/// Why a text is not a recording that this build reads.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The text is something else.
    #[error("it is not a login that `postlude explain --save` wrote: {0}")]
    Malformed(String),
    /// A newer build wrote it.
    #[error("it has format version {0}, and this build reads versions up to {newest}; replay it with the build that saved it", newest = Recording::VERSION)]
    Newer(u64),
}

impl Recording {
    /// The name of the format.
    pub const FORMAT: &'static str = "postlude-recording";
    /// The version that is written.
    pub const VERSION: u32 = 1;

    /// A recording of these runs.
    #[must_use]
    pub fn new(login_id: LoginId, runs: Vec<RecordedRun>) -> Self {
        Self { format: Self::FORMAT.to_owned(), version: Self::VERSION, login_id, runs }
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// When the text is something else, or a newer build wrote it.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let malformed = |why: serde_json::Error| RecordingError::Malformed(why.to_string());
        let value: serde_json::Value = serde_json::from_str(text).map_err(malformed)?;
        if value.get("format").and_then(serde_json::Value::as_str) != Some(Self::FORMAT) {
            return Err(RecordingError::Malformed(format!("its `format` is not `{}`", Self::FORMAT)));
        }
        // Before its fields: a newer version may have others.
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version > u64::from(Self::VERSION) => return Err(RecordingError::Newer(version)),
            Some(1..) => {}
            _ => return Err(RecordingError::Malformed("its `version` is not a number from 1".to_owned())),
        }
        serde_json::from_value(value).map_err(malformed)
    }
}
