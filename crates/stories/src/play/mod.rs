//! Plays stories: each in a workbench of its own, and says where an answer is not what was expected.

mod all;
mod check;
mod http_step;
mod player;
mod result;
mod snapshot;
mod stock;
mod template;

pub use all::play_all;
pub use player::{Player, PlayerSetup};
pub use result::{Failure, Reason, StoryResult, Verdict};
pub use snapshot::{SnapshotMode, SnapshotStore};
pub use stock::{STOCK_FILE, StockStories};
