//! A broker's view of one record batch (message format v2): strict checks, then the stamp.
//!
//! Decoded here by hand and not with `crate::record`, whose encoder made the bytes in most tests: a
//! mistake made the same way on both sides would be invisible. Only decompression is shared.
//!
//! The order of checks is a broker's (`UnifiedLog`, then `LogValidator`), so that a batch with two
//! faults gets the same code. Stricter than Kafka in one point: offsets inside a batch must count
//! 0, 1, 2, .. (a broker repairs compressed batches and ignores it in plain ones).

use bytes::{BufMut, Bytes, BytesMut};

use super::decompress::decompress;
use super::producers::Stamp;
use super::record::RawRecord;
use super::topics::TopicConfig;
use crate::error::ErrorCode;

/// Bytes of a batch before its records.
pub(crate) const HEADER: usize = 61;
/// Bytes of `baseOffset` and `batchLength`, which the length does not count.
pub(crate) const OVERHEAD: usize = 12;
/// Where the part covered by the CRC starts.
const CRC_FROM: usize = 21;
/// The codec, in the attributes.
const CODEC: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
/// More than this many bytes of records in one batch, unpacked, are refused.
const UNPACKED_MAX: usize = 128 << 20;

/// Why a batch was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    /// The records at fault, by index (KIP-467).
    pub(crate) records: Vec<(i32, String)>,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            records: Vec::new(),
        }
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::INVALID_RECORD, message)
}

/// The fixed fields of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) base_offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) magic: i8,
    pub(crate) crc: u32,
    pub(crate) attributes: i16,
    pub(crate) last_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) count: i32,
}

pub(crate) fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

impl Header {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            base_offset: i64::from_be_bytes(field(bytes, 0)?),
            leader_epoch: i32::from_be_bytes(field(bytes, 12)?),
            magic: i8::from_be_bytes(field(bytes, 16)?),
            crc: u32::from_be_bytes(field(bytes, 17)?),
            attributes: i16::from_be_bytes(field(bytes, 21)?),
            last_delta: i32::from_be_bytes(field(bytes, 23)?),
            base_timestamp: i64::from_be_bytes(field(bytes, 27)?),
            max_timestamp: i64::from_be_bytes(field(bytes, 35)?),
            producer_id: i64::from_be_bytes(field(bytes, 43)?),
            producer_epoch: i16::from_be_bytes(field(bytes, 51)?),
            base_sequence: i32::from_be_bytes(field(bytes, 53)?),
            count: i32::from_be_bytes(field(bytes, 57)?),
        })
    }

    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_delta)
    }

    pub(crate) fn codec(&self) -> i16 {
        self.attributes & CODEC
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub(crate) fn is_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// What the producer checks look at; `None` for a batch without a producer id.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        (self.producer_id >= 0).then_some(Stamp {
            producer_id: self.producer_id,
            epoch: self.producer_epoch,
            first_sequence: self.base_sequence,
            last_delta: self.last_delta,
        })
    }

    fn encode(&self, body: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER);
        let length = HEADER - OVERHEAD + body.len();
        out.put_i64(self.base_offset);
        out.put_i32(i32::try_from(length).unwrap_or(i32::MAX));
        out.put_i32(self.leader_epoch);
        out.put_i8(self.magic);
        out.put_u32(self.crc);
        out.put_i16(self.attributes);
        out.put_i32(self.last_delta);
        out.put_i64(self.base_timestamp);
        out.put_i64(self.max_timestamp);
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_i32(self.base_sequence);
        out.put_i32(self.count);
        out.freeze()
    }
}

/// A batch that passed every check that does not need the log.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) header: Header,
    body: Bytes,
}

/// A batch as it lies in the log.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) header: Header,
    /// The 61 bytes of the header.
    pub(crate) head: Bytes,
    /// The records, compressed or not, exactly as they came.
    pub(crate) body: Bytes,
}

