//! Example by example: what one answer does to the picture, and when the next question leaves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::error::ErrorCode;
use crate::ids::{BrokerId, LeaderEpoch, TopicId, TopicPartition, Uuid};
use crate::machine::backoff::BackoffPolicy;
use crate::protocol::metadata::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};

const MS: Duration = Duration::from_millis(1);
const MAX_AGE: Duration = Duration::from_secs(300);
const RETRY: BackoffPolicy = BackoffPolicy {
    initial: Duration::from_millis(100),
    max: Duration::from_millis(1000),
};
const WRITE: Interest = Interest {
    create: true,
    idle: Duration::from_secs(60),
};

fn name(topic: &str) -> Arc<str> {
    Arc::from(topic)
}

/// An answer with brokers 1 to 3 and these topics.
fn answer(topics: Vec<MetadataResponseTopic>) -> MetadataResponse {
    let broker = |node_id| MetadataResponseBroker {
        node_id,
        host: format!("b{node_id}"),
        port: 9092,
        ..MetadataResponseBroker::default()
    };
    MetadataResponse {
        brokers: (1..=3).map(broker).collect(),
        topics,
        ..MetadataResponse::default()
    }
}

/// A topic with an id of these bytes and, for each partition, its leader and leader epoch.
fn topic(name: &str, id: u8, leaders: &[(i32, i32)]) -> MetadataResponseTopic {
    let partition = |(index, (leader, epoch)): (i32, &(i32, i32))| MetadataResponsePartition {
        partition_index: index,
        leader_id: *leader,
        leader_epoch: *epoch,
        ..MetadataResponsePartition::default()
    };
    MetadataResponseTopic {
        name: Some(name.to_owned()),
        topic_id: Uuid([id; 16]),
        partitions: (0..).zip(leaders).map(partition).collect(),
        ..MetadataResponseTopic::default()
    }
}

fn refused(name: &str, code: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code: code.0,
        ..topic(name, 0, &[])
    }
}

/// A machine at a time that the test moves.
struct Fixture {
    now: Instant,
    machine: MetadataMachine,
}

impl Fixture {
    fn new() -> Self {
        let now = Instant::now();
        let machine = MetadataMachine::new(now, RETRY, 1, MAX_AGE);
        Self { now, machine }
    }

    /// A machine that has been told these topics of the ones it wants.
    fn knowing(topics: Vec<MetadataResponseTopic>) -> Self {
        let mut it = Self::new();
        for topic in &topics {
            it.want(topic.name.as_deref().unwrap(), Interest::to_read(false));
        }
        it.ask(topics);
        it
    }

    fn want(&mut self, topic: &str, interest: Interest) {
        self.machine.want(self.now, &name(topic), interest);
    }

    /// Takes the query that must be due now and answers it.
    fn ask(&mut self, topics: Vec<MetadataResponseTopic>) -> Query {
        let query = self.machine.poll_query(self.now).expect("a query is due");
        let now = self.now;
        self.machine.handle_response(now, &query, answer(topics));
        query
    }

    /// Refreshes as soon as it may be and answers that.
    fn refresh(&mut self, topics: Vec<MetadataResponseTopic>) -> Query {
        self.machine.refresh(self.now);
        self.now = self.now.max(self.machine.poll_timeout().unwrap());
        self.ask(topics)
    }

    fn wait(&self) -> Duration {
        self.machine.poll_timeout().unwrap() - self.now
    }

    fn leader(&self, topic: &str, partition: i32) -> (i32, i32) {
        let found = self.machine.snapshot().leader(topic, partition);
        let (leader, epoch) = found.expect("a leader is known");
        (leader.0, epoch.0)
    }

    fn names(query: &Query) -> Vec<&str> {
        query.topics.iter().map(|topic| &**topic).collect()
    }
}

#[test]
fn the_first_question_is_due_at_once_and_the_next_after_the_maximum_age() {
    let mut it = Fixture::new();
    let query = it.ask(vec![]);
    assert!(query.topics.is_empty() && !query.create);
    assert_eq!(it.wait(), MAX_AGE);
    it.now += MAX_AGE - MS;
    assert_eq!(it.machine.poll_query(it.now), None);
    it.now += MS;
    assert!(it.machine.poll_query(it.now).is_some());
}

