//! What there is to try, each ticked once the demo's servers saw it happen.

use crate::journal::{Milestone, State};
use crate::names::{Names, Site};
use crate::site::escape;

/// The list, with the first thing that was not seen yet unfolded.
pub(super) fn list(names: Names, state: &State, hours: u64) -> String {
    let next = Milestone::ALL.into_iter().find(|each| !state.seen.contains(each));
    let one = |each: Milestone| {
        let (title, how) = texts(each);
        let (done, open) = (state.seen.contains(&each), Some(each) == next);
        format!(
            "<li class=\"step{done_class}\" data-step=\"{word}\"><details{open}><summary>{title}<span class=\"vh done\">{done}</span></summary>\
             <p>{how}</p>{extra}</details></li>",
            done_class = if done { " seen" } else { "" },
            word = each.word(),
            open = if open { " open" } else { "" },
            done = if done { " (seen)" } else { "" },
            extra = extra(each, names, state, hours),
        )
    };
    let rows: String = Milestone::ALL.into_iter().map(one).collect();
    format!("<ol class=\"steps\">{rows}</ol>")
}

const fn texts(each: Milestone) -> (&'static str, &'static str) {
    match each {
        Milestone::Recorded => (
            "A prompt after the password",
            "In ana's browser, log in as ana and say “It's me”. The IdP asks Postlude; Postlude's plugin sends the browser to the partner; \
             what the partner signs is recorded in the session.",
        ),
        Milestone::Remembered => {
            ("No second prompt", "Log in as ana again. The record is fresh, so the plugin does not even run.")
        }
        Milestone::Stolen => (
            "A stolen link is worth nothing",
            "In ana's browser, log out, log in as ana, and choose “show me the link”. In mallory's browser, log in as ben and stop at the \
             prompt. Then open ana's link there.",
        ),
        Milestone::Due => (
            "A day later",
            "The operator's policy trusts a record for 24 hours. Move the demo's clock, then log in as ana where she had answered.",
        ),
        Milestone::Denied => {
            ("Somebody of another company", "Log in as eve: another plugin lets only addresses of acme.example in.")
        }
        Milestone::Stopped => (
            "A hostile plugin",
            "A second tenant runs a plugin that never returns. Its sandbox stops it when its fuel is spent; other logins notice nothing.",
        ),
        Milestone::Typed => (
            "Your own plugin",
            "Below the browsers is a plugin as text. Change it, put it into force, and log in again: no login is interrupted.",
        ),
    }
}

fn extra(each: Milestone, names: Names, state: &State, hours: u64) -> String {
    match each {
        Milestone::Stolen => {
            let link = state.link.as_ref().map_or("", |(_, link)| link);
            let (hidden, waiting) = if link.is_empty() { (" hidden", "") } else { ("", " hidden") };
            format!(
                "<form class=\"stolen\" action=\"/open\" target=\"mallory\"{hidden}><input type=\"hidden\" name=\"browser\" value=\"mallory\">\
                 <input type=\"hidden\" name=\"link\" value=\"{}\"><button>Open ana's link in mallory's browser</button></form>\
                 <p class=\"waiting\"{waiting}>(A button is here once a link was shown.)</p>",
                escape(link)
            )
        }
        Milestone::Due => later(hours),
        Milestone::Stopped => format!(
            "<form method=\"post\" action=\"{}/login\" target=\"mallory\"><input type=\"hidden\" name=\"tenant\" value=\"lab\">\
             <button name=\"user\" value=\"ben\">Log in there as ben, in mallory's browser</button></form>",
            names.seen_by("mallory", Site::Idp)
        ),
        Milestone::Typed => "<p><a href=\"#typed\">To the plugin</a></p>".to_owned(),
        Milestone::Recorded | Milestone::Remembered | Milestone::Denied => String::new(),
    }
}

/// The button that moves the clock.
pub(super) fn later(hours: u64) -> String {
    format!(
        "<form class=\"later\" method=\"post\" action=\"/later\"><button>Move the clock 24 h forward</button> \
         <span>It is <b class=\"hours\">{hours}</b> h ahead.</span></form>"
    )
}
