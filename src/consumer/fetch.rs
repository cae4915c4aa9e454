//! Between a fetch plan and the fetch request, and between its answer and the partitions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Rules, Said, Untold, read_partition};
use crate::config::ConsumerConfig;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{BrokerId, TopicPartition, Uuid};
use crate::machine::consumer::{FetchPlan, Planned, SessionStep};
use crate::machine::metadata::Node;
use crate::protocol::Chunks;
use crate::protocol::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse, ForgottenTopic,
};

/// The last version that names topics; later ones know them by id alone (KIP-516).
const LAST_VERSION_WITH_NAMES: i16 = 12;

/// How long a broker waits at most while a partition is held back that is wanted soon.
const BRIEF: Duration = Duration::from_millis(100);

/// One fetch request, and what is needed to read its answer.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) broker: BrokerId,
    pub(super) request: FetchRequest,
    /// Set where a topic's id is not known, so that it must go by its name.
    pub(super) max_version: Option<i16>,
    /// All partitions that the answer may be about, listed or not.
    pub(super) planned: Vec<Planned>,
    rules: Rules,
}

/// An answer to a fetch.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) session: i32,
    /// It told of partitions that nobody asked for.
    pub(super) strangers: bool,
    /// What it says of each partition, once each. One that is left out has nothing new.
    pub(super) partitions: Vec<(Planned, Said)>,
    /// Of records.
    pub(super) bytes: usize,
    /// Where new leaders are that it names (KIP-951).
    pub(super) nodes: Vec<Node>,
}

impl Fetch {
    /// Whether it says that there is nothing new, and nothing else.
    pub(super) fn is_empty(&self) -> bool {
        let nothing = |said: &Said| matches!(said, Said::Data(data) if data.batches.is_empty());
        self.partitions.iter().all(|(_, said)| nothing(said))
    }

    /// Whether a partition goes on from another place, if only past markers.
    pub(super) fn gets_on(&self) -> bool {
        let gets_on = |(planned, said): &(Planned, Said)| match said {
            Said::Data(data) => data.passed.offset > planned.offset,
            _ => true,
        };
        self.partitions.iter().any(gets_on)
    }
}

impl Prepared {
    pub(super) fn new(plan: FetchPlan, config: &ConsumerConfig) -> Self {
        let bytes = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let SessionStep {
            id,
            epoch,
            by_id,
            forgotten,
        } = plan.session;
        let rack = config.client_rack.clone().filter(|_| !plan.leader_only);
        let listed = plan.partitions.iter().filter(|planned| planned.listed);
        let wait = if plan.brief {
            config.fetch_max_wait.min(BRIEF)
        } else {
            config.fetch_max_wait
        };
        let wait = wait.as_millis();
        let request = FetchRequest {
            max_wait_ms: i32::try_from(wait).unwrap_or(i32::MAX),
            min_bytes: config.fetch_min_bytes,
            max_bytes: bytes(plan.max_bytes),
            isolation_level: config.isolation_level.into(),
            session_id: id,
            session_epoch: epoch,
            topics: by_topic(listed, bytes(plan.partition_max_bytes)),
            forgotten_topics_data: forgotten_by_topic(forgotten),
            rack_id: rack.unwrap_or_default(),
            ..FetchRequest::default()
        };
        let rules = Rules {
            isolation: config.isolation_level,
            check_crcs: config.check_crcs,
        };
        Self {
            broker: plan.broker,
            request,
            max_version: (!by_id).then_some(LAST_VERSION_WITH_NAMES),
            planned: plan.partitions,
            rules,
        }
    }

    /// What the answer says.
    ///
    /// # Errors
    /// It is a refusal of the whole request.
    pub(super) fn read(&self, response: FetchResponse) -> Result<Fetch> {
        if let Some(code) = ErrorCode(response.error_code).err() {
            return Err(Error::broker(code, "fetching").with_broker(self.broker));
        }
        let mut fetch = Fetch {
            session: response.session_id,
            strangers: false,
            partitions: Vec::new(),
            bytes: 0,
            nodes: Vec::new(),
        };
        if response.responses.is_empty() {
            return Ok(fetch);
        }
        for node in response.node_endpoints {
            let node = Node::new(node.node_id, node.host, node.port, node.rack);
            fetch.nodes.extend(node);
        }
        self.read_topics(response.responses, &mut fetch);
        Ok(fetch)
    }

