//! Batches that run out of time, are purged, or end with their producer.

use super::*;

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "closed")
}

#[test]
fn case_6_a_sent_batch_that_runs_out_of_time_may_be_written_and_begins_a_new_epoch() {
    let mut it = Fixture::new(settings());
    it.confirm(1);
    it.send(0);
    it.append(0, 10);
    assert!(it.pass(DELIVERY - TICK).is_empty());
    let mut finished = it.pass(TICK);
    assert_eq!(finished.len(), 2, "the one behind it was begun with it");
    let error = finished.swap_remove(0).outcome.unwrap_err();
    assert_eq!(error.write_status(), Some(WriteStatus::MaybeWritten));
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(
        error.message().contains("before the broker answered"),
        "{error}"
    );
    assert_eq!(it.send(0).stamp(), (1, 1, 0));
    assert_eq!(it.send(1).stamp(), (1, 0, 1), "others are not concerned");
}

#[test]
fn case_7_a_batch_never_sent_that_runs_out_of_time_is_not_written_and_costs_no_epoch() {
    let mut it = Fixture::new(settings());
    it.lead(0, None);
    it.append(0, 600);
    it.pass(MS);
    it.append(0, 600);
    let mut finished = it.pass(DELIVERY - MS);
    assert_eq!(finished.len(), 1, "the second has a millisecond left");
    let error = finished.pop().unwrap().outcome.unwrap_err();
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert!(
        error.message().contains("before the batch could be sent"),
        "{error}"
    );
    it.lead(0, Some(LEADER));
    assert_eq!(it.drain()[0].stamp(), (1, 0, 0));
}

#[test]
fn case_7_a_batch_that_could_not_be_sent_says_what_was_in_the_way() {
    for compression in [Compression::None, Compression::Lz4] {
        let mut it = Fixture::new(SenderSettings {
            compression,
            ..settings()
        });
        it.append(0, 10);
        it.flush();
        it.seal();
        it.now += DELIVERY;
        let why = |_: &TopicPartition| Some(Error::new(ErrorKind::Connect, "nobody there"));
        it.sender.handle_timeout(it.now, &it.source, why);
        let finished = it.sender.take_finished();
        assert_eq!(finished.len(), 1);
        let error = finished.into_iter().next().unwrap().outcome.unwrap_err();
        assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
        assert_eq!(error.attempts(), Some(0));
        assert!(error.to_string().contains("nobody there"), "{error}");
        assert!(it.drain().is_empty(), "it was called not written");
    }
}

#[test]
fn a_batch_whose_compression_takes_longer_than_its_time_is_given_up_in_time() {
    let mut it = Fixture::new(SenderSettings {
        compression: Compression::Lz4,
        ..settings()
    });
    it.append(0, 10);
    it.flush();
    let job = it.sender.poll_seal(it.now, &it.source).unwrap();
    let due = it.sender.poll_timeout().expect("it sleeps for ever");
    assert!(due <= it.now + DELIVERY);
    let finished = it.pass(DELIVERY);
    assert_eq!(statuses(&finished), [Some(WriteStatus::NotWritten)]);
    it.finish_sealing(job);
    assert!(it.pass(DELIVERY).is_empty(), "it had its outcome");
    assert!(it.drain().is_empty(), "it was called not written");
}

#[test]
fn a_refused_producer_id_ends_what_waits_for_one_and_nothing_else() {
    let mut it = Fixture::new(settings());
    let flying = it.fly(0, 1);
    let fenced = it.send(1);
    it.append(0, 10);
    // Partition 1 needs an id of its own from here on.
    it.comes_back(&fenced, refused(ErrorCode::INVALID_PRODUCER_EPOCH));
    assert!(it.sender.needs_producer_id());
    let error = Error::broker(ErrorCode::CLUSTER_AUTHORIZATION_FAILED, "asking for an id");
    it.sender.give_up_nameless(it.now, &it.source, &error);
    let finished = it.sender.take_finished();
    assert_eq!(statuses(&finished), [Some(WriteStatus::NotWritten)]);
    assert!(!it.sender.needs_producer_id(), "nothing waits for it");
    assert!(it.ends(&flying[0], WRITTEN).is_ok());
    it.pass(LINGER);
    assert_eq!(lanes(&it.drain()), [0], "a healthy partition goes on");
}

#[test]
fn a_batch_that_runs_out_of_time_between_two_attempts_tells_the_last_failure() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.pass(DELIVERY - MS);
    it.comes_back(&sent, refused(ErrorCode::NOT_ENOUGH_REPLICAS));
    assert_eq!(it.sender.poll_timeout(), Some(it.now + MS));
    let error = it.pass(MS).pop().unwrap().outcome.unwrap_err();
    assert!(error.message().contains("NOT_ENOUGH_REPLICAS"), "{error}");
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert_eq!(
        (error.attempts(), error.elapsed()),
        (Some(1), Some(DELIVERY))
    );
    assert_eq!(it.send(0).stamp(), (1, 1, 0), "its sequence stays empty");
}

