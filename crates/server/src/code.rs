//! Compiled plugins by digest, each alive exactly as long as a pipeline or a running login keeps it.

use postlude_model::names::Digest;
use postlude_sandbox::{Plugin, WeakPlugin};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Knows every compiled plugin, and keeps none of them.
#[derive(Debug, Default)]
pub(crate) struct Code(Mutex<HashMap<Digest, WeakPlugin>>);

impl Code {
    /// The compiled plugin of a digest, while somebody keeps it.
    pub(crate) fn get(&self, digest: &Digest) -> Option<Plugin> {
        self.lock().get(digest)?.upgrade()
    }

    /// Makes a plugin known.
    pub(crate) fn insert(&self, plugin: &Plugin) {
        let mut known = self.lock();
        known.retain(|_, plugin| plugin.upgrade().is_some());
        known.insert(plugin.digest(), plugin.downgrade());
    }

    /// How many compiled plugins there are.
    pub(crate) fn live(&self) -> usize {
        self.lock().values().filter(|plugin| plugin.upgrade().is_some()).count()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, WeakPlugin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
