//! What members and leader tell each other: a member's [`Subscription`], its [`Assignment`].
//!
//! Their bytes are Java's: version 3, names and owned partitions in order. Any version is read,
//! since one group may hold members of several clients and releases.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;

use crate::ids::TopicPartition;
use crate::protocol::consumer_protocol_assignment::{
    ConsumerProtocolAssignment, TopicPartition as Assigned,
};
use crate::protocol::consumer_protocol_subscription::{
    ConsumerProtocolSubscription, TopicPartition as Owned,
};
use crate::protocol::{
    DecodeError, EncodeError, decode_assignment, decode_subscription, encode_assignment,
    encode_subscription,
};

/// The version that is written, the newest: older members read as much of it as they know.
const VERSION: i16 = 3;

/// What a member wants and has, as it says when it joins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Subscription {
    /// The topics it is subscribed to.
    pub topics: Vec<Arc<str>>,
    /// What its assignor has to say to the leader's.
    pub user_data: Option<Bytes>,
    /// The partitions it still holds: none where it revoked all before it joined (KIP-429).
    pub owned: Vec<TopicPartition>,
    /// The generation in which it got them; members before Java 3.4 do not say (KIP-792).
    pub generation: Option<i32>,
    /// Its `client.rack` (KIP-881).
    pub rack: Option<Arc<str>>,
}

impl Subscription {
    /// Of a member that holds nothing yet.
    pub fn to<T: Into<Arc<str>>>(topics: impl IntoIterator<Item = T>) -> Self {
        Self {
            topics: topics.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The bytes for a `JoinGroup` request.
    ///
    /// # Errors
    /// When a name is longer than 32,767 bytes.
    pub fn encode(&self) -> Result<Bytes, EncodeError> {
        let mut topics: Vec<String> = self.topics.iter().map(ToString::to_string).collect();
        topics.sort_unstable();
        let mut owned = self.owned.clone();
        owned.sort_unstable();
        let message = ConsumerProtocolSubscription {
            topics,
            user_data: self.user_data.clone(),
            owned_partitions: by_topic(&owned)
                .map(|(topic, partitions)| Owned { topic, partitions })
                .collect(),
            generation_id: self.generation.unwrap_or(-1),
            rack_id: self.rack.as_deref().map(str::to_owned),
        };
        encode_subscription(&message, VERSION)
    }

    /// Reads what another member sent.
    ///
    /// # Errors
    /// When the bytes are not a subscription of any version.
    pub fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        let (_, message) = decode_subscription(bytes)?;
        let owned = message.owned_partitions.into_iter();
        Ok(Self {
            topics: message.topics.into_iter().map(Arc::from).collect(),
            user_data: message.user_data,
            owned: flat(owned.map(|each| (each.topic, each.partitions))),
            generation: Some(message.generation_id).filter(|generation| *generation >= 0),
            rack: message
                .rack_id
                .filter(|rack| !rack.is_empty())
                .map(Arc::from),
        })
    }
}

/// What a member is to consume from now on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Assignment {
    /// Its partitions.
    pub partitions: Vec<TopicPartition>,
    /// What the leader's assignor has to say to the member's.
    pub user_data: Option<Bytes>,
}

impl Assignment {
    /// Of these partitions.
    pub fn of(partitions: impl IntoIterator<Item = TopicPartition>) -> Self {
        Self {
            partitions: partitions.into_iter().collect(),
            user_data: None,
        }
    }

    /// The bytes for a `SyncGroup` request.
    ///
    /// # Errors
    /// When a name is longer than 32,767 bytes.
    pub fn encode(&self) -> Result<Bytes, EncodeError> {
        let message = ConsumerProtocolAssignment {
            assigned_partitions: by_topic(&self.partitions)
                .map(|(topic, partitions)| Assigned { topic, partitions })
                .collect(),
            user_data: self.user_data.clone(),
        };
        encode_assignment(&message, VERSION)
    }

    /// Reads what the leader sent. A member that gets nothing may be sent no bytes at all.
    ///
    /// # Errors
    /// When the bytes are not an assignment of any version.
    pub fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let (_, message) = decode_assignment(bytes)?;
        let assigned = message.assigned_partitions.into_iter();
        Ok(Self {
            partitions: flat(assigned.map(|each| (each.topic, each.partitions))),
            user_data: message.user_data,
        })
    }
}

/// A member as the leader sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupMember {
    /// Its `member.id`, given by the coordinator.
    pub id: Arc<str>,
    /// Its `group.instance.id`, if it is a static member (KIP-345).
    pub instance_id: Option<Arc<str>>,
    /// What it said when it joined.
    pub subscription: Subscription,
}

impl GroupMember {
    /// A member without a `group.instance.id`.
    pub fn new(id: impl Into<Arc<str>>, subscription: Subscription) -> Self {
        Self {
            id: id.into(),
            instance_id: None,
            subscription,
        }
    }

    /// The order in which Java's assignors serve members: static ones first, by their instance id,
    /// which outlives a restart; then the others by member id. Strings as Java compares them.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let java = |a: &str, b: &str| a.encode_utf16().cmp(b.encode_utf16());
        match (&self.instance_id, &other.instance_id) {
            (Some(a), Some(b)) => java(a, b).then_with(|| java(&self.id, &other.id)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => java(&self.id, &other.id),
        }
    }
}

/// Groups partitions by topic, topics and numbers in the order in which they come.
pub(super) fn by_topic(list: &[TopicPartition]) -> impl Iterator<Item = (String, Vec<i32>)> {
    let mut places: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    let mut topics: Vec<(String, Vec<i32>)> = Vec::new();
    for each in list {
        let place = *places.entry(&each.topic).or_insert(topics.len());
        match topics.get_mut(place) {
            Some((_, partitions)) => partitions.push(each.partition),
            None => topics.push((each.topic.to_string(), vec![each.partition])),
        }
    }
    topics.into_iter()
}

pub(super) fn flat(topics: impl Iterator<Item = (String, Vec<i32>)>) -> Vec<TopicPartition> {
    let mut list = Vec::new();
    for (topic, partitions) in topics {
        let topic: Arc<str> = topic.into();
        list.extend(partitions.into_iter().map(|partition| TopicPartition {
            topic: topic.clone(),
            partition,
        }));
    }
    list
}
