//! What goes into a request, and to whom.

use super::*;

const OTHER: BrokerId = BrokerId(2);

#[test]
fn a_request_has_one_batch_of_each_partition() {
    let mut it = Fixture::new(settings());
    it.confirm(0);
    it.confirm(1);
    for _ in 0..3 {
        it.append(0, 600);
    }
    it.append(1, 600);
    it.flush();
    assert_eq!(lanes(&it.drain()), [0, 1]);
    assert_eq!(lanes(&it.drain()), [0]);
    assert_eq!(lanes(&it.drain()), [0]);
    assert!(it.drain().is_empty());
}

#[test]
fn partitions_take_turns_and_none_is_overtaken_twice() {
    let mut it = Fixture::new(SenderSettings {
        max_request_size: 2000,
        ..settings()
    });
    for partition in 0..4 {
        it.append(partition, 900);
    }
    it.flush();
    let first = it.drain();
    assert_eq!(lanes(&first), [0, 1]);
    it.append(0, 900);
    it.append(1, 900);
    it.flush();
    for each in &first {
        assert!(it.ends(each, WRITTEN).is_ok());
    }
    assert_eq!(lanes(&it.drain()), [2, 3]);
    assert_eq!(lanes(&it.drain()), [0, 1]);
}

#[test]
fn a_request_takes_what_fits_into_max_request_size_and_never_nothing() {
    let mut it = Fixture::new(SenderSettings {
        max_request_size: 1500,
        ..settings()
    });
    for partition in 0..4 {
        it.append(partition, if partition == 1 { 1900 } else { 300 });
    }
    it.flush();
    assert_eq!(lanes(&it.drain()), [1], "alone, though it is too large");
    assert_eq!(lanes(&it.drain()), [0, 2, 3]);
    for partition in 0..4 {
        it.append(partition + 4, 700);
    }
    it.flush();
    let sizes = |sent: &[Sent]| sent.iter().map(|each| each.bytes.len()).sum::<usize>();
    for _ in 0..4 {
        let sent = it.drain();
        assert!(!sent.is_empty() || it.sender.ready_brokers().next().is_none());
        assert!(sizes(&sent) <= 1500);
    }
}

/// Batches grow while no slot is free, long after the sender has looked at them.
#[test]
fn a_request_counts_batches_as_large_as_they_have_become() {
    let max = 100_000;
    let mut it = Fixture::new(SenderSettings {
        limits: BatchLimits::new(None, max),
        max_request_size: max,
        ..settings()
    });
    let first: Vec<Sent> = (0..4).map(|partition| it.send(partition)).collect();
    for partition in 0..4 {
        for _ in 0..70 {
            it.append(partition, 1000);
        }
    }
    it.flush();
    for each in &first {
        assert!(it.ends(each, WRITTEN).is_ok());
    }
    for _ in 0..4 {
        let sent = it.drain();
        assert_eq!(sent.len(), 1);
        assert!(sent[0].bytes.len() <= max);
    }
}

#[test]
fn brokers_are_ready_by_their_partitions_and_partitions_without_one_are_named() {
    let mut it = Fixture::new(settings());
    it.lead(1, Some(OTHER));
    it.lead(2, None);
    for partition in 0..3 {
        it.append(partition, 10);
    }
    assert_eq!(it.sender.ready_brokers().count(), 0);
    assert_eq!(it.sender.take_lookups(), []);
    it.pass(LINGER);
    let ready: Vec<BrokerId> = it.sender.ready_brokers().collect();
    assert_eq!(ready, [LEADER, OTHER]);
    assert_eq!(it.sender.take_lookups(), [at(2)]);
    assert_eq!(it.sender.take_lookups(), [], "asked for already");
    it.lead(2, None);
    assert_eq!(it.sender.take_lookups(), [at(2)], "and still nobody");
    assert_eq!(lanes(&it.drain_to(OTHER)), [1]);
    it.lead(2, Some(OTHER));
    assert_eq!(it.sender.take_lookups(), []);
    assert_eq!(lanes(&it.drain_to(OTHER)), [2]);
}

#[test]
fn a_partition_that_moved_before_it_was_drained_goes_to_its_new_leader_alone() {
    let mut it = Fixture::new(settings());
    it.append(0, 10);
    it.flush();
    it.lead(0, Some(OTHER));
    assert!(it.drain().is_empty());
    assert_eq!(lanes(&it.drain_to(OTHER)), [0]);
    assert!(it.drain_to(OTHER).is_empty());
}

#[test]
fn an_idle_sender_asks_to_be_woken_never() {
    let mut it = Fixture::new(settings());
    assert_eq!(it.sender.poll_timeout(), None);
    for partition in 0..PARTITIONS {
        it.confirm(partition);
    }
    let mut woken = 0;
    while let Some(due) = it.sender.poll_timeout() {
        it.pass(due.saturating_duration_since(it.now));
        woken += 1;
        assert!(woken <= 2 * PARTITIONS, "it wakes without end");
    }
}

#[test]
fn a_busy_sender_keeps_one_alarm_of_a_kind_for_each_partition() {
    let mut it = Fixture::new(settings());
    for _ in 0..1000 {
        it.confirm(0);
        it.pass(MS);
    }
    let mut woken = 0;
    while let Some(due) = it.sender.poll_timeout() {
        it.pass(due.saturating_duration_since(it.now));
        woken += 1;
    }
    assert!(woken <= 10, "{woken} alarms were kept");
}

/// Whatever a batch waits for, the sender wakes up in time to give it up.
#[test]
fn it_never_sleeps_beyond_the_end_of_a_batch() {
    type Prepare = fn(&mut Fixture);
    let prepare: [Prepare; 8] = [
        |it| {
            it.append(0, 10);
        },
        |it| {
            it.send(0);
        },
        |it| {
            it.fly(0, 5);
        },
        |it| {
            it.lead(0, None);
            it.append(0, 10);
        },
        |it| {
            let sent = it.send(0);
            it.comes_back(&sent, lost(true));
        },
        |it| {
            let sent = it.send(0);
            it.lead(0, Some(OTHER));
            it.comes_back(&sent, refused(ErrorCode::NOT_LEADER_OR_FOLLOWER));
        },
        |it| {
            let sent = it.send(0);
            it.comes_back(&sent, refused(ErrorCode::INVALID_PRODUCER_EPOCH));
            assert!(it.sender.needs_producer_id());
        },
        |it| {
            it.fly(0, 5);
            it.append(0, 600);
            it.append(0, 600);
        },
    ];
    for (index, prepare) in prepare.into_iter().enumerate() {
        let mut it = Fixture::new(settings());
        prepare(&mut it);
        let (begun, tags) = (it.now, it.next_tag);
        let mut ended = u64::from(index == 2 || index == 7);
        while ended < tags {
            let due = it.sender.poll_timeout().expect("it sleeps for ever");
            assert!(due <= begun + DELIVERY, "{index}");
            ended += u64::try_from(it.pass(due.saturating_duration_since(it.now)).len()).unwrap();
        }
        assert!(it.now <= begun + DELIVERY, "{index}");
    }
}
