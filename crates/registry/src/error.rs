//! Why a plugin was not pushed or pulled.

use postlude_model::names::Digest;
use std::path::PathBuf;

/// Why a plugin was not pushed or pulled.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The text names no location.
    #[error("`{text}` {why}")]
    Location {
        /// The text.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The credentials that are configured cannot be used.
    #[error(
        "what is stored for `{registry}` by `docker login` cannot be used: {why}; `--username` with `--password-stdin` comes before it"
    )]
    Credentials {
        /// The registry.
        registry: String,
        /// What is wrong.
        why: String,
    },
    /// The registry wants to know who asks, or knows and says no.
    #[error(
        "`{registry}` does not let {who} {action} `{repository}`: run `docker login {registry}`, or use `--username` with `--password-stdin`"
    )]
    Unauthorised {
        /// The registry.
        registry: String,
        /// As whom it was asked.
        who: String,
        /// `push to` or `pull from`.
        action: &'static str,
        /// The repository.
        repository: String,
    },
    /// Credentials would go out in the clear.
    #[error("`{registry}` sends to `{realm}` for a token, and credentials do not go there in the clear")]
    InsecureRealm {
        /// The registry.
        registry: String,
        /// Where it sends to.
        realm: String,
    },
    /// There is nothing at the location.
    #[error("there is nothing at `{location}`{hint}")]
    NotFound {
        /// The location.
        location: String,
        /// What else there is.
        hint: String,
    },
    /// The registry cannot be reached, or breaks off.
    #[error("no answer from `{registry}`: {why}")]
    Unreached {
        /// The registry.
        registry: String,
        /// Why.
        why: String,
    },
    /// The registry refuses, or says something that is no answer to the call.
    #[error("`{registry}` was asked to {action}, and answers: {why}")]
    Refused {
        /// The registry.
        registry: String,
        /// What it was asked to do.
        action: &'static str,
        /// Its words.
        why: String,
    },
    /// The content is not what its digest says.
    #[error(
        "`{location}`: the {what} is not what its digest says: {expected} was expected, {actual} came; nothing of it was kept"
    )]
    WrongDigest {
        /// The location.
        location: String,
        /// Which part.
        what: &'static str,
        /// The digest that was asked for.
        expected: String,
        /// The digest of what came.
        actual: String,
    },
    /// Fewer or more bytes than the manifest says.
    #[error("`{location}`: the {what} has {actual} bytes, and its manifest says {expected}; nothing of it was kept")]
    WrongSize {
        /// The location.
        location: String,
        /// Which part.
        what: &'static str,
        /// The bytes that were announced.
        expected: u64,
        /// The bytes that came.
        actual: u64,
    },
    /// More bytes than are ever taken.
    #[error("`{location}`: the {what} has more than {most} bytes ({limit}), and is not taken")]
    TooLarge {
        /// The location.
        location: String,
        /// Which part.
        what: &'static str,
        /// The limit.
        most: u64,
        /// Its name.
        limit: &'static str,
    },
    /// An artifact, and no plugin.
    #[error("`{location}` is no plugin: {why}")]
    NoPlugin {
        /// The location.
        location: String,
        /// What it is instead.
        why: String,
    },
    /// The tag names another artifact already.
    #[error(
        "`{location}` is {present} already, and would become {new}: push under another tag, or move this one with `--move-tag`"
    )]
    TagTaken {
        /// The location.
        location: String,
        /// The manifest that the tag names.
        present: Digest,
        /// The manifest that it would name.
        new: Digest,
    },
    /// A file of an image layout cannot be read or written.
    #[error("`{}`: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The artifact cannot be written as JSON.
    #[error("the artifact cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// Characters of somebody else's words that are repeated.
const WORDS: usize = 300;

/// Somebody else's words, without what a terminal would obey.
pub(crate) fn words(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.trim().chars().take(WORDS).map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}
