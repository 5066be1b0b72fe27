//! What a call answered.

use serde_json::Value;

/// A status and a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The body; null where it is not JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Answered {
    /// Sends a request.
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Self { status, body: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    /// The outcome, or the error's code.
    #[must_use]
    pub fn outcome(&self) -> &str {
        self.body["outcome"].as_str().or_else(|| self.body["code"].as_str()).unwrap_or("")
    }

    /// A text of the body.
    #[must_use]
    pub fn text_at(&self, pointer: &str) -> &str {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no text at {pointer} in {}", self.text))
    }
}
