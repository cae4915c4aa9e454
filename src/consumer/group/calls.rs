//! The coordinator task's requests, and what their answers are passed on to.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::task::Task;
use crate::cluster::{Committed, Deadline, Target, now};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::{BrokerId, LeaderEpoch, TopicId, TopicPartition};
use crate::machine::consumer::StartAt;
use crate::machine::group::commits::{Codes, CommitCall, Offsets};
use crate::machine::group::{Answer, Ask, Call, Standing};
use crate::protocol::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    OffsetCommitResponse,
};
use crate::protocol::{Decode, Encode, Request};

/// The last version that names one member that leaves; later ones list them.
const LEAVE_ONE: Option<i16> = Some(2);
/// The last version that names topics; later ones have their ids.
const COMMIT_NAMES: Option<i16> = Some(9);

/// What one of the task's calls came back with.
pub(super) enum Event {
    Found(Result<BrokerId>),
    /// What the member asked.
    Answered(u64, Answer),
    /// What was to be committed, and the answer.
    Committed(u64, Offsets, Codes),
    Places(Vec<(TopicPartition, u64)>, Result<Committed>),
    Topics(Result<BTreeMap<Arc<str>, bool>>),
    Names(Result<BTreeMap<TopicId, Arc<str>>>),
    /// The listener has returned.
    Told(u64),
    /// The listener took too long, and was dropped.
    Overdue(u64),
    /// The consumer ends, and its listener has not returned in time for the farewell.
    Unheard(u64),
}

impl Task {
    pub(super) fn handle(&mut self, event: Event) {
        let group = Arc::clone(&self.group);
        match event {
            Event::Found(found) => return self.handle_found(found),
            Event::Places(asked, answer) => return self.handle_places(asked, answer),
            Event::Topics(answer) => return self.handle_topics(answer),
            Event::Names(answer) => return self.handle_names(answer),
            Event::Committed(number, offsets, answer) => {
                return self.handle_committed(number, offsets, answer);
            }
            _ => {}
        }
        let mut state = group.lock();
        if let (Event::Unheard(_), Some(closing)) = (&event, &mut state.closing) {
            let words = "the rebalance listener has not returned in time to leave the group";
            let error = || Error::new(ErrorKind::Timeout, words);
            closing.failed.get_or_insert_with(error);
        }
        let Some(member) = &mut state.member else {
            return;
        };
        match event {
            Event::Answered(number, answer) => member.handle(now(), number, answer),
            Event::Told(step) => member.handle_done(step),
            Event::Unheard(step) => member.handle_unheard(step),
            Event::Overdue(step) => member.handle_overdue(now(), step),
            _ => {}
        }
    }

    fn handle_committed(&self, number: u64, mut offsets: Offsets, answer: Codes) {
        let asked = offsets.len();
        let codes = answer.as_ref().ok();
        let code = |at: &TopicPartition| codes.and_then(|codes| codes.get(at)).copied();
        offsets.retain(|at, _| code(at) == Some(ErrorCode::NONE));
        let mut state = self.group.lock();
        if let Some((era, error)) = state.ledger.handle(now(), number, answer) {
            if let Some(member) = &mut state.member {
                member.handle_refused_commit(now(), era, error);
            }
        }
        drop(state);
        self.inner.counters.committed(offsets.len() == asked);
        // Nothing is locked, since an interceptor may do anything.
        self.inner.interceptors.committed(&offsets);
    }

    pub(super) fn find_coordinator(&mut self) {
        self.finding = true;
        let (shared, id) = (Arc::clone(&self.inner.shared), self.group.id.clone());
        let deadline = Deadline::after(shared.config.request_timeout);
        self.calls.push(Box::pin(async move {
            Event::Found(shared.coordinator(&id, deadline).await)
        }));
    }

    /// The coordinator could not be found: what will not pass is told.
    fn handle_found(&mut self, found: Result<BrokerId>) {
        self.finding = false;
        match found {
            Ok(id) => {
                self.backoff.succeeded();
                self.coordinator = Some(id);
            }
            Err(error) => {
                self.backoff.failed(now());
                self.fail(error);
            }
        }
    }

