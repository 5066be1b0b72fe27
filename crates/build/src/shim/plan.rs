//! Finds the shim of a component, and what each import of the plugin's module really is.

use super::items::Item;
use super::kept::ShimKept;
use super::main_module::Main;
use super::stand_ins::{self, Fixup, Shim, TABLE};
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{CanonicalFunction, ComponentAlias, Export, ExternalKind, FuncType, Instance, InstantiationArg};

/// What is to become of the core modules, instances and functions of a component. All numbers are those of the component as it was.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The plugin's own module.
    pub(super) main: Main<'a>,
    /// The numbers of the three modules.
    pub(super) main_module: u32,
    pub(super) shim_module: u32,
    pub(super) fixup_module: u32,
    /// The instance of the shim.
    pub(super) shim_instance: u32,
    /// Instances that are only made to hand the imports on, and go.
    pub(super) handed_on: BTreeSet<u32>,
    /// The core functions that are the imports of the main module, in order, and then those behind `others`.
    pub(super) imports: Vec<u32>,
    /// Exports of the shim that other modules than the main one use, with their types.
    pub(super) others: Vec<(&'a str, FuncType)>,
}

/// A core function of a component: an alias of an instance's export, or one of the canonical ABI.
type CoreFunction<'a> = Option<(u32, &'a str)>;

/// The core items of a component, by their numbers.
#[derive(Debug, Default)]
struct Index<'a> {
    modules: Vec<&'a [u8]>,
    instances: Vec<Instance<'a>>,
    functions: Vec<CoreFunction<'a>>,
}

