//! What the consumer's task asks leaders beside fetches: which offset a place is, and whether a
//! position is still in the log (KIP-320).
//!
//! It goes by the control connections, and by others where the broker may take seconds, to find a
//! timestamp: on the fetches' own connection that would hold up every partition of that broker.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::driver::{Driver, Event};
use super::offsets::{not_mentioned, resolve};
use crate::cluster::{Deadline, Shared, Target, now};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};
use crate::machine::consumer::{Doubtful, Place, StartAt};
use crate::machine::metadata::ClusterMetadata;
use crate::protocol::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

pub(super) type Resolved = Result<BTreeMap<TopicPartition, Result<i64>>>;
pub(super) type Ends = Result<BTreeMap<TopicPartition, Result<Option<Place>>>>;

/// "A consumer", where a broker would name itself.
const CONSUMER: i32 = -1;

impl Driver {
    /// Asks leaders for the places that are not offsets yet.
    pub(super) fn resolve(&mut self, metadata: &ClusterMetadata) {
        type Group = (Vec<(TopicPartition, StartAt)>, Vec<(TopicPartition, u64)>);
        let mut by_leader: BTreeMap<BrokerId, Group> = BTreeMap::new();
        let open = self.inner.fetcher().unresolved(now());
        for (at, place, generation) in open {
            let Some(leader) = metadata.leader_id(&at) else {
                continue;
            };
            if self.asking.insert((at.clone(), generation)) {
                let group = by_leader.entry(leader).or_default();
                group.0.push((at.clone(), place));
                group.1.push((at, generation));
            }
        }
        for (leader, (places, asked)) in by_leader {
            let shared = Arc::clone(&self.inner.shared);
            let isolation = self.inner.config.isolation_level;
            let limit = shared.config.request_timeout;
            self.calls.push(Box::pin(async move {
                let answer = resolve(&shared, leader, places, isolation, limit).await;
                Event::Resolved { asked, answer }
            }));
        }
    }

    /// Asks leaders whether positions are still in their logs.
    pub(super) fn validate(&mut self, metadata: &ClusterMetadata) {
        let mut by_leader: BTreeMap<BrokerId, Vec<Doubtful>> = BTreeMap::new();
        let doubtful = self.inner.fetcher().doubtful(now(), metadata);
        for each in doubtful {
            if self
                .asking
                .insert((each.partition.clone(), each.generation))
            {
                by_leader.entry(each.leader.id).or_default().push(each);
            }
        }
        for (leader, asked) in by_leader {
            let shared = Arc::clone(&self.inner.shared);
            let limit = shared.config.request_timeout;
            self.calls.push(Box::pin(async move {
                let answer = epoch_ends(&shared, leader, &asked, Deadline::after(limit)).await;
                Event::Validated { asked, answer }
            }));
        }
    }

    pub(super) fn handle_resolved(&mut self, asked: Vec<(TopicPartition, u64)>, answer: Resolved) {
        let mut answers = match answer {
            Ok(answers) => answers,
            Err(error) => {
                let failed = |(at, _): &(TopicPartition, u64)| (at.clone(), Err(error.clone()));
                asked.iter().map(failed).collect()
            }
        };
        for (at, generation) in asked {
            self.asking.remove(&(at.clone(), generation));
            match answers.remove(&at) {
                Some(Ok(offset)) => {
                    self.passed(&at);
                    let mut fetcher = self.inner.fetcher();
                    fetcher.resolved(&at, generation, offset);
                }
                // A failure to find out is never taken for "no offset": ask again later.
                Some(Err(error)) if error.is_retriable() => self.later(&at, generation, error),
                Some(Err(error)) => self.fail(&at, generation, error),
                None => self.later(&at, generation, not_mentioned()),
            }
        }
    }

