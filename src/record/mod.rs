//! Records and record batches of format 2 (KIP-98): build, seal, stamp; read, check, iterate.
//!
//! To the cluster, a program's [`Record`] is encoded straight into a [`BatchBuilder`]'s chunks;
//! [`SealedBatch`] compresses and sums it, and is stamped when it is drained. From the cluster,
//! [`Batches`] finds the batches in fetched bytes, [`Batch`] decompresses one when it is asked to,
//! and [`DecodedBatch`] lends out [`RecordView`]s, one by one or as a checked [`Span`].
//!
//! All of it is pure computation on bytes; none of it trusts them.

mod builder;
mod chunk;
mod compression;
mod crc;
mod encoding;
mod error;
mod header;
mod log;
mod outgoing;
mod payload;
mod reader;
mod records;
mod sealed;
mod span;
#[cfg(test)]
mod tests;
mod varint;

pub use builder::{AppendError, BatchBuilder};
pub use chunk::{ChunkPool, DEFAULT_CHUNK_SIZE, Reserve};
#[cfg(feature = "mock")]
pub(crate) use compression::{CodecError, decompress};
pub(crate) use encoding::Content;
pub use error::RecordError;
pub use header::{Attributes, BatchHeader, HEADER_LEN, TimestampType};
pub use log::{ControlKind, control_batch};
pub use outgoing::Record;
pub use payload::{Header, Payload, Timestamp, TopicName};
pub use reader::{Batch, Batches};
pub use records::{Cursor, DecodeLimits, DecodedBatch, HeaderView, Headers, RecordView, Records};
pub use sealed::{SealedBatch, Stamp};
pub use span::{Span, SpanIter};