#[test]
fn case_8_bytes_on_their_way_stay_as_they_are_after_the_batch_was_given_up() {
    let mut it = Fixture::new(settings());
    it.append(0, 1000);
    let drained = it.sender.drain(it.now, LEADER, &it.source).pop().unwrap();
    let before = drained.records.clone().into_bytes();
    assert_eq!(it.pass(DELIVERY).len(), 1);
    assert!(it.settings.pool.used() > 0, "the connection still has them");
    for _ in 0..20 {
        it.append(0, 900);
        it.append(1, 900);
    }
    let after = drained.records.into_bytes();
    assert_eq!(before, after);
    let batch = Batches::new(after).next().unwrap().unwrap();
    batch.verify_crc().unwrap();
    drop(it.drain_all());
    it.sender.abort(it.now, 2, &it.source, &closed());
    assert_eq!(it.settings.pool.used(), 0);
}

#[test]
fn case_9_an_answer_for_a_batch_that_was_given_up_changes_nothing() {
    for answer in [
        WRITTEN,
        lost(true),
        refused(ErrorCode::INVALID_RECORD),
        refused(ErrorCode::MESSAGE_TOO_LARGE),
        refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
        refused(ErrorCode::INVALID_PRODUCER_EPOCH),
    ] {
        let mut it = Fixture::new(settings());
        it.confirm(0);
        let sent = it.send(0);
        assert_eq!(it.pass(DELIVERY).len(), 1);
        let next = it.send(0);
        assert_eq!(next.stamp(), (1, 1, 0));
        it.comes_back(&sent, answer);
        assert_eq!(it.sender.unfinished(), 1);
        assert!(it.ends(&next, WRITTEN).is_ok());
        it.comes_back(&next, WRITTEN);
        assert_eq!(it.send(0).stamp(), (1, 1, 1));
    }
}

#[test]
fn case_9_a_leader_that_moves_is_waited_for_though_all_it_had_was_given_up() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    assert_eq!(it.pass(DELIVERY).len(), 1);
    it.append(0, 10);
    it.flush();
    let other = BrokerId(2);
    it.lead(0, Some(other));
    assert!(it.drain_to(other).is_empty());
    it.comes_back(&sent, lost(true));
    assert_eq!(it.drain_to(other)[0].stamp(), (1, 1, 0));
}

#[test]
fn a_purge_ends_what_is_buffered_and_leaves_what_was_sent() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 2);
    for _ in 0..5 {
        it.append(0, 600);
    }
    it.append(1, 10);
    it.sender.purge(it.now, false, &it.source, &closed());
    let finished = it.sender.take_finished();
    assert_eq!(finished.len(), 6);
    let unwritten = Some(WriteStatus::NotWritten);
    assert!(statuses(&finished).iter().all(|each| *each == unwritten));
    for each in &sent {
        assert!(it.ends(each, WRITTEN).is_ok());
    }
    assert_eq!(it.send(0).stamp(), (1, 0, 3));
    assert_eq!(it.send(1).stamp(), (1, 0, 0));
}

#[test]
fn a_purge_ends_what_was_sent_too_if_that_is_asked_for() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 2);
    it.comes_back(&sent[0], refused(ErrorCode::NOT_ENOUGH_REPLICAS));
    it.append(0, 10);
    it.sender.purge(it.now, true, &it.source, &closed());
    let finished = it.sender.take_finished();
    let (not, maybe) = (WriteStatus::NotWritten, WriteStatus::MaybeWritten);
    assert_eq!(statuses(&finished), [Some(not), Some(maybe), Some(not)]);
    assert_eq!(it.send(0).stamp(), (1, 1, 0));
}

#[test]
fn a_purge_ends_batches_that_are_being_compressed_or_were() {
    let compressed = || {
        let mut it = Fixture::new(SenderSettings {
            compression: Compression::Lz4,
            ..settings()
        });
        it.append(0, 10);
        it.flush();
        it
    };
    let mut it = compressed();
    let job = it.sender.poll_seal(it.now, &it.source).unwrap();
    it.sender.purge(it.now, false, &it.source, &closed());
    assert_eq!(it.sender.take_finished().len(), 1);
    it.finish_sealing(job);
    assert!(it.drain().is_empty() && it.sender.take_finished().is_empty());

    let mut it = compressed();
    assert!(it.seal());
    it.sender.purge(it.now, false, &it.source, &closed());
    assert_eq!(it.sender.take_finished().len(), 1);
    assert!(it.drain().is_empty());
    assert_eq!(it.settings.pool.used(), 0);
}

#[test]
fn case_27_an_abort_ends_everything_and_says_what_may_be_written() {
    let mut it = Fixture::new(settings());
    it.send(0);
    it.append(0, 10);
    it.append(1, 10);
    it.sender.abort(it.now, 2, &it.source, &closed());
    let finished = it.sender.take_finished();
    let (not, maybe) = (WriteStatus::NotWritten, WriteStatus::MaybeWritten);
    assert_eq!(statuses(&finished), [Some(maybe), Some(not), Some(not)]);
    for (each, partition) in finished.iter().zip([0, 0, 1]) {
        let error = each.outcome.as_ref().unwrap_err();
        assert_eq!(
            (error.topic(), error.partition()),
            (Some("t"), Some(partition))
        );
    }
    assert_eq!(it.sender.unfinished(), 0);
    let late = it.try_append(0, 10, None).unwrap_err();
    assert!(matches!(late, Refused::Closed), "{late:?}");
}
