//! Refusals: which pass, which are final, and what they say of the write.

use super::*;

fn no_retries() -> SenderSettings {
    SenderSettings {
        retries: 0,
        ..settings()
    }
}

#[test]
fn case_10_codes_that_come_after_an_append_are_ambiguous_and_the_others_are_not() {
    let plain = SenderSettings {
        idempotent: false,
        ..no_retries()
    };
    for (code, status) in [
        (ErrorCode::REQUEST_TIMED_OUT, WriteStatus::MaybeWritten),
        (
            ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            WriteStatus::MaybeWritten,
        ),
        (ErrorCode::NOT_LEADER_OR_FOLLOWER, WriteStatus::MaybeWritten),
        (ErrorCode::UNKNOWN_SERVER_ERROR, WriteStatus::MaybeWritten),
        (ErrorCode::KAFKA_STORAGE_ERROR, WriteStatus::MaybeWritten),
        (ErrorCode(9999), WriteStatus::MaybeWritten),
        (ErrorCode::NOT_ENOUGH_REPLICAS, WriteStatus::NotWritten),
        (ErrorCode::MESSAGE_TOO_LARGE, WriteStatus::NotWritten),
        (ErrorCode::INVALID_RECORD, WriteStatus::NotWritten),
        (ErrorCode::CORRUPT_MESSAGE, WriteStatus::NotWritten),
    ] {
        let mut it = Fixture::new(plain.clone());
        let sent = it.send(0);
        assert_eq!(it.status(&sent, refused(code)), status, "{code}");
    }
}

#[test]
fn case_10_what_may_be_written_is_asked_about_beyond_the_last_retry() {
    for answer in [
        lost(true),
        refused(ErrorCode::REQUEST_TIMED_OUT),
        refused(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND),
    ] {
        let mut it = Fixture::new(no_retries());
        let mut sent = it.send(0);
        let bytes = sent.bytes.clone();
        for _ in 0..3 {
            it.comes_back(&sent, answer.clone());
            sent = it.retry();
            assert_eq!(sent.bytes, bytes);
        }
        assert!(it.ends(&sent, WRITTEN).is_ok());
    }
}

#[test]
fn case_1_a_refusal_after_a_lost_answer_is_no_proof_that_nothing_was_written() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.comes_back(&sent, lost(true));
    let sent = it.retry();
    let refuse = || refused(ErrorCode::INVALID_RECORD);
    assert_eq!(it.status(&sent, refuse()), WriteStatus::MaybeWritten);
    let sent = it.send(0);
    assert_eq!(it.status(&sent, refuse()), WriteStatus::NotWritten);
}

#[test]
fn a_batch_that_never_left_is_not_written_and_counts_no_attempt() {
    let mut it = Fixture::new(no_retries());
    let sent = it.send(0);
    it.comes_back(&sent, lost(false));
    let again = it.retry();
    let refused = refused(ErrorCode::NOT_ENOUGH_REPLICAS);
    let error = it.ends(&again, refused).unwrap_err();
    assert_eq!(error.attempts(), Some(1));
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
}

#[test]
fn case_11_a_retry_leaves_after_its_backoff_and_retries_are_counted() {
    let mut it = Fixture::new(SenderSettings {
        retries: 2,
        ..settings()
    });
    let mut sent = it.send(0);
    for exact in [100, 200] {
        it.comes_back(&sent, refused(ErrorCode::NOT_ENOUGH_REPLICAS));
        let started = it.now;
        sent = it.retry();
        let waited = it.now - started;
        assert!(waited >= MS * exact * 8 / 10, "{waited:?}");
        assert!(waited <= MS * exact * 12 / 10, "{waited:?}");
    }
    let refused = refused(ErrorCode::NOT_ENOUGH_REPLICAS);
    let error = it.ends(&sent, refused).unwrap_err();
    assert_eq!(error.attempts(), Some(3));
    assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
}

#[test]
fn case_11_a_success_begins_the_backoff_anew() {
    let mut it = Fixture::new(settings());
    for _ in 0..5 {
        let mut sent = it.send(0);
        it.comes_back(&sent, refused(ErrorCode::NOT_ENOUGH_REPLICAS));
        let started = it.now;
        sent = it.retry();
        assert!(it.now - started <= MS * 120);
        assert!(it.ends(&sent, WRITTEN).is_ok());
    }
}

#[test]
fn case_17_one_record_that_is_too_large_fails_alone() {
    for code in [
        ErrorCode::MESSAGE_TOO_LARGE,
        ErrorCode::RECORD_LIST_TOO_LARGE,
    ] {
        let mut it = Fixture::new(settings());
        it.confirm(0);
        let sent = it.send(0);
        let error = it.ends(&sent, refused(code)).unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
        assert!(it.sender.take_lowered().is_empty());
        assert_eq!(it.send(0).stamp(), (1, 1, 0));
    }
}

#[test]
fn case_17_an_answer_that_cannot_be_read_splits_nothing() {
    let mut it = Fixture::new(settings());
    it.append(0, 100);
    it.append(0, 100);
    let sent = it.send(0);
    assert_eq!(sent.records, 3);
    let error = Error::new(ErrorKind::Malformed, "the answer is garbled");
    let maybe_sent = true;
    it.comes_back(&sent, Answer::Lost { error, maybe_sent });
    assert_eq!(it.retry().bytes, sent.bytes);
}

