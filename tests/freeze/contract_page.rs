//! `docs/contract.md`: the contract for people, made of `wit/0.1`, the table of its functions, and the limits of the host.

use crate::wit_text::{error, kind_text, signature, type_text};
use crate::{assert_golden, root};
use postlude_model::abi::AbiVersion;
use postlude_model::limits;
use postlude_model::manifest::Manifest;
use postlude_model::trigger::Trigger;
use postlude_sandbox::{Function, Needs, Price, WASI_INTERFACES, Work, call_fuel, functions};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use wit_parser::{Docs, Interface, Package, Resolve, TypeDef, TypeDefKind, TypeOwner, World, WorldItem, WorldKey};

const VERSION: AbiVersion = AbiVersion::V0_1;

/// `INSTA_UPDATE=always` writes it anew.
#[test]
fn the_page_is_what_the_contract_says() {
    assert_golden("docs/contract.md", &page());
}

fn page() -> String {
    let mut resolve = Resolve::default();
    let (id, _) = resolve.push_dir(root().join("wit").join(VERSION.series())).unwrap();
    let package = resolve.packages[id].clone();
    let mut out = String::new();
    opening(&mut out, &resolve, &package);
    for (name, part) in interfaces(&resolve, &package) {
        interface(&mut out, &resolve, name, part);
    }
    needs(&mut out);
    prices(&mut out);
    wasi(&mut out);
    limits_table(&mut out);
    reserved(&mut out);
    out
}

/// The interfaces in the order of the first world, those with types alone at the end.
fn interfaces<'a>(resolve: &'a Resolve, package: &'a Package) -> Vec<(&'a String, &'a Interface)> {
    let world = &resolve.worlds[package.worlds[Trigger::ALL[0].as_str()]];
    let imports = world.imports.keys().filter_map(|key| match key {
        WorldKey::Interface(id) => Some(&resolve.interfaces[*id]),
        WorldKey::Name(_) => None,
    });
    let mut found: Vec<_> = imports.map(|interface| (interface.name.as_ref().unwrap(), interface)).collect();
    found.sort_by_key(|(_, interface)| interface.functions.is_empty());
    assert_eq!(found.len(), package.interfaces.len(), "each interface is in the world of the trigger");
    found
}

fn opening(out: &mut String, resolve: &Resolve, package: &Package) {
    let _ = write!(
        out,
        "# The contract with plugins: `{}`\n\n\
         Every function that a plugin may call and every type that it returns, with what each function needs and costs. This page is made of\n\
         [wit/{series}](../wit/{series}), the table of host functions and the limits of the code; a test holds it to them. How to write a plugin:\n\
         [writing-a-plugin.md](writing-a-plugin.md). The manifest: [manifest.schema.json](../wit/{series}/manifest.schema.json).\n\n",
        VERSION.package(),
        series = VERSION.series(),
    );
    let _ = writeln!(out, "{}\n", docs(&package.docs));
    let _ = writeln!(out, "- Worlds: {}", links(package.worlds.keys()));
    let with_functions = |wanted: bool| {
        let all = interfaces(resolve, package).into_iter();
        links(all.filter(|(_, interface)| interface.functions.is_empty() != wanted).map(|(name, _)| name))
    };
    let _ = writeln!(out, "- Functions: {}", with_functions(true));
    let _ = writeln!(out, "- Types: {}", with_functions(false));
    let _ = writeln!(
        out,
        "- [What a manifest declares](#what-a-manifest-declares) · [Prices](#prices) · [WASI](#wasi) · [Limits](#limits) · [Reserved claims](#reserved-claims)\n"
    );
    for (name, id) in &package.worlds {
        world(out, resolve, name, &resolve.worlds[*id]);
    }
}

fn links<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!("[`{name}`](#{name})")).collect::<Vec<_>>().join(" · ")
}

fn world(out: &mut String, resolve: &Resolve, name: &str, world: &World) {
    let _ = write!(out, "## `{name}`\n\n{}\n\n| a plugin exports | |\n|---|---|\n", docs(&world.docs));
    for (key, item) in &world.exports {
        let (WorldKey::Name(_), WorldItem::Function(function)) = (key, item) else {
            panic!("an export that is no function")
        };
        let _ = writeln!(out, "| `{}` | {} |", signature(resolve, function), docs(&function.docs));
    }
    let imports = world.imports.keys().filter_map(|key| match key {
        WorldKey::Interface(id) => resolve.interfaces[*id].name.as_ref(),
        WorldKey::Name(_) => None,
    });
    let _ = writeln!(out, "\nIt may import {}.\n", links(imports));
}

