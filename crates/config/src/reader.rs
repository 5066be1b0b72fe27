//! The reader of the configuration's TOML, for other files that people write: values know their places, every mistake is reported at
//! once with file and line, and an unknown key gets the nearest known one suggested.

pub use super::problem::Log;
pub use super::read::{Section, nearest, shown};
pub use super::tree::{Kind, Node, Table, parse};
pub use super::units::duration;
