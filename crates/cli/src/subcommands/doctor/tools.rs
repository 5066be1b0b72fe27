//! The tools that build plugins.

use super::finding::{Finding, Status};
use postlude_build::Language;
use postlude_build::tools::{System, TOOLS, Tool, find};

const PART: &str = "building plugins";

/// Looks for every tool; those of these languages are needed.
pub(super) fn look(needed: &[Language]) -> Vec<Finding> {
    TOOLS.iter().map(|tool| look_for(tool, needed)).collect()
}

fn look_for(tool: &Tool, needed: &[Language]) -> Finding {
    if let Some(found) = find(tool) {
        let path = found.path.display();
        let found = if found.version.is_empty() { path.to_string() } else { format!("{} ({path})", found.version) };
        return Finding::ok(PART, tool.name, crate::output::plain(&found));
    }
    let names: Vec<_> = tool.languages.iter().map(|language| language.name()).collect();
    let is_needed = tool.languages.iter().any(|language| needed.contains(language));
    let status = if is_needed { Status::Missing } else { Status::NotNeeded };
    let found = format!("not found; it {}, for plugins in {}", tool.does, names.join(" and "));
    Finding::ok(PART, tool.name, found).but(status, tool.install.on(System::current()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_build::tools::{GO, How};

    #[test]
    fn a_tool_is_missing_where_its_language_is_needed() {
        let absent = Tool { how: How::File(&["/nonexistent/tool"]), ..GO };
        let needed = look_for(&absent, &[Language::Go]);
        assert_eq!(
            (needed.status, needed.found.as_str()),
            (Status::Missing, "not found; it compiles Go, for plugins in Go")
        );
        assert_eq!(needed.remedy.as_deref(), Some(GO.install.on(System::current())));
        assert_eq!(look_for(&absent, &[Language::Rust]).status, Status::NotNeeded);
        assert_eq!(look(&[]).len(), TOOLS.len());
    }
}
