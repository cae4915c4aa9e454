//! OffsetCommit, versions 2 to 10 (static members since 7; member epochs since 9, KIP-848; topic
//! ids since 10).
//!
//! Deviations: `retention_time_ms` (versions 2 to 4) is not kept; offsets never expire.

use std::collections::BTreeSet;

use super::super::groups::classic::Classic;
use super::super::groups::modern::Place;
use super::super::groups::offsets::{CommitSeen, CommittedOffset};
use super::super::groups::{GroupSettings, Groups, Kind};
use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::ids::TopicPartition;
use crate::protocol::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

/// The version since which a group that is not there is called so.
const NOT_FOUND: i16 = 9;
/// The version since which clients know of member epochs.
const MEMBER_EPOCHS: i16 = 9;
/// The version since which topics are named by id.
const BY_ID: i16 = 10;

pub(super) struct OffsetCommit(OffsetCommitRequest);

impl Handler for OffsetCommit {
    type Request = OffsetCommitRequest;
    type Response = OffsetCommitResponse;

    fn new(request: OffsetCommitRequest) -> Self {
        Self(request)
    }

    fn targets(&self, cluster: &ClusterState, _: i32) -> Vec<TopicPartition> {
        let topics = self.0.topics.iter();
        topics
            .flat_map(|topic| {
                let named = TopicPartition::new(name_of(cluster, topic).unwrap_or_default(), 0);
                let partitions = topic.partitions.iter();
                partitions.map(move |partition| TopicPartition {
                    partition: partition.partition_index,
                    ..named.clone()
                })
            })
            .collect()
    }

