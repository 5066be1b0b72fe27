//! A plugin as an artifact, and back: the form of the CNCF's TAG Runtime for Wasm, with one layer.

use super::error::{RegistryError, words};
use super::limits::{LAYERS, PLUGIN_BYTES, SIGNATURE_BYTES};
use oci_client::annotations::{
    ORG_OPENCONTAINERS_IMAGE_TITLE as NAME, ORG_OPENCONTAINERS_IMAGE_VENDOR as PUBLISHER,
    ORG_OPENCONTAINERS_IMAGE_VERSION as VERSION,
};
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use postlude_model::names::Digest;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The layer's media type: a core module or a component.
const LAYER: &str = "application/wasm";
/// The media type of the configuration of a Wasm artifact.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The annotation with the publisher's signatures, as in the `.sig` file.
const SIGNATURE: &str = "dev.postlude.signature";
/// The annotation with the version of the contract.
const ABI: &str = "dev.postlude.abi";
/// The annotation with the factors that the manifest names, one after the other.
const FACTORS: &str = "dev.postlude.factors";

/// What a plugin's manifest says of itself, for whoever looks at the artifact: nothing is decided by it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// The plugin's name.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// Its publisher's domain name.
    pub publisher: String,
    /// The version of the contract.
    pub abi: String,
    /// The factors that it may record, as far as its manifest names them.
    pub factors: Vec<String>,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
}

/// A plugin with what travels along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The component file.
    pub plugin: Vec<u8>,
    /// Signatures of its publisher, unverified, as in the `.sig` file.
    pub signature: Option<String>,
    /// What its manifest says; of a pulled one without the imports.
    pub labels: Labels,
}

/// What lies at a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The artifact.
    pub artifact: Artifact,
    /// The digest of its manifest: the location with this digest is this artifact for ever.
    pub manifest: Digest,
}

/// A blob and its digest.
#[derive(Debug)]
pub(crate) struct Blob {
    pub(crate) digest: Digest,
    pub(crate) bytes: Vec<u8>,
}

impl Blob {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { digest: digest_of(&bytes), bytes }
    }

    fn descriptor(&self, media_type: &str) -> OciDescriptor {
        OciDescriptor {
            media_type: media_type.to_owned(),
            digest: self.digest.to_string(),
            size: i64::try_from(self.bytes.len()).unwrap_or(i64::MAX),
            ..OciDescriptor::default()
        }
    }
}

/// What an artifact is stored as.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) manifest: Blob,
    pub(crate) config: Blob,
    pub(crate) layer: Blob,
}

pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

fn too_many_signatures(location: &str) -> RegistryError {
    let (location, most) = (location.to_owned(), SIGNATURE_BYTES as u64);
    RegistryError::TooLarge { location, what: "signature", most, limit: "SIGNATURE_BYTES" }
}

impl Artifact {
    /// The same plugin, signature and labels are always the same artifact.
    pub(crate) fn to_parts(&self) -> Result<Parts, RegistryError> {
        let layer = Blob::new(self.plugin.clone());
        let Labels { name, version, publisher, abi, factors, imports } = &self.labels;
        let config = Blob::new(serde_json::to_vec(&json!({
            // The form wants a time; the time of the push would make another artifact of each.
            "created": "1970-01-01T00:00:00Z",
            "author": publisher,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [layer.digest],
            "component": {
                // Those of the world that is its target.
                "exports": ["on-login", "on-continue"],
                "imports": imports,
                "target": format!("postlude:action/post-login@{abi}"),
            },
        }))?);
        let texts = [(NAME, name), (VERSION, version), (PUBLISHER, publisher), (ABI, abi)];
        let mut annotations: BTreeMap<String, String> =
            texts.iter().map(|(key, text)| ((*key).to_owned(), (*text).clone())).collect();
        if !factors.is_empty() {
            annotations.insert(FACTORS.to_owned(), factors.join(" "));
        }
        if let Some(signature) = &self.signature {
            if signature.len() > SIGNATURE_BYTES {
                return Err(too_many_signatures(&self.labels.name));
            }
            annotations.insert(SIGNATURE.to_owned(), signature.trim().to_owned());
        }
        let manifest = OciImageManifest {
            media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
            config: config.descriptor(CONFIG),
            layers: vec![layer.descriptor(LAYER)],
            annotations: Some(annotations),
            ..OciImageManifest::default()
        };
        Ok(Parts { manifest: Blob::new(serde_json::to_vec(&manifest)?), config, layer })
    }
}

