//! A model of the coordinator of one classic group: just the rules that matter to members.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::model::Dealer;
use super::{Member, Settings};
use crate::error::{Error, ErrorCode, Result};
use crate::machine::group::world::{self, Answers};
use crate::machine::group::{Answer, Ask, Call, Membership, Standing};
use crate::protocol::heartbeat::HeartbeatResponse;
use crate::protocol::join_group::{JoinGroupResponse, JoinGroupResponseMember};
use crate::protocol::leave_group::LeaveGroupResponse;
use crate::protocol::sync_group::{SyncGroupRequest, SyncGroupResponse};

#[derive(Clone, Debug)]
enum Reply {
    Join(Call, JoinGroupResponse),
    Sync(Call, SyncGroupResponse),
    Heartbeat(Call, HeartbeatResponse),
    Leave(Call, LeaveGroupResponse),
}

impl Reply {
    fn parts(self) -> (Call, Answer) {
        match self {
            Self::Join(call, it) => (call, Answer::Join(Ok(it))),
            Self::Sync(call, it) => (call, Answer::Sync(Ok(it))),
            Self::Heartbeat(call, it) => (call, Answer::Heartbeat(Ok(it))),
            Self::Leave(call, it) => (call, Answer::Leave(Ok(it))),
        }
    }

    fn of(call: &Call, code: ErrorCode) -> Self {
        let call = call.clone();
        match call.ask {
            Ask::Join(_) => Self::Join(call, join(code)),
            Ask::Sync(_) => Self::Sync(call, sync(code, Bytes::new())),
            Ask::Heartbeat(_) => {
                let answer = HeartbeatResponse {
                    error_code: code.0,
                    ..Default::default()
                };
                Self::Heartbeat(call, answer)
            }
            Ask::Leave(_) => {
                let answer = LeaveGroupResponse {
                    error_code: code.0,
                    ..Default::default()
                };
                Self::Leave(call, answer)
            }
            Ask::Beat(_) => panic!("that is the other protocol's"),
        }
    }
}

fn join(code: ErrorCode) -> JoinGroupResponse {
    JoinGroupResponse {
        error_code: code.0,
        ..JoinGroupResponse::default()
    }
}

fn sync(code: ErrorCode, assignment: Bytes) -> SyncGroupResponse {
    SyncGroupResponse {
        error_code: code.0,
        assignment,
        ..SyncGroupResponse::default()
    }
}

#[derive(Debug)]
struct Known {
    metadata: Bytes,
    session: Duration,
    session_until: Instant,
    joining: Option<(usize, Call)>,
    syncing: Option<(usize, Call)>,
    assignment: Bytes,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Empty,
    Preparing { until: Instant },
    Completing { until: Instant },
    Stable,
}

#[derive(Debug)]
pub(super) struct Coordinator {
    state: State,
    generation: i32,
    leader: String,
    members: BTreeMap<String, Known>,
    /// Ids that were given out and not yet joined with.
    pending: Vec<String>,
    last_id: u32,
    /// What its members can do.
    cooperative: bool,
}

type Replies = Vec<(usize, Reply)>;

impl Coordinator {
    pub(super) fn new(cooperative: bool) -> Self {
        Self {
            state: State::Empty,
            generation: 0,
            leader: String::new(),
            members: BTreeMap::new(),
            pending: Vec::new(),
            last_id: 0,
            cooperative,
        }
    }

    fn reply(&mut self, now: Instant, client: usize, call: Call) -> Replies {
        match call.ask.clone() {
            Ask::Join(_) => self.join(now, client, call),
            Ask::Sync(request) => self.sync(now, client, call, request),
            Ask::Heartbeat(request) => {
                let Some(known) = self.members.get_mut(&request.member_id) else {
                    return vec![(client, Reply::of(&call, ErrorCode::UNKNOWN_MEMBER_ID))];
                };
                let code = if request.generation_id != self.generation {
                    ErrorCode::ILLEGAL_GENERATION
                } else {
                    known.session_until = now + known.session;
                    match self.state {
                        State::Preparing { .. } => ErrorCode::REBALANCE_IN_PROGRESS,
                        _ => ErrorCode::NONE,
                    }
                };
                vec![(client, Reply::of(&call, code))]
            }
            Ask::Leave(request) => {
                let known = self.members.contains_key(&request.member_id);
                let mut answers = self.remove(now, &request.member_id);
                let code = match known {
                    true => ErrorCode::NONE,
                    false => ErrorCode::UNKNOWN_MEMBER_ID,
                };
                answers.push((client, Reply::of(&call, code)));
                answers
            }
            Ask::Beat(_) => panic!("that is the other protocol's"),
        }
    }

