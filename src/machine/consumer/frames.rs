//! The memory that buffered batches hold.
//!
//! Batches are slices of the answer they came in, so a batch of a kilobyte keeps a frame of
//! megabytes alive. What is counted is therefore the frame, once, for as long as any of its
//! batches waits to be handed out.
//!
//! Where partitions have streams of their own, one that nobody reads would so keep the room of what
//! others have read long since. When there is no room, what is left of such answers is copied out.

use std::collections::BTreeMap;

use super::fetcher::Fetcher;

/// One piece of memory that batches share.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Frame {
    pub(super) id: u64,
    pub(super) bytes: usize,
}

#[derive(Debug)]
struct Held {
    bytes: usize,
    batches: usize,
    /// The part of it that its batches are.
    live: usize,
}

impl Held {
    fn is_sparse(&self) -> bool {
        is_sparse(self.live, self.bytes)
    }
}

/// Whether so little of what is held is used that the rest is worth a copy: up to three quarters.
fn is_sparse(live: usize, held: usize) -> bool {
    live <= held / 4 * 3
}

/// The frames that are held, each by at least one batch.
#[derive(Debug, Default)]
pub(super) struct Frames {
    held: BTreeMap<u64, Held>,
    bytes: usize,
    live: usize,
}

impl Frames {
    /// One more batch holds the frame, of which it is so much.
    pub(super) fn hold(&mut self, frame: Frame, live: usize) {
        let held = self.held.entry(frame.id).or_insert_with(|| {
            self.bytes += frame.bytes;
            Held {
                bytes: frame.bytes,
                batches: 0,
                live: 0,
            }
        });
        held.batches += 1;
        held.live += live;
        self.live += live;
    }

    /// One batch holds it no more.
    pub(super) fn release(&mut self, frame: Frame, live: usize) {
        let Some(held) = self.held.get_mut(&frame.id) else {
            return;
        };
        held.batches -= 1;
        held.live = held.live.saturating_sub(live);
        self.live = self.live.saturating_sub(live);
        if held.batches == 0 {
            self.bytes -= held.bytes;
            self.held.remove(&frame.id);
        }
    }

    /// Whether copies would free much.
    fn are_sparse(&self) -> bool {
        is_sparse(self.live, self.bytes)
    }

    fn is_sparse(&self, frame: Frame) -> bool {
        self.held.get(&frame.id).is_some_and(Held::is_sparse)
    }

    /// The bytes of all frames.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A part of an answer that can be kept without the rest of it.
pub(crate) trait Detach {
    /// Copies it out of its answer.
    fn detach(&mut self);
}

impl<T: Detach> Fetcher<T> {
    /// Copies what is buffered out of answers that are read for the most part. That is done when
    /// there is no room, and each byte is copied once.
    pub(super) fn detach_rests(&mut self) {
        if !self.frames.are_sparse() {
            return;
        }
        let mut id = self.next_generation();
        for state in self.partitions.values_mut() {
            for each in &mut state.buffered {
                if self.frames.is_sparse(each.frame) {
                    each.batch.batch.detach();
                    self.frames.release(each.frame, each.live);
                    let bytes = each.live;
                    each.frame = Frame { id, bytes };
                    self.frames.hold(each.frame, each.live);
                    id += 1;
                }
            }
        }
        self.skip_generations(id);
    }
}
