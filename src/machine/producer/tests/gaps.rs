//! Holes in the sequence, epochs, and producers that a broker does not know.

use super::*;

fn gap() -> Answer {
    refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
}

fn going_on() -> SenderSettings {
    SenderSettings {
        continue_after_gap: true,
        ..settings()
    }
}

#[test]
fn case_4_a_gap_before_the_first_batch_is_told_and_what_follows_gets_a_new_epoch() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    it.confirm(1);
    let sent = it.send(0);
    let error = it.ends(&sent, gap()).unwrap_err();
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert_eq!(error.code(), Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert!(error.message().contains("acknowledged before"), "{error}");
    assert_eq!(it.send(0).stamp(), (1, 1, 0));
    assert_eq!(it.send(1).stamp(), (1, 0, 1), "others go on as they were");
}

#[test]
fn case_4_a_gap_is_passed_over_where_that_was_asked_for() {
    let mut it = Fixture::new(going_on());
    let sent = it.fly(0, 3);
    for each in &sent {
        it.comes_back(each, gap());
    }
    for sequence in 0..3 {
        let again = it.retry();
        assert_eq!(again.stamp(), (1, 1, sequence));
        let id = sent[usize::try_from(sequence).unwrap()].id;
        assert_eq!(again.id, id, "in the order of the appends");
        assert!(it.ends(&again, WRITTEN).is_ok());
    }
}

#[test]
fn case_4_only_the_first_batch_is_told_of_the_gap() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 3);
    assert_eq!(it.status(&sent[0], gap()), WriteStatus::NotWritten);
    for each in &sent[1..] {
        it.comes_back(each, gap());
    }
    for (sequence, each) in (0..).zip(&sent[1..]) {
        let again = it.retry();
        assert_eq!((again.id, again.stamp()), (each.id, (1, 1, sequence)));
        assert!(it.ends(&again, WRITTEN).is_ok());
    }
}

#[test]
fn case_6_later_acknowledgements_show_that_a_lost_batch_left_no_hole() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    it.send(0);
    it.pass(MS);
    let later = [it.send(0), it.send(0)];
    let finished = it.pass(DELIVERY - MS);
    assert_eq!(statuses(&finished), [Some(WriteStatus::MaybeWritten)]);
    it.append(0, 10);
    it.flush();
    assert!(it.drain().is_empty(), "nothing is stamped in doubt");
    assert!(it.ends(&later[0], WRITTEN).is_ok());
    assert_eq!(it.drain()[0].stamp(), (1, 0, 4));
}

#[test]
fn case_6_a_hole_that_later_batches_find_leads_to_a_new_epoch() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    it.send(0);
    it.pass(MS);
    let later = [it.send(0), it.send(0)];
    assert_eq!(it.pass(DELIVERY - MS).len(), 1);
    it.comes_back(&later[0], gap());
    it.comes_back(&later[1], gap());
    // The complaint may have been about the one before; now it is about the batch itself.
    let again = it.drain().pop().unwrap();
    assert_eq!(again.bytes, later[0].bytes);
    it.comes_back(&again, gap());
    // Both end with their time, which is short; a new one takes their place.
    assert_eq!(it.pass(MS).len(), 2);
    assert_eq!(it.send(0).stamp(), (1, 1, 0));
}

#[test]
fn case_6_what_a_hole_refused_is_stamped_anew_and_keeps_its_order() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 3);
    it.status(&sent[0], refused(ErrorCode::INVALID_RECORD));
    it.comes_back(&sent[1], gap());
    it.comes_back(&sent[2], gap());
    let again = it.drain().pop().unwrap();
    assert_eq!(again.bytes, sent[1].bytes);
    it.comes_back(&again, gap());
    for (sequence, each) in (0..).zip(&sent[1..]) {
        let again = it.retry();
        assert_eq!((again.id, again.stamp()), (each.id, (1, 1, sequence)));
        assert!(it.ends(&again, WRITTEN).is_ok());
    }
}

#[test]
fn case_6_what_may_be_written_is_settled_under_its_old_stamp_before_the_epoch_moves() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 3);
    it.status(&sent[0], refused(ErrorCode::INVALID_RECORD));
    it.comes_back(&sent[1], gap());
    it.comes_back(&sent[2], lost(true));
    let first = it.retry();
    it.comes_back(&first, gap());
    let asked = it.retry();
    assert_eq!((asked.id, &asked.bytes), (sent[2].id, &sent[2].bytes));
    assert_eq!(it.status(&asked, gap()), WriteStatus::MaybeWritten);
    let last = it.retry();
    assert_eq!((last.id, last.stamp()), (sent[1].id, (1, 1, 0)));
}

