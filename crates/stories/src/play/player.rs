//! Plays stories, several at a time.

use super::check::{check, check_http, check_snapshot};
use super::http_step::scripted;
use super::result::{Failure, Reason, StoryResult, Verdict};
use super::snapshot::SnapshotStore;
use super::template::{Values, fill};
use crate::event::merge;
use crate::partner::PromptAnswer;
use crate::story::{PluginRef, Setup, Step, StepKind, Story, StoryFile};
use crate::workbench::{
    ActionSetup, Answer, LoginInput, PluginPool, PooledPlugin, Workbench, WorkbenchError, WorkbenchSetup,
};
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// What stories are played with.
#[derive(Debug, Clone)]
pub struct PlayerSetup {
    /// The pool of all plugins.
    pub pool: PluginPool,
    /// The plugin under test.
    pub plugin: Option<PooledPlugin>,
    /// The plugins that stories name by a path.
    pub by_path: HashMap<PathBuf, PooledPlugin>,
    /// The user's own configuration, whose pipeline is played instead of what the stories set up.
    pub config: Option<PathBuf>,
    /// The tenant of that configuration.
    pub tenant: Option<String>,
    /// The stored answers.
    pub snapshots: SnapshotStore,
}

/// Plays stories. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Player(Arc<PlayerSetup>);

impl Player {
    /// A player.
    #[must_use]
    pub fn new(setup: PlayerSetup) -> Self {
        Self(Arc::new(setup))
    }

    /// What stories are played with.
    #[must_use]
    pub fn setup(&self) -> &PlayerSetup {
        &self.0
    }

    /// Plays one story, from an empty host on.
    pub async fn play(&self, file: &StoryFile, story: &Story) -> StoryResult {
        let began = Instant::now();
        let verdict = match &story.skip {
            Some(why) => Verdict::Skipped(why.clone()),
            None => match self.play_steps(file, story).await {
                Ok(failures) if failures.is_empty() => Verdict::Passed,
                Ok(failures) => Verdict::Failed(failures),
                Err(why) => Verdict::Refused(why),
            },
        };
        StoryResult {
            file: file.path.clone(),
            line: story.line,
            name: story.name.clone(),
            verdict,
            duration: began.elapsed(),
        }
    }

    /// Opens the workbench of a story.
    ///
    /// # Errors
    /// When the plugins, their settings and what they are granted do not go together.
    pub async fn open(&self, file: &StoryFile, story: &Story) -> Result<Workbench, WorkbenchError> {
        let setup = &*self.0;
        let mut bench = WorkbenchSetup::new(&setup.pool);
        if let Some(config) = &setup.config {
            bench = bench.config(config);
            if let Some(tenant) = &setup.tenant {
                bench = bench.tenant(tenant);
            }
            return Workbench::open(bench).await;
        }
        if file.plugins.is_empty() {
            bench = bench.action(self.action(None, None, &file.setup.with(&story.setup))?);
        }
        for plugin in &file.plugins {
            // A story changes the settings of the plugin under test alone.
            let under_test = plugin.path.is_none();
            let setup =
                if under_test { file.setup.with(&plugin.setup).with(&story.setup) } else { plugin.setup.clone() };
            bench = bench.action(self.action(Some(plugin), plugin.name.clone(), &setup)?);
        }
        Workbench::open(bench).await
    }

    fn action(
        &self,
        plugin: Option<&PluginRef>,
        name: Option<String>,
        setup: &Setup,
    ) -> Result<ActionSetup, WorkbenchError> {
        let path = plugin.and_then(|plugin| plugin.path.as_ref());
        let found = match path {
            Some(path) => self.0.by_path.get(path),
            None => self.0.plugin.as_ref(),
        };
        let missing = || {
            WorkbenchError::Usage(match path {
                Some(path) => format!("the plugin `{}` was not loaded", path.display()),
                None => "no plugin is under test; name a project or a `.wasm` file, or give `path` in `[[plugin]]`"
                    .to_owned(),
            })
        };
        let mut action = ActionSetup::new(found.ok_or_else(missing)?.clone());
        action.name = name;
        action.settings = Value::Object(setup.settings.clone());
        action.secrets = setup.secrets.clone();
        action.operator = setup.action.clone();
        Ok(action)
    }

