//! Writes a component by a plan.

use super::items::Item;
use super::kept::ShimKept;
use super::main_module::{Rewritten, TABLE, export_name};
use super::plan::Plan;
use wasm_encoder::reencode::{self, Reencode, ReencodeComponent, RoundtripReencoder};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, ComponentSectionId, ConstExpr, ElementSection,
    Elements, EntityType, ExportKind, ImportSection, InstanceSection, ModuleArg, NameSection, RawSection, TypeSection,
};
use wasmparser::{CanonicalFunction, ComponentAlias, ExternalKind, Instance};

/// The name of the instance that the imports are handed over in.
const IMPORTS: &str = "";

/// A component as it is written, with the new numbers of what it had.
struct Writer<'a> {
    plan: &'a Plan<'a>,
    main: Rewritten,
    written: Component,
    modules: Numbers,
    instances: Numbers,
    functions: Numbers,
    tables: Numbers,
    /// The new numbers of the functions that stand for exports of the shim, once the main module has its instance.
    others: Vec<u32>,
    /// The new number of the main module's table.
    table: u32,
}

/// The new numbers of the items of a kind, by the old ones; none where the item is gone.
#[derive(Debug, Default)]
struct Numbers {
    new: Vec<Option<u32>>,
    next: u32,
}

impl Numbers {
    /// A new item, which the old component did not have.
    const fn add(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }

    /// The next of the old items stays.
    fn keep(&mut self) {
        let number = self.add();
        self.new.push(Some(number));
    }

    /// The next of the old items is now another.
    fn replace(&mut self, number: Option<u32>) {
        self.new.push(number);
    }

    fn get(&self, old: u32) -> Option<u32> {
        self.new.get(usize::try_from(old).ok()?).copied().flatten()
    }

    /// How many old items there were so far.
    fn old(&self) -> u32 {
        u32::try_from(self.new.len()).unwrap_or(u32::MAX)
    }
}

/// Writes the component.
pub(super) fn write(items: Vec<Item<'_>>, plan: &Plan<'_>) -> Result<Vec<u8>, ShimKept> {
    let others: Vec<_> = plan.others.iter().map(|(_, ty)| ty.clone()).collect();
    let mut writer = Writer {
        plan,
        main: plan.main.rewrite(&others)?,
        written: Component::new(),
        modules: Numbers::default(),
        instances: Numbers::default(),
        functions: Numbers::default(),
        tables: Numbers::default(),
        others: Vec::new(),
        table: 0,
    };
    for item in items {
        match item {
            Item::Copied(id, data) => {
                writer.written.section(&RawSection { id, data });
            }
            Item::Module(bytes) => writer.module(bytes)?,
            Item::Instance(instance) => writer.instance(instance)?,
            Item::Alias(alias) => writer.alias(alias)?,
            Item::Canonical(function) => writer.canonical(function)?,
        }
    }
    Ok(writer.written.finish())
}

