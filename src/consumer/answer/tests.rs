//! What is passed over in an answer without the user ever seeing it.

use bytes::{Bytes, BytesMut};

use super::*;
use crate::config::Compression;
use crate::ids::{LeaderEpoch, ProducerEpoch, TopicPartition, Uuid};
use crate::machine::consumer::Leader;
use crate::protocol::fetch::AbortedTransaction;
use crate::record::{BatchBuilder, ChunkPool, HEADER_LEN, Stamp, control_batch};

const PRODUCER: ProducerId = ProducerId(7);

/// The bytes of a batch that the CRC does not cover: base offset, leader epoch. Kafka cannot tell
/// when those are wrong, and neither can we.
fn is_unchecked(byte: usize) -> bool {
    matches!(byte, 0..8 | 12..16)
}

fn bytes_of(batch: Batch, base_offset: i64) -> Bytes {
    let appended = batch.appended(base_offset, LeaderEpoch(1), None);
    appended.to_chunks().into_bytes()
}

fn marker(kind: ControlKind, base_offset: i64) -> Bytes {
    bytes_of(
        control_batch(kind, PRODUCER, ProducerEpoch(0), 0, 5),
        base_offset,
    )
}

fn data(count: usize, transactional: bool, base_offset: i64) -> Bytes {
    let mut builder = BatchBuilder::new(&ChunkPool::new(1 << 20, 4096), 1 << 16);
    for _ in 0..count {
        let value = Some(&b"value"[..]);
        builder.append(1, None, value, &[]).unwrap();
    }
    let mut sealed = builder.seal(Compression::None).unwrap();
    sealed.stamp(Stamp {
        producer_id: PRODUCER,
        producer_epoch: ProducerEpoch(0),
        base_sequence: 0,
        transactional,
    });
    let bytes = sealed.to_chunks().into_bytes();
    let batch = Batches::new(bytes).next().unwrap().unwrap();
    bytes_of(batch, base_offset)
}

fn rules(isolation: IsolationLevel) -> Rules {
    Rules {
        isolation,
        check_crcs: true,
    }
}

/// Reads an answer to a fetch from `offset` on.
fn read(offset: i64, records: Bytes, rules: Rules) -> Said {
    read_stable(offset, records, rules, -1)
}

/// The same, of a partition with this last stable offset.
fn read_stable(offset: i64, records: Bytes, rules: Rules, last_stable_offset: i64) -> Said {
    let planned = Planned {
        partition: TopicPartition::new("t", 0),
        offset,
        leader: Leader {
            id: BrokerId(1),
            epoch: LeaderEpoch(1),
            topic_id: Uuid::ZERO,
        },
        generation: 1,
        listed: true,
    };
    let aborted = AbortedTransaction {
        producer_id: PRODUCER.0,
        first_offset: 10,
    };
    let data = PartitionData {
        records: Some(records.into()),
        aborted_transactions: Some(vec![aborted]),
        high_watermark: 100,
        last_stable_offset,
        ..PartitionData::default()
    };
    read_partition(&planned, data, rules).0
}

/// What comes of an answer when each of its bytes is flipped in turn, bit by bit.
fn flipped(offset: i64, records: &[u8], check: impl Fn(usize, Said)) {
    for byte in (0..records.len()).filter(|byte| !is_unchecked(*byte)) {
        for bit in 0..8 {
            let mut wrong = BytesMut::from(records);
            wrong[byte] ^= 1 << bit;
            let said = read(offset, wrong.freeze(), rules(IsolationLevel::ReadCommitted));
            check(byte, said);
        }
    }
}

/// Nothing was passed, or what was kept is checked before it is handed out.
fn assert_not_passed(offset: i64, byte: usize, said: Said) {
    match said {
        Said::Broken(_) => {}
        Said::Data(answer) => {
            let kept = answer.batches.first().map(|first| &first.batch);
            let found = kept.is_some_and(|batch| batch.open(true).is_err());
            assert!(
                found || answer.passed.offset == offset,
                "byte {byte}: {answer:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_marker_and_an_aborted_batch_are_passed() {
    let committed = rules(IsolationLevel::ReadCommitted);
    for (records, passed) in [
        (marker(ControlKind::Commit, 10), 11),
        (data(3, true, 10), 13),
    ] {
        let Said::Data(answer) = read(10, records, committed) else {
            panic!("it can be read");
        };
        assert_eq!((answer.batches.len(), answer.passed.offset), (0, passed));
    }
}

#[test]
fn case_93_with_read_committed_the_end_is_where_an_open_transaction_begins() {
    for (isolation, end) in [
        (IsolationLevel::ReadCommitted, 13),
        (IsolationLevel::ReadUncommitted, 100),
    ] {
        let said = read_stable(10, data(3, false, 10), rules(isolation), 13);
        let Said::Data(answer) = said else {
            panic!("it can be read");
        };
        assert_eq!((answer.end, answer.high_watermark), (end, 100));
    }
}

#[test]
fn case_87_no_flipped_bit_makes_a_marker_something_to_pass() {
    let records = marker(ControlKind::Abort, 10);
    flipped(10, &records, |byte, said| assert_not_passed(10, byte, said));
}

#[test]
fn case_87_no_flipped_bit_makes_a_batch_something_to_pass() {
    for transactional in [false, true] {
        // The last: its first records were handed out before, so that a smaller last offset would
        // put it before the position.
        for (base_offset, offset) in [(2, 2), (10, 10), (2, 5)] {
            let records = data(4, transactional, base_offset);
            assert!(records.len() > HEADER_LEN);
            flipped(offset, &records, |byte, said| {
                assert_not_passed(offset, byte, said);
            });
        }
    }
}

#[test]
fn without_check_crcs_nothing_is_checked() {
    let mut records = BytesMut::from(&marker(ControlKind::Commit, 10)[..]);
    // A byte of the CRC itself.
    records[17] ^= 1;
    let unchecked = Rules {
        isolation: IsolationLevel::ReadUncommitted,
        check_crcs: false,
    };
    let Said::Data(answer) = read(10, records.freeze(), unchecked) else {
        panic!("it can be read");
    };
    assert_eq!((answer.batches.len(), answer.passed.offset), (0, 11));
}
