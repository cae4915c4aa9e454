//! Example by example: what a member asks, and what answers, silence and slow users do to it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::model::Dealer;
use super::*;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::group::world::{RETRY, topic};
use crate::machine::group::{Act, Ask, Call, Event, Limit, Partitions, Topology};
use crate::protocol::heartbeat::HeartbeatResponse;
use crate::protocol::join_group::{JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember};
use crate::protocol::leave_group::LeaveGroupResponse;
use crate::protocol::sync_group::SyncGroupResponse;

const SEC: Duration = Duration::from_secs(1);

/// A member, its clock, and the answers that a test gives it.
struct Rig {
    member: Member,
    now: Instant,
    /// Whether steps of handovers are done at once.
    quick: bool,
    acts: Vec<Act>,
}

fn rig(cooperative: bool, instance: Option<&str>) -> Rig {
    let settings = Settings {
        group_id: "g".to_owned(),
        instance_id: instance.map(str::to_owned),
        session_timeout: SEC * 45,
        heartbeat_interval: SEC * 3,
        max_poll_interval: SEC * 300,
        request_timeout: SEC * 30,
        commit_limit: SEC * 60,
        retry: RETRY,
    };
    let now = Instant::now();
    let mut member = Member::new(now, settings, Box::new(Dealer { cooperative }), 1);
    member.subscribe(topics(&["a"]));
    let mut rig = Rig {
        member,
        now,
        quick: true,
        acts: Vec::new(),
    };
    rig.partitions(2);
    rig
}

fn topics(names: &[&str]) -> BTreeSet<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn set(partitions: &[i32]) -> Partitions {
    let at = |partition: &i32| TopicPartition::new("a", *partition);
    partitions.iter().map(at).collect()
}

fn blob(partitions: &[i32]) -> Bytes {
    let all: Vec<String> = partitions.iter().map(|p| format!("a:{p}")).collect();
    Bytes::from(all.join(","))
}

fn lost() -> Error {
    Error::new(ErrorKind::Disconnected, "lost")
}

impl Rig {
    /// The next request; steps of handovers are taken on the way.
    fn call(&mut self) -> Option<Call> {
        loop {
            if let Some(act) = self.member.poll_act(self.now) {
                if let Some(step) = act.step().filter(|_| self.quick) {
                    self.member.handover.done(step);
                }
                self.acts.push(act);
                continue;
            }
            return self.member.poll_call(self.now);
        }
    }

    fn join(&mut self) -> (u64, JoinGroupRequest) {
        match self.call() {
            Some(Call {
                number,
                ask: Ask::Join(request),
                ..
            }) => (number, request),
            other => panic!("{other:?} instead of a join of {:?}", self.member),
        }
    }

    fn heartbeat(&mut self) -> u64 {
        match self.call() {
            Some(Call {
                number,
                ask: Ask::Heartbeat(_),
                ..
            }) => number,
            other => panic!("{other:?} instead of a heartbeat of {:?}", self.member),
        }
    }

    fn sync(&mut self) -> u64 {
        match self.call() {
            Some(Call {
                number,
                ask: Ask::Sync(_),
                ..
            }) => number,
            other => panic!("{other:?} instead of a sync of {:?}", self.member),
        }
    }

    /// The answer to a join as a follower.
    fn joined(&mut self, number: u64, generation: i32) {
        let answer = JoinGroupResponse {
            generation_id: generation,
            protocol_name: Some("dealer".to_owned()),
            leader: "other".to_owned(),
            member_id: "me".to_owned(),
            ..JoinGroupResponse::default()
        };
        self.member.handle_join(self.now, number, Ok(answer));
    }

    fn synced(&mut self, number: u64, partitions: &[i32]) {
        let answer = SyncGroupResponse {
            assignment: blob(partitions),
            ..SyncGroupResponse::default()
        };
        self.member.handle_sync(self.now, number, Ok(answer));
    }

    /// Joins as a follower and gets these.
    fn settle(&mut self, generation: i32, partitions: &[i32]) {
        let (number, _) = self.join();
        self.joined(number, generation);
        let number = self.sync();
        self.synced(number, partitions);
        let left = self.call();
        assert!(
            !matches!(
                left,
                Some(Call {
                    ask: Ask::Sync(_),
                    ..
                })
            ),
            "{left:?}"
        );
    }

    fn beat(&mut self, code: ErrorCode) {
        self.now += SEC * 3;
        let number = self.heartbeat();
        self.beaten(number, code);
    }

