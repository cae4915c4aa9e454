//! Example by example: what a member says, and what answers, silence and slow users do to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::{TopicId, TopicPartition, Uuid};
use crate::machine::group::world::RETRY;
use crate::machine::group::{Act, Ask, Call, Event, Limit, Partitions, Topology, Wanted};
use crate::machine::metadata::TopicMetadata;
use crate::protocol::EncodeError;
use crate::protocol::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
    RequestTopicPartitions, ResponseTopicPartitions,
};

const SEC: Duration = Duration::from_secs(1);

type Beat = ConsumerGroupHeartbeatRequest;

/// A member, its clock, and the answers that a test gives it.
struct Rig {
    member: Member,
    now: Instant,
    /// Whether steps of handovers are done at once.
    quick: bool,
    acts: Vec<Act>,
}

fn rig(instance: Option<&str>) -> Rig {
    let settings = Settings {
        group_id: "g".to_owned(),
        member_id: "me".to_owned(),
        instance_id: instance.map(str::to_owned),
        rack: Some("here".to_owned()),
        assignor: Some("uniform".to_owned()),
        max_poll_interval: SEC * 300,
        request_timeout: SEC * 30,
        commit_limit: SEC * 60,
        retry: RETRY,
    };
    let now = Instant::now();
    let mut member = Member::new(now, settings, 1);
    member.subscribe(wanted(&["a"], None));
    let mut rig = Rig {
        member,
        now,
        quick: true,
        acts: Vec::new(),
    };
    rig.pictured(&[("a", 1)]);
    rig
}

fn wanted(topics: &[&str], pattern: Option<&str>) -> Wanted {
    Wanted {
        topics: topics.iter().map(|name| Arc::from(*name)).collect(),
        pattern: pattern.map(str::to_owned),
    }
}

fn id(n: u8) -> TopicId {
    let mut bytes = [0; 16];
    bytes[15] = n;
    TopicId(Uuid(bytes))
}

fn set(topic: &str, partitions: &[i32]) -> Partitions {
    let at = |partition: &i32| TopicPartition::new(topic, *partition);
    partitions.iter().map(at).collect()
}

fn owned(topic: u8, partitions: &[i32]) -> Vec<RequestTopicPartitions> {
    vec![RequestTopicPartitions {
        topic_id: id(topic).0,
        partitions: partitions.to_vec(),
    }]
}

fn lost() -> Error {
    Error::new(ErrorKind::Disconnected, "lost")
}

fn answer(epoch: i32, assigned: Option<&[(u8, &[i32])]>) -> ConsumerGroupHeartbeatResponse {
    let topic = |(topic, partitions): &(u8, &[i32])| ResponseTopicPartitions {
        topic_id: id(*topic).0,
        partitions: partitions.to_vec(),
    };
    ConsumerGroupHeartbeatResponse {
        member_id: Some("me".to_owned()),
        member_epoch: epoch,
        heartbeat_interval_ms: 3_000,
        assignment: assigned.map(|all| Assignment {
            topic_partitions: all.iter().map(topic).collect(),
        }),
        ..ConsumerGroupHeartbeatResponse::default()
    }
}

fn refusal(code: ErrorCode) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse {
        error_code: code.0,
        error_message: Some("the broker's words".to_owned()),
        ..ConsumerGroupHeartbeatResponse::default()
    }
}

impl Rig {
    /// The next request; steps of handovers are taken on the way.
    fn call(&mut self) -> Option<(u64, Beat)> {
        loop {
            let Some(act) = self.member.poll_act(self.now) else {
                let call = self.member.poll_call(self.now)?;
                let Call {
                    number,
                    ask: Ask::Beat(request),
                    ..
                } = call
                else {
                    panic!("{call:?}");
                };
                return Some((number, request));
            };
            if let Some(step) = act.step().filter(|_| self.quick) {
                self.member.handover.done(step);
            }
            self.acts.push(act);
        }
    }

    #[track_caller]
    fn beat(&mut self) -> (u64, Beat) {
        self.call().expect("a heartbeat")
    }