fn interface(out: &mut String, resolve: &Resolve, name: &str, interface: &Interface) {
    let _ = write!(out, "## `{name}`\n\n{}\n\n", docs(&interface.docs));
    if !interface.functions.is_empty() {
        let _ = writeln!(
            out,
            "| function | what it does | errors | the manifest declares | [price](#prices) |\n|---|---|---|---|---|"
        );
    }
    for (function_name, function) in &interface.functions {
        let Function { needs, price, .. } = entry(name, function_name);
        let errors = error(resolve, function).map(|def| error_link(resolve, def)).unwrap_or_default();
        let declares = declared(needs).map(|field| format!("`{field}`")).unwrap_or_default();
        let _ = writeln!(
            out,
            "| `{}` | {} | {errors} | {declares} | {} |",
            signature(resolve, function),
            docs(&function.docs),
            price_name(price)
        );
    }
    if !interface.functions.is_empty() {
        out.push('\n');
    }
    // What an interface takes from another by `use` stands there.
    for (type_name, id) in interface.types.iter().filter(|(_, id)| !is_used(resolve, &resolve.types[**id])) {
        type_table(out, resolve, type_name, &resolve.types[*id]);
    }
}

/// The line of the table of host functions.
fn entry(interface: &str, name: &str) -> Function {
    let found = functions(VERSION).iter().find(|function| function.interface == interface && function.name == name);
    *found.unwrap_or_else(|| panic!("`{interface}.{name}` is not in the table of host functions"))
}

fn is_used(resolve: &Resolve, def: &TypeDef) -> bool {
    match &def.kind {
        TypeDefKind::Type(wit_parser::Type::Id(id)) => resolve.types[*id].name.is_some(),
        _ => false,
    }
}

fn error_link(resolve: &Resolve, def: &TypeDef) -> String {
    let TypeOwner::Interface(owner) = def.owner else { panic!("an error type outside of an interface") };
    let (name, interface) = (def.name.as_deref().unwrap(), resolve.interfaces[owner].name.as_deref().unwrap());
    format!("[`{name}`](#{name}-of-{interface})")
}

fn type_table(out: &mut String, resolve: &Resolve, name: &str, def: &TypeDef) {
    let TypeOwner::Interface(owner) = def.owner else { panic!("a type outside of an interface") };
    let interface = resolve.interfaces[owner].name.as_deref().unwrap();
    let kind = def.kind.as_str();
    let _ = write!(out, "### `{name}` of `{interface}`\n\n{}", docs(&def.docs));
    if let TypeDefKind::Type(_) | TypeDefKind::List(_) = def.kind {
        let _ = writeln!(out, " It is `{}`.\n", kind_text(resolve, def));
        return;
    }
    let _ = write!(out, " A {kind}.\n\n");
    let mut rows = Vec::new();
    match &def.kind {
        TypeDefKind::Variant(variant) => rows.extend(variant.cases.iter().map(|case| {
            let value = case.ty.as_ref().map(|ty| format!("({})", type_text(resolve, ty))).unwrap_or_default();
            (format!("{}{value}", case.name), docs(&case.docs))
        })),
        TypeDefKind::Record(record) => rows.extend(
            record
                .fields
                .iter()
                .map(|field| (format!("{}: {}", field.name, type_text(resolve, &field.ty)), docs(&field.docs))),
        ),
        TypeDefKind::Enum(cases) => rows.extend(cases.cases.iter().map(|case| (case.name.clone(), docs(&case.docs)))),
        other => panic!("the contract has no {} so far: write it here", other.as_str()),
    }
    let _ = writeln!(out, "| | |\n|---|---|");
    for (what, says) in rows {
        let _ = writeln!(out, "| `{what}` | {says} |");
    }
    out.push('\n');
}

/// A doc comment in one line, fit for a cell of a table.
fn docs(docs: &Docs) -> String {
    let text = docs.contents.as_deref().unwrap_or_else(|| panic!("an item of the contract has no documentation"));
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The manifest's field that a function needs.
fn declared(needs: Needs) -> Option<&'static str> {
    let manifest =
        r#"{"name":"a","version":"0.1.0","publisher":"a.example","abi":"0.1.0","result":"none","capabilities":{}}"#;
    needs.field(&Manifest::parse(manifest.as_bytes()).unwrap()).map(|(field, _)| field)
}

fn needs(out: &mut String) {
    let mut by_field: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for function in functions(VERSION) {
        if let Some(field) = declared(function.needs) {
            by_field.entry(field).or_default().push(format!("`{}.{}`", function.interface, function.name));
        }
    }
    out.push_str(
        "## What a manifest declares\n\nA plugin that imports one of these functions declares in its manifest what it uses it for, and the operator grants \
         it. Without the declaration the plugin is not loaded; without the grant the configuration is not taken.\n\n| field | functions |\n|---|---|\n",
    );
    for (field, functions) in by_field {
        let _ = writeln!(out, "| `{field}` | {} |", functions.join(", "));
    }
    out.push('\n');
}

