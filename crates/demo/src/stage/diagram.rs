//! The sequence diagram: a list of messages, each with an arrow between the lines of its sender and its receiver.
//!
//! It is a list of HTML with a small SVG in each row, so that it reads at 360 pixels, without a mouse, without a script, and to a screen
//! reader.

use super::meaning::meaning;
use crate::journal::{Body, Draft, Flow, Message, Party, Token};
use crate::names::browser_label;
use crate::site::escape;
use std::fmt::Write as _;

/// Where the lines of the four parties are, in percent of the width.
const LINES: [(Party, &str); 4] =
    [(Party::Browser, "12.5%"), (Party::Idp, "37.5%"), (Party::Postlude, "62.5%"), (Party::Partner, "87.5%")];
/// Pixels from the top of a row to its arrow.
const ARROW_Y: u32 = 15;

/// Characters of a long value that are shown.
const VALUE_SHOWN: usize = 40;

/// A flow with its messages.
pub(super) fn flow(flow: &Flow, open: bool) -> String {
    let rows: String = flow.messages.iter().map(|each| message(flow, each)).collect();
    frame(flow, open, &rows)
}

/// A flow before its first message.
pub(super) fn empty_flow(flow: &Flow) -> String {
    frame(flow, true, "")
}

fn frame(flow: &Flow, open: bool, rows: &str) -> String {
    let open = if open { " open" } else { "" };
    let names: String = Party::ALL
        .iter()
        .map(|party| {
            let name = if *party == Party::Browser { browser_of(flow) } else { party.name().to_owned() };
            format!("<span data-party=\"{}\">{}</span>", party.word(), escape(&name))
        })
        .collect();
    format!(
        "<details class=\"flow\" id=\"flow-{id}\"{open}><summary><h3>{browser}: {title}</h3> {outcome}</summary>\
         {save}<div class=\"parties\" aria-hidden=\"true\">{names}</div><ol class=\"messages\">{rows}</ol></details>",
        id = flow.id,
        browser = escape(&browser_of(flow)),
        title = escape(&flow.title),
        outcome = outcome(flow.outcome.as_deref().unwrap_or_default()),
        save = save(flow),
    )
}

/// Offers the login of a flow as a story.
fn save(flow: &Flow) -> String {
    let hidden = if flow.login.is_none() { " hidden" } else { "" };
    let href = format!("/story?login={}", flow.login.as_deref().unwrap_or_default());
    format!(
        "<p class=\"save\"{hidden}><a href=\"{}\" download>Save this login as a story<span class=\"vh\">: {}</span></a> for \
         <code>postlude test</code></p>",
        escape(&href),
        escape(&flow.title),
    )
}

/// What Postlude answered last, as a label.
fn outcome(word: &str) -> String {
    let hidden = if word.is_empty() { " hidden" } else { "" };
    let word = escape(word);
    format!("<span class=\"tag {word}\"{hidden}>{word}</span>")
}

fn browser_of(flow: &Flow) -> String {
    browser_label(&flow.browser)
}

/// One message: its arrow, its meaning, and folded away what was really said.
pub(super) fn message(flow: &Flow, message: &Message) -> String {
    let draft = &message.draft;
    let (from, to) = (draft.from, draft.to);
    let kind = if draft.status.is_some() { "answer" } else { "request" };
    let spoken = |party: Party| if party == Party::Browser { browser_of(flow) } else { party.name().to_owned() };
    format!(
        "<li class=\"message {kind} to-{to_word}\" id=\"m-{id}\" data-from=\"{from_word}\" data-to=\"{to_word}\"><details>\
         <summary>{arrow}<span class=\"label\"><span class=\"vh\">{from_name} to {to_name}: </span>\
         <span class=\"meaning\">{meaning}</span> <code>{head}</code></span></summary>{said}</details></li>",
        id = message.id,
        from_word = from.word(),
        to_word = to.word(),
        arrow = arrow(from, to, kind),
        from_name = escape(&spoken(from)),
        to_name = escape(&spoken(to)),
        meaning = escape(&meaning(draft)),
        head = escape(&draft.head),
        said = said(draft),
    )
}

