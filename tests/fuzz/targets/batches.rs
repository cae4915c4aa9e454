//! Fetched bytes may be anything: batches, their records and headers are read to the first error,
//! within the memory that is allowed, and all ways to read them agree.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidewire::record::{Batches, ControlKind, Cursor, DecodeLimits, DecodedBatch};

const LIMITS: DecodeLimits = DecodeLimits {
    max_decompressed: 1 << 20,
};

fuzz_target!(|data: &[u8]| {
    let mut batches = Batches::new(Bytes::copy_from_slice(data));
    let mut size = 0;
    for batch in batches.by_ref() {
        let Ok(batch) = batch else {
            return;
        };
        size += batch.size();
        // The CRC covers all but a few bytes, so a fuzzer would not get past it.
        let _ = batch.verify_crc();
        let whole = batch.to_chunks().into_bytes();
        let again = Batches::new(whole)
            .next()
            .expect("one batch")
            .expect("a sound one");
        assert_eq!(again, batch);
        if let Ok(decoded) = batch.decode(LIMITS) {
            assert!(decoded.record_bytes().len() <= LIMITS.max_decompressed.max(data.len()));
            read(&decoded);
        }
    }
    assert!(size <= data.len());
    assert!(batches.is_partial() || size == data.len());
});

fn read(batch: &DecodedBatch) {
    let (mut good, mut failed) = (0_usize, false);
    for record in batch.records() {
        let Ok(record) = record else {
            failed = true;
            break;
        };
        good += 1;
        let _ = (
            record.offset(),
            record.timestamp(),
            record.key(),
            record.value(),
        );
        let _ = ControlKind::of(&record);
        for header in record.headers() {
            let _ = (header.name(), header.name_str(), header.value());
        }
    }
    let mut cursor = Cursor::default();
    let mut taken = 0;
    loop {
        match batch.take(&mut cursor, i64::MIN, 3) {
            Ok(span) if span.is_empty() => break,
            Ok(span) => {
                assert_eq!(span.iter().count(), span.len());
                taken += span.len();
            }
            Err(_) => {
                assert!(failed, "a span fails only where the records do");
                break;
            }
        }
    }
    assert_eq!(taken, good);
}
