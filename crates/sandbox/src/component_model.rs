//! The component model's own tests, on the engine with the settings of the sandbox: what crosses between host and guest is what the
//! standard says. The files are not ours; `tests/component-model/README.md` says whose.

use crate::engine::{EngineKind, SandboxConfig, engine};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use wasmtime::component::{Component, Instance, Linker, Val};
use wasmtime::{Engine, Store};
use wast::component::WastVal;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

/// What is left out: a file from a line on, on these engines, and why.
const LEFT_OUT: &[(&str, usize, &[EngineKind], &str)] = &[
    (
        "values/concat.wast",
        463,
        &[EngineKind::Sync, EngineKind::Async],
        "one component with a map, which the engine has off",
    ),
    (
        "values/post-return.wast",
        0,
        &[EngineKind::Sync, EngineKind::Async],
        "one component with `stream` and `thread.index`: the engine has threads off, and streams but for async exports",
    ),
    (
        "values/variants.wast",
        83,
        &[EngineKind::Sync, EngineKind::Async],
        "one component with `task.return` of a function without a callback, which is a feature that the engine has off",
    ),
];

/// Fuel of one test: each is some calls of short functions.
const FUEL: u64 = 1_000_000_000;

/// Instances that live at the same time: a file has some that are named.
const PLACES: usize = 64;

/// An instance with the store that it lives in.
struct Instantiated {
    store: Store<()>,
    instance: Instance,
}

/// What a file has defined so far.
struct Runner<'e> {
    engine: &'e Engine,
    definitions: HashMap<String, Component>,
    /// The last one that was defined.
    definition: Option<Component>,
    /// By their names; one without a name takes the place of the one before.
    instances: HashMap<String, Instantiated>,
    /// The name of the last one.
    current: String,
}

impl<'e> Runner<'e> {
    fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            definitions: HashMap::new(),
            definition: None,
            instances: HashMap::new(),
            current: String::new(),
        }
    }

    fn compile(&self, mut text: QuoteWat<'_>) -> Result<Component, String> {
        let bytes = text.encode().map_err(|why| why.to_string())?;
        Component::new(self.engine, bytes).map_err(|why| format!("{why:?}"))
    }

    async fn instantiate(&self, component: &Component) -> Result<Instantiated, String> {
        let mut store = Store::new(self.engine, ());
        store.set_fuel(FUEL).unwrap();
        let linked = Linker::new(self.engine).instantiate_async(&mut store, component).await;
        linked.map(|instance| Instantiated { store, instance }).map_err(|why| format!("{why:?}"))
    }

    async fn define(&mut self, name: Option<Id<'_>>, component: &Component) -> Result<(), String> {
        let name = name.map(|name| name.name().to_owned()).unwrap_or_default();
        self.instances.remove(&name);
        let made = self.instantiate(component).await?;
        self.instances.insert(name.clone(), made);
        self.current = name;
        Ok(())
    }

    async fn invoke(&mut self, invoke: WastInvoke<'_>) -> Result<Vec<Val>, String> {
        let name = invoke.module.map_or(self.current.as_str(), |name| name.name());
        let Instantiated { store, instance } = self.instances.get_mut(name).ok_or("no such instance")?;
        let function = instance.get_func(&mut *store, invoke.name).ok_or("no such function")?;
        let arguments: Vec<_> = invoke.args.iter().map(argument).collect::<Result<_, _>>()?;
        let mut results = vec![Val::Bool(false); function.ty(&*store).results().len()];
        let called = function.call_async(&mut *store, &arguments, &mut results).await;
        called.map(|()| results).map_err(|why| format!("{why:?}"))
    }

    async fn execute(&mut self, what: WastExecute<'_>) -> Result<Vec<Val>, String> {
        match what {
            WastExecute::Invoke(invoke) => self.invoke(invoke).await,
            WastExecute::Wat(text) => {
                let component = self.compile(QuoteWat::Wat(text))?;
                self.instantiate(&component).await.map(|_| Vec::new())
            }
            WastExecute::Get { .. } => Err("a component has no globals".to_owned()),
        }
    }

    /// Does what a directive says; what differs from what it expects.
    async fn run(&mut self, directive: WastDirective<'_>) -> Result<(), String> {
        match directive {
            WastDirective::Module(text) => {
                let name = text.name();
                let component = self.compile(text)?;
                self.define(name, &component).await
            }
            WastDirective::ModuleDefinition(text) => {
                let name = text.name().map(|name| name.name().to_owned());
                let component = self.compile(text)?;
                self.definition = Some(component.clone());
                self.definitions.extend(name.map(|name| (name, component)));
                Ok(())
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let named = module.map(|name| self.definitions.get(name.name()).cloned());
                let component = named.unwrap_or_else(|| self.definition.clone()).ok_or("no such definition")?;
                self.define(instance, &component).await
            }
            WastDirective::Invoke(invoke) => self.invoke(invoke).await.map(drop),
            WastDirective::AssertReturn { exec, results, .. } => {
                let found = self.execute(exec).await?;
                let expected: Vec<_> = results.iter().map(result).collect::<Result<_, _>>()?;
                if found == expected { Ok(()) } else { Err(format!("{found:?} instead of {expected:?}")) }
            }
            WastDirective::AssertTrap { exec, message, .. } => match self.execute(exec).await {
                Ok(found) => Err(format!("{found:?} instead of a trap: {message}")),
                Err(why) if why.contains(message) => Ok(()),
                Err(why) => Err(format!("`{message}` is not in: {why}")),
            },
            WastDirective::AssertInvalid { module, message, .. }
            | WastDirective::AssertMalformed { module, message, .. } => match self.compile(module) {
                Ok(_) => Err(format!("taken, instead of refused: {message}")),
                Err(_) => Ok(()),
            },
            other => Err(format!("no test of values: {other:?}")),
        }
    }
}

