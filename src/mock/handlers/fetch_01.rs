//! Fetch, versions 4 to 18 (sessions since 7, followers since 11, topic ids since 13).
//!
//! Deviations: the last stable offset is the end of the log and no transaction is ever aborted, as
//! there are none yet; replicas are preferred by rack alone, as `RackAwareReplicaSelector` does
//! (KIP-392).

use std::time::{Duration, Instant};

use super::super::sessions::{Context as Session, Key, Told, Wanted};
use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::ids::{TopicPartition, Uuid};
use crate::protocol::Chunks;
use crate::protocol::fetch::{
    EpochEndOffset, FetchRequest, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};

/// The version since which topics are named by id.
const BY_ID: i16 = 13;
/// The version since which a follower answers consumers (KIP-392).
const FROM_FOLLOWER: i16 = 11;
/// The version since which an answer says who leads instead (KIP-951).
const NEW_LEADER: i16 = 16;
/// `fetch.max.bytes` of the broker.
const BYTES_MAX: usize = 55 << 20;

pub(super) struct Fetch {
    request: FetchRequest,
    /// Set once the session took the request in; the deadline of the wait is in it.
    opened: Option<Opened>,
}

struct Opened {
    session: Session,
    wanted: Vec<(Key, Wanted)>,
    deadline: Instant,
}

/// What was read of one partition.
struct Read {
    data: PartitionData,
    bytes: usize,
    /// Answer at once: an error, or a log that diverged.
    urgent: bool,
}

impl Handler for Fetch {
    type Request = FetchRequest;
    type Response = FetchResponse;

    fn new(request: FetchRequest) -> Self {
        Self {
            request,
            opened: None,
        }
    }

    fn targets(&self, cluster: &ClusterState, broker: i32) -> Vec<TopicPartition> {
        let asked = self.asked(!self.by_name());
        let mut keys: Vec<&Key> = asked.iter().map(|(key, _)| key).collect();
        if let Some(broker) = cluster.brokers.get(&broker) {
            keys.extend(broker.sessions.partitions(self.request.session_id));
        }
        keys.sort();
        keys.dedup();
        let target = |key: &&Key| TopicPartition::new(name_of(cluster, key), key.partition);
        keys.iter().map(target).collect()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<FetchResponse> {
        if let Some(planned) = on.error().filter(|error| is_of_session(error.code)) {
            return Outcome::Reply(failed(planned.code, 0));
        }
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => match self.open(cluster, on) {
                Ok(opened) => opened,
                Err(code) => return Outcome::Reply(failed(code, 0)),
            },
        };
        let reads = self.read_all(cluster, on, &opened.wanted);
        let max_bytes = self.max_bytes();
        let min_bytes = usize::try_from(self.request.min_bytes).unwrap_or(0);
        let total: usize = reads.iter().map(|read| read.bytes).sum();
        let ready = total >= min_bytes.min(max_bytes)
            || opened.wanted.is_empty()
            || reads.iter().any(|read| read.urgent)
            || on.now >= opened.deadline;
        if !ready {
            let deadline = opened.deadline;
            self.opened = Some(opened);
            return Outcome::Wait(deadline);
        }
        Outcome::Reply(settle(cluster, on, opened, reads))
    }

    fn set_throttle(response: &mut FetchResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

/// Whether a code speaks of the session, and so of the whole request.
fn is_of_session(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND
            | ErrorCode::INVALID_FETCH_SESSION_EPOCH
            | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
    )
}

fn failed(code: ErrorCode, session_id: i32) -> FetchResponse {
    FetchResponse {
        error_code: code.0,
        session_id,
        ..FetchResponse::default()
    }
}

/// The topic's name, as far as it is known.
fn name_of<'a>(cluster: &'a ClusterState, key: &'a Key) -> &'a str {
    if key.id.is_zero() {
        &key.name
    } else {
        cluster.topic_name(key.id).unwrap_or_default()
    }
}

impl Fetch {
    /// Whether topics are named by name, judged from the request alone.
    fn by_name(&self) -> bool {
        self.request
            .topics
            .iter()
            .all(|topic| topic.topic_id.is_zero())
    }

