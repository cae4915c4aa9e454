//! The consumer: a task fetches ahead, [`Consumer::poll`] hands out what is there.
//!
//! Network state belongs to the task, never to a future of the user: a dropped `poll` loses
//! nothing. All decisions are made in [`machine::consumer`](crate::machine::consumer).

mod answer;
mod builder;
mod driver;
mod ending;
mod ends;
mod farewell;
mod fetch;
mod group;
mod handle;
mod inner;
mod interceptor;
mod lookups;
mod metrics;
mod offsets;
mod receiving;
mod records;
mod stream;
mod troubles;
mod unread;

pub use builder::ConsumerBuilder;
pub use ends::OffsetAndTimestamp;
pub use group::{GroupMetadata, PendingCommit, RebalanceListener};
pub use handle::Consumer;
pub use interceptor::ConsumerInterceptor;
pub use metrics::{ConsumerMetrics, PartitionMetrics};
pub use records::{Consumed, ConsumerRecord, DetachedRecord, Records, RecordsIter};
pub use stream::{PartitionStream, RecordStream};
pub(crate) use stream::{Reader, is_last};
