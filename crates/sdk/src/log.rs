//! The action's log.

use crate::backend::Backend;
pub use crate::records::Level;

/// The interface `log`. A run keeps 100 lines and 65,536 bytes.
#[derive(Clone, Copy)]
pub struct Log<'a> {
    pub(crate) host: &'a Backend,
}

impl Log<'_> {
    /// Adds a line with fields. Never put a secret or a token into it.
    pub fn write(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        self.host.log(level, message, fields);
    }

    /// Adds a line for the plugin's author.
    pub fn debug(&self, message: impl AsRef<str>) {
        self.write(Level::Debug, message.as_ref(), &[]);
    }

    /// Adds a line that says what happened.
    pub fn info(&self, message: impl AsRef<str>) {
        self.write(Level::Info, message.as_ref(), &[]);
    }

    /// Adds a line that the operator may want to look at.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.write(Level::Warn, message.as_ref(), &[]);
    }

    /// Adds a line that the operator should look at.
    pub fn error(&self, message: impl AsRef<str>) {
        self.write(Level::Error, message.as_ref(), &[]);
    }
}
