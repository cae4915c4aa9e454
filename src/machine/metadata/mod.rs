//! What a client knows of the cluster, and when it asks again. Pure: time and answers in, the next
//! question out.
//!
//! [`ClusterMetadata`] is the picture, [`MetadataMachine`] decides what to ask and when, `merge`
//! puts an answer into the picture. Four rules keep it honest:
//!
//! - **A leader never goes back.** A lagging broker may answer with an older leader epoch
//!   (KIP-320); such a partition keeps what is known. A new topic id starts a new history.
//! - **One question at a time, one per backoff.** Any number of callers may ask for a refresh;
//!   while one is under way, or has just ended, they share the next one. Only a topic that nobody
//!   asked about yet need not wait behind an answer.
//! - **Only topics in use are asked for.** A topic that nobody looked up for a while is dropped.
//! - **No topic holds up another.** One that cannot be had costs the others no refresh.

mod hints;
mod machine;
mod merge;
mod picture;

pub(crate) use hints::LeaderHint;
pub(crate) use machine::{Interest, MetadataMachine, Query};
pub use picture::{ClusterMetadata, Node, PartitionMetadata, TopicMetadata};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