#[test]
fn k18_a_batch_that_may_be_written_is_never_stamped_anew() {
    for code in [
        ErrorCode::UNKNOWN_PRODUCER_ID,
        ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
    ] {
        for settings in [settings(), going_on()] {
            let mut it = Fixture::new(settings);
            it.confirm(0);
            let sent = it.send(0);
            it.comes_back(&sent, lost(true));
            let again = it.retry();
            assert_eq!(again.bytes, sent.bytes);
            assert_eq!(it.status(&again, refused(code)), WriteStatus::MaybeWritten);
        }
    }
}

#[test]
fn case_5_k12_a_new_epoch_is_one_partitions_own_and_nobody_waits_for_it() {
    let mut it = Fixture::new(settings());
    it.confirm(1);
    it.send(1);
    let failing = it.send(0);
    it.status(&failing, refused(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    assert_eq!(it.send(0).stamp(), (1, 1, 0), "at once");
    assert_eq!(it.send(1).stamp(), (1, 0, 2), "with what it had");
    assert_eq!(it.send(2).stamp(), (1, 0, 0));
    assert!(!it.sender.needs_producer_id());
}

#[test]
fn case_5_a_retry_keeps_its_epoch_when_another_partition_moves_on() {
    let mut it = Fixture::new(settings());
    let healthy = it.send(0);
    let failing = it.send(1);
    it.comes_back(&healthy, lost(true));
    it.status(&failing, refused(ErrorCode::INVALID_RECORD));
    let again = it.retry();
    assert_eq!(again.bytes, healthy.bytes);
    assert!(it.ends(&again, WRITTEN).is_ok());
    assert_eq!(it.send(0).stamp(), (1, 0, 1));
}

#[test]
fn case_14_a_producer_forgotten_with_its_deleted_records_goes_on_and_nothing_is_lost() {
    // The log begins behind what was written last, or the broker does not say where.
    for log_start in [Some(8), None] {
        let mut it = Fixture::new(settings());
        it.confirm(0);
        let sent = it.send(0);
        let unknown = refused_from(ErrorCode::UNKNOWN_PRODUCER_ID, log_start);
        it.comes_back(&sent, unknown);
        let again = it.retry();
        assert_eq!((again.id, again.stamp()), (sent.id, (1, 1, 0)));
        assert!(it.ends(&again, WRITTEN).is_ok());
    }
}

#[test]
fn case_14_a_producer_forgotten_though_its_records_should_be_there_is_a_loss() {
    for log_start in [0, 7] {
        let unknown = || refused_from(ErrorCode::UNKNOWN_PRODUCER_ID, Some(log_start));
        let mut it = Fixture::new(settings());
        it.confirm(0);
        let sent = it.send(0);
        let error = it.ends(&sent, unknown()).unwrap_err();
        assert!(error.message().contains("acknowledged before"), "{error}");
        assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
        assert_eq!(it.send(0).stamp(), (1, 1, 0));

        let mut it = Fixture::new(going_on());
        it.confirm(0);
        let sent = it.send(0);
        it.comes_back(&sent, unknown());
        assert_eq!(it.retry().stamp(), (1, 1, 0));
    }
}

#[test]
fn case_14_a_first_batch_that_nobody_knows_the_producer_of_loses_nothing() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    let unknown = refused_from(ErrorCode::UNKNOWN_PRODUCER_ID, Some(0));
    it.comes_back(&sent, unknown);
    assert_eq!(it.retry().stamp(), (1, 1, 0));
}

#[test]
fn case_15_a_fenced_epoch_costs_the_partition_its_id_and_no_record() {
    let mut it = Fixture::new(settings());
    it.confirm(1);
    let sent = it.fly(0, 3);
    for each in &sent {
        it.comes_back(each, refused(ErrorCode::INVALID_PRODUCER_EPOCH));
    }
    it.pass(Duration::from_secs(2));
    assert!(it.sender.needs_producer_id());
    assert!(it.drain().is_empty(), "nothing leaves before");
    it.name(2, 0);
    for (sequence, each) in (0..).zip(&sent) {
        let again = it.retry();
        assert_eq!((again.id, again.stamp()), (each.id, (2, 0, sequence)));
        assert!(it.ends(&again, WRITTEN).is_ok());
    }
    assert_eq!(it.send(1).stamp(), (1, 0, 1), "others keep theirs");
    assert!(!it.sender.needs_producer_id());
}

#[test]
fn case_15_partitions_that_are_fenced_together_share_one_new_id() {
    let mut it = Fixture::new(settings());
    let sent: Vec<Sent> = (0..5).map(|partition| it.send(partition)).collect();
    for each in &sent[..4] {
        it.comes_back(each, refused(ErrorCode::INVALID_PRODUCER_EPOCH));
    }
    it.name(2, 0);
    it.comes_back(&sent[4], refused(ErrorCode::INVALID_PRODUCER_EPOCH));
    assert!(!it.sender.needs_producer_id());
    it.pass(Duration::from_secs(1));
    let again = it.drain();
    assert_eq!(again.len(), 5);
    assert!(again.iter().all(|each| each.stamp() == (2, 0, 0)));
}

#[test]
fn case_19_after_the_last_epoch_a_new_id_is_asked_for_and_nothing_leaves_before() {
    let mut it = Fixture::nameless(settings());
    it.name(1, i16::MAX);
    let sent = it.send(0);
    assert_eq!(sent.stamp(), (1, i16::MAX, 0));
    it.append(0, 10);
    it.status(&sent, refused(ErrorCode::INVALID_RECORD));
    assert!(it.sender.needs_producer_id());
    it.pass(LINGER);
    assert!(it.drain().is_empty());
    assert_eq!(it.sender.ready_brokers().count(), 0, "nor does it spin");
    it.name(2, 0);
    assert!(!it.sender.needs_producer_id());
    assert_eq!(it.drain()[0].stamp(), (2, 0, 0));
}

#[test]
fn an_id_that_comes_again_and_is_of_no_use_is_asked_for_ever_more_slowly() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.comes_back(&sent, refused(ErrorCode::INVALID_PRODUCER_EPOCH));
    assert!(it.sender.needs_producer_id());
    let mut asked = 0;
    for _ in 0..500 {
        if it.sender.needs_producer_id() {
            asked += 1;
            it.name(1, 0);
        }
        assert!(it.pass(10 * MS).is_empty());
    }
    assert!((5..=9).contains(&asked), "asked {asked} times in 5 s");
    assert_eq!(it.send(1).stamp(), (1, 0, 0), "others do with it");
    while !it.sender.needs_producer_id() {
        let due = it.sender.poll_timeout().expect("it is asked for again");
        assert!(due > it.now, "it spins");
        it.pass(due - it.now);
    }
    it.name(2, 0);
    assert!(!it.sender.needs_producer_id());
    assert_eq!(it.retry().stamp(), (2, 0, 0));
}

