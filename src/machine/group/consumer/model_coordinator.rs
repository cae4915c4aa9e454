//! A model of the coordinator of one KIP-848 group: just the rules that matter to members.
//!
//! Each change of members or topics makes a new target, dealt out with no regard for who had what,
//! so that much has to move. A member gets what is new to it once everybody else has given it up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::target::Place;
use super::{Member, Settings};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::TopicId;
use crate::machine::group::world::{self, Answers, id_of};
use crate::machine::group::{Answer, Ask, Call, Membership, Standing};
use crate::protocol::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
    ResponseTopicPartitions,
};

const SEC: Duration = Duration::from_secs(1);
const SESSION: Duration = Duration::from_secs(10);
/// How long members have to give up what they must.
const REBALANCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Progress {
    Stable,
    Unrevoked,
    Unreleased,
}

#[derive(Clone, Debug)]
struct Known {
    epoch: i32,
    previous: i32,
    progress: Progress,
    topics: BTreeSet<String>,
    assigned: BTreeSet<Place>,
    revoking: BTreeSet<Place>,
    session_until: Instant,
    revoke_until: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Coordinator {
    epoch: i32,
    members: BTreeMap<String, Known>,
    target: BTreeMap<String, BTreeSet<Place>>,
    partitions: BTreeMap<String, i32>,
    /// Refusals alternate with it.
    handled: u64,
}

impl Coordinator {
    pub(super) fn new() -> Self {
        Self {
            epoch: 0,
            members: BTreeMap::new(),
            target: BTreeMap::new(),
            partitions: BTreeMap::new(),
            handled: 0,
        }
    }

    /// A new target, a turn further than the last one.
    fn assign(&mut self) {
        self.epoch += 1;
        self.target = self
            .members
            .keys()
            .map(|id| (id.clone(), BTreeSet::new()))
            .collect();
        let mut turn = usize::try_from(self.epoch).unwrap();
        for (topic, count) in &self.partitions {
            let wants = |(_, known): &(&String, &Known)| known.topics.contains(topic);
            let takers: Vec<&String> = self.members.iter().filter(wants).map(|it| it.0).collect();
            for partition in 0..*count {
                turn += 1;
                if let Some(taker) = takers.get(turn % takers.len().max(1)) {
                    let place = (id_of(topic), partition);
                    self.target.get_mut(*taker).unwrap().insert(place);
                }
            }
        }
    }

    fn remove(&mut self, id: &str) {
        if self.members.remove(id).is_some() {
            self.assign();
        }
    }

    fn beat(
        &mut self,
        now: Instant,
        request: &ConsumerGroupHeartbeatRequest,
    ) -> Result<ConsumerGroupHeartbeatResponse, ErrorCode> {
        let id = &request.member_id;
        let epoch = request.member_epoch;
        if epoch < 0 {
            let known = self.members.contains_key(id);
            self.remove(id);
            return match known {
                true => Ok(answer(id, epoch, None)),
                false => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            };
        }
        let owned = request.topic_partitions.as_ref().map(|owned| {
            let each = owned
                .iter()
                .flat_map(|it| it.partitions.iter().map(|p| (TopicId(it.topic_id), *p)));
            each.collect::<BTreeSet<Place>>()
        });
        if epoch == 0 {
            assert_eq!(owned, Some(BTreeSet::new()), "who joins has nothing");
            assert_eq!(request.rebalance_timeout_ms, 30_000);
            self.members.entry(id.clone()).or_insert_with(|| Known {
                epoch: 0,
                previous: 0,
                progress: Progress::Stable,
                topics: BTreeSet::new(),
                assigned: BTreeSet::new(),
                revoking: BTreeSet::new(),
                session_until: now,
                revoke_until: None,
            });
        }
        let known = self.members.get_mut(id);
        let known = known.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        let late = epoch == known.previous
            && owned
                .as_ref()
                .is_some_and(|owned| owned.is_subset(&known.assigned));
        if epoch != 0 && epoch != known.epoch && !late {
            return Err(ErrorCode::FENCED_MEMBER_EPOCH);
        }
        known.session_until = now + SESSION;
        let before = known.assigned.clone();
        let mut changed = epoch == 0 && known.epoch == 0;
        if let Some(names) = &request.subscribed_topic_names {
            let topics = names.iter().cloned().collect();
            changed |= known.topics != topics;
            known.topics = topics;
        }
        if changed {
            self.assign();
        }
        self.reconcile(now, id, owned.as_ref());
        let known = self.members.get(id).unwrap();
        let full = request.rebalance_timeout_ms >= 0;
        let news = (full || known.assigned != before).then_some(&known.assigned);
        Ok(answer(id, known.epoch, news))
    }

