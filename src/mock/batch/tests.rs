//! What the mock makes of good and of damaged batches, which are written by hand here.

use super::super::framing::only_batch;
use super::*;

/// A batch written by hand, so that these tests hold no matter what the encoder does.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) header: Header,
    pub(crate) records: Vec<(i64, Option<&'static str>, Option<&'static str>)>,
}

impl Draft {
    pub(crate) fn of(values: &[&'static str]) -> Self {
        let records = values
            .iter()
            .map(|value| (0, Some("k"), Some(*value)))
            .collect();
        let count = i32::try_from(values.len()).unwrap();
        let header = Header {
            base_offset: 0,
            leader_epoch: -1,
            magic: 2,
            crc: 0,
            attributes: 0,
            last_delta: count - 1,
            base_timestamp: 1_000,
            max_timestamp: 1_000,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            count,
        };
        Self { header, records }
    }

    pub(crate) fn producer(mut self, id: i64, epoch: i16, sequence: i32) -> Self {
        self.header.producer_id = id;
        self.header.producer_epoch = epoch;
        self.header.base_sequence = sequence;
        self
    }

    pub(crate) fn at(mut self, timestamps: &[i64]) -> Self {
        for (record, at) in self.records.iter_mut().zip(timestamps) {
            record.0 = at - self.header.base_timestamp;
        }
        self
    }

    pub(crate) fn bytes(&self) -> Bytes {
        let mut body = BytesMut::new();
        for (index, (delta, key, value)) in self.records.iter().enumerate() {
            let mut record = vec![0];
            put(&mut record, *delta);
            put(&mut record, i64::try_from(index).unwrap());
            for part in [key, value] {
                match part {
                    Some(text) => {
                        put(&mut record, i64::try_from(text.len()).unwrap());
                        record.extend_from_slice(text.as_bytes());
                    }
                    None => put(&mut record, -1),
                }
            }
            put(&mut record, 0);
            let mut length = Vec::new();
            put(&mut length, i64::try_from(record.len()).unwrap());
            body.extend_from_slice(&length);
            body.extend_from_slice(&record);
        }
        let mut header = self.header;
        let covered = crc32c::crc32c(&header.encode(&body)[CRC_FROM..]);
        header.crc = crc32c::crc32c_append(covered, &body);
        let mut whole = BytesMut::from(&header.encode(&body)[..]);
        whole.extend_from_slice(&body);
        whole.freeze()
    }
}

fn put(out: &mut Vec<u8>, value: i64) {
    let zigzag = (value << 1) ^ (value >> 63);
    let mut bits = u64::from_ne_bytes(zigzag.to_ne_bytes());
    while bits >= 0x80 {
        out.push(u8::try_from(bits & 0x7f).unwrap() | 0x80);
        bits >>= 7;
    }
    out.push(u8::try_from(bits).unwrap());
}

const NOW: i64 = 2_000;

fn refused(batch: &Bytes) -> ErrorCode {
    check(batch, &TopicConfig::default(), NOW).unwrap_err().code
}

#[test]
fn a_sound_batch_passes_and_keeps_its_bytes_but_for_offset_and_epoch() {
    let bytes = Draft::of(&["a", "b"]).at(&[1_000, 1_000]).bytes();
    let batch = only_batch(&bytes, 9).unwrap();
    let stored = check(&batch, &TopicConfig::default(), NOW)
        .unwrap()
        .store(40, 3);
    assert_eq!(stored.header.last_offset(), 41);
    assert_eq!(stored.header.leader_epoch, 3);
    assert_eq!(stored.body, bytes.slice(HEADER..));
    assert_eq!(stored.head.slice(16..), bytes.slice(16..HEADER));
    let mut values = Vec::new();
    stored.for_each_record(|record| {
        values.push(record.value.unwrap().to_vec());
        true
    });
    assert_eq!(values, [b"a".to_vec(), b"b".to_vec()]);
}

#[test]
fn a_flipped_bit_is_corrupt_wherever_it_is() {
    let bytes = Draft::of(&["a", "b"]).bytes();
    for at in CRC_FROM..bytes.len() {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 0x10;
        let damaged = Bytes::from(damaged);
        assert_eq!(refused(&damaged), ErrorCode::CORRUPT_MESSAGE, "at {at}");
    }
}

#[test]
fn two_batches_no_batch_and_an_old_magic_are_invalid_records() {
    let one = Draft::of(&["a"]).bytes();
    let two = Bytes::from([one.clone(), one.clone()].concat());
    let mut old = one.to_vec();
    old[16] = 1;
    let cut = one.slice(..one.len() - 1);
    for records in [two, Bytes::new(), Bytes::from(old), cut] {
        let refusal = only_batch(&records, 9).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::INVALID_RECORD);
    }
    let mut tiny = one.to_vec();
    tiny[8..12].copy_from_slice(&3_i32.to_be_bytes());
    let refusal = only_batch(&Bytes::from(tiny), 9).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::CORRUPT_MESSAGE);
}

