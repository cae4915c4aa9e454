//! The consumer's decisions: where each partition is, what to fetch next, what may be handed out.

mod aborted;
mod fetcher;
mod frames;
mod partition;
mod plan;
mod positions;

pub(crate) use aborted::AbortedFilter;
pub(crate) use fetcher::Fetcher;
pub(crate) use plan::{Answer, FetchLimits, FetchPlan, Fetched, Handed, Planned};
pub use positions::StartAt;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
