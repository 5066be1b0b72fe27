//! Many plugins at once, with a line about it every second.

use super::compiler::Compiler;
use super::error::CompileError;
use super::limits;
use futures_util::stream::{self, StreamExt as _};
use postlude_model::names::Digest;
use postlude_sandbox::Plugin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a long start says how far it is.
const EVERY: Duration = Duration::from_secs(1);

/// Makes the plugins of many files, several at a time.
pub(crate) async fn all(
    compiler: &Compiler,
    files: impl ExactSizeIterator<Item = (Digest, Arc<[u8]>)> + Send,
) -> Vec<(Digest, Result<Plugin, CompileError>)> {
    let mut progress = Progress::new(compiler, files.len());
    let making = files.map(|(digest, bytes)| async move { (digest, compiler.plugin(digest, bytes).await) });
    let mut making = std::pin::pin!(stream::iter(making).buffer_unordered(limits::loads_at_once()));
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    let mut made = Vec::with_capacity(progress.files);
    loop {
        tokio::select! {
            one = making.next() => match one {
                Some(one) => made.push(one),
                None => break,
            },
            _ = ticks.tick() => tracing::info!("{}", progress.line(made.len())),
        }
    }
    progress.done(made.iter().filter(|(_, made)| made.is_ok()).count());
    made
}

struct Progress<'c> {
    compiler: &'c Compiler,
    files: usize,
    compiled_before: usize,
    began: Instant,
}

impl<'c> Progress<'c> {
    fn new(compiler: &'c Compiler, files: usize) -> Self {
        Self { compiler, files, compiled_before: compiler.compiled(), began: Instant::now() }
    }

    fn line(&mut self, ready: usize) -> String {
        format!("{} of {} plugins ready, {} compiled", grouped(ready), grouped(self.files), grouped(self.compiled()))
    }

    fn done(mut self, ready: usize) {
        let milliseconds = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(milliseconds, "{}", self.line(ready));
    }

    fn compiled(&self) -> usize {
        self.compiler.compiled().saturating_sub(self.compiled_before)
    }
}

/// A number with separators: `1,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let commas = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        text.push_str(if commas(at) { "," } else { "" });
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([0, 999, 1000, 1_234_567].map(super::grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
