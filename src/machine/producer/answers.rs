//! What an answer means for the batch it is about, and for what follows it in the sequence.

use std::time::Instant;

use super::batch::{
    Answer, BatchId, Finished, Outcome, Refusal, Share, code_is_ambiguous, refused_batch,
};
use super::lane::Lane;
use super::sequence::Trust;
use super::settings::SenderSettings;
use super::split::split;
use crate::error::{Error, ErrorCode, ErrorKind};

/// What a lane asks its sender for, beyond the outcomes.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Ids for the parts of a batch that was split.
    pub(super) next_id: u64,
    /// No batch of the topic is to be larger than this any more.
    pub(super) lower_cap: Option<usize>,
    /// Acknowledged records are missing from the log, and the batch goes on without a word to its
    /// user.
    pub(super) over_gap: bool,
}

impl<T: Clone> Lane<T> {
    /// Takes in what came back for a batch. An answer for a batch that was given up says nothing.
    pub(super) fn handle_answer(
        &mut self,
        now: Instant,
        (id, answer): (BatchId, Answer),
        settings: &SenderSettings,
        asked: &mut Asked,
        finished: &mut Vec<Finished<T>>,
    ) {
        self.land();
        let Some(at) = self.stamped.iter().position(|batch| batch.id == id) else {
            return;
        };
        let Some(batch) = self.stamped.get_mut(at) else {
            return;
        };
        batch.on_wire = false;
        match answer {
            Answer::Written(outcome) => self.written(at, outcome, finished),
            Answer::Refused(refusal) => {
                self.refused(now, (at, refusal), settings, asked, finished);
            }
            Answer::Lost { error, maybe_sent } => {
                batch.maybe_written |= maybe_sent;
                if !maybe_sent {
                    batch.attempts = batch.attempts.saturating_sub(1);
                }
                // A lost answer, or one that cannot be read, leaves a question: sending the same
                // bytes again settles it.
                let may_pass = maybe_sent || error.is_retriable();
                self.again_or_fail(now, at, (error, may_pass), settings, finished);
            }
        }
    }

    /// The broker has it.
    fn written(&mut self, at: usize, outcome: Outcome, finished: &mut Vec<Finished<T>>) {
        let Some(batch) = self.stamped.remove(at) else {
            return;
        };
        self.backoff.succeeded();
        if at == 0 {
            self.retry_at = None;
            self.last_error = None;
        }
        self.sequence.confirmed = true;
        if matches!(self.sequence.trust, Trust::Doubt(order) if batch.order > order) {
            // The broker's count has gone on past the batch that ended: there is no hole.
            self.sequence.trust = Trust::Steady;
        }
        let last = outcome
            .base_offset
            .map(|base| base.saturating_add(i64::from(batch.share.records) - 1));
        if !self.sequence.log_is_new {
            self.last_acked = self.last_acked.max(last);
        }
        finished.push(Finished {
            tag: batch.tag,
            share: batch.share,
            outcome: Ok(outcome),
        });
    }

    fn refused(
        &mut self,
        now: Instant,
        (at, refusal): (usize, Refusal),
        settings: &SenderSettings,
        asked: &mut Asked,
        finished: &mut Vec<Finished<T>>,
    ) {
        let Some(batch) = self.stamped.get_mut(at) else {
            return;
        };
        let code = refusal.code;
        match code {
            ErrorCode::DUPLICATE_SEQUENCE_NUMBER => {
                // An earlier attempt was written; where is no longer known.
                return self.written(at, Outcome::SOMEWHERE, finished);
            }
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
            | ErrorCode::UNKNOWN_PRODUCER_ID
            | ErrorCode::INVALID_PRODUCER_EPOCH
                if settings.idempotent =>
            {
                return self.misplaced(now, (at, &refusal), settings, asked, finished);
            }
            ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE => {
                let in_time =
                    now.saturating_duration_since(batch.created) < settings.delivery_timeout;
                let may_split = batch.share.records > 1 && !batch.maybe_written;
                if may_split && in_time {
                    return self.split(now, at, settings, asked, finished);
                }
            }
            _ => {}
        }
        batch.maybe_written |= code_is_ambiguous(code);
        if !refusal.culprits.is_empty() && !batch.maybe_written {
            return self.fail_culprits(now, at, &refusal, finished);
        }
        let error = refused_batch(code, refusal.message.as_deref());
        self.again_or_fail(now, at, (error, code.is_retriable()), settings, finished);
    }

