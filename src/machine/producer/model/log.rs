//! One partition's log, and what its leader checks before it appends.

use std::collections::{BTreeMap, VecDeque};

use crate::error::ErrorCode;
use crate::record::{Batch, DecodeLimits};

/// How many batches a broker remembers of a producer.
const WINDOW: usize = 5;

/// What a partition's leader knows of one producer id.
pub(super) struct Known {
    epoch: i16,
    pub(super) fenced: bool,
    /// The last batches: first and last sequence, and the offset of the first record.
    window: VecDeque<(i32, i32, i64)>,
}

/// One partition's log. It survives a move of the leader.
pub(super) struct Log {
    /// Which of the topics that had the name it is of.
    pub(super) topic: u8,
    pub(super) records: Vec<u64>,
    pub(super) producers: BTreeMap<i64, Known>,
    pub(super) start: i64,
}

impl Log {
    pub(super) fn new(topic: u8) -> Self {
        Self {
            topic,
            records: Vec::new(),
            producers: BTreeMap::new(),
            start: 0,
        }
    }

    pub(super) fn append(&mut self, batch: &Batch, rules: Rules) -> Result<i64, ErrorCode> {
        batch.verify_crc().unwrap();
        let header = batch.header();
        let size = batch.header().batch_length;
        if usize::try_from(size).unwrap() > rules.batch_max {
            return Err(ErrorCode::MESSAGE_TOO_LARGE);
        }
        let (id, epoch) = (header.producer_id.0, header.producer_epoch.0);
        let (first, count) = (header.base_sequence, header.record_count);
        let last = sequence_after(first, count - 1);
        let offset = i64::try_from(self.records.len()).unwrap();
        if id >= 0 {
            if let Some(known) = self.check(id, epoch, (first, last), rules)? {
                return Ok(known);
            }
            let known = self.producers.entry(id).or_insert(Known {
                epoch,
                fenced: false,
                window: VecDeque::new(),
            });
            if known.epoch != epoch {
                known.window.clear();
            }
            known.epoch = epoch;
            known.window.push_back((first, last, offset));
            if known.window.len() > WINDOW {
                known.window.pop_front();
            }
        }
        self.records.extend(values(batch));
        Ok(offset)
    }

    /// Whether a batch may be appended; the offset of one that was appended before.
    fn check(
        &self,
        id: i64,
        epoch: i16,
        (first, last): (i32, i32),
        rules: Rules,
    ) -> Result<Option<i64>, ErrorCode> {
        if self.producers.keys().any(|known| *known > id) {
            // Ids come in rising order here: this one was given up, and nothing else fences it.
            return Err(ErrorCode::UNKNOWN_PRODUCER_ID);
        }
        let Some(known) = self.producers.get(&id) else {
            // A broker that knows nothing of a producer takes any sequence, or refuses all but 0.
            return if first != 0 && rules.knows_unknown {
                Err(ErrorCode::UNKNOWN_PRODUCER_ID)
            } else {
                Ok(None)
            };
        };
        if known.fenced || epoch < known.epoch {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if epoch > known.epoch {
            let fits = first == 0;
            return fits
                .then_some(None)
                .ok_or(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        }
        let again = known
            .window
            .iter()
            .find(|each| (each.0, each.1) == (first, last));
        if let Some((_, _, offset)) = again {
            return if rules.tells_duplicates {
                Err(ErrorCode::DUPLICATE_SEQUENCE_NUMBER)
            } else {
                Ok(Some(*offset))
            };
        }
        let next = known
            .window
            .back()
            .map_or(0, |each| sequence_after(each.1, 1));
        let fits = first == next;
        fits.then_some(None)
            .ok_or(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
    }

    /// All records are deleted, and with them what was known of producers.
    pub(super) fn forget(&mut self) {
        self.start = i64::try_from(self.records.len()).unwrap();
        self.producers.clear();
    }
}

fn sequence_after(sequence: i32, count: i32) -> i32 {
    i32::try_from((i64::from(sequence) + i64::from(count)) & i64::from(i32::MAX)).unwrap()
}

pub(super) fn values(batch: &Batch) -> Vec<u64> {
    let decoded = batch.decode(DecodeLimits::default()).unwrap();
    let value = |record: Result<crate::record::RecordView<'_>, _>| {
        let record = record.unwrap();
        let bytes = record.value().unwrap().get(..8).unwrap();
        u64::from_be_bytes(bytes.try_into().unwrap())
    };
    decoded.records().map(value).collect()
}

#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) batch_max: usize,
    /// Whether an unknown producer must begin at sequence 0, as before Kafka 2.4.
    pub(super) knows_unknown: bool,
    /// Whether a batch that is there is called a duplicate, instead of acknowledged once more.
    pub(super) tells_duplicates: bool,
}
