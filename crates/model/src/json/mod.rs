//! JSON values as opaque canonical text, read strictly: no repeated key, no deep nesting.

mod canonical;
mod part;
mod reader;
mod strict;
mod value;
mod write;

pub use canonical::{Text, canonical};
pub use part::JsonPart;
pub use reader::JsonError;
pub use strict::parse_value;
pub use value::Json;
