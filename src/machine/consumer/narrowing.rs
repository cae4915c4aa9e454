//! Batches that are larger than the largest response that is read.
//!
//! A broker sends the first batch it finds whole, whatever it was asked for. One that is larger
//! than `receive.message.max.bytes` costs the connection, and with it the data of all partitions of
//! the broker, and it would be the first again. So after such a response fewer partitions are asked
//! for, half of them each time, until one that is asked for alone, and for a single byte, brings it
//! again: that one is left out, and the user is told. Where a half answers as it should, the other
//! one is asked.
//!
//! A partition is left out for as long as it is to be fetched from that very offset, and was not
//! sought: it is told once.

use std::collections::BTreeSet;

use super::fetcher::Fetcher;
use super::partition::LeftOut;
use super::plan::Planned;
use super::positions::Position;
use crate::error::{Error, ErrorKind, FrameTooLarge};
use crate::ids::{BrokerId, TopicPartition};

/// The search for the partition with such a batch.
#[derive(Debug)]
pub(super) struct Narrowing {
    suspects: BTreeSet<TopicPartition>,
    /// As many are asked for at once.
    width: usize,
    /// Those that were asked for last.
    asked: BTreeSet<TopicPartition>,
}

impl Narrowing {
    fn among(planned: &[Planned]) -> Self {
        Self {
            suspects: planned.iter().map(|each| each.partition.clone()).collect(),
            width: planned.len().div_ceil(2),
            asked: BTreeSet::new(),
        }
    }

    /// What is left to be asked for, if anything is.
    fn without_asked(mut self) -> Option<Self> {
        let asked = std::mem::take(&mut self.asked);
        self.suspects.retain(|at| !asked.contains(at));
        (!self.suspects.is_empty()).then_some(self)
    }
}

impl<T> Fetcher<T> {
    /// Leaves of what a broker may be asked for what the search asks for. How many that are; `None`
    /// if nothing is searched for.
    pub(super) fn narrow(&mut self, broker: BrokerId, open: &mut Vec<Planned>) -> Option<usize> {
        let state = self.brokers.get_mut(&broker)?;
        let search = state.narrowing.as_mut()?;
        let suspects = &search.suspects;
        if !open.iter().any(|each| suspects.contains(&each.partition)) {
            state.narrowing = None;
            return None;
        }
        open.retain(|each| suspects.contains(&each.partition));
        open.truncate(search.width);
        search.asked = open.iter().map(|each| each.partition.clone()).collect();
        Some(open.len())
    }

    /// A broker has answered what the search asked, if there is one.
    pub(super) fn narrowed(&mut self, broker: BrokerId) {
        if let Some(state) = self.brokers.get_mut(&broker) {
            if let Some(search) = state.narrowing.take() {
                state.narrowing = search.without_asked();
                // The broker is not to keep to the small sizes that were asked for.
                state.session.lost();
            }
        }
    }

    /// The answer to a fetch is larger than what is read. Which partition this is about, and what
    /// the user is told, once that is known.
    pub(crate) fn too_large(
        &mut self,
        broker: BrokerId,
        planned: &[Planned],
        frame: FrameTooLarge,
    ) -> Option<Error> {
        self.lost(broker, None);
        let state = self.brokers.entry(broker).or_default();
        let searched = state.narrowing.is_some();
        let ([alone], true) = (planned, searched) else {
            state.narrowing = Some(Narrowing::among(planned));
            return None;
        };
        state.narrowing = None;
        let state = self.current(&alone.partition, alone.generation)?;
        let Position::At(place) = state.fetch else {
            return None;
        };
        let error = error(alone, frame).with_broker(broker);
        state.left_out = Some(LeftOut {
            offset: place.offset,
            error: error.clone(),
            has_no_place: false,
        });
        state.last_failure = Some(error.clone());
        state.failed = Some(error.clone());
        Some(error)
    }
}

fn error(planned: &Planned, frame: FrameTooLarge) -> Error {
    let FrameTooLarge { size, limit } = frame;
    let words = format!(
        "the batch at offset {} comes in a response of {size} bytes, and \
         receive.message.max.bytes={limit}: raise that, or seek past the batch",
        planned.offset
    );
    let at = &planned.partition;
    Error::new(ErrorKind::Config, words)
        .with_source(frame)
        .with_topic(at.topic.clone())
        .with_partition(at.partition)
}
