//! Between a fetch plan and the fetch request, and between its answer and batches.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::unread::Unread;
use crate::config::{ConsumerConfig, IsolationLevel};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::{BrokerId, ProducerId, Uuid};
use crate::machine::consumer::{AbortedFilter, Answer, FetchPlan, Fetched, Planned};
use crate::machine::metadata::ClusterMetadata;
use crate::protocol::Chunks;
use crate::protocol::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData,
};
use crate::record::{Batch, Batches, ControlKind, DecodeLimits, RecordError};

/// The last version that names topics; later ones know them by id alone (KIP-516).
const LAST_VERSION_WITH_NAMES: i16 = 12;
/// "Not part of a fetch session", as it stands on the wire (KIP-227).
const NO_SESSION_EPOCH: i32 = -1;

/// One fetch request, and what is needed to read its answer.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) broker: BrokerId,
    pub(super) request: FetchRequest,
    /// Set where a topic's id is not known, so that it must go by its name.
    pub(super) max_version: Option<i16>,
    planned: BTreeMap<(Arc<str>, i32), Planned>,
    /// The partition that the broker fills its answer with first: of this one alone it must send
    /// the first batch whole, whatever the limits.
    first: Option<(Arc<str>, i32)>,
    topics: BTreeMap<Uuid, Arc<str>>,
    rules: Rules,
}

/// How an answer is read.
#[derive(Clone, Copy, Debug)]
struct Rules {
    isolation: IsolationLevel,
    check_crcs: bool,
}

/// What an answer says of one partition.
#[derive(Debug)]
pub(super) enum Said {
    Data(Answer<Unread>),
    Refused(ErrorCode),
    /// What is in the log cannot be read, or not by this client.
    Broken(Error),
}

impl Prepared {
    pub(super) fn new(
        plan: FetchPlan,
        config: &ConsumerConfig,
        metadata: &ClusterMetadata,
    ) -> Self {
        let bytes = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let partition_max_bytes = bytes(plan.partition_max_bytes);
        // In the order of the plan, since the broker fills its answer in that of the request.
        let mut by_topic: Vec<(Arc<str>, Vec<FetchPartition>)> = Vec::new();
        let mut places: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        let (mut planned, mut first) = (BTreeMap::new(), None);
        for each in plan.partitions {
            let (topic, partition) = (Arc::clone(&each.partition.topic), each.partition.partition);
            let epoch = metadata
                .leader(&topic, partition)
                .map_or(-1, |(_, epoch)| epoch.0);
            let request = FetchPartition {
                partition,
                current_leader_epoch: epoch,
                fetch_offset: each.offset,
                partition_max_bytes,
                ..FetchPartition::default()
            };
            first.get_or_insert_with(|| (Arc::clone(&topic), partition));
            let place = *places.entry(Arc::clone(&topic)).or_insert(by_topic.len());
            match by_topic.get_mut(place) {
                Some((_, partitions)) => partitions.push(request),
                None => by_topic.push((Arc::clone(&topic), vec![request])),
            }
            planned.insert((topic, partition), each);
        }
        let (mut topics, mut max_version) = (BTreeMap::new(), None);
        let mut fetch_topics = Vec::with_capacity(by_topic.len());
        for (name, partitions) in by_topic {
            let topic_id = metadata.topic(&name).map_or(Uuid::ZERO, |topic| topic.id.0);
            if topic_id.is_zero() {
                max_version = Some(LAST_VERSION_WITH_NAMES);
            }
            let topic = name.to_string();
            topics.insert(topic_id, name);
            fetch_topics.push(FetchTopic {
                topic,
                topic_id,
                partitions,
            });
        }
        let wait = config.fetch_max_wait.as_millis();
        let request = FetchRequest {
            max_wait_ms: i32::try_from(wait).unwrap_or(i32::MAX),
            min_bytes: config.fetch_min_bytes,
            max_bytes: bytes(plan.max_bytes),
            isolation_level: config.isolation_level.into(),
            session_epoch: NO_SESSION_EPOCH,
            topics: fetch_topics,
            ..FetchRequest::default()
        };
        let rules = Rules {
            isolation: config.isolation_level,
            check_crcs: config.check_crcs,
        };
        Self {
            broker: plan.broker,
            request,
            max_version,
            planned,
            first,
            topics,
            rules,
        }
    }

    /// The partitions that were asked for.
    pub(super) fn planned(&self) -> impl Iterator<Item = &Planned> {
        self.planned.values()
    }

