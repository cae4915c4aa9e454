//! What a partition waits for, state by state, as the fetch that does not come has it.

use super::*;

fn explain(it: &Fixture, partition: i32, cluster: &impl Cluster) -> PartitionStatus {
    let status = it.fetcher.explain(it.now, &at(partition), cluster);
    status.expect("it is assigned")
}

/// A cluster without leaders.
struct Leaderless;

impl Cluster for Leaderless {
    fn leader(&self, _at: &TopicPartition) -> Option<Leader> {
        None
    }

    fn has(&self, _broker: BrokerId) -> bool {
        false
    }
}

#[test]
fn a_partition_waits_for_a_leader_and_for_its_place() {
    let mut it = Fixture::new();
    let status = explain(&it, 0, &Leaderless);
    assert!(matches!(status, PartitionStatus::NoLeader), "{status}");
    it.fetcher.seek(&at(0), StartAt::End);
    let status = explain(&it, 0, &LedBy(ONE));
    let looks_up = matches!(status, PartitionStatus::LookingUp(StartAt::End));
    assert!(looks_up, "{status}");
    let epoch = LeaderEpoch(EPOCH.0 - 1);
    it.fetcher.seek(&at(0), StartAt::OffsetInEpoch(5, epoch));
    let status = explain(&it, 0, &LedBy(ONE));
    let validates = matches!(status, PartitionStatus::Validating { leader: ONE });
    assert!(validates, "{status}");
}

#[test]
fn a_partition_waits_for_its_broker() {
    let mut it = Fixture::new();
    let status = explain(&it, 0, &LedBy(ONE));
    let due = matches!(status, PartitionStatus::Due { broker: ONE });
    assert!(due, "{status}");
    it.plan(ONE).unwrap();
    let status = explain(&it, 0, &LedBy(ONE));
    let (broker, at_end) = (ONE, false);
    let expected = PartitionStatus::Fetching { broker, at_end };
    assert_eq!(format!("{status:?}"), format!("{expected:?}"));
    let pause = Duration::from_millis(50);
    it.fetcher.lost(ONE, Some(it.now + pause));
    let status = explain(&it, 0, &LedBy(ONE));
    let (broker, left) = (ONE, pause);
    let expected = PartitionStatus::BrokerBackingOff { broker, left };
    assert_eq!(format!("{status:?}"), format!("{expected:?}"));
}

#[test]
fn a_partition_waits_for_the_one_that_is_held_back() {
    let mut it = Fixture::with(FetchLimits {
        ahead: 50,
        ..LIMITS
    });
    it.fetch(&[batch("a", 5, 50)]);
    let status = explain(&it, 1, &LedBy(ONE));
    assert_eq!(it.plan(ONE), None);
    let (broker, by) = (ONE, at(0));
    let expected = PartitionStatus::HeldBack { broker, by };
    assert_eq!(format!("{status:?}"), format!("{expected:?}"));
    let ready = explain(&it, 0, &LedBy(ONE));
    assert!(matches!(ready, PartitionStatus::Ready { bytes: 50 }));
    let one = it.fetcher.split(&at(1)).unwrap();
    it.fetcher.set_awaited(&one, true);
    let status = explain(&it, 1, &LedBy(ONE));
    assert!(matches!(status, PartitionStatus::Due { .. }), "{status}");
    it.fetcher.join(&one);
    let _stream = it.fetcher.split(&at(0)).unwrap();
    let status = explain(&it, 1, &LedBy(ONE));
    assert!(matches!(status, PartitionStatus::Due { .. }), "{status}");
    assert!(it.plan(ONE).is_some());
}

#[test]
fn what_is_about_to_be_asked_for_is_and_else_there_is_no_room() {
    let limits = FetchLimits {
        partition_max_bytes: 100,
        ..LIMITS
    };
    for held in [0, 500, 899, 900, 901, 950, 999, 1000, 1500] {
        let mut it = Fixture::with(limits);
        if held > 0 {
            let planned = it.planned();
            let mut answer = answer(&[batch("a", 5, 10)], 5);
            answer.frame_bytes = held;
            it.fetcher.fetched(&planned, answer);
        }
        let status = explain(&it, 1, &LedBy(ONE));
        match it.fetcher.poll_fetch(it.now, ONE, 1, &LedBy(ONE)) {
            Some(_) => assert!(matches!(status, PartitionStatus::Due { .. }), "{held}"),
            None => {
                let no_room = matches!(status, PartitionStatus::NoRoom { bytes } if bytes == held);
                assert!(no_room, "{status} with {held}");
            }
        }
        assert_eq!(it.fetcher.reserved() > 0, held <= 900);
    }
}