    fn join(&mut self, now: Instant, client: usize, call: Call) -> Replies {
        let Ask::Join(request) = &call.ask else {
            return Vec::new();
        };
        let mut id = request.member_id.clone();
        if id.is_empty() {
            self.last_id += 1;
            id = format!("m{}", self.last_id);
            self.pending.push(id.clone());
            let answer = JoinGroupResponse {
                member_id: id,
                ..join(ErrorCode::MEMBER_ID_REQUIRED)
            };
            return vec![(client, Reply::Join(call, answer))];
        }
        let pending = self.pending.iter().position(|each| *each == id);
        if let Some(index) = pending {
            self.pending.remove(index);
        } else if !self.members.contains_key(&id) {
            return vec![(client, Reply::of(&call, ErrorCode::UNKNOWN_MEMBER_ID))];
        }
        let session = Duration::from_millis(u64::try_from(request.session_timeout_ms).unwrap());
        let metadata = request.protocols[0].metadata.clone();
        let unchanged = self.state == State::Stable
            && self.leader != id
            && self
                .members
                .get(&id)
                .is_some_and(|known| known.metadata == metadata);
        let known = self.members.entry(id.clone()).or_insert_with(|| Known {
            metadata: Bytes::new(),
            session,
            session_until: now,
            joining: None,
            syncing: None,
            assignment: Bytes::new(),
        });
        known.metadata = metadata;
        known.session_until = now + session;
        known.syncing = None;
        if unchanged {
            return vec![(client, self.joined(&id, call))];
        }
        // A member that asks twice is answered once, on its newest connection.
        known.joining = Some((client, call));
        let mut answers = Vec::new();
        if !matches!(self.state, State::Preparing { .. }) {
            answers = self.interrupt(now);
        }
        answers.extend(self.wake(now));
        answers
    }

    fn joined(&self, id: &str, call: Call) -> Reply {
        let member = |(id, known): (&String, &Known)| JoinGroupResponseMember {
            member_id: id.clone(),
            metadata: known.metadata.clone(),
            ..JoinGroupResponseMember::default()
        };
        let leads = self.leader == id;
        let answer = JoinGroupResponse {
            generation_id: self.generation,
            protocol_name: Some("dealer".to_owned()),
            leader: self.leader.clone(),
            member_id: id.to_owned(),
            members: if leads {
                self.members.iter().map(member).collect()
            } else {
                Vec::new()
            },
            ..JoinGroupResponse::default()
        };
        Reply::Join(call, answer)
    }

    fn sync(
        &mut self,
        now: Instant,
        client: usize,
        call: Call,
        request: SyncGroupRequest,
    ) -> Replies {
        let state = self.state;
        let Some(known) = self.members.get_mut(&request.member_id) else {
            return vec![(client, Reply::of(&call, ErrorCode::UNKNOWN_MEMBER_ID))];
        };
        if request.generation_id != self.generation {
            return vec![(client, Reply::of(&call, ErrorCode::ILLEGAL_GENERATION))];
        }
        match state {
            State::Empty | State::Preparing { .. } => {
                vec![(client, Reply::of(&call, ErrorCode::REBALANCE_IN_PROGRESS))]
            }
            State::Stable => {
                let assignment = known.assignment.clone();
                vec![(client, Reply::Sync(call, sync(ErrorCode::NONE, assignment)))]
            }
            State::Completing { .. } => {
                known.syncing = Some((client, call));
                if self.leader != request.member_id {
                    return Vec::new();
                }
                for known in self.members.values_mut() {
                    known.assignment = Bytes::new();
                }
                for each in request.assignments {
                    if let Some(known) = self.members.get_mut(&each.member_id) {
                        known.assignment = each.assignment;
                    }
                }
                self.state = State::Stable;
                let mut answers = Vec::new();
                for known in self.members.values_mut() {
                    if let Some((client, call)) = known.syncing.take() {
                        known.session_until = now + known.session;
                        let answer = sync(ErrorCode::NONE, known.assignment.clone());
                        answers.push((client, Reply::Sync(call, answer)));
                    }
                }
                answers
            }
        }
    }

    fn remove(&mut self, now: Instant, id: &str) -> Replies {
        let Some(gone) = self.members.remove(id) else {
            return Vec::new();
        };
        let waiting = gone.joining.or(gone.syncing);
        let mut answers: Replies = waiting
            .map(|(client, call)| (client, Reply::of(&call, ErrorCode::UNKNOWN_MEMBER_ID)))
            .into_iter()
            .collect();
        if self.members.is_empty() {
            self.state = State::Empty;
        } else if !matches!(self.state, State::Preparing { .. }) {
            answers.extend(self.interrupt(now));
        }
        answers.extend(self.wake(now));
        answers
    }