    /// What the answer says of each partition, once each. A partition that is left out has nothing
    /// new.
    pub(super) fn read(mut self, response: FetchResponse) -> Result<Vec<(Planned, Said)>> {
        if let Some(code) = ErrorCode(response.error_code).err() {
            return Err(Error::broker(code, "fetching").with_broker(self.broker));
        }
        let partitions = response.responses.iter().flat_map(|each| &each.partitions);
        let records = partitions.filter_map(|each| each.records.as_ref());
        let frame_bytes = records.map(Chunks::len).sum();
        let mut all = Vec::new();
        for topic in response.responses {
            let name = if topic.topic.is_empty() {
                self.topics.get(&topic.topic_id).map(Arc::clone)
            } else {
                Some(topic.topic.into())
            };
            let Some(name) = name else { continue };
            for data in topic.partitions {
                let key = (Arc::clone(&name), data.partition_index);
                let Some(planned) = self.planned.remove(&key) else {
                    continue;
                };
                let is_first = self.first.as_ref() == Some(&key);
                let mut said = read_partition(&planned, data, self.rules, is_first);
                if let Said::Data(answer) = &mut said {
                    answer.frame_bytes = frame_bytes;
                }
                all.push((planned, said));
            }
        }
        Ok(all)
    }
}

fn read_partition(planned: &Planned, data: PartitionData, rules: Rules, is_first: bool) -> Said {
    if let Some(code) = ErrorCode(data.error_code).err() {
        return Said::Refused(code);
    }
    let aborted = data.aborted_transactions.unwrap_or_default();
    let aborted = aborted
        .iter()
        .map(|each| (ProducerId(each.producer_id), each.first_offset));
    let mut filter = AbortedFilter::new(aborted);
    let records = data.records.map(Chunks::into_bytes).unwrap_or_default();
    let whole = records.len();
    let mut reader = Batches::new(records);
    let mut batches = Vec::new();
    let mut passed = planned.offset;
    for batch in &mut reader {
        let kept = batch.and_then(|batch| {
            let next = batch.last_offset().saturating_add(1);
            Ok((next, keep(batch, &mut filter, passed, rules)?))
        });
        match kept {
            Ok((next, batch)) => {
                passed = passed.max(next);
                batches.extend(batch);
            }
            // What came before it is handed out first; then it is fetched again, and is first.
            Err(_) if !batches.is_empty() => break,
            Err(error) => return broken(planned, error),
        }
    }
    if is_first && batches.is_empty() && passed == planned.offset && whole > 0 {
        return too_small(planned, reader.partial_size());
    }
    Said::Data(Answer {
        batches,
        passed,
        high_watermark: data.high_watermark,
        frame_bytes: whole,
    })
}

/// A batch to hand out; `None` for one that the user never sees: a marker, an aborted one, one from
/// before the position. What is passed over is checked here; the rest is when it is handed out.
fn keep(
    batch: Batch,
    filter: &mut AbortedFilter,
    position: i64,
    rules: Rules,
) -> Result<Option<Fetched<Unread>>, RecordError> {
    let header = batch.header();
    let (producer, last) = (header.producer_id, batch.last_offset());
    let next_offset = last.saturating_add(1);
    let is_control = header.attributes.is_control();
    let transactional = header.attributes.is_transactional();
    let is_aborted = rules.isolation == IsolationLevel::ReadCommitted
        && !is_control
        && filter.is_aborted(producer, last, transactional);
    if !is_control && !is_aborted && next_offset > position {
        let batch = Unread::Fetched(batch);
        return Ok(Some(Fetched { batch, next_offset }));
    }
    if rules.check_crcs {
        batch.verify_crc()?;
    }
    if is_control {
        let is_abort = is_abort_marker(&batch)?;
        filter.handle_marker(producer, batch.base_offset(), is_abort);
    }
    Ok(None)
}

/// A control batch may be empty: compaction can leave nothing of it but its place.
fn is_abort_marker(batch: &Batch) -> Result<bool, RecordError> {
    let decoded = batch.decode(DecodeLimits::default())?;
    let first = decoded.records().next().transpose()?;
    Ok(first.and_then(|record| ControlKind::of(&record)) == Some(ControlKind::Abort))
}

fn broken(planned: &Planned, error: RecordError) -> Said {
    let at = &planned.partition;
    Said::Broken(error.into_error(Arc::clone(&at.topic), at.partition))
}

/// A batch that is cut off is asked for again, and once its partition is asked for first it comes
/// whole; only a broken broker does this then.
fn too_small(planned: &Planned, size: Option<usize>) -> Said {
    let at = &planned.partition;
    let words = format!(
        "the broker sent only a part of the batch at offset {} (it takes {} bytes)",
        planned.offset,
        size.unwrap_or_default()
    );
    let error = Error::new(ErrorKind::Malformed, words);
    Said::Broken(
        error
            .with_topic(at.topic.clone())
            .with_partition(at.partition),
    )
}

#[cfg(test)]
mod tests;
