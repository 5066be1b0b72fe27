//! The types of the contract's modules, as JavaScript sees them: `sdk/js/types/abi.d.ts` is made of the WIT, and this test says
//! whether it is current.

use crate::trim::{Contract, camel_case};
use std::fmt::Write as _;
use wit_parser::{Docs, Function, Interface, Resolve, Type, TypeDef, TypeDefKind, TypeId};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/js/types/abi.d.ts");

#[test]
fn the_types_of_the_contract_are_current() {
    let text = module_types(&Contract::read().unwrap());
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        std::fs::write(PATH, &text).unwrap();
    }
    let file = std::fs::read_to_string(PATH).unwrap();
    assert!(
        file == text,
        "sdk/js/types/abi.d.ts is not what wit/0.1 says: `INSTA_UPDATE=always cargo test --workspace --lib -- types_of_the_contract` writes it"
    );
}

fn module_types(contract: &Contract) -> String {
    let resolve = contract.resolve();
    let mut text = "// Made of wit/0.1 by a test of crates/build. Do not edit.\n".to_owned();
    let mut interfaces: Vec<_> = resolve.interfaces.iter().collect();
    interfaces.sort_by_key(|(_, interface)| interface.name.clone());
    for (id, interface) in interfaces {
        text.push('\n');
        docs(&mut text, &interface.docs, "");
        writeln!(text, "declare module \"{}\" {{", resolve.id_of(id).unwrap()).unwrap();
        for import in imported(resolve, interface) {
            writeln!(text, "  {import}").unwrap();
        }
        for (name, id) in &interface.types {
            type_definition(&mut text, resolve, name, &resolve.types[*id]);
        }
        for (name, function) in &interface.functions {
            function_definition(&mut text, resolve, name, function);
        }
        text.push_str("}\n");
    }
    text
}

/// The types of other interfaces that one uses.
fn imported(resolve: &Resolve, interface: &Interface) -> Vec<String> {
    let imports = interface.types.iter().filter_map(|(name, id)| {
        let TypeDefKind::Type(Type::Id(target)) = resolve.types[*id].kind else { return None };
        let wit_parser::TypeOwner::Interface(owner) = resolve.types[target].owner else { return None };
        let module = resolve.id_of(owner).unwrap();
        Some(format!("import type {{ {} }} from \"{module}\";", pascal_case(name)))
    });
    imports.collect()
}

fn type_definition(text: &mut String, resolve: &Resolve, name: &str, definition: &TypeDef) {
    let name = pascal_case(name);
    // Imported above.
    if matches!(definition.kind, TypeDefKind::Type(Type::Id(_))) {
        return;
    }
    docs(text, &definition.docs, "  ");
    match &definition.kind {
        TypeDefKind::Record(record) => {
            writeln!(text, "  export interface {name} {{").unwrap();
            for field in &record.fields {
                docs(text, &field.docs, "    ");
                writeln!(text, "    {}: {};", camel_case(&field.name), type_text(resolve, &field.ty)).unwrap();
            }
            text.push_str("  }\n");
        }
        TypeDefKind::Variant(variant) => {
            writeln!(text, "  export type {name} =").unwrap();
            for case in &variant.cases {
                docs(text, &case.docs, "    ");
                let value = case.ty.as_ref().map(|ty| format!("; val: {}", type_text(resolve, ty))).unwrap_or_default();
                writeln!(text, "    | {{ tag: \"{}\"{value} }}", case.name).unwrap();
            }
            text.insert(text.len() - 1, ';');
        }
        TypeDefKind::Enum(one_of) => {
            let cases: Vec<_> = one_of.cases.iter().map(|case| format!("\"{}\"", case.name)).collect();
            writeln!(text, "  export type {name} = {};", cases.join(" | ")).unwrap();
        }
        TypeDefKind::Type(ty) => writeln!(text, "  export type {name} = {};", type_text(resolve, ty)).unwrap(),
        kind => writeln!(text, "  export type {name} = {};", kind_text(resolve, kind)).unwrap(),
    }
}

