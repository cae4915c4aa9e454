//! Which broker coordinates a group, asked anew each time: groups move. And where a group left off.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::call::{Deadline, Target};
use super::shared::Shared;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};
use crate::machine::group::Standing;
use crate::machine::group::commits::OffsetAndMetadata;
use crate::protocol::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
use crate::protocol::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};

/// The last version that asks for one key; later ones ask for a list (KIP-699).
const ONE_KEY_VERSION: Option<i16> = Some(3);

/// The last version that asks for one group; later ones ask for a list (KIP-709).
const ONE_GROUP_VERSION: Option<i16> = Some(7);

/// The last version that names topics; later ones have their ids.
const FETCH_NAMES: Option<i16> = Some(9);

/// What a group committed for some partitions; `None` for nothing.
pub(crate) type Committed = BTreeMap<TopicPartition, Result<Option<OffsetAndMetadata>>>;

/// "A consumer group", as it stands on the wire.
const GROUP: i8 = 0;

impl Shared {
    /// The broker that coordinates a group.
    pub(crate) async fn coordinator(
        self: &Arc<Self>,
        group: &str,
        deadline: Deadline,
    ) -> Result<BrokerId> {
        let request = FindCoordinatorRequest {
            key: group.to_owned(),
            key_type: GROUP,
            ..FindCoordinatorRequest::default()
        };
        let mut retry = self.retry(deadline);
        loop {
            let called = self
                .call_at_most(Target::Any, &request, ONE_KEY_VERSION, deadline)
                .await;
            match called.and_then(|response| found(&response)) {
                Ok(found) => return Ok(found),
                Err(error) => retry.after(error).await?,
            }
        }
    }

    /// Asks a group's coordinator once what the group committed: for these partitions, or for all
    /// there are. Offsets of a transaction that is still open are waited for by asking again
    /// (KIP-447).
    pub(crate) async fn fetch_offsets(
        self: &Arc<Self>,
        coordinator: BrokerId,
        group: &str,
        partitions: Option<&BTreeSet<TopicPartition>>,
        deadline: Deadline,
    ) -> Result<Committed> {
        let request = OffsetFetchRequest {
            group_id: group.to_owned(),
            topics: partitions.map(by_topic),
            require_stable: true,
            ..OffsetFetchRequest::default()
        };
        let target = Target::Broker(coordinator);
        let called = self.call_at_most(target, &request, ONE_GROUP_VERSION, deadline);
        let answer = called.await?;
        read_offsets(answer.error_code, answer.topics.into_iter())
    }

    /// As [`fetch_offsets`](Self::fetch_offsets), as a member whose epoch the coordinator checks:
    /// one that was replaced learns nothing (KIP-848).
    pub(crate) async fn fetch_offsets_as(
        self: &Arc<Self>,
        coordinator: BrokerId,
        group: &str,
        reader: &Standing,
        partitions: &BTreeSet<TopicPartition>,
        deadline: Deadline,
    ) -> Result<Committed> {
        let topic = |each: OffsetFetchRequestTopic| OffsetFetchRequestTopics {
            name: each.name,
            partition_indexes: each.partition_indexes,
            ..OffsetFetchRequestTopics::default()
        };
        let asked = OffsetFetchRequestGroup {
            group_id: group.to_owned(),
            member_id: Some(reader.member_id.clone()),
            member_epoch: reader.generation,
            topics: Some(by_topic(partitions).into_iter().map(topic).collect()),
        };
        let request = OffsetFetchRequest {
            groups: vec![asked],
            require_stable: true,
            ..OffsetFetchRequest::default()
        };
        let target = Target::Broker(coordinator);
        let called = self.call_at_most(target, &request, FETCH_NAMES, deadline);
        let mut answer = called.await?.groups.into_iter();
        let answer = answer.find(|each| each.group_id == group);
        let answer = answer.ok_or_else(|| {
            let words = "the answer about committed offsets is about another group";
            Error::new(ErrorKind::Malformed, words)
        })?;
        let partition = |it: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
            partition_index: it.partition_index,
            committed_offset: it.committed_offset,
            committed_leader_epoch: it.committed_leader_epoch,
            metadata: it.metadata,
            error_code: it.error_code,
        };
        let topic = |it: OffsetFetchResponseTopics| OffsetFetchResponseTopic {
            name: it.name,
            partitions: it.partitions.into_iter().map(partition).collect(),
        };
        read_offsets(answer.error_code, answer.topics.into_iter().map(topic))
    }

    /// What a group committed for these partitions, or for all there are; asks again until all are
    /// known or the deadline.
    pub(crate) async fn committed_offsets(
        self: &Arc<Self>,
        group: &str,
        partitions: Option<&BTreeSet<TopicPartition>>,
        deadline: Deadline,
    ) -> Result<BTreeMap<TopicPartition, Option<OffsetAndMetadata>>> {
        let mut retry = self.retry(deadline);
        loop {
            let coordinator = self.coordinator(group, deadline).await?;
            let fetched = self
                .fetch_offsets(coordinator, group, partitions, deadline)
                .await
                .and_then(|committed| complete(committed, partitions));
            match fetched {
                Ok(committed) => return Ok(committed),
                Err(error) => retry.after(error).await?,
            }
        }
    }
}