fn argument(argument: &WastArg<'_>) -> Result<Val, String> {
    match argument {
        WastArg::Component(value) => Ok(val(value)),
        _ => Err("no value of a component".to_owned()),
    }
}

fn result(expected: &WastRet<'_>) -> Result<Val, String> {
    match expected {
        WastRet::Component(value) => Ok(val(value)),
        _ => Err("no value of a component".to_owned()),
    }
}

fn val(value: &WastVal<'_>) -> Val {
    let boxed = |value: &Option<Box<WastVal<'_>>>| value.as_ref().map(|value| Box::new(val(value)));
    match value {
        WastVal::Bool(value) => Val::Bool(*value),
        WastVal::U8(value) => Val::U8(*value),
        WastVal::S8(value) => Val::S8(*value),
        WastVal::U16(value) => Val::U16(*value),
        WastVal::S16(value) => Val::S16(*value),
        WastVal::U32(value) => Val::U32(*value),
        WastVal::S32(value) => Val::S32(*value),
        WastVal::U64(value) => Val::U64(*value),
        WastVal::S64(value) => Val::S64(*value),
        WastVal::F32(value) => Val::Float32(f32::from_bits(value.bits)),
        WastVal::F64(value) => Val::Float64(f64::from_bits(value.bits)),
        WastVal::Char(value) => Val::Char(*value),
        WastVal::String(value) => Val::String((*value).to_owned()),
        WastVal::List(values) => Val::List(values.iter().map(val).collect()),
        WastVal::Tuple(values) => Val::Tuple(values.iter().map(val).collect()),
        WastVal::Record(fields) => {
            Val::Record(fields.iter().map(|(name, value)| ((*name).to_owned(), val(value))).collect())
        }
        WastVal::Variant(name, value) => Val::Variant((*name).to_owned(), boxed(value)),
        WastVal::Enum(name) => Val::Enum((*name).to_owned()),
        WastVal::Option(value) => Val::Option(boxed(value)),
        WastVal::Result(value) => Val::Result(match value {
            Ok(value) => Ok(boxed(value)),
            Err(value) => Err(boxed(value)),
        }),
        WastVal::Flags(names) => Val::Flags(names.iter().map(|name| (*name).to_owned()).collect()),
    }
}

/// The files, by their names within the folder.
fn files() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/component-model");
    let of = |folder: &str| {
        let entries = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let named = |path: PathBuf| (format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap()), path);
        entries.map(named).collect::<Vec<_>>()
    };
    let mut files = [of("values"), of("resources")].concat();
    files.sort();
    files
}

/// What of a file is not as it says, by the line; and how many directives there were.
async fn failures(engine: &Engine, text: &str) -> (Vec<(usize, String)>, usize) {
    let buffer = match ParseBuffer::new(text) {
        Ok(buffer) => buffer,
        Err(why) => return (vec![(0, why.to_string())], 0),
    };
    let wast = match parser::parse::<Wast<'_>>(&buffer) {
        Ok(wast) => wast,
        Err(why) => return (vec![(0, why.to_string())], 0),
    };
    let (mut runner, mut failed, count) = (Runner::new(engine), Vec::new(), wast.directives.len());
    for directive in wast.directives {
        let line = directive.span().linecol_in(text).0 + 1;
        if let Err(why) = runner.run(directive).await {
            failed.push((line, why));
        }
    }
    (failed, count)
}

/// P13, P14, P20: values and handles cross between guest and host as the standard of the component model says, by its own tests.
#[tokio::test]
async fn values_are_what_the_standard_says() {
    let mut problems = Vec::new();
    for kind in [EngineKind::Sync, EngineKind::Async] {
        let engine = engine(kind, &SandboxConfig::single().with_places(PLACES), 1).unwrap();
        let (mut unexpected, mut left_out, mut directives) = (Vec::new(), BTreeSet::new(), 0);
        for (name, path) in files() {
            let (failed, count) = failures(&engine, &std::fs::read_to_string(&path).unwrap()).await;
            directives += count;
            for (line, why) in failed {
                let known = LEFT_OUT
                    .iter()
                    .position(|(file, from, kinds, _)| *file == name && line >= *from && kinds.contains(&kind));
                left_out.extend(known);
                if known.is_none() {
                    unexpected.push(format!("{name}:{line}: {}", why.lines().take(12).collect::<Vec<_>>().join(" | ")));
                }
            }
        }
        problems.extend(unexpected.iter().map(|problem| format!("{kind:?}: {problem}")));
        assert!(directives > 250, "{directives}");
        // One that passes must not stay left out.
        let due = LEFT_OUT.iter().filter(|(_, _, kinds, _)| kinds.contains(&kind)).count();
        if left_out.len() != due {
            problems.push(format!("{kind:?}: {left_out:?} of {due} that are left out fail"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
