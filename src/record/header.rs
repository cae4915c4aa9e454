//! The header of a record batch of format 2 (KIP-98): 61 bytes, read and written as a whole.
//!
//! The broker changes base offset and leader epoch in place, so both stand before the CRC and
//! outside of it; the CRC covers everything from the attributes on.

use crate::config::Codec;
use crate::ids::{LeaderEpoch, ProducerEpoch, ProducerId};

use super::error::RecordError;

/// The length of a batch header in bytes.
pub const HEADER_LEN: usize = 61;

/// The bytes before `batch_length` starts to count: base offset and the length itself.
pub(crate) const LOG_OVERHEAD: usize = 12;

/// Where the magic byte stands, in this format and in the two before it.
pub(crate) const MAGIC_AT: usize = 16;

/// Where the part begins that the CRC covers.
pub(crate) const CRC_FROM: usize = 21;

const MAGIC: i8 = 2;

/// Who set the timestamps of a batch.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TimestampType {
    /// The producer, record by record.
    CreateTime,
    /// The broker: one time, that of the append, for the whole batch.
    LogAppendTime,
}

/// The attributes of a batch: codec, timestamp type, transactional, control.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Attributes(pub i16);

impl Attributes {
    const CODEC: i16 = 0x07;
    const LOG_APPEND_TIME: i16 = 0x08;
    const TRANSACTIONAL: i16 = 0x10;
    const CONTROL: i16 = 0x20;

    /// The id of the codec; [`Codec::from_wire_id`] names it.
    #[must_use]
    pub fn codec_id(self) -> i16 {
        self.0 & Self::CODEC
    }

    /// Who set the timestamps.
    #[must_use]
    pub fn timestamp_type(self) -> TimestampType {
        if self.has(Self::LOG_APPEND_TIME) {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        }
    }

    /// Whether the batch belongs to a transaction.
    #[must_use]
    pub fn is_transactional(self) -> bool {
        self.has(Self::TRANSACTIONAL)
    }

    /// Whether it holds markers of the broker instead of records of a program.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.has(Self::CONTROL)
    }

    /// The same attributes with this codec.
    #[must_use]
    pub fn with_codec(self, codec: Codec) -> Self {
        Self(self.0 & !Self::CODEC | codec.wire_id())
    }

    /// The same attributes with or without the mark of a transaction.
    #[must_use]
    pub fn with_transactional(self, yes: bool) -> Self {
        self.set(Self::TRANSACTIONAL, yes)
    }

    /// The same attributes with or without the mark of a control batch.
    #[must_use]
    pub fn with_control(self, yes: bool) -> Self {
        self.set(Self::CONTROL, yes)
    }

    /// The same attributes with this timestamp type.
    #[must_use]
    pub fn with_timestamp_type(self, kind: TimestampType) -> Self {
        self.set(Self::LOG_APPEND_TIME, kind == TimestampType::LogAppendTime)
    }

    fn has(self, bit: i16) -> bool {
        self.0 & bit != 0
    }

    fn set(self, bit: i16, yes: bool) -> Self {
        Self(if yes { self.0 | bit } else { self.0 & !bit })
    }
}

/// The header of a batch, field by field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BatchHeader {
    /// The offset of the first record, or of one that compaction has removed since.
    pub base_offset: i64,
    /// The bytes after this field: 49 of the header and all records.
    pub batch_length: i32,
    /// The leader epoch in which it was appended.
    pub partition_leader_epoch: LeaderEpoch,
    /// The CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Codec, timestamp type, transactional, control.
    pub attributes: Attributes,
    /// The last offset, relative to the first. Compaction keeps it, and with it the batch's range,
    /// even when the last record is gone.
    pub last_offset_delta: i32,
    /// What the records' timestamps are relative to, in milliseconds since the Unix epoch.
    pub base_timestamp: i64,
    /// The largest timestamp, or with `LogAppendTime` the only one.
    pub max_timestamp: i64,
    /// Who wrote it, for idempotence and transactions.
    pub producer_id: ProducerId,
    /// In which epoch of that producer.
    pub producer_epoch: ProducerEpoch,
    /// The sequence number of the first record; -1 without idempotence.
    pub base_sequence: i32,
    /// How many records there are.
    pub record_count: i32,
}

impl Default for BatchHeader {
    fn default() -> Self {
        Self {
            base_offset: 0,
            batch_length: 49,
            partition_leader_epoch: LeaderEpoch::NONE,
            crc: 0,
            attributes: Attributes::default(),
            last_offset_delta: 0,
            base_timestamp: -1,
            max_timestamp: -1,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: -1,
            record_count: 0,
        }
    }
}

