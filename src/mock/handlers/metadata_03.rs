//! Metadata, versions 4 to 13 (topic ids in answers since 10, in requests since 12).
//!
//! A topic that is created by asking for it is answered UNKNOWN_TOPIC_OR_PARTITION the first time,
//! as KRaft brokers do: they learn of it from the controller later.
//!
//! Deviations: authorised operations are never given; REBOOTSTRAP_REQUIRED only by a fault rule.

use std::collections::BTreeSet;

use super::super::creation::NewTopic;
use super::super::state::ClusterState;
use super::super::topics::{Partition, check_name};
use super::{Context, Handler, Outcome, topic_target};
use crate::error::ErrorCode;
use crate::ids::{TopicPartition, Uuid};
use crate::protocol::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};

/// The version since which requests may name topics by id, and names may be null.
const BY_ID: i16 = 12;
/// The version since which the whole answer may be an error (KIP-1102).
const TOP_LEVEL_ERROR: i16 = 13;

pub(super) struct Metadata(MetadataRequest);

impl Handler for Metadata {
    type Request = MetadataRequest;
    type Response = MetadataResponse;

    fn new(request: MetadataRequest) -> Self {
        Self(request)
    }

    fn targets(&self, cluster: &ClusterState, _: i32) -> Vec<TopicPartition> {
        let asked = self.0.topics.iter().flatten();
        let name = |topic: &MetadataRequestTopic| {
            let by_id = cluster.topic_name(topic.topic_id);
            topic_target(topic.name.as_deref().or(by_id).unwrap_or_default())
        };
        asked.map(name).collect()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<MetadataResponse> {
        let brokers = cluster.endpoints(on.listener).into_iter();
        let broker = |endpoint: super::super::state::Endpoint| MetadataResponseBroker {
            node_id: endpoint.id,
            host: endpoint.host,
            port: i32::from(endpoint.port),
            rack: endpoint.rack,
        };
        let mut response = MetadataResponse {
            brokers: brokers.map(broker).collect(),
            cluster_id: Some(cluster.cluster_id.clone()),
            controller_id: cluster.controller(),
            topics: self.topics(cluster, on),
            ..MetadataResponse::default()
        };
        if let Some(code) = whole_error(on) {
            response.error_code = code.0;
        }
        Outcome::Reply(response)
    }

    fn set_throttle(response: &mut MetadataResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

impl Metadata {
    fn topics(&self, cluster: &mut ClusterState, on: &Context) -> Vec<MetadataResponseTopic> {
        let Some(asked) = &self.0.topics else {
            let names: Vec<String> = cluster.topics.keys().cloned().collect();
            return names
                .iter()
                .map(|name| self.named(cluster, on, name))
                .collect();
        };
        if let Some(code) = nonsense(asked, on.version) {
            let refused = |t: &MetadataRequestTopic| MetadataResponseTopic {
                name: Some(t.name.clone().unwrap_or_default()),
                ..failed(code)
            };
            return asked.iter().map(refused).collect();
        }
        let ids: BTreeSet<Uuid> = asked.iter().map(|t| t.topic_id).collect();
        if ids.iter().any(|id| !id.is_zero()) {
            let ids = ids.into_iter().filter(|id| !id.is_zero());
            return ids.map(|id| self.by_id(cluster, on, id)).collect();
        }
        let names: BTreeSet<&String> = asked.iter().filter_map(|t| t.name.as_ref()).collect();
        let names = names.into_iter();
        names.map(|name| self.named(cluster, on, name)).collect()
    }

    fn by_id(&self, cluster: &mut ClusterState, on: &Context, id: Uuid) -> MetadataResponseTopic {
        match cluster.topic_name(id).map(str::to_owned) {
            Some(name) => self.named(cluster, on, &name),
            None => MetadataResponseTopic {
                topic_id: id,
                ..failed(ErrorCode::UNKNOWN_TOPIC_ID)
            },
        }
    }

    fn named(&self, cluster: &mut ClusterState, on: &Context, name: &str) -> MetadataResponseTopic {
        let unknown = |code| MetadataResponseTopic {
            name: Some(name.to_owned()),
            ..failed(code)
        };
        let planned = on.plan.error_for(name, -1).map(|error| error.code);
        if let Some(code) = planned.filter(|_| whole_error(on).is_none()) {
            return unknown(code);
        }
        let Some(topic) = cluster.topics.get(name) else {
            return unknown(self.create(cluster, name));
        };
        let partitions = (0..).zip(&topic.partitions);
        MetadataResponseTopic {
            name: Some(name.to_owned()),
            topic_id: topic.id,
            partitions: partitions
                .map(|(index, partition)| describe(cluster, index, partition))
                .collect(),
            ..MetadataResponseTopic::default()
        }
    }

    /// Creates a topic that was asked for, if that is allowed; the code to answer this time.
    fn create(&self, cluster: &mut ClusterState, name: &str) -> ErrorCode {
        if let Err((code, _)) = check_name(name) {
            return code;
        }
        if !self.0.allow_auto_topic_creation || !cluster.settings.auto_create_topics {
            return ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        }
        match cluster.create_topic(name, &NewTopic::default(), false) {
            Ok(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            Err((code, _)) => code,
        }
    }
}

/// The one error that stands for the whole answer; planned others are each topic's.
fn whole_error(on: &Context) -> Option<ErrorCode> {
    let code = on.error()?.code;
    let whole = code == ErrorCode::REBOOTSTRAP_REQUIRED && on.version >= TOP_LEVEL_ERROR;
    whole.then_some(code)
}

/// The code of a request whose topics make no sense, all of which a broker then answers with it.
fn nonsense(asked: &[MetadataRequestTopic], version: i16) -> Option<ErrorCode> {
    let nameless = asked.iter().any(|topic| topic.name.is_none());
    let by_id = asked.iter().any(|topic| !topic.topic_id.is_zero());
    if version < BY_ID {
        return (nameless || by_id).then_some(ErrorCode::INVALID_REQUEST);
    }
    // Neither name nor id: a broker stumbles over it.
    (nameless && !by_id).then_some(ErrorCode::UNKNOWN_SERVER_ERROR)
}

fn failed(code: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code: code.0,
        name: None,
        ..MetadataResponseTopic::default()
    }
}

fn describe(
    cluster: &ClusterState,
    partition_index: i32,
    partition: &Partition,
) -> MetadataResponsePartition {
    let down = partition
        .replicas
        .iter()
        .copied()
        .filter(|id| !cluster.is_up(*id));
    let error = if partition.leader.is_none() {
        ErrorCode::LEADER_NOT_AVAILABLE
    } else {
        ErrorCode::NONE
    };
    MetadataResponsePartition {
        error_code: error.0,
        partition_index,
        leader_id: partition.leader.unwrap_or(-1),
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.clone(),
        isr_nodes: partition.isr.clone(),
        offline_replicas: down.collect(),
    }
}
