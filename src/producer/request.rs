//! Between drained batches and the produce request, and between its answer and theirs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Acks;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::ids::{BrokerId, LeaderEpoch, TopicId, TopicPartition, Uuid};
use crate::machine::metadata::{ClusterMetadata, LeaderHint, Node};
use crate::machine::producer::{Answer, BatchId, Drained, LaneId, Outcome, Refusal};
use crate::protocol::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduceData, TopicProduceResponse,
};

/// The last version that names topics; later ones know them by id alone (KIP-516).
const LAST_VERSION_WITH_NAMES: i16 = 12;

/// What a request has of one batch.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) lane: LaneId,
    pub(super) id: BatchId,
    pub(super) partition: TopicPartition,
}

/// What came back for one batch.
pub(super) type Answered = (LaneId, BatchId, Answer);

/// One produce request, and what is needed to read its answer.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) request: ProduceRequest,
    /// Set where a topic's id is not known, so that it must go by its name.
    pub(super) max_version: Option<i16>,
    pub(super) members: Members,
}

/// The batches of a request.
#[derive(Debug)]
pub(super) struct Members {
    all: Vec<Member>,
    /// The topics' places in the request.
    by_name: BTreeMap<Arc<str>, usize>,
    /// The same for those that have an id.
    by_id: BTreeMap<Uuid, usize>,
    /// Their ids, zero where there is none, by place.
    ids: Vec<TopicId>,
    /// Topic and partition, and the member's place; sorted.
    places: Vec<((usize, i32), usize)>,
}

impl Prepared {
    pub(super) fn new(
        drained: Vec<Drained>,
        acks: Acks,
        timeout: Duration,
        metadata: &ClusterMetadata,
    ) -> Self {
        let mut max_version = None;
        let mut by_id = BTreeMap::new();
        let mut topic_data: Vec<TopicProduceData> = Vec::new();
        let mut by_name: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        let mut all = Vec::with_capacity(drained.len());
        let mut places = Vec::with_capacity(drained.len());
        for each in drained {
            let index = each.partition.partition;
            let topic = *by_name
                .entry(Arc::clone(&each.partition.topic))
                .or_insert_with_key(|name| {
                    let topic_id = metadata.topic(name).map_or(Uuid::ZERO, |topic| topic.id.0);
                    if topic_id.is_zero() {
                        max_version = Some(LAST_VERSION_WITH_NAMES);
                    } else {
                        by_id.insert(topic_id, topic_data.len());
                    }
                    topic_data.push(TopicProduceData {
                        name: name.to_string(),
                        topic_id,
                        partition_data: Vec::new(),
                    });
                    topic_data.len() - 1
                });
            if let Some(data) = topic_data.get_mut(topic) {
                data.partition_data.push(PartitionProduceData {
                    index,
                    records: Some(each.records),
                });
            }
            places.push(((topic, index), all.len()));
            all.push(Member {
                lane: each.lane,
                id: each.id,
                partition: each.partition,
            });
        }
        places.sort_unstable();
        let ids = topic_data.iter().map(|it| TopicId(it.topic_id));
        let ids = ids.collect();
        let request = ProduceRequest {
            acks: acks.into(),
            timeout_ms: i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX),
            topic_data,
            ..ProduceRequest::default()
        };
        let members = Members {
            all,
            by_name,
            by_id,
            ids,
            places,
        };
        Self {
            request,
            max_version,
            members,
        }
    }
}

impl Members {
    /// What the answer says of each batch; one it says nothing of is as good as unanswered, and
    /// only the first word on a partition counts.
    pub(super) fn read(self, response: ProduceResponse) -> (Vec<Answered>, Vec<LeaderHint>) {
        let nodes: BTreeMap<i32, Node> = response
            .node_endpoints
            .into_iter()
            .filter_map(|node| Node::new(node.node_id, node.host, node.port, node.rack))
            .map(|node| (node.id.0, node))
            .collect();
        let mut said: Vec<Option<Answer>> = vec![None; self.all.len()];
        let mut hints = Vec::new();
        for topic in response.responses {
            let Some(at) = self.topic(&topic) else {
                continue;
            };
            let id = self.ids.get(at).copied().unwrap_or(TopicId::ZERO);
            for partition in topic.partition_responses {
                let key = (at, partition.index);
                let found = self.places.binary_search_by_key(&key, |(key, _)| *key);
                let place = found.ok().and_then(|found| self.places.get(found));
                let Some((_, place)) = place else {
                    continue;
                };
                let (Some(slot), Some(member)) = (said.get_mut(*place), self.all.get(*place))
                else {
                    continue;
                };
                if slot.is_none() {
                    hints.extend(leader_hint(id, &member.partition, &partition, &nodes));
                    *slot = Some(answer(partition));
                }
            }
        }
        let answer = |(member, said): (Member, Option<Answer>)| {
            (member.lane, member.id, said.unwrap_or_else(unanswered))
        };
        (self.all.into_iter().zip(said).map(answer).collect(), hints)
    }

