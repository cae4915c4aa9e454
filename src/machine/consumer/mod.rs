//! The consumer's decisions: where each partition is, what to fetch next, what may be handed out.

mod aborted;
mod epochs;
mod explain;
mod fetcher;
mod frames;
mod handing;
mod holding;
mod lent;
mod logs;
mod narrowing;
mod partition;
mod pausing;
mod plan;
mod planning;
mod positions;
mod renewed;
mod replicas;
mod session;
mod streams;

pub(crate) use aborted::AbortedFilter;
pub(crate) use epochs::Doubtful;
pub use explain::PartitionStatus;
pub(crate) use fetcher::Fetcher;
pub(crate) use frames::Detach;
pub(crate) use lent::Lent;
pub(crate) use plan::{Answer, FetchLimits, FetchPlan, Fetched, Handed, Planned};
#[cfg(test)]
pub(crate) use plan::{Cluster, Leader};
pub(crate) use positions::Place;
pub use positions::StartAt;
pub(crate) use session::{FINAL, SessionStep};
pub(crate) use streams::StreamId;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