    #[track_caller]
    fn silent(&mut self) {
        let call = self.call();
        assert_eq!(call, None);
    }

    fn answer(&mut self, number: u64, answer: ConsumerGroupHeartbeatResponse) {
        self.member.handle_beat(self.now, number, Ok(answer));
    }

    fn fail(&mut self, number: u64, error: Error) {
        self.member.handle_beat(self.now, number, Err(error));
        self.now += SEC;
    }

    /// Joins and gets these; the acknowledgement is answered.
    fn settle(&mut self, epoch: i32, assigned: &[(u8, &[i32])]) {
        let (number, request) = self.beat();
        assert_eq!(request.member_epoch, 0);
        self.answer(number, answer(epoch, Some(assigned)));
        let (number, request) = self.beat();
        assert!(request.topic_partitions.is_some(), "{request:?}");
        self.answer(number, answer(epoch, None));
        self.silent();
    }

    fn pictured(&mut self, topics: &[(&str, u8)]) {
        let topic = |(name, n): &(&str, u8)| {
            let topic = TopicMetadata {
                name: (*name).into(),
                id: id(*n),
                is_internal: false,
                partitions: Vec::new(),
            };
            (Arc::from(*name), Some(Arc::new(topic)))
        };
        let topics = topics.iter().map(topic).collect();
        let racks = BTreeMap::new();
        self.member.handle_topology(&Topology { topics, racks });
    }

    fn owned(&self) -> &Partitions {
        self.member.handover.owned()
    }

    fn events(&mut self) -> Vec<Event> {
        self.acts.drain(..).filter_map(Act::into_event).collect()
    }

    /// Polls as a user does who gets nothing, or an error.
    fn poll(&mut self) -> Option<Error> {
        self.member.poll_begins();
        self.member.polls.ends(self.now);
        self.member.take_error()
    }

    /// Finishes the step under way.
    fn finish_step(&mut self) {
        let step = self.acts.iter().rev().find_map(Act::step);
        self.member.handover.done(step.unwrap());
    }
}

#[test]
fn a_join_says_everything_and_later_heartbeats_what_has_changed() {
    let mut rig = rig(None);
    let (number, join) = rig.beat();
    let expected = Beat {
        group_id: "g".to_owned(),
        member_id: "me".to_owned(),
        member_epoch: 0,
        instance_id: None,
        rack_id: Some("here".to_owned()),
        rebalance_timeout_ms: 300_000,
        subscribed_topic_names: Some(vec!["a".to_owned()]),
        subscribed_topic_regex: None,
        server_assignor: Some("uniform".to_owned()),
        topic_partitions: Some(Vec::new()),
    };
    assert_eq!(join, expected);
    rig.silent();
    rig.answer(number, answer(1, Some(&[(1, &[0, 1])])));
    let (number, told) = rig.beat();
    let bare = Beat {
        group_id: "g".to_owned(),
        member_id: "me".to_owned(),
        member_epoch: 1,
        ..Beat::default()
    };
    let acknowledges = Beat {
        topic_partitions: Some(owned(1, &[0, 1])),
        ..bare.clone()
    };
    assert_eq!(told, acknowledges);
    rig.answer(number, answer(1, None));
    rig.silent();
    assert_eq!(rig.member.poll_timeout(rig.now), Some(rig.now + SEC * 3));
    rig.now += SEC * 3;
    assert_eq!(rig.beat().1, bare, "nothing new");
}

#[test]
fn a_new_subscription_is_said_at_once_and_a_pattern_is_taken_back() {
    let mut rig = rig(None);
    rig.settle(1, &[(1, &[0])]);
    for (topics, pattern, names, regex) in [
        (&["a"][..], Some("b.*"), None, Some("b.*")),
        (&["a", "c"], None, Some(vec!["a", "c"]), Some("")),
        (&["a"], None, Some(vec!["a"]), None),
    ] {
        rig.member.subscribe(wanted(topics, pattern));
        let (number, said) = rig.beat();
        let names = names.map(|all| all.iter().map(ToString::to_string).collect());
        assert_eq!(said.subscribed_topic_names, names);
        assert_eq!(said.subscribed_topic_regex.as_deref(), regex);
        assert_eq!((said.topic_partitions, said.server_assignor), (None, None));
        rig.answer(number, answer(1, None));
    }
}

