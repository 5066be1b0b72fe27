//! The plugin's own module, made to take its imports from its table instead of importing them.
//!
//! A function of its own stands in the place of each import, with the same number and type, and calls what stands in the table. So
//! everything else of the module stays as it is, byte by byte.

use super::kept::ShimKept;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, Module, RawSection, RefType, SectionId,
    TableSection, TableType, TypeSection,
};
use wasmparser::{FuncType, Operator, Parser, Payload, TypeRef};

/// What the names of the exports that are added begin with.
const PREFIX: &str = "postlude:";

/// The name of the export for the table.
pub(super) const TABLE: &str = "postlude:imports";

/// The name of an export for the function that stands for the import of this number.
pub(super) fn export_name(import: usize) -> String {
    format!("{PREFIX}import-{import}")
}

/// A module that may be rewritten.
#[derive(Debug)]
pub(super) struct Main<'a> {
    bytes: &'a [u8],
    /// Its imports, in order: module, name and the number of the type.
    pub(super) imports: Vec<(&'a str, &'a str, u32)>,
    types: Vec<FuncType>,
    table: Option<wasmparser::TableType>,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Rewritten {
    /// The module.
    pub(super) bytes: Vec<u8>,
    /// The table of which it takes its imports, which it exports as [`TABLE`].
    pub(super) table: TableType,
    /// Where they begin in it.
    pub(super) first: u32,
    /// Their types, in order.
    pub(super) types: Vec<FuncType>,
}

impl<'a> Main<'a> {
    /// Reads a module, and refuses one that cannot be rewritten.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, ShimKept> {
        let mut main = Self { bytes, imports: Vec::new(), types: Vec::new(), table: None };
        for payload in Parser::new(0).parse_all(bytes) {
            main.add(payload?)?;
        }
        Ok(main)
    }

    fn add(&mut self, payload: Payload<'a>) -> Result<(), ShimKept> {
        match payload {
            Payload::TypeSection(section) => {
                self.types = section.into_iter_err_on_gc_types().collect::<Result<Vec<_>, _>>()?;
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let TypeRef::Func(ty) = import.ty else { return Err(ShimKept::Imports) };
                    self.imports.push((import.module, import.name, ty));
                }
            }
            Payload::TableSection(section) => {
                let table = section.into_iter().next().transpose()?;
                let plain = |table: &wasmparser::Table<'_>| {
                    table.ty.element_type == wasmparser::RefType::FUNCREF
                        && matches!(table.init, wasmparser::TableInit::RefNull)
                };
                if table.as_ref().is_some_and(|table| !plain(table)) {
                    return Err(ShimKept::Form("the first table of its module is not one of functions"));
                }
                self.table = table.map(|table| table.ty);
            }
            Payload::ExportSection(section) => {
                for export in section {
                    if export?.name.starts_with(PREFIX) {
                        return Err(ShimKept::Form("its module exports a name that begins with `postlude:`"));
                    }
                }
            }
            Payload::StartSection { .. } => return Err(ShimKept::Start),
            Payload::CustomSection(section) if section.name().starts_with(".debug_") => {
                return Err(ShimKept::DebugInformation);
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    if touches_tables(&operator?) {
                        return Err(ShimKept::TableInstructions);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The module, with functions for its imports and for others of these types, which it exports.
    pub(super) fn rewrite(&self, others: &[FuncType]) -> Result<Rewritten, ShimKept> {
        let imported = self.imports.iter().map(|(_, _, ty)| self.types.get(usize::try_from(*ty).ok()?).cloned());
        let imported = imported.collect::<Option<Vec<_>>>().ok_or(ShimKept::Form("an import has no type"))?;
        let types: Vec<FuncType> = imported.into_iter().chain(others.iter().cloned()).collect();
        let places = u64::try_from(types.len()).unwrap_or(u64::MAX);
        let (table, first) = match &self.table {
            Some(table) => (RoundtripReencoder.table_type(*table)?, table.initial),
            None => (
                TableType {
                    element_type: RefType::FUNCREF,
                    table64: false,
                    minimum: 0,
                    maximum: Some(0),
                    shared: false,
                },
                0,
            ),
        };
        let table = TableType {
            minimum: table.minimum.saturating_add(places),
            maximum: table.maximum.map(|maximum| maximum.saturating_add(places)),
            ..table
        };
        let first = u32::try_from(first).map_err(|_| ShimKept::Form("its table is too large"))?;
        let mut rewriting = Rewriting { main: self, types: &types, first, table, functions: 0, written: Module::new() };
        rewriting.write()?;
        Ok(Rewritten { bytes: rewriting.written.finish(), table, first, types })
    }
}

/// Whether an instruction reads or changes a table otherwise than by calling what stands in it.
const fn touches_tables(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableSize { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
    )
}

/// A module as it is written.
struct Rewriting<'a> {
    main: &'a Main<'a>,
    /// The types of the functions to add.
    types: &'a [FuncType],
    first: u32,
    table: TableType,
    /// Functions that the module has of its own.
    functions: u32,
    written: Module,
}

