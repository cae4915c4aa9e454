//! Between drained batches and the produce request, and between its answer and theirs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::Acks;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition, Uuid};
use crate::machine::metadata::{ClusterMetadata, Node};
use crate::machine::producer::{Answer, BatchId, Drained, Outcome};
use crate::protocol::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduceData,
};

/// The last version that names topics; later ones know them by id alone (KIP-516).
const LAST_VERSION_WITH_NAMES: i16 = 12;

/// One produce request, and what is needed to read its answer.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) request: ProduceRequest,
    /// Set where a topic's id is not known, so that it must go by its name.
    pub(super) max_version: Option<i16>,
    pub(super) batches: Vec<(TopicPartition, BatchId)>,
    topics: BTreeMap<Uuid, String>,
}

/// A broker said who leads a partition now (KIP-951).
#[derive(Debug)]
pub(super) struct LeaderHint {
    pub(super) partition: TopicPartition,
    pub(super) leader: BrokerId,
    pub(super) epoch: LeaderEpoch,
    pub(super) node: Option<Node>,
}

impl Prepared {
    pub(super) fn new(
        drained: Vec<Drained>,
        acks: Acks,
        timeout: Duration,
        metadata: &ClusterMetadata,
    ) -> Self {
        let mut by_topic: BTreeMap<String, Vec<PartitionProduceData>> = BTreeMap::new();
        let mut batches = Vec::with_capacity(drained.len());
        for each in drained {
            let index = each.partition.partition;
            let data = PartitionProduceData {
                index,
                records: Some(each.records),
            };
            by_topic
                .entry(each.partition.topic.to_string())
                .or_default()
                .push(data);
            batches.push((each.partition, each.id));
        }
        let mut topics = BTreeMap::new();
        let mut max_version = None;
        let mut topic_data = Vec::with_capacity(by_topic.len());
        for (name, partition_data) in by_topic {
            let topic_id = metadata.topic(&name).map_or(Uuid::ZERO, |topic| topic.id.0);
            if topic_id.is_zero() {
                max_version = Some(LAST_VERSION_WITH_NAMES);
            }
            topics.insert(topic_id, name.clone());
            topic_data.push(TopicProduceData {
                name,
                topic_id,
                partition_data,
            });
        }
        let request = ProduceRequest {
            acks: acks.into(),
            timeout_ms: i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX),
            topic_data,
            ..ProduceRequest::default()
        };
        Self {
            request,
            max_version,
            batches,
            topics,
        }
    }

    /// What the answer says of each batch; one it says nothing of is as good as unanswered, and
    /// only the first word on a partition counts.
    pub(super) fn read(
        &self,
        response: ProduceResponse,
    ) -> (Vec<(TopicPartition, BatchId, Answer)>, Vec<LeaderHint>) {
        let nodes: BTreeMap<i32, Node> = response
            .node_endpoints
            .into_iter()
            .filter_map(|node| Node::new(node.node_id, node.host, node.port, node.rack))
            .map(|node| (node.id.0, node))
            .collect();
        let mut found: BTreeMap<(String, i32), PartitionProduceResponse> = BTreeMap::new();
        for topic in response.responses {
            let name = if topic.name.is_empty() {
                self.topics
                    .get(&topic.topic_id)
                    .cloned()
                    .unwrap_or_default()
            } else {
                topic.name
            };
            for partition in topic.partition_responses {
                found
                    .entry((name.clone(), partition.index))
                    .or_insert(partition);
            }
        }
        let (mut answers, mut hints) = (Vec::with_capacity(self.batches.len()), Vec::new());
        for (partition, id) in &self.batches {
            let key = (partition.topic.to_string(), partition.partition);
            let answer = match found.remove(&key) {
                Some(response) => {
                    hints.extend(leader_hint(partition, &response, &nodes));
                    answer(response)
                }
                None => unanswered(),
            };
            answers.push((partition.clone(), *id, answer));
        }
        (answers, hints)
    }

    /// The same answer for every batch.
    pub(super) fn all(&self, answer: &Answer) -> Vec<(TopicPartition, BatchId, Answer)> {
        let one =
            |(partition, id): &(TopicPartition, BatchId)| (partition.clone(), *id, answer.clone());
        self.batches.iter().map(one).collect()
    }
}

fn answer(response: PartitionProduceResponse) -> Answer {
    match ErrorCode(response.error_code).err() {
        Some(code) => Answer::Refused {
            code,
            message: refusal_words(&response),
        },
        None => Answer::Written(Outcome {
            base_offset: (response.base_offset >= 0).then_some(response.base_offset),
            log_append_ms: (response.log_append_time_ms >= 0)
                .then_some(response.log_append_time_ms),
        }),
    }
}

/// The broker's own words: for the batch, and for the records that are to blame (KIP-467).
fn refusal_words(response: &PartitionProduceResponse) -> Option<String> {
    let mut words: Vec<String> = response.error_message.iter().cloned().collect();
    for record in response.record_errors.iter().take(3) {
        let why = record
            .batch_index_error_message
            .as_deref()
            .unwrap_or("refused");
        words.push(format!("record {} of the batch: {why}", record.batch_index));
    }
    (!words.is_empty()).then(|| words.join("; "))
}

fn unanswered() -> Answer {
    let words = "the broker's answer does not mention the partition";
    Answer::Lost {
        error: Error::new(ErrorKind::Disconnected, words),
        maybe_sent: true,
    }
}

fn leader_hint(
    partition: &TopicPartition,
    response: &PartitionProduceResponse,
    nodes: &BTreeMap<i32, Node>,
) -> Option<LeaderHint> {
    let current = &response.current_leader;
    if current.leader_id < 0 || current.leader_epoch < 0 {
        return None;
    }
    Some(LeaderHint {
        partition: partition.clone(),
        leader: BrokerId(current.leader_id),
        epoch: LeaderEpoch(current.leader_epoch),
        node: nodes.get(&current.leader_id).cloned(),
    })
}
