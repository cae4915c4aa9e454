//! Compressed records may be anything: each codec ends with an error or with no more than the
//! limit, whatever sizes it is told.
//!
//! Input: codec, compressed records. The header in front of them is sound.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidewire::record::{Batches, DecodeLimits, HEADER_LEN};

/// Bytes of a batch before those that its length counts.
const OVERHEAD: usize = 12;
const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((codec, records)) = data.split_first() else {
        return;
    };
    let length = i32::try_from(HEADER_LEN - OVERHEAD + records.len()).expect("short input");
    let mut batch = vec![0; HEADER_LEN];
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    batch[16] = 2; // the format
    batch[22] = codec % 8;
    batch[57..61].copy_from_slice(&1_i32.to_be_bytes()); // one record, it says
    batch.extend_from_slice(records);
    let mut batches = Batches::new(Bytes::from(batch));
    let batch = batches.next().expect("a batch").expect("a sound header");
    let limits = DecodeLimits {
        max_decompressed: LIMIT,
    };
    if let Ok(decoded) = batch.decode(limits) {
        assert!(decoded.record_bytes().len() <= LIMIT.max(records.len()));
        let _ = decoded.records().count();
    }
});
