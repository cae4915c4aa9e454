//! The consumer: a task fetches ahead, [`Consumer::poll`] hands out what is there.
//!
//! Network state belongs to the task, never to a future of the user: a dropped `poll` loses
//! nothing. All decisions are made in [`machine::consumer`](crate::machine::consumer).

mod answer;
mod builder;
mod driver;
mod farewell;
mod fetch;
mod handle;
mod inner;
mod lookups;
mod offsets;
mod records;
mod troubles;
mod unread;

pub use builder::ConsumerBuilder;
pub use handle::Consumer;
pub use records::{ConsumerRecord, DetachedRecord, Records, RecordsIter};