    fn fail(&self, error: Error) {
        let group = &self.group.id;
        tracing::warn!(%error, group, "the group's coordinator cannot be found");
        if !error.is_retriable() {
            self.group.lock().error = Some(error);
        }
    }

    /// A request of the member. All but the farewell of a classic one have a connection of their
    /// own; a farewell must not wait behind a join.
    pub(super) fn ask(&mut self, coordinator: BrokerId, call: Call) {
        let limit = call.limit;
        let answer: BoxFuture<'static, Answer> = match call.ask {
            Ask::Join(request) => {
                let called = self.on_own(coordinator, request, limit);
                Box::pin(called.map(Answer::Join))
            }
            Ask::Sync(request) => {
                let called = self.on_own(coordinator, request, limit);
                Box::pin(called.map(Answer::Sync))
            }
            Ask::Heartbeat(request) => {
                let called = self.on_own(coordinator, request, limit);
                Box::pin(called.map(Answer::Heartbeat))
            }
            Ask::Beat(request) => {
                let called = self.on_own(coordinator, request, limit);
                Box::pin(called.map(Answer::Beat))
            }
            Ask::Leave(request) => {
                let shared = Arc::clone(&self.inner.shared);
                Box::pin(async move {
                    let target = Target::Broker(coordinator);
                    let deadline = Deadline::after(limit);
                    let called = shared.call_at_most(target, &request, LEAVE_ONE, deadline);
                    Answer::Leave(called.await)
                })
            }
        };
        let number = call.number;
        let answered = answer.map(move |answer| Event::Answered(number, answer));
        self.calls.push(Box::pin(answered));
    }

    fn on_own<R>(
        &self,
        coordinator: BrokerId,
        request: R,
        limit: std::time::Duration,
    ) -> impl Future<Output = Result<R::Response>> + Send + use<R>
    where
        R: Request + Encode + Send + Sync + 'static,
        R::Response: Decode,
    {
        let shared = &self.inner.shared;
        let snapshot = shared.snapshot();
        let peer = snapshot
            .nodes
            .get(&coordinator)
            .map(|node| self.brokers.get(node));
        if peer.is_none() {
            shared.refresh_metadata();
        }
        async move {
            let Some(peer) = peer else {
                let words = "the coordinator is not in the cluster's metadata";
                let code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
                return Err(Error::broker(code, words).with_broker(coordinator));
            };
            peer.call(&request, None, limit).await
        }
    }

    pub(super) fn commit(&mut self, coordinator: BrokerId, call: CommitCall) {
        let shared = Arc::clone(&self.inner.shared);
        let (number, offsets) = (call.number, call.offsets.clone());
        let request = commit_request(&self.group.id, call);
        let deadline = Deadline::after(shared.config.request_timeout);
        self.calls.push(Box::pin(async move {
            let target = Target::Broker(coordinator);
            let called = shared.call_at_most(target, &request, COMMIT_NAMES, deadline);
            Event::Committed(number, offsets, called.await.map(read_commit))
        }));
    }

    /// Asks where the group left off in partitions that are new here.
    pub(super) fn ask_committed(&mut self, coordinator: BrokerId, reader: Option<Standing>) {
        let open = self.inner.fetcher().uncommitted(now());
        let asked: Vec<(TopicPartition, u64)> = open
            .into_iter()
            .filter(|each| self.asking.insert(each.clone()))
            .collect();
        if asked.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.inner.shared);
        let id = self.group.id.clone();
        let deadline = Deadline::after(shared.config.request_timeout);
        self.calls.push(Box::pin(async move {
            let partitions = asked.iter().map(|(at, _)| at.clone()).collect();
            let answer = match &reader {
                None => {
                    shared
                        .fetch_offsets(coordinator, &id, Some(&partitions), deadline)
                        .await
                }
                Some(reader) => {
                    let answer =
                        shared.fetch_offsets_as(coordinator, &id, reader, &partitions, deadline);
                    answer.await
                }
            };
            Event::Places(asked, answer)
        }));
    }

    fn handle_places(&mut self, asked: Vec<(TopicPartition, u64)>, answer: Result<Committed>) {
        let mut answers = match answer {
            Ok(answers) => answers,
            Err(error) => {
                if error
                    .code()
                    .is_none_or(|code| code == ErrorCode::NOT_COORDINATOR)
                {
                    self.coordinator = None;
                }
                let failed = |(at, _): &(TopicPartition, u64)| (at.clone(), Err(error.clone()));
                asked.iter().map(failed).collect()
            }
        };
        let mut known = BTreeMap::new();
        for (at, generation) in asked {
            self.asking.remove(&(at.clone(), generation));
            let mut fetcher = self.inner.fetcher();
            match answers.remove(&at) {
                Some(Ok(Some(committed))) => {
                    let place = match committed.leader_epoch {
                        LeaderEpoch::NONE => StartAt::Offset(committed.offset),
                        epoch => StartAt::OffsetInEpoch(committed.offset, epoch),
                    };
                    if fetcher.start(now(), &at, generation, Ok(place)) {
                        known.insert(at, committed.offset);
                    }
                }
                Some(Ok(None)) => {
                    let place = self.inner.reset_to().ok_or_else(|| nowhere(&at));
                    fetcher.start(now(), &at, generation, place);
                }
                // Not to know where the group is never stands for "nowhere": ask again.
                Some(Err(error)) if !error.is_retriable() && !is_of_epoch(&error) => {
                    fetcher.start(now(), &at, generation, Err(error));
                }
                Some(Err(error)) => fetcher.try_later(now(), &at, generation, error),
                None => {
                    let code = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
                    let error = Error::broker(code, "the answer lacks the partition's offset");
                    fetcher.try_later(now(), &at, generation, error);
                }
            }
        }
        self.group.lock().ledger.know(known);
        self.inner.partitions_changed();
    }
}

