//! One record after the other: the batch that `recv` or a stream is in, and the place it reached.
//!
//! A record that is returned is a copy: it stands by itself, and keeps no answer of megabytes alive
//! for a hundred bytes. Copying it costs less than sharing it would.

use std::sync::Arc;

use super::inner::Inner;
use super::records::{ConsumerRecord, DetachedRecord, Part};
use super::unread::{Opened, Unread};
use crate::error::Result;
use crate::machine::consumer::{Handed, Lent, Place, StreamId};
use crate::record::RecordError;

/// The batch that is being handed out record by record, if there is one.
#[derive(Debug, Default)]
pub(super) struct Receiving(Option<Current>);

#[derive(Debug)]
struct Current {
    handed: Handed<Unread>,
    opened: Opened,
    lent: Lent,
}

/// What comes next of a batch.
enum Step {
    Record(DetachedRecord),
    End,
    /// Somebody moved or paused the partition.
    Stopped,
    Damaged(i64, RecordError),
}

impl Current {
    fn next(&mut self) -> Step {
        let Some(position) = self.lent.position() else {
            return Step::Stopped;
        };
        let mut records = self.opened.batch.records_from(self.opened.cursor);
        loop {
            let view = match records.next() {
                None => {
                    // Past what compaction has removed, too (case 88).
                    let ended = self.lent.advance(position, None);
                    return if ended { Step::End } else { Step::Stopped };
                }
                Some(Err(error)) => {
                    self.lent.advance(position, None);
                    return Step::Damaged(position, error);
                }
                Some(Ok(view)) => view,
            };
            if view.offset() < position {
                self.opened.cursor = records.cursor();
                continue;
            }
            let next = view.offset().saturating_add(1);
            if !self.lent.advance(position, Some(next)) {
                return Step::Stopped;
            }
            self.opened.cursor = records.cursor();
            let at = &self.handed.partition;
            let epoch = self.handed.batch.epoch;
            let record = ConsumerRecord::new(&at.topic, at.partition, epoch, view);
            return Step::Record(record.detach());
        }
    }

    /// Up to `room` of what is left, at once.
    fn take(&mut self, room: usize) -> Option<Part> {
        let position = self.lent.position()?;
        let mut cursor = self.opened.cursor;
        let span = self.opened.batch.take(&mut cursor, position, room).ok()?;
        let rest = !self.opened.batch.is_end(cursor);
        let next = rest.then(|| span.next_offset());
        if span.is_empty() || !self.lent.advance(position, next) {
            return None;
        }
        self.opened.cursor = cursor;
        let at = &self.handed.partition;
        Some(Part {
            topic: Arc::clone(&at.topic),
            partition: at.partition,
            span,
        })
    }
}

impl Receiving {
    /// What a poll takes of the batch that `recv` is in; `None` if there is nothing left of it.
    pub(super) fn take(&mut self, inner: &Inner, room: usize) -> Option<Part> {
        let part = self.0.as_mut()?.take(room);
        if part.is_none() {
            self.give_back(inner);
        }
        part
    }

    /// Leaves what it is in to the fetcher, which knows whether anything is left of it.
    fn give_back(&mut self, inner: &Inner) {
        if let Some(current) = self.0.take() {
            let Current {
                mut handed,
                opened,
                lent,
            } = current;
            let bytes = opened.own_bytes;
            handed.batch.batch = Unread::Opened(opened);
            inner.fetcher().take_back(handed, &lent, bytes);
        }
    }

    /// What the batch that `recv` is in takes by itself.
    pub(super) fn own_bytes(&self) -> usize {
        let current = self.0.as_ref();
        current
            .and_then(|current| current.opened.own_bytes)
            .unwrap_or_default()
    }

    /// The next record, of one stream or of what is polled; `None` if none has arrived.
    pub(super) fn next(
        &mut self,
        inner: &Inner,
        of: Option<&StreamId>,
    ) -> Result<Option<DetachedRecord>> {
        loop {
            if let Some(current) = &mut self.0 {
                match current.next() {
                    Step::Record(record) => return Ok(Some(record)),
                    Step::End => self.0 = None,
                    Step::Stopped => self.give_back(inner),
                    Step::Damaged(position, error) => {
                        if let Some(Current { mut handed, .. }) = self.0.take() {
                            handed.from = Place {
                                offset: position,
                                epoch: handed.batch.epoch,
                            };
                            inner.damaged(&handed, error);
                        }
                    }
                }
                continue;
            }
            let mut fetcher = inner.fetcher();
            let error = match of {
                Some(stream) => fetcher.hand_out_error_of(stream),
                None => fetcher.hand_out_error(),
            };
            if let Some(error) = error {
                drop(fetcher);
                inner.wake.notify_one();
                return Err(error);
            }
            let lent = fetcher.lend(of);
            drop(fetcher);
            let Some((handed, lent)) = lent else {
                return Ok(None);
            };
            // There is room for more.
            inner.wake.notify_one();
            match handed.batch.batch.open(inner.config.check_crcs) {
                Ok(opened) => {
                    self.0 = Some(Current {
                        handed,
                        opened,
                        lent,
                    });
                }
                Err(error) => inner.damaged(&handed, error),
            }
        }
    }
}
