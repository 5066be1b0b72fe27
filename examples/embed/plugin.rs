//! Runs a plugin from a Rust program, without Postlude's server: `make plugins && cargo run --example embed`.
#![expect(clippy::print_stdout, reason = "a command's own output")]

use postlude_model::action::Action;
use postlude_model::json::Json;
use postlude_model::names::Timestamp;
use postlude_model::run::RunInput;
use postlude_sandbox::{Sandbox, SandboxConfig};
use std::{error::Error, fs, sync::Arc, time::SystemTime};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once per process: the engine, and each plugin compiled.
    let file = std::env::args().nth(1).unwrap_or_else(|| "plugins/target/postlude/email-domain.wasm".to_owned());
    let sandbox = Sandbox::new(SandboxConfig::default())?;
    let plugin = sandbox.load(&fs::read(&file).map_err(|why| format!("`{file}`: {why}; `make plugins` builds it"))?)?;
    let settings = Json::parse(r#"{ "domains": ["acme.example"] }"#)?;
    let action = Action::granting_all(plugin.manifest(), plugin.digest(), settings).map_err(|e| format!("{e:?}"))?;

    // Once per login: what the action may observe, a fresh instance, and what came of it.
    let event =
        Json::parse(r#"{ "user": { "user_id": "ana", "email": "ana@acme.example", "email_verified": true } }"#)?;
    let now = Timestamp::default().plus(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?);
    let report = sandbox.run(&plugin, RunInput::on_login(Arc::new(action), event, now)).await;
    println!("{:?}  commands: {:?}  fuel: {}", report.ending, report.commands, report.usage.fuel);
    Ok(())
}
