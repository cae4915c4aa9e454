//! What can be wrong with stored batches, and at which offset.

use std::sync::Arc;

use crate::config::Codec;
use crate::error::{Error, ErrorKind};

/// What is wrong with a batch or one of its records.
///
/// `offset` is where to go on: the batch's base offset, or the first record that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// A message set of Kafka before 0.11, which this client does not read.
    #[error(
        "offset {offset} is in message format {magic} of Kafka before 0.11, which this client does \
         not read: only format 2 is supported; rewrite the topic or skip past it with seek"
    )]
    OldMagic {
        /// The magic byte, 0 or 1.
        magic: i8,
        /// The message's offset.
        offset: i64,
    },
    /// A format that no version of Kafka known today writes.
    #[error("the batch at offset {offset} has unknown format {magic}; this client reads format 2")]
    UnknownMagic {
        /// The magic byte.
        magic: i8,
        /// The batch's base offset.
        offset: i64,
    },
    /// A header field that cannot be.
    #[error("the header of the batch at offset {offset} is damaged: {what}")]
    BadHeader {
        /// The batch's base offset.
        offset: i64,
        /// Which field, and why.
        what: &'static str,
    },
    /// The checksum does not match.
    #[error(
        "the batch at offset {offset} is damaged: its CRC is {stored:#010x} and its content's \
         {computed:#010x}; fetch it from another replica, or skip past it with seek"
    )]
    Crc {
        /// The batch's base offset.
        offset: i64,
        /// The CRC in the header.
        stored: u32,
        /// The CRC of the bytes.
        computed: u32,
    },
    /// A codec that Kafka has not given away.
    #[error("the batch at offset {offset} is compressed with unknown codec {id}")]
    UnknownCodec {
        /// The batch's base offset.
        offset: i64,
        /// The id in the attributes.
        id: i16,
    },
    /// A codec that was left out of this build.
    #[error(
        "the batch at offset {offset} is compressed with {codec}, which this build leaves out: \
         build tidewire with its cargo feature `{codec}`"
    )]
    MissingCodec {
        /// The batch's base offset.
        offset: i64,
        /// The codec.
        codec: Codec,
    },
    /// The compressed bytes are not what the codec says.
    #[error("the {codec} data of the batch at offset {offset} is damaged: {message}")]
    Decompress {
        /// The batch's base offset.
        offset: i64,
        /// The codec.
        codec: Codec,
        /// What the codec found.
        message: Box<str>,
    },
    /// The batch is larger than the limit once decompressed.
    #[error(
        "the batch at offset {offset} takes more than {limit} bytes when decompressed with {codec}, \
         the limit of this client for one batch"
    )]
    TooLarge {
        /// The batch's base offset.
        offset: i64,
        /// The codec.
        codec: Codec,
        /// The limit in bytes.
        limit: usize,
    },
    /// A record whose lengths do not fit its batch.
    #[error("the record at or after offset {offset} is damaged: {what}")]
    BadRecord {
        /// The first offset that this record can have.
        offset: i64,
        /// What was found.
        what: &'static str,
    },
}

impl RecordError {
    /// The offset it happened at.
    #[must_use]
    pub fn offset(&self) -> i64 {
        match self {
            Self::OldMagic { offset, .. }
            | Self::UnknownMagic { offset, .. }
            | Self::BadHeader { offset, .. }
            | Self::Crc { offset, .. }
            | Self::UnknownCodec { offset, .. }
            | Self::MissingCodec { offset, .. }
            | Self::Decompress { offset, .. }
            | Self::TooLarge { offset, .. }
            | Self::BadRecord { offset, .. } => *offset,
        }
    }

    /// The crate's error for it, naming topic, partition and offset.
    pub(crate) fn into_error(self, topic: impl Into<Arc<str>>, partition: i32) -> Error {
        Error::new(ErrorKind::Corrupt, self.to_string())
            .with_topic(topic)
            .with_partition(partition)
            .with_source(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_error_names_topic_partition_and_offset() {
        let error = RecordError::OldMagic {
            magic: 1,
            offset: 42,
        }
        .into_error("orders", 3);
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        let text = error.to_string();
        assert!(text.contains("offset 42"), "{text}");
        assert!(text.ends_with("(partition orders-3)"), "{text}");
    }
}