    fn beaten(&mut self, number: u64, code: ErrorCode) {
        let answer = HeartbeatResponse {
            error_code: code.0,
            ..HeartbeatResponse::default()
        };
        self.member.handle_heartbeat(self.now, number, Ok(answer));
    }

    fn refuse_join(&mut self, code: ErrorCode) {
        let (number, _) = self.join();
        let answer = JoinGroupResponse {
            error_code: code.0,
            ..JoinGroupResponse::default()
        };
        self.member.handle_join(self.now, number, Ok(answer));
        self.now += SEC * 2;
    }

    fn partitions(&mut self, count: i32) {
        let mut topology = Topology::default();
        topology.topics.insert("a".into(), Some(topic("a", count)));
        self.member.handle_topology(topology);
    }

    fn owned(&self) -> &Partitions {
        self.member.handover.owned()
    }

    fn events(&mut self) -> Vec<Event> {
        self.acts.drain(..).filter_map(Act::into_event).collect()
    }
}

#[test]
fn case_63_the_member_id_is_kept_over_what_goes_wrong_while_joining() {
    let mut rig = rig(false, None);
    let (number, request) = rig.join();
    assert_eq!(request.member_id, "");
    let answer = JoinGroupResponse {
        error_code: ErrorCode::MEMBER_ID_REQUIRED.0,
        member_id: "me".to_owned(),
        ..JoinGroupResponse::default()
    };
    rig.member.handle_join(rig.now, number, Ok(answer));
    let (number, request) = rig.join();
    assert_eq!(request.member_id, "me", "at once, with the id it got");
    rig.member.handle_join(rig.now, number, Err(lost()));
    assert!(rig.member.line.take_suspect());
    assert_eq!(rig.call(), None, "not at once");
    rig.now += SEC;
    let (number, request) = rig.join();
    assert_eq!(request.member_id, "me", "no ghost of it stays behind");
    rig.joined(number, 1);
    let number = rig.sync();
    rig.member.handle_sync(rig.now, number, Err(lost()));
    rig.now += SEC;
    assert_eq!(rig.join().1.member_id, "me");
}

#[test]
fn case_55_a_rebalance_is_joined_once_and_is_no_error() {
    let mut rig = rig(false, None);
    rig.settle(1, &[0, 1]);
    assert_eq!(rig.events(), [Event::Assigned(set(&[0, 1]))]);
    rig.beat(ErrorCode::REBALANCE_IN_PROGRESS);
    let (number, _) = rig.join();
    assert_eq!(
        rig.events(),
        [Event::Revoked(set(&[0, 1]))],
        "eager gives up all first"
    );
    assert_eq!(rig.call(), None);
    rig.joined(number, 2);
    let number = rig.sync();
    rig.synced(number, &[0]);
    assert_eq!(rig.call(), None, "settled");
    assert_eq!(rig.events(), [Event::Assigned(set(&[0]))]);
    assert!(rig.member.take_error().is_none());
}

#[test]
fn a_sync_into_the_next_rebalance_joins_again_at_once() {
    let mut rig = rig(false, None);
    let (number, _) = rig.join();
    rig.joined(number, 1);
    let number = rig.sync();
    let answer = SyncGroupResponse {
        error_code: ErrorCode::REBALANCE_IN_PROGRESS.0,
        ..SyncGroupResponse::default()
    };
    rig.member.handle_sync(rig.now, number, Ok(answer));
    rig.join();
}

#[test]
fn k14_a_cooperative_member_keeps_what_it_has_while_it_joins() {
    let mut rig = rig(true, None);
    rig.settle(1, &[0, 1]);
    rig.events();
    rig.beat(ErrorCode::REBALANCE_IN_PROGRESS);
    let (number, request) = rig.join();
    assert_eq!(rig.acts, [], "nothing is held or taken");
    let said = std::str::from_utf8(&request.protocols[0].metadata).unwrap();
    assert_eq!(
        said, "a|1|a:0,a:1",
        "what it has, and since which generation"
    );
    rig.joined(number, 2);
    let number = rig.sync();
    rig.synced(number, &[0]);
    let (number, request) = rig.join();
    assert_eq!(
        rig.events(),
        [Event::Revoked(set(&[1])), Event::Assigned(set(&[]))]
    );
    let said = std::str::from_utf8(&request.protocols[0].metadata).unwrap();
    assert_eq!(said, "a|2|a:0", "and so somebody else may have the rest");
    rig.joined(number, 3);
    let number = rig.sync();
    rig.synced(number, &[0]);
    assert_eq!(rig.call(), None);
    assert_eq!(rig.events(), [Event::Assigned(set(&[]))]);
}

