//! A folder that is an OCI image layout (image specification 1.1): for machines without a network, and for what is handed over as files.

use super::artifact::{Announced, Blob, Parts, Pulled, digest_of};
use super::error::{RegistryError, words};
use super::limits::{INDEX_BYTES, MANIFEST_BYTES, PLUGIN_BYTES};
use super::location::{LayoutReference, Version};
use oci_client::annotations::ORG_OPENCONTAINERS_IMAGE_REF_NAME as TAG;
use oci_client::manifest::{OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE};
use postlude_model::names::Digest;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// What the file `oci-layout` says.
const MARK: &str = "{\"imageLayoutVersion\":\"1.0.0\"}";

/// One of the artifacts in a folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'a>(pub(crate) &'a LayoutReference);

impl Layout<'_> {
    /// Writes the blobs first and the index last: who reads meanwhile sees the artifact whole or not.
    pub(crate) fn push(&self, parts: &Parts, may_move: bool) -> Result<Digest, RegistryError> {
        let tag = match &self.0.version {
            Version::Tag(tag) => Some(tag.as_str()),
            Version::Only => None,
            Version::Manifest(_) => {
                let why = "names a digest, and what is pushed has its own: name a tag".to_owned();
                return Err(RegistryError::Location { text: self.0.to_string(), why });
            }
        };
        let index = self.0.folder.join("index.json");
        let mut entries = if index.exists() { self.entries()? } else { Vec::new() };
        let new = parts.manifest.digest;
        if let Some(present) = tag.and_then(|tag| entries.iter().find(|entry| tag_of(entry) == Some(tag))) {
            let present = self.digest_in(present)?;
            if present != new && !may_move {
                return Err(RegistryError::TagTaken { location: self.0.to_string(), present, new });
            }
        }
        let blobs = self.0.folder.join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(|why| failed(&blobs, &why))?;
        for Blob { digest, bytes } in [&parts.config, &parts.layer, &parts.manifest] {
            write(&blobs.join(digest.hex()), bytes)?;
        }
        entries.retain(|entry| {
            let same = entry.get("digest").and_then(Value::as_str) == Some(new.to_string().as_str());
            tag_of(entry) != tag || (tag.is_none() && !same)
        });
        let mut entry = json!({ "mediaType": OCI_IMAGE_MEDIA_TYPE, "digest": new, "size": parts.manifest.bytes.len() });
        if let (Some(tag), Some(entry)) = (tag, entry.as_object_mut()) {
            entry.insert("annotations".to_owned(), json!({ TAG: tag }));
        }
        entries.push(entry);
        write(&self.0.folder.join("oci-layout"), MARK.as_bytes())?;
        let all = json!({ "schemaVersion": 2, "mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE, "manifests": entries });
        write(&index, &serde_json::to_vec(&all)?)?;
        Ok(new)
    }

    pub(crate) fn pull(&self) -> Result<Pulled, RegistryError> {
        let location = self.0.to_string();
        let digest = match &self.0.version {
            Version::Manifest(digest) => *digest,
            _ => self.find()?,
        };
        let manifest = self.blob(&digest, "manifest", MANIFEST_BYTES, "MANIFEST_BYTES")?;
        let actual = digest_of(&manifest);
        if actual != digest {
            let (expected, actual) = (digest.to_string(), actual.to_string());
            return Err(RegistryError::WrongDigest { location, what: "manifest", expected, actual });
        }
        let announced = Announced::read(&manifest, &location)?;
        let plugin = self.blob(&announced.digest, "plugin", PLUGIN_BYTES, "PLUGIN_BYTES")?;
        Ok(Pulled { artifact: announced.with(plugin, &location)?, manifest: digest })
    }

    /// The manifest that the tag names; or the only one.
    fn find(&self) -> Result<Digest, RegistryError> {
        let entries = self.entries()?;
        let found: Vec<_> = match &self.0.version {
            Version::Tag(tag) => entries.iter().filter(|entry| tag_of(entry) == Some(tag.as_str())).collect(),
            _ => entries.iter().collect(),
        };
        if let [entry] = found.as_slice() {
            return self.digest_in(entry);
        }
        let tags: Vec<_> = entries.iter().filter_map(tag_of).map(|tag| format!("`{}`", words(tag))).collect();
        let hint = match (found.len(), tags.len()) {
            (0 | 1, 0) => String::new(),
            (0 | 1, _) => format!("; its tags are {}", tags.join(", ")),
            (several, _) => {
                format!(" that is the only one: of its {several} name one, by tag ({}) or digest", tags.join(", "))
            }
        };
        Err(RegistryError::NotFound { location: self.0.to_string(), hint })
    }

    fn digest_in(&self, entry: &Value) -> Result<Digest, RegistryError> {
        let digest = entry.get("digest").and_then(Value::as_str).unwrap_or_default();
        digest.parse().map_err(|why: postlude_model::names::NameError| RegistryError::NoPlugin {
            location: self.0.to_string(),
            why: format!("its index has {}", words(&why.to_string())),
        })
    }

    fn entries(&self) -> Result<Vec<Value>, RegistryError> {
        let path = self.0.folder.join("index.json");
        let bytes = self.read(&path, "index", INDEX_BYTES, "INDEX_BYTES")?;
        let index: Value = serde_json::from_slice(&bytes).map_err(|why| RegistryError::File {
            path: path.clone(),
            why: format!("is no index of an image layout: {why}"),
        })?;
        match index.get("manifests").and_then(Value::as_array) {
            Some(entries) => Ok(entries.clone()),
            None => Err(RegistryError::File { path, why: "is no index of an image layout".to_owned() }),
        }
    }

    fn blob(
        &self,
        digest: &Digest,
        what: &'static str,
        most: u64,
        limit: &'static str,
    ) -> Result<Vec<u8>, RegistryError> {
        self.read(&self.0.folder.join("blobs/sha256").join(digest.hex()), what, most, limit)
    }

    fn read(&self, path: &Path, what: &'static str, most: u64, limit: &'static str) -> Result<Vec<u8>, RegistryError> {
        let file = File::open(path).map_err(|why| match why.kind() {
            io::ErrorKind::NotFound => RegistryError::NotFound {
                location: self.0.to_string(),
                hint: format!(": `{}` does not exist", path.display()),
            },
            _ => failed(path, &why),
        })?;
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes).map_err(|why| failed(path, &why))?;
        if bytes.len() as u64 > most {
            return Err(RegistryError::TooLarge { location: self.0.to_string(), what, most, limit });
        }
        Ok(bytes)
    }
}