const fn price_name(price: Price) -> &'static str {
    match price {
        Price::Crossing => "crossing",
        Price::Json => "JSON",
        Price::Commands => "commands",
        Price::JsonAndCommands => "JSON and commands",
        Price::Log => "log",
        Price::Hash => "hash",
        Price::Signature => "signature",
        Price::Request => "request",
    }
}

fn prices(out: &mut String) {
    let call = call_fuel(0, 0);
    let each = |more: u64, less: u64| grouped(more - less);
    let commands = Work::Commands(0).fuel();
    let rows = [
        (Price::Crossing, "nothing more".to_owned()),
        (Price::Json, format!("{} for each byte of JSON that is read or written", grouped(Work::Json(1).fuel()))),
        (
            Price::Commands,
            format!(
                "{}, and {} for each earlier command of the run",
                grouped(commands),
                each(Work::Commands(1).fuel(), commands)
            ),
        ),
        (Price::JsonAndCommands, "as JSON, and as commands".to_owned()),
        (
            Price::Log,
            format!("{} for each byte that is looked at and perhaps escaped", grouped(Work::Escape(1).fuel())),
        ),
        (Price::Hash, format!("{} for each byte that is hashed", grouped(Work::Hash(1).fuel()))),
        (
            Price::Signature,
            format!(
                "{} for a signature made or checked, {} for one with a private RSA key, and as JSON",
                grouped(Work::Signature.fuel()),
                grouped(Work::RsaSignature.fuel())
            ),
        ),
        (Price::Request, format!("{} for each request", grouped(Work::Request.fuel()))),
    ];
    let _ = write!(
        out,
        "## Prices\n\nA run has a budget of fuel. The plugin's own instructions spend it, about one unit each, and so do its calls. Each call costs {} units, and \
         for its arguments and its result {} for each byte and {} for each item of a list. Besides, by its class:\n\n| class | units of fuel |\n|---|---|\n",
        grouped(call),
        each(call_fuel(1, 0), call),
        each(call_fuel(0, 1), call),
    );
    for (price, text) in rows {
        let _ = writeln!(out, "| {} | {text} |", price_name(price));
    }
    out.push_str("\n`postlude profile PLUGIN` shows what a run of yours spends, function by function.\n\n");
}

fn wasi(out: &mut String) {
    out.push_str(
        "## WASI\n\nA plugin needs none. Toolchains that import WASI all the same may import these interfaces, of any version 0.2, and find everything \
         shut; any other is refused when the plugin is loaded. Nothing of the machine can be seen, and a run stays a function of its input. \
         Each call costs what a call of the contract costs; one that writes, as `log` does.\n\n| interface | a plugin finds |\n|---|---|\n",
    );
    for interface in WASI_INTERFACES {
        let _ = writeln!(out, "| `{}` | {} |", interface.name, found_in_wasi(interface.name));
    }
    out.push('\n');
}

fn found_in_wasi(interface: &str) -> &'static str {
    match interface {
        "wasi:cli/environment" => "no variables, no arguments, no working folder",
        "wasi:cli/exit" => "the end of the run, which has failed: a plugin returns its decision",
        "wasi:cli/stdin" => "an input that is at its end",
        "wasi:cli/stdout" => "the run's log, line by line, at level `info`",
        "wasi:cli/stderr" => "the run's log, line by line, at level `warn`",
        "wasi:cli/terminal-input" | "wasi:cli/terminal-output" => "the type alone",
        "wasi:cli/terminal-stdin" | "wasi:cli/terminal-stdout" | "wasi:cli/terminal-stderr" => "no terminal",
        "wasi:clocks/monotonic-clock" => {
            "virtual time: each run begins at one second; the clock stands still while the plugin computes, and jumps when it waits for a timer. \
             Nobody waits for real. A run may wait as long as its wall clock says, all waits together"
        }
        "wasi:clocks/wall-clock" => {
            "what `clock.now` says, and the time that the run has waited; `clock.now` stands still"
        }
        "wasi:filesystem/preopens" => "no folder",
        "wasi:filesystem/types" => "the types alone: without a folder nothing can be opened",
        "wasi:io/error" => "the type alone",
        "wasi:io/poll" => "a poll that answers at once; where nothing is ready, time has jumped to the earliest timer",
        "wasi:io/streams" => "the streams of `wasi:cli`, which are always ready",
        "wasi:random/random" | "wasi:random/insecure" | "wasi:random/insecure-seed" => {
            "bytes of the run's seed: a retry of the step sees the same. They are others than those of `random`"
        }
        "wasi:sockets/network" | "wasi:sockets/tcp" | "wasi:sockets/udp" => "the types alone",
        "wasi:sockets/instance-network" => "a network with which nothing can be done",
        "wasi:sockets/ip-name-lookup" | "wasi:sockets/tcp-create-socket" | "wasi:sockets/udp-create-socket" => {
            "the error `access-denied`; requests are made with `http`"
        }
        other => panic!("`{other}` has no line on this page"),
    }
}