#[test]
fn a_member_that_cannot_go_on_says_so_before_the_others_wait_for_it() {
    for instance in [None, Some("i")] {
        let mut rig = rig(false, instance);
        let (number, _) = rig.join();
        rig.joined(number, 1);
        let number = rig.sync();
        let answer = SyncGroupResponse {
            protocol_name: Some("another".to_owned()),
            ..SyncGroupResponse::default()
        };
        rig.member.handle_sync(rig.now, number, Ok(answer));
        let left = match rig.call() {
            Some(Call {
                ask: Ask::Leave(request),
                ..
            }) => Some(request.member_id),
            None => None,
            other => panic!("{other:?}"),
        };
        // A static member may be back before its session is over.
        assert_eq!(left.as_deref(), instance.is_none().then_some("me"));
        let error = rig.member.take_error().unwrap();
        assert!(error.to_string().contains("another assignor"), "{error}");
    }
}

#[test]
fn after_a_cooperative_assignment_the_next_rebalance_is_heard_of_soon() {
    for (cooperative, expected) in [(true, [100, 500, 2_100, 5_100]), (false, [3_000; 4])] {
        let mut rig = rig(cooperative, None);
        rig.settle(1, &[0, 1]);
        let began = rig.now;
        let mut beats = Vec::new();
        for _ in 0..4 {
            rig.now = rig.member.poll_timeout(rig.now).unwrap();
            let number = rig.heartbeat();
            beats.push((rig.now - began).as_millis());
            rig.beaten(number, ErrorCode::NONE);
            if !cooperative {
                break;
            }
        }
        assert_eq!(beats, expected[..beats.len()]);
    }
}

#[test]
fn case_52_what_a_member_that_was_thrown_out_had_is_lost_and_not_committed() {
    for code in [ErrorCode::UNKNOWN_MEMBER_ID, ErrorCode::ILLEGAL_GENERATION] {
        for cooperative in [false, true] {
            let mut rig = rig(cooperative, None);
            rig.settle(1, &[0, 1]);
            rig.acts.clear();
            rig.beat(code);
            let (_, request) = rig.join();
            let lost = Event::Lost(set(&[0, 1]));
            let told = |act: &Act| matches!(act, Act::Tell { event, .. } if *event == lost);
            let [Act::Take(taken), tell] = rig.acts.as_slice() else {
                panic!("{:?}", rig.acts);
            };
            assert!(
                *taken == set(&[0, 1]) && told(tell),
                "taken first: {:?}",
                rig.acts
            );
            let keeps_id = code == ErrorCode::ILLEGAL_GENERATION;
            assert_eq!(request.member_id == "me", keeps_id);
            let said = std::str::from_utf8(&request.protocols[0].metadata).unwrap();
            assert_eq!(said, "a|-1|", "it claims nothing any more");
        }
    }
}

#[test]
fn k17_a_member_id_lost_while_joining_loses_what_was_kept() {
    let mut rig = rig(true, None);
    rig.settle(1, &[0, 1]);
    rig.events();
    rig.beat(ErrorCode::REBALANCE_IN_PROGRESS);
    rig.refuse_join(ErrorCode::UNKNOWN_MEMBER_ID);
    let (_, request) = rig.join();
    assert_eq!(
        rig.events(),
        [Event::Lost(set(&[0, 1]))],
        "lost, not revoked later"
    );
    assert_eq!(request.member_id, "");
}

#[test]
fn case_53_without_an_answer_for_the_session_a_member_takes_itself_for_expired() {
    let mut rig = rig(false, None);
    rig.settle(1, &[0, 1]);
    rig.events();
    let joined = rig.now;
    while rig.now < joined + SEC * 44 {
        rig.now += SEC;
        if let Some(call) = rig.call() {
            assert!(matches!(call.ask, Ask::Heartbeat(_)), "{call:?}");
            rig.member
                .handle_heartbeat(rig.now, call.number, Err(lost()));
            assert_eq!(rig.owned().len(), 2);
        }
    }
    rig.now = joined + SEC * 45;
    let (_, request) = rig.join();
    assert_eq!(request.member_id, "me", "it may be known all the same");
    assert_eq!(rig.events(), [Event::Lost(set(&[0, 1]))]);
    assert!(rig.owned().is_empty());
}

