//! The demo's two sites, the IdP and the partner's prompt site, and how their pages look.

pub(crate) mod idp;
mod page;
pub(crate) mod partner;
mod words;

pub(crate) use page::{
    Site as PageSite, escape, foreign_link, framed_by, grouped, misdirected, no_story, nowhere, see_other, too_large,
};
pub(crate) use words::{Word, term};