#[test]
fn case_70_partitions_are_given_up_first_and_the_acknowledgement_is_said_again_if_lost() {
    let mut rig = rig(None);
    rig.settle(1, &[(1, &[0, 1])]);
    rig.now += SEC * 3;
    let (number, _) = rig.beat();
    rig.quick = false;
    rig.acts.clear();
    rig.answer(number, answer(1, Some(&[(1, &[1])])));
    for _ in 0..5 {
        rig.silent();
        assert_eq!(*rig.owned(), set("a", &[0, 1]), "not given up yet");
        rig.finish_step();
    }
    rig.silent();
    assert_eq!(*rig.owned(), set("a", &[1]), "the listener hears the rest");
    rig.quick = true;
    rig.finish_step();
    let (number, told) = rig.beat();
    assert_eq!(told.topic_partitions, Some(owned(1, &[1])));
    rig.fail(number, lost());
    assert!(rig.member.line.take_suspect());
    let (number, again) = rig.beat();
    assert_eq!(again.topic_partitions, Some(owned(1, &[1])));
    assert_eq!(again.rebalance_timeout_ms, 300_000, "everything again");
    assert_eq!((again.member_epoch, again.member_id.as_str()), (1, "me"));
    rig.answer(number, answer(2, Some(&[(1, &[1])])));
    rig.silent();
    let events = [
        Event::Revoked(set("a", &[0])),
        Event::Assigned(set("a", &[])),
    ];
    assert_eq!(rig.events(), events);
}

#[test]
fn k13_case_70_a_newer_target_waits_for_the_round_and_each_round_is_acknowledged_as_it_ended() {
    let mut rig = rig(None);
    rig.settle(1, &[(1, &[0, 1])]);
    rig.now += SEC * 3;
    let (number, _) = rig.beat();
    rig.quick = false;
    rig.answer(number, answer(1, Some(&[(1, &[1])])));
    rig.silent();
    rig.now += SEC * 3;
    let (number, said) = rig.beat();
    assert_eq!(said.topic_partitions, None, "the round is not over");
    rig.answer(number, answer(2, Some(&[(1, &[1, 2])])));
    rig.quick = true;
    rig.finish_step();
    let (number, told) = rig.beat();
    assert_eq!(
        told.topic_partitions,
        Some(owned(1, &[1])),
        "the first round"
    );
    assert_eq!(told.member_epoch, 2);
    rig.answer(number, answer(2, None));
    let (_, told) = rig.beat();
    assert_eq!(told.topic_partitions, Some(owned(1, &[1, 2])), "the second");
}

#[test]
fn case_70_what_is_said_in_the_middle_of_a_round_is_what_it_has_then() {
    let mut rig = rig(None);
    rig.settle(1, &[(1, &[0, 1])]);
    rig.now += SEC * 3;
    let (number, _) = rig.beat();
    rig.quick = false;
    rig.answer(number, answer(1, Some(&[(1, &[1])])));
    rig.silent();
    rig.now += SEC * 3;
    let (number, _) = rig.beat();
    rig.fail(number, lost());
    let (number, full) = rig.beat();
    assert_eq!(
        full.topic_partitions,
        Some(owned(1, &[0, 1])),
        "still there"
    );
    rig.answer(number, answer(1, Some(&[(1, &[1])])));
    rig.quick = true;
    rig.finish_step();
    let (_, told) = rig.beat();
    assert_eq!(told.topic_partitions, Some(owned(1, &[1])));
}