#[test]
fn case_54_without_a_poll_for_the_interval_a_member_leaves_until_the_next_one() {
    let mut rig = rig(false, None);
    rig.settle(1, &[0, 1]);
    rig.events();
    rig.member.poll_begins();
    rig.member.polls.ends(rig.now);
    for _ in 0..99 {
        rig.beat(ErrorCode::NONE);
    }
    rig.now += SEC * 3;
    let Some(Call {
        number,
        ask: Ask::Leave(request),
        ..
    }) = rig.call()
    else {
        panic!("it leaves");
    };
    assert_eq!(request.member_id, "me");
    assert_eq!(rig.events(), [Event::Lost(set(&[0, 1]))]);
    rig.member
        .handle_leave(rig.now, number, Ok(LeaveGroupResponse::default()));
    rig.now += SEC * 60;
    assert_eq!(rig.call(), None, "it stays out");
    rig.member.poll_begins();
    assert_eq!(rig.join().1.member_id, "");
}

#[test]
fn a_poll_that_waits_is_as_good_as_polling_again_and_again() {
    let mut rig = rig(false, None);
    rig.settle(1, &[0, 1]);
    rig.member.poll_begins();
    for _ in 0..200 {
        rig.beat(ErrorCode::NONE);
    }
    assert_eq!(rig.owned().len(), 2);
}

#[test]
fn case_130_heartbeats_go_on_while_the_listener_runs_and_while_the_user_is_busy() {
    let mut rig = rig(false, None);
    rig.quick = false;
    let (number, _) = rig.join();
    rig.joined(number, 1);
    let number = rig.sync();
    rig.synced(number, &[0, 1]);
    assert_eq!(rig.call(), None);
    let Some(Act::Tell { step, .. }) = rig.acts.last().cloned() else {
        panic!("{:?}", rig.acts);
    };
    rig.beat(ErrorCode::NONE);
    rig.beat(ErrorCode::REBALANCE_IN_PROGRESS);
    rig.beat(ErrorCode::REBALANCE_IN_PROGRESS);
    rig.member.handover.done(step);
    assert_eq!(
        rig.call(),
        None,
        "it waits for the user before it gives up partitions"
    );
    let Some(Act::Hold {
        step, wait: true, ..
    }) = rig.acts.last().cloned()
    else {
        panic!("{:?}", rig.acts);
    };
    rig.beat(ErrorCode::REBALANCE_IN_PROGRESS);
    rig.quick = true;
    rig.member.handover.done(step);
    rig.join();
}

#[test]
fn case_58_a_refused_commit_of_this_membership_joins_again_now() {
    let mut rig = rig(false, None);
    rig.settle(1, &[0]);
    rig.events();
    let standing = rig.member.standing().unwrap();
    assert_eq!((standing.generation, &*standing.member_id), (1, "me"));
    let refused = Error::broker(ErrorCode::ILLEGAL_GENERATION, "committing");
    rig.member
        .handle_refused_commit(standing.era, refused.clone());
    let (number, _) = rig.join();
    assert_eq!(rig.events(), [Event::Lost(set(&[0]))]);
    rig.joined(number, 2);
    let number = rig.sync();
    rig.synced(number, &[0]);
    assert_eq!(rig.call(), None);
    rig.member.handle_refused_commit(standing.era, refused);
    assert_eq!(
        rig.call(),
        None,
        "case 59: of an older one it means nothing"
    );
    assert_eq!(*rig.owned(), set(&[0]));
}