    fn reconcile(&mut self, now: Instant, id: &str, owned: Option<&BTreeSet<Place>>) {
        let epoch = self.epoch;
        let target = self.target.get(id).unwrap().clone();
        let others = self.members.iter().filter(|(other, _)| *other != id);
        let taken: BTreeSet<Place> = others
            .flat_map(|(_, known)| known.assigned.iter().chain(&known.revoking).copied())
            .collect();
        let known = self.members.get_mut(id).unwrap();
        if known.progress == Progress::Stable && known.epoch == epoch {
            return;
        }
        let keeps = |revoking: &BTreeSet<Place>| {
            owned.is_none_or(|owned| owned.iter().any(|place| revoking.contains(place)))
        };
        let mut base = known.epoch;
        if known.progress == Progress::Unrevoked {
            if keeps(&known.revoking) {
                return;
            }
            base += 1;
        }
        let kept: BTreeSet<Place> = known.assigned.intersection(&target).copied().collect();
        let going: BTreeSet<Place> = known.assigned.difference(&target).copied().collect();
        if !going.is_empty() && keeps(&going) {
            known.assigned = kept;
            known.revoking = going;
            known.revoke_until = Some(now + REBALANCE);
            known.set(base, Progress::Unrevoked);
            return;
        }
        let free: BTreeSet<Place> = target.difference(&taken).copied().collect();
        known.assigned = kept.union(&free).copied().collect();
        known.revoking.clear();
        known.revoke_until = None;
        let progress = match known.assigned == target {
            true => Progress::Stable,
            false => Progress::Unreleased,
        };
        known.set(epoch, progress);
    }
}

impl Known {
    fn set(&mut self, epoch: i32, progress: Progress) {
        if self.epoch != epoch {
            self.previous = self.epoch;
            self.epoch = epoch;
        }
        self.progress = progress;
    }

    fn is_late(&self, now: Instant) -> bool {
        self.session_until <= now || self.revoke_until.is_some_and(|until| until <= now)
    }
}

fn answer(
    id: &str,
    epoch: i32,
    assigned: Option<&BTreeSet<Place>>,
) -> ConsumerGroupHeartbeatResponse {
    let topic = |place: &Place| ResponseTopicPartitions {
        topic_id: place.0.0,
        partitions: vec![place.1],
    };
    ConsumerGroupHeartbeatResponse {
        member_id: Some(id.to_owned()),
        member_epoch: epoch,
        heartbeat_interval_ms: 3_000,
        assignment: assigned.map(|all| Assignment {
            topic_partitions: all.iter().map(topic).collect(),
        }),
        ..ConsumerGroupHeartbeatResponse::default()
    }
}

fn refusal(code: ErrorCode) -> Answer {
    Answer::Beat(Ok(ConsumerGroupHeartbeatResponse {
        error_code: code.0,
        ..ConsumerGroupHeartbeatResponse::default()
    }))
}

impl world::Coordinator for Coordinator {
    fn member(&self, now: Instant, number: usize, seed: u64) -> Membership {
        let settings = Settings {
            group_id: "g".to_owned(),
            member_id: format!("m{number}"),
            instance_id: None,
            rack: None,
            assignor: None,
            max_poll_interval: SEC * 30,
            request_timeout: SEC * 5,
            commit_limit: world::COMMIT_LIMIT,
            retry: world::RETRY,
        };
        Membership::Consumer(Box::new(Member::new(now, settings, seed)))
    }

    fn handle(&mut self, now: Instant, client: usize, call: Call) -> Answers {
        self.handled += 1;
        let Ask::Beat(request) = &call.ask else {
            panic!("that is the other protocol's");
        };
        let answer = match self.beat(now, request) {
            Ok(answer) => Answer::Beat(Ok(answer)),
            Err(code) => refusal(code),
        };
        vec![(client, call, answer)]
    }

    fn refuse(&self, _: &Call) -> Answer {
        refusal(match self.handled % 2 == 0 {
            true => ErrorCode::NOT_COORDINATOR,
            false => ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
        })
    }

    fn tick(&mut self, now: Instant) -> Answers {
        let late = self.members.iter().filter(|(_, known)| known.is_late(now));
        for id in late.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.remove(&id);
        }
        Vec::new()
    }

    fn check(&self, by: &Standing) -> Result<()> {
        let code = match self.members.get(&by.member_id) {
            None => ErrorCode::UNKNOWN_MEMBER_ID,
            Some(known) if known.epoch != by.generation => ErrorCode::STALE_MEMBER_EPOCH,
            Some(_) => return Ok(()),
        };
        Err(Error::broker(code, "committing"))
    }

    fn knows(&self, member: &str, now: Instant) -> bool {
        let known = self.members.get(member);
        known.is_some_and(|known| !known.is_late(now))
    }

    fn in_force(&self, standing: &Standing, now: Instant) -> bool {
        self.knows(&standing.member_id, now)
    }

    fn generation(&self) -> i32 {
        self.epoch
    }

    fn set_partitions(&mut self, partitions: &BTreeMap<&'static str, i32>) {
        let each = |(name, count): (&&str, &i32)| ((*name).to_owned(), *count);
        self.partitions = partitions.iter().map(each).collect();
        self.assign();
    }
}
