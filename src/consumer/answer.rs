//! What an answer to a fetch says of one partition, read batch by batch.

use std::sync::Arc;

use super::unread::Unread;
use crate::config::IsolationLevel;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::ids::{BrokerId, LeaderEpoch, ProducerId};
use crate::machine::consumer::{AbortedFilter, Answer, Fetched, Place, Planned};
use crate::protocol::Chunks;
use crate::protocol::fetch::PartitionData;
use crate::record::{Batch, Batches, ControlKind, DecodeLimits, RecordError};

/// How an answer is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) isolation: IsolationLevel,
    pub(super) check_crcs: bool,
}

/// What an answer says of one partition.
#[derive(Debug)]
pub(super) enum Said {
    Data(Answer<Unread>),
    /// It was refused; the answer may name the leader to ask instead (KIP-951).
    Refused(ErrorCode, Option<(BrokerId, LeaderEpoch)>),
    /// The position is not in this log; the two are the same up to here (KIP-320, KIP-595).
    Diverged(Place),
    /// It should be read from this replica, which is closer (KIP-392).
    Redirected(BrokerId),
    /// What is in the log cannot be read, or not by this client.
    Broken(Error),
}

/// A batch of which only a part came, and nothing before it: how many bytes it takes.
#[derive(Debug)]
pub(super) struct Untold {
    pub(super) size: usize,
}

impl Said {
    /// A batch that is cut off is asked for again, and once its partition is asked for first it
    /// comes whole; only a broken broker sends nothing but a part.
    pub(super) fn too_small(planned: &Planned, size: usize) -> Self {
        let at = &planned.partition;
        let words = format!(
            "the broker sent only a part of the batch at offset {} (it takes {size} bytes)",
            planned.offset
        );
        let error = Error::new(ErrorKind::Malformed, words);
        Self::Broken(
            error
                .with_topic(at.topic.clone())
                .with_partition(at.partition),
        )
    }
}

/// Reads one partition's part of an answer.
pub(super) fn read_partition(
    planned: &Planned,
    data: PartitionData,
    rules: Rules,
) -> (Said, Option<Untold>) {
    if let Some(code) = ErrorCode(data.error_code).err() {
        let leader = data.current_leader;
        let named = (leader.leader_id >= 0 && leader.leader_epoch >= 0)
            .then_some((BrokerId(leader.leader_id), LeaderEpoch(leader.leader_epoch)));
        return (Said::Refused(code, named), None);
    }
    let diverging = &data.diverging_epoch;
    if diverging.end_offset >= 0 && diverging.epoch >= 0 {
        let place = Place {
            offset: diverging.end_offset,
            epoch: LeaderEpoch(diverging.epoch),
        };
        return (Said::Diverged(place), None);
    }
    let whole = data.records.as_ref().map_or(0, Chunks::len);
    if data.preferred_read_replica >= 0 && whole == 0 {
        let replica = BrokerId(data.preferred_read_replica);
        return (Said::Redirected(replica), None);
    }
    read_records(planned, data, rules)
}

fn read_records(planned: &Planned, data: PartitionData, rules: Rules) -> (Said, Option<Untold>) {
    let aborted = data.aborted_transactions.unwrap_or_default();
    let aborted = aborted
        .iter()
        .map(|each| (ProducerId(each.producer_id), each.first_offset));
    let mut filter = AbortedFilter::new(aborted);
    let records = data.records.map(Chunks::into_bytes).unwrap_or_default();
    let frame_bytes = records.len();
    let mut reader = Batches::new(records);
    let mut batches = Vec::new();
    let mut passed = Place::at(planned.offset);
    for batch in &mut reader {
        let kept = batch.and_then(|batch| {
            let next = Place {
                offset: batch.last_offset().saturating_add(1),
                epoch: epoch_of(&batch),
            };
            Ok((next, keep(batch, &mut filter, passed.offset, rules)?))
        });
        match kept {
            Ok((next, batch)) => {
                if next.offset > passed.offset {
                    passed = next;
                }
                batches.extend(batch);
            }
            // What came before it is handed out first; then it is fetched again, and is first.
            Err(_) if !batches.is_empty() => break,
            Err(error) => return (broken(planned, error), None),
        }
    }
    let nothing = batches.is_empty() && passed.offset == planned.offset && frame_bytes > 0;
    let untold = nothing.then(|| Untold {
        size: reader.partial_size().unwrap_or_default(),
    });
    let end = match rules.isolation {
        IsolationLevel::ReadCommitted if data.last_stable_offset >= 0 => data.last_stable_offset,
        _ => data.high_watermark,
    };
    let answer = Answer {
        batches,
        passed,
        high_watermark: data.high_watermark,
        end,
        frame_bytes,
    };
    (Said::Data(answer), untold)
}

/// No checksum covers it, so it may be anything.
fn epoch_of(batch: &Batch) -> LeaderEpoch {
    let epoch = batch.header().partition_leader_epoch;
    if epoch.0 < 0 {
        LeaderEpoch::NONE
    } else {
        epoch
    }
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
        return Ok(Some(Fetched {
            next_offset,
            bytes: batch.size(),
            epoch: epoch_of(&batch),
            batch: Unread::Fetched(batch),
        }));
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

#[cfg(test)]
mod tests;