fn function_definition(text: &mut String, resolve: &Resolve, name: &str, function: &Function) {
    let parameters: Vec<_> = function
        .params
        .iter()
        .map(|parameter| format!("{}: {}", camel_case(&parameter.name), type_text(resolve, &parameter.ty)))
        .collect();
    let mut full_docs = function.docs.contents.clone().unwrap_or_default();
    let result = match function.result {
        None => "void".to_owned(),
        Some(Type::Id(id)) => match &resolve.types[id].kind {
            // A function that answers `result` throws an error whose `payload` is the other case.
            TypeDefKind::Result(result) => {
                if let Some(error) = &result.err {
                    write!(
                        full_docs,
                        "\n@throws An Error whose `payload` is a {{@link {}}}.",
                        type_text(resolve, error)
                    )
                    .unwrap();
                }
                result.ok.as_ref().map_or_else(|| "void".to_owned(), |ok| type_text(resolve, ok))
            }
            _ => type_text(resolve, &Type::Id(id)),
        },
        Some(ty) => type_text(resolve, &ty),
    };
    docs(text, &Docs { contents: Some(full_docs) }, "  ");
    let name = camel_case(name);
    // A word of the language cannot name a declaration.
    let (declared, export) =
        if name == "delete" { ("delete_".to_owned(), "  export { delete_ as delete };\n") } else { (name, "") };
    let keyword = if export.is_empty() { "export function" } else { "function" };
    writeln!(text, "  {keyword} {declared}({}): {result};", parameters.join(", ")).unwrap();
    text.push_str(export);
}

fn docs(text: &mut String, docs: &Docs, indent: &str) {
    let Some(contents) = &docs.contents else { return };
    let lines: Vec<_> = contents.trim().lines().collect();
    match lines[..] {
        [line] => writeln!(text, "{indent}/** {line} */").unwrap(),
        _ => {
            writeln!(text, "{indent}/**").unwrap();
            for line in lines {
                writeln!(text, "{indent} * {line}").unwrap();
            }
            writeln!(text, "{indent} */").unwrap();
        }
    }
}

fn type_text(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Bool => "boolean".to_owned(),
        Type::U8 | Type::U16 | Type::U32 | Type::S8 | Type::S16 | Type::S32 | Type::F32 | Type::F64 => {
            "number".to_owned()
        }
        // The small engine gives a number, the full one a bigint.
        Type::U64 | Type::S64 => "number | bigint".to_owned(),
        Type::Char | Type::String => "string".to_owned(),
        Type::ErrorContext => panic!("the contract has no error contexts"),
        Type::Id(id) => named_text(resolve, *id),
    }
}

fn named_text(resolve: &Resolve, id: TypeId) -> String {
    let definition = &resolve.types[id];
    definition.name.as_deref().map_or_else(|| kind_text(resolve, &definition.kind), pascal_case)
}

fn kind_text(resolve: &Resolve, kind: &TypeDefKind) -> String {
    match kind {
        TypeDefKind::List(Type::U8) => "Uint8Array".to_owned(),
        TypeDefKind::List(ty) => {
            let item = type_text(resolve, ty);
            if item.contains('|') { format!("({item})[]") } else { format!("{item}[]") }
        }
        // Null on the small engine, undefined on the full one.
        TypeDefKind::Option(ty) => format!("{} | null | undefined", type_text(resolve, ty)),
        TypeDefKind::Tuple(tuple) => {
            let items: Vec<_> = tuple.types.iter().map(|ty| type_text(resolve, ty)).collect();
            format!("[{}]", items.join(", "))
        }
        TypeDefKind::Type(ty) => type_text(resolve, ty),
        other => panic!("the contract has a type that JavaScript's types do not know: {}", other.as_str()),
    }
}

/// A type's name in JavaScript's spelling, `RedirectRequest`.
fn pascal_case(name: &str) -> String {
    let camel = camel_case(name);
    let mut letters = camel.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
