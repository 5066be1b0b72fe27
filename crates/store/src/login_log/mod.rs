//! The login log: light logins, appended to segments and found by small indexes.
//!
//! A light login is written once and never changed, and many of them come in a second. So it is appended to a file, as one frame
//! ([`frame`]): what an index needs to know of it, and the record with its key and MAC as any other record has them. What waits
//! to be written ([`waiting`]) is found in memory. One thread ([`writer`]) writes it within 10 ms and syncs within a second.
//!
//! A segment ([`segment`]) holds logins that live about equally long, so that it expires as a whole: its files are deleted, and
//! nothing is rewritten. The segments that are written to have their index in memory ([`entries`]); one that is full is sealed,
//! with an index file ([`index`]) of which a filter and one entry in 170 to 255 are kept in memory.
//!
//! After a crash the segments that were not sealed are read ([`recovery`]): a torn end is cut off, a frame that is damaged
//! between whole ones is passed over and reported. Indexes carry no MAC. They lead to frames, and a frame counts only when its
//! record says itself whose it is.

mod entries;
mod filter;
mod folder;
mod frame;
mod hash;
mod index;
mod lists;
mod log;
mod recovery;
mod segment;
mod waiting;
mod writer;

pub(crate) use lists::{of_tenant, of_user, position};
pub(crate) use log::{Appended, LoginKeys, LoginLog, StoredLogin};