    /// Starts a rebalance; those who wait for an assignment must join again.
    fn interrupt(&mut self, now: Instant) -> Replies {
        self.state = State::Preparing {
            until: now + Duration::from_secs(30),
        };
        let mut answers = Vec::new();
        for known in self.members.values_mut() {
            if let Some((client, call)) = known.syncing.take() {
                answers.push((client, Reply::of(&call, ErrorCode::REBALANCE_IN_PROGRESS)));
            }
        }
        answers
    }

    /// Sessions that end, joins that are complete.
    fn wake(&mut self, now: Instant) -> Replies {
        let late = |(_, known): &(&String, &Known)| !known.waits() && known.session_until <= now;
        let late: Vec<String> = self
            .members
            .iter()
            .filter(late)
            .map(|(id, _)| id.clone())
            .collect();
        if let Some(id) = late.first() {
            return self.remove(now, id);
        }
        match self.state {
            State::Completing { until } if until <= now => {
                // The leader said nothing: whoever did not ask is out.
                let silent = |(_, known): &(&String, &Known)| known.syncing.is_none();
                let silent: Vec<String> = self
                    .members
                    .iter()
                    .filter(silent)
                    .map(|(id, _)| id.clone())
                    .collect();
                let mut answers = self.interrupt(now);
                for id in silent {
                    answers.extend(self.remove(now, &id));
                }
                answers
            }
            State::Preparing { until } => {
                let all = self.members.values().all(|known| known.joining.is_some());
                if !all && now < until {
                    return Vec::new();
                }
                self.members.retain(|_, known| known.joining.is_some());
                self.complete(now)
            }
            _ => Vec::new(),
        }
    }

    fn complete(&mut self, now: Instant) -> Replies {
        if self.members.is_empty() {
            self.state = State::Empty;
            return Vec::new();
        }
        self.generation += 1;
        if !self.members.contains_key(&self.leader) {
            self.leader = self.members.keys().next().unwrap().clone();
        }
        self.state = State::Completing {
            until: now + Duration::from_secs(30),
        };
        let mut waiting = Vec::new();
        for (id, known) in &mut self.members {
            known.session_until = now + known.session;
            waiting.extend(
                known
                    .joining
                    .take()
                    .map(|(client, call)| (id.clone(), client, call)),
            );
        }
        let answer = |(id, client, call): (String, usize, Call)| (client, self.joined(&id, call));
        waiting.into_iter().map(answer).collect()
    }
}

impl world::Coordinator for Coordinator {
    fn member(&self, now: Instant, _: usize, seed: u64) -> Membership {
        const SEC: Duration = Duration::from_secs(1);
        let settings = Settings {
            group_id: "g".to_owned(),
            instance_id: None,
            session_timeout: SEC * 10,
            heartbeat_interval: SEC * 3,
            max_poll_interval: SEC * 30,
            request_timeout: SEC * 5,
            commit_limit: world::COMMIT_LIMIT,
            retry: world::RETRY,
        };
        let dealer = Box::new(Dealer {
            cooperative: self.cooperative,
        });
        Membership::Classic(Box::new(Member::new(now, settings, dealer, seed)))
    }

    fn handle(&mut self, now: Instant, client: usize, call: Call) -> Answers {
        answers(self.reply(now, client, call))
    }

    fn tick(&mut self, now: Instant) -> Answers {
        answers(self.wake(now))
    }

    fn in_force(&self, standing: &Standing, _: Instant) -> bool {
        standing.generation == self.generation
    }

    fn refuse(&self, call: &Call) -> Answer {
        let moved = self.last_id % 2 == 0;
        let code = match moved {
            true => ErrorCode::NOT_COORDINATOR,
            false => ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
        };
        Reply::of(call, code).parts().1
    }

    fn check(&self, by: &Standing) -> Result<()> {
        let code = match self.state {
            _ if !self.members.contains_key(&by.member_id) => ErrorCode::UNKNOWN_MEMBER_ID,
            _ if by.generation != self.generation => ErrorCode::ILLEGAL_GENERATION,
            State::Completing { .. } => ErrorCode::REBALANCE_IN_PROGRESS,
            _ => return Ok(()),
        };
        Err(Error::broker(code, "committing"))
    }

    fn generation(&self) -> i32 {
        self.generation
    }

    fn knows(&self, member: &str, now: Instant) -> bool {
        let known = self.members.get(member);
        known.is_some_and(|known| known.waits() || now < known.session_until)
    }
}

fn answers(replies: Replies) -> Answers {
    let answer = |(client, reply): (usize, Reply)| {
        let (call, answer) = reply.parts();
        (client, call, answer)
    };
    replies.into_iter().map(answer).collect()
}

impl Known {
    /// Whether the coordinator owes it an answer, and so expects no heartbeat.
    fn waits(&self) -> bool {
        self.joining.is_some() || self.syncing.is_some()
    }
}