    /// Plays the steps; what failed of them. An error is a story that cannot be played.
    async fn play_steps(&self, file: &StoryFile, story: &Story) -> Result<Vec<Failure>, String> {
        let mut bench = self.open(file, story).await.map_err(|why| why.to_string())?;
        let (mut last, mut failures) = (Value::Null, Vec::new());
        let mut played = Ok(());
        for (at, step) in story.steps.iter().enumerate() {
            let number = at.saturating_add(1);
            match self.play_step(&mut bench, file, story, (number, step), &mut last).await {
                Ok(None) => continue,
                Ok(Some(failure)) => {
                    let goes_on = failure.reasons.iter().all(|reason| matches!(reason, Reason::Snapshot { .. }));
                    failures.push(failure);
                    if goes_on {
                        continue;
                    }
                }
                Err(why) => played = Err(format!("step {number}, line {}: {why}", step.line)),
            }
            break;
        }
        bench.close().await;
        played.map(|()| failures)
    }

    async fn play_step(
        &self,
        bench: &mut Workbench,
        file: &StoryFile,
        story: &Story,
        (number, step): (usize, &Step),
        last: &mut Value,
    ) -> Result<Option<Failure>, String> {
        let values = Values { answer: last, now: bench.clock().now().seconds() };
        let script = step.http.iter().chain(&story.http).map(|one| scripted(one, values)).collect::<Result<_, _>>();
        bench.http().expect(script?);
        let Some(answer) = self.act(bench, story, step, values).await? else { return Ok(None) };
        let expect = step.expect.as_ref().map(|expect| fill(expect, values)).transpose()?;
        let mut reasons = check(expect.as_ref(), &answer);
        reasons.extend(check_http(bench.http(), step));
        if step.snapshot {
            reasons.extend(check_snapshot(&self.0.snapshots, file, &story.name, number, &answer)?);
        }
        last.clone_from(&answer.json);
        let (line, title) = (step.line, step.kind.title());
        Ok((!reasons.is_empty()).then_some(Failure { step: number, line, title, reasons, answer }))
    }

    /// What happens in a step; the answer, where there is one.
    async fn act(
        &self,
        bench: &mut Workbench,
        story: &Story,
        step: &Step,
        values: Values<'_>,
    ) -> Result<Option<Answer>, String> {
        let text = |why: WorkbenchError| why.to_string();
        match &step.kind {
            StepKind::Login { event, mode } => {
                let mut all = story.event.clone();
                merge(&mut all, &fill(event, values)?);
                let input = LoginInput { event: all, browser: step.browser.clone(), mode: *mode, exact: false };
                bench.login(&input).await.map(Some).map_err(text)
            }
            StepKind::Prompt(answer) => {
                let answer = filled(answer, values)?;
                bench.prompt_in(&step.browser, &answer).await.map(Some).map_err(text)
            }
            StepKind::Wait(duration) => {
                bench.wait(*duration);
                Ok(None)
            }
            StepKind::Swap(path) => {
                let plugin = self.0.by_path.get(path).ok_or_else(|| format!("`{}` was not loaded", path.display()))?;
                bench.swap(plugin).await.map(|()| None).map_err(text)
            }
            StepKind::Logout => bench.logout(&step.browser).await.map(|()| None).map_err(text),
        }
    }
}

fn filled(answer: &PromptAnswer, values: Values<'_>) -> Result<PromptAnswer, String> {
    let pairs = |pairs: &[(String, String)]| -> Result<Vec<_>, String> {
        let pair = |(name, value): &(String, String)| {
            let value = fill(&Value::String(value.clone()), values)?;
            Ok((name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        };
        pairs.iter().map(pair).collect()
    };
    let claims = fill(&Value::Object(answer.claims.clone()), values)?.as_object().cloned().unwrap_or_default();
    Ok(PromptAnswer { claims, query: pairs(&answer.query)?, form: pairs(&answer.form)?, ..answer.clone() })
}
