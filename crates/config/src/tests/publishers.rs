//! Signed plugins: who signed, which factors are whose, and floors.

use super::support::*;
use postlude_crypto::publisher::PublisherKeyPair;
use postlude_model::names::Digest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const SIG: &str = "plugins/custom-factor.wasm.sig";

struct Signed {
    folder: Folder,
    acme: PublisherKeyPair,
    text: String,
}

/// The documented example in production: https everywhere, and the publisher `acme.example` with its key.
fn production() -> Signed {
    let acme = PublisherKeyPair::generate().unwrap();
    let folder = Folder::new();
    folder.write("acme.pem", &acme.public_pem().unwrap());
    let https = documented()
        .replace("development = true", "development = false")
        .replace("http://localhost:8481", "https://login.example")
        .replace("http://localhost:4000", "https://face.example")
        .replace("http://localhost:3000", "https://idp.example");
    let text = format!("{https}\n[tenants.acme.publishers.\"acme.example\"]\nkeys = [\"acme.pem\"]\n");
    Signed { folder, acme, text }
}

fn digest_of(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

impl Signed {
    fn sign(&self) -> String {
        self.acme.sign(&digest_of(b"component")).unwrap()
    }

    /// Everything that is wrong, or nothing.
    fn said(&self, text: &str, manifest: &Value) -> String {
        self.folder.check(text, manifest).map_or_else(|why| why, |_| String::new())
    }
}

/// O02, P56.
#[test]
fn outside_of_development_a_plugin_is_signed_by_a_known_publisher() {
    let signed = production();
    let says = |text: &str| signed.said(text, &manifest());
    assert_says(
        &says(&signed.text),
        &["it is not signed, and says that it is of the publisher `acme.example`", "`postlude sign "],
    );

    signed.folder.write(SIG, &format!("{}\n", signed.sign()));
    assert_eq!(says(&signed.text), "");
    let stranger = PublisherKeyPair::generate().unwrap();
    signed.folder.write(SIG, &stranger.sign(&digest_of(b"component")).unwrap());
    assert_says(
        &says(&signed.text),
        &["its signature was not made for this file by a key of the publisher `acme.example`"],
    );
    signed.folder.write(SIG, &signed.acme.sign(&digest_of(b"another")).unwrap());
    assert_says(&says(&signed.text), &["its signature was not made for this file"]);
    signed.folder.write(SIG, "no signature");
    assert_says(&says(&signed.text), &["its signature was not made for this file"]);

    // Nobody's name but one's own: the key of one publisher signs for no other.
    let other = json!({ "publisher": "other.example" });
    let mut manifest = manifest();
    manifest["publisher"] = other["publisher"].clone();
    signed.folder.write(SIG, &signed.sign());
    assert_says(
        &signed.said(&signed.text, &manifest),
        &["its publisher `other.example` is not one of the tenant's", "publishers.\"other.example\""],
    );
    signed.folder.write("other.pem", &stranger.public_pem().unwrap());
    let both = format!("{}[tenants.acme.publishers.\"other.example\"]\nkeys = [\"other.pem\"]\n", signed.text);
    assert_says(&signed.said(&both, &manifest), &["by a key of the publisher `other.example`"]);
}

#[test]
fn without_any_publisher_the_refusal_says_what_to_run() {
    let signed = production();
    let none = signed.text.split("[tenants.acme.publishers").next().unwrap().to_owned();
    assert_says(
        &signed.said(&none, &manifest()),
        &[
            "it is not signed, which is for development mode alone",
            "`postlude sign plugins/custom-factor.wasm --key PUBLISHER.key.pem` signs it",
            "[tenants.acme.publishers.\"acme.example\"]",
        ],
    );
}

#[test]
fn a_signature_in_the_configuration_counts_alone() {
    let signed = production();
    signed.folder.write(SIG, "no signature");
    let inline = |signature: &str| {
        let path = "path = \"plugins/custom-factor.wasm\"";
        assert!(signed.text.contains(path));
        signed.said(&signed.text.replace(path, &format!("{path}\nsignature = \"{signature}\"")), &manifest())
    };
    assert_eq!(inline(&signed.sign()), "");
    signed.folder.write(SIG, &signed.sign());
    assert_says(&inline("no"), &["its signature was not made for this file"]);
}

/// A publisher changes its keys: files carry the signatures of both, or the tenant knows both.
#[test]
fn keys_of_a_publisher_are_changed_without_a_gap() {
    let signed = production();
    let new = PublisherKeyPair::generate().unwrap();
    let by_new = new.sign(&digest_of(b"component")).unwrap();
    signed.folder.write("new.pem", &new.public_pem().unwrap());
    signed.folder.write(SIG, &format!("{by_new}\n{}\n", signed.sign()));
    assert_eq!(signed.said(&signed.text, &manifest()), "");
    signed.folder.write(SIG, &by_new);
    assert_ne!(signed.said(&signed.text, &manifest()), "");
    let both = signed.text.replace("[\"acme.pem\"]", "[\"acme.pem\", \"new.pem\"]");
    assert_eq!(signed.said(&both, &manifest()), "");
}

/// O07.
#[test]
fn a_version_below_the_floor_is_refused_whoever_signed_it() {
    let signed = production();
    signed.folder.write(SIG, &signed.sign());
    let at = |floor: &str, version: &str| {
        let mut manifest = manifest();
        manifest["version"] = json!(version);
        signed.said(&format!("{}floors = {{ custom-factor = \"{floor}\" }}\n", signed.text), &manifest)
    };
    for (floor, version) in [("1.0.0", "1.0.0"), ("1.0.0", "1.0.1"), ("1.9.0", "1.10.0"), ("1.0.0-rc.1", "1.0.0")] {
        assert_eq!(at(floor, version), "", "{version} at {floor}");
    }
    for (floor, version) in [("1.0.1", "1.0.0"), ("1.10.0", "1.9.9"), ("2.0.0", "1.99.99"), ("1.0.0", "1.0.0-rc.1")] {
        let below = format!("it is `custom-factor` {version}, below the floor {floor}");
        assert_says(&at(floor, version), &[&below, "or later from `acme.example`"]);
    }
    assert_says(&at("one", "1.0.0"), &["`one` is no version"]);
    // In development too: a floor is the operator's own word.
    let development = documented()
        + "\n[tenants.acme.publishers.\"acme.example\"]\nkeys = [\"acme.pem\"]\nfloors = { custom-factor = \"9.0.0\" }\n";
    assert_says(&signed.said(&development, &manifest()), &["below the floor 9.0.0"]);
}

/// P56: a factor's name belongs to the publisher that the operator gave it to.
#[test]
fn a_factor_belongs_to_one_publisher() {
    let signed = production();
    signed.folder.write(SIG, &signed.sign());
    let own = format!("{}factors = [\"{FACE}\"]\n", signed.text);
    assert_eq!(signed.said(&own, &manifest()), "");
    signed.folder.write("other.pem", &PublisherKeyPair::generate().unwrap().public_pem().unwrap());
    let others = format!(
        "{}[tenants.acme.publishers.\"other.example\"]\nkeys = [\"other.pem\"]\nfactors = [\"{FACE}\"]\n",
        signed.text
    );
    assert_says(
        &signed.said(&others, &manifest()),
        &["`acme.example` declares", "which `publishers` gives to `other.example`"],
    );
    let twice =
        format!("{own}[tenants.acme.publishers.\"other.example\"]\nkeys = [\"other.pem\"]\nfactors = [\"{FACE}\"]\n");
    assert_says(&signed.said(&twice, &manifest()), &["belongs to `acme.example` and to `other.example`"]);
}

#[test]
fn in_development_an_unsigned_plugin_runs_and_a_wrong_signature_does_not() {
    let signed = production();
    let development = documented() + "\n[tenants.acme.publishers.\"acme.example\"]\nkeys = [\"acme.pem\"]\n";
    let checked = signed.folder.check(&development, &manifest()).unwrap();
    let warned = checked.warnings.iter().any(|warning| warning.message.contains("it is not signed"));
    assert!(warned, "{:?}", checked.warnings);
    signed.folder.write(SIG, &PublisherKeyPair::generate().unwrap().sign(&digest_of(b"component")).unwrap());
    assert_says(&signed.said(&development, &manifest()), &["its signature was not made for this file"]);
}

#[test]
fn mistakes_in_a_publishers_table_are_told() {
    let signed = production();
    let with = |from: &str, to: &str| signed.said(&signed.text.replace(from, to), &manifest());
    assert_says(&with("[\"acme.pem\"]", "[\"none.pem\"]"), &["none.pem` cannot be read"]);
    assert_says(
        &with("[\"acme.pem\"]", "[\"postlude.toml\"]"),
        &["is no Ed25519 public key in PEM", "`postlude keys new publisher`"],
    );
    assert_says(&with("keys = [\"acme.pem\"]", "keys = []"), &["`keys` is missing", "acme.publisher.pem"]);
    assert_says(&with("keys = [\"acme.pem\"]", "keys = [\"acme.pem\"]\nfloor = {}"), &["`floor`"]);
}

#[test]
fn signatures_and_keys_are_watched() {
    let signed = production();
    let file = signed.folder.write("postlude.toml", &signed.text);
    let watched = crate::watched_files(&file);
    for name in [SIG, "acme.pem"] {
        assert!(watched.contains(&signed.folder.path(name)), "{name}: {watched:?}");
    }
}
