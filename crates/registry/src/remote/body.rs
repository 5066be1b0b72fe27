//! An answer of a registry that is read within a limit.

use super::super::error::RegistryError;
use super::errors::Asker;
use reqwest::Response;

/// Bytes of a refusal that are read: its first words.
const REFUSAL_BYTES: usize = 4096;

/// The whole body, or None when it has more bytes than these.
pub(super) async fn read(
    mut response: Response,
    most: u64,
    asker: &Asker<'_>,
) -> Result<Option<Vec<u8>>, RegistryError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|why| asker.unreached(&why))? {
        body.extend_from_slice(&chunk);
        if body.len() as u64 > most {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

/// The beginning of a refusal.
pub(super) async fn refusal(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > REFUSAL_BYTES {
            break;
        }
    }
    body.truncate(REFUSAL_BYTES);
    String::from_utf8_lossy(&body).into_owned()
}
