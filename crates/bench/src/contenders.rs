//! The subjects that a login is compared between: a bare handler, runs alone, the minimal server, and ours.

use crate::event::KEY;
use crate::folder::Folder;
use crate::load::{Connection, Load};
use crate::logins_load::logins_of;
use crate::minimal::Step;
use crate::rounds::Subject;
use crate::runs_alone::RunsAlone;
use crate::server::{Installation, Process, Server};
use crate::story::{self, UserSession};
use anyhow::Result;
use std::cell::RefCell;
use std::ffi::OsString;

/// Users of the load, each with a session that has a fresh factor.
const USERS: usize = 64;

/// A process and the load for it.
pub(crate) struct Contender {
    pub(crate) process: Process,
    pub(crate) load: Load,
}

impl Contender {
    pub(crate) const fn subject(&self) -> Subject<'_> {
        Subject::Http(&self.load, &self.process)
    }
}

/// The users of the load.
pub(crate) fn users(prefix: &str) -> Vec<UserSession> {
    (0..USERS).map(|number| UserSession::new(prefix, number)).collect()
}

/// User sessions that have a fresh factor.
pub(crate) fn with_factors(server: &Server, user_sessions: &[UserSession]) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut connection = Connection::open(server.process.address).await?;
        for user_session in user_sessions {
            story::complete(server, &mut connection, user_session).await?;
        }
        Ok(())
    })
}

/// A bare axum handler, on a runtime of as many threads as there are processors.
pub(crate) fn bare_handler() -> Result<Contender> {
    let process = Process::own(["bare-http"])?;
    Ok(Contender { load: logins_of(process.address, KEY, &users("login")), process })
}

/// The bare handler that also runs the action before it answers, by this.
pub(crate) fn handler_that_runs(folder: &Folder, by: &str) -> Result<Contender> {
    let component = folder.plugin("custom-factor")?;
    let process = Process::own(["bare-http".into(), "--run".into(), by.into(), component.into_os_string()])?;
    Ok(Contender { load: logins_of(process.address, KEY, &users("login")), process })
}

/// The minimal server, with these steps of a login.
pub(crate) fn minimal(folder: &Folder, steps: &[Step]) -> Result<Contender> {
    let data = folder.server("minimal")?;
    let component = folder.plugin("custom-factor")?;
    let mut arguments: Vec<OsString> = vec!["minimal".into(), component.into_os_string(), data.into_os_string()];
    for step in steps {
        arguments.extend(["--step".into(), step.argument().into()]);
    }
    let process = Process::own(arguments)?;
    Ok(Contender { load: logins_of(process.address, KEY, &users("login")), process })
}

/// `postlude serve`, as it is installed, with this log level.
pub(crate) fn ours(folder: &Folder, log_level: &'static str) -> Result<Contender> {
    let installation = Installation { log_level, ..Installation::default() };
    let server = Server::start(folder, &folder.server(&format!("logins-{log_level}"))?, &installation)?;
    let users = users("login");
    with_factors(&server, &users)?;
    Ok(Contender { load: logins_of(server.process.address, KEY, &users), process: server.process })
}

/// Runs of the action on all processors, and nothing else.
pub(crate) fn runs(folder: &Folder) -> Result<RefCell<RunsAlone>> {
    let threads = std::thread::available_parallelism()?.get();
    Ok(RefCell::new(RunsAlone::start(&folder.plugin("custom-factor")?, threads)?))
}
