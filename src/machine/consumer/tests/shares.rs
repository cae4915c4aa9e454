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

/// All partitions are led by broker 1.
fn one_leads(limits: FetchLimits, partitions: i32) -> Fixture {
    let mut it = Fixture::with(limits);
    let each = |n| (at(n), StartAt::Offset(0));
    it.fetcher.assign((0..partitions).map(each).collect());
    it
}

/// Moves partitions from broker 1 to the closer replicas 2, 3, .. that their leader names.
fn redirect(it: &mut Fixture, partitions: i32, lease: Duration) {
    let plan = it.fetcher.poll_fetch(it.now, ONE, 1, &LedBy(ONE)).unwrap();
    it.fetcher.fetch_ended(ONE, None);
    for planned in &plan.partitions {
        let replica = BrokerId(2 + planned.partition.partition % partitions);
        let fetcher = &mut it.fetcher;
        fetcher.redirect(it.now, planned, replica, true, lease);
    }
}

#[test]
fn closer_replicas_share_the_budget_as_leaders_do() {
    const REPLICAS: i32 = 8;
    let limits = FetchLimits {
        budget: 64_000,
        max_bytes: 64_000,
        partition_max_bytes: 64_000,
        ..LIMITS
    };
    let mut it = one_leads(limits, REPLICAS);
    redirect(&mut it, REPLICAS, Duration::from_secs(300));
    let sources = it.fetcher.sources(it.now, &LedBy(ONE));
    let read_from: Vec<i32> = sources.iter().map(|id| id.0).collect();
    assert_eq!(read_from, Vec::from_iter(2..2 + REPLICAS));
    let mut reserved = Vec::new();
    for id in it.fetcher.in_turn((1..=9).map(BrokerId)) {
        let plan = it
            .fetcher
            .poll_fetch(it.now, id, sources.len(), &LedBy(ONE));
        reserved.extend(plan.map(|plan| plan.max_bytes));
        assert!(it.fetcher.reserved() <= limits.budget);
    }
    assert_eq!(reserved, [8_000; 8], "each has its part");
}