impl Rewriting<'_> {
    fn write(&mut self) -> Result<(), ShimKept> {
        let mut table_is_written = false;
        for payload in Parser::new(0).parse_all(self.main.bytes) {
            let payload = payload?;
            let Some((id, range)) = payload.as_section() else { continue };
            // The tables stand after the functions, before everything else.
            let before = [SectionId::Custom, SectionId::Type, SectionId::Import, SectionId::Function, SectionId::Table];
            if !table_is_written && self.main.table.is_none() && before.iter().all(|section| id != u8::from(*section)) {
                self.written.section(TableSection::new().table(self.table));
                table_is_written = true;
            }
            match payload {
                Payload::TypeSection(section) => self.types(section)?,
                Payload::ImportSection(_) => {}
                Payload::FunctionSection(section) => self.functions(section)?,
                Payload::TableSection(section) => self.tables(section)?,
                Payload::ExportSection(section) => self.exports(section)?,
                Payload::CodeSectionStart { .. } => self.code()?,
                _ => {
                    let data = self.main.bytes.get(range).unwrap_or_default();
                    self.written.section(&RawSection { id, data });
                }
            }
        }
        Ok(())
    }

    /// How many of the functions stand in the place of an import.
    fn imports(&self) -> usize {
        self.main.imports.len()
    }

    /// The number of the type of the `added`th function: that of its import, or one of those that were added.
    fn type_of(&self, added: usize) -> u32 {
        match self.main.imports.get(added) {
            Some((_, _, ty)) => *ty,
            None => number(self.main.types.len().saturating_add(added.saturating_sub(self.imports()))),
        }
    }

    fn types(&mut self, section: wasmparser::TypeSectionReader<'_>) -> Result<(), ShimKept> {
        let mut types = TypeSection::new();
        RoundtripReencoder.parse_type_section(&mut types, section)?;
        for ty in self.types.iter().skip(self.imports()) {
            types.ty().func_type(&RoundtripReencoder.func_type(ty.clone())?);
        }
        self.written.section(&types);
        Ok(())
    }

    fn functions(&mut self, section: wasmparser::FunctionSectionReader<'_>) -> Result<(), ShimKept> {
        self.functions = section.count();
        let mut functions = FunctionSection::new();
        for import in 0..self.imports() {
            functions.function(self.type_of(import));
        }
        RoundtripReencoder.parse_function_section(&mut functions, section)?;
        for other in self.imports()..self.types.len() {
            functions.function(self.type_of(other));
        }
        self.written.section(&functions);
        Ok(())
    }

    fn tables(&mut self, section: wasmparser::TableSectionReader<'_>) -> Result<(), ShimKept> {
        let mut tables = TableSection::new();
        for (table, is_first) in section.into_iter().zip(std::iter::once(true).chain(std::iter::repeat(false))) {
            let table = table?;
            if is_first {
                tables.table(self.table);
            } else {
                RoundtripReencoder.parse_table(&mut tables, table)?;
            }
        }
        self.written.section(&tables);
        Ok(())
    }

    fn exports(&mut self, section: wasmparser::ExportSectionReader<'_>) -> Result<(), ShimKept> {
        let mut exports = ExportSection::new();
        RoundtripReencoder.parse_export_section(&mut exports, section)?;
        exports.export(TABLE, ExportKind::Table, 0);
        let others = self.imports()..self.types.len();
        for (other, function) in others.zip(number(self.imports()).saturating_add(self.functions)..) {
            exports.export(&export_name(other), ExportKind::Func, function);
        }
        self.written.section(&exports);
        Ok(())
    }

    fn code(&mut self) -> Result<(), ShimKept> {
        let mut code = CodeSection::new();
        for import in 0..self.imports() {
            code.function(&self.call(import));
        }
        for payload in Parser::new(0).parse_all(self.main.bytes) {
            if let Payload::CodeSectionEntry(body) = payload? {
                code.raw(self.main.bytes.get(body.range()).unwrap_or_default());
            }
        }
        for other in self.imports()..self.types.len() {
            code.function(&self.call(other));
        }
        self.written.section(&code);
        Ok(())
    }

    /// A function that hands its parameters on to what stands in its place of the table.
    fn call(&self, added: usize) -> Function {
        let parameters = self.types.get(added).map_or(0, |ty| number(ty.params().len()));
        let mut function = Function::new([]);
        for parameter in 0..parameters {
            function.instructions().local_get(parameter);
        }
        let place = self.first.saturating_add(number(added));
        function.instructions().i32_const(place.cast_signed()).call_indirect(0, self.type_of(added)).end();
        function
    }
}

/// A count as a number of the format, which has no larger ones.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
