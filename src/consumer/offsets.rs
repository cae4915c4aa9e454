//! Asking leaders which offset a place is: the beginning, the end, a timestamp.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::ends::OffsetAndTimestamp;
use super::inner::Inner;
use crate::cluster::{Deadline, Shared, Target};
use crate::config::IsolationLevel;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};
use crate::machine::consumer::StartAt;
use crate::machine::metadata::Interest;
use crate::protocol::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// What a leader says of a place: of the beginning and the end the offset alone counts.
type Found = OffsetAndTimestamp;
type Places = BTreeMap<TopicPartition, i64>;
type Answers = BTreeMap<TopicPartition, Result<Option<Found>>>;

impl Inner {
    /// Asks every leader, again and again until the deadline for what fails for now.
    pub(super) async fn list_offsets(
        &self,
        wanted: BTreeMap<TopicPartition, StartAt>,
        deadline: Deadline,
    ) -> Result<BTreeMap<TopicPartition, Option<Found>>> {
        let mut open: Places = wanted
            .iter()
            .map(|(at, place)| (at.clone(), timestamp_of(*place)))
            .collect();
        for at in wanted.keys() {
            self.shared
                .partition(at, Interest::to_read(false), deadline)
                .await?;
        }
        let mut found = BTreeMap::new();
        let mut retry = self.shared.retry(deadline);
        while let Err(error) = self.list_round(&mut open, &mut found, deadline).await {
            retry.after(error).await?;
        }
        Ok(found)
    }

    /// Asks every leader once for what is still open.
    async fn list_round(
        &self,
        open: &mut Places,
        found: &mut BTreeMap<TopicPartition, Option<Found>>,
        deadline: Deadline,
    ) -> Result<()> {
        for (leader, places) in self.by_leader(open)? {
            let isolation = self.config.isolation_level;
            let count = places.len();
            let answers = ask(&self.shared, leader, places, isolation, deadline).await?;
            if answers.len() < count {
                return Err(not_mentioned());
            }
            for (at, answer) in answers {
                let answer = answer?;
                open.remove(&at);
                found.insert(at, answer);
            }
        }
        Ok(())
    }

    fn by_leader(&self, places: &Places) -> Result<BTreeMap<BrokerId, Places>> {
        let metadata = self.shared.snapshot();
        let mut by_leader: BTreeMap<BrokerId, Places> = BTreeMap::new();
        for (at, time) in places {
            let Some(leader) = metadata.leader_id(at) else {
                return Err(no_leader(metadata.topic(&at.topic).is_some(), at));
            };
            by_leader
                .entry(leader)
                .or_default()
                .insert(at.clone(), *time);
        }
        Ok(by_leader)
    }
}

fn no_leader(topic_known: bool, at: &TopicPartition) -> Error {
    let code = if topic_known {
        ErrorCode::LEADER_NOT_AVAILABLE
    } else {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    };
    Error::broker(code, "looking up an offset")
        .with_topic(at.topic.clone())
        .with_partition(at.partition)
}

fn timestamp_of(place: StartAt) -> i64 {
    match place {
        StartAt::Beginning => EARLIEST,
        StartAt::Timestamp(time) => time.max(0),
        StartAt::End
        | StartAt::FromEnd(_)
        | StartAt::Offset(_)
        | StartAt::OffsetInEpoch(..)
        | StartAt::Committed => LATEST,
    }
}

/// Resolves places at one leader, in as many steps as they need.
pub(super) async fn resolve(
    shared: &Arc<Shared>,
    leader: BrokerId,
    places: Vec<(TopicPartition, StartAt)>,
    isolation: IsolationLevel,
    limit: Duration,
) -> Result<BTreeMap<TopicPartition, Result<i64>>> {
    let deadline = Deadline::after(limit);
    let first = places
        .iter()
        .map(|(at, place)| (at.clone(), timestamp_of(*place)))
        .collect();
    let mut answers = ask(shared, leader, first, isolation, deadline).await?;
    let mut second = Places::new();
    for (at, place) in &places {
        let again = match (place, answers.get(at)) {
            (StartAt::FromEnd(_), Some(Ok(_))) => EARLIEST,
            (StartAt::Timestamp(_), Some(Ok(None))) => LATEST,
            _ => continue,
        };
        second.insert(at.clone(), again);
    }
    let mut more = if second.is_empty() {
        Answers::new()
    } else {
        ask(shared, leader, second, isolation, deadline).await?
    };
    let mut resolved = BTreeMap::new();
    for (at, place) in places {
        let first = answers.remove(&at).unwrap_or_else(|| Err(not_mentioned()));
        let second = more.remove(&at);
        resolved.insert(at, combine(place, first, second));
    }
    Ok(resolved)
}

