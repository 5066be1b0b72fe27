//! What an identity provider asks a pipeline about.

use crate::named::named_values;

named_values! {
    /// The moment at which an identity provider asks. Each trigger has a pipeline of its own, and the world of that name in
    /// `wit/` says what its plugins import and export.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Trigger {
        /// A user was authenticated, and no token was issued yet.
        PostLogin = "post-login",
    }
}