fn limits_table(out: &mut String) {
    let count = |n: usize| grouped(u64::try_from(n).unwrap());
    let seconds = |d: std::time::Duration| format!("{} s", d.as_secs());
    let rows = [
        ("fuel of a run, unless the operator sets another", grouped(limits::FUEL)),
        ("wall clock of a run, unless the operator sets another", seconds(limits::WALL_CLOCK)),
        ("bytes of memory of a run, unless the operator sets another", grouped(limits::MEMORY_BYTES)),
        ("the same of a plugin that imports WASI", grouped(limits::CLOSED_WASI_MEMORY_BYTES)),
        ("bytes that a run hands to the host in arguments", count(limits::HOST_CALL_BYTES)),
        ("levels of nesting in JSON", count(limits::JSON_DEPTH)),
        ("bytes of a redirect URL, with all that the host appends", count(limits::REDIRECT_URL_BYTES)),
        ("redirects of a login", grouped(limits::SUSPENSIONS.into())),
        ("bytes of a stash", count(limits::STASH_BYTES)),
        ("bytes of a factor's evidence", count(limits::EVIDENCE_BYTES)),
        ("bytes of all metadata of a login, and of a session", count(limits::METADATA_BYTES)),
        ("keys of metadata", count(limits::METADATA_KEYS)),
        ("levels of nesting in metadata", count(limits::METADATA_DEPTH)),
        ("bytes of all claims of a login", count(limits::CLAIMS_BYTES)),
        ("bytes of an action's cache, keys and values", count(limits::CACHE_BYTES)),
        ("keys of an action's cache", count(limits::CACHE_KEYS)),
        ("life of a cached value at most", seconds(limits::CACHE_LIFETIME)),
        ("life of a request or result token at most", seconds(limits::TOKEN_LIFETIME)),
        ("bytes of a token by a key of the action", count(limits::OWN_TOKEN_BYTES)),
        ("requests of a run", count(limits::HTTP_CALLS)),
        ("time of one request", seconds(limits::HTTP_TIMEOUT)),
        ("bytes of content of a request or response", count(limits::HTTP_BODY_BYTES)),
        ("header fields of a request or response", count(limits::HTTP_HEADERS)),
        ("random bytes of a run", count(limits::RANDOM_BYTES)),
        ("lines of log of a run", count(limits::LOG_LINES)),
        ("bytes of log of a run", count(limits::LOG_BYTES)),
        ("bytes of a plugin file without WASI", count(limits::COMPONENT_BYTES)),
        ("bytes of a manifest", count(limits::MANIFEST_BYTES)),
        ("core instances of a component", count(limits::INSTANCES)),
        ("tables, and elements of all tables", format!("{}, {}", count(limits::TABLES), count(limits::TABLE_ELEMENTS))),
        ("handles of a run", count(limits::HANDLES)),
        ("bytes of a plugin file that imports WASI", count(limits::CLOSED_WASI_COMPONENT_BYTES)),
        ("its bytes of memory, unless the operator sets another", grouped(limits::CLOSED_WASI_MEMORY_BYTES)),
        ("its core instances", count(limits::CLOSED_WASI_INSTANCES)),
        ("its handles", count(limits::CLOSED_WASI_HANDLES)),
    ];
    out.push_str("## Limits\n\nA run that passes its fuel, its wall clock, the bytes that it may hand to the host or its random bytes is stopped. Of the others the function \
         that is called says so.\n\n| of | at most |\n|---|---|\n");
    for (what, limit) in rows {
        let _ = writeln!(out, "| {what} | {limit} |");
    }
    out.push('\n');
}

fn reserved(out: &mut String) {
    let text = std::fs::read_to_string(root().join("wit").join(VERSION.series()).join("reserved-claims.txt")).unwrap();
    let names: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(names.len() > 10, "{names:?}");
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let _ = writeln!(
        out,
        "## Reserved claims\n\nThe identity provider alone sets these; `claims` refuses them: {}.",
        names.join(", ")
    );
}

/// A number with a comma between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
