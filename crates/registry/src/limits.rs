//! How much is taken of a registry, and how long it is waited for.

use std::time::Duration;

/// Bytes of a plugin at most: of one that brings an interpreter. What a plugin may have by its tier, the host judges.
pub const PLUGIN_BYTES: u64 = postlude_model::limits::CLOSED_WASI_COMPONENT_BYTES as u64;

/// Bytes of an artifact's manifest: ours have 2 KiB, the most of them a signature.
pub const MANIFEST_BYTES: u64 = 64 << 10;

/// Bytes of the signatures of one plugin, as in its `.sig` file: one has 88.
pub const SIGNATURE_BYTES: usize = 4096;

/// Bytes of the index of an image layout: some ten thousand entries.
pub const INDEX_BYTES: u64 = 4 << 20;

/// Layers that a manifest may list before the rest of it is not looked at.
pub const LAYERS: usize = 16;

/// How long a connection may take.
pub const CONNECT: Duration = Duration::from_secs(10);

/// How long a registry may send nothing.
pub const SILENCE: Duration = Duration::from_secs(30);

/// How long a push or pull may take in all: 32 MiB over a line of 2 Mbit/s take 135 seconds.
pub const DEADLINE: Duration = Duration::from_secs(10 * 60);

/// Redirects that are followed for a manifest.
pub const REDIRECTS: usize = 5;