/// What a manifest says of a plugin that is not there yet.
#[derive(Debug)]
pub(crate) struct Announced {
    /// The plugin's digest, by which the host knows it too.
    pub(crate) digest: Digest,
    /// Bytes of the plugin.
    pub(crate) size: u64,
    signature: Option<String>,
    labels: Labels,
}

impl Announced {
    /// Reads a manifest, whose digest was checked.
    pub(crate) fn read(manifest: &[u8], location: &str) -> Result<Self, RegistryError> {
        let no = |why: String| RegistryError::NoPlugin { location: location.to_owned(), why };
        let manifest: OciImageManifest = serde_json::from_slice(manifest)
            .map_err(|why| no(format!("its manifest is not that of one artifact: {why}")))?;
        let layers: Vec<_> = manifest.layers.iter().take(LAYERS).filter(|layer| layer.media_type == LAYER).collect();
        let [layer] = layers.as_slice() else {
            let types: Vec<_> =
                manifest.layers.iter().take(LAYERS).map(|layer| format!("`{}`", words(&layer.media_type))).collect();
            let found = if types.is_empty() { "no layers".to_owned() } else { types.join(", ") };
            return Err(no(format!("it wants one layer of type `{LAYER}`, and has {found}")));
        };
        let digest = layer.digest.parse().map_err(|why| no(format!("its layer is not known by SHA-256: {why}")))?;
        let size = u64::try_from(layer.size).map_err(|_| no("its layer has a size below zero".to_owned()))?;
        if size > PLUGIN_BYTES {
            let (location, most) = (location.to_owned(), PLUGIN_BYTES);
            return Err(RegistryError::TooLarge { location, what: "plugin", most, limit: "PLUGIN_BYTES" });
        }
        let mut annotations = manifest.annotations.unwrap_or_default();
        let signature = annotations.remove(SIGNATURE);
        if signature.as_ref().is_some_and(|text| text.len() > SIGNATURE_BYTES) {
            return Err(too_many_signatures(location));
        }
        let mut text = |key: &str| annotations.remove(key).unwrap_or_default();
        let labels = Labels {
            name: text(NAME),
            version: text(VERSION),
            publisher: text(PUBLISHER),
            abi: text(ABI),
            factors: text(FACTORS).split_whitespace().map(str::to_owned).collect(),
            imports: Vec::new(),
        };
        Ok(Self { digest, size, signature, labels })
    }