impl Writer<'_> {
    fn module(&mut self, bytes: &[u8]) -> Result<(), ShimKept> {
        let module = self.modules.old();
        if module == self.plan.shim_module {
            self.modules.replace(None);
            return Ok(());
        }
        let fill;
        let data = if module == self.plan.main_module {
            &self.main.bytes
        } else if module == self.plan.fixup_module {
            fill = self.fill()?;
            &fill
        } else {
            bytes
        };
        self.written.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data });
        self.modules.keep();
        Ok(())
    }

    /// The module that puts the imports into the table of the main module.
    fn fill(&self) -> Result<Vec<u8>, ShimKept> {
        let (mut types, mut imports, mut elements) = (TypeSection::new(), ImportSection::new(), ElementSection::new());
        for (ty, number) in self.main.types.iter().zip(0_u32..) {
            types.ty().func_type(&RoundtripReencoder.func_type(ty.clone())?);
            imports.import(IMPORTS, &number.to_string(), EntityType::Function(number));
        }
        imports.import(IMPORTS, TABLE, EntityType::Table(self.main.table));
        let functions: Vec<u32> = (0_u32..).zip(&self.main.types).map(|(number, _)| number).collect();
        let first = ConstExpr::i32_const(self.main.first.cast_signed());
        elements.active(None, &first, Elements::Functions(functions.into()));
        let (mut module, mut names) = (wasm_encoder::Module::new(), NameSection::new());
        names.module("postlude:imports");
        module.section(&types).section(&imports).section(&elements).section(&names);
        Ok(module.finish())
    }

    fn instance(&mut self, instance: Instance<'_>) -> Result<(), ShimKept> {
        let at = self.instances.old();
        if at == self.plan.shim_instance || self.plan.handed_on.contains(&at) {
            self.instances.replace(None);
            return Ok(());
        }
        let mut section = InstanceSection::new();
        match instance {
            Instance::Instantiate { module_index, .. } if module_index == self.plan.main_module => {
                self.main_instance();
                return Ok(());
            }
            Instance::Instantiate { module_index, .. } if module_index == self.plan.fixup_module => {
                return self.fill_instance();
            }
            other => self.parse_instance(&mut section, other)?,
        }
        self.written.section(&section);
        self.instances.keep();
        Ok(())
    }

    /// The main module's instance, which imports nothing, its table, and its functions for others.
    fn main_instance(&mut self) {
        let (at, mut section) = (self.instances.next, InstanceSection::new());
        section.instantiate(self.modules.get(self.plan.main_module).unwrap_or(u32::MAX), NO_ARGUMENTS);
        self.written.section(&section);
        self.instances.keep();
        let mut aliases = ComponentAliasSection::new();
        aliases.alias(Alias::CoreInstanceExport { instance: at, kind: ExportKind::Table, name: TABLE });
        self.table = self.tables.add();
        let imports = self.plan.main.imports.len();
        for other in imports..imports.saturating_add(self.plan.others.len()) {
            let name = export_name(other);
            aliases.alias(Alias::CoreInstanceExport { instance: at, kind: ExportKind::Func, name: &name });
            self.others.push(self.functions.add());
        }
        self.written.section(&aliases);
    }

    fn fill_instance(&mut self) -> Result<(), ShimKept> {
        let late = ShimKept::Form("its fixup comes before an import");
        let names: Vec<String> = (0..self.plan.imports.len()).map(|number| number.to_string()).collect();
        let mut exports = vec![(TABLE, ExportKind::Table, self.table)];
        for (name, import) in names.iter().zip(&self.plan.imports) {
            exports.push((name, ExportKind::Func, self.functions.get(*import).ok_or(late.clone())?));
        }
        let mut section = InstanceSection::new();
        section.export_items(exports);
        let handed_over = self.instances.add();
        let module = self.modules.get(self.plan.fixup_module).unwrap_or(u32::MAX);
        section.instantiate(module, [(IMPORTS, ModuleArg::Instance(handed_over))]);
        self.written.section(&section);
        self.instances.keep();
        Ok(())
    }

    fn alias(&mut self, alias: ComponentAlias<'_>) -> Result<(), ShimKept> {
        if let ComponentAlias::CoreInstanceExport { kind, instance_index, name } = alias {
            let numbers = match kind {
                ExternalKind::Func | ExternalKind::FuncExact => Some(&mut self.functions),
                ExternalKind::Table => Some(&mut self.tables),
                ExternalKind::Memory | ExternalKind::Global | ExternalKind::Tag => None,
            };
            if instance_index == self.plan.shim_instance {
                let other = self.plan.others.iter().position(|(other, _)| *other == name);
                let other = other.and_then(|other| self.others.get(other)).copied();
                let is_function = kind == ExternalKind::Func;
                numbers
                    .ok_or(ShimKept::Form("its shim has more than a table and functions"))?
                    .replace(other.filter(|_| is_function));
                return Ok(());
            }
            if let Some(numbers) = numbers {
                numbers.keep();
            }
        }
        let mut section = ComponentAliasSection::new();
        section.alias(self.component_alias(alias)?);
        self.written.section(&section);
        Ok(())
    }

    fn canonical(&mut self, function: CanonicalFunction) -> Result<(), ShimKept> {
        let makes_core_function = !matches!(function, CanonicalFunction::Lift { .. });
        let mut section = CanonicalFunctionSection::new();
        self.parse_component_canonical(&mut section, function)?;
        self.written.section(&section);
        if makes_core_function {
            self.functions.keep();
        }
        Ok(())
    }
}

/// The arguments of an instance without any.
const NO_ARGUMENTS: [(&str, ModuleArg); 0] = [];

/// What names an item that is gone.
const GONE: reencode::Error<ShimKept> = reencode::Error::UserError(ShimKept::Form("it uses its shim in another way"));

impl Reencode for Writer<'_> {
    type Error = ShimKept;

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error<ShimKept>> {
        self.functions.get(function).ok_or(GONE)
    }

    fn table_index(&mut self, table: u32) -> Result<u32, reencode::Error<ShimKept>> {
        self.tables.get(table).ok_or(GONE)
    }
}

impl ReencodeComponent for Writer<'_> {
    // A number that does not exist makes the component invalid, which is looked at in the end.
    fn module_index(&mut self, module: u32) -> u32 {
        self.modules.get(module).unwrap_or(u32::MAX)
    }

    fn instance_index(&mut self, instance: u32) -> u32 {
        self.instances.get(instance).unwrap_or(u32::MAX)
    }
}
