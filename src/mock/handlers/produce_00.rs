//! Produce, versions 3 to 13 (topic ids since 13, the new leader in the answer since 10, KIP-951).
//!
//! Deviations: all replicas are written at once, so `acks=all` never waits and `timeout_ms` never
//! runs out; transactional batches are refused, as there is no transaction coordinator yet.

use bytes::Bytes;

use super::super::batch::{Refusal, check};
use super::super::framing::{has_transactional, only_batch};
use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::ids::TopicPartition;
use crate::protocol::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceData,
    TopicProduceResponse,
};

/// The version since which topics are named by id.
const BY_ID: i16 = 13;
/// The version since which an answer says who leads instead.
const NEW_LEADER: i16 = 10;

pub(super) struct Produce(ProduceRequest);

impl Handler for Produce {
    type Request = ProduceRequest;
    type Response = ProduceResponse;

    fn new(request: ProduceRequest) -> Self {
        Self(request)
    }

    fn targets(&self, cluster: &ClusterState, _: i32) -> Vec<TopicPartition> {
        let each = |topic: &TopicProduceData| {
            let name = cluster.topic_name(topic.topic_id).unwrap_or(&topic.name);
            let named = TopicPartition::new(name, -1);
            let indices = topic.partition_data.iter().map(|data| data.index);
            indices
                .map(|partition| TopicPartition {
                    partition,
                    ..named.clone()
                })
                .collect::<Vec<_>>()
        };
        self.0.topic_data.iter().flat_map(each).collect()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<ProduceResponse> {
        let acks = self.0.acks;
        let refused = self.refused();
        let mut response = ProduceResponse::default();
        for topic in std::mem::take(&mut self.0.topic_data) {
            let name = if on.version >= BY_ID {
                cluster.topic_name(topic.topic_id).map(str::to_owned)
            } else {
                Some(topic.name.clone())
            };
            let mut answers = Vec::new();
            for data in topic.partition_data {
                answers.push(match &refused {
                    Some(refusal) => failed(data.index, refusal.clone()),
                    None => one(cluster, on, acks, name.as_deref(), data, &mut response),
                });
            }
            response.responses.push(TopicProduceResponse {
                name: topic.name,
                topic_id: topic.topic_id,
                partition_responses: answers,
            });
        }
        if acks != 0 {
            return Outcome::Reply(response);
        }
        let answers = response.responses.iter();
        let mut answers = answers.flat_map(|topic| &topic.partition_responses);
        if answers.any(|answer| answer.error_code != 0) {
            // The only way to tell a producer that reads no answers.
            return Outcome::Close;
        }
        Outcome::Nothing
    }

    fn set_throttle(response: &mut ProduceResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

impl Produce {
    /// Why a broker refuses the whole request, whatever else is in it.
    fn refused(&self) -> Option<Refusal> {
        let data = self
            .0
            .topic_data
            .iter()
            .flat_map(|topic| &topic.partition_data);
        for records in data.filter_map(|data| data.records.clone()) {
            match has_transactional(&records.into_bytes()) {
                Err(refusal) => return Some(refusal),
                Ok(true) if self.0.transactional_id.is_none() => {
                    let code = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
                    return Some(Refusal::new(code, code.description()));
                }
                Ok(_) => {}
            }
        }
        None
    }
}

fn one(
    cluster: &mut ClusterState,
    on: &Context,
    acks: i16,
    topic: Option<&str>,
    data: PartitionProduceData,
    response: &mut ProduceResponse,
) -> PartitionProduceResponse {
    let index = data.index;
    let Some(topic) = topic else {
        return failed(index, Refusal::new(ErrorCode::UNKNOWN_TOPIC_ID, ""));
    };
    let mut answer = match on.refused(topic, index) {
        Some(code) => failed(index, Refusal::new(code, "planned by the mock")),
        None => {
            append(cluster, on, acks, topic, data).unwrap_or_else(|refusal| failed(index, refusal))
        }
    };
    if let Some(code) = on.spoilt(topic, index) {
        // With the offset where it was written, as brokers answer a write whose followers are late.
        answer.error_code = code.0;
    }
    if answer.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER.0 && on.version >= NEW_LEADER {
        name_leader(cluster, on, topic, &mut answer, response);
    }
    answer
}

fn append(
    cluster: &mut ClusterState,
    on: &Context,
    acks: i16,
    topic: &str,
    data: PartitionProduceData,
) -> Result<PartitionProduceResponse, Refusal> {
    let index = data.index;
    if cluster.partition(topic, index).is_none() {
        let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        return Err(Refusal::new(code, code.description()));
    }
    let records = data.records.map(|records| records.into_bytes());
    let batch = only_batch(&records.unwrap_or_default(), on.version)?;
    if !matches!(acks, -1..=1) {
        let code = ErrorCode::INVALID_REQUIRED_ACKS;
        return Err(Refusal::new(code, code.description()));
    }
    let led = cluster.led((topic, index), on.broker, -1, false);
    led.map_err(|code| Refusal::new(code, code.description()))?;
    let start = cluster
        .partition(topic, index)
        .map_or(-1, |p| p.log.start());
    write(cluster, on, acks, (topic, index), &batch).or_else(|refusal| {
        // These two a broker answers without a look at the log.
        let short = matches!(
            refusal.code,
            ErrorCode::CORRUPT_MESSAGE | ErrorCode::MESSAGE_TOO_LARGE
        );
        Ok(PartitionProduceResponse {
            log_start_offset: if short { -1 } else { start },
            ..failed(index, refusal)
        })
    })
}

fn write(
    cluster: &mut ClusterState,
    on: &Context,
    acks: i16,
    (topic, index): (&str, i32),
    batch: &Bytes,
) -> Result<PartitionProduceResponse, Refusal> {
    let missing = || Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "");
    let known = cluster.topics.get_mut(topic).ok_or_else(missing)?;
    let config = known.config.clone();
    let partition = known.partition_mut(index).ok_or_else(missing)?;
    let wanted = config.min_insync_replicas.min(partition.replicas.len());
    if acks == -1 && partition.isr.len() < wanted {
        return Err(Refusal::new(
            ErrorCode::NOT_ENOUGH_REPLICAS,
            format!(
                "{} replicas are in sync, min.insync.replicas is {wanted}",
                partition.isr.len()
            ),
        ));
    }
    let checked = check(batch, &config, on.now_ms)?;
    let epoch = partition.leader_epoch;
    let placed = partition
        .log
        .append(checked, epoch, config.retention_bytes)?;
    let log_start_offset = partition.log.start();
    if !placed.duplicate {
        cluster.mark_changed();
    }
    Ok(PartitionProduceResponse {
        index,
        base_offset: placed.base_offset,
        log_append_time_ms: placed.log_append_time,
        log_start_offset,
        ..PartitionProduceResponse::default()
    })
}

fn failed(index: i32, refusal: Refusal) -> PartitionProduceResponse {
    let record_error = |(batch_index, why)| BatchIndexAndErrorMessage {
        batch_index,
        batch_index_error_message: Some(why),
    };
    PartitionProduceResponse {
        index,
        error_code: refusal.code.0,
        base_offset: -1,
        record_errors: refusal.records.into_iter().map(record_error).collect(),
        error_message: Some(refusal.message).filter(|message| !message.is_empty()),
        ..PartitionProduceResponse::default()
    }
}

fn name_leader(
    cluster: &ClusterState,
    on: &Context,
    topic: &str,
    answer: &mut PartitionProduceResponse,
    response: &mut ProduceResponse,
) {
    let Some(partition) = cluster.partition(topic, answer.index) else {
        return;
    };
    answer.current_leader = LeaderIdAndEpoch {
        leader_id: partition.leader.unwrap_or(-1),
        leader_epoch: partition.leader_epoch,
    };
    let leader = partition
        .leader
        .and_then(|id| cluster.endpoint(id, on.listener));
    let known = |id: i32| {
        response
            .node_endpoints
            .iter()
            .any(|node| node.node_id == id)
    };
    if let Some(leader) = leader.filter(|leader| !known(leader.id)) {
        response.node_endpoints.push(NodeEndpoint {
            node_id: leader.id,
            host: leader.host,
            port: i32::from(leader.port),
            rack: leader.rack,
        });
    }
}
