//! The command line, and the order of the measurements.

use crate::effort::Effort;
use crate::folder::Folder;
use crate::table::{Table, print_line};
use crate::{bare_http, engine_rows, http_rows, peers, processes, scale};
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Measures what a login costs, and prints one table.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    #[command(subcommand)]
    subject: Option<Subject>,
    /// Short rounds, and a smaller installation: does everything work, not how fast it is
    #[arg(long)]
    quick: bool,
    /// Only these parts: engine, http, durable, peers, scale
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Connections of the part http: 1, 16 and 64 unless said
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
    clients: Vec<usize>,
    /// Where the rows are written as JSON
    #[arg(long, default_value = "target/bench/latest.json")]
    json: PathBuf,
    /// The repository, for plugins, peers and the folder of the data
    #[arg(long, default_value = ".")]
    root: PathBuf,
}

/// A subject that runs in a process of its own, beside the load.
#[derive(Debug, Subcommand)]
enum Subject {
    /// A bare axum handler that decodes the same JSON and answers a constant
    BareHttp {
        /// Before each answer, run the action by this
        #[arg(long, requires = "component")]
        run: Option<engine_rows::Subject>,
        /// The component
        component: Option<PathBuf>,
    },
    /// A webhook in Rust: the same action behind axum
    Webhook,
    /// The bare wasmtime loop, once a line comes in; prints how many runs a second it made
    BareLoop {
        /// The component
        component: PathBuf,
        /// For how many milliseconds
        millis: u64,
    },
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        match self.subject {
            Some(Subject::BareHttp { run: Some(subject), component: Some(component) }) => {
                return bare_http::serve(bare_http::running(subject, &component)?);
            }
            Some(Subject::BareHttp { .. }) => return bare_http::serve(bare_http::constant()),
            Some(Subject::Webhook) => return bare_http::serve(bare_http::webhook()),
            Some(Subject::BareLoop { component, millis }) => {
                return processes::serve(&component, Duration::from_millis(millis));
            }
            None => {}
        }
        let effort = if self.quick { Effort::QUICK } else { Effort::FULL };
        let folder = Folder::new(&self.root)?;
        let mut table = Table::default();
        let wanted = |part: &str| self.only.is_empty() || self.only.iter().any(|only| only == part);
        if wanted("engine") {
            engine_rows::measure(&folder, &effort, &mut table)?;
        }
        if wanted("http") {
            http_rows::logins(&folder, &effort, &self.clients, &mut table)?;
        }
        if wanted("durable") {
            http_rows::durable(&folder, &effort, &mut table)?;
        }
        if wanted("peers") {
            peers::measure(&folder, &effort, &mut table)?;
        }
        if wanted("scale") {
            scale::measure(&folder, &effort, &mut table)?;
        }
        table.conclude();
        table.write(&self.json)?;
        print_line(&format!("\nthe rows are in {}", self.json.display()));
        Ok(())
    }
}
