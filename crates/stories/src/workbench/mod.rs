//! The workbench: one or several plugins as actions of a pipeline, in a real host, with everything around it simulated. The clock
//! stands still until it is moved, the network answers from a script, and the identity provider, its browsers and the prompt sites
//! are played by the workbench.
//!
//! ```no_run
//! # async fn f(component: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
//! use postlude_stories::partner::{PromptAnswer, PromptKind};
//! use postlude_stories::workbench::{ActionSetup, LoginInput, PluginPool, Workbench, WorkbenchSetup};
//!
//! let pool = PluginPool::new(Default::default())?;
//! let mut action = ActionSetup::new(pool.add(&component).await?);
//! action.settings = serde_json::json!({ "prompt_url": "https://prompt.example/ask" });
//! let mut workbench = Workbench::open(WorkbenchSetup::new(&pool).action(action)).await?;
//! assert_eq!(workbench.login(&LoginInput::default()).await?.outcome(), "redirect");
//! assert_eq!(workbench.prompt(&PromptAnswer::of(PromptKind::Ok)).await?.outcome(), "continue");
//! # Ok(()) }
//! ```

mod answer;
mod browser;
mod clock;
mod error;
mod http;
mod own_config;
mod pool;
mod prompt;
mod refusal;
mod runs;
mod setup;
mod simulation;
mod tenant;
mod written_config;

pub use answer::{ANSWER_MEMBERS, Answer, log_text, run_json};
pub use browser::FIRST_BROWSER;
pub use clock::{BEGINNING, VirtualClock};
pub use error::{ConfigMistake, WorkbenchError};
pub use http::{HttpScript, ScriptedExchange, answer_json, request_json};
pub use pool::{PluginPool, PooledPlugin};
pub use runs::Run;
pub use setup::WorkbenchSetup;
pub use simulation::{LoginInput, WaitingPrompt, Workbench};
pub use written_config::{ActionSetup, ActionSource, GrantedAction};
