//! Positions in logs that may have been cut off, and replicas that are closer than the leader.

use std::time::Duration;

use super::*;
use crate::error::FrameTooLarge;

/// A cluster with a leader, its epoch, and the brokers that there are.
struct Led(i32, i32, &'static [i32]);

impl Cluster for Led {
    fn leader(&self, _at: &TopicPartition) -> Option<Leader> {
        Some(Leader {
            id: BrokerId(self.0),
            epoch: LeaderEpoch(self.1),
            topic_id: Uuid::ZERO,
        })
    }

    fn has(&self, broker: BrokerId) -> bool {
        self.2.contains(&broker.0)
    }
}

const NEW: Led = Led(2, 5, &[1, 2, 3]);

fn place(offset: i64) -> Place {
    let epoch = EPOCH;
    Place { offset, epoch }
}

/// `t-0` alone, read up to offset 9 under epoch 3; what was read waits to be handed out.
fn read_up_to_nine() -> Fixture {
    let mut it = Fixture::new();
    let one = [(at(0), StartAt::Offset(0))];
    it.fetcher.assign(BTreeMap::from(one));
    it.fetch(&[batch("a", 5, 10), batch("b", 9, 10)]);
    it
}

#[test]
fn case_81_a_new_leader_is_asked_before_it_is_read_from() {
    let mut it = read_up_to_nine();
    assert!(it.fetcher.doubtful(it.now, &LedBy(ONE)).is_empty());
    assert_eq!(it.fetcher.poll_fetch(it.now, TWO, 2, &NEW), None);
    let asked = it.fetcher.doubtful(it.now, &NEW).remove(0);
    assert_eq!((asked.place, asked.leader.epoch.0), (place(9), 5));
    assert_eq!(it.fetcher.validated(&asked, Some(place(9))), None);
    let plan = it.fetcher.poll_fetch(it.now, TWO, 2, &NEW).unwrap();
    assert_eq!(plan.partitions[0].offset, 9);
    assert!(it.fetcher.doubtful(it.now, &NEW).is_empty());
}

#[test]
fn case_82_what_was_read_of_a_lost_end_is_dropped_and_the_rest_kept() {
    let mut it = read_up_to_nine();
    let asked = it.fetcher.doubtful(it.now, &NEW).remove(0);
    let cut = it.fetcher.validated(&asked, Some(place(6)));
    assert_eq!(cut, Some(place(6)));
    it.fetcher.cut(&at(0), asked.generation, place(6));
    assert_eq!(it.take(), ("a", 0));
    // What the second batch has before the cut is read again.
    assert_eq!((it.position(), it.fetcher.has_ready()), (Some(5), false));
    assert_eq!(it.fetcher.buffered(), 0);
    let again = it.fetcher.doubtful(it.now, &NEW).remove(0);
    assert_eq!(again.place, place(5));
    assert_eq!(it.fetcher.validated(&again, Some(place(6))), None);
    assert!(it.fetcher.poll_fetch(it.now, TWO, 2, &NEW).is_some());
}

#[test]
fn case_82_a_place_left_out_for_a_batch_that_is_too_large_is_checked_too() {
    let mut it = read_up_to_nine();
    while it.fetcher.has_ready() {
        it.take();
    }
    let (size, limit) = (9000, 5000);
    for _ in 0..2 {
        let plan = it.plan(ONE).unwrap();
        let frame = FrameTooLarge { size, limit };
        it.fetcher.too_large(ONE, &plan.partitions, frame);
    }
    assert!(it.fetcher.hand_out_error().is_some());
    // With a log that still has the place, it is the same batch.
    let asked = it.fetcher.doubtful(it.now, &NEW).remove(0);
    assert_eq!(it.fetcher.validated(&asked, Some(place(9))), None);
    assert!(it.fetcher.doubtful(it.now, &NEW).is_empty());
    assert_eq!(it.fetcher.poll_fetch(it.now, TWO, 2, &NEW), None);
    assert!(it.fetcher.hand_out_error().is_none());
    let newer = Led(3, 6, &[1, 2, 3]);
    let asked = it.fetcher.doubtful(it.now, &newer).remove(0);
    assert_eq!(it.fetcher.validated(&asked, Some(place(6))), Some(place(6)));
    it.fetcher.cut(&at(0), asked.generation, place(6));
    let asked = it.fetcher.doubtful(it.now, &newer).remove(0);
    assert_eq!(it.fetcher.validated(&asked, Some(place(6))), None);
    let three = BrokerId(3);
    let plan = it.fetcher.poll_fetch(it.now, three, 2, &newer).unwrap();
    assert_eq!(plan.partitions[0].offset, 6);
}

#[test]
fn case_83_a_leader_that_cannot_tell_is_read_from() {
    let mut it = read_up_to_nine();
    let asked = it.fetcher.doubtful(it.now, &NEW).remove(0);
    assert_eq!(it.fetcher.validated(&asked, None), None);
    assert!(it.fetcher.poll_fetch(it.now, TWO, 2, &NEW).is_some());
}

#[test]
fn case_83_without_epochs_nothing_is_asked() {
    let mut it = read_up_to_nine();
    let silent = Led(2, -1, &[1, 2]);
    assert!(it.fetcher.doubtful(it.now, &silent).is_empty());
    assert!(it.fetcher.poll_fetch(it.now, TWO, 2, &silent).is_some());
    it.fetcher.fetch_ended(TWO, None);
    it.fetcher.seek(&at(0), StartAt::Offset(2));
    assert!(it.fetcher.doubtful(it.now, &NEW).is_empty());
    assert!(it.fetcher.poll_fetch(it.now, TWO, 2, &NEW).is_some());
}

#[test]
fn case_84_a_leader_that_changes_meanwhile_is_asked_again_once() {
    let mut it = read_up_to_nine();
    let asked = it.fetcher.doubtful(it.now, &NEW).remove(0);
    let newer = Led(3, 6, &[1, 2, 3]);
    assert_eq!(it.fetcher.validated(&asked, Some(place(9))), None);
    let again = it.fetcher.doubtful(it.now, &newer).remove(0);
    assert_eq!(again.leader.epoch, LeaderEpoch(6));
    assert_eq!(it.fetcher.validated(&again, Some(place(9))), None);
    assert!(it.fetcher.doubtful(it.now, &newer).is_empty());
}

#[test]
fn case_85_a_check_that_a_seek_overtook_says_nothing() {
    let mut it = read_up_to_nine();
    let asked = it.fetcher.doubtful(it.now, &NEW).remove(0);
    it.fetcher.seek(&at(0), StartAt::Offset(8));
    assert_eq!(it.fetcher.validated(&asked, Some(place(6))), None);
    it.fetcher.cut(&at(0), asked.generation, place(6));
    assert_eq!(it.position(), Some(8));
}

#[test]
fn case_85_an_answer_that_lands_during_a_check_is_checked_too() {
    let mut it = read_up_to_nine();
    let planned = it.planned();
    let asked = it.fetcher.doubtful(it.now, &NEW).remove(0);
    it.answer(&planned, &[batch("c", 12, 10)]);
    assert_eq!(it.fetcher.validated(&asked, Some(place(6))), None);
    let again = it.fetcher.doubtful(it.now, &NEW).remove(0);
    assert_eq!(again.place, place(12));
    assert_eq!(it.fetcher.validated(&again, Some(place(6))), Some(place(6)));
    it.fetcher.cut(&at(0), again.generation, place(6));
    assert_eq!((it.take(), it.position()), (("a", 0), Some(5)));
}

#[test]
fn a_place_with_an_epoch_is_checked_before_its_first_fetch() {
    let mut it = Fixture::new();
    it.fetcher.seek(&at(0), StartAt::OffsetInEpoch(9, EPOCH));
    let asked = it.fetcher.doubtful(it.now, &NEW).remove(0);
    assert_eq!((asked.partition.clone(), asked.place), (at(0), place(9)));
    let others = it.fetcher.poll_fetch(it.now, TWO, 2, &NEW).unwrap();
    assert_eq!(others.partitions.len(), 1, "t-1 is not held up");
}

/// The broker that `t-0` is asked of, and whether it is asked as the leader alone.
fn source(it: &mut Fixture) -> Option<(i32, bool)> {
    let cluster = Led(1, EPOCH.0, &[1, 2]);
    for broker in [ONE, TWO] {
        if let Some(plan) = it.fetcher.poll_fetch(it.now, broker, 2, &cluster) {
            it.fetcher.fetch_ended(broker, None);
            return Some((broker.0, plan.leader_only));
        }
    }
    None
}

/// `t-0` alone, sent by its leader, broker 1, to another replica.
fn redirected(replica: i32, there: bool) -> Fixture {
    let mut it = read_up_to_nine();
    let planned = it.planned();
    let (replica, lease) = (BrokerId(replica), Duration::from_secs(300));
    it.fetcher.redirect(it.now, &planned, replica, there, lease);
    it
}

#[test]
fn a_closer_replica_is_read_from_until_its_lease_is_over() {
    let mut it = redirected(2, true);
    assert_eq!(source(&mut it), Some((2, false)));
    it.now += Duration::from_secs(299);
    assert_eq!(source(&mut it), Some((2, false)));
    it.now += Duration::from_secs(1);
    assert_eq!(
        source(&mut it),
        Some((1, false)),
        "the leader is asked again"
    );
}

#[test]
fn case_94_a_replica_that_is_unknown_gone_or_fails_leads_back_to_the_leader() {
    assert_eq!(source(&mut redirected(7, false)), Some((1, true)));
    assert_eq!(
        source(&mut redirected(7, true)),
        Some((1, false)),
        "gone since"
    );
    assert_eq!(source(&mut redirected(1, true)), Some((1, true)), "itself");
    let mut it = redirected(2, true);
    assert!(!it.fetcher.leave_replica(it.now, &at(0), ONE));
    assert!(it.fetcher.leave_replica(it.now, &at(0), TWO));
    assert!(!it.fetcher.leave_replica(it.now, &at(0), TWO), "once");
    assert_eq!((source(&mut it), it.position()), (Some((1, true)), Some(0)));
    it.now += Duration::from_secs(30);
    assert_eq!(source(&mut it), Some((1, false)), "it may name one again");
}
