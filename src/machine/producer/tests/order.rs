//! How many batches of a partition are on the wire, in which order, with which numbers.

use super::*;

const OTHER: BrokerId = BrokerId(2);

#[test]
fn k1_five_batches_of_a_partition_are_on_the_wire_in_order() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    for _ in 0..7 {
        it.append(0, 600);
    }
    it.flush();
    let sent = it.drain_all();
    assert_eq!(sequences(&sent), [1, 2, 3, 4, 5]);
    assert!(it.ends(&sent[0], WRITTEN).is_ok());
    assert_eq!(sequences(&it.drain_all()), [6]);
}

#[test]
fn case_28_as_many_batches_fly_as_are_allowed() {
    for idempotent in [true, false] {
        for in_flight_max in 1..=5 {
            let mut it = Fixture::new(SenderSettings {
                in_flight_max,
                idempotent,
                ..settings()
            });
            it.confirm(0);
            for _ in 0..7 {
                it.append(0, 600);
            }
            it.flush();
            assert_eq!(it.drain_all().len(), in_flight_max);
        }
    }
}

#[test]
fn case_28_with_one_in_flight_order_needs_no_idempotence() {
    let mut it = Fixture::new(SenderSettings {
        in_flight_max: 1,
        idempotent: false,
        ..settings()
    });
    let first = it.send(0);
    it.append(0, 10);
    it.flush();
    it.comes_back(&first, lost(true));
    let again = it.retry();
    assert_eq!(again.bytes, first.bytes);
    assert!(it.drain().is_empty());
    assert!(it.ends(&again, WRITTEN).is_ok());
    assert_eq!(it.drain().len(), 1);
}

#[test]
fn kafka_14359_one_batch_is_on_the_wire_until_the_broker_has_confirmed_one() {
    let mut it = Fixture::new(settings());
    let first = it.send(0);
    it.append(0, 600);
    it.append(0, 600);
    it.flush();
    assert!(it.drain().is_empty(), "the broker may know nothing of us");
    it.comes_back(&first, refused(ErrorCode::NOT_ENOUGH_REPLICAS));
    let again = it.retry();
    assert!(it.drain().is_empty(), "it has still confirmed nothing");
    assert!(it.ends(&again, WRITTEN).is_ok());
    assert_eq!(sequences(&it.drain_all()), [1, 2]);
}

#[test]
fn kafka_14359_after_a_new_epoch_the_broker_has_to_confirm_again() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    let refused = refused(ErrorCode::INVALID_RECORD);
    let sent = it.send(0);
    assert_eq!(it.status(&sent, refused), WriteStatus::NotWritten);
    assert_eq!(it.send(0).stamp(), (1, 1, 0));
    it.append(0, 10);
    it.flush();
    assert!(it.drain().is_empty());
}

#[test]
fn after_an_idle_minute_a_broker_may_have_forgotten_and_is_asked_with_one_batch() {
    for (idle, at_once) in [(60, 1), (59, 2)] {
        let mut it = Fixture::new(settings());
        it.confirm(0);
        it.pass(Duration::from_secs(idle));
        it.append(0, 600);
        it.append(0, 600);
        it.flush();
        let sent = it.drain_all();
        assert_eq!(sent.len(), at_once, "{idle} s");
        assert!(it.ends(&sent[0], WRITTEN).is_ok());
        assert_eq!(sent.len() + it.drain_all().len(), 2);
    }
}

