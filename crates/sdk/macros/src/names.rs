//! Rust names from the names of a schema.

/// Words that are no names in Rust, of every edition; those that not even `r#` makes one get an underscore.
const RESERVED: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
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

/// A field's name.
pub(crate) fn field(name: &str) -> String {
    let text = words(name).join("_");
    match text.as_str() {
        "self" | "super" | "crate" | "" => format!("{text}_"),
        word if RESERVED.contains(&word) => format!("r#{word}"),
        word if word.starts_with(|c: char| c.is_ascii_digit()) => format!("_{word}"),
        word => word.to_owned(),
    }
}

/// The name of a type or of an enum's case.
pub(crate) fn pascal(name: &str) -> String {
    let capital =
        |word: String| word.get(..1).unwrap_or_default().to_ascii_uppercase() + word.get(1..).unwrap_or_default();
    let text: String = words(name).into_iter().map(capital).collect();
    match text.as_str() {
        "" => "Empty".to_owned(),
        "Self" => "Self_".to_owned(),
        text if text.starts_with(|c: char| c.is_ascii_digit()) => format!("N{text}"),
        text => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_json_become_names_of_rust() {
        let fields = ["prompt_url", "promptURL", "x-api-key", "type", "self", "2fa", "@"].map(field);
        assert_eq!(fields, ["prompt_url", "prompt_url", "x_api_key", "r#type", "self_", "_2fa", "_"]);
        assert_eq!(
            ["auth0", "RS256", "no-reply", "", "self"].map(pascal),
            ["Auth0", "Rs256", "NoReply", "Empty", "Self_"]
        );
    }
}
