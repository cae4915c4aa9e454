//! Topics: list, describe, create, delete.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Admin;
use crate::cluster::{Deadline, Target};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::TopicId;
use crate::machine::metadata::TopicMetadata;
use crate::protocol::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use crate::protocol::delete_topics::DeleteTopicsRequest;
use crate::protocol::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponseTopic};

/// The last version of DeleteTopics that takes a plain list of names.
const BY_NAME: Option<i16> = Some(5);

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
    /// All topics, in order of their names.
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
            .filter_map(|topic| described(topic).ok().map(listing))
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Describes topics; one that does not exist has its own error and is not created.
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
        let mut found: BTreeMap<String, Result<TopicDescription>> = BTreeMap::new();
        for topic in self.ask(Some(&names), self.deadline()).await? {
            if let Some(name) = topic.name.clone() {
                found.insert(name, described(topic));
            }
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
        let deadline = self.deadline();
        let request = CreateTopicsRequest {
            topics: topics.iter().map(NewTopic::creatable).collect(),
            timeout_ms: self.request_timeout_ms(),
            ..CreateTopicsRequest::default()
        };
        let shared = &self.client.shared;
        let mut retry = shared.retry(deadline);
        let mut found = loop {
            let answers = shared
                .call(Target::Controller, &request, deadline)
                .await
                .and_then(|all| {
                    let all = all.topics.into_iter();
                    per_topic(all.map(|each| (each.name, each.error_code, each.error_message)))
                });
            match answers {
                Ok(found) => break found,
                Err(error) => retry.after(error).await?,
            }
        };
        shared.refresh_metadata();
        Ok(topics
            .iter()
            .map(|topic| outcome(&mut found, &topic.name, "creating"))
            .collect())
    }

    /// Deletes topics; the answer has one entry for each, in order.
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
        let deadline = self.deadline();
        let request = DeleteTopicsRequest {
            topic_names: names.clone(),
            timeout_ms: self.request_timeout_ms(),
            ..DeleteTopicsRequest::default()
        };
        let shared = &self.client.shared;
        let mut retry = shared.retry(deadline);
        let mut found = loop {
            let called = shared
                .call_at_most(Target::Controller, &request, BY_NAME, deadline)
                .await;
            let answers = called.and_then(|all| {
                per_topic(all.responses.into_iter().map(|each| {
                    (
                        each.name.unwrap_or_default(),
                        each.error_code,
                        each.error_message,
                    )
                }))
            });
            match answers {
                Ok(found) => break found,
                Err(error) => retry.after(error).await?,
            }
        };
        shared.refresh_metadata();
        Ok(names
            .iter()
            .map(|name| outcome(&mut found, name, "deleting"))
            .collect())
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

type Answers = BTreeMap<String, (ErrorCode, Option<String>)>;

/// Collects the answers, or fails as a whole if the wrong broker was asked.
fn per_topic(answers: impl Iterator<Item = (String, i16, Option<String>)>) -> Result<Answers> {
    let answers: Answers = answers
        .map(|(name, code, message)| (name, (ErrorCode(code), message)))
        .collect();
    let moved = answers
        .values()
        .any(|(code, _)| *code == ErrorCode::NOT_CONTROLLER);
    if moved {
        return Err(Error::broker(
            ErrorCode::NOT_CONTROLLER,
            "asking the controller",
        ));
    }
    Ok(answers)
}

fn outcome(found: &mut Answers, name: &str, doing: &str) -> Result<()> {
    let Some((code, message)) = found.remove(name) else {
        let words = "the broker did not answer for the topic";
        return Err(Error::new(ErrorKind::Malformed, words).with_topic(name));
    };
    let Some(code) = code.err() else {
        return Ok(());
    };
    let error = match message {
        Some(words) => Error::new(
            ErrorKind::Broker(code),
            format!("{doing} the topic: {code}: {words}"),
        ),
        None => Error::broker(code, &format!("{doing} the topic")),
    };
    Err(error.with_topic(name))
}
