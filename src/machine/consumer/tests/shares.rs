//! The budget is shared: no broker is kept from being asked by those that are asked already.

use super::*;

/// Each partition is led by the broker of its number.
struct OneEach;

impl Cluster for OneEach {
    fn leader(&self, at: &TopicPartition) -> Option<Leader> {
        Some(Leader {
            id: BrokerId(at.partition),
            epoch: EPOCH,
            topic_id: Uuid::ZERO,
        })
    }

    fn has(&self, _broker: BrokerId) -> bool {
        true
    }
}

/// A fetcher of as many partitions as there are brokers, which has seen compressed data.
fn spread(brokers: i32, limits: FetchLimits) -> Fixture {
    let mut it = Fixture::with(limits);
    let each = |n| (at(n), StartAt::Offset(0));
    it.fetcher.assign((1..=brokers).map(each).collect());
    it.fetcher.opened(10);
    it.fetcher.handed_over();
    it
}

/// Asks each broker in turn that can be asked; whom.
fn ask(it: &mut Fixture, brokers: i32) -> Vec<FetchPlan> {
    let count = usize::try_from(brokers).unwrap();
    let turns = it.fetcher.in_turn((1..=brokers).map(BrokerId));
    let mut plan = |broker| it.fetcher.poll_fetch(it.now, broker, count, &OneEach);
    turns.into_iter().filter_map(&mut plan).collect()
}

#[test]
fn with_compressed_data_as_many_brokers_as_there_are_can_be_asked_at_once() {
    let limits = FetchLimits {
        budget: 64_000,
        max_bytes: 64_000,
        partition_max_bytes: 64_000,
        ..LIMITS
    };
    for brokers in [1, 2, 3, 4, 5, 40, 1000] {
        let mut it = spread(brokers, limits);
        let plans = ask(&mut it, brokers);
        assert_eq!(plans.len(), usize::try_from(brokers).unwrap());
        let least = plans.iter().map(|plan| plan.max_bytes).min().unwrap();
        let most = plans.iter().map(|plan| plan.max_bytes).max().unwrap();
        assert_eq!(least, most, "to equal parts");
        assert!(it.fetcher.reserved() <= 48_000, "polls have room");
    }
}

#[test]
fn a_user_that_is_slow_gets_records_of_every_broker() {
    const BROKERS: i32 = 8;
    let mut it = spread(BROKERS, LIMITS);
    let mut answers = BTreeMap::new();
    for taken in 0..80 {
        // Brokers that always have something, and answer at once.
        loop {
            let count = usize::try_from(BROKERS).unwrap();
            let turns = it.fetcher.in_turn((1..=BROKERS).map(BrokerId));
            let mut plans = turns
                .into_iter()
                .filter_map(|id| it.fetcher.poll_fetch(it.now, id, count, &OneEach));
            let Some(plan) = plans.next() else { break };
            let planned = &plan.partitions[0];
            it.answer(planned, &[batch("some", planned.offset + 1, 90)]);
            it.fetcher.fetch_ended(plan.broker, None);
            *answers.entry(plan.broker.0).or_insert(0) += 1;
        }
        it.fetcher.hand_out().unwrap_or_else(|| panic!("{taken}"));
    }
    let brokers: Vec<i32> = answers.keys().copied().collect();
    assert_eq!(brokers, Vec::from_iter(1..=BROKERS), "{answers:?}");
    assert!(answers.values().all(|count| *count >= 8), "{answers:?}");
}