#[test]
fn a_new_topic_is_asked_for_at_once_and_a_known_one_is_not() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(1, 0)])]);
    it.want("a", Interest::to_read(false));
    assert_eq!(it.wait(), MAX_AGE);
    it.want("b", Interest::to_read(false));
    let query = it.ask(vec![topic("b", 2, &[(2, 0)])]);
    assert_eq!(Fixture::names(&query), ["b"]);
    assert_eq!(it.leader("b", 0), (2, 0));
    assert_eq!(
        it.wait(),
        MAX_AGE,
        "the known one is no fresher than before"
    );
}

#[test]
fn a_topic_wanted_while_a_query_is_under_way_is_asked_for_right_after_it() {
    let mut it = Fixture::new();
    let query = it.machine.poll_query(it.now).unwrap();
    it.want("a", Interest::to_read(false));
    assert_eq!(it.machine.poll_timeout(), None, "one question at a time");
    it.machine.handle_response(it.now, &query, answer(vec![]));
    let query = it.ask(vec![topic("a", 1, &[(1, 0)])]);
    assert_eq!(Fixture::names(&query), ["a"]);
}

#[test]
fn case_99_a_partition_that_a_stale_broker_omits_survives() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(1, 0), (2, 0), (3, 0)])]);
    it.refresh(vec![topic("a", 1, &[(1, 0)])]);
    assert_eq!(it.leader("a", 2), (3, 0));
    assert!(it.wait() <= RETRY.max, "it is asked for again soon");
    it.refresh(vec![topic("a", 1, &[(1, 0), (2, 0), (3, 1), (1, 0)])]);
    assert_eq!(it.leader("a", 3), (1, 0), "added partitions are found");
    assert_eq!(it.wait(), MAX_AGE);
}

#[test]
fn case_100_a_topic_without_leaders_is_asked_for_again_soon() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(-1, 3), (2, 0)])]);
    assert!(it.machine.snapshot().topic("a").is_some());
    assert_eq!(it.machine.snapshot().leader("a", 0), None);
    assert!(it.wait() >= RETRY.initial * 8 / 10 && it.wait() <= RETRY.initial * 12 / 10);
    it.refresh(vec![topic("a", 1, &[(1, 4), (2, 0)])]);
    assert_eq!(it.wait(), MAX_AGE);
}

#[test]
fn a_leader_that_is_not_among_the_brokers_is_asked_for_again_soon() {
    let it = Fixture::knowing(vec![topic("a", 1, &[(9, 3)])]);
    assert_eq!(it.machine.snapshot().leader("a", 0), None);
    assert!(it.wait() <= RETRY.initial * 12 / 10);
}

#[test]
fn case_101_an_older_epoch_does_not_move_a_leader_back() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(2, 5)])]);
    it.refresh(vec![topic("a", 1, &[(1, 4)])]);
    assert_eq!(it.leader("a", 0), (2, 5));
    it.refresh(vec![topic("a", 1, &[(3, 6)])]);
    assert_eq!(it.leader("a", 0), (3, 6));
}

#[test]
fn case_98_a_new_topic_id_starts_a_new_history() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(2, 5), (1, 5)])]);
    it.refresh(vec![topic("a", 2, &[(1, 0)])]);
    assert_eq!(it.leader("a", 0), (1, 0));
    let known = Arc::clone(it.machine.snapshot().topic("a").unwrap());
    assert_eq!(known.id, TopicId(Uuid([2; 16])));
    assert_eq!(known.partitions.len(), 1, "nothing of the old topic stays");
}

#[test]
fn a_broker_that_gives_no_topic_id_does_not_end_the_history() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(2, 5)])]);
    it.refresh(vec![topic("a", 0, &[(1, 4)])]);
    assert_eq!(it.leader("a", 0), (2, 5));
    it.refresh(vec![topic("a", 1, &[(1, 4)])]);
    assert_eq!(it.leader("a", 0), (2, 5), "it is the same topic as before");
    let mut it = Fixture::knowing(vec![topic("a", 0, &[(2, 5)])]);
    it.refresh(vec![topic("a", 1, &[(1, 4)])]);
    assert_eq!(it.leader("a", 0), (2, 5), "ids came with an upgrade");
}

