//! Names in programs, from the names of a schema.

/// What Go writes in capitals.
const INITIALS: &[&str] =
    &["api", "html", "http", "https", "id", "ip", "json", "jwks", "jwt", "ttl", "uri", "url", "uuid"];
/// Words that are no names in Python.
const PYTHON: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// The words of a name: letters and digits, divided by everything else and where a capital begins.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && was_small) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
        was_small = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

fn capital(word: &str) -> String {
    word.get(..1).unwrap_or_default().to_ascii_uppercase() + word.get(1..).unwrap_or_default()
}

/// `prompt_url` as `PromptUrl`.
pub(super) fn pascal(name: &str) -> String {
    words(name).iter().map(|word| capital(word)).collect()
}

/// `prompt_url` as `PromptURL`, which Go exports; a name that begins with a digit gets a letter.
pub(super) fn go(name: &str) -> String {
    let initials =
        |word: &String| if INITIALS.contains(&word.as_str()) { word.to_ascii_uppercase() } else { capital(word) };
    let text: String = words(name).iter().map(initials).collect();
    if text.starts_with(|c: char| c.is_ascii_uppercase()) { text } else { format!("N{text}") }
}

/// Whether a name is one in TypeScript and Python, but for Python's own words.
pub(super) fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a name can be that of a field in Python. Two underscores at the front have a meaning of their own there.
pub(super) fn is_python(name: &str) -> bool {
    is_plain(name) && !PYTHON.contains(&name) && !name.starts_with("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_json_become_names_of_go() {
        let names = ["prompt_url", "promptURL", "x-api-key", "2fa", "@"].map(go);
        assert_eq!(names, ["PromptURL", "PromptURL", "XAPIKey", "N2fa", "N"]);
    }

    #[test]
    fn not_every_name_is_one_in_python() {
        assert!(is_python("prompt_url") && is_python("_x"));
        assert!(["class", "x-y", "2fa", "", "__init__"].iter().all(|name| !is_python(name)));
    }
}
