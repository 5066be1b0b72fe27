//! A profile as a flame graph: folded stacks, and the SVG that is drawn of them.

use super::report::ProfiledPlugin;
use anyhow::{Context as _, Result};
use inferno::flamegraph::{self, Options};
use postlude_sandbox::Stack;

/// Every stack as `frame;frame;frame fuel`, the format that flame graph tools read.
pub(super) fn folded(stacks: &[Stack]) -> Vec<String> {
    stacks
        .iter()
        .map(|stack| {
            format!("{} {}", stack.frames.iter().map(|name| frame(name)).collect::<Vec<_>>().join(";"), stack.fuel)
        })
        .collect()
}

/// A frame's name without what separates frames, such as in `[u8; 4]`.
fn frame(name: &str) -> String {
    name.replace(';', ",")
}

/// The flame graph, as one SVG file that needs nothing else.
pub(super) fn svg(profiled: &ProfiledPlugin<'_>) -> Result<Vec<u8>> {
    let manifest = profiled.manifest;
    let mut options = Options::default();
    options.title = format!("{} {}: fuel of {}", manifest.name, manifest.version, profiled.phase.as_str());
    options.count_name = "fuel".to_owned();
    options.name_type = "Function:".to_owned();
    // The same profile gives the same file.
    options.deterministic = true;
    let lines = folded(&profiled.profile.stacks);
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)
        .context("the flame graph was not drawn")?;
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_in_a_name_separates_no_frames() {
        let stacks = [Stack { frames: vec!["on-login".into(), "f<[u8; 4]>".into()], fuel: 7 }];
        assert_eq!(folded(&stacks), ["on-login;f<[u8, 4]> 7"]);
    }
}
