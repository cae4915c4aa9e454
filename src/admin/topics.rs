//! Topics: list, describe, create, delete.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Admin;
use super::change::{CREATING, DELETING};
use crate::cluster::{Deadline, LAG_MAX};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::TopicId;
use crate::machine::metadata::TopicMetadata;
use crate::protocol::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use crate::protocol::delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse};
use crate::protocol::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponseTopic};

/// One topic of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TopicListing {
    /// Its name.
    pub name: Arc<str>,
    /// Its id; [`TopicId::ZERO`] where the broker is older than 2.8.
    pub id: TopicId,
    /// How many partitions it has.
    pub partitions: usize,
    /// Whether it is one of Kafka's own.
    pub is_internal: bool,
}

/// One topic, with its partitions and their replicas.
pub type TopicDescription = TopicMetadata;

/// A topic to create.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewTopic {
    name: String,
    partitions: i32,
    replication_factor: i16,
    configs: BTreeMap<String, String>,
}

impl NewTopic {
    /// A topic with the broker's defaults for partitions and replication factor (KIP-464).
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            partitions: -1,
            replication_factor: -1,
            configs: BTreeMap::new(),
        }
    }

    /// Its number of partitions.
    #[must_use]
    pub fn partitions(mut self, count: i32) -> Self {
        self.partitions = count;
        self
    }

    /// How many brokers hold a copy of each partition.
    #[must_use]
    pub fn replication_factor(mut self, count: i16) -> Self {
        self.replication_factor = count;
        self
    }

    /// A topic configuration, such as `cleanup.policy`.
    #[must_use]
    pub fn config(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.configs.insert(key.into(), value.into());
        self
    }

    fn creatable(&self) -> CreatableTopic {
        let config = |(name, value): (&String, &String)| CreatableTopicConfig {
            name: name.clone(),
            value: Some(value.clone()),
        };
        CreatableTopic {
            name: self.name.clone(),
            num_partitions: self.partitions,
            replication_factor: self.replication_factor,
            configs: self.configs.iter().map(config).collect(),
            ..CreatableTopic::default()
        }
    }
}

impl Admin {
    /// All topics, in order of their names; one whose partitions the broker could not tell has none
    /// here. They are those that one broker knows of: a topic that was created or deleted a moment
    /// ago may be missing, or still be there.
    ///
    /// # Errors
    ///
    /// `Connect` or `Timeout` if no broker answers in time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn list_topics(&self) -> Result<Vec<TopicListing>> {
        let listing = |topic: TopicMetadata| TopicListing {
            name: topic.name,
            id: topic.id,
            partitions: topic.partitions.len(),
            is_internal: topic.is_internal,
        };
        let topics = self.ask(None, self.deadline()).await?;
        let mut all: Vec<TopicListing> = topics
            .into_iter()
            .filter_map(|topic| TopicMetadata::of(topic).map(listing))
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Describes topics; one that does not exist has its own error and is not created.
    ///
    /// A broker may not know yet of a topic that was created a moment ago, so that an error that
    /// may pass is believed only after a second.
    ///
    /// # Errors
    ///
    /// `Connect` or `Timeout` if no broker answers in time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn describe_topics<S: AsRef<str>>(
        &self,
        topics: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Result<TopicDescription>>> {
        let names: Vec<String> = topics
            .into_iter()
            .map(|name| name.as_ref().to_owned())
            .collect();
        let deadline = self.deadline();
        let mut found = self.describe_once(&names, deadline).await?;
        let patience = deadline.sooner(LAG_MAX);
        let mut retry = self.client.shared.retry(patience);
        loop {
            let open = found.iter().filter_map(|(name, topic)| {
                let error = topic.as_ref().err().filter(|error| error.is_retriable())?;
                Some((name.clone(), error.clone()))
            });
            let (open, errors): (Vec<String>, Vec<Error>) = open.unzip();
            let Some(error) = errors.into_iter().next() else {
                break;
            };
            if retry.after(error).await.is_err() {
                break;
            }
            found.extend(self.describe_once(&open, deadline).await?);
        }
        let missing = |name: &str| {
            Error::new(
                ErrorKind::Malformed,
                "the broker did not answer for the topic",
            )
            .with_topic(name)
        };
        let answer = |name: String| found.remove(&name).unwrap_or_else(|| Err(missing(&name)));
        Ok(names.into_iter().map(answer).collect())
    }

