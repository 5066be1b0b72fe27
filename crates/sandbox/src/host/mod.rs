//! The host functions, one file per WIT interface. They read the run's input and push commands and log lines; `http` alone asks
//! the world, and `keys` where public keys are kept somewhere else.

mod cache;
mod claims;
mod clock;
pub mod event;
mod http;
mod keys;
pub mod log;
mod login;
mod meter;
pub mod random;
mod redirect;
mod reply;
mod secrets;
mod session;
mod user;
mod value;

use crate::state::Run;
use meter::Interface;
use wasmtime::Engine;
use wasmtime::component::Linker;

/// Links the functions of one interface.
type Link = fn(&mut Interface<'_>) -> wasmtime::Result<()>;

/// A linker with every function of the contract.
pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<Run>> {
    let mut linker = Linker::new(engine);
    let interfaces: [(&str, Link); 14] = [
        ("login", login::link),
        ("event", event::link),
        ("reply", reply::link),
        ("session", session::link),
        ("redirect", redirect::link),
        ("claims", claims::link),
        ("user", user::link),
        ("cache", cache::link),
        ("secrets", secrets::link),
        ("keys", keys::link),
        ("http", http::link),
        ("clock", clock::link),
        ("random", random::link),
        ("log", log::link),
    ];
    for (name, link) in interfaces {
        link(&mut Interface::new(linker.instance(&format!("postlude:action/{name}@0.1.0"))?))?;
    }
    Ok(linker)
}