#[test]
fn a_batch_that_never_left_gives_its_numbers_back() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    let first = it.send(0);
    it.pass(MS);
    let second = it.send(0);
    it.comes_back(&first, lost(false));
    it.comes_back(&second, lost(false));
    let finished = it.pass(DELIVERY - MS);
    assert_eq!(statuses(&finished), [Some(WriteStatus::NotWritten)]);
    let again = it.drain().pop().unwrap();
    assert_eq!((again.id, again.stamp()), (second.id, (1, 0, 1)));
}

#[test]
fn a_batch_that_never_left_leaves_a_hole_before_one_that_did() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    let first = it.send(0);
    it.pass(MS);
    let second = it.send(0);
    it.comes_back(&first, lost(false));
    assert_eq!(it.pass(DELIVERY - MS).len(), 1);
    it.comes_back(&second, gap());
    let again = it.drain().pop().unwrap();
    assert_eq!(
        again.bytes, second.bytes,
        "it keeps the stamp it was sent with"
    );
}

#[test]
fn case_6_an_acknowledgement_of_what_was_sent_before_the_hole_says_nothing_of_it() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 3);
    it.status(&sent[1], refused(ErrorCode::INVALID_RECORD));
    assert!(it.ends(&sent[0], WRITTEN).is_ok());
    it.comes_back(&sent[2], gap());
    let again = it.drain().pop().unwrap();
    assert_eq!(again.bytes, sent[2].bytes);
    // The hole is of our making, and no loss.
    it.comes_back(&again, gap());
    assert_eq!(it.retry().stamp(), (1, 1, 0));
}