    fn key(by_id: bool, name: &str, id: Uuid, partition: i32) -> Key {
        Key {
            name: if by_id {
                String::new()
            } else {
                name.to_owned()
            },
            id: if by_id { id } else { Uuid::ZERO },
            partition,
        }
    }

    fn asked(&self, by_id: bool) -> Vec<(Key, Wanted)> {
        let mut asked: Vec<(Key, Wanted)> = Vec::new();
        for topic in &self.request.topics {
            for partition in &topic.partitions {
                let wanted = Wanted {
                    offset: partition.fetch_offset,
                    max_bytes: partition.partition_max_bytes,
                    leader_epoch: partition.current_leader_epoch,
                    last_fetched_epoch: partition.last_fetched_epoch,
                };
                let index = partition.partition;
                asked.push((
                    Self::key(by_id, &topic.topic, topic.topic_id, index),
                    wanted,
                ));
            }
        }
        asked
    }

    fn open(&self, cluster: &mut ClusterState, on: &Context) -> Result<Opened, ErrorCode> {
        let by_id = on.version >= BY_ID;
        let mut forgotten = Vec::new();
        for topic in &self.request.forgotten_topics_data {
            let key = |partition| Self::key(by_id, &topic.topic, topic.topic_id, partition);
            forgotten.extend(topic.partitions.iter().map(|partition| key(*partition)));
        }
        let request = (self.request.session_id, self.request.session_epoch);
        let broker = cluster
            .brokers
            .get_mut(&on.broker)
            .ok_or(ErrorCode::BROKER_NOT_AVAILABLE)?;
        let asked = self.asked(by_id);
        let sessions = &mut broker.sessions;
        let (session, wanted) = sessions.open(on.now, request, by_id, asked, &forgotten)?;
        let wait = u64::try_from(self.request.max_wait_ms).unwrap_or(0);
        Ok(Opened {
            session,
            wanted,
            deadline: on.now + Duration::from_millis(wait),
        })
    }

    fn max_bytes(&self) -> usize {
        usize::try_from(self.request.max_bytes)
            .unwrap_or(0)
            .min(BYTES_MAX)
    }

    fn read_all(
        &self,
        cluster: &ClusterState,
        on: &Context,
        wanted: &[(Key, Wanted)],
    ) -> Vec<Read> {
        let mut room = self.max_bytes();
        let mut at_least_one = true;
        let mut reads = Vec::new();
        for (key, wanted) in wanted {
            let read = self
                .read_one(cluster, on, key, *wanted, room, at_least_one)
                .unwrap_or_else(|code| error_read(cluster, on, key, code));
            if read.bytes > 0 {
                at_least_one = false;
            }
            room = room.saturating_sub(read.bytes);
            reads.push(read);
        }
        reads
    }

