//! A component's own sections, cut into what is copied and what is numbered anew.

use super::kept::ShimKept;
use wasmparser::{CanonicalFunction, Chunk, ComponentAlias, ComponentType, Instance, Parser, Payload};

/// A part of a component, in order.
#[derive(Debug, Clone)]
pub(super) enum Item<'a> {
    /// A section that names no core instance, function, table or module: its identifier and what is in it.
    Copied(u8, &'a [u8]),
    /// A core module.
    Module(&'a [u8]),
    /// A core instance.
    Instance(Instance<'a>),
    /// An alias of any kind.
    Alias(ComponentAlias<'a>),
    /// A function of the canonical ABI: a lift, a lower or one of its own.
    Canonical(CanonicalFunction),
}

/// The items of a component.
pub(super) fn read(component: &[u8]) -> Result<Vec<Item<'_>>, ShimKept> {
    let (mut items, mut parser, mut rest) = (Vec::new(), Parser::new(0), component);
    // Where the parser is, as its ranges count.
    let mut at = 0_usize;
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true)? else {
            return Err(ShimKept::Form("it is not complete"));
        };
        at = at.saturating_add(consumed);
        let end = match &payload {
            Payload::End(_) => return Ok(items),
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                // What is inside has a parser of its own, and this one goes on after it.
                unchecked_range.end
            }
            _ => at,
        };
        add(&mut items, payload, component)?;
        at = end;
        rest = component.get(at..).unwrap_or_default();
    }
}

fn add<'a>(items: &mut Vec<Item<'a>>, payload: Payload<'a>, component: &'a [u8]) -> Result<(), ShimKept> {
    match payload {
        Payload::ModuleSection { unchecked_range, .. } => {
            items.push(Item::Module(component.get(unchecked_range).unwrap_or_default()));
        }
        Payload::InstanceSection(section) => {
            for instance in section {
                items.push(Item::Instance(instance?));
            }
        }
        Payload::ComponentAliasSection(section) => {
            for alias in section {
                items.push(Item::Alias(alias?));
            }
        }
        Payload::ComponentCanonicalSection(section) => {
            for function in section {
                items.push(Item::Canonical(function?));
            }
        }
        // Its names are those of numbers that change. The modules keep theirs.
        Payload::CustomSection(section) if section.name() == "component-name" => {}
        Payload::CoreTypeSection(_) | Payload::ComponentStartSection { .. } => {
            return Err(ShimKept::Form("it has core types or a start function of its own"));
        }
        other => {
            if let Payload::ComponentTypeSection(section) = &other {
                for ty in section.clone() {
                    if matches!(ty?, ComponentType::Resource { .. }) {
                        return Err(ShimKept::Form("it defines a resource"));
                    }
                }
            }
            if let Some((id, range)) = other.as_section() {
                items.push(Item::Copied(id, component.get(range).unwrap_or_default()));
            }
        }
    }
    Ok(())
}