#[test]
fn a_broker_without_leader_epochs_is_believed() {
    let mut it = Fixture::knowing(vec![topic("a", 0, &[(2, 5)])]);
    it.refresh(vec![topic("a", 0, &[(1, LeaderEpoch::NONE.0)])]);
    assert_eq!(it.leader("a", 0), (1, -1));
}

#[test]
fn case_22_a_topic_that_a_broker_does_not_know_for_a_while_stays_known() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(2, 5)])]);
    let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    it.refresh(vec![refused("a", code)]);
    assert_eq!(it.leader("a", 0), (2, 5));
    assert_eq!(it.machine.snapshot().topic_error("a"), Some(code));
    it.refresh(vec![topic("a", 1, &[(2, 5)])]);
    assert_eq!(it.machine.snapshot().topic_error("a"), None);
}

#[test]
fn case_23_no_partitions_and_no_mention_are_no_answer() {
    for topics in [vec![topic("a", 1, &[])], vec![]] {
        let mut it = Fixture::new();
        it.want("a", WRITE);
        it.ask(topics);
        let error = it.machine.snapshot().topic_error("a");
        assert_eq!(error, Some(ErrorCode::LEADER_NOT_AVAILABLE));
        assert!(it.wait() <= RETRY.initial * 12 / 10);
    }
}

#[test]
fn an_answer_without_brokers_changes_nothing_and_counts_as_a_failure() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(2, 5)])]);
    let before = Arc::clone(it.machine.snapshot());
    it.machine.refresh(it.now);
    it.now += it.wait();
    let query = it.machine.poll_query(it.now).unwrap();
    let empty = MetadataResponse::default();
    it.machine.handle_response(it.now, &query, empty);
    assert_eq!(it.machine.snapshot().nodes, before.nodes);
    assert_eq!(it.leader("a", 0), (2, 5));
    assert!(it.wait() >= RETRY.initial * 8 / 10 && it.wait() <= RETRY.initial * 12 / 10);
}

#[test]
fn a_topic_that_was_not_asked_for_is_not_kept() {
    let mut it = Fixture::new();
    it.ask(vec![
        topic("a", 1, &[(1, 0)]),
        refused("b", ErrorCode::INVALID_TOPIC_EXCEPTION),
    ]);
    assert!(it.machine.snapshot().topic("a").is_none());
    assert_eq!(it.machine.snapshot().topic_error("b"), None);
}

#[test]
fn case_106_refreshes_share_one_question_a_backoff() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(1, 0)])]);
    let mut asked = 0;
    for _ in 0..1000 {
        it.machine.refresh(it.now);
        if let Some(query) = it.machine.poll_query(it.now) {
            asked += 1;
            let same = answer(vec![topic("a", 1, &[(1, 0)])]);
            it.machine.handle_response(it.now, &query, same);
        }
        it.now += MS;
    }
    assert!((9..=10).contains(&asked), "{asked} in a second");
}

#[test]
fn case_106_a_failing_cluster_is_asked_ever_more_slowly() {
    let mut it = Fixture::new();
    let mut waits = Vec::new();
    for round in 0..6 {
        it.machine.poll_query(it.now).unwrap();
        it.machine.handle_failure(it.now);
        it.machine.refresh(it.now);
        it.want(&format!("new-{round}"), WRITE);
        waits.push(it.wait());
        it.now += it.wait();
    }
    for (wait, exact) in waits.iter().zip([100, 200, 400, 800, 1000, 1000]) {
        let exact = MS * exact;
        assert!(
            *wait >= exact * 8 / 10 && *wait <= exact * 12 / 10,
            "{waits:?}"
        );
    }
}

#[test]
fn a_maximum_age_of_zero_is_no_hot_loop() {
    let now = Instant::now();
    let machine = MetadataMachine::new(now, RETRY, 1, Duration::ZERO);
    let mut it = Fixture { now, machine };
    it.ask(vec![]);
    assert_eq!(it.wait(), RETRY.initial);
}

