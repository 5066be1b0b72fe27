//! What a component exports: the two functions of the contract, with exactly their type.

use super::error::LoadError;
use crate::abi::export_result;
use crate::engine::EngineKind;
use postlude_model::abi::AbiVersion;
use postlude_model::run::Phase;
use std::fmt::Write as _;
use wasmparser::component_types::{ComponentDefinedType, ComponentEntityType, ComponentFuncTypeId, ComponentValType};
use wasmparser::types::TypesRef;

/// The longest type that a message shows.
const SHOWN: usize = 400;

/// Checks that the component exports what its version of the contract says.
///
/// Where the engine awaits, an export may be an `async func` or not: both are called alike.
pub fn check(types: TypesRef<'_>, engine: EngineKind, version: AbiVersion) -> Result<(), LoadError> {
    for name in Phase::ALL.map(Phase::as_str) {
        let item = types.component_item_for_export(name).ok_or(LoadError::ExportMissing(name))?;
        let expected = format!("func() -> {}", export_result(version));
        let found = match item.ty {
            ComponentEntityType::Func(id) => function(types, id),
            _ => "no function".to_owned(),
        };
        let plain = match engine {
            EngineKind::Sync => found.as_str(),
            EngineKind::Async => found.strip_prefix("async ").unwrap_or(&found),
        };
        if plain != expected {
            return Err(LoadError::ExportType { name, found: found.chars().take(SHOWN).collect(), expected });
        }
    }
    Ok(())
}

fn function(types: TypesRef<'_>, id: ComponentFuncTypeId) -> String {
    let Some(ty) = types.get(id) else { return String::new() };
    let mut out = Text { types, out: String::new() };
    out.add(if ty.async_ { "async func(" } else { "func(" });
    out.members(ty.params.iter().map(|(name, ty)| (name.as_str(), Some(*ty))), (": ", ""), 0);
    out.add(")");
    if let Some(result) = &ty.result {
        out.add(" -> ");
        out.value(result, 0);
    }
    out.out
}

/// A type as WIT text, written down as far as it can matter.
struct Text<'a> {
    types: TypesRef<'a>,
    out: String,
}

impl Text<'_> {
    fn add(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Whether the text is already too long, or the type too deep, to be ours.
    fn enough(&self, depth: u32) -> bool {
        depth > 8 || self.out.len() > 2 * SHOWN
    }

    fn value(&mut self, ty: &ComponentValType, depth: u32) {
        match ty {
            ComponentValType::Primitive(primitive) => {
                let _ = write!(self.out, "{primitive}");
            }
            ComponentValType::Type(_) if self.enough(depth) => self.add(".."),
            ComponentValType::Type(id) => {
                if let Some(ty) = self.types.get(*id) {
                    self.defined(ty, depth + 1);
                }
            }
        }
    }

    fn defined(&mut self, ty: &ComponentDefinedType, depth: u32) {
        match ty {
            ComponentDefinedType::Primitive(primitive) => {
                let _ = write!(self.out, "{primitive}");
            }
            ComponentDefinedType::Record(record) => {
                self.add("record { ");
                self.members(record.fields.iter().map(|(name, ty)| (name.as_str(), Some(*ty))), (": ", ""), depth);
                self.add(" }");
            }
            ComponentDefinedType::Variant(variant) => {
                self.add("variant { ");
                self.members(variant.cases.iter().map(|(name, case)| (name.as_str(), case.ty)), ("(", ")"), depth);
                self.add(" }");
            }
            ComponentDefinedType::List { element, .. } => self.wrapped("list", &[Some(*element)], depth),
            ComponentDefinedType::Option { ty, .. } => self.wrapped("option", &[Some(*ty)], depth),
            ComponentDefinedType::Result { ok, err, .. } => self.wrapped("result", &[*ok, *err], depth),
            ComponentDefinedType::Tuple(tuple) => {
                let types: Vec<_> = tuple.types.iter().map(|ty| Some(*ty)).collect();
                self.wrapped("tuple", &types, depth);
            }
            _ => self.add("another type"),
        }
    }

    fn wrapped(&mut self, name: &str, types: &[Option<ComponentValType>], depth: u32) {
        self.add(name);
        self.add("<");
        for (at, ty) in types.iter().enumerate() {
            self.add(if at > 0 { ", " } else { "" });
            match ty {
                Some(ty) => self.value(ty, depth),
                None => self.add("_"),
            }
        }
        self.add(">");
    }

    fn members<'n>(
        &mut self,
        members: impl Iterator<Item = (&'n str, Option<ComponentValType>)>,
        (open, close): (&str, &str),
        depth: u32,
    ) {
        for (at, (name, ty)) in members.enumerate() {
            if self.enough(depth) {
                return self.add("..");
            }
            self.add(if at > 0 { ", " } else { "" });
            self.add(name);
            if let Some(ty) = ty {
                self.add(open);
                self.value(&ty, depth);
                self.add(close);
            }
        }
    }
}