impl Stored {
    pub(crate) fn size(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Calls `each` with every record until it says `false`. Damage ends the walk: the batch was
    /// checked on its way in.
    pub(crate) fn for_each_record(&self, mut each: impl FnMut(&RawRecord<'_>) -> bool) {
        let Ok(unpacked) = decompress(self.header.codec(), &self.body, UNPACKED_MAX) else {
            return;
        };
        let mut rest: &[u8] = &unpacked;
        while let Some(record) = RawRecord::read(&mut rest) {
            if !each(&record) {
                return;
            }
        }
    }

    /// A record's timestamp, which log-append-time batches keep in their header.
    pub(crate) fn timestamp_of(&self, record: &RawRecord<'_>) -> i64 {
        if self.header.is_log_append_time() {
            self.header.max_timestamp
        } else {
            self.header
                .base_timestamp
                .wrapping_add(record.timestamp_delta)
        }
    }
}

/// Checks a batch as a leader does before it appends it.
///
/// # Errors
///
/// The code and words a broker would refuse it with.
pub(crate) fn check(batch: &Bytes, config: &TopicConfig, now_ms: i64) -> Result<Checked, Refusal> {
    let header = Header::parse(batch)
        .ok_or_else(|| Refusal::new(ErrorCode::CORRUPT_MESSAGE, "the batch header is cut"))?;
    if header.base_offset != 0 {
        return Err(invalid(format!(
            "the base offset of a batch must be 0, not {}",
            header.base_offset
        )));
    }
    if batch.len() > config.max_message_bytes {
        return Err(Refusal::new(
            ErrorCode::MESSAGE_TOO_LARGE,
            format!(
                "the batch has {} bytes, more than max.message.bytes = {}",
                batch.len(),
                config.max_message_bytes
            ),
        ));
    }
    let crc = crc32c::crc32c(batch.get(CRC_FROM..).unwrap_or_default());
    if crc != header.crc {
        return Err(Refusal::new(
            ErrorCode::CORRUPT_MESSAGE,
            format!("the batch says crc {:#x} and has {crc:#x}", header.crc),
        ));
    }
    check_header(&header)?;
    let body = batch.slice(HEADER..);
    let max_timestamp = check_records(&header, &body, config, now_ms)?;
    Ok(restamp(header, body, config, max_timestamp, now_ms))
}

fn check_header(header: &Header) -> Result<(), Refusal> {
    if header.last_delta < 0 {
        return Err(invalid("the batch has an invalid offset range"));
    }
    if header.count <= 0 {
        return Err(invalid(format!("invalid record count {}", header.count)));
    }
    if i64::from(header.count) != i64::from(header.last_delta) + 1 {
        return Err(invalid(format!(
            "last offset delta {} and record count {} do not agree",
            header.last_delta, header.count
        )));
    }
    if header.is_control() {
        return Err(invalid("clients may not write control records"));
    }
    if header.producer_id >= 0 && header.base_sequence < 0 {
        return Err(invalid(format!(
            "invalid sequence {} with producer id {}",
            header.base_sequence, header.producer_id
        )));
    }
    Ok(())
}

/// Walks every record; answers the largest timestamp.
fn check_records(
    header: &Header,
    body: &Bytes,
    config: &TopicConfig,
    now_ms: i64,
) -> Result<i64, Refusal> {
    let unpacked = decompress(header.codec(), body, UNPACKED_MAX)?;
    let mut rest: &[u8] = &unpacked;
    let mut max_timestamp = -1;
    let mut faults: Vec<(ErrorCode, i32, String)> = Vec::new();
    for index in 0..header.count {
        let record = RawRecord::read(&mut rest)
            .ok_or_else(|| invalid(format!("record {index} cannot be read")))?;
        if record.offset_delta != i64::from(index) {
            return Err(invalid(format!(
                "record {index} has offset delta {}",
                record.offset_delta
            )));
        }
        let timestamp = header.base_timestamp.wrapping_add(record.timestamp_delta);
        max_timestamp = max_timestamp.max(timestamp);
        if let Some((code, message)) = record_fault(header, &record, timestamp, config, now_ms) {
            faults.push((code, index, message));
        }
    }
    if !rest.is_empty() {
        return Err(invalid("there are bytes after the last record"));
    }
    let stamped = faults
        .iter()
        .any(|(code, ..)| *code == ErrorCode::INVALID_TIMESTAMP);
    let code = if stamped {
        ErrorCode::INVALID_TIMESTAMP
    } else {
        ErrorCode::INVALID_RECORD
    };
    if faults.is_empty() {
        return Ok(max_timestamp);
    }
    let mut refusal = Refusal::new(code, "one or more records have been rejected");
    refusal.records = faults.into_iter().map(|(_, i, why)| (i, why)).collect();
    Err(refusal)
}

fn record_fault(
    header: &Header,
    record: &RawRecord<'_>,
    timestamp: i64,
    config: &TopicConfig,
    now_ms: i64,
) -> Option<(ErrorCode, String)> {
    if config.compacted && record.key.is_none() {
        let message = "a compacted topic cannot accept a message without a key";
        return Some((ErrorCode::INVALID_RECORD, message.to_owned()));
    }
    if config.log_append_time {
        return header.is_log_append_time().then(|| {
            let message = "a producer should not set the timestamp type to LogAppendTime";
            (ErrorCode::INVALID_TIMESTAMP, message.to_owned())
        });
    }
    let age = now_ms.saturating_sub(timestamp);
    let outside = age > config.timestamp_before_max_ms
        || age.saturating_neg() > config.timestamp_after_max_ms;
    if timestamp != -1 && outside {
        let message = format!("timestamp {timestamp} is out of range");
        return Some((ErrorCode::INVALID_TIMESTAMP, message));
    }
    if header.is_log_append_time() && timestamp == -1 {
        let message = "a producer should not set the timestamp type to LogAppendTime";
        return Some((ErrorCode::INVALID_TIMESTAMP, message.to_owned()));
    }
    None
}

/// Sets what the broker decides about timestamps; the CRC covers them.
fn restamp(
    mut header: Header,
    body: Bytes,
    config: &TopicConfig,
    max_timestamp: i64,
    now_ms: i64,
) -> Checked {
    let (attributes, max) = if config.log_append_time {
        (header.attributes | LOG_APPEND_TIME, now_ms)
    } else {
        (header.attributes & !LOG_APPEND_TIME, max_timestamp)
    };
    if attributes != header.attributes || max != header.max_timestamp {
        header.attributes = attributes;
        header.max_timestamp = max;
        let head = header.encode(&body);
        let covered = crc32c::crc32c(head.get(CRC_FROM..).unwrap_or_default());
        header.crc = crc32c::crc32c_append(covered, &body);
    }
    Checked { header, body }
}

impl Checked {
    /// Gives the batch its place in the log; neither field is under the CRC.
    pub(crate) fn store(mut self, base_offset: i64, leader_epoch: i32) -> Stored {
        self.header.base_offset = base_offset;
        self.header.leader_epoch = leader_epoch;
        Stored {
            header: self.header,
            head: self.header.encode(&self.body),
            body: self.body,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
