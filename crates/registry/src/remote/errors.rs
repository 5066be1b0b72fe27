//! What a registry's refusals and the client's errors mean to whoever pushes or pulls.

use super::super::error::{RegistryError, words};
use oci_client::Reference;
use oci_client::RegistryOperation;
use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};
use std::error::Error;

/// Whom a refusal concerns.
#[derive(Debug, Clone)]
pub(super) struct Asker<'a> {
    pub(super) reference: &'a Reference,
    pub(super) operation: RegistryOperation,
    /// As whom the registry is asked.
    pub(super) username: Option<&'a str>,
}

impl Asker<'_> {
    pub(super) fn unauthorised(&self) -> RegistryError {
        RegistryError::Unauthorised {
            registry: self.reference.registry().to_owned(),
            who: self.username.map_or_else(|| "an unknown user".to_owned(), |name| format!("the user `{name}`")),
            action: match self.operation {
                RegistryOperation::Push => "push to",
                RegistryOperation::Pull => "pull from",
            },
            repository: self.reference.repository().to_owned(),
        }
    }

    pub(super) fn not_found(&self) -> RegistryError {
        let hint = match self.operation {
            RegistryOperation::Push => ": the registry may want the repository to be made first",
            RegistryOperation::Pull => ": see the repository's tags, or push it with `postlude push`",
        };
        RegistryError::NotFound { location: self.reference.to_string(), hint: hint.to_owned() }
    }

    pub(super) fn unreached(&self, why: &(dyn Error + 'static)) -> RegistryError {
        RegistryError::Unreached { registry: self.reference.registry().to_owned(), why: words(&innermost(why)) }
    }

    pub(super) fn refused(&self, action: &'static str, why: &str) -> RegistryError {
        RegistryError::Refused { registry: self.reference.registry().to_owned(), action, why: words(why) }
    }

    /// By the status of an answer that is no success.
    pub(super) fn status(&self, status: u16, action: &'static str, body: &str) -> RegistryError {
        match status {
            401 | 403 => self.unauthorised(),
            404 => self.not_found(),
            _ => self.refused(action, &format!("{status} {}", body.trim())),
        }
    }

    /// What the client says.
    pub(super) fn client(
        &self,
        what: &'static str,
        action: &'static str,
        error: OciDistributionError,
    ) -> RegistryError {
        match error {
            OciDistributionError::AuthenticationFailure(_) | OciDistributionError::UnauthorizedError { .. } => {
                self.unauthorised()
            }
            OciDistributionError::ServerError { code, message, .. } => self.status(code, action, &message),
            OciDistributionError::RegistryError { envelope, .. } => match envelope.errors.first() {
                Some(first) => match first.code {
                    OciErrorCode::Unauthorized | OciErrorCode::Denied => self.unauthorised(),
                    OciErrorCode::BlobUnknown
                    | OciErrorCode::ManifestUnknown
                    | OciErrorCode::NameUnknown
                    | OciErrorCode::NotFound => self.not_found(),
                    _ => self.refused(action, &first.message),
                },
                None => self.refused(action, "a refusal without a reason"),
            },
            OciDistributionError::RequestError(why) => self.unreached(&why),
            OciDistributionError::DigestError(why) => self.digest(what, action, &why),
            OciDistributionError::IoError(why) => self.io(what, action, &why),
            other => self.refused(action, &other.to_string()),
        }
    }

    /// What a stream of a blob says.
    pub(super) fn io(&self, what: &'static str, action: &'static str, error: &std::io::Error) -> RegistryError {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<DigestError>()) {
            Some(why) => self.digest(what, action, why),
            None => self.unreached(error),
        }
    }

    fn digest(&self, what: &'static str, action: &'static str, error: &DigestError) -> RegistryError {
        match error {
            DigestError::VerificationError { expected, actual } => RegistryError::WrongDigest {
                location: self.reference.to_string(),
                what,
                expected: words(expected),
                actual: words(actual),
            },
            other => self.refused(action, &other.to_string()),
        }
    }
}

/// The innermost of an error's causes: those around it say that something failed.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string()
}
