//! What a run costs in wasmtime itself: components that do nothing, each with one thing more than the one before, and the steps of a
//! run. All of it with a limiter and fuel, on the stack of its caller.

use crate::bare::{Bare, Memory, engine, limited};
use crate::effort::Effort;
use crate::report::{Report, Row};
use crate::stats::{Round, Rounds};
use crate::steps::{STEPS, Steps};
use anyhow::{Context, Result, anyhow};
use std::time::Duration;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};
use wasmtime::{Engine, Store};

/// A component whose export does nothing.
struct Empty {
    engine: Engine,
    component: InstancePre<Memory>,
    export: ComponentExportIndex,
}

/// What a component has: its name in the report, what its module has, what the export does, and whether there is a second instance.
const EMPTY: [(&str, &str, &str, bool); 5] = [
    ("an empty component", "", "", false),
    ("with a table", "(table 80 funcref)", "", false),
    ("with a memory", "(memory 9)", "", false),
    ("with a memory that it writes to", "(memory 9)", "(i32.store (i32.const 0) (i32.const 1))", false),
    ("with a second instance", "", "", true),
];

impl Empty {
    fn new(has: &str, does: &str, second: bool) -> wasmtime::Result<Self> {
        let second =
            if second { "(core module $n (func (export \"f\"))) (core instance (instantiate $n))" } else { "" };
        let text = format!(
            "(component (core module $m {has} (func (export \"f\") {does})) (core instance $i (instantiate $m)) {second}
             (func (export \"f\") (canon lift (core func $i \"f\"))))"
        );
        let engine = engine()?;
        let component = wat::parse_str(text).map_err(|why| wasmtime::Error::msg(why.to_string()))?;
        let component = Component::from_binary(&engine, &component)?;
        let export = component.get_export_index(None, "f").ok_or_else(|| wasmtime::Error::msg("no export"))?;
        let component = Linker::new(&engine).instantiate_pre(&component)?;
        Ok(Self { engine, component, export })
    }

    fn steps(&self) -> Result<Steps> {
        let call = |instance: &wasmtime::component::Instance, store: &mut Store<Memory>| {
            instance.get_typed_func::<(), ()>(&mut *store, &self.export)?.call(store, ())
        };
        let ran = Steps::of(|| limited(&self.engine), |store| self.component.instantiate(store), call)?;
        Ok(ran.0)
    }
}

/// One run of a subject.
type Run<'a> = Box<dyn Fn() -> Result<Steps> + 'a>;

/// Measures and adds the rows.
pub(crate) fn measure(plugin: &Bare, effort: &Effort, report: &mut Report) -> Result<()> {
    let empty = EMPTY.map(|(name, has, does, second)| (name, Empty::new(has, does, second)));
    let mut subjects: Vec<(&str, Run<'_>)> = Vec::new();
    for (name, empty) in empty {
        let empty = empty.map_err(|why| anyhow!("{name}: {why:#}"))?;
        subjects.push((name, Box::new(move || empty.steps())));
    }
    subjects.push(("custom-factor", Box::new(|| plugin.steps())));
    let mut rounds: Vec<Vec<Vec<Steps>>> = vec![Vec::new(); subjects.len()];
    // The first round warms the caches and the pool.
    for round in 0..=effort.rounds {
        for ((_, run), rounds) in subjects.iter().zip(&mut rounds) {
            let steps = (0..effort.runs).map(|_| run()).collect::<Result<Vec<_>>>()?;
            if round > 0 {
                rounds.push(steps);
            }
        }
    }
    report.section("What wasmtime itself costs a run, with a limiter, in its caller");
    let whole = |steps: &Steps| steps.0.iter().sum::<Duration>();
    let first = rounds.first().map(|steps| medians(steps, whole)).context("there is no empty component")?;
    for ((name, _), steps) in subjects.iter().zip(&rounds) {
        let rounds = medians(steps, whole);
        let ratio = rounds.ratio(&first, Round::p50);
        report.row(Row::of(*name, &rounds).against(ratio, "of the empty one"));
    }
    for (subject, steps) in [(subjects.first(), rounds.first()), (subjects.last(), rounds.last())] {
        let (Some((name, _)), Some(steps)) = (subject, steps) else { continue };
        for (number, step) in STEPS.iter().enumerate() {
            let of_step = |steps: &Steps| steps.0.get(number).copied().unwrap_or_default();
            report.row(Row::of(format!("{name}: {step}"), &medians(steps, of_step)));
        }
    }
    Ok(())
}

/// Rounds of this part of each run.
fn medians(rounds: &[Vec<Steps>], part: impl Fn(&Steps) -> Duration) -> Rounds {
    let round = |steps: &Vec<Steps>| Round::new(steps.iter().map(&part), steps.iter().map(&part).sum());
    Rounds(rounds.iter().map(round).collect())
}
