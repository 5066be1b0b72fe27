//! Forms of a page: as much of HTML as a prompt site's page needs to be answered without a browser.

/// A form with what a browser would send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// Where it goes, as it is written; empty for the page itself.
    pub(super) action: String,
    pub(super) is_post: bool,
    /// Fields in their order, without buttons.
    pub(super) fields: Vec<(String, String)>,
    /// Buttons that send the form; a name may be empty.
    pub(super) buttons: Vec<(String, String)>,
}

/// The forms of a page. What scripts would do is not known.
pub(super) fn forms(html: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut open: Option<Form> = None;
    let mut rest = html;
    while let Some((tag, after)) = next_tag(rest) {
        rest = after;
        match tag.name.as_str() {
            "script" | "style" => rest = skip_to(rest, &format!("</{}", tag.name)).1,
            "form" => {
                let is_post = tag.get("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
                let form = Form { action: tag.get("action").unwrap_or_default(), is_post, ..Form::default() };
                forms.extend(open.replace(form));
            }
            "/form" => forms.extend(open.take()),
            "textarea" => {
                let (text, after) = skip_to(rest, "</textarea");
                rest = after;
                if let (Some(form), Some(name)) = (&mut open, tag.get("name")) {
                    form.fields.push((name, unescaped(text)));
                }
            }
            "input" | "button" => {
                if let Some(form) = &mut open {
                    form.take(&tag);
                }
            }
            _ => {}
        }
    }
    forms.extend(open);
    forms
}

impl Form {
    fn take(&mut self, tag: &Tag) {
        let kind = tag.get("type").unwrap_or_default().to_ascii_lowercase();
        let pair = (tag.get("name").unwrap_or_default(), tag.get("value").unwrap_or_default());
        match (tag.name.as_str(), kind.as_str()) {
            ("button", "" | "submit") | ("input", "submit" | "image") => self.buttons.push(pair),
            ("button", _) | ("input", "button" | "reset" | "file") => {}
            ("input", "checkbox" | "radio") if tag.get("checked").is_none() => {}
            _ if pair.0.is_empty() => {}
            _ => self.fields.push(pair),
        }
    }
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// The next tag, and what follows it.
fn next_tag(html: &str) -> Option<(Tag, &str)> {
    let mut rest = html;
    loop {
        rest = rest.split_once('<')?.1;
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = skip_to(comment, "-->").1;
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '/').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            continue;
        }
        let (attributes, after) = attributes(after);
        return Some((Tag { name: name.to_ascii_lowercase(), attributes }, after));
    }
}

fn attributes(html: &str) -> (Vec<(String, String)>, &str) {
    let mut all = Vec::new();
    let mut rest = html;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (all, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (all, after);
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end.max(1).min(rest.len()));
        let (value, after) = value(after);
        all.push((name.to_ascii_lowercase(), unescaped(value)));
        rest = after;
    }
}

/// The value of an attribute, empty where there is none.
fn value(html: &str) -> (&str, &str) {
    let Some(rest) = html.trim_start().strip_prefix('=') else { return ("", html) };
    let rest = rest.trim_start();
    for quote in ['"', '\''] {
        if let Some(rest) = rest.strip_prefix(quote) {
            return rest.split_once(quote).unwrap_or((rest, ""));
        }
    }
    let end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
    rest.split_at(end)
}

/// What stands before an end, and what follows it.
fn skip_to<'h>(html: &'h str, end: &str) -> (&'h str, &'h str) {
    html.split_once(end).unwrap_or((html, ""))
}

fn unescaped(text: &str) -> String {
    let mut all = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        all.push_str(before);
        match after.split_once(';').and_then(|(name, after)| Some((entity(name)?, after))) {
            Some((character, after)) => {
                all.push(character);
                rest = after;
            }
            None => {
                all.push('&');
                rest = after;
            }
        }
    }
    all + rest
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_form_is_read_as_a_browser_would_send_it() {
        let html = r#"<!doctype html><!-- <form action="/no"> --><script>"<form action='/no'>"</script>
            <FORM METHOD=post action="/a?x=1&amp;y=2"><input type=hidden name=state value='a&#39;b&#x26;c'>
            <input name="nameless"/><input type="checkbox" name="off" value="1"><input type=checkbox name=on value=1 checked>
            <textarea name="t">&lt;hi&gt;</textarea><button type="button" name="no">x</button>
            <button name="verdict" value="ok">It's me</button><input type="submit" value="Go"></form>
            <form><button>second</button>"#;
        let all = forms(html);
        assert_eq!(all.len(), 2);
        assert_eq!(
            all[0],
            Form {
                action: "/a?x=1&y=2".to_owned(),
                is_post: true,
                fields: pairs(&[("state", "a'b&c"), ("nameless", ""), ("on", "1"), ("t", "<hi>")]),
                buttons: pairs(&[("verdict", "ok"), ("", "Go")]),
            }
        );
        assert_eq!((all[1].action.as_str(), all[1].is_post, all[1].buttons.len()), ("", false, 1));
    }

    #[test]
    fn what_is_no_html_has_no_form_and_ends() {
        for text in [
            "",
            "<",
            "<form",
            "<form action",
            "<form action=",
            "<form action=\"",
            "a & b &; &#xffffffff; <<<>>",
            "<!--",
            "<script>",
        ] {
            assert!(forms(text).iter().all(|form| form.fields.is_empty()), "{text}");
        }
    }
}