    /// Which of the request's topics this is: by its name, or by its id where there is none.
    fn topic(&self, topic: &TopicProduceResponse) -> Option<usize> {
        let place = match topic.name.as_str() {
            "" => self.by_id.get(&topic.topic_id),
            name => self.by_name.get(name),
        };
        place.copied()
    }

    /// The same answer for every batch.
    pub(super) fn all(self, answer: &Answer) -> Vec<Answered> {
        let one = |member: Member| (member.lane, member.id, answer.clone());
        self.all.into_iter().map(one).collect()
    }
}

fn answer(response: PartitionProduceResponse) -> Answer {
    match ErrorCode(response.error_code).err() {
        Some(code) => Answer::Refused(Refusal {
            code,
            log_start_offset: (response.log_start_offset >= 0).then_some(response.log_start_offset),
            culprits: culprits(&response),
            message: response.error_message,
        }),
        None => Answer::Written(Outcome {
            base_offset: (response.base_offset >= 0).then_some(response.base_offset),
            log_append_ms: (response.log_append_time_ms >= 0)
                .then_some(response.log_append_time_ms),
        }),
    }
}

/// The records that the broker blames, with its words on each (KIP-467).
fn culprits(response: &PartitionProduceResponse) -> Vec<(u32, Option<String>)> {
    let blamed = response.record_errors.iter().filter_map(|record| {
        let index = u32::try_from(record.batch_index).ok()?;
        Some((index, record.batch_index_error_message.clone()))
    });
    blamed.collect()
}

fn unanswered() -> Answer {
    let words = "the broker's answer does not mention the partition";
    Answer::Lost {
        error: Error::new(ErrorKind::Disconnected, words),
        maybe_sent: true,
    }
}

fn leader_hint(
    topic_id: TopicId,
    partition: &TopicPartition,
    response: &PartitionProduceResponse,
    nodes: &BTreeMap<i32, Node>,
) -> Option<LeaderHint> {
    let current = &response.current_leader;
    if current.leader_id < 0 || current.leader_epoch < 0 {
        return None;
    }
    Some(LeaderHint {
        topic_id,
        partition: partition.clone(),
        leader: BrokerId(current.leader_id),
        epoch: LeaderEpoch(current.leader_epoch),
        node: nodes.get(&current.leader_id).cloned(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::machine::backoff::BackoffPolicy;
    use crate::machine::metadata::{Interest, MetadataMachine};
    use crate::protocol::Chunks;
    use crate::protocol::metadata::{
        MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
    };
    use crate::protocol::produce::LeaderIdAndEpoch;

    /// A picture of topic `t` with one partition.
    fn picture(topic_id: Uuid) -> Arc<ClusterMetadata> {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let policy = BackoffPolicy {
            initial: second,
            max: second,
        };
        let mut machine = MetadataMachine::new(now, policy, 1, second);
        machine.want(now, &Arc::from("t"), Interest::to_read(false));
        let query = machine.poll_query(now).unwrap();
        let topic = MetadataResponseTopic {
            name: Some("t".to_owned()),
            topic_id,
            partitions: vec![MetadataResponsePartition::default()],
            ..MetadataResponseTopic::default()
        };
        let told = MetadataResponse {
            brokers: vec![MetadataResponseBroker::default()],
            topics: vec![topic],
            ..MetadataResponse::default()
        };
        machine.handle_response(now, &query, told);
        Arc::clone(machine.snapshot())
    }

    #[test]
    fn a_hint_is_about_the_topic_that_was_asked_about() {
        for topic_id in [Uuid([7; 16]), Uuid::ZERO] {
            let drained = Drained {
                lane: LaneId(0),
                id: BatchId(1),
                partition: TopicPartition::new("t", 0),
                records: Chunks::default(),
            };
            let (limit, picture) = (Duration::from_secs(1), picture(topic_id));
            let prepared = Prepared::new(vec![drained], Acks::All, limit, &picture);
            let partition = PartitionProduceResponse {
                error_code: ErrorCode::NOT_LEADER_OR_FOLLOWER.0,
                current_leader: LeaderIdAndEpoch {
                    leader_id: 2,
                    leader_epoch: 9,
                },
                ..PartitionProduceResponse::default()
            };
            let topic = TopicProduceResponse {
                name: "t".to_owned(),
                partition_responses: vec![partition],
                ..TopicProduceResponse::default()
            };
            let response = ProduceResponse {
                responses: vec![topic],
                ..ProduceResponse::default()
            };
            let (_, hints) = prepared.members.read(response);
            let ids: Vec<TopicId> = hints.iter().map(|hint| hint.topic_id).collect();
            assert_eq!(ids, [TopicId(topic_id)]);
        }
    }
}