#[test]
fn case_69_a_topic_whose_name_is_not_known_waits_and_the_others_do_not() {
    let mut rig = rig(None);
    let (number, _) = rig.beat();
    rig.answer(number, answer(1, Some(&[(1, &[0]), (2, &[0, 1])])));
    let (number, told) = rig.beat();
    assert_eq!(told.topic_partitions, Some(owned(1, &[0])));
    rig.answer(number, answer(1, None));
    rig.silent();
    assert_eq!(rig.member.nameless(), BTreeSet::from([id(2)]));
    rig.member
        .handle_names(BTreeMap::from([(id(9), "z".into())]));
    rig.silent();
    rig.member
        .handle_names(BTreeMap::from([(id(2), "b".into())]));
    let (_, told) = rig.beat();
    let both = [owned(1, &[0]), owned(2, &[0, 1])].concat();
    assert_eq!(told.topic_partitions, Some(both));
    assert!(rig.member.nameless().is_empty());
    assert_eq!(rig.member.topics(), wanted(&["a", "b"], None).topics);
    let events = [
        Event::Assigned(set("a", &[0])),
        Event::Assigned(set("b", &[0, 1])),
    ];
    assert_eq!(rig.events(), events);
}

#[test]
fn a_topic_made_anew_is_given_up_before_it_is_taken_over() {
    let mut rig = rig(None);
    rig.settle(1, &[(1, &[0])]);
    rig.acts.clear();
    rig.now += SEC * 3;
    let (number, _) = rig.beat();
    rig.pictured(&[("a", 7)]);
    rig.answer(number, answer(2, Some(&[(7, &[0, 1])])));
    let (number, told) = rig.beat();
    assert_eq!(told.topic_partitions, Some(Vec::new()));
    rig.answer(number, answer(2, None));
    let (_, told) = rig.beat();
    assert_eq!(told.topic_partitions, Some(owned(7, &[0, 1])));
    let events = [
        Event::Revoked(set("a", &[0])),
        Event::Assigned(set("a", &[])),
        Event::Assigned(set("a", &[0, 1])),
    ];
    assert_eq!(rig.events(), events);
}

#[test]
fn case_66_nothing_is_taken_over_while_a_heartbeat_says_that_it_is_not_there() {
    for is_lost in [false, true] {
        let mut rig = rig(None);
        let (number, _) = rig.beat();
        rig.quick = false;
        rig.answer(number, answer(1, Some(&[])));
        rig.silent();
        rig.now += SEC * 3;
        let (number, _) = rig.beat();
        rig.answer(number, answer(2, Some(&[(1, &[3])])));
        rig.quick = true;
        rig.finish_step();
        let (mut number, told) = rig.beat();
        assert_eq!(told.topic_partitions, Some(Vec::new()), "the first round");
        if is_lost {
            rig.fail(number, lost());
            number = rig.beat().0;
        }
        rig.silent();
        assert!(rig.owned().is_empty(), "another may get it for that");
        rig.answer(number, answer(3, Some(&[(1, &[2])])));
        let (_, told) = rig.beat();
        assert_eq!(told.topic_partitions, Some(owned(1, &[2])));
        let events = [
            Event::Assigned(set("a", &[])),
            Event::Assigned(set("a", &[2])),
        ];
        assert_eq!(rig.events(), events);
    }
}

#[test]
fn what_must_go_is_acknowledged_before_what_is_new_is_taken() {
    let mut rig = rig(None);
    rig.settle(1, &[(1, &[0, 1])]);
    rig.now += SEC * 3;
    let (number, _) = rig.beat();
    rig.answer(number, answer(2, Some(&[(1, &[1, 2])])));
    let (number, told) = rig.beat();
    assert_eq!(told.topic_partitions, Some(owned(1, &[1])));
    rig.silent();
    rig.answer(number, answer(2, None));
    let (_, told) = rig.beat();
    assert_eq!(told.topic_partitions, Some(owned(1, &[1, 2])));
}

