//! Lists, search, counts and everything else that is about many onboardings at once.
//!
//! Uses what `store` uses.
//!
//! What always holds:
//! - There is one [`Filter`] for lists, counts and bulk orders, and whose sight it is belongs to it.
//! - Two things decide whether an onboarding matches: the place where it stands ([`Place`], known to
//!   the tally) and `check.sql` for the rest. Nothing else does.
//! - A page comes off indexes in its order: the first few of each place that matches, merged. What is
//!   rare is picked by an index of its own first; what is not is met soon on the way. A page that has
//!   looked at enough ends early and says where to go on, so none takes long.
//! - Everything about one page is read in one snapshot.
//!
//! Decided against: statements put together as text (nobody could check them beforehand), an index
//! for each pair of filters (every one of them is paid for by every onboarding), estimates as counts.

mod cohorts;
mod counts;
mod cursor;
mod filter;
mod gather;
mod picks;
mod places;
mod recent;
mod walk;

pub use cohorts::{Cohort, Cohorts, FunnelStep, Overview};
pub use counts::Counts;
pub use cursor::Cursor;
pub use filter::{Filter, ListOrder, Search};
pub use places::Place;
pub use recent::{Happened, Recent};
pub use walk::Page;