    fn read_one(
        &self,
        cluster: &ClusterState,
        on: &Context,
        key: &Key,
        wanted: Wanted,
        room: usize,
        at_least_one: bool,
    ) -> Result<Read, ErrorCode> {
        let name = name_of(cluster, key);
        if !key.id.is_zero() && name.is_empty() || on.version >= BY_ID && key.id.is_zero() {
            return Err(ErrorCode::UNKNOWN_TOPIC_ID);
        }
        let planned = on.plan.error_for(name, key.partition);
        if let Some(error) = planned {
            return Err(error.code);
        }
        let follower = on.version >= FROM_FOLLOWER;
        let at = (name, key.partition);
        let partition = cluster.led(at, on.broker, wanted.leader_epoch, follower)?;
        let log = &partition.log;
        let log_end = partition.end_at(on.broker);
        let mut data = PartitionData {
            partition_index: key.partition,
            high_watermark: log_end,
            last_stable_offset: log_end,
            log_start_offset: log.start(),
            aborted_transactions: (self.request.isolation_level == 1).then(Vec::new),
            preferred_read_replica: -1,
            records: Some(Chunks::default()),
            ..PartitionData::default()
        };
        let empty = |data| Read {
            data,
            bytes: 0,
            urgent: true,
        };
        if on.version >= FROM_FOLLOWER {
            let near = (self.request.rack_id.as_str(), wanted.offset);
            if let Some(preferred) = cluster.preferred_replica(partition, on.broker, near) {
                data.preferred_read_replica = preferred;
                return Ok(empty(data));
            }
        }
        let last = (wanted.last_fetched_epoch, wanted.offset);
        if let Some((epoch, end_offset)) = partition.diverged(last)? {
            data.diverging_epoch = EpochEndOffset { epoch, end_offset };
            return Ok(empty(data));
        }
        if wanted.offset < log.start() || wanted.offset > log_end {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let limit = wanted.max_bytes.min(self.request.max_bytes);
        if limit < 0 && wanted.offset < log_end {
            return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
        }
        let limit = usize::try_from(limit).unwrap_or(0).min(room);
        let pieces = log.read_below(log_end, wanted.offset, limit, at_least_one);
        let bytes = pieces.iter().map(bytes::Bytes::len).sum();
        data.records = Some(Chunks::from(pieces));
        Ok(Read {
            data,
            bytes,
            urgent: false,
        })
    }
}

fn error_read(cluster: &ClusterState, on: &Context, key: &Key, code: ErrorCode) -> Read {
    // What a broker refuses before it looks for the log has this list, and what after has not.
    let early = matches!(
        code,
        ErrorCode::UNKNOWN_TOPIC_ID | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    let mut data = PartitionData {
        partition_index: key.partition,
        error_code: code.0,
        high_watermark: -1,
        aborted_transactions: early.then(Vec::new),
        preferred_read_replica: -1,
        records: Some(Chunks::default()),
        ..PartitionData::default()
    };
    let moved = matches!(
        code,
        ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::FENCED_LEADER_EPOCH
    );
    let partition = cluster.partition(name_of(cluster, key), key.partition);
    if let Some(partition) = partition.filter(|_| moved && on.version >= NEW_LEADER) {
        data.current_leader = LeaderIdAndEpoch {
            leader_id: partition.leader.unwrap_or(-1),
            leader_epoch: partition.leader_epoch,
        };
    }
    Read {
        data,
        bytes: 0,
        urgent: true,
    }
}

fn settle(
    cluster: &mut ClusterState,
    on: &Context,
    opened: Opened,
    reads: Vec<Read>,
) -> FetchResponse {
    let told = |read: &Read| Told {
        high_watermark: read.data.high_watermark,
        log_start: read.data.log_start_offset,
        has_records: read.bytes > 0,
        must: read.urgent,
        error: read.data.error_code != 0,
    };
    let answers: Vec<(Key, Wanted, Told)> = opened
        .wanted
        .into_iter()
        .zip(&reads)
        .map(|((key, wanted), read)| (key, wanted, told(read)))
        .collect();
    let Some(broker) = cluster.brokers.get_mut(&on.broker) else {
        return failed(ErrorCode::BROKER_NOT_AVAILABLE, 0);
    };
    let settled = broker.sessions.settle(on.now, opened.session, &answers);
    let (session_id, include) = match settled {
        Ok(settled) => settled,
        Err((code, session_id)) => return failed(code, session_id),
    };
    let mut response = FetchResponse {
        session_id,
        ..FetchResponse::default()
    };
    let told = answers.into_iter().zip(reads).zip(include);
    for (((key, ..), read), _) in told.filter(|(_, include)| *include) {
        name_leader(cluster, on, &read.data, &mut response);
        let same =
            |last: &&mut FetchableTopicResponse| last.topic == key.name && last.topic_id == key.id;
        match response.responses.last_mut().filter(same) {
            Some(topic) => topic.partitions.push(read.data),
            None => response.responses.push(FetchableTopicResponse {
                topic: key.name,
                topic_id: key.id,
                partitions: vec![read.data],
            }),
        }
    }
    response
}

fn name_leader(
    cluster: &ClusterState,
    on: &Context,
    data: &PartitionData,
    response: &mut FetchResponse,
) {
    let leader = cluster.endpoint(data.current_leader.leader_id, on.listener);
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