#[test]
fn case_68_a_member_that_is_given_up_loses_all_and_joins_again_under_its_id() {
    for code in [
        ErrorCode::FENCED_MEMBER_EPOCH,
        ErrorCode::UNKNOWN_MEMBER_ID,
        ErrorCode::GROUP_ID_NOT_FOUND,
    ] {
        let mut rig = rig(None);
        rig.settle(3, &[(1, &[0, 1])]);
        rig.now += SEC * 3;
        let (number, _) = rig.beat();
        rig.quick = false;
        rig.acts.clear();
        rig.answer(number, refusal(code));
        assert_eq!(rig.member.standing(), None);
        rig.now += SEC;
        rig.silent();
        assert!(rig.owned().is_empty(), "at once");
        rig.finish_step();
        let (number, join) = rig.beat();
        assert_eq!((join.member_epoch, join.member_id.as_str()), (0, "me"));
        assert_eq!(join.topic_partitions, Some(Vec::new()));
        assert_eq!(rig.events(), [Event::Lost(set("a", &[0, 1]))], "{code}");
        rig.answer(number, answer(5, Some(&[])));
        assert_eq!(rig.member.standing().unwrap().generation, 5);
    }
}

#[test]
fn case_68_a_commit_with_a_stale_epoch_brings_a_heartbeat_and_no_loss() {
    let mut rig = rig(None);
    rig.settle(3, &[(1, &[0])]);
    let standing = rig.member.standing().unwrap();
    let stale = Error::broker(ErrorCode::STALE_MEMBER_EPOCH, "committing");
    let now = rig.now;
    rig.member.handle_refused_commit(now, standing.era, &stale);
    let (number, _) = rig.beat();
    rig.answer(number, answer(4, None));
    let renewed = rig.member.standing().unwrap();
    assert_eq!((renewed.era, renewed.generation), (standing.era, 4));
    assert_eq!(*rig.owned(), set("a", &[0]));
}

#[test]
fn cases_58_59_a_commit_of_an_unknown_member_ends_its_membership_and_no_later_one() {
    let mut rig = rig(None);
    rig.settle(3, &[(1, &[0])]);
    let era = rig.member.standing().unwrap().era;
    let unknown = Error::broker(ErrorCode::UNKNOWN_MEMBER_ID, "committing");
    let now = rig.now;
    rig.member.handle_refused_commit(now, era, &unknown);
    rig.settle(5, &[(1, &[0])]);
    let now = rig.now;
    rig.member.handle_refused_commit(now, era, &unknown);
    rig.silent();
    assert_eq!(*rig.owned(), set("a", &[0]), "that was the one before");
}

#[test]
fn case_61_a_name_that_is_taken_is_told_and_tried_again_with_each_poll() {
    let mut rig = rig(Some("one"));
    for _ in 0..3 {
        let (number, join) = rig.beat();
        assert_eq!(
            (join.member_epoch, join.instance_id.as_deref()),
            (0, Some("one"))
        );
        rig.answer(number, refusal(ErrorCode::UNRELEASED_INSTANCE_ID));
        rig.now += SEC * 60;
        rig.silent();
        let error = rig.poll().unwrap();
        assert_eq!(error.code(), Some(ErrorCode::UNRELEASED_INSTANCE_ID));
        assert!(error.message().contains("its session must end"), "{error}");
        rig.silent();
        assert!(rig.poll().is_none());
    }
}

#[test]
fn case_61_a_name_that_may_be_held_by_a_lost_join_of_its_own_is_given_back_first() {
    let mut rig = rig(Some("one"));
    let (number, _) = rig.beat();
    rig.fail(number, lost());
    let (number, _) = rig.beat();
    rig.answer(number, refusal(ErrorCode::UNRELEASED_INSTANCE_ID));
    rig.now += SEC;
    let (number, back) = rig.beat();
    assert_eq!((back.member_epoch, back.member_id.as_str()), (-2, "me"));
    rig.silent();
    rig.answer(number, answer(-2, None));
    let (number, join) = rig.beat();
    assert_eq!(join.member_epoch, 0);
    rig.answer(number, refusal(ErrorCode::UNRELEASED_INSTANCE_ID));
    assert!(rig.poll().is_some(), "then it is somebody else's");
}

#[test]
fn case_61_a_member_whose_name_was_taken_over_is_out_for_good() {
    let mut rig = rig(Some("one"));
    rig.settle(1, &[(1, &[0])]);
    rig.now += SEC * 3;
    let (number, _) = rig.beat();
    rig.answer(number, refusal(ErrorCode::FENCED_INSTANCE_ID));
    for _ in 0..3 {
        rig.now += SEC * 60;
        rig.silent();
        let error = rig.poll().unwrap();
        assert_eq!(error.code(), Some(ErrorCode::FENCED_INSTANCE_ID));
    }
    assert!(rig.owned().is_empty());
}

