//! The page that explains, as HTML. It is whole without its script, which only keeps it up to date.

use super::shown::{PluginStatus, Stage};
use super::{diagram, steps};
use crate::journal::{Flow, State};
use crate::names::{Names, Site, browser_label};
use crate::site::escape;

/// The whole page.
pub(super) fn render(stage: &Stage) -> String {
    let (flows, state) = stage.journal.now();
    let last = flows.iter().flat_map(|flow| &flow.messages).map(|message| message.id).max().unwrap_or_default();
    let [first, second] = stage.journal.panes();
    let status = stage.theme.status();
    let (title, top) = match &status {
        None => ("Postlude, explained by a login".to_owned(), demo_top(stage, &state)),
        Some(status) => (format!("{} in Postlude", status.name), plugin_top(stage, status)),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/assets/stage.css\"><script src=\"/assets/stage.js\" defer></script></head>\n\
         <body data-last=\"{last}\">{HEAD}<header class=\"top\">{top}</header>\n\
         <main>{first}\n{diagram}\n{second}{editor}</main>\n{foot}</body></html>\n",
        title = escape(&title),
        first = pane(stage.names, first, &state),
        second = pane(stage.names, second, &state),
        diagram = messages(&flows, [first, second]),
        editor = stage.theme.editor().map(|editor| editor.html()).unwrap_or_default(),
        foot = if status.is_some() { "" } else { FOOT },
    )
}

fn demo_top(stage: &Stage, state: &State) -> String {
    format!(
        "<div><p class=\"brand\">Postlude</p>{SENTENCE}</div><nav aria-label=\"What to try\"><h2>Try</h2>{}</nav>",
        steps::list(stage.names, state, stage.time.hours_ahead())
    )
}

/// What is in force, and what stands around it.
fn plugin_top(stage: &Stage, status: &PluginStatus) -> String {
    let hidden = if status.failure.is_some() { "" } else { " hidden" };
    format!(
        "<div><p class=\"brand\">Postlude</p><h1>{}</h1><p class=\"about\">{}</p>\
         <pre class=\"failure\" tabindex=\"0\" role=\"status\"{hidden}>{}</pre></div>\
         <div class=\"aside\"><h2>Around your plugin</h2><ul><li>Wherever it sends the browser, a prompt simulator answers as you \
         choose.</li><li>Saving a file builds it again and swaps it; logins that are under way keep their version.</li>\
         <li>Each login can be saved as a story of <code>postlude test</code>; <code>--record</code> does so at each that ends.</li>\
         <li>It is granted all that its manifest asks for, with the settings of its stories.</li></ul>{}</div>",
        escape(&status.name),
        escape(&status.about),
        escape(status.failure.as_deref().unwrap_or_default()),
        steps::later(stage.time.hours_ahead()),
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
        "<section class=\"pane {browser}\" aria-labelledby=\"{browser}-title\"><h2 id=\"{browser}-title\">{label}</h2>\
         <form class=\"address\" action=\"/open\" target=\"{browser}\"><input type=\"hidden\" name=\"browser\" value=\"{browser}\">\
         <input name=\"link\" aria-label=\"Address in {label}\" value=\"{address}\" autocomplete=\"off\" spellcheck=\"false\">\
         <button>Go</button></form>\
         <iframe name=\"{browser}\" title=\"{label}\" src=\"{home}\"></iframe></section>",
        address = escape(address),
        label = escape(&browser_label(browser)),
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
    let is_played = !played.is_empty();
    let story = played.iter().enumerate().map(|(at, flow)| diagram::flow(flow, at == 0)).collect::<String>();
    let story = if story.is_empty() {
        String::new()
    } else {
        let open = if is_quiet { " open" } else { "" };
        format!(
            "<details class=\"played\"{open}><summary><h3>Played when the demo started</h3></summary>{story}</details>"
        )
    };
    let played = if is_played { " Until then, this is the login that the demo played by itself." } else { "" };
    format!(
        "<section class=\"diagram\" aria-labelledby=\"diagram-title\"><h2 id=\"diagram-title\">Messages</h2>\
         <p class=\"quiet\"{hidden}>Log in: every message appears here as it is sent.{played}</p><div id=\"live\">{live}</div>{story}<p class=\"vh\" role=\"status\" id=\"said\"></p></section>"
    )
}