#[test]
fn counts_that_lie_are_invalid_records() {
    let mut more = Draft::of(&["a", "b"]);
    more.header.count = 3;
    more.header.last_delta = 2;
    let mut fewer = Draft::of(&["a", "b"]);
    fewer.header.count = 1;
    fewer.header.last_delta = 0;
    let mut apart = Draft::of(&["a", "b"]);
    apart.header.last_delta = 5;
    let mut none = Draft::of(&["a"]);
    none.header.count = 0;
    let mut negative = Draft::of(&["a"]);
    negative.header.last_delta = -1;
    for draft in [more, fewer, apart, none, negative] {
        assert_eq!(refused(&draft.bytes()), ErrorCode::INVALID_RECORD);
    }
}

#[test]
fn offsets_control_records_and_sequences_are_checked() {
    let mut offset = Draft::of(&["a"]);
    offset.header.base_offset = 5;
    let mut control = Draft::of(&["a"]);
    control.header.attributes = CONTROL;
    let sequence = Draft::of(&["a"]).producer(4, 0, -1);
    for draft in [offset, control, sequence] {
        assert_eq!(refused(&draft.bytes()), ErrorCode::INVALID_RECORD);
    }
}

#[test]
fn the_size_limit_is_the_topics_and_counts_the_whole_batch() {
    let bytes = Draft::of(&["a"]).bytes();
    let mut config = TopicConfig {
        max_message_bytes: bytes.len(),
        ..TopicConfig::default()
    };
    assert!(check(&bytes, &config, NOW).is_ok());
    config.max_message_bytes -= 1;
    let refusal = check(&bytes, &config, NOW).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::MESSAGE_TOO_LARGE);
}

#[test]
fn a_compacted_topic_names_the_records_without_a_key() {
    let mut draft = Draft::of(&["a", "b", "c"]);
    draft.records[1].1 = None;
    let config = TopicConfig {
        compacted: true,
        ..TopicConfig::default()
    };
    let refusal = check(&draft.bytes(), &config, NOW).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::INVALID_RECORD);
    let indices: Vec<i32> = refusal.records.iter().map(|(index, _)| *index).collect();
    assert_eq!(indices, [1]);
}

#[test]
fn a_timestamp_too_far_ahead_is_refused_and_one_at_the_limit_is_not() {
    let config = TopicConfig::default();
    let limit = NOW + config.timestamp_after_max_ms;
    let at = Draft::of(&["a"]).at(&[limit]).bytes();
    assert!(check(&at, &config, NOW).is_ok());
    let past = Draft::of(&["a"]).at(&[limit + 1]).bytes();
    assert_eq!(refused(&past), ErrorCode::INVALID_TIMESTAMP);
}

#[test]
fn log_append_time_replaces_the_timestamp_and_mends_the_crc() {
    let config = TopicConfig {
        log_append_time: true,
        ..TopicConfig::default()
    };
    let bytes = Draft::of(&["a"]).bytes();
    let stored = check(&bytes, &config, NOW).unwrap().store(0, 0);
    assert_eq!(stored.header.max_timestamp, NOW);
    assert!(stored.header.is_log_append_time());
    let covered = crc32c::crc32c(&stored.head[CRC_FROM..]);
    let crc = crc32c::crc32c_append(covered, &stored.body);
    assert_eq!(stored.header.crc, crc);
}

#[test]
fn a_wrong_largest_timestamp_is_mended_as_brokers_do() {
    let mut draft = Draft::of(&["a", "b"]).at(&[1_000, 1_500]);
    draft.header.max_timestamp = 9;
    let config = TopicConfig::default();
    let stored = check(&draft.bytes(), &config, NOW).unwrap().store(0, 0);
    assert_eq!(stored.header.max_timestamp, 1_500);
}

#[test]
fn no_garbage_panics() {
    let sound = Draft::of(&["a", "b", "c"]).bytes();
    let mut state = 7_u64;
    for _ in 0..20_000 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let mut bytes = sound.to_vec();
        let at = usize::try_from(state >> 33).unwrap() % bytes.len();
        bytes[at] = state.to_be_bytes()[0];
        // With a right CRC, so that the checks behind it are reached.
        let crc = crc32c::crc32c(&bytes[CRC_FROM..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        let bytes = Bytes::from(bytes);
        let _ = only_batch(&bytes, 9).and_then(|b| check(&b, &TopicConfig::default(), NOW));
    }
}