#[test]
fn only_missing_topics_that_somebody_writes_to_are_created() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(1, 0)])]);
    it.want("a", WRITE);
    it.want("b", Interest::to_read(false));
    let query = it.ask(vec![topic("a", 1, &[(1, 0)]), topic("b", 2, &[(1, 0)])]);
    assert!(!query.create, "a is known and b only read");
    it.want("c", WRITE);
    let query = it.ask(vec![topic("c", 3, &[(1, 0)])]);
    assert!(query.create && query.request().allow_auto_topic_creation);
    assert_eq!(Fixture::names(&query), ["c"]);
}

#[test]
fn a_topic_that_cannot_be_created_does_not_keep_the_others_from_being_refreshed() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(1, 0)])]);
    let missing = || refused("b", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    it.want("b", WRITE);
    assert!(it.ask(vec![missing()]).create);
    it.refresh(vec![topic("a", 1, &[(2, 1)]), missing()]);
    assert_eq!(it.leader("a", 0), (2, 1));
    let query = it.refresh(vec![missing()]);
    assert!(query.create, "the missing topic has its turn again");
}

#[test]
fn a_refusal_that_will_not_pass_by_itself_is_checked_again_by_the_next_look_up() {
    let mut it = Fixture::new();
    it.want("a", WRITE);
    it.ask(vec![refused("a", ErrorCode::TOPIC_AUTHORIZATION_FAILED)]);
    assert_eq!(it.wait(), MAX_AGE, "nobody needs it now");
    it.want("a", WRITE);
    assert_eq!(it.wait(), RETRY.initial);
    it.now += RETRY.initial;
    it.ask(vec![topic("a", 1, &[(1, 0)])]);
    assert_eq!(it.leader("a", 0), (1, 0));
}

#[test]
fn a_topic_is_dropped_after_the_longest_idle_time_that_anybody_asked_for() {
    let mut it = Fixture::new();
    let idle = |seconds| Interest {
        create: false,
        idle: Duration::from_secs(seconds),
    };
    it.want("a", idle(60));
    it.want("a", idle(20));
    it.want("b", idle(20));
    let both = || vec![topic("a", 1, &[(1, 0)]), topic("b", 2, &[(1, 0)])];
    it.ask(both());
    it.now += Duration::from_secs(20) - MS;
    assert_eq!(Fixture::names(&it.refresh(both())), ["a", "b"]);
    it.now += MS;
    assert_eq!(Fixture::names(&it.refresh(both())), ["a"]);
    assert!(it.machine.snapshot().topic("b").is_none());
    it.now += Duration::from_secs(60);
    assert!(it.refresh(vec![]).topics.is_empty());
    assert!(it.machine.snapshot().topic("a").is_none());
}

#[test]
fn case_105_a_reader_that_names_its_topic_with_each_answer_keeps_it_however_late_questions_are() {
    let mut it = Fixture::new();
    for max_age in [1, 300, 3000].map(Duration::from_secs) {
        let reads = Interest::to_read(false).until_next_answer(max_age);
        it.want("a", reads);
        for late in [Duration::ZERO, MS, max_age / 2] {
            it.now += max_age + late;
            let asked = it.refresh(vec![topic("a", 1, &[(1, 0)])]);
            assert_eq!(Fixture::names(&asked), ["a"]);
            it.want("a", reads);
        }
    }
}

#[test]
fn a_missing_topic_is_given_up_ten_seconds_after_its_last_look_up() {
    let mut it = Fixture::new();
    it.want("a", WRITE);
    let missing = || vec![refused("a", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)];
    it.ask(missing());
    it.now += Duration::from_millis(9_999);
    assert_eq!(Fixture::names(&it.ask(missing())), ["a"]);
    it.now += Duration::from_secs(1);
    assert!(it.ask(missing()).topics.is_empty());
    assert_eq!(it.machine.snapshot().topic_error("a"), None);
    it.want("a", WRITE);
    assert!(it.wait() <= RETRY.max, "a look-up starts over");
}