impl BatchHeader {
    /// The offset after which the next batch begins; `last_offset` was checked not to overflow.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        let delta = i64::from(self.last_offset_delta);
        self.base_offset.saturating_add(delta)
    }

    /// The sequence number of the last record, which wraps around after `i32::MAX` to 0.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return self.base_sequence;
        }
        // Without the sign bit, a sum of two non-negative numbers wraps to 0 as Kafka's do.
        self.base_sequence.wrapping_add(self.last_offset_delta) & i32::MAX
    }

    /// The 61 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let mut out = bytes.as_mut_slice();
        let mut put = |field: &[u8]| {
            // The fields below are 61 bytes together, so each finds its room.
            if let Some((now, later)) = std::mem::take(&mut out).split_at_mut_checked(field.len()) {
                now.copy_from_slice(field);
                out = later;
            }
        };
        put(&self.base_offset.to_be_bytes());
        put(&self.batch_length.to_be_bytes());
        put(&self.partition_leader_epoch.0.to_be_bytes());
        put(&MAGIC.to_be_bytes());
        put(&self.crc.to_be_bytes());
        put(&self.attributes.0.to_be_bytes());
        put(&self.last_offset_delta.to_be_bytes());
        put(&self.base_timestamp.to_be_bytes());
        put(&self.max_timestamp.to_be_bytes());
        put(&self.producer_id.0.to_be_bytes());
        put(&self.producer_epoch.0.to_be_bytes());
        put(&self.base_sequence.to_be_bytes());
        put(&self.record_count.to_be_bytes());
        bytes
    }

    /// The CRC-32C of the header's covered part, to be combined with that of the records.
    #[must_use]
    pub(crate) fn covered_crc(&self) -> u32 {
        let bytes = self.to_bytes();
        crc32c::crc32c(bytes.get(CRC_FROM..).unwrap_or_default())
    }

    /// Reads and checks a header; the length was checked against the buffer before.
    pub(crate) fn parse(bytes: &[u8; HEADER_LEN]) -> Result<Self, RecordError> {
        let mut fields = Fields(bytes);
        let base_offset = i64::from_be_bytes(fields.take());
        let batch_length = i32::from_be_bytes(fields.take());
        let partition_leader_epoch = LeaderEpoch(i32::from_be_bytes(fields.take()));
        let magic = i8::from_be_bytes(fields.take());
        check_magic(magic, base_offset)?;
        let header = Self {
            base_offset,
            batch_length,
            partition_leader_epoch,
            crc: u32::from_be_bytes(fields.take()),
            attributes: Attributes(i16::from_be_bytes(fields.take())),
            last_offset_delta: i32::from_be_bytes(fields.take()),
            base_timestamp: i64::from_be_bytes(fields.take()),
            max_timestamp: i64::from_be_bytes(fields.take()),
            producer_id: ProducerId(i64::from_be_bytes(fields.take())),
            producer_epoch: ProducerEpoch(i16::from_be_bytes(fields.take())),
            base_sequence: i32::from_be_bytes(fields.take()),
            record_count: i32::from_be_bytes(fields.take()),
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), RecordError> {
        let bad = |what| {
            Err(RecordError::BadHeader {
                offset: self.base_offset,
                what,
            })
        };
        if self.base_offset < 0 {
            return bad("its base offset is negative");
        }
        if self.last_offset_delta < 0 {
            return bad("its last offset is before its base offset");
        }
        let delta = i64::from(self.last_offset_delta);
        // One more, so that the position after the batch can be computed too.
        if self.base_offset.checked_add(delta + 1).is_none() {
            return bad("its last offset is beyond the largest offset");
        }
        if self.record_count < 0 {
            return bad("its record count is negative");
        }
        Ok(())
    }
}

/// Refuses every format but the current one.
pub(crate) fn check_magic(magic: i8, offset: i64) -> Result<(), RecordError> {
    match magic {
        MAGIC => Ok(()),
        0 | 1 => Err(RecordError::OldMagic { magic, offset }),
        _ => Err(RecordError::UnknownMagic { magic, offset }),
    }
}

/// Takes fixed-width fields off the front of a header.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    /// Zeroes past the end, which a 61-byte header never reaches.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk() {
            Some((field, rest)) => {
                self.0 = rest;
                *field
            }
            None => [0; N],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> BatchHeader {
        BatchHeader {
            base_offset: 0x0102_0304_0506_0708,
            batch_length: 77,
            partition_leader_epoch: LeaderEpoch(9),
            crc: 0xdead_beef,
            attributes: Attributes(0x13),
            last_offset_delta: 4,
            base_timestamp: 1_700_000_000_000,
            max_timestamp: 1_700_000_000_009,
            producer_id: ProducerId(5),
            producer_epoch: ProducerEpoch(6),
            base_sequence: 7,
            record_count: 5,
        }
    }

    #[test]
    fn a_header_round_trips_and_fields_stand_where_kafka_puts_them() {
        let bytes = sample().to_bytes();
        assert_eq!(bytes[MAGIC_AT], 2);
        assert_eq!(bytes[17..CRC_FROM], [0xde, 0xad, 0xbe, 0xef]);
        assert_eq!(bytes[57..], [0, 0, 0, 5]);
        assert_eq!(BatchHeader::parse(&bytes).unwrap(), sample());
    }

    #[test]
    fn attributes_are_independent_bits() {
        let plain = Attributes::default();
        let all = plain
            .with_codec(Codec::Zstd)
            .with_transactional(true)
            .with_control(true)
            .with_timestamp_type(TimestampType::LogAppendTime);
        assert_eq!(all.0, 0x3c);
        assert!(all.is_transactional() && all.is_control());
        assert_eq!(all.codec_id(), 4);
        let back = all.with_transactional(false).with_codec(Codec::None);
        assert_eq!(back.0, 0x28);
        assert_eq!(back.timestamp_type(), TimestampType::LogAppendTime);
    }

    #[test]
    fn ranges_that_cannot_be_are_refused() {
        let broken: [fn(&mut BatchHeader); 4] = [
            |h| h.base_offset = -1,
            |h| h.base_offset = i64::MAX - 4,
            |h| h.last_offset_delta = -1,
            |h| h.record_count = -1,
        ];
        for change in broken {
            let mut header = sample();
            change(&mut header);
            let error = BatchHeader::parse(&header.to_bytes()).unwrap_err();
            assert!(matches!(error, RecordError::BadHeader { .. }), "{error}");
        }
    }

    #[test]
    fn sequences_wrap_around_to_zero() {
        let mut header = sample();
        header.base_sequence = i32::MAX - 1;
        header.last_offset_delta = 1;
        assert_eq!(header.last_sequence(), i32::MAX);
        header.last_offset_delta = 2;
        assert_eq!(header.last_sequence(), 0);
        header.base_sequence = -1;
        assert_eq!(header.last_sequence(), -1);
    }
}
