//! What an answer means for the batch it is about, and for its producer's identity.

use std::time::Instant;

use super::accumulator::Accumulator;
use super::batch::{Answer, BatchId, Finished, Outcome, code_is_ambiguous, refusal};
use crate::error::ErrorCode;
use crate::ids::{ProducerEpoch, TopicPartition};

impl Accumulator {
    /// Takes in what came back for a batch. An answer for a batch that was given up is ignored.
    pub(crate) fn handle_answer(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        id: BatchId,
        answer: Answer,
    ) -> Option<Finished> {
        let queue = self.queues.get_mut(partition)?;
        let mut batch = queue.in_flight.take_if(|batch| batch.id == id)?;
        let (error, may_pass) = match answer {
            Answer::Written(outcome) => return Some(queue.written(batch, outcome)),
            Answer::Refused {
                code: ErrorCode::DUPLICATE_SEQUENCE_NUMBER,
                ..
            } => {
                // An earlier attempt was written; where is no longer known.
                let outcome = Outcome {
                    base_offset: None,
                    log_append_ms: None,
                };
                return Some(queue.written(batch, outcome));
            }
            Answer::Refused { code, message } => {
                batch.leave();
                batch.maybe_written |= code_is_ambiguous(code);
                batch.stamp_refused = refuses_stamp(code) && !batch.maybe_written;
                let may_pass = code.is_retriable() || batch.stamp_refused;
                (refusal(code, message), may_pass)
            }
            Answer::Lost { error, maybe_sent } => {
                if maybe_sent {
                    batch.leave();
                    batch.maybe_written = true;
                }
                // A lost answer, or one that cannot be read, leaves a question: sending the same
                // bytes again settles it.
                let may_pass = maybe_sent || error.is_retriable();
                (error, may_pass)
            }
        };
        batch.on_wire = false;
        if may_pass && batch.attempts <= self.settings.retries {
            let stamp_refused = batch.stamp_refused;
            queue.retry = Some((queue.backoff.failed(now), error));
            queue.waiting.push_front(batch);
            if stamp_refused && self.identity == Some(queue.identity) {
                self.bump_epoch();
            }
            return None;
        }
        queue.retry = None;
        queue.backoff.succeeded();
        // Its place in the sequence stays empty, or may not be: what follows starts a new one. If
        // the epoch has moved since it was stamped, that happens anyway.
        if self.identity == Some(queue.identity) {
            self.bump_epoch();
        }
        Some(batch.fail(now, partition, error))
    }

    /// Moves on to the next epoch of the producer id, or asks for a new id after the last.
    pub(super) fn bump_epoch(&mut self) {
        self.identity = self.identity.and_then(|(id, epoch)| {
            let next = epoch.0.checked_add(1)?;
            Some((id, ProducerEpoch(next)))
        });
    }
}

/// Whether the broker has forgotten the producer, or knows a newer epoch of it. The batch is not in
/// the log, so that it may be sent under another stamp.
fn refuses_stamp(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UNKNOWN_PRODUCER_ID | ErrorCode::INVALID_PRODUCER_EPOCH
    )
}