#[test]
fn a_hint_moves_a_leader_forward_only_and_never_to_an_unknown_broker() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(1, 5)])]);
    let mut hint = |at: &str, partition, leader, epoch, node: Option<Node>| {
        let (leader, epoch) = (BrokerId(leader), LeaderEpoch(epoch));
        it.machine.handle_leader_hints([LeaderHint {
            topic_id: TopicId::ZERO,
            partition: TopicPartition::new(at, partition),
            leader,
            epoch,
            node,
        }])
    };
    assert!(!hint("a", 0, 2, 5, None), "no newer than what is known");
    assert!(!hint("a", 1, 2, 6, None), "no such partition");
    assert!(!hint("b", 0, 2, 6, None), "no such topic");
    assert!(!hint("a", 0, 9, 6, None), "no such broker");
    assert!(hint("a", 0, 2, 6, None));
    let node = Node::new(9, "b9".to_owned(), 9092, None);
    assert!(hint("a", 0, 9, 7, node));
    assert_eq!(it.leader("a", 0), (9, 7));
    assert!(it.machine.snapshot().nodes.contains_key(&BrokerId(9)));
    it.refresh(vec![topic("a", 1, &[(1, 5)])]);
    let known = it.machine.snapshot().topic("a").unwrap().partitions[0].clone();
    let told = (Some(BrokerId(9)), LeaderEpoch(7));
    assert_eq!(
        (known.leader, known.leader_epoch),
        told,
        "a lagging broker undid it"
    );
    assert_eq!(
        it.machine.snapshot().leader("a", 0),
        None,
        "broker 9 is not listed"
    );
    assert!(
        it.wait() <= RETRY.initial * 12 / 10,
        "so that it is asked again"
    );
}

#[test]
fn a_broker_with_an_impossible_port_is_left_out() {
    for port in [-1, 65_536] {
        assert_eq!(Node::new(1, "b1".to_owned(), port, None), None);
    }
}

#[test]
fn an_answer_that_says_nothing_new_leaves_the_picture_of_a_topic_as_it_is() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(1, 5)])]);
    let before = it.machine.snapshot().topics["a"].clone();
    it.refresh(vec![topic("a", 1, &[(1, 5)])]);
    assert!(Arc::ptr_eq(&before, &it.machine.snapshot().topics["a"]));
    it.refresh(vec![topic("a", 1, &[(2, 6)])]);
    assert!(!Arc::ptr_eq(&before, &it.machine.snapshot().topics["a"]));
}

#[test]
fn who_begins_to_use_topics_one_after_the_other_asks_about_each_once() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(1, 5)])]);
    let due = it.machine.poll_timeout().unwrap();
    for (number, interest) in (2..200).zip([WRITE, Interest::to_read(false)].iter().cycle()) {
        let name = format!("t{number}");
        it.want(&name, *interest);
        assert_eq!(it.wait(), Duration::ZERO);
        let query = it.ask(vec![topic(&name, number, &[(1, 0)])]);
        assert_eq!(Fixture::names(&query), [name]);
        assert_eq!(query.create, interest.create);
        it.now += MS;
    }
    assert_eq!(
        it.machine.poll_timeout(),
        Some(due),
        "the rest is as it was"
    );
}

#[test]
fn topics_that_came_up_during_a_question_are_asked_about_after_it() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(1, 5)])]);
    it.want("b", WRITE);
    let query = it.machine.poll_query(it.now).unwrap();
    it.want("c", Interest::to_read(false));
    it.want("d", WRITE);
    let (now, told) = (it.now, answer(vec![topic("b", 2, &[(1, 0)])]));
    it.machine.handle_response(now, &query, told);
    let query = it.ask(vec![topic("d", 4, &[(1, 0)])]);
    assert_eq!((Fixture::names(&query), query.create), (vec!["d"], true));
    let query = it.ask(vec![topic("c", 3, &[(1, 0)])]);
    assert_eq!((Fixture::names(&query), query.create), (vec!["c"], false));
    assert!(it.machine.poll_query(it.now).is_none());
}