#[test]
fn case_13_a_partition_that_moves_waits_for_the_answers_of_its_old_leader() {
    for idempotent in [true, false] {
        let mut it = Fixture::new(SenderSettings {
            idempotent,
            ..settings()
        });
        let sent = it.fly(0, 3);
        it.append(0, 10);
        it.flush();
        it.lead(0, Some(OTHER));
        assert!(it.drain_to(OTHER).is_empty() && it.drain().is_empty());
        let moved = || refused(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        it.comes_back(&sent[1], moved());
        assert!(it.ends(&sent[0], WRITTEN).is_ok());
        it.pass(Duration::from_secs(2));
        assert!(it.drain_to(OTHER).is_empty(), "one answer is missing");
        it.comes_back(&sent[2], lost(true));
        let mut order = Vec::new();
        while order.len() < 3 {
            let again = it.wait_to(OTHER).remove(0);
            order.push(again.id);
            assert!(it.ends(&again, WRITTEN).is_ok());
        }
        assert_eq!(order[..2], [sent[1].id, sent[2].id]);
    }
}

#[test]
fn case_13_a_leader_that_is_back_is_sent_to_again() {
    let mut it = Fixture::new(settings());
    it.fly(0, 2);
    it.append(0, 10);
    it.flush();
    it.lead(0, Some(OTHER));
    it.lead(0, Some(LEADER));
    assert!(it.drain_to(OTHER).is_empty());
    assert_eq!(it.drain()[0].sequence, 3);
}

#[test]
fn case_12_a_batch_leaves_for_a_new_leader_at_once_and_for_the_old_one_after_a_pause() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    let moved = || refused(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    it.comes_back(&sent, moved());
    it.lead(0, Some(LEADER));
    assert!(it.drain().is_empty(), "it has just said that it is not");
    it.lead(0, Some(OTHER));
    let again = it.drain_to(OTHER).pop().expect("no pause");
    assert_eq!(again.bytes, sent.bytes);
    it.comes_back(&again, moved());
    let before = it.now;
    it.wait_to(OTHER);
    assert!(it.now - before >= MS * 80);
}

#[test]
fn case_3_batches_behind_one_that_came_back_are_sent_again_in_order_with_their_stamps() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 5);
    it.comes_back(&sent[0], refused(ErrorCode::NOT_ENOUGH_REPLICAS));
    for each in &sent[1..] {
        it.comes_back(each, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    }
    it.append(0, 10);
    it.flush();
    for each in &sent {
        let again = it.retry();
        assert_eq!((again.id, &again.bytes), (each.id, &each.bytes));
        let next: Vec<_> = it.drain_all().iter().map(Sent::stamp).collect();
        if each.id == sent[4].id {
            assert_eq!(next, [(1, 0, 6)], "what is new comes last");
        } else {
            assert_eq!(next, [], "one after the other");
        }
        assert!(it.ends(&again, WRITTEN).is_ok());
    }
}

#[test]
fn case_3_a_batch_that_is_complained_about_before_the_first_one_is_answered_waits_its_turn() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 2);
    it.comes_back(&sent[1], refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert!(it.drain().is_empty());
    it.comes_back(&sent[0], lost(true));
    let first = it.retry();
    assert_eq!(first.bytes, sent[0].bytes);
    assert!(it.ends(&first, WRITTEN).is_ok());
    assert_eq!(it.drain()[0].bytes, sent[1].bytes, "without another pause");
}

#[test]
fn case_3_a_batch_of_the_middle_that_comes_back_holds_what_is_new() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 3);
    it.comes_back(&sent[1], lost(true));
    it.append(0, 10);
    it.flush();
    it.pass(Duration::from_secs(1));
    assert!(it.drain().is_empty(), "the one before it has no outcome");
    assert!(it.ends(&sent[0], WRITTEN).is_ok());
    assert_eq!(it.drain_all()[0].bytes, sent[1].bytes);
    assert!(it.ends(&sent[2], WRITTEN).is_ok());
    assert!(it.drain().is_empty());
}

#[test]
fn case_1_a_lost_answer_is_followed_by_the_same_bytes() {
    let mut it = Fixture::new(settings());
    let first = it.send(0);
    it.append(0, 10);
    it.comes_back(&first, lost(true));
    let again = it.retry();
    assert_eq!((again.id, &again.bytes), (first.id, &first.bytes));
    assert!(it.ends(&again, WRITTEN).is_ok());
    it.pass(LINGER);
    assert_eq!(it.drain()[0].sequence, 1, "what came later follows it");
}

#[test]
fn case_20_a_batch_is_framed_once_whatever_makes_it_come_back() {
    let mut it = Fixture::new(SenderSettings {
        compression: Compression::Lz4,
        ..settings()
    });
    it.append(0, 300);
    it.append(0, 300);
    it.flush();
    it.seal();
    let mut sent = it.drain().pop().unwrap();
    let (bytes, id) = (sent.bytes.clone(), sent.id);
    for answer in [
        lost(true),
        lost(false),
        refused(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND),
        refused(ErrorCode::CORRUPT_MESSAGE),
        refused(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        refused(ErrorCode::REQUEST_TIMED_OUT),
    ] {
        it.append(0, 300);
        it.source.0[0].borrow_mut().lower_cap(100);
        it.comes_back(&sent, answer);
        sent = it.retry();
        assert_eq!((sent.id, &sent.bytes), (id, &bytes));
    }
}

#[test]
fn case_2_a_duplicate_sequence_is_a_success_without_an_offset() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.comes_back(&sent, lost(true));
    let again = it.retry();
    let duplicate = refused(ErrorCode::DUPLICATE_SEQUENCE_NUMBER);
    assert_eq!(it.ends(&again, duplicate).unwrap().base_offset, None);
    assert_eq!(it.send(0).stamp(), (1, 0, 1));
}