#[test]
fn case_76_what_will_not_pass_is_told_with_what_to_do_and_not_repeated() {
    for (code, advice) in [
        (ErrorCode::UNSUPPORTED_VERSION, "group.protocol=classic"),
        (ErrorCode::UNSUPPORTED_ASSIGNOR, "group.remote.assignor"),
        (ErrorCode::INVALID_REGULAR_EXPRESSION, "RE2"),
        (ErrorCode::GROUP_MAX_SIZE_REACHED, "group.consumer.max.size"),
        (ErrorCode::GROUP_ID_NOT_FOUND, "members must leave first"),
        (ErrorCode::INVALID_REQUEST, "the broker's words"),
        (ErrorCode::GROUP_AUTHORIZATION_FAILED, "not authorised"),
    ] {
        let mut rig = rig(None);
        let (number, _) = rig.beat();
        rig.answer(number, refusal(code));
        rig.now += SEC * 60;
        rig.silent();
        let error = rig.poll().unwrap();
        assert_eq!(error.code(), Some(code));
        assert!(error.to_string().contains(advice), "{error}");
        assert!(rig.poll().is_none());
        assert_eq!(rig.beat().1.member_epoch, 0, "each poll tries again");
    }
}

#[test]
fn case_76_a_broker_without_the_request_and_one_without_patterns_are_told_apart() {
    let field = EncodeError::UnsupportedField {
        field: "ConsumerGroupHeartbeatRequest.subscribed_topic_regex",
        version: 0,
    };
    let unknown = Error::new(ErrorKind::UnsupportedVersion, "no such API");
    for (error, words) in [
        (unknown, "has no groups of the new protocol"),
        (Error::from(field), "does not match patterns"),
    ] {
        let mut rig = rig(None);
        rig.member.subscribe(wanted(&[], Some("a.*")));
        let (number, said) = rig.beat();
        assert_eq!(said.subscribed_topic_regex.as_deref(), Some("a.*"));
        rig.fail(number, error);
        let error = rig.poll().unwrap();
        assert_eq!(error.kind(), ErrorKind::UnsupportedVersion);
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("group.protocol=classic"));
        rig.member.subscribe(wanted(&["a"], None));
        assert!(rig.poll().is_none());
        let (_, said) = rig.beat();
        assert_eq!(said.subscribed_topic_names, Some(vec!["a".to_owned()]));
        assert_eq!(said.subscribed_topic_regex, None, "which version 0 lacks");
    }
}

