//! The head of an HTTP/1.1 answer, read with little work: the load must not be what is measured.

use anyhow::{Context, Result};

/// How much of an answer is searched for what is expected.
const NEAR: usize = 400;

/// What is known of an answer once its head is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Where the body begins.
    pub(crate) body: usize,
    /// The length of head and body.
    pub(crate) whole: usize,
}

impl Head {
    /// The head at the beginning of these bytes; none where more must be read.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).context("an answer without a status")?;
        let length = text.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let length: usize = length.context("an answer without a length")?;
        Ok(Some(Self { status, body: end + 4, whole: end + 4 + length }))
    }
}

/// Whether a body has this text near its beginning.
pub(crate) fn near_the_beginning(body: &[u8], text: &str) -> bool {
    let near = body.get(..NEAR.min(body.len())).unwrap_or_default();
    text.is_empty() || near.windows(text.len()).any(|window| window == text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: y\r\n\r\nok";
        assert_eq!(Head::read(&answer[..30]).unwrap(), None);
        assert_eq!(Head::read(answer).unwrap(), Some(Head { status: 200, body: 44, whole: 46 }));
        assert!(Head::read(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(near_the_beginning(b"ok", "ok") && !near_the_beginning(b"ok", "okay"));
    }
}
