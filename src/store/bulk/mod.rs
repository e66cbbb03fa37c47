//! Orders to many onboardings: previewed, started, carried out one by one.
//!
//! Uses what `store` uses.
//!
//! What always holds:
//! - A result is written in the transaction that carries the order out, and only where there is none
//!   yet: whoever dies in the middle, and whoever does the same at the same time, each onboarding is
//!   told once at most. The lease only spares the others the work.
//! - Once a cancellation is kept, nobody is told any more.
//! - A preview is started for no more onboardings than it showed.
//!
//! Decided against: a count of results beside the results (it would have to be right after every
//! crash), one statement for all (a hundred thousand rows locked at once, and no reason per row).

mod items;
mod order;
mod orders;
mod work;

pub use items::{BulkItem, BulkItemPage, ItemResult};
pub use order::{BulkOrder, BulkProgress, BulkState};
pub use orders::{BulkDeed, BulkRefusal, BulkRender, NewBulkOrder};
pub(super) use work::take_turn;