#[test]
fn a_topic_that_must_not_be_read_is_told_and_costs_nothing_else() {
    let mut rig = rig(None);
    rig.settle(1, &[(1, &[0])]);
    rig.now += SEC * 3;
    let (number, _) = rig.beat();
    rig.answer(number, refusal(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    let error = rig.poll().unwrap();
    assert_eq!(error.code(), Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    rig.now += SEC;
    assert_eq!(rig.beat().1.member_epoch, 1);
    assert_eq!(*rig.owned(), set("a", &[0]));
}

#[test]
fn case_71_leaving_is_said_again_elsewhere_and_who_is_unknown_has_left() {
    for (instance, epoch) in [(None, -1), (Some("one"), -2)] {
        let mut rig = rig(instance);
        rig.settle(1, &[(1, &[0])]);
        rig.member.leave(Limit::Until(rig.now));
        let (number, farewell) = rig.beat();
        assert_eq!(farewell.member_epoch, epoch);
        assert_eq!(farewell.topic_partitions, None);
        assert!(rig.owned().is_empty() && !rig.member.is_out());
        rig.answer(number, refusal(ErrorCode::NOT_COORDINATOR));
        assert!(rig.member.line.take_suspect() && rig.member.needs_coordinator());
        rig.now += SEC;
        let (number, again) = rig.beat();
        assert_eq!(again.member_epoch, epoch);
        rig.answer(number, refusal(ErrorCode::UNKNOWN_MEMBER_ID));
        assert!(rig.member.is_out());
        rig.silent();
        let told = Event::Revoked(set("a", &[0]));
        assert_eq!(rig.events().last(), Some(&told));
    }
}

#[test]
fn who_leaves_beats_on_until_its_listener_has_returned() {
    let mut rig = rig(None);
    rig.settle(1, &[(1, &[0])]);
    rig.quick = false;
    rig.member.leave(Limit::Until(rig.now + SEC * 60));
    rig.silent();
    rig.now += SEC * 3;
    let (number, said) = rig.beat();
    assert_eq!((said.member_epoch, said.subscribed_topic_names), (1, None));
    rig.answer(number, answer(2, Some(&[(1, &[0, 1])])));
    assert_eq!(
        rig.member.standing().unwrap().generation,
        2,
        "for its commit"
    );
    rig.quick = true;
    rig.finish_step();
    assert_eq!(rig.beat().1.member_epoch, -1);
}

#[test]
fn case_71_a_join_whose_answer_was_lost_leaves_nobody_behind() {
    let mut rig = rig(None);
    let (number, _) = rig.beat();
    rig.fail(number, lost());
    rig.member.leave(Limit::Until(rig.now));
    assert_eq!(rig.beat().1.member_epoch, -1);
    let mut fresh = self::rig(None);
    let _ = fresh.beat();
    fresh.member.leave(Limit::Until(fresh.now));
    assert_eq!(fresh.beat().1.member_epoch, -1, "nor one still under way");
}

#[test]
fn case_54_a_member_that_is_not_polled_leaves_and_joins_again_once_it_has_left() {
    for (instance, epoch) in [(None, -1), (Some("one"), -2)] {
        let mut rig = rig(instance);
        rig.settle(1, &[(1, &[0])]);
        rig.acts.clear();
        rig.now += SEC * 301;
        let (leaves, farewell) = rig.beat();
        assert_eq!(farewell.member_epoch, epoch);
        assert_eq!(rig.events(), [Event::Lost(set("a", &[0]))]);
        rig.silent();
        assert!(rig.member.poll_begins());
        rig.silent();
        rig.answer(leaves, answer(epoch, None));
        let (_, join) = rig.beat();
        assert_eq!((join.member_epoch, join.member_id.as_str()), (0, "me"));
    }
}

#[test]
fn case_64_a_coordinator_that_is_away_costs_no_partition() {
    let mut rig = rig(None);
    rig.settle(1, &[(1, &[0])]);
    for code in [
        ErrorCode::NOT_COORDINATOR,
        ErrorCode::COORDINATOR_NOT_AVAILABLE,
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
    ] {
        rig.now += SEC * 3;
        let (number, _) = rig.beat();
        rig.answer(number, refusal(code));
        let moved = code != ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        assert_eq!(rig.member.line.take_suspect(), moved);
        rig.silent();
        assert!(rig.member.poll_timeout(rig.now).is_some(), "after a pause");
    }
    for _ in 0..30 {
        rig.now += SEC * 3;
        let (number, full) = rig.beat();
        assert_eq!(full.topic_partitions, Some(owned(1, &[0])));
        let silent: Result<ConsumerGroupHeartbeatResponse> = Err(lost());
        rig.member.handle_beat(rig.now, number, silent);
    }
    assert_eq!(*rig.owned(), set("a", &[0]));
}

#[test]
fn late_answers_and_answers_without_sense_change_nothing() {
    let mut rig = rig(None);
    let (number, _) = rig.beat();
    rig.answer(number, answer(-7, Some(&[(1, &[0])])));
    assert_eq!(rig.member.standing(), None);
    assert!(rig.owned().is_empty());
    rig.now += SEC;
    let (second, _) = rig.beat();
    rig.answer(number, answer(4, Some(&[(1, &[0])])));
    assert_eq!(rig.member.standing(), None, "that is the older one's");
    rig.answer(second, answer(0, None));
    rig.silent();
    rig.now += SEC;
    assert_eq!(rig.beat().1.member_epoch, 0, "known, and not in yet");
}