/// Whether it is about the reader's epoch alone: the next heartbeat brings the right one, or the
/// end of the membership.
fn is_of_epoch(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(ErrorCode::STALE_MEMBER_EPOCH | ErrorCode::UNKNOWN_MEMBER_ID)
    )
}

fn nowhere(at: &TopicPartition) -> Error {
    let words = "the group has committed no offset, and auto.offset.reset is none: seek, or set it";
    Error::new(ErrorKind::InvalidInput, words)
        .with_topic(at.topic.clone())
        .with_partition(at.partition)
}

fn commit_request(group: &str, call: CommitCall) -> OffsetCommitRequest {
    let mut topics: BTreeMap<Arc<str>, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for (at, offset) in call.offsets {
        let partition = OffsetCommitRequestPartition {
            partition_index: at.partition,
            committed_offset: offset.offset,
            committed_leader_epoch: offset.leader_epoch.0,
            committed_metadata: Some(offset.metadata),
        };
        topics.entry(at.topic).or_default().push(partition);
    }
    let topic = |(name, partitions): (Arc<str>, _)| OffsetCommitRequestTopic {
        name: name.to_string(),
        partitions,
        ..OffsetCommitRequestTopic::default()
    };
    let standing = call.standing;
    OffsetCommitRequest {
        group_id: group.to_owned(),
        generation_id_or_member_epoch: standing.as_ref().map_or(-1, |it| it.generation),
        member_id: standing
            .as_ref()
            .map_or_else(String::new, |it| it.member_id.clone()),
        group_instance_id: standing.and_then(|it| it.instance_id),
        topics: topics.into_iter().map(topic).collect(),
        ..OffsetCommitRequest::default()
    }
}

fn read_commit(answer: OffsetCommitResponse) -> BTreeMap<TopicPartition, ErrorCode> {
    let mut codes = BTreeMap::new();
    for topic in answer.topics {
        let name: Arc<str> = topic.name.into();
        for each in topic.partitions {
            let at = TopicPartition::new(Arc::clone(&name), each.partition_index);
            codes.entry(at).or_insert(ErrorCode(each.error_code));
        }
    }
    codes
}
