//! What `postlude inspect` says of one file.

use super::difference::Difference;
use super::facts::{capabilities, limits, proof, settings, text};
use crate::output::{self, Paint};
use postlude_model::manifest::Manifest;
use postlude_sandbox::Inspection;
use serde_json::{Value, json};

/// What is known of the publisher's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signature {
    /// The file has no signature, and none was asked for.
    None,
    /// The file has no signature, and one was asked for.
    Missing,
    /// The file has a signature, and no key to verify it was given.
    Unverified,
    /// The signature verifies.
    Verified,
    /// The signature does not verify; the text says why.
    Wrong(String),
}

impl Signature {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Missing => "missing",
            Self::Unverified => "unverified",
            Self::Verified => "verified",
            Self::Wrong(_) => "wrong",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Missing => output::coloured(Paint::Bad, "none, and `--publisher-key` asks for one"),
            Self::Unverified => output::coloured(Paint::Careful, "there, not verified; give `--publisher-key`"),
            Self::Verified => output::coloured(Paint::Good, "verified"),
            Self::Wrong(why) => output::coloured(Paint::Bad, why),
        }
    }
}

/// Everything about one file.
#[derive(Debug)]
pub(super) struct Report<'a> {
    inspection: &'a Inspection,
    signature: Signature,
    /// Why this host would not load the file.
    pub(super) refused: Option<String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(inspection: &'a Inspection, signature: Signature) -> Self {
        Self { inspection, signature, refused: inspection.refused.as_ref().map(ToString::to_string) }
    }

    /// Whether nothing speaks against the file.
    pub(super) fn acceptable(&self) -> bool {
        self.refused.is_none() && !matches!(self.signature, Signature::Missing | Signature::Wrong(_))
    }

    /// The report for scripts.
    pub(super) fn with(&self, difference: Option<&Difference>) -> Value {
        let Inspection { digest, size, manifest, imports, wasi, foreign, tier, .. } = self.inspection;
        let mut report = json!({
            "digest": digest,
            "size": size,
            "tier": tier.as_str(),
            "imports": imports,
            "wasi_imports": wasi,
            "foreign_imports": foreign,
            "manifest": manifest.as_ref().ok(),
            "signature": self.signature.as_str(),
            "refused": self.refused,
        });
        if let (Some(report), Some(difference)) = (report.as_object_mut(), difference) {
            report.insert("difference".to_owned(), difference.as_json());
        }
        report
    }

    /// The report for people.
    pub(super) fn show(&self) {
        let Inspection { digest, size, manifest, imports, wasi, foreign, tier, .. } = self.inspection;
        match manifest {
            Ok(manifest) => {
                let Manifest { name, version, publisher, .. } = manifest;
                output::line(format!("{} by {publisher}", output::coloured(Paint::Good, &format!("{name} {version}"))));
            }
            Err(why) => output::line(format!("{} {why}", output::coloured(Paint::Bad, "no manifest:"))),
        }
        field("digest", digest);
        field("size", format!("{} bytes", output::grouped(u64::try_from(*size).unwrap_or(u64::MAX))));
        if let Ok(manifest) = manifest {
            field("abi", manifest.abi.package());
        }
        field("tier", tier.as_str());
        field("imports", list(imports));
        if !wasi.is_empty() {
            field("imports of WASI, shut", list(wasi));
        }
        if !foreign.is_empty() {
            field("not ours", list(foreign));
        }
        field("signature", self.signature.text());
        if let Ok(manifest) = manifest {
            describe(manifest);
        }
    }
}

fn field(name: &str, value: impl std::fmt::Display) {
    output::line(format!("  {name:<26} {value}"));
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}

fn describe(manifest: &Manifest) {
    for factor in &manifest.factors {
        let name = text(&serde_json::to_value(&factor.name).unwrap_or_default());
        let amr =
            if factor.amr.is_empty() { String::new() } else { format!("  proposes amr {}", factor.amr.join(" ")) };
        field("records factor", format!("{name}{amr}"));
    }
    field("reply proved by", proof(&manifest.result));
    let asked = capabilities(manifest);
    if asked.is_empty() {
        field("asks for", "nothing");
    }
    for (name, values) in asked {
        field(&format!("asks for {name}"), values.join(" "));
    }
    for (name, value) in limits(manifest) {
        field(&format!("lowers {name}"), value);
    }
    for setting in settings(manifest) {
        field("setting", setting);
    }
}
