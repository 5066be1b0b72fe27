//! Types and functions of a WIT package as the text that a person writes.

use wit_parser::{Function, Resolve, Type, TypeDef, TypeDefKind};

/// A type where it is used: by its name, or as it is put together.
pub fn type_text(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Id(id) => {
            let def = &resolve.types[*id];
            def.name.clone().unwrap_or_else(|| kind_text(resolve, def))
        }
        Type::Bool => "bool".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::String => "string".to_owned(),
        other => panic!("the contract has no {other:?} so far: write it here"),
    }
}

/// A type as it is put together.
pub fn kind_text(resolve: &Resolve, def: &TypeDef) -> String {
    let of = |ty: &Type| type_text(resolve, ty);
    match &def.kind {
        TypeDefKind::Option(ty) => format!("option<{}>", of(ty)),
        TypeDefKind::List(ty) => format!("list<{}>", of(ty)),
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", tuple.types.iter().map(of).collect::<Vec<_>>().join(", ")),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (Some(ok), Some(err)) => format!("result<{}, {}>", of(ok), of(err)),
            (None, Some(err)) => format!("result<_, {}>", of(err)),
            (Some(ok), None) => format!("result<{}>", of(ok)),
            (None, None) => "result".to_owned(),
        },
        TypeDefKind::Type(ty) => of(ty),
        other => panic!("the contract has no unnamed {} so far: write it here", other.as_str()),
    }
}

/// A function as its signature.
pub fn signature(resolve: &Resolve, function: &Function) -> String {
    let parameters: Vec<_> =
        function.params.iter().map(|param| format!("{}: {}", param.name, type_text(resolve, &param.ty))).collect();
    let result = function.result.as_ref().map(|ty| format!(" -> {}", type_text(resolve, ty))).unwrap_or_default();
    let keyword = if function.kind.is_async() { "async func" } else { "func" };
    format!("{}: {keyword}({}){result}", function.name, parameters.join(", "))
}

/// The type that an alias or `use` stands for in the end.
pub fn original<'a>(resolve: &'a Resolve, def: &'a TypeDef) -> &'a TypeDef {
    match &def.kind {
        TypeDefKind::Type(Type::Id(id)) => original(resolve, &resolve.types[*id]),
        _ => def,
    }
}

/// The error of a function whose result has one.
pub fn error<'a>(resolve: &'a Resolve, function: &Function) -> Option<&'a TypeDef> {
    let Some(Type::Id(id)) = function.result else { return None };
    let TypeDefKind::Result(result) = &resolve.types[id].kind else { return None };
    match result.err? {
        Type::Id(error) => Some(original(resolve, &resolve.types[error])),
        _ => None,
    }
}
