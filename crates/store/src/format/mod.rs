//! Stored formats: types of their own, a version for each kind of record, and both ways between them and the domain.
//!
//! A stored value is a version byte, the value in [postcard](https://postcard.jamesmunns.com/wire-format), and a MAC over its
//! key and both (see [`codec`]). The kind stands in the key. `<kind>/v1.rs` holds the stored types of version 1 of a kind;
//! `<kind>/mod.rs` says which version is written and how each one is read. [`common`] holds types that several kinds contain.
//!
//! # How to change a stored format
//! 1. A published `vN.rs` is never edited: not its fields, their types or order, nor the order of an enumeration's variants.
//!    Postcard names nothing, so each of these changes the bytes.
//! 2. Any change, also a variant at the end of an enumeration, is a new version: copy `vN.rs` to `vN+1.rs`, change the copy,
//!    write `From<vN> for vN+1` with the value that an older record stands for, move the conversions from and to the domain to
//!    the copy, and raise `VERSION` in `mod.rs`. A changed type of [`common`] is a new version of every kind that contains it.
//! 3. Every version ever published stays readable. Old records are upgraded when they are read, and stored in the new
//!    version when they are written for another reason; nothing rewrites a database at once.
//! 4. A program writes into the [`description`] of a store which versions it writes. An older one refuses the store by that; the
//!    records themselves are not walked at the start. It ignores records of kinds that it does not know, so a new kind must not
//!    be needed for the meaning of an old one.
//! 5. Each version has golden bytes in `tests/store/golden.rs`, and `tests/e2e/frozen.rs` serves a whole database that an
//!    earlier build made.
//! 6. No self-describing types (`serde_json::Value`, untagged or flattened fields): JSON is stored as text.
//! 7. What cannot be read is an error that names the kind, and is counted by the observer; it is never passed over in silence.

pub(crate) mod bypasses;
pub(crate) mod cache;
pub(crate) mod codec;
pub(crate) mod common;
pub(crate) mod description;
pub(crate) mod header;
pub(crate) mod kind;
pub(crate) mod login;
pub(crate) mod open_logins;
pub(crate) mod orders;
pub(crate) mod orders_file;
pub(crate) mod place;
pub(crate) mod revision;
pub(crate) mod session;
pub(crate) mod stored;
pub(crate) mod upload;
pub(crate) mod versions;

#[cfg(test)]
mod next_version;
