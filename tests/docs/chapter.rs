//! A chapter of the documentation as its tests read it: fenced blocks, each with what is to be done with it.
//!
//! A directive is an HTML comment on the line before a block, which readers of the book do not see:
//!
//! ```text
//! <!-- file: src/lib.rs -->     the block is a file: it is written there, from the folder that the commands are in
//! <!-- same: src/lib.rs -->     the block is a file that a command made: it is compared with it
//! <!-- background: listening -->  the block's command goes on in the background; the next one comes once it printed this text
//! <!-- stop -->                 the commands in the background are ended before the block runs
//! <!-- fails: 1 -->             the block's last command ends with this exit code
//! <!-- part: postlude.toml -->  the block is a part of a file: it is only parsed
//! <!-- elsewhere: why -->       the block cannot run here, for this reason
//! <!-- also: command -->        this command runs here, and the documentation does not show it
//! <!-- server: command -->      a server that the documentation takes for granted is started here, and goes on in the background
//! <!-- run: command -->         this command runs in place of the block's own, which a reader would type another way
//! ```

use std::path::Path;

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line of the opening fence, from 1.
    pub line: usize,
    /// The language after the fence, empty where there is none.
    pub language: String,
    /// The text between the fences.
    pub text: String,
    /// What is to be done with it, where the language alone does not say.
    pub directive: Option<Directive>,
}

/// What is to be done with a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directive {
    File(String),
    Same(String),
    Background(String),
    Stop,
    Fails(i32),
    Part,
    Elsewhere,
    Run(String),
    Server(String),
}

/// A command of a console block, and the lines that the documentation shows as its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub command: String,
    pub output: Vec<String>,
}

/// The blocks of a chapter.
///
/// # Panics
/// When a fence is not closed, or a directive is unknown.
pub fn blocks(file: &Path, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut directive = None;
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if let Some(comment) = line.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")) {
            let also = comment.trim().strip_prefix("also:").map(|command| Directive::Run(command.trim().to_owned()));
            let server = comment.trim().strip_prefix("server:");
            let server = server.map(|command| Directive::Server(command.trim().to_owned()));
            if let Some(hidden) = also.or(server) {
                let hidden = Some(hidden);
                let language = "console".to_owned();
                blocks.push(Block { line: at + 1, language, text: String::new(), directive: hidden });
                continue;
            }
            directive = read_directive(comment.trim())
                .unwrap_or_else(|| panic!("{}:{}: an unknown directive: {comment}", file.display(), at + 1));
            continue;
        }
        let Some(language) = line.strip_prefix("```") else {
            if !line.is_empty() {
                directive = None;
            }
            continue;
        };
        let mut body = String::new();
        loop {
            let (_, line) =
                lines.next().unwrap_or_else(|| panic!("{}:{}: the block is not closed", file.display(), at + 1));
            if line.trim() == "```" {
                break;
            }
            body.push_str(line.get(indent.min(line.len() - line.trim_start().len())..).unwrap());
            body.push('\n');
        }
        blocks.push(Block { line: at + 1, language: language.to_owned(), text: body, directive: directive.take() });
    }
    blocks
}

/// A comment's directive: some other comment is none, and an unknown directive is an error.
fn read_directive(comment: &str) -> Option<Option<Directive>> {
    let (name, value) = comment.split_once(':').unwrap_or((comment, ""));
    let value = value.trim().to_owned();
    Some(match name.trim() {
        "file" => Some(Directive::File(value)),
        "same" => Some(Directive::Same(value)),
        "background" => Some(Directive::Background(value)),
        "stop" => Some(Directive::Stop),
        "fails" => Some(Directive::Fails(value.parse().ok()?)),
        "run" => Some(Directive::Run(value)),
        "part" => Some(Directive::Part),
        "elsewhere" if !value.is_empty() => Some(Directive::Elsewhere),
        "elsewhere" => return None,
        _ => None,
    })
}