    async fn describe_once(
        &self,
        names: &[String],
        deadline: Deadline,
    ) -> Result<BTreeMap<String, Result<TopicDescription>>> {
        let topics = self.ask(Some(names), deadline).await?.into_iter();
        Ok(topics
            .filter_map(|topic| Some((topic.name.clone()?, described(topic))))
            .collect())
    }

    async fn ask(
        &self,
        names: Option<&[String]>,
        deadline: Deadline,
    ) -> Result<Vec<MetadataResponseTopic>> {
        let topic = |name: &String| MetadataRequestTopic {
            name: Some(name.clone()),
            ..MetadataRequestTopic::default()
        };
        let request = MetadataRequest {
            topics: names.map(|names| names.iter().map(topic).collect()),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        Ok(self
            .client
            .shared
            .describe(&request, deadline)
            .await?
            .topics)
    }

    /// Creates topics; the answer has one entry for each, in order.
    ///
    /// If the answer to an attempt is lost, the next one finds the topic there; that counts as
    /// created.
    ///
    /// # Errors
    ///
    /// `Connect` or `Timeout` if the controller does not answer in time: the topics may have been
    /// created all the same.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have created the topics.
    pub async fn create_topics(
        &self,
        topics: impl IntoIterator<Item = NewTopic>,
    ) -> Result<Vec<Result<()>>> {
        let topics: Vec<NewTopic> = topics.into_iter().collect();
        let names = topics.iter().map(|topic| topic.name.clone()).collect();
        let request = |open: &[String]| {
            let open = topics.iter().filter(|topic| open.contains(&topic.name));
            CreateTopicsRequest {
                topics: open.map(NewTopic::creatable).collect(),
                timeout_ms: self.request_timeout_ms(),
                ..CreateTopicsRequest::default()
            }
        };
        let read = |response: CreateTopicsResponse| {
            let all = response.topics.into_iter();
            all.map(|each| (each.name, each.error_code, each.error_message))
                .collect()
        };
        self.change(&CREATING, names, request, read).await
    }

    /// Deletes topics; the answer has one entry for each, in order.
    ///
    /// If the answer to an attempt is lost, the next one finds the topic gone; that counts as
    /// deleted.
    ///
    /// # Errors
    ///
    /// `Connect` or `Timeout` if the controller does not answer in time: the topics may have been
    /// deleted all the same.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have deleted the topics.
    pub async fn delete_topics<S: AsRef<str>>(
        &self,
        topics: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Result<()>>> {
        let names: Vec<String> = topics
            .into_iter()
            .map(|name| name.as_ref().to_owned())
            .collect();
        let request = |open: &[String]| DeleteTopicsRequest {
            topic_names: open.to_vec(),
            timeout_ms: self.request_timeout_ms(),
            ..DeleteTopicsRequest::default()
        };
        let read = |response: DeleteTopicsResponse| {
            let all = response.responses.into_iter();
            all.filter_map(|each| Some((each.name?, each.error_code, each.error_message)))
                .collect()
        };
        self.change(&DELETING, names, request, read).await
    }

    fn request_timeout_ms(&self) -> i32 {
        let limit = self.client.config().request_timeout.as_millis();
        i32::try_from(limit).unwrap_or(i32::MAX)
    }
}

fn described(topic: MetadataResponseTopic) -> Result<TopicDescription> {
    match ErrorCode(topic.error_code).err() {
        Some(code) => {
            let error = Error::broker(code, "describing the topic");
            Err(error.with_topic(topic.name.unwrap_or_default()))
        }
        None => TopicMetadata::of(topic)
            .ok_or_else(|| Error::new(ErrorKind::Malformed, "the broker named no topic")),
    }
}
