//! Who asks a registry: what `docker login` or `podman login` left, or what the caller says.

use super::error::RegistryError;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential, get_podman_credential};
use std::fmt;
use zeroize::Zeroizing;

/// A user of a registry. The password does not show itself in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub username: String,
    /// The password, or a token in its place.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Who this user is to the registry, by Docker's `config.json` (`DOCKER_CONFIG`), its helpers, or Podman's `auth.json`; none where neither says.
///
/// # Errors
/// When a file or a helper has something for the registry, and it cannot be used.
pub fn find_credentials(registry: &str) -> Result<Option<Credentials>, RegistryError> {
    // Docker's own registry stands there under the address of its first version.
    let key = if registry == "docker.io" { "https://index.docker.io/v1/" } else { registry };
    match taken(registry, get_credential(key))? {
        Some(found) => Ok(Some(found)),
        None => taken(registry, get_podman_credential(registry)),
    }
}

fn taken(
    registry: &str,
    found: Result<DockerCredential, CredentialRetrievalError>,
) -> Result<Option<Credentials>, RegistryError> {
    // A helper's own words may hold what it should not have said: they are not repeated.
    let unusable = |why: String| Err(RegistryError::Credentials { registry: registry.to_owned(), why });
    match found {
        Ok(DockerCredential::UsernamePassword(username, password)) => {
            Ok(Some(Credentials { username, password: password.into() }))
        }
        Ok(DockerCredential::IdentityToken(_)) => {
            unusable("it is an identity token, and a password or an access token is needed".to_owned())
        }
        Err(CredentialRetrievalError::HelperFailure { stdout, .. }) if stdout.contains("credentials not found") => {
            Ok(None)
        }
        Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
            unusable(format!("the helper `{helper}` failed"))
        }
        Err(CredentialRetrievalError::HelperCommunicationError) => unusable("its helper cannot be run".to_owned()),
        Err(CredentialRetrievalError::MalformedHelperResponse) => {
            unusable("its helper gives something else".to_owned())
        }
        Err(CredentialRetrievalError::CredentialDecodingError | CredentialRetrievalError::CredentialMismatchError) => {
            unusable("what stands there is no user and password".to_owned())
        }
        // A file that is there and cannot be read is one that says nothing: whoever needs it is told by the registry.
        Err(
            CredentialRetrievalError::NoCredentialConfigured
            | CredentialRetrievalError::ConfigNotFound
            | CredentialRetrievalError::ConfigReadError,
        ) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_helpers_words_are_not_shown() {
        let credentials = Credentials { username: "ops".to_owned(), password: "hunter2".to_owned().into() };
        assert_eq!(format!("{credentials:?}"), "Credentials { username: \"ops\", .. }");
        let failure = |stdout: &str| CredentialRetrievalError::HelperFailure {
            helper: "docker-credential-x".to_owned(),
            stdout: stdout.to_owned(),
            stderr: "hunter2".to_owned(),
        };
        let why = taken("r.example", Err(failure("hunter2"))).unwrap_err().to_string();
        assert!(why.contains("`docker-credential-x` failed") && !why.contains("hunter2"), "{why}");
        assert_eq!(taken("r.example", Err(failure("credentials not found in native keychain"))).unwrap(), None);
        assert!(taken("r.example", Ok(DockerCredential::IdentityToken("hunter2".to_owned()))).is_err());
    }
}