    fn read_topics(&self, topics: Vec<FetchableTopicResponse>, fetch: &mut Fetch) {
        let partitions = topics.iter().flat_map(|each| &each.partitions);
        let records = partitions.filter_map(|each| each.records.as_ref());
        let frame_bytes = records.map(Chunks::len).sum();
        fetch.bytes = frame_bytes;
        let mut open = Open::of(&self.planned);
        let (mut whole, mut untold) = (false, None);
        for topic in topics {
            for data in topic.partitions {
                let index = data.partition_index;
                let Some(planned) = open.take(&topic.topic, topic.topic_id, index) else {
                    fetch.strangers = true;
                    continue;
                };
                let (mut said, rest) = read_partition(planned, data, self.rules);
                match &mut said {
                    Said::Data(answer) => {
                        answer.frame_bytes = frame_bytes;
                        whole |= answer.passed.offset > planned.offset;
                        if untold.is_none() {
                            untold = rest.map(|rest| (fetch.partitions.len(), rest));
                        }
                    }
                    // What cannot be read was there, at least.
                    Said::Broken(_) => whole = true,
                    _ => {}
                }
                fetch.partitions.push((planned.clone(), said));
            }
        }
        // A broker must send the first batch whole, whatever the limits; of the others a part may
        // come, and they are first in their turn.
        if let Some((place, Untold { size })) = untold.filter(|_| !whole) {
            if let Some((planned, said)) = fetch.partitions.get_mut(place) {
                *said = Said::too_small(planned, size);
            }
        }
    }
}

/// The partitions that an answer has not mentioned yet.
struct Open<'a> {
    by_name: BTreeMap<&'a str, BTreeMap<i32, &'a Planned>>,
    names: BTreeMap<Uuid, &'a str>,
}

impl<'a> Open<'a> {
    fn of(planned: &'a [Planned]) -> Self {
        let mut open = Self {
            by_name: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        for each in planned {
            let (name, partition) = (&*each.partition.topic, each.partition.partition);
            open.names.insert(each.leader.topic_id, name);
            open.by_name
                .entry(name)
                .or_default()
                .insert(partition, each);
        }
        open
    }

    fn take(&mut self, name: &str, id: Uuid, partition: i32) -> Option<&'a Planned> {
        let named = if name.is_empty() {
            let name = self.names.get(&id).filter(|_| !id.is_zero())?;
            self.by_name.get_mut(name)
        } else {
            self.by_name.get_mut(name)
        };
        named?.remove(&partition)
    }
}

/// In the order given, since the broker fills its answer in that of the request.
fn by_topic<'a>(
    planned: impl Iterator<Item = &'a Planned>,
    partition_max_bytes: i32,
) -> Vec<FetchTopic> {
    let mut topics: Vec<FetchTopic> = Vec::new();
    let mut places: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for each in planned {
        let at = &each.partition;
        let request = FetchPartition {
            partition: at.partition,
            current_leader_epoch: each.leader.epoch.0,
            fetch_offset: each.offset,
            partition_max_bytes,
            ..FetchPartition::default()
        };
        let place = *places.entry(Arc::clone(&at.topic)).or_insert(topics.len());
        match topics.get_mut(place) {
            Some(topic) => topic.partitions.push(request),
            None => topics.push(FetchTopic {
                topic: at.topic.to_string(),
                topic_id: each.leader.topic_id,
                partitions: vec![request],
            }),
        }
    }
    topics
}

fn forgotten_by_topic(forgotten: Vec<(TopicPartition, Uuid)>) -> Vec<ForgottenTopic> {
    let mut topics: Vec<ForgottenTopic> = Vec::new();
    for (at, topic_id) in forgotten {
        match topics.last_mut().filter(|last| *last.topic == *at.topic) {
            Some(last) => last.partitions.push(at.partition),
            None => topics.push(ForgottenTopic {
                topic: at.topic.to_string(),
                topic_id,
                partitions: vec![at.partition],
            }),
        }
    }
    topics
}
