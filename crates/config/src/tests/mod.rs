//! Tests of the configuration: the documented example, many mistakes at once, and each check at its edge.

mod binding;
mod checks;
mod golden;
mod own_keys;
mod policy;
mod publishers;
mod return_urls;
mod revisions;
mod robust;
mod runs;
mod schema;
mod signing;
mod support;
mod values;
