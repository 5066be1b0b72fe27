//! The plugin that is typed into the page: put into force by a reload, while logins go on.

use super::trial::Trial;
use crate::config::{self, IdpKeys, TypedSources};
use crate::journal::Journal;
use crate::names::Names;
use crate::pipeline;
use crate::site::escape;
use anyhow::{Context as _, Result, anyhow, bail};
use postlude_host::{Host, ReloadTrigger};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// Bytes of code that the plugin's manifest takes.
const SOURCE_BYTES: usize = 4000;

/// What stands in the text box at first.
const EXAMPLE: &str = "// Runs after the password and before the tokens. Change it, and log in again.
idToken.set(\"https://acme.example/typed\", `hello ${event.user.user_id}`);
if (event.user.user_id === \"ben\") {
  return Decision.deny(\"day_off\", \"ben has the day off\");
}
return Decision.continue();
";

/// The typed plugin, and where it is put into force.
pub(crate) struct Editor {
    pub(crate) dir: PathBuf,
    pub(crate) names: Names,
    /// The address of Postlude's API.
    pub(crate) listen: SocketAddr,
    pub(crate) keys: IdpKeys,
    /// Where it is told what runs.
    pub(crate) journal: Arc<Journal>,
    /// The server, once it runs.
    pub(crate) host: OnceLock<Host>,
    pub(crate) typed: Mutex<Typed>,
    /// The code in force. It is locked during a change: one at a time.
    pub(crate) in_force: tokio::sync::Mutex<Option<String>>,
    /// Where code is tried first.
    pub(crate) trial: Trial,
}

/// What was typed last, and what came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    pub(super) source: Option<String>,
    pub(super) said: String,
    pub(super) is_refused: bool,
}

impl Editor {
    /// What was typed last.
    pub(super) fn typed(&self) -> Typed {
        self.typed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts code into force; none takes the action out of the pipeline.
    pub(super) async fn change(&self, source: Option<String>) {
        let changed = self.reload(source.as_deref()).await;
        let (said, is_refused) = match changed {
            Ok(said) => (said, false),
            Err(why) => (format!("not taken, and what was in force before stays: {why:#}"), true),
        };
        *self.typed.lock().unwrap_or_else(PoisonError::into_inner) = Typed { source, said, is_refused };
    }

    async fn reload(&self, source: Option<&str>) -> Result<String> {
        let mut in_force = self.in_force.lock().await;
        if let Some(length) = source.map(str::len).filter(|length| *length > SOURCE_BYTES) {
            bail!("the code has {length} bytes, the limit is {SOURCE_BYTES}");
        }
        let began = Instant::now();
        if let Some(source) = source {
            self.write_and_reload(TypedSources {
                in_force: in_force.as_deref(),
                tried: Some(self.trial.tried(source)),
            })
            .await?;
            self.trial.run().await?;
        }
        let tried = source.map(|source| self.trial.tried(source));
        let revision = self.write_and_reload(TypedSources { in_force: source, tried }).await?;
        *in_force = source.map(str::to_owned);
        self.journal.serve(config::ACME, pipeline::acme(self.names, source));
        let revision = revision.map(|number| format!(" as revision {number}")).unwrap_or_default();
        let what = if source.is_some() { "in force" } else { "out of the pipeline" };
        let ms = began.elapsed().as_millis();
        Ok(format!("{what}{revision} after {ms} ms; logins that were under way keep the revision that they began with"))
    }

    /// The number of the new revision of the tenant `acme`, where that changed.
    async fn write_and_reload(&self, sources: TypedSources<'_>) -> Result<Option<String>> {
        let host = self.host.get().context("the server has only just begun to start; try again")?;
        config::write_typed(&self.dir, self.names, self.listen, &self.keys, sources)?;
        let reloaded = host.reloads().reload(ReloadTrigger::Call).await.map_err(|why| anyhow!("{why}"))?;
        let change = reloaded.tenants.iter().find(|change| change.tenant.as_str() == config::ACME);
        Ok(change.and_then(|change| change.to).map(|number| number.to_string()))
    }

    /// The text box, and what came of it.
    pub(super) fn html(&self) -> String {
        let Typed { source, said, is_refused } = self.typed();
        format!(
            "<section class=\"editor\" id=\"typed\" aria-labelledby=\"typed-title\"><h2 id=\"typed-title\">A plugin to change</h2>\
             <p id=\"typed-hint\">An action in front of the others: the body of a JavaScript function of <code>event</code>, \
             <code>Decision</code>, <code>idToken</code> and <code>log</code>. It runs in a sandbox, with a JavaScript engine inside, that is \
             made anew for each login. The first time takes some seconds: the engine is compiled. \
             Code is tried with a login of ana's first; code that does not parse, or throws, is not taken.</p>\
             <form method=\"post\" action=\"/typed\"><textarea name=\"source\" rows=\"8\" spellcheck=\"false\" aria-labelledby=\"typed-title\" \
             aria-describedby=\"typed-hint\">{}</textarea><p><button>Put it into force</button> \
             <button name=\"out\" value=\"yes\">Take it out</button></p></form><p class=\"typed-said{}\" role=\"status\">{}</p></section>",
            escape(source.as_deref().unwrap_or(EXAMPLE)),
            if is_refused { " refused" } else { "" },
            escape(&said),
        )
    }
}