/// The committed offsets, or the first error among them.
fn complete(
    committed: Committed,
    wanted: Option<&BTreeSet<TopicPartition>>,
) -> Result<BTreeMap<TopicPartition, Option<OffsetAndMetadata>>> {
    if let Some(at) = wanted
        .into_iter()
        .flatten()
        .find(|at| !committed.contains_key(at))
    {
        let code = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        let error = Error::broker(code, "the answer lacks the partition's offset");
        return Err(error
            .with_topic(at.topic.clone())
            .with_partition(at.partition));
    }
    let each = |(at, offset): (TopicPartition, Result<_>)| Ok((at, offset?));
    committed.into_iter().map(each).collect()
}

fn by_topic(partitions: &BTreeSet<TopicPartition>) -> Vec<OffsetFetchRequestTopic> {
    let mut topics: BTreeMap<&Arc<str>, Vec<i32>> = BTreeMap::new();
    for at in partitions {
        topics.entry(&at.topic).or_default().push(at.partition);
    }
    let topic = |(name, partition_indexes): (&Arc<str>, _)| OffsetFetchRequestTopic {
        name: name.to_string(),
        partition_indexes,
    };
    topics.into_iter().map(topic).collect()
}

fn read_offsets(
    code: i16,
    topics: impl Iterator<Item = OffsetFetchResponseTopic>,
) -> Result<Committed> {
    const DOING: &str = "looking up committed offsets";
    if let Some(code) = ErrorCode(code).err() {
        return Err(Error::broker(code, DOING));
    }
    let mut committed = Committed::new();
    for topic in topics {
        let name: Arc<str> = topic.name.into();
        for each in topic.partitions {
            let at = TopicPartition::new(Arc::clone(&name), each.partition_index);
            let offset = match ErrorCode(each.error_code).err() {
                Some(code) => Err(Error::broker(code, DOING)
                    .with_topic(Arc::clone(&name))
                    .with_partition(at.partition)),
                None if each.committed_offset < 0 => Ok(None),
                None => Ok(Some(
                    OffsetAndMetadata::new(each.committed_offset)
                        .leader_epoch(LeaderEpoch(each.committed_leader_epoch.max(-1)))
                        .metadata(each.metadata.unwrap_or_default()),
                )),
            };
            committed.entry(at).or_insert(offset);
        }
    }
    Ok(committed)
}

fn found(response: &FindCoordinatorResponse) -> Result<BrokerId> {
    match ErrorCode(response.error_code).err() {
        Some(code) => Err(Error::broker(code, "looking up the coordinator")),
        None if response.node_id < 0 => Err(Error::new(
            ErrorKind::Malformed,
            "the coordinator has no id",
        )),
        None => Ok(BrokerId(response.node_id)),
    }
}
