//! The contract's bindings, generated from `wit/0.1` for the guest's side.
wit_bindgen::generate!({
    path: "wit",
    world: "post-login",
    pub_export_macro: true,
    export_macro_name: "export_guest",
    default_bindings_module: "postlude_sdk::bindings",
});

/// What an export answers.
pub type Answer = Result<postlude::action::decisions::Decision, postlude::action::decisions::Failure>;