#[test]
fn two_pictures_tell_which_topics_differ() {
    let mut it = Fixture::knowing(vec![
        topic("a", 1, &[(1, 5)]),
        topic("c", 3, &[(1, 5)]),
        topic("e", 5, &[(1, 5)]),
    ]);
    let before = Arc::clone(it.machine.snapshot());
    assert_eq!(before.changed_since(&before), Vec::<&Arc<str>>::new());
    it.want("b", WRITE);
    it.ask(vec![topic("b", 2, &[(1, 0)])]);
    it.refresh(vec![
        topic("a", 1, &[(1, 5)]),
        topic("b", 2, &[(1, 0)]),
        topic("c", 3, &[(2, 6)]),
        topic("e", 5, &[(1, 5)]),
    ]);
    let after = Arc::clone(it.machine.snapshot());
    assert_eq!(after.changed_since(&before), [&name("b"), &name("c")]);
    assert_eq!(before.changed_since(&after), [&name("b"), &name("c")]);
}

#[test]
fn a_topic_whose_leader_comes_back_into_the_list_of_brokers_differs() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(3, 6)]), topic("b", 2, &[(1, 0)])]);
    let before = Arc::clone(it.machine.snapshot());
    // A broker that lags behind answers about another topic, and does not know of broker 3.
    it.want("c", WRITE);
    let query = it.machine.poll_query(it.now).unwrap();
    let mut told = answer(vec![topic("c", 3, &[(1, 0)])]);
    told.brokers.retain(|broker| broker.node_id != 3);
    it.machine.handle_response(it.now, &query, told);
    let without = Arc::clone(it.machine.snapshot());
    assert_eq!(without.leader("a", 0), None);
    assert_eq!(without.changed_since(&before), [&name("a"), &name("c")]);
    it.refresh(vec![
        topic("a", 1, &[(3, 6)]),
        topic("b", 2, &[(1, 0)]),
        topic("c", 3, &[(1, 0)]),
    ]);
    let after = Arc::clone(it.machine.snapshot());
    assert_eq!(it.leader("a", 0), (3, 6));
    assert_eq!(after.changed_since(&without), [&name("a")]);
}

#[test]
fn the_hints_of_one_answer_make_one_picture() {
    let mut it = Fixture::knowing(vec![
        topic("a", 1, &[(1, 5), (1, 5), (1, 5)]),
        topic("b", 2, &[(1, 5)]),
        topic("c", 3, &[(1, 5)]),
    ]);
    let before = Arc::clone(it.machine.snapshot());
    let hint = |at: &str, partition, epoch| LeaderHint {
        topic_id: TopicId::ZERO,
        partition: TopicPartition::new(at, partition),
        leader: BrokerId(2),
        epoch: LeaderEpoch(epoch),
        node: None,
    };
    let hints = [
        hint("a", 0, 6),
        hint("b", 0, 5),
        hint("a", 2, 7),
        hint("c", 0, 6),
    ];
    assert!(it.machine.handle_leader_hints(hints), "three are news");
    let after = Arc::clone(it.machine.snapshot());
    assert_eq!(after.changed_since(&before), [&name("a"), &name("c")]);
    assert_eq!([it.leader("a", 0), it.leader("a", 2)], [(2, 6), (2, 7)]);
    assert_eq!([it.leader("a", 1), it.leader("b", 0)], [(1, 5), (1, 5)]);
    assert!(
        !it.machine
            .handle_leader_hints([hint("a", 0, 6), hint("b", 0, 4)])
    );
    assert!(
        Arc::ptr_eq(&after, it.machine.snapshot()),
        "no news, no picture"
    );
}

#[test]
fn a_hint_about_a_deleted_topic_does_not_move_the_leaders_of_the_one_made_anew() {
    let mut it = Fixture::knowing(vec![topic("a", 1, &[(1, 8)])]);
    it.refresh(vec![topic("a", 2, &[(1, 0)])]);
    let mut hint = |id, epoch| {
        it.machine.handle_leader_hints([LeaderHint {
            topic_id: TopicId(Uuid([id; 16])),
            partition: TopicPartition::new("a", 0),
            leader: BrokerId(3),
            epoch: LeaderEpoch(epoch),
            node: None,
        }])
    };
    assert!(!hint(1, 9), "of the old topic");
    assert!(hint(2, 1));
    assert!(hint(0, 2), "where no id is known, the name must do");
    it.refresh(vec![topic("a", 2, &[(2, 3)])]);
    assert_eq!(it.leader("a", 0), (2, 3), "the true leader is believed");
}
