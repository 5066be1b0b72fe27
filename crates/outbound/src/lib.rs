//! The way out for plugins: HTTPS to granted hosts only, to pinned public addresses.
