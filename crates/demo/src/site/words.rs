//! The words that a newcomer does not know, each explained where it stands.

/// A word of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Authentication method references.
    Amr,
    /// What a run may spend.
    Fuel,
    /// A plugin's identity.
    Digest,
    /// A recorded method.
    Factor,
    /// How long a run took.
    Time,
}

impl Word {
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Amr => (
                "amr",
                "How the user proved who they are (RFC 8176): `pwd` is the password that the IdP checked, `mfa` was added by Postlude \
                 because the partner's factor counts in this session. The IdP puts the list into the ID token.",
            ),
            Self::Fuel => (
                "fuel",
                "What the plugin's run cost, counted in the instructions that its sandbox executed. A run that spends its limit is stopped, \
                 so that a plugin which never returns harms no other login.",
            ),
            Self::Digest => (
                "digest",
                "The SHA-256 of the plugin's file. A plugin is known by it: one changed byte is another plugin.",
            ),
            Self::Factor => (
                "factor",
                "A check beside the password that the user passed. Postlude records it in the session of this browser, with the time; \
                 another browser of the same user has another session, and is asked again.",
            ),
            Self::Time => (
                "time",
                "How long the run took, in microseconds: a fresh sandbox was made for it, and thrown away after it.",
            ),
        }
    }
}

/// A word with its explanation, which opens on a click, a tap or the Enter key.
pub(crate) fn term(word: Word) -> String {
    let (name, text) = word.texts();
    format!("<details class=\"term\"><summary>{name}</summary><p>{}</p></details>", super::escape(text))
}
