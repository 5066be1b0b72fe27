//! Reports of played stories for other programs: JUnit XML, TAP and JSON.

mod describe;
mod json;
mod junit;
mod tap;

pub use describe::{failure_lines, is_runtime_frame, location};
pub use json::json;
pub use junit::junit;
pub use tap::tap;