#[test]
fn an_identity_that_is_given_up_stays_so_though_a_later_batch_is_acknowledged() {
    let mut it = Fixture::new(settings());
    let sent = it.fly(0, 3);
    it.comes_back(&sent[0], refused(ErrorCode::UNKNOWN_PRODUCER_ID));
    assert!(it.ends(&sent[1], WRITTEN).is_ok());
    it.comes_back(&sent[2], gap());
    let again = it.retry();
    assert_eq!((again.id, again.stamp()), (sent[0].id, (1, 1, 0)));
}

#[test]
fn case_98_a_topic_made_anew_begins_a_new_epoch_and_no_old_sequence() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    it.confirm(0);
    it.make_anew();
    let fresh = it.send(0);
    assert_eq!(fresh.stamp(), (1, 1, 0));
    assert!(it.ends(&fresh, WRITTEN).is_ok());
    assert_eq!(it.send(0).stamp(), (1, 1, 1));
}

#[test]
fn case_98_what_was_sent_to_the_old_topic_is_settled_before_the_new_epoch() {
    let mut it = Fixture::new(settings());
    let flying = it.fly(0, 3);
    it.make_anew();
    it.append(0, 10);
    it.pass(LINGER);
    assert!(it.drain().is_empty(), "answers are on their way");
    let unknown = || refused(ErrorCode::UNKNOWN_TOPIC_ID);
    it.comes_back(&flying[0], lost(true));
    it.comes_back(&flying[1], unknown());
    it.comes_back(&flying[2], unknown());
    let again = it.retry();
    assert_eq!(again.bytes, flying[0].bytes, "it may be in the log");
    assert!(it.ends(&again, WRITTEN).is_ok());
    for sequence in 0..3 {
        let sent = it.retry();
        assert_eq!(sent.stamp(), (1, 1, sequence), "in order");
        assert!(it.ends(&sent, WRITTEN).is_ok());
    }
}

#[test]
fn case_98_a_new_log_gets_what_was_refused_before_what_may_be_written_behind_it() {
    let mut it = Fixture::new(settings());
    let flying = it.fly(0, 2);
    it.comes_back(&flying[0], refused(ErrorCode::UNKNOWN_TOPIC_ID));
    it.comes_back(&flying[1], lost(true));
    it.make_anew();
    // It would take the second one as well, and have it before the first.
    for sent in &flying {
        let again = it.retry();
        assert_eq!(again.bytes, sent.bytes);
        assert!(it.ends(&again, WRITTEN).is_ok());
    }
    assert_eq!(it.send(0).stamp(), (1, 1, 0));
}

#[test]
fn case_98_a_new_log_that_knows_the_producer_already_settles_what_may_be_written_first() {
    let mut it = Fixture::new(settings());
    let flying = it.fly(0, 2);
    it.comes_back(&flying[0], refused(ErrorCode::UNKNOWN_TOPIC_ID));
    it.comes_back(&flying[1], lost(true));
    it.make_anew();
    let again = it.retry();
    it.comes_back(&again, gap());
    let doubtful = it.retry();
    assert_eq!(doubtful.bytes, flying[1].bytes);
    assert_eq!(it.status(&doubtful, gap()), WriteStatus::MaybeWritten);
    assert_eq!(it.retry().stamp(), (1, 1, 0));
}

#[test]
fn case_98_a_forgotten_producer_in_a_topic_made_anew_is_no_gap() {
    let mut it = Fixture::new(settings());
    let flying = it.fly(0, 1);
    it.make_anew();
    // The new log is empty: nothing of the old one can be missing in it.
    let forgotten = refused_from(ErrorCode::UNKNOWN_PRODUCER_ID, Some(0));
    it.comes_back(&flying[0], forgotten);
    let again = it.retry();
    assert_eq!(again.stamp(), (1, 1, 0));
    assert!(it.ends(&again, WRITTEN).is_ok());
}

#[test]
fn case_98_metadata_without_a_topic_id_says_nothing_of_a_new_topic() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    let topic = std::mem::take(&mut it.topic);
    it.handle_metadata();
    assert_eq!(it.send(0).stamp(), (1, 0, 1));
    it.topic = topic;
    it.handle_metadata();
    it.append(0, 10);
    it.pass(LINGER);
    assert_eq!(sequences(&it.drain()), [2], "it is the same topic");
}
