//! The plugins of the demo, as files inside the program: nobody needs a compiler to see the story.
//!
//! `make demo-plugins` renews those that are built from `plugins/` and from `plugins/typed` of this crate; the endless loop is `plugins/endless-loop.wat` of this crate.

/// A second factor on a prompt site.
pub const CUSTOM_FACTOR: &[u8] = include_bytes!("../plugins/custom-factor.wasm");

/// Lets in users whose address is of a listed domain.
pub const EMAIL_DOMAIN: &[u8] = include_bytes!("../plugins/email-domain.wasm");

/// Name and file of each.
pub(crate) const ALL: [(&str, &[u8]); 3] = [
    ("custom-factor", CUSTOM_FACTOR),
    ("email-domain", EMAIL_DOMAIN),
    ("endless-loop", include_bytes!("../plugins/endless-loop.wasm")),
];

/// The action whose JavaScript is typed into the page: `plugins/typed` of this crate. It is used once somebody types.
pub(crate) const TYPED: (&str, &[u8]) = ("typed", include_bytes!("../plugins/typed.wasm"));

/// The file of a plugin by its name; none where the program has no such plugin.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static [u8]> {
    ALL.into_iter().chain([TYPED]).find(|(known, _)| *known == name).map(|(_, bytes)| bytes)
}

/// The names of all plugins.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().chain([TYPED]).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_model::manifest::Manifest;
    use postlude_sandbox::Sandbox;
    use std::path::Path;

    /// The files are built by another toolchain than a reader's, so their digests may differ; what they ask for may not.
    #[test]
    fn each_plugin_loads_and_has_the_manifest_of_its_source() {
        let sandbox = Sandbox::new(Default::default()).unwrap();
        for (name, bytes) in ALL.into_iter().chain([TYPED]) {
            let plugin = sandbox.load(bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
            assert_eq!(plugin.manifest().name.as_str(), name);
            let folder = if name == TYPED.0 { "plugins" } else { "../../plugins" };
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{folder}/{name}/manifest.json"));
            if name != "endless-loop" {
                let manifest = Manifest::parse(&std::fs::read(&source).unwrap()).unwrap();
                assert_eq!(*plugin.manifest(), manifest, "{name}: run `make demo-plugins`");
            }
        }
    }

    #[test]
    fn the_endless_loop_is_what_its_text_says() {
        let text = include_str!("../plugins/endless-loop.wat");
        let bytes = ALL.iter().find(|(name, _)| *name == "endless-loop").map(|(_, bytes)| *bytes).unwrap();
        if std::env::var_os("RENEW").is_some() {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/endless-loop.wasm");
            std::fs::write(file, wat::parse_str(text).unwrap()).unwrap();
        } else {
            assert_eq!(wat::parse_str(text).unwrap(), bytes, "run `make demo-plugins`");
        }
    }
}
