//! What `build.rs` put into the program: templates and SDKs, as pairs of a path and bytes.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