    /// The artifact, once its plugin is there.
    pub(crate) fn with(self, plugin: Vec<u8>, location: &str) -> Result<Artifact, RegistryError> {
        let (location, what) = (location.to_owned(), "plugin");
        let (expected, actual) = (self.size, plugin.len() as u64);
        if expected != actual {
            return Err(RegistryError::WrongSize { location, what, expected, actual });
        }
        let actual = digest_of(&plugin);
        if actual != self.digest {
            let (expected, actual) = (self.digest.to_string(), actual.to_string());
            return Err(RegistryError::WrongDigest { location, what, expected, actual });
        }
        // A signature is a line, and a file ends with a line's end.
        let signature = self.signature.map(|text| format!("{}\n", text.trim()));
        Ok(Artifact { plugin, signature, labels: self.labels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn artifact() -> Artifact {
        let labels = Labels {
            name: "face".to_owned(),
            version: "1.2.0".to_owned(),
            publisher: "acme.example".to_owned(),
            abi: "0.1.0".to_owned(),
            factors: vec!["https://acme.example/face".to_owned()],
            imports: Vec::new(),
        };
        Artifact { plugin: b"component".to_vec(), signature: Some("c2ln\n".to_owned()), labels }
    }

    fn manifest(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let parts = artifact().to_parts().unwrap();
        let mut manifest = serde_json::from_slice(&parts.manifest.bytes).unwrap();
        change(&mut manifest);
        serde_json::to_vec(&manifest).unwrap()
    }

    fn why(change: impl FnOnce(&mut serde_json::Value)) -> String {
        Announced::read(&manifest(change), "here").unwrap_err().to_string()
    }

    #[test]
    fn an_artifact_reads_back_and_is_always_the_same() {
        let parts = artifact().to_parts().unwrap();
        assert_eq!(parts.manifest.digest, artifact().to_parts().unwrap().manifest.digest);
        let announced = Announced::read(&parts.manifest.bytes, "here").unwrap();
        assert_eq!(announced.digest, digest_of(b"component"));
        assert_eq!(announced.with(b"component".to_vec(), "here").unwrap(), artifact());
    }

    #[test]
    fn a_plugin_that_is_not_what_was_announced_is_refused() {
        let announced = || Announced::read(&manifest(|_| {}), "here").unwrap();
        let other = announced().with(b"komponent".to_vec(), "here").unwrap_err().to_string();
        assert!(other.contains("the plugin is not what its digest says"), "{other}");
        let cut = announced().with(b"comp".to_vec(), "here").unwrap_err().to_string();
        assert!(cut.contains("has 4 bytes, and its manifest says 9"), "{cut}");
    }

    #[test]
    fn what_is_no_plugin_is_refused_by_name() {
        assert!(Announced::read(b"no", "here").unwrap_err().to_string().contains("`here` is no plugin"));
        let image = "application/vnd.oci.image.layer.v1.tar+gzip";
        assert!(why(|it| it["layers"][0]["mediaType"] = image.into()).contains(image));
        assert!(why(|it| it["layers"] = json!([])).contains("has no layers"));
        let twice = |it: &mut serde_json::Value| it["layers"] = json!([it["layers"][0], it["layers"][0]]);
        assert!(why(twice).contains("wants one layer"));
        assert!(why(|it| it["layers"][0]["digest"] = "sha512:00".into()).contains("SHA-256"));
        assert!(why(|it| it["layers"][0]["digest"] = "../../etc/passwd".into()).contains("SHA-256"));
        assert!(why(|it| it["layers"][0]["size"] = (-1).into()).contains("below zero"));
    }

    /// The limits hold at their edges, before anything else is asked for.
    #[test]
    fn what_is_too_large_is_refused_by_the_limits_name() {
        let sized = |size: u64| manifest(|it| it["layers"][0]["size"] = size.into());
        assert!(Announced::read(&sized(PLUGIN_BYTES), "here").is_ok());
        let why = Announced::read(&sized(PLUGIN_BYTES + 1), "here").unwrap_err().to_string();
        assert!(why.contains("more than 33554432 bytes (PLUGIN_BYTES)"), "{why}");
        let signed = |bytes: usize| manifest(|it| it["annotations"][SIGNATURE] = "x".repeat(bytes).into());
        assert!(Announced::read(&signed(SIGNATURE_BYTES), "here").is_ok());
        let why = Announced::read(&signed(SIGNATURE_BYTES + 1), "here").unwrap_err().to_string();
        assert!(why.contains("(SIGNATURE_BYTES)"), "{why}");
        let mut signed = artifact();
        signed.signature = Some("x".repeat(SIGNATURE_BYTES + 1));
        assert!(signed.to_parts().unwrap_err().to_string().contains("(SIGNATURE_BYTES)"));
    }
}