impl<'a> Index<'a> {
    fn of(items: &[Item<'a>]) -> Self {
        let mut index = Self::default();
        for item in items {
            match item {
                Item::Module(bytes) => index.modules.push(bytes),
                Item::Instance(instance) => index.instances.push(instance.clone()),
                Item::Alias(ComponentAlias::CoreInstanceExport { kind: ExternalKind::Func, instance_index, name }) => {
                    index.functions.push(Some((*instance_index, name)));
                }
                Item::Canonical(function) if !matches!(function, CanonicalFunction::Lift { .. }) => {
                    index.functions.push(None);
                }
                Item::Canonical(_) | Item::Alias(_) | Item::Copied(..) => {}
            }
        }
        index
    }

    fn module(&self, wanted: impl Fn(&[u8]) -> bool) -> Option<(u32, &'a [u8])> {
        (0_u32..).zip(self.modules.iter().copied()).find(|(_, bytes)| wanted(bytes))
    }

    /// Every core instance of a module, with its number, the module's and its arguments.
    fn instantiated(&self) -> impl Iterator<Item = (u32, u32, &[InstantiationArg<'a>])> {
        (0_u32..).zip(&self.instances).filter_map(|(at, instance)| match instance {
            Instance::Instantiate { module_index, args } => Some((at, *module_index, &**args)),
            Instance::FromExports(_) => None,
        })
    }

    /// The one instance of a module.
    fn instance_of(&self, module: u32) -> Result<(u32, &[InstantiationArg<'a>]), ShimKept> {
        let mut found = self.instantiated().filter(|(_, of, _)| *of == module);
        match (found.next(), found.next()) {
            (Some((at, _, args)), None) => Ok((at, args)),
            _ => Err(ShimKept::Form("a module of it has not one instance")),
        }
    }

    /// What stands in an instance that was put together of exports.
    fn exports(&self, instance: u32) -> Result<&[Export<'a>], ShimKept> {
        match usize::try_from(instance).ok().and_then(|at| self.instances.get(at)) {
            Some(Instance::FromExports(exports)) => Ok(exports),
            _ => Err(ShimKept::Form("a module of it takes its imports of another directly")),
        }
    }

    fn export(&self, instance: u32, name: &str) -> Result<u32, ShimKept> {
        let mut exports = self.exports(instance)?.iter();
        let found = exports.find(|export| export.name == name && export.kind == ExternalKind::Func);
        found.map(|export| export.index).ok_or(ShimKept::Form("an import of it is not there"))
    }

    /// The name of the shim's export that a core function is.
    fn of_shim(&self, function: u32, shim: u32) -> Option<&'a str> {
        let alias = (*self.functions.get(usize::try_from(function).ok()?)?)?;
        (alias.0 == shim).then_some(alias.1)
    }

    /// Whether a module is handed functions of the shim.
    fn uses(&self, args: &[InstantiationArg<'a>], shim: u32) -> bool {
        let exports = args.iter().filter_map(|arg| self.exports(arg.index).ok()).flatten();
        exports
            .into_iter()
            .any(|export| export.kind == ExternalKind::Func && self.of_shim(export.index, shim).is_some())
    }
}

impl<'a> Plan<'a> {
    /// Makes a plan for a component.
    pub(super) fn of(items: &[Item<'a>]) -> Result<Self, ShimKept> {
        let index = Index::of(items);
        let (shim_module, shim) = index.module(stand_ins::is_shim).ok_or(ShimKept::NoShim)?;
        let (fixup_module, fixup) = index.module(stand_ins::is_fixup).ok_or(ShimKept::Form("its shim has no fixup"))?;
        let (shim, fixup) = (stand_ins::shim(shim)?, stand_ins::fixup(fixup)?);
        let (shim_instance, _) = index.instance_of(shim_module)?;
        let (_, fixup_args) = index.instance_of(fixup_module)?;
        let [InstantiationArg { name: "", index: fixup_args, .. }] = fixup_args else {
            return Err(ShimKept::Form("its fixup is given something else than functions"));
        };
        let behind = behind(&index, *fixup_args, &shim, &fixup)?;
        let of_main = index.instantiated().find(|(_, _, args)| index.uses(args, shim_instance));
        let (main_instance, main_module, args) = of_main.ok_or(ShimKept::Form("nothing uses its shim"))?;
        index.instance_of(main_module)?;
        let at = usize::try_from(main_module).unwrap_or(usize::MAX);
        let main = Main::read(index.modules.get(at).copied().unwrap_or_default())?;
        let mut imports = Vec::new();
        for (module, name, _) in &main.imports {
            let arg =
                args.iter().find(|arg| arg.name == *module).ok_or(ShimKept::Form("an import of it is not there"))?;
            let function = index.export(arg.index, name)?;
            imports.push(match index.of_shim(function, shim_instance) {
                Some(export) => *behind.get(export).ok_or(ShimKept::Form("its fixup misses an import"))?,
                None => function,
            });
        }
        let mut handed_on: BTreeSet<u32> = args.iter().map(|arg| arg.index).collect();
        handed_on.insert(*fixup_args);
        let mut others = Vec::new();
        for name in used_elsewhere(&index, main_instance, &handed_on, shim_instance) {
            let (_, ty) = shim.0.get(name).ok_or(ShimKept::Form("its shim misses an export"))?;
            imports.push(*behind.get(name).ok_or(ShimKept::Form("its fixup misses an import"))?);
            others.push((name, ty.clone()));
        }
        Ok(Self { main, main_module, shim_module, fixup_module, shim_instance, handed_on, imports, others })
    }
}

/// The core functions that the fixup puts behind the exports of the shim.
fn behind<'a>(
    index: &Index<'a>,
    args: u32,
    shim: &Shim<'a>,
    fixup: &Fixup<'_>,
) -> Result<BTreeMap<&'a str, u32>, ShimKept> {
    if !index.exports(args)?.iter().any(|export| export.name == TABLE && export.kind == ExternalKind::Table) {
        return Err(ShimKept::Form("its fixup fills another table"));
    }
    let mut behind = BTreeMap::new();
    for (export, (place, _)) in &shim.0 {
        let place = usize::try_from(*place).unwrap_or(usize::MAX);
        let import = fixup.0.get(place).ok_or(ShimKept::Form("its fixup misses an import"))?;
        behind.insert(*export, index.export(args, import)?);
    }
    Ok(behind)
}

/// The exports of the shim that modules other than the main one are handed.
fn used_elsewhere<'a>(
    index: &Index<'a>,
    main_instance: u32,
    handed_on: &BTreeSet<u32>,
    shim: u32,
) -> BTreeSet<&'a str> {
    let others = index.instantiated().filter(|(at, _, _)| *at != main_instance);
    let args = others.flat_map(|(_, _, args)| args).map(|arg| arg.index).filter(|arg| !handed_on.contains(arg));
    let exports = args.filter_map(|arg| index.exports(arg).ok()).flatten();
    let functions = exports.filter(|export| export.kind == ExternalKind::Func);
    functions.filter_map(|export| index.of_shim(export.index, shim)).collect()
}
