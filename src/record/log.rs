//! What a broker does to batches, for the mock: assign offsets, stamp the append time, write
//! control batches; and how a consumer reads the latter (KIP-98).

use bytes::{BufMut, Bytes, BytesMut};

use super::crc;
use super::header::{Attributes, BatchHeader, TimestampType};
use super::reader::Batch;
use super::records::RecordView;
use super::varint::{varint_len, write_varlong};
use crate::ids::{LeaderEpoch, ProducerEpoch, ProducerId};

/// What a control record says about its producer's transaction.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ControlKind {
    /// The transaction was aborted: its records are to be skipped.
    Abort,
    /// The transaction was committed.
    Commit,
    /// Something that this client does not know; its position passes it, and nothing else happens.
    Unknown(i16),
}

impl ControlKind {
    /// The kind in a control record's key (version, then type); `None` if the key has none.
    #[must_use]
    pub fn of(record: &RecordView<'_>) -> Option<Self> {
        let (_version, rest) = record.key()?.split_first_chunk::<2>()?;
        Some(match i16::from_be_bytes(*rest.first_chunk()?) {
            0 => Self::Abort,
            1 => Self::Commit,
            other => Self::Unknown(other),
        })
    }

    fn wire_id(self) -> i16 {
        match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::Unknown(id) => id,
        }
    }
}

impl Batch {
    /// The batch as a leader appends it: base offset and leader epoch are set, which the CRC does
    /// not cover; an append time replaces the producer's times, and with it the CRC.
    #[must_use]
    pub fn appended(&self, base_offset: i64, epoch: LeaderEpoch, append_time: Option<i64>) -> Self {
        let mut batch = self.clone();
        batch.header.base_offset = base_offset;
        batch.header.partition_leader_epoch = epoch;
        if let Some(time) = append_time {
            let kind = TimestampType::LogAppendTime;
            batch.header.attributes = batch.header.attributes.with_timestamp_type(kind);
            batch.header.max_timestamp = time;
            batch.header.crc = batch.compute_crc();
        }
        batch
    }
}

/// The marker that ends a transaction, as a coordinator has it written to each partition.
#[must_use]
pub fn control_batch(
    kind: ControlKind,
    producer_id: ProducerId,
    producer_epoch: ProducerEpoch,
    coordinator_epoch: i32,
    timestamp: i64,
) -> Batch {
    let mut payload = BytesMut::with_capacity(32);
    // Attributes, timestamp delta and offset delta: all zero.
    payload.put_bytes(0, 3);
    // The key: version 0 and the type.
    write_varlong(4, |byte| payload.put_u8(byte));
    payload.put_i16(0);
    payload.put_i16(kind.wire_id());
    // The value: version 0 and the coordinator's epoch.
    write_varlong(6, |byte| payload.put_u8(byte));
    payload.put_i16(0);
    payload.put_i32(coordinator_epoch);
    // No headers.
    payload.put_u8(0);

    // 17 bytes: far from any limit.
    let len = i32::try_from(payload.len()).unwrap_or_default();
    let mut records = BytesMut::with_capacity(varint_len(len) + payload.len());
    write_varlong(i64::from(len), |byte| records.put_u8(byte));
    records.put(payload);
    let records = records.freeze();
    control_batch_of(records, producer_id, producer_epoch, timestamp)
}

fn control_batch_of(
    records: Bytes,
    producer_id: ProducerId,
    producer_epoch: ProducerEpoch,
    timestamp: i64,
) -> Batch {
    let attributes = Attributes::default();
    let mut header = BatchHeader {
        attributes: attributes.with_transactional(true).with_control(true),
        base_timestamp: timestamp,
        max_timestamp: timestamp,
        producer_id,
        producer_epoch,
        record_count: 1,
        ..BatchHeader::default()
    };
    header.batch_length += i32::try_from(records.len()).unwrap_or_default();
    let body_crc = crc32c::crc32c(&records);
    header.crc = crc::combine(header.covered_crc(), body_crc, records.len());
    Batch::from_parts(header, records)
}