fn tag_of(entry: &Value) -> Option<&str> {
    entry.get("annotations")?.get(TAG)?.as_str()
}

fn failed(path: &Path, why: &io::Error) -> RegistryError {
    RegistryError::File { path: path.to_owned(), why: why.to_string() }
}

/// Writes to another name first, and leaves alone what is there already.
fn write(path: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    });
    written.map_err(|why| failed(path, &why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Artifact, Labels};

    fn parts(plugin: &[u8]) -> Parts {
        let labels = Labels { name: "face".to_owned(), version: "1.2.0".to_owned(), ..Labels::default() };
        Artifact { plugin: plugin.to_vec(), signature: None, labels }.to_parts().unwrap()
    }

    fn at(folder: &Path, version: Version) -> LayoutReference {
        LayoutReference { folder: folder.to_owned(), version }
    }

    fn push(to: &LayoutReference, plugin: &[u8], may_move: bool) -> Result<Digest, RegistryError> {
        Layout(to).push(&parts(plugin), may_move)
    }

    fn pull(from: &LayoutReference) -> Result<Pulled, RegistryError> {
        Layout(from).pull()
    }

    fn tag(name: &str) -> Version {
        Version::Tag(name.to_owned())
    }

    #[test]
    fn a_folder_keeps_several_and_names_them_by_tag_and_digest() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("dist");
        let one = push(&at(&folder, tag("1")), b"one", false).unwrap();
        assert_eq!(pull(&at(&folder, Version::Only)).unwrap().manifest, one);
        let two = push(&at(&folder, tag("2")), b"two", false).unwrap();
        for (version, plugin) in [(tag("1"), b"one"), (tag("2"), b"two"), (Version::Manifest(one), b"one")] {
            assert_eq!(pull(&at(&folder, version)).unwrap().artifact.plugin, plugin);
        }
        let which = pull(&at(&folder, Version::Only)).unwrap_err().to_string();
        assert!(which.contains("name one, by tag (`1`, `2`) or digest"), "{which}");
        let none = pull(&at(&folder, tag("3"))).unwrap_err().to_string();
        assert!(none.contains("its tags are `1`, `2`"), "{none}");
        // Again the same; another one only where the tag may move.
        assert_eq!(push(&at(&folder, tag("2")), b"two", false).unwrap(), two);
        let taken = push(&at(&folder, tag("2")), b"three", false).unwrap_err().to_string();
        assert!(taken.contains(&format!("is {two} already")) && taken.contains("--move-tag"), "{taken}");
        push(&at(&folder, tag("2")), b"three", true).unwrap();
        assert_eq!(pull(&at(&folder, tag("2"))).unwrap().artifact.plugin, b"three");
        assert_eq!(fs::read_to_string(folder.join("oci-layout")).unwrap(), MARK);
    }

    #[test]
    fn changed_blobs_and_strange_indexes_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        assert!(pull(&at(folder, tag("1"))).unwrap_err().to_string().contains("does not exist"));
        let manifest = push(&at(folder, tag("1")), b"one", false).unwrap();
        let refusal = || pull(&at(folder, tag("1"))).unwrap_err().to_string();
        let blob = |digest: &Digest| folder.join("blobs/sha256").join(digest.hex());
        fs::write(blob(&digest_of(b"one")), "eno").unwrap();
        assert!(refusal().contains("the plugin is not what its digest says"), "{}", refusal());
        fs::write(blob(&digest_of(b"one")), "on").unwrap();
        assert!(refusal().contains("has 2 bytes"), "{}", refusal());
        fs::write(blob(&manifest), "{}").unwrap();
        assert!(refusal().contains("the manifest is not what its digest says"), "{}", refusal());
        fs::write(blob(&manifest), vec![b' '; usize::try_from(MANIFEST_BYTES).unwrap() + 1]).unwrap();
        assert!(refusal().contains("(MANIFEST_BYTES)"), "{}", refusal());
        let named = json!({ "manifests": [{ "digest": "../../secret", "annotations": { TAG: "1" } }] });
        fs::write(folder.join("index.json"), named.to_string()).unwrap();
        assert!(refusal().contains("its index has"), "{}", refusal());
        fs::write(folder.join("index.json"), "[]").unwrap();
        assert!(refusal().contains("is no index of an image layout"), "{}", refusal());
    }
}