fn combine(
    place: StartAt,
    first: Result<Option<Found>>,
    second: Option<Result<Option<Found>>>,
) -> Result<i64> {
    let offset = |found: Option<Found>| found.map(|found| found.offset);
    let (first, second) = (offset(first?), offset(second.transpose()?.flatten()));
    match (place, second) {
        (StartAt::FromEnd(count), Some(earliest)) => {
            let end = first.unwrap_or(earliest);
            let back = i64::try_from(count).unwrap_or(i64::MAX);
            Ok(end.saturating_sub(back).max(earliest))
        }
        (_, second) => first
            .or(second)
            .ok_or_else(|| Error::broker(ErrorCode::OFFSET_NOT_AVAILABLE, "looking up an offset")),
    }
}

pub(super) fn not_mentioned() -> Error {
    Error::broker(
        ErrorCode::LEADER_NOT_AVAILABLE,
        "the broker's answer lacks the partition",
    )
}

/// One ListOffsets request to one leader.
async fn ask(
    shared: &Arc<Shared>,
    leader: BrokerId,
    places: Places,
    isolation: IsolationLevel,
    deadline: Deadline,
) -> Result<Answers> {
    let metadata = shared.snapshot();
    let mut topics: BTreeMap<Arc<str>, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for (at, timestamp) in &places {
        let leader = metadata.leader(&at.topic, at.partition);
        topics
            .entry(Arc::clone(&at.topic))
            .or_default()
            .push(ListOffsetsPartition {
                partition_index: at.partition,
                current_leader_epoch: leader.map_or(LeaderEpoch::NONE, |(_, epoch)| epoch).0,
                timestamp: *timestamp,
            });
    }
    let topic = |(name, partitions): (Arc<str>, _)| ListOffsetsTopic {
        name: name.to_string(),
        partitions,
    };
    let request = ListOffsetsRequest {
        isolation_level: isolation.into(),
        topics: topics.into_iter().map(topic).collect(),
        ..ListOffsetsRequest::default()
    };
    // For a timestamp the broker reads in its log.
    let target = if places.values().any(|timestamp| *timestamp >= 0) {
        Target::Slow(leader)
    } else {
        Target::Broker(leader)
    };
    let response = shared.call(target, &request, deadline).await?;
    let mut answers = Answers::new();
    for topic in response.topics {
        let name: Arc<str> = topic.name.into();
        for partition in topic.partitions {
            let at = TopicPartition::new(Arc::clone(&name), partition.partition_index);
            if places.contains_key(&at) {
                let answer = read(&at, leader, &partition);
                answers.entry(at).or_insert(answer);
            }
        }
    }
    Ok(answers)
}

fn read(
    at: &TopicPartition,
    leader: BrokerId,
    answer: &ListOffsetsPartitionResponse,
) -> Result<Option<Found>> {
    let locate = |error: Error| {
        error
            .with_topic(at.topic.clone())
            .with_partition(at.partition)
            .with_broker(leader)
    };
    match ErrorCode(answer.error_code).err() {
        Some(code) => Err(locate(Error::broker(code, "looking up an offset"))),
        // No record has this timestamp or a later one.
        None if answer.offset == -1 => Ok(None),
        None if answer.offset < 0 => {
            let words = format!("the broker answered with offset {}", answer.offset);
            Err(locate(Error::new(ErrorKind::Malformed, words)))
        }
        None => Ok(Some(Found {
            offset: answer.offset,
            timestamp_ms: answer.timestamp,
            leader_epoch: Some(LeaderEpoch(answer.leader_epoch)).filter(|epoch| epoch.0 >= 0),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_96_a_negative_offset_is_refused_and_only_minus_one_means_none() {
        let read = |offset| {
            let answer = ListOffsetsPartitionResponse {
                offset,
                ..ListOffsetsPartitionResponse::default()
            };
            read(&TopicPartition::new("t", 0), BrokerId(1), &answer)
        };
        let found = read(7).unwrap().map(|found| found.offset);
        assert_eq!((found, read(-1).unwrap()), (Some(7), None));
        for offset in [-2, i64::MIN] {
            let error = read(offset).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
            assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
        }
    }
}
