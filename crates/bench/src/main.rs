//! Measures what a login costs beside the physical limit.
fn main() {}