fn blaming(culprits: &[(u32, Option<&str>)]) -> Answer {
    let culprit = |(at, why): &(u32, Option<&str>)| (*at, why.map(str::to_owned));
    Answer::Refused(Refusal {
        code: ErrorCode::INVALID_RECORD,
        message: Some("one is bad".to_owned()),
        log_start_offset: None,
        culprits: culprits.iter().map(culprit).collect(),
    })
}

/// Each record's place, whether it is to blame, and its words.
fn told(finished: &[Finished<u64>]) -> Vec<(u32, u32, bool, String)> {
    let one = |each: &Finished<u64>| {
        let error = each.outcome.as_ref().unwrap_err();
        assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
        assert_eq!(each.share.total, 6);
        let blamed = error.kind() != ErrorKind::BatchRefused;
        // A neighbour may be sent again as it is; what was refused would be refused again.
        assert_eq!(error.is_retriable(), !blamed, "{error}");
        let code = Some(ErrorCode::INVALID_RECORD).filter(|_| blamed);
        assert_eq!(error.code(), code, "{error}");
        let Share { first, records, .. } = each.share;
        (first, records, blamed, error.message().to_owned())
    };
    finished.iter().map(one).collect()
}

#[test]
fn case_21_records_that_are_to_blame_fail_with_the_reason_and_their_neighbours_with_another() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    for _ in 0..5 {
        it.append(0, 10);
    }
    let sent = it.send(0);
    let later = it.send(0);
    let answer = blaming(&[(3, None), (0, Some("no key")), (5, Some("no value"))]);
    let told = told(&it.answer(&sent, answer));
    let places: Vec<_> = told.iter().map(|each| (each.0, each.1, each.2)).collect();
    let expected = [
        (0, 1, true),
        (1, 2, false),
        (3, 1, true),
        (4, 1, false),
        (5, 1, true),
    ];
    assert_eq!(places, expected);
    assert!(told[0].3.contains("no key"), "{:?}", told[0]);
    assert!(told[2].3.contains("one is bad"), "{:?}", told[2]);
    assert!(told[1].3.contains("another record"), "{:?}", told[1]);
    // The later one was right; it is only behind a hole now.
    let gap = || refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    it.comes_back(&later, gap());
    let again = it.drain().pop().unwrap();
    it.comes_back(&again, gap());
    let moved = it.retry();
    assert_eq!((moved.id, moved.stamp()), (later.id, (1, 1, 0)));
}

#[test]
fn case_21_whoever_is_blamed_a_batch_that_may_be_written_ends_as_a_whole() {
    let mut it = Fixture::new(settings());
    it.append(0, 10);
    let sent = it.send(0);
    it.comes_back(&sent, lost(true));
    let again = it.retry();
    let blame = blaming(&[(0, None)]);
    assert_eq!(it.status(&again, blame), WriteStatus::MaybeWritten);
}

#[test]
fn case_21_records_that_are_not_there_are_nobodys_fault() {
    let mut it = Fixture::new(settings());
    it.append(0, 10);
    let sent = it.send(0);
    let finished = it.answer(&sent, blaming(&[(7, None), (u32::MAX, None)]));
    let records: u32 = finished.iter().map(|each| each.share.records).sum();
    assert_eq!(records, 2, "each record has one outcome");
}

#[test]
fn an_error_names_the_broker_that_had_the_batch() {
    let mut it = Fixture::new(no_retries());
    let sent = it.send(0);
    let error = it
        .ends(&sent, refused(ErrorCode::INVALID_RECORD))
        .unwrap_err();
    assert_eq!(error.broker_id(), Some(LEADER));
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.comes_back(&sent, lost(true));
    let ended = it.pass(DELIVERY);
    let error = ended[0].outcome.as_ref().unwrap_err();
    assert_eq!(error.broker_id(), Some(LEADER), "{error}");
}

#[test]
fn a_broker_that_blames_each_of_very_many_records_costs_no_more_than_their_number() {
    const RECORDS: u32 = 100_000;
    let limit = 2_000_000;
    let mut it = Fixture::new(SenderSettings {
        limits: BatchLimits::new(Some(limit), limit),
        max_request_size: limit,
        ..settings()
    });
    for _ in 1..RECORDS {
        it.append(0, 1);
    }
    let sent = it.send(0);
    assert_eq!(u32::try_from(sent.records), Ok(RECORDS));
    // Not in their order, and the first word on each counts.
    let all = (0..RECORDS).rev().map(|at| (at, Some("bad")));
    let again = (0..RECORDS).map(|at| (at, None));
    let culprits: Vec<_> = all.chain(again).collect();
    let answer = blaming(&culprits);
    let began = Instant::now();
    let finished = it.answer(&sent, answer);
    let took = began.elapsed();
    let places = finished
        .iter()
        .map(|each| (each.share.first, each.share.records));
    assert!(places.eq((0..RECORDS).map(|at| (at, 1))));
    let words = |each: &Finished<u64>| each.outcome.as_ref().unwrap_err().message().to_owned();
    assert!(finished.iter().all(|each| words(each).ends_with("bad")));
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn an_offset_at_the_end_of_all_offsets_is_taken_as_it_is() {
    let mut it = Fixture::new(settings());
    for _ in 0..2 {
        it.append(0, 10);
        let sent = it.send(0);
        let outcome = it.ends(&sent, written(i64::MAX)).unwrap();
        assert_eq!(outcome.base_offset, Some(i64::MAX));
    }
}
