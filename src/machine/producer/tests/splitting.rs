//! Batches that a broker finds too large (KIP-126).

use super::*;

const TOO_LARGE: ErrorCode = ErrorCode::MESSAGE_TOO_LARGE;

/// A batch of so many records on the wire, after one that was written.
fn sent(it: &mut Fixture, records: usize) -> Sent {
    it.confirm(0);
    for _ in 1..records {
        it.append(0, 150);
    }
    let sent = it.send(0);
    assert_eq!(sent.records, records);
    sent
}

#[test]
fn case_16_the_parts_have_the_batchs_sequence_numbers_and_later_batches_keep_theirs() {
    let mut it = Fixture::new(settings());
    let whole = sent(&mut it, 5);
    let later = it.send(0);
    assert_eq!((whole.sequence, later.sequence), (1, 6));
    it.comes_back(&whole, refused(TOO_LARGE));
    it.comes_back(&later, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    let mut next = 1;
    let mut shares = Vec::new();
    while next < 6 {
        let part = it.retry();
        assert_eq!(part.stamp(), (1, 0, next), "one after the other, in order");
        assert!(part.bytes.len() < whole.bytes.len());
        next += i32::try_from(part.records).unwrap();
        let finished = it.answer(&part, WRITTEN);
        assert_eq!(finished.len(), 1);
        let Share { first, total, .. } = finished[0].share;
        shares.push((first, total));
    }
    assert_eq!(shares[0], (0, 5));
    assert!(shares.len() > 1 && shares.iter().all(|each| each.1 == 5));
    let again = it.drain().pop().unwrap();
    assert_eq!(again.bytes, later.bytes);
}

#[test]
fn case_16_the_topics_batches_are_kept_smaller_from_then_on() {
    let mut it = Fixture::new(settings());
    let whole = sent(&mut it, 5);
    it.comes_back(&whole, refused(TOO_LARGE));
    let lowered = it.sender.take_lowered();
    assert_eq!(lowered.len(), 1);
    let (lane, cap) = lowered[0];
    assert_eq!(lane, whole.lane);
    assert!(cap >= whole.bytes.len() / 2 && cap < whole.bytes.len());
    assert!(it.sender.take_lowered().is_empty());
}

#[test]
fn case_16_parts_are_split_again_down_to_single_records() {
    let mut it = Fixture::new(settings());
    let whole = sent(&mut it, 5);
    it.comes_back(&whole, refused(TOO_LARGE));
    let mut written = Vec::new();
    for _ in 0..20 {
        if it.sender.unfinished() == 0 {
            break;
        }
        let part = it.retry();
        if part.records > 1 {
            it.comes_back(&part, refused(TOO_LARGE));
        } else {
            assert!(it.ends(&part, WRITTEN).is_ok());
            written.push(part.sequence);
        }
    }
    assert_eq!(written, [1, 2, 3, 4, 5]);
    assert_eq!(it.send(0).stamp(), (1, 0, 6));
}

#[test]
fn case_16_numbers_of_parts_wrap_to_zero_too() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    it.sender.slot(lane(0)).unwrap().lane.sequence.next = i32::MAX;
    it.append(0, 400);
    it.append(0, 400);
    it.flush();
    let whole = it.drain().pop().unwrap();
    it.comes_back(&whole, refused(TOO_LARGE));
    for sequence in [i32::MAX, 0] {
        let part = it.retry();
        assert_eq!(part.sequence, sequence);
        assert!(it.ends(&part, WRITTEN).is_ok());
    }
}

#[test]
fn case_16_a_record_of_a_part_that_is_too_large_alone_fails_alone() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    it.append(0, 500);
    it.append(0, 20);
    it.flush();
    let whole = it.drain().pop().unwrap();
    assert_eq!(whole.records, 2);
    it.comes_back(&whole, refused(TOO_LARGE));
    let large = it.retry();
    let mut finished = it.answer(&large, refused(TOO_LARGE));
    let failed = finished.pop().unwrap();
    assert_eq!((failed.share.first, failed.share.records), (0, 1));
    let error = failed.outcome.unwrap_err();
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    // The other one is behind a hole now.
    let small = it.retry();
    it.comes_back(&small, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    let anew = it.retry();
    assert_eq!((anew.id, anew.stamp()), (small.id, (1, 1, 0)));
    assert!(it.ends(&anew, WRITTEN).is_ok());
}

#[test]
fn case_16_what_is_out_of_time_or_may_be_written_is_not_split() {
    let mut it = Fixture::new(settings());
    let whole = sent(&mut it, 3);
    it.comes_back(&whole, lost(true));
    let again = it.retry();
    let status = it.status(&again, refused(TOO_LARGE));
    assert_eq!(status, WriteStatus::MaybeWritten);

    let mut it = Fixture::new(settings());
    let whole = sent(&mut it, 3);
    it.now += DELIVERY;
    let status = it.status(&whole, refused(TOO_LARGE));
    assert_eq!(status, WriteStatus::NotWritten);
}

#[test]
fn case_16_without_idempotence_a_batch_is_split_too() {
    let mut it = Fixture::new(SenderSettings {
        idempotent: false,
        ..settings()
    });
    let whole = sent(&mut it, 4);
    it.comes_back(&whole, refused(TOO_LARGE));
    let mut records = 0;
    while records < 4 {
        let part = it.retry();
        assert_eq!(part.stamp(), (-1, -1, -1));
        records += part.records;
        assert!(it.ends(&part, WRITTEN).is_ok());
    }
}

#[test]
fn case_16_a_compressed_batch_is_split_into_compressed_parts() {
    let mut it = Fixture::new(SenderSettings {
        compression: Compression::Lz4,
        ..settings()
    });
    for _ in 0..4 {
        it.append(0, 200);
    }
    it.flush();
    assert!(it.seal());
    let whole = it.drain().pop().unwrap();
    it.comes_back(&whole, refused(TOO_LARGE));
    let part = it.retry();
    let batch = Batches::new(part.bytes.into()).next().unwrap().unwrap();
    assert_ne!(batch.header().attributes.codec_id(), 0);
}

#[test]
fn case_16_all_memory_is_free_again_after_a_split() {
    let mut it = Fixture::new(settings());
    let whole = sent(&mut it, 5);
    it.comes_back(&whole, refused(TOO_LARGE));
    while it.sender.unfinished() > 0 {
        let part = it.retry();
        assert!(it.ends(&part, WRITTEN).is_ok());
    }
    assert_eq!(it.settings.pool.used(), 0);
}