#[test]
fn k19_a_partition_keeps_its_sequence_though_no_offset_was_ever_told() {
    const MANY: usize = 1500;
    let mut it = Fixture::new(settings());
    it.source = Places::new(MANY);
    it.leaders = vec![Some(LEADER); MANY];
    for _ in 0..2 {
        for partition in 0..MANY {
            it.append(partition, 10);
        }
        it.flush();
        let mut sent = it.drain_all();
        while let Some(each) = sent.pop() {
            let duplicate = refused(ErrorCode::DUPLICATE_SEQUENCE_NUMBER);
            assert!(it.ends(&each, duplicate).is_ok());
            sent.extend(it.drain_all());
        }
        it.pass(DELIVERY * 2);
    }
    assert_eq!(it.send(0).stamp(), (1, 0, 2));
    assert_eq!(it.send(MANY - 1).stamp(), (1, 0, 2));
}

#[test]
fn case_18_the_sequence_wraps_to_zero() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    it.sender.slot(lane(0)).unwrap().lane.sequence.next = i32::MAX - 1;
    let mut sequences = Vec::new();
    for _ in 0..3 {
        it.append(0, 10);
        it.append(0, 10);
        sequences.push(it.send(0).sequence);
    }
    // Three records from 2^31 - 2 on: the third has sequence 0.
    assert_eq!(sequences, [i32::MAX - 1, 1, 4]);
}

#[test]
fn each_partition_has_a_sequence_of_its_own() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    assert_eq!(it.send(0).sequence, 1);
    assert_eq!(it.send(1).sequence, 0);
}

#[test]
fn without_idempotence_nothing_is_stamped_and_no_id_is_asked_for() {
    let mut it = Fixture::nameless(SenderSettings {
        idempotent: false,
        ..settings()
    });
    let sent = it.send(0);
    assert!(!it.sender.needs_producer_id());
    assert_eq!(sent.stamp(), (-1, -1, -1));
    it.status(&sent, refused(ErrorCode::INVALID_RECORD));
    assert_eq!(it.send(0).stamp(), (-1, -1, -1));
}

#[test]
fn case_25_a_producer_waits_for_its_id_and_asks_only_when_there_is_work() {
    let mut it = Fixture::nameless(settings());
    assert!(!it.sender.needs_producer_id());
    it.append(0, 10);
    assert!(it.sender.needs_producer_id());
    it.pass(LINGER);
    assert!(it.drain().is_empty());
    let expires = it.now - LINGER + DELIVERY;
    assert_eq!(it.sender.poll_timeout(), Some(expires));
    it.name(5, 0);
    assert!(!it.sender.needs_producer_id());
    assert_eq!(it.drain()[0].stamp(), (5, 0, 0));
}

/// A broker recognises the last five batches of a producer. One that was written and is asked about
/// again must be among them, or it is taken for a gap.
#[test]
fn case_2_nothing_is_sent_that_would_push_an_open_batch_out_of_the_brokers_memory() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 3);
    it.comes_back(
        &sent[0],
        refused(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND),
    );
    for each in &sent[1..] {
        assert!(it.ends(each, WRITTEN).is_ok());
    }
    for _ in 0..7 {
        it.append(0, 600);
    }
    it.flush();
    let first = it.retry();
    let behind = it.drain_all();
    assert_eq!(
        sequences(&behind),
        [4, 5],
        "five in all, with those written"
    );
    it.comes_back(&first, refused(ErrorCode::NOT_ENOUGH_REPLICAS));
    for each in &behind {
        assert!(it.ends(each, WRITTEN).is_ok());
    }
    let again = it.retry();
    assert_eq!(again.bytes, first.bytes);
    assert!(it.drain_all().is_empty());
    assert!(it.ends(&again, WRITTEN).is_ok());
    assert_eq!(sequences(&it.drain_all()), [6, 7, 8, 9, 10]);
}
