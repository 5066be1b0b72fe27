//! Links of the documentation lead somewhere: to files that are there, and to headings that they have.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The links of a text that lead into the repository: `[text](path#heading)`, outside of code.
pub fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        let mut rest = if in_block { "" } else { line };
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let Some(end) = rest.find(')') else { break };
            let link = &rest[..end];
            if !link.contains("://") && !link.starts_with("mailto:") {
                found.push(link.to_owned());
            }
        }
    }
    found
}

/// The anchors of a text's headings, as GitHub and mdBook make them.
pub fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .collect::<String>();
    kept.replace(' ', "-")
}

/// What is wrong with the links of a file.
pub fn broken(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    links(&text).into_iter().filter(|link| !leads_somewhere(file, &text, link)).collect()
}

fn leads_somewhere(file: &Path, text: &str, link: &str) -> bool {
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
    let target: PathBuf = if path.is_empty() { file.to_owned() } else { file.parent().unwrap().join(path) };
    let Some(heading) = heading else { return target.exists() };
    if path.is_empty() {
        return anchors(text).contains(heading);
    }
    fs::read_to_string(target).is_ok_and(|text| anchors(&text).contains(heading))
}
