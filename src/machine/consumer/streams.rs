//! Partitions that have a stream of their own in a [`Fetcher`]: polls leave them alone.
//!
//! A stream lives as long as its partition stays assigned. Whoever asks for one names it, not its
//! partition alone: that may have been taken away and given back since, to polls or to another
//! stream, and what was asked for in the name of the old one is not for it.

use super::fetcher::Fetcher;
use super::partition::Partition;
use crate::ids::TopicPartition;

/// One stream of one partition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct StreamId {
    pub(crate) partition: TopicPartition,
    id: u64,
}

/// The stream that a partition has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    id: u64,
    /// Somebody waits for its next record.
    awaited: bool,
}

impl<T> Partition<T> {
    /// The stream of its own that it has.
    pub(super) fn stream(&self) -> Option<u64> {
        self.split.map(|split| split.id)
    }

    /// Whether this stream is the one that it has.
    pub(super) fn has_stream(&self, stream: &StreamId) -> bool {
        self.stream() == Some(stream.id)
    }

    /// Whether somebody waits for its next record alone.
    pub(super) fn is_awaited(&self) -> bool {
        self.split.is_some_and(|split| split.awaited)
    }
}

impl<T> Fetcher<T> {
    /// Gives a partition a stream of its own; `None` if it is not assigned, or has one. What is
    /// left of a batch that was lent to others is the stream's.
    pub(crate) fn split(&mut self, partition: &TopicPartition) -> Option<StreamId> {
        let id = self.next_generation();
        let state = self.partitions.get_mut(partition)?;
        if state.split.is_some() {
            return None;
        }
        if state.is_lent() {
            let consumed = state.settle();
            state.rewind(consumed, id, &mut self.frames);
        }
        let awaited = false;
        state.split = Some(Split { id, awaited });
        self.has_streams = true;
        let partition = partition.clone();
        Some(StreamId { partition, id })
    }

    /// Whether this is the stream of its partition still.
    pub(crate) fn is_open(&self, stream: &StreamId) -> bool {
        let state = self.partitions.get(&stream.partition);
        state.is_some_and(|state| state.has_stream(stream))
    }

    pub(super) fn stream_mut(&mut self, stream: &StreamId) -> Option<&mut Partition<T>> {
        let state = self.partitions.get_mut(&stream.partition);
        state.filter(|state| state.has_stream(stream))
    }

    /// The stream ends: its partition is polled again, from where the stream has got to.
    pub(crate) fn join(&mut self, stream: &StreamId) {
        let generation = self.next_generation();
        let state = self.partitions.get_mut(&stream.partition);
        if let Some(state) = state.filter(|state| state.has_stream(stream)) {
            state.split = None;
            if let Some(in_hand) = self.busy.get_mut(&stream.partition) {
                in_hand.leave(stream.id);
            }
            if state.is_lent() {
                let consumed = state.settle();
                state.rewind(consumed, generation, &mut self.frames);
            }
            self.look_for_streams();
        }
    }

    /// Streams may have ended.
    pub(super) fn look_for_streams(&mut self) {
        let mut partitions = self.partitions.values();
        self.has_streams = self.has_streams && partitions.any(|state| state.split.is_some());
    }

    /// Somebody waits for the stream's next record, or does no more.
    pub(crate) fn set_awaited(&mut self, stream: &StreamId, awaited: bool) {
        let split = self.stream_mut(stream).and_then(|it| it.split.as_mut());
        if let Some(split) = split {
            split.awaited = awaited;
        }
    }
}
