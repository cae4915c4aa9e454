//! Who compresses a batch: a small one the sender itself, a large one another thread.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::{Driver, Event};
use crate::error::{Error, ErrorKind};
use crate::machine::producer::{SealJob, Sender};
use crate::producer::delivery::Completion;

/// From this size on, in bytes, a batch is compressed on another thread.
const COMPRESS_ELSEWHERE: usize = 32 * 1024;

/// How much smaller batches are compressed here, in bytes, before other tasks get their turn.
const COMPRESS_PER_TURN: usize = 256 * 1024;

impl Driver {
    /// Compresses what is due, as far as there is somebody to do it and others need no turn.
    pub(super) fn seal(&mut self, at: Instant, sender: &mut Sender<Arc<Completion>>) {
        while self.may_compress() && self.toil < COMPRESS_PER_TURN {
            let Some(job) = sender.poll_seal(at, &self.inner.partitions) else {
                break;
            };
            let size = job.builder.estimated_size();
            if size < COMPRESS_ELSEWHERE {
                self.toil += size;
                let sealed = job.builder.seal(job.compression);
                sender.handle_sealed(at, (job.lane, job.id), sealed);
            } else {
                self.compress(job);
            }
        }
    }

    /// Lets other tasks have their turn, if much was compressed since they had one: in one step,
    /// or in several that followed each other without waiting.
    pub(super) async fn rest(&mut self) {
        if self.toil >= COMPRESS_PER_TURN {
            self.toil = 0;
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn may_compress(&self) -> bool {
        self.compressing < self.compressing_max
    }

    /// Compresses a batch on another thread.
    fn compress(&mut self, job: SealJob) {
        self.compressing += 1;
        let SealJob {
            lane,
            id,
            compression,
            builder,
        } = job;
        let (result, sealed) = oneshot::channel();
        self.inner.shared.env.compute(Box::new(move || {
            // Nobody waits any more where the producer is gone.
            let _ = result.send(builder.seal(compression));
        }));
        self.calls.push(Box::pin(async move {
            let sealed = sealed.await.unwrap_or_else(|_| {
                let words = "the batch was not compressed: the runtime is shutting down";
                Err(Error::new(ErrorKind::Closed, words))
            });
            Event::Sealed(lane, id, sealed)
        }));
    }
}
