//! The documentation, run: every block of every chapter is a file, a command whose output is compared, or marked as text.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests stop at what surprises them")]

mod chapter;
mod links;
mod session;
mod surface;

use session::Session;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The port at which the documentation's servers listen.
const PORT: &str = "8480";

/// Plays a chapter from its first block to its last, at a port that is free.
fn play(chapter: &str) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = root().join(chapter);
    let text = fs::read_to_string(&file).unwrap().replace(PORT, &port.to_string());
    let mut session = Session::new();
    for block in chapter::blocks(Path::new(chapter), &text) {
        if let Err(why) = session.play(&block) {
            panic!("{chapter}:{}: {why}", block.line);
        }
    }
}

macro_rules! chapters {
    ($($(#[$attribute:meta])* $test:ident = $file:literal;)*) => {
        /// The chapters whose blocks are played.
        const PLAYED: &[&str] = &[$($file),*];

        $(#[test]
        $(#[$attribute])*
        fn $test() {
            play($file);
        })*
    };
}

chapters! {
    readme = "README.md";
    introduction = "docs/introduction.md";
    first_factor = "docs/first-factor.md";
    #[ignore = "it needs the language's tools; `make test-docs` installs them"]
    first_factor_in_rust = "docs/first-factor-rust.md";
    #[ignore = "it needs the language's tools; `make test-docs` installs them"]
    first_factor_in_javascript = "docs/first-factor-javascript.md";
    #[ignore = "it needs the language's tools; `make test-docs` installs them"]
    first_factor_in_python = "docs/first-factor-python.md";
    #[ignore = "it needs the language's tools; `make test-docs` installs them"]
    writing_a_plugin = "docs/writing-a-plugin.md";
    #[ignore = "it needs the language's tools; `make test-docs` installs them"]
    auth0 = "docs/auth0.md";
    configuration = "docs/configuration.md";
    hot_loading = "docs/hot-loading.md";
    incidents = "docs/incidents.md";
    monitoring = "docs/monitoring.md";
    operating = "docs/operating.md";
    shipping_plugins = "docs/shipping-plugins.md";
    testing = "docs/testing.md";
    wiring_an_idp = "docs/wiring-an-idp.md";
}

/// The Markdown files of the documentation.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("ARCHITECTURE.md"), root().join("CONTRIBUTING.md")];
    for folder in ["docs", "docs/adr"] {
        let files = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(files.filter(|file| file.extension().is_some_and(|it| it == "md")));
    }
    pages
}

#[test]
fn every_link_leads_somewhere() {
    let mut all = Vec::new();
    for page in pages() {
        all.extend(links::broken(&page).into_iter().map(|link| format!("{}: {link}", page.display())));
    }
    assert!(all.is_empty(), "links that lead nowhere:\n{}", all.join("\n"));
}

#[test]
fn the_book_has_every_page() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    for page in fs::read_dir(root().join("docs")).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") && name != "SUMMARY.md" {
            assert!(summary.contains(&format!("({name})")), "docs/SUMMARY.md does not list {name}");
        }
    }
}

/// The compatibility with Auth0's actions.
#[test]
fn the_surface_is_what_the_list_says() {
    surface::the_page_is_what_the_list_says(&root());
    surface::known_differences_are_in_the_list(&root());
}

/// A page with commands is played, or a reader is the first who runs them.
#[test]
fn every_page_with_commands_is_played() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let name = page.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let blocks = chapter::blocks(&page, &text);
        let untested =
            blocks.iter().find(|block| block.directive.is_none() && !["", "text"].contains(&block.language.as_str()));
        if let Some(block) = untested {
            assert!(PLAYED.contains(&name.as_str()), "{name}:{}: a block that no test plays", block.line);
        }
    }
}
