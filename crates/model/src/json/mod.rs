//! JSON values as opaque canonical text, read strictly: no repeated key, no deep nesting.

mod apart;
mod canonical;
mod reader;
mod strict;
mod value;
mod write;

pub use apart::parse_apart;
pub use canonical::Text;
pub use reader::JsonError;
pub use strict::parse_value;
pub use value::Json;