    fn groups(&self) -> Vec<String> {
        vec![self.0.group_id.clone()]
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<OffsetCommitResponse> {
        let mut codes = self.find_all(cluster, on);
        if codes.iter().flatten().any(Result::is_ok) {
            let admitted = self.admit(cluster, on);
            // One partition that may not be committed spoils all.
            let admitted = admitted.and_then(|allowed| match allowed {
                Some(places) if !self.all_in(cluster, &codes, &places) => {
                    Err(ErrorCode::STALE_MEMBER_EPOCH)
                }
                _ => Ok(()),
            });
            for (topic, codes) in self.0.topics.iter().zip(&mut codes) {
                let name = name_of(cluster, topic).unwrap_or_default().to_owned();
                for (partition, code) in topic.partitions.iter().zip(codes) {
                    if code.is_ok() {
                        *code = admitted
                            .and_then(|()| self.commit(&mut cluster.groups, on, &name, partition));
                    }
                }
            }
        }
        Outcome::Reply(self.encode(cluster, on, &codes))
    }

    fn set_throttle(response: &mut OffsetCommitResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

/// The topic's name, if it has one.
fn name_of<'a>(cluster: &'a ClusterState, topic: &'a OffsetCommitRequestTopic) -> Option<&'a str> {
    if topic.topic_id.is_zero() {
        return Some(&topic.name);
    }
    cluster.topic_name(topic.topic_id)
}

impl OffsetCommit {
    /// For each partition whether it is there, and not planned to fail.
    fn find_all(&self, cluster: &ClusterState, on: &Context) -> Vec<Vec<Result<(), ErrorCode>>> {
        let topics = self.0.topics.iter();
        topics
            .map(|topic| {
                let by_id = on.version >= BY_ID;
                let name = name_of(cluster, topic).filter(|_| !by_id || !topic.topic_id.is_zero());
                let find = |partition: &OffsetCommitRequestPartition| {
                    let index = partition.partition_index;
                    let name = name.ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
                    if let Some(code) = on.refused(name, index) {
                        return Err(code);
                    }
                    let found = cluster.partition(name, index);
                    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                    found.map(|_| ()).ok_or(unknown)
                };
                topic.partitions.iter().map(find).collect()
            })
            .collect()
    }

    /// Whether all partitions that are there are among these places.
    fn all_in(
        &self,
        cluster: &ClusterState,
        codes: &[Vec<Result<(), ErrorCode>>],
        places: &BTreeSet<Place>,
    ) -> bool {
        let topics = self.0.topics.iter().zip(codes);
        topics.into_iter().all(|(topic, codes)| {
            let name = name_of(cluster, topic).unwrap_or_default();
            let id = cluster.topics.get(name).map(|topic| topic.id);
            let partitions = topic.partitions.iter().zip(codes);
            let there = partitions.filter(|(_, code)| code.is_ok());
            there.into_iter().all(|(partition, _)| {
                id.is_some_and(|id| places.contains(&(id, partition.partition_index)))
            })
        })
    }

    /// Whether this client may commit to the group, and if not all, what; one without generation
    /// makes a group that is not there.
    fn admit(
        &self,
        cluster: &mut ClusterState,
        on: &Context,
    ) -> Result<Option<BTreeSet<Place>>, ErrorCode> {
        let request = &self.0;
        let generation = request.generation_id_or_member_epoch;
        let who = (
            request.member_id.as_str(),
            request.group_instance_id.as_deref(),
        );
        let at = (on.broker, on.now);
        // Brokers without the new protocol keep to the old code.
        let modern = cluster.groups.settings.modern.enabled;
        cluster.groups.serve(&request.group_id, at, |groups| {
            if groups.get(&request.group_id).is_none() && generation >= 0 {
                return Err(if on.version >= NOT_FOUND && modern {
                    ErrorCode::GROUP_ID_NOT_FOUND
                } else {
                    ErrorCode::ILLEGAL_GENERATION
                });
            }
            let settings = groups.settings.modern.clone();
            let group = groups.obtain(&request.group_id, || Kind::Classic(Classic::new()));
            match &mut group.kind {
                Kind::Classic(group) => group.commit(on.now, who, generation).map(|()| None),
                Kind::Modern(group) => {
                    group.commit((who.0, generation), on.version >= MEMBER_EPOCHS, &settings)
                }
            }
        })?
    }

    fn commit(
        &self,
        groups: &mut Groups,
        on: &Context,
        topic: &str,
        partition: &OffsetCommitRequestPartition,
    ) -> Result<(), ErrorCode> {
        let GroupSettings { metadata_max, .. } = groups.settings;
        let metadata = partition.committed_metadata.as_deref().unwrap_or_default();
        // As Java counts a string's length.
        if metadata.encode_utf16().count() > metadata_max {
            return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
        }
        let group = groups.obtain(&self.0.group_id, || Kind::Classic(Classic::new()));
        group.offsets.commit(CommitSeen {
            at: on.now,
            member_id: self.0.member_id.clone(),
            generation: self.0.generation_id_or_member_epoch,
            partition: TopicPartition::new(topic, partition.partition_index),
            committed: CommittedOffset {
                offset: partition.committed_offset,
                leader_epoch: partition.committed_leader_epoch,
                metadata: metadata.to_owned(),
            },
        });
        Ok(())
    }

    fn encode(
        &self,
        cluster: &ClusterState,
        on: &Context,
        codes: &[Vec<Result<(), ErrorCode>>],
    ) -> OffsetCommitResponse {
        let topic = |(topic, codes): (&OffsetCommitRequestTopic, &Vec<Result<(), ErrorCode>>)| {
            let name = name_of(cluster, topic).unwrap_or_default();
            let partition = |(partition, code): (&OffsetCommitRequestPartition, &Result<_, _>)| {
                let index = partition.partition_index;
                let code = code.err().or_else(|| on.spoilt(name, index));
                OffsetCommitResponsePartition {
                    partition_index: index,
                    error_code: code.unwrap_or(ErrorCode::NONE).0,
                }
            };
            OffsetCommitResponseTopic {
                name: topic.name.clone(),
                topic_id: topic.topic_id,
                partitions: topic.partitions.iter().zip(codes).map(partition).collect(),
            }
        };
        OffsetCommitResponse {
            topics: self.0.topics.iter().zip(codes).map(topic).collect(),
            ..OffsetCommitResponse::default()
        }
    }
}