    /// The broker does not know the producer, or the batch does not follow what it has.
    fn misplaced(
        &mut self,
        now: Instant,
        (at, refusal): (usize, &Refusal),
        settings: &SenderSettings,
        asked: &mut Asked,
        finished: &mut Vec<Finished<T>>,
    ) {
        let Some(batch) = self.stamped.get(at) else {
            return;
        };
        let gap = refusal.code == ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER;
        if gap && !batch.sent_as_head {
            // Only because a batch before it came back: its turn comes again after that.
            return;
        }
        // It does not take any stamp.
        self.sequence.log_is_new = false;
        let error = refused_batch(refusal.code, refusal.message.as_deref());
        let lost_records = match refusal.code {
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER => self.sequence.trust == Trust::Steady,
            // Forgotten because all that it wrote is deleted (retention), or lost?
            ErrorCode::UNKNOWN_PRODUCER_ID => {
                let log_start = refusal.log_start_offset.filter(|start| *start >= 0);
                let deleted = log_start.is_none() || self.last_acked < log_start;
                self.sequence.trust == Trust::Steady && !deleted
            }
            _ => false,
        };
        self.sequence.retired |= refusal.code == ErrorCode::INVALID_PRODUCER_EPOCH;
        let may_be_written = batch.maybe_written;
        let report = lost_records && !settings.continue_after_gap;
        if may_be_written || report {
            // Stamped anew it might be written twice; or its user must hear of the loss.
            let error = if lost_records {
                gap_error(error)
            } else {
                error
            };
            self.fail(now, at, error, finished);
            self.sequence.trust = Trust::Moving;
            return;
        }
        asked.over_gap = lost_records;
        self.sequence.trust = Trust::Moving;
        self.again_or_fail(now, at, (error, true), settings, finished);
    }

    /// Sends the batch again after a pause, or ends it.
    fn again_or_fail(
        &mut self,
        now: Instant,
        at: usize,
        (error, may_pass): (Error, bool),
        settings: &SenderSettings,
        finished: &mut Vec<Finished<T>>,
    ) {
        let Some(batch) = self.stamped.get(at) else {
            return;
        };
        // What may be in the log is asked about until its time is over: only the broker that
        // recognises it can say whether it is.
        let tries_left =
            batch.attempts <= settings.retries || (settings.idempotent && batch.maybe_written);
        if may_pass && tries_left {
            if at == 0 || self.retry_at.is_none() {
                self.retry_at = Some(self.backoff.failed(now));
            }
            self.last_error = Some(error);
            return;
        }
        self.backoff.succeeded();
        self.fail(now, at, error, finished);
    }

    /// Some records of the batch are to blame, and no record of it was written (KIP-467).
    fn fail_culprits(
        &mut self,
        now: Instant,
        at: usize,
        refusal: &Refusal,
        finished: &mut Vec<Finished<T>>,
    ) {
        let Some(batch) = self.stamped.remove(at) else {
            return;
        };
        self.close_up(at, &batch);
        let facts = batch.facts(now);
        let mut push = |first: u32, records: u32, error: Error| {
            let share = Share {
                first: batch.share.first + first,
                records,
                total: batch.share.total,
            };
            finished.push(Finished {
                tag: batch.tag.clone(),
                share,
                outcome: Err(facts.complete(&self.at, error)),
            });
        };
        let mut culprits: Vec<&(u32, Option<String>)> = refusal.culprits.iter().collect();
        // The first word on each counts, and the sort keeps it first.
        culprits.sort_by_key(|culprit| culprit.0);
        culprits.dedup_by_key(|culprit| culprit.0);
        let (mut next, end) = (0, batch.share.records);
        for (index, why) in culprits.into_iter().filter(|culprit| culprit.0 < end) {
            if next < *index {
                push(next, index - next, neighbour_error(refusal.code));
            }
            let why = why.as_deref().or(refusal.message.as_deref());
            push(*index, 1, refused_record(refusal.code, why));
            next = index + 1;
        }
        if next < end {
            push(next, end - next, neighbour_error(refusal.code));
        }
    }

    /// Puts smaller batches in the place of one that the broker finds too large. They share its
    /// sequence numbers, so that nothing after them changes.
    fn split(
        &mut self,
        now: Instant,
        at: usize,
        settings: &SenderSettings,
        asked: &mut Asked,
        finished: &mut Vec<Finished<T>>,
    ) {
        let Some(batch) = self.stamped.remove(at) else {
            return;
        };
        let half = batch.batch.uncompressed_size().div_ceil(2);
        match split(&batch, half, &settings.pool, self.compression) {
            Ok(parts) => {
                asked.lower_cap = Some(half);
                if at == 0 {
                    self.retry_at = None;
                }
                for (place, mut part) in parts.into_iter().enumerate() {
                    part.id = BatchId(asked.next_id);
                    asked.next_id += 1;
                    self.stamped.insert(at + place, part);
                }
            }
            Err(error) => {
                self.close_up(at, &batch);
                finished.push(batch.fail(now, &self.at, error));
            }
        }
    }
}

#[cold]
fn gap_error(error: Error) -> Error {
    let words = format!(
        "{}: the partition's log lacks records that were acknowledged before, perhaps after an \
         unclean leader election; send again what must be there",
        error.message()
    );
    let kind = error.kind();
    Error::new(kind, words).with_source(error)
}

fn refused_record(code: ErrorCode, why: Option<&str>) -> Error {
    match why {
        Some(why) => Error::new(
            ErrorKind::Broker(code),
            format!("the broker refused the record: {why}"),
        ),
        None => Error::broker(code, "the broker refused the record"),
    }
}

/// The error of a record that was in one batch with one that was refused.
fn neighbour_error(code: ErrorCode) -> Error {
    let words = format!(
        "another record of its batch was refused ({code}), and with it the whole batch; this one \
         may be sent again"
    );
    Error::new(ErrorKind::BatchRefused, words)
}
