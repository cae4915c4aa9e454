//! The memory that buffered batches hold.
//!
//! Batches are slices of the answer they came in, so a batch of a kilobyte keeps a frame of
//! megabytes alive. What is counted is therefore the frame, once, for as long as any of its
//! batches waits to be handed out.

use std::collections::BTreeMap;

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
}

/// The frames that are held, each by at least one batch.
#[derive(Debug, Default)]
pub(super) struct Frames {
    held: BTreeMap<u64, Held>,
    bytes: usize,
}

impl Frames {
    /// One more batch holds the frame.
    pub(super) fn hold(&mut self, frame: Frame) {
        let held = self.held.entry(frame.id).or_insert_with(|| {
            self.bytes += frame.bytes;
            Held {
                bytes: frame.bytes,
                batches: 0,
            }
        });
        held.batches += 1;
    }

    /// One batch holds it no more.
    pub(super) fn release(&mut self, frame: Frame) {
        let Some(held) = self.held.get_mut(&frame.id) else {
            return;
        };
        held.batches -= 1;
        if held.batches == 0 {
            self.bytes -= held.bytes;
            self.held.remove(&frame.id);
        }
    }

    /// The bytes of all frames.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