    pub(super) fn handle_validated(&mut self, asked: Vec<Doubtful>, answer: Ends) {
        let mut answers = match answer {
            Ok(answers) => answers,
            Err(error) => {
                let failed = |each: &Doubtful| (each.partition.clone(), Err(error.clone()));
                asked.iter().map(failed).collect()
            }
        };
        for each in asked {
            let (at, generation) = (&each.partition, each.generation);
            self.asking.remove(&(at.clone(), generation));
            let end = match answers.remove(at) {
                Some(Ok(end)) => end,
                Some(Err(error)) if error.is_retriable() => {
                    self.later(at, generation, error);
                    continue;
                }
                // An old broker, or no permission to ask: the fetch will tell what it can.
                Some(Err(error)) => {
                    tracing::debug!(%error, %at, "a position cannot be checked");
                    None
                }
                None => {
                    self.later(at, generation, not_mentioned());
                    continue;
                }
            };
            let cut = self.inner.fetcher().validated(&each, end);
            match cut {
                Some(end) => self.handle_cut(at, generation, each.place.offset, end),
                None => self.passed(at),
            }
        }
    }

    /// The log was cut off before the position: goes back there, or tells the user.
    pub(super) fn handle_cut(
        &mut self,
        at: &TopicPartition,
        generation: u64,
        position: i64,
        end: Place,
    ) {
        let words = format!(
            "the log was cut off at offset {}, before the position {position}: records that were \
             read are not in it any more",
            end.offset
        );
        let error = Error::new(ErrorKind::LogTruncation, words)
            .with_topic(at.topic.clone())
            .with_partition(at.partition);
        if self.inner.reset_to().is_none() {
            return self.fail(at, generation, error);
        }
        tracing::warn!(%error, "going on from where it was cut off");
        self.inner.fetcher().cut(at, generation, end);
    }
}

/// One OffsetForLeaderEpoch request: where each position's epoch ends in the leader's log; `None`
/// where it cannot tell.
async fn epoch_ends(
    shared: &Arc<Shared>,
    leader: BrokerId,
    asked: &[Doubtful],
    deadline: Deadline,
) -> Ends {
    let mut topics: BTreeMap<&str, Vec<OffsetForLeaderPartition>> = BTreeMap::new();
    for each in asked {
        let partitions = topics.entry(&each.partition.topic).or_default();
        partitions.push(OffsetForLeaderPartition {
            partition: each.partition.partition,
            current_leader_epoch: each.leader.epoch.0,
            leader_epoch: each.place.epoch.0,
        });
    }
    let topic = |(topic, partitions): (&str, _)| OffsetForLeaderTopic {
        topic: topic.to_owned(),
        partitions,
    };
    let request = OffsetForLeaderEpochRequest {
        replica_id: CONSUMER,
        topics: topics.into_iter().map(topic).collect(),
    };
    let target = Target::Broker(leader);
    let response = shared.call(target, &request, deadline).await?;
    let mut ends = BTreeMap::new();
    for topic in response.topics {
        let name: Arc<str> = topic.topic.into();
        for answer in topic.partitions {
            let at = TopicPartition::new(Arc::clone(&name), answer.partition);
            let end = read_end(&at, leader, &answer);
            ends.entry(at).or_insert(end);
        }
    }
    Ok(ends)
}

fn read_end(
    at: &TopicPartition,
    broker: BrokerId,
    answer: &EpochEndOffset,
) -> Result<Option<Place>> {
    if let Some(code) = ErrorCode(answer.error_code).err() {
        let error = Error::broker(code, "looking up the end of a leader epoch");
        return Err(error
            .with_topic(at.topic.clone())
            .with_partition(at.partition)
            .with_broker(broker));
    }
    // -1 is no epoch and no offset: the leader knows nothing of the epoch, which says nothing
    // about the records.
    let known = answer.end_offset >= 0 && answer.leader_epoch >= 0;
    Ok(known.then_some(Place {
        offset: answer.end_offset,
        epoch: LeaderEpoch(answer.leader_epoch),
    }))
}
