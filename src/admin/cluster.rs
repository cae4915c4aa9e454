//! The cluster itself.

use std::sync::Arc;

use super::Admin;
use crate::error::Result;
use crate::ids::BrokerId;
use crate::machine::metadata::{ClusterMetadata, Node};
use crate::protocol::metadata::MetadataRequest;

/// A cluster: its id, its controller and its brokers.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ClusterDescription {
    /// The cluster's id.
    pub cluster_id: Option<Arc<str>>,
    /// The broker that answers as the controller.
    pub controller: Option<BrokerId>,
    /// The brokers that are alive, by id.
    pub brokers: Vec<Node>,
}

impl Admin {
    /// Describes the cluster.
    ///
    /// # Errors
    ///
    /// `Connect` or `Timeout` if no broker answers in time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn describe_cluster(&self) -> Result<ClusterDescription> {
        let deadline = self.deadline();
        let shared = &self.client.shared;
        let request = MetadataRequest {
            topics: Some(Vec::new()),
            ..MetadataRequest::default()
        };
        let response = shared.describe(&request, deadline).await?;
        let metadata = ClusterMetadata::of(&response);
        Ok(ClusterDescription {
            cluster_id: metadata.cluster_id,
            controller: metadata.controller,
            brokers: metadata.nodes.into_values().collect(),
        })
    }

    /// The broker that coordinates a consumer group; a group that does not exist has one too.
    ///
    /// # Errors
    ///
    /// `Broker` if the group may not be described, `Connect` or `Timeout` if no broker answers in
    /// time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn group_coordinator(&self, group: &str) -> Result<BrokerId> {
        self.client.shared.coordinator(group, self.deadline()).await
    }
}
