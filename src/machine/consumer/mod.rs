//! The consumer's decisions: where each partition is, what to fetch next, what may be handed out.

mod aborted;
mod fetcher;
mod positions;

pub(crate) use aborted::AbortedFilter;
pub(crate) use fetcher::{FetchLimits, FetchPlan, Fetched, Fetcher, Handed, Planned};
pub use positions::StartAt;