/// The commands of a console block: a line that begins with `$ `, going on while it ends in a backslash, or a quote or
/// here-document is open.
pub fn commands(text: &str) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match (line.strip_prefix("$ "), all.last_mut()) {
            (_, Some(last)) if open => {
                last.command.push('\n');
                last.command.push_str(line);
                open = goes_on(&last.command);
            }
            (Some(command), _) => {
                // A comment behind a command is for the reader; bash ignores it too.
                open = goes_on(command);
                all.push(Shown { command: command.to_owned(), output: Vec::new() });
            }
            (None, Some(last)) => last.output.push(line.trim_end().to_owned()),
            (None, None) => panic!("the block begins with output: `{line}`"),
        }
    }
    for shown in &mut all {
        while shown.output.last().is_some_and(String::is_empty) {
            shown.output.pop();
        }
    }
    all
}

fn goes_on(command: &str) -> bool {
    if let Some((_, after)) = command.split_once("<<") {
        // A here-document goes on until its word stands alone.
        let word = after.split_whitespace().next().unwrap_or_default().trim_matches('\'');
        return !command.lines().skip(1).any(|line| line == word);
    }
    command.ends_with('\\') || command.matches('\'').count() % 2 == 1
}

/// Whether what was printed is what is shown. `..` in a line stands for any text, a line `...` for any lines. A command
/// without output may print what it likes.
pub fn matches(shown: &[String], printed: &[&str]) -> bool {
    if shown.is_empty() {
        return true;
    }
    lines_match(shown, printed)
}

fn lines_match(shown: &[String], printed: &[&str]) -> bool {
    let Some((first, rest)) = shown.split_first() else { return printed.is_empty() };
    if first == "..." {
        return (0..=printed.len()).any(|skipped| lines_match(rest, &printed[skipped..]));
    }
    printed.split_first().is_some_and(|(line, after)| line_matches(first, line.trim_end()) && lines_match(rest, after))
}

fn line_matches(shown: &str, printed: &str) -> bool {
    let parts: Vec<&str> = shown.split("..").collect();
    let [first, middle @ .., last] = parts.as_slice() else { return shown == printed };
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|&line| line.to_owned()).collect()
    }

    #[test]
    fn a_directive_belongs_to_the_block_after_it() {
        let text = "<!-- file: a.txt -->\n```rust\nx\n```\n\n```console\n$ true\n```\n<!-- fails: 2 -->\n\n```console\n$ false\n```\n";
        let blocks = blocks(Path::new("x.md"), text);
        let directives: Vec<_> = blocks.iter().map(|block| block.directive.clone()).collect();
        assert_eq!(directives, [Some(Directive::File("a.txt".into())), None, Some(Directive::Fails(2))]);
        assert_eq!((blocks[0].line, blocks[0].text.as_str()), (2, "x\n"));
    }

    #[test]
    fn a_command_goes_on_over_lines() {
        assert_eq!(commands("$ cat <<END\nx\nEND\n")[0].command, "cat <<END\nx\nEND");
        let commands = commands("$ a \\\n  b\nout\n$ c 'd\ne'\n");
        assert_eq!(commands[0], Shown { command: "a \\\n  b".into(), output: shown(&["out"]) });
        assert_eq!(commands[1], Shown { command: "c 'd\ne'".into(), output: vec![] });
    }

    #[test]
    fn output_is_compared_but_for_its_gaps() {
        assert!(matches(&[], &["anything"]));
        assert!(matches(&shown(&["a .. b", "...", "z"]), &["a 12 b", "x", "y", "z"]));
        assert!(matches(&shown(&["a", "..."]), &["a"]));
        assert!(!matches(&shown(&["a"]), &["a", "b"]));
        assert!(!matches(&shown(&["a .. b"]), &["a 12 c"]));
        assert!(!matches(&shown(&["a", "b"]), &["a"]));
    }
}
