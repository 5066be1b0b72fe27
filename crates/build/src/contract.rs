//! The contract with plugins, as this program brings it along: the text of `wit/0.1`.

use crate::error::BuildError;
use std::path::Path;
use wit_component::StringEncoding;
use wit_parser::{Resolve, SourceMap, WorldId};

/// The files of the contract, by name.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("cache.wit", include_str!("../../../wit/0.1/cache.wit")),
    ("claims.wit", include_str!("../../../wit/0.1/claims.wit")),
    ("clock.wit", include_str!("../../../wit/0.1/clock.wit")),
    ("decisions.wit", include_str!("../../../wit/0.1/decisions.wit")),
    ("event.wit", include_str!("../../../wit/0.1/event.wit")),
    ("http.wit", include_str!("../../../wit/0.1/http.wit")),
    ("keys.wit", include_str!("../../../wit/0.1/keys.wit")),
    ("log.wit", include_str!("../../../wit/0.1/log.wit")),
    ("login.wit", include_str!("../../../wit/0.1/login.wit")),
    ("random.wit", include_str!("../../../wit/0.1/random.wit")),
    ("redirect.wit", include_str!("../../../wit/0.1/redirect.wit")),
    ("reply.wit", include_str!("../../../wit/0.1/reply.wit")),
    ("secrets.wit", include_str!("../../../wit/0.1/secrets.wit")),
    ("session.wit", include_str!("../../../wit/0.1/session.wit")),
    ("types.wit", include_str!("../../../wit/0.1/types.wit")),
    ("user.wit", include_str!("../../../wit/0.1/user.wit")),
    ("world.wit", include_str!("../../../wit/0.1/world.wit")),
];

/// The world of a plugin.
pub(crate) const PLUGIN: &str = "post-login";

/// The world of what stands in for WASI.
pub(crate) const PREVIEW1: &str = "preview1";

/// Worlds of this program, beside those of the contract.
const OWN_WORLDS: &str = "package postlude:action@0.1.0;
world preview1 {
    import clock;
    import random;
    import log;
}";

/// The core module with the type of a world in a custom section, for compilers that write none. The component imports only what the
/// module does.
pub(crate) fn embed_type(mut module: Vec<u8>, world: &str) -> Result<Vec<u8>, BuildError> {
    let broken = |why: String| BuildError::Project(format!("the contract of this program is malformed: {why}"));
    let (resolve, world) = parse(world).map_err(broken)?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|why| broken(format!("{why:#}")))?;
    Ok(module)
}

fn parse(world: &str) -> Result<(Resolve, WorldId), String> {
    let mut sources = SourceMap::new();
    for (name, text) in FILES {
        sources.push(Path::new(name), *text);
    }
    sources.push(Path::new("own-worlds.wit"), OWN_WORLDS);
    let group = sources.parse().map_err(|(_, why)| why.to_string())?;
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group).map_err(|why| why.to_string())?;
    let world = resolve.select_world(&[package], Some(world)).map_err(|why| format!("{why:#}"))?;
    Ok((resolve, world))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_contract_is_here() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/0.1");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<String> = files.filter(|name| name.ends_with(".wit")).collect();
        files.sort();
        assert_eq!(files, FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    #[test]
    fn the_contract_has_the_world_of_a_plugin() {
        let (resolve, world) = parse(PLUGIN).unwrap();
        assert_eq!(resolve.worlds.get(world).unwrap().exports.len(), 2);
    }
}