#[test]
fn case_59_a_late_answer_of_an_older_membership_changes_nothing() {
    let mut rig = rig(false, None);
    rig.settle(1, &[0]);
    rig.now += SEC * 3;
    let late = rig.heartbeat();
    let era = rig.member.standing().unwrap().era;
    let refused = Error::broker(ErrorCode::UNKNOWN_MEMBER_ID, "committing");
    rig.member.handle_refused_commit(era, refused);
    rig.settle(2, &[0]);
    rig.beaten(late, ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(*rig.owned(), set(&[0]));
    assert_eq!(rig.member.standing().unwrap().generation, 2);
}

#[test]
fn case_61_a_fenced_static_member_is_at_its_end() {
    let mut rig = rig(false, Some("i"));
    rig.settle(1, &[0]);
    rig.events();
    rig.beat(ErrorCode::FENCED_INSTANCE_ID);
    assert_eq!(rig.call(), None);
    assert_eq!(rig.events(), [Event::Lost(set(&[0]))]);
    for _ in 0..3 {
        rig.member.poll_begins();
        let error = rig.member.take_error().unwrap();
        assert_eq!(error.code(), Some(ErrorCode::FENCED_INSTANCE_ID));
        assert!(error.to_string().contains("group.instance.id"), "{error}");
        rig.member.polls.ends(rig.now);
        rig.now += SEC * 60;
        assert_eq!(rig.call(), None, "no loop");
    }
}

#[test]
fn case_62_a_static_member_does_not_say_farewell() {
    let mut rig = rig(false, Some("i"));
    rig.settle(1, &[0]);
    rig.member.leave(Limit::Until(rig.now + SEC));
    assert_eq!(rig.call(), None);
    assert!(rig.member.is_out() && rig.owned().is_empty());
}

#[test]
fn case_64_a_coordinator_that_moves_or_loads_costs_no_membership() {
    let codes = [
        ErrorCode::NOT_COORDINATOR,
        ErrorCode::COORDINATOR_NOT_AVAILABLE,
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
    ];
    for code in codes {
        let mut rig = rig(true, None);
        rig.settle(1, &[0]);
        rig.beat(code);
        let moved = code != ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        assert_eq!(rig.member.line.take_suspect(), moved);
        assert_eq!(rig.call(), None, "after a backoff");
        rig.now += SEC;
        let number = rig.heartbeat();
        rig.beaten(number, ErrorCode::NONE);
        assert_eq!(*rig.owned(), set(&[0]));
        // The same for a join.
        let mut rig = super::tests::rig(true, None);
        rig.refuse_join(code);
        rig.settle(1, &[0]);
    }
}

#[test]
fn leaving_revokes_all_and_says_farewell_until_it_is_heard() {
    let mut rig = rig(false, None);
    rig.settle(1, &[0, 1]);
    rig.events();
    rig.member.leave(Limit::Until(rig.now + SEC));
    let left = |rig: &mut Rig| match rig.call() {
        Some(Call {
            number,
            ask: Ask::Leave(_),
            ..
        }) => number,
        other => panic!("{other:?}"),
    };
    let number = left(&mut rig);
    assert_eq!(rig.events(), [Event::Revoked(set(&[0, 1]))]);
    let answer = |code: ErrorCode| LeaveGroupResponse {
        error_code: code.0,
        ..LeaveGroupResponse::default()
    };
    let moved = answer(ErrorCode::NOT_COORDINATOR);
    rig.member.handle_leave(rig.now, number, Ok(moved));
    assert!(rig.member.line.take_suspect() && !rig.member.is_out());
    rig.now += SEC;
    let number = left(&mut rig);
    let unknown = answer(ErrorCode::UNKNOWN_MEMBER_ID);
    rig.member.handle_leave(rig.now, number, Ok(unknown));
    assert!(rig.member.is_out(), "case 71: not known is as good as left");
}

#[test]
fn case_71_a_farewell_that_nobody_hears_ends_with_its_time() {
    let mut rig = rig(false, None);
    rig.settle(1, &[0]);
    rig.member.leave(Limit::Until(rig.now + SEC));
    assert!(rig.call().is_some());
    rig.now += SEC * 31;
    assert_eq!(rig.call(), None);
    assert!(rig.member.is_out());
}

#[test]
fn leaving_while_a_join_waits_for_others_does_not_wait_with_it() {
    let mut rig = rig(true, None);
    rig.settle(1, &[0]);
    rig.beat(ErrorCode::REBALANCE_IN_PROGRESS);
    let (late, _) = rig.join();
    rig.events();
    rig.member.leave(Limit::Until(rig.now + SEC));
    assert!(matches!(
        rig.call(),
        Some(Call {
            ask: Ask::Leave(_),
            ..
        })
    ));
    assert_eq!(rig.events(), [Event::Revoked(set(&[0]))]);
    rig.joined(late, 2);
    assert!(
        rig.member.standing().is_none(),
        "the late answer changes nothing"
    );
}

#[test]
fn case_76_what_will_not_pass_is_told_and_tried_again_by_the_next_poll() {
    let codes = [
        ErrorCode::GROUP_MAX_SIZE_REACHED,
        ErrorCode::INCONSISTENT_GROUP_PROTOCOL,
        ErrorCode::INVALID_SESSION_TIMEOUT,
        ErrorCode::INVALID_GROUP_ID,
        ErrorCode::GROUP_AUTHORIZATION_FAILED,
    ];
    for code in codes {
        let mut rig = rig(false, None);
        rig.refuse_join(code);
        rig.now += SEC * 60;
        assert_eq!(rig.call(), None, "no loop");
        rig.member.poll_begins();
        assert_eq!(rig.call(), None, "not before the user was told");
        assert_eq!(rig.member.take_error().unwrap().code(), Some(code));
        rig.member.polls.ends(rig.now);
        rig.member.poll_begins();
        rig.settle(1, &[0]);
        assert!(rig.member.take_error().is_none());
    }
}

/// Makes the rig the leader of a group of two, and returns what each got.
fn lead(rig: &mut Rig, generation: i32) -> Result<Vec<(String, Bytes)>> {
    let (number, request) = rig.join();
    let member = |id: &str| JoinGroupResponseMember {
        member_id: id.to_owned(),
        metadata: request.protocols[0].metadata.clone(),
        ..JoinGroupResponseMember::default()
    };
    let answer = JoinGroupResponse {
        generation_id: generation,
        protocol_name: Some("dealer".to_owned()),
        leader: "me".to_owned(),
        member_id: "me".to_owned(),
        // One of them twice: it counts once.
        members: vec![member("me"), member("you"), member("me")],
        ..JoinGroupResponse::default()
    };
    rig.member.handle_join(rig.now, number, Ok(answer));
    match rig.call() {
        Some(Call {
            number,
            ask: Ask::Sync(request),
            ..
        }) => {
            rig.synced(number, &[0]);
            assert_eq!(rig.call(), None);
            let each = request.assignments.into_iter();
            Ok(each.map(|each| (each.member_id, each.assignment)).collect())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn case_99_a_leader_has_the_group_assign_new_partitions_and_ignores_missing_ones() {
    let mut rig = rig(false, None);
    let assigned = lead(&mut rig, 1).unwrap();
    assert_eq!(assigned.len(), 2, "{assigned:?}");
    rig.partitions(2);
    rig.partitions(1);
    rig.member.handle_topology(Topology::default());
    assert_eq!(rig.call(), None, "a broker that lags");
    rig.partitions(3);
    let assigned = lead(&mut rig, 2).unwrap();
    let bytes: usize = assigned.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(bytes, "a:0,a:1".len() + "a:2".len(), "{assigned:?}");
}

#[test]
fn a_leader_assigns_once_it_knows_the_topics_and_a_topic_that_appears_is_assigned() {
    let mut rig = rig(false, None);
    rig.member.handle_topology(Topology::default());
    let (number, request) = rig.join();
    let metadata = request.protocols[0].metadata.clone();
    let answer = JoinGroupResponse {
        generation_id: 1,
        protocol_name: Some("dealer".to_owned()),
        leader: "me".to_owned(),
        member_id: "me".to_owned(),
        members: vec![JoinGroupResponseMember {
            member_id: "me".to_owned(),
            metadata,
            ..JoinGroupResponseMember::default()
        }],
        ..JoinGroupResponse::default()
    };
    rig.member.handle_join(rig.now, number, Ok(answer));
    assert_eq!(rig.call(), None, "it does not assign what it does not know");
    let mut topology = Topology::default();
    topology.topics.insert("a".into(), None);
    rig.member.handle_topology(topology);
    let number = rig.sync();
    rig.synced(number, &[]);
    assert_eq!(rig.call(), None);
    rig.partitions(2);
    rig.join();
}

#[test]
fn a_subscription_that_changes_is_joined_with_and_gives_up_the_rest() {
    let mut rig = rig(true, None);
    rig.settle(1, &[0, 1]);
    rig.events();
    rig.member.subscribe(topics(&["b"]));
    let (_, request) = rig.join();
    assert_eq!(rig.events(), [Event::Revoked(set(&[0, 1]))]);
    let said = std::str::from_utf8(&request.protocols[0].metadata).unwrap();
    assert_eq!(said, "b|1|");
    assert_eq!(request.reason.as_deref(), Some("the subscription changed"));
}

#[test]
fn case_112_answers_without_sense_are_no_generation() {
    let mut rig = rig(false, None);
    let (number, _) = rig.join();
    let answer = JoinGroupResponse {
        generation_id: -5,
        protocol_name: None,
        ..JoinGroupResponse::default()
    };
    rig.member.handle_join(rig.now, number, Ok(answer));
    assert!(rig.member.standing().is_none() && rig.member.line.take_suspect());
}
