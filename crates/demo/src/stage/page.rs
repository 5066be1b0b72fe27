//! The page that explains, as HTML. It is whole without its script, which only keeps it up to date.

use super::shown::Stage;
use super::{diagram, steps};
use crate::journal::{Flow, State};
use crate::names::{Names, Site};
use crate::site::escape;

/// The whole page.
pub(super) fn render(stage: &Stage) -> String {
    let (flows, state) = stage.journal.now();
    let last = flows.iter().flat_map(|flow| &flow.messages).map(|message| message.id).max().unwrap_or_default();
    let [first, second] = stage.journal.panes();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Postlude, explained by a login</title>\
         <link rel=\"stylesheet\" href=\"/assets/stage.css\"><script src=\"/assets/stage.js\" defer></script></head>\n\
         <body data-last=\"{last}\">{HEAD}<header class=\"top\"><div><p class=\"brand\">Postlude</p>{SENTENCE}</div>\
         <nav aria-label=\"What to try\"><h2>Try</h2>{steps}</nav></header>\n\
         <main>{first}\n{diagram}\n{second}</main>\n{FOOT}</body></html>\n",
        steps = steps::list(stage.names, &state, stage.time.hours_ahead()),
        first = pane(stage.names, first, &state),
        second = pane(stage.names, second, &state),
        diagram = messages(&flows, [first, second]),
    )
}

/// The arrow's head, which every row refers to.
const HEAD: &str = "<svg class=\"defs\" aria-hidden=\"true\" focusable=\"false\"><defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" \
    refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0L10 5L0 10z\"/></marker>\
    </defs></svg>";

const SENTENCE: &str = "<h1>May this login go on? Your plugin decides: after the password, before the tokens.</h1>\
    <p>An identity provider (IdP) has checked a password. Before it issues tokens it asks <b>Postlude</b>, which runs your plugins, each in a \
    sandbox made for this one login. A plugin can let the login go on, deny it, or send the browser to one more prompt, such as a face check \
    at a <b>partner</b>. The answer is remembered in this session, and in no other.</p>\
    <p>Below are two browsers, with cookies of their own, and between them every message that the four really exchange. \
    Open a message to read it.</p>";

const FOOT: &str = "<footer><p>Everything here runs on this machine, in one process: the IdP, the partner and this page belong to the demo; \
    Postlude is the real server. Both browsers are frames of your own browser; each knows the sites by names of its own, such as \
    <code>idp.ana.demo.localhost</code>, and so has its own cookie jar.</p></footer>";

fn pane(names: Names, browser: &str, state: &State) -> String {
    let home = format!("{}/", names.seen_by(browser, Site::Idp));
    let address = state.addresses.get(browser).unwrap_or(&home);
    format!(
        "<section class=\"pane {browser}\" aria-labelledby=\"{browser}-title\"><h2 id=\"{browser}-title\">{browser}'s browser</h2>\
         <form class=\"address\" action=\"/open\" target=\"{browser}\"><input type=\"hidden\" name=\"browser\" value=\"{browser}\">\
         <input name=\"link\" aria-label=\"Address in {browser}'s browser\" value=\"{address}\" autocomplete=\"off\" spellcheck=\"false\">\
         <button>Go</button></form>\
         <iframe name=\"{browser}\" title=\"{browser}'s browser\" src=\"{home}\"></iframe></section>",
        address = escape(address),
    )
}

/// The flows of the two browsers, the newest first; below them what the demo played by itself.
fn messages(flows: &[Flow], panes: [&str; 2]) -> String {
    let (live, played): (Vec<_>, Vec<_>) =
        flows.iter().filter(|flow| !flow.messages.is_empty()).partition(|flow| panes.contains(&flow.browser.as_str()));
    let is_quiet = live.is_empty();
    let hidden = if is_quiet { "" } else { " hidden" };
    let newest = live.last().map(|flow| flow.id);
    let live: String = live.iter().rev().map(|flow| diagram::flow(flow, Some(flow.id) == newest)).collect();
    let story = played.iter().enumerate().map(|(at, flow)| diagram::flow(flow, at == 0)).collect::<String>();
    let story = if story.is_empty() {
        String::new()
    } else {
        let open = if is_quiet { " open" } else { "" };
        format!(
            "<details class=\"played\"{open}><summary><h3>Played when the demo started</h3></summary>{story}</details>"
        )
    };
    format!(
        "<section class=\"diagram\" aria-labelledby=\"diagram-title\"><h2 id=\"diagram-title\">Messages</h2>\
         <p class=\"quiet\"{hidden}>Log in as ana in her browser: every message appears here as it is sent. Until then, this is the login \
         that the demo played by itself.</p><div id=\"live\">{live}</div>{story}<p class=\"vh\" role=\"status\" id=\"said\"></p></section>"
    )
}