fn arrow(from: Party, to: Party, kind: &str) -> String {
    let x = |party: Party| LINES.iter().find(|(of, _)| *of == party).map_or("0", |(_, x)| x);
    let (x1, x2) = (x(from), x(to));
    let lines: String = LINES
        .iter()
        .map(|(_, x)| format!("<line class=\"life\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100%\"/>"))
        .collect();
    format!(
        "<svg class=\"arrow\" aria-hidden=\"true\" focusable=\"false\">{lines}\
         <line class=\"flight {kind}\" x1=\"{x1}\" x2=\"{x2}\" y1=\"{ARROW_Y}\" y2=\"{ARROW_Y}\" pathLength=\"1\" marker-end=\"url(#head)\"/>\
         <circle cx=\"{x1}\" cy=\"{ARROW_Y}\" r=\"3.5\"/></svg>"
    )
}

/// The message itself.
fn said(draft: &Draft) -> String {
    let mut out = String::from("<div class=\"said\"><dl>");
    let mut pair = |name: &str, value: &str| {
        let _ = write!(out, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(&abridged(value)));
    };
    match (&draft.url, draft.status) {
        (Some(url), _) => pair("address", url),
        (None, _) => pair("status", &draft.head),
    }
    for (name, value) in &draft.headers {
        pair(name, value);
    }
    if let Some(took) = draft.took {
        pair("took", &format!("{:.1} ms", took.as_secs_f64() * 1000.0));
    }
    out.push_str("</dl>");
    out.push_str(&carried(&draft.body));
    draft.tokens.iter().for_each(|each| out.push_str(&token(each)));
    out.push_str("</div>");
    out
}

fn carried(body: &Body) -> String {
    match body {
        Body::Empty => String::new(),
        Body::Json(value) => block("body", &pretty(value)),
        Body::Form(fields) => {
            let lines: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name} = {}", abridged(value))).collect();
            block("form", &lines.join("\n"))
        }
        Body::Page(title) => block("page", title),
    }
}

fn token(token: &Token) -> String {
    let text = format!("{}\n{}", pretty(&token.header), pretty(&token.claims));
    block(&format!("the signed token in `{}`, decoded", token.parameter), &text)
}

fn block(name: &str, text: &str) -> String {
    format!("<p>{}</p><pre tabindex=\"0\">{}</pre>", escape(name), escape(text))
}

/// A text in which every value of many characters, such as a token, is cut: what is in a token stands decoded beside it.
fn abridged(text: &str) -> String {
    let separators = ['=', '&', '?', ' '];
    let cut = |part: &str| {
        let value = part.trim_end_matches(separators);
        let length = value.chars().count();
        if length <= VALUE_SHOWN * 2 {
            return part.to_owned();
        }
        let start: String = value.chars().take(VALUE_SHOWN).collect();
        format!("{start}… ({length} characters){}", part.get(value.len()..).unwrap_or_default())
    };
    text.split_inclusive(separators).map(cut).collect()
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderMap;
    use std::sync::Arc;

    #[test]
    fn whatever_a_message_says_is_text_and_never_markup() {
        let hostile = "\"><script>alert(1)</script>";
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        headers.insert("location", hostile.parse().unwrap());
        let body = format!("user={hostile}");
        let draft = Draft::request(
            Party::Browser,
            Party::Idp,
            "POST",
            "http://idp.demo.localhost:1/login?a=b",
            &headers,
            body.as_bytes(),
        );
        let message = Arc::new(Message { id: 1, draft });
        let titled = Flow {
            id: 1,
            browser: "ana".into(),
            title: hostile.into(),
            messages: vec![message],
            outcome: Some(hostile.into()),
            login: Some(hostile.into()),
        };
        let html = flow(&titled, true);
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("&lt;script&gt;") && html.contains("ana&#39;s browser to IdP: "), "{html}");
    }

    #[test]
    fn long_values_are_cut_and_short_ones_are_not() {
        let token = "x".repeat(300);
        let url = format!("http://partner.demo.localhost:4400/prompt?request={token}&state=short");
        let expected = format!(
            "http://partner.demo.localhost:4400/prompt?request={}… (300 characters)&state=short",
            "x".repeat(40)
        );
        assert_eq!(abridged(&url), expected);
        assert_eq!(abridged("application/json"), "application/json");
    }

    #[test]
    fn an_arrow_leads_from_the_line_of_the_sender_to_that_of_the_receiver() {
        let svg = arrow(Party::Partner, Party::Browser, "answer");
        assert!(svg.contains("x1=\"87.5%\" x2=\"12.5%\""), "{svg}");
        assert_eq!(svg.matches("class=\"life\"").count(), 4);
    }
}
