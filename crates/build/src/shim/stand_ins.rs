//! The two modules that `wit-component` adds: the shim, whose functions call what stands in its table, and the fixup, which puts
//! the lowered imports there.

use super::kept::ShimKept;
use std::collections::BTreeMap;
use wasmparser::{ElementItems, ElementKind, FuncType, FunctionBody, Operator, Parser, Payload, TypeRef};

/// The name of the shim's table.
pub(super) const TABLE: &str = "$imports";

/// The shim: its exports, each with the place in its table and the type.
#[derive(Debug)]
pub(super) struct Shim<'a>(pub(super) BTreeMap<&'a str, (u32, FuncType)>);

/// The fixup: the names of its imports by their places in the table.
#[derive(Debug)]
pub(super) struct Fixup<'a>(pub(super) Vec<&'a str>);

/// Whether a module is a shim: it exports the table, and imports nothing.
pub(super) fn is_shim(module: &[u8]) -> bool {
    let mut exports_table = false;
    for payload in Parser::new(0).parse_all(module) {
        match payload {
            Ok(Payload::ImportSection(_)) | Err(_) => return false,
            Ok(Payload::ExportSection(section)) => {
                exports_table = section.into_iter().flatten().any(|export| export.name == TABLE);
            }
            Ok(_) => {}
        }
    }
    exports_table
}

/// Whether a module is a fixup: it imports the table.
pub(super) fn is_fixup(module: &[u8]) -> bool {
    Parser::new(0).parse_all(module).flatten().any(|payload| match payload {
        Payload::ImportSection(section) => section.into_imports().flatten().any(|import| import.name == TABLE),
        _ => false,
    })
}

/// Reads a shim.
pub(super) fn shim(module: &[u8]) -> Result<Shim<'_>, ShimKept> {
    let (mut types, mut functions, mut bodies, mut exports) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(section) => {
                types = section.into_iter_err_on_gc_types().collect::<Result<Vec<_>, _>>()?;
            }
            Payload::FunctionSection(section) => functions = section.into_iter().collect::<Result<Vec<_>, _>>()?,
            Payload::ExportSection(section) => exports = section.into_iter().collect::<Result<Vec<_>, _>>()?,
            Payload::CodeSectionEntry(body) => bodies.push(body),
            Payload::ImportSection(_) | Payload::StartSection { .. } | Payload::ElementSection(_) => {
                return Err(ShimKept::Form("its shim has more than a table and functions"));
            }
            _ => {}
        }
    }
    let mut named = BTreeMap::new();
    for export in exports.iter().filter(|export| export.kind == wasmparser::ExternalKind::Func) {
        let index = usize::try_from(export.index).unwrap_or(usize::MAX);
        let found = functions.get(index).and_then(|ty| types.get(usize::try_from(*ty).ok()?)).zip(bodies.get(index));
        let (ty, body) = found.ok_or(ShimKept::Form("its shim exports a function that it does not have"))?;
        named.insert(export.name, (place(body, ty)?, ty.clone()));
    }
    Ok(Shim(named))
}

/// The place in the table that a function of the shim calls with its own parameters.
fn place(body: &FunctionBody<'_>, ty: &FuncType) -> Result<u32, ShimKept> {
    let other = ShimKept::Form("its shim does something else than to call");
    let mut operators = body.get_operators_reader()?;
    for parameter in 0..ty.params().len() {
        match operators.read()? {
            Operator::LocalGet { local_index } if usize::try_from(local_index) == Ok(parameter) => {}
            _ => return Err(other),
        }
    }
    match (operators.read()?, operators.read()?, operators.read()?) {
        (Operator::I32Const { value }, Operator::CallIndirect { table_index: 0, .. }, Operator::End) => {
            u32::try_from(value).map_err(|_| other)
        }
        _ => Err(other),
    }
}

/// Reads a fixup.
pub(super) fn fixup(module: &[u8]) -> Result<Fixup<'_>, ShimKept> {
    let other = ShimKept::Form("its fixup does something else than to fill the table");
    let (mut imports, mut places) = (Vec::new(), None);
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(_) if import.module.is_empty() => imports.push(import.name),
                        TypeRef::Table(_) if import.module.is_empty() && import.name == TABLE => {}
                        _ => return Err(other),
                    }
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    let element = element?;
                    let (
                        ElementKind::Active { table_index: None | Some(0), offset_expr },
                        ElementItems::Functions(functions),
                    ) = (element.kind, element.items)
                    else {
                        return Err(other);
                    };
                    let at_start =
                        matches!(offset_expr.get_operators_reader().read()?, Operator::I32Const { value: 0 });
                    if !at_start || places.is_some() {
                        return Err(other);
                    }
                    places = Some(functions.into_iter().collect::<Result<Vec<_>, _>>()?);
                }
            }
            Payload::StartSection { .. } | Payload::FunctionSection(_) | Payload::TableSection(_) => return Err(other),
            _ => {}
        }
    }
    let name = |function: u32| imports.get(usize::try_from(function).ok()?).copied();
    let names = places.unwrap_or_default().into_iter().map(name).collect::<Option<Vec<_>>>();
    names.map(Fixup).ok_or(other)
}
