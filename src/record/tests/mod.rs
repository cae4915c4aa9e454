//! Batches written and read back, damaged on purpose, and lied about.

mod vectors;

use std::slice;

use bytes::{Bytes, BytesMut};

use super::varint::write_varlong;
use super::*;
use crate::config::{Codec, Compression};
use crate::ids::{LeaderEpoch, ProducerEpoch, ProducerId};

/// A record as owned values, to compare.
#[derive(Clone, Debug, Default, PartialEq)]
struct Plain {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

fn plain(timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Plain {
    Plain {
        timestamp,
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        headers: Vec::new(),
    }
}

/// A reproducible stream of numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn noise(&mut self, len: usize) -> Vec<u8> {
        (0..len)
            .map(|_| u8::try_from(self.roll(256)).unwrap())
            .collect()
    }
}

fn pool() -> ChunkPool {
    ChunkPool::new(64 << 20, DEFAULT_CHUNK_SIZE)
}

fn append(builder: &mut BatchBuilder, record: &Plain) -> Result<usize, AppendError> {
    let header = |(name, value): &(Vec<u8>, Option<Vec<u8>>)| match value {
        Some(value) => Header::new(name.clone(), value.clone()),
        None => Header::null(name.clone()),
    };
    let headers: Vec<_> = record.headers.iter().map(header).collect();
    let (key, value) = (record.key.as_deref(), record.value.as_deref());
    builder.append(record.timestamp, key, value, &headers)
}

fn sealed(records: &[Plain], compression: Compression, pool: &ChunkPool) -> SealedBatch {
    let mut builder = BatchBuilder::new(pool, usize::MAX);
    for (index, record) in records.iter().enumerate() {
        let before = builder.estimated_size();
        assert_eq!(append(&mut builder, record), Ok(index));
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        if record.headers.is_empty() {
            let most = BatchBuilder::encoded_len_of(key, value, &[]);
            assert!(builder.estimated_size() - before <= most);
        }
    }
    assert_eq!(builder.count(), records.len());
    let size = builder.estimated_size();
    let batch = builder.seal(compression).unwrap();
    assert_eq!(batch.uncompressed_size(), size);
    assert_eq!(batch.size(), batch.to_chunks().into_bytes().len());
    batch
}

fn bytes_of(records: &[Plain], compression: Compression) -> Bytes {
    sealed(records, compression, &pool())
        .to_chunks()
        .into_bytes()
}

fn only_batch(bytes: Bytes) -> Batch {
    let mut batches = Batches::new(bytes);
    let batch = batches.next().unwrap().unwrap();
    assert!(batches.next().is_none() && !batches.is_partial());
    batch
}

fn read(batch: &Batch) -> Result<Vec<(i64, Plain)>, RecordError> {
    let decoded = batch.decode(DecodeLimits::default())?;
    let read = |record: Result<RecordView<'_>, RecordError>| {
        let record = record?;
        let header =
            |header: HeaderView<'_>| (header.name().to_vec(), header.value().map(<[u8]>::to_vec));
        let plain = Plain {
            headers: record.headers().map(header).collect(),
            ..plain(record.timestamp(), record.key(), record.value())
        };
        Ok((record.offset(), plain))
    };
    decoded.records().map(read).collect()
}

fn all_compressions() -> impl Iterator<Item = Compression> {
    let built_in = Codec::ALL.into_iter().filter(|codec| codec.is_built_in());
    built_in.map(Compression::from_codec)
}

/// Records that have one of everything.
fn varied() -> Vec<Plain> {
    let mut records = vec![
        plain(1000, None, None),
        plain(1000, Some(b""), Some(b"")),
        plain(900, Some(b"k"), None),
        plain(i64::MAX, None, Some(b"v")),
        plain(i64::MIN, Some(b"key"), Some(&[0xff; 300])),
    ];
    records[1].headers = vec![
        (b"same".to_vec(), Some(b"1".to_vec())),
        (b"same".to_vec(), Some(b"2".to_vec())),
        (b"not \xff utf-8".to_vec(), Some(Vec::new())),
        (Vec::new(), None),
    ];
    records[4].headers = vec![(b"h".to_vec(), Some(vec![1; 200])); 100];
    records
}

#[test]
fn records_summed_as_they_come_make_the_same_batch() {
    let pool = ChunkPool::new(1 << 20, 64);
    let sealed = |builder: BatchBuilder, compression| {
        let mut builder = builder;
        for n in 0_i64..40 {
            builder.append(n, None, Some(&[7; 30]), &[]).unwrap();
        }
        builder.seal(compression).unwrap().to_chunks().into_bytes()
    };
    for compression in [Compression::None, Compression::Lz4] {
        let early = sealed(BatchBuilder::new(&pool, 1 << 20), compression);
        let late = sealed(BatchBuilder::new(&pool, 1 << 20).without_sum(), compression);
        assert_eq!(early, late);
        let crc = crc32c::crc32c(&early[21..]);
        assert_eq!(early[17..21], crc.to_be_bytes());
    }
}

#[test]
fn everything_a_record_can_hold_round_trips_through_every_codec() {
    for compression in all_compressions() {
        let batch = only_batch(bytes_of(&varied(), compression));
        batch.verify_crc().unwrap();
        assert_eq!(batch.codec().unwrap(), compression.codec());
        assert_eq!(batch.header().max_timestamp, i64::MAX);
        let expected: Vec<_> = (0..).zip(varied()).collect();
        assert_eq!(read(&batch).unwrap(), expected, "{compression}");
    }
}

#[test]
fn values_of_all_sizes_round_trip_across_chunks_through_every_codec() {
    let noise = Dice(1).noise(1 << 20);
    for compression in all_compressions() {
        for len in [0, 1, 100, 16_323, 16_384, 70_000, 1 << 20] {
            for noisy in [false, true] {
                let value = if noisy {
                    noise[..len].to_vec()
                } else {
                    vec![7; len]
                };
                let copies = if len > 100_000 { 1 } else { 3 };
                let records = vec![plain(5, Some(b"key"), Some(&value)); copies];
                let pool = pool();
                let batch = sealed(&records, compression, &pool);
                let back = read(&only_batch(batch.to_chunks().into_bytes())).unwrap();
                assert!(
                    back.iter().map(|(_, r)| r).eq(&records),
                    "{compression} {len}"
                );
                // What compression does not shrink goes out as it is.
                assert!(batch.size() <= batch.uncompressed_size());
                if compression.codec() != Codec::None && len >= 100 && !noisy {
                    assert!(batch.size() < batch.uncompressed_size() / 2);
                }
                drop(batch);
                assert_eq!(pool.used(), 0);
            }
        }
    }
}

#[test]
fn a_batch_that_compression_does_not_shrink_goes_out_uncompressed() {
    let noise = plain(0, None, Some(&Dice(2).noise(5000)));
    for compression in all_compressions() {
        let batch = only_batch(bytes_of(slice::from_ref(&noise), compression));
        assert_eq!(batch.codec().unwrap(), Codec::None);
        assert_eq!(read(&batch).unwrap(), [(0, noise.clone())]);
    }
}

#[test]
fn every_level_kafka_knows_compresses() {
    let gzip = Compression::from_codec(Codec::Gzip);
    let mut all: Vec<_> = [-1, 1, 6, 9]
        .map(|level| gzip.with_level(level).unwrap())
        .into();
    if Codec::Zstd.is_built_in() {
        let zstd = Compression::from_codec(Codec::Zstd);
        all.extend([-50, -1, 1, 22].map(|level| zstd.with_level(level).unwrap()));
    }
    let record = plain(0, None, Some(&b"tidewire ".repeat(5000)));
    for compression in all {
        let batch = only_batch(bytes_of(slice::from_ref(&record), compression));
        assert_eq!(batch.codec().unwrap(), compression.codec());
        assert_eq!(
            read(&batch).unwrap(),
            [(0, record.clone())],
            "{compression:?}"
        );
    }
}

#[test]
fn the_limit_closes_a_batch_but_never_refuses_its_first_record() {
    let pool = pool();
    let mut builder = BatchBuilder::new(&pool, 100);
    let big = plain(0, None, Some(&[0; 500]));
    assert_eq!(append(&mut builder, &big), Ok(0));
    let before = format!("{builder:?}");
    assert_eq!(append(&mut builder, &big), Err(AppendError::BatchFull));
    assert_eq!(format!("{builder:?}"), before);
    builder.set_limit(2000);
    assert_eq!(append(&mut builder, &big), Ok(1));
}

#[test]
fn without_memory_the_batch_stays_as_it_was_and_goes_on_with_a_reserve() {
    let pool = ChunkPool::new(2 * 256, 256);
    let mut builder = BatchBuilder::new(&pool, usize::MAX);
    let record = plain(0, None, Some(&[9; 200]));
    assert_eq!(append(&mut builder, &record), Ok(0));
    assert_eq!(append(&mut builder, &record), Ok(1));
    let full = AppendError::NoMemory { chunks: 1 };
    assert_eq!(append(&mut builder, &record), Err(full));
    assert_eq!((builder.count(), builder.capacity()), (2, 512));

    let other = ChunkPool::new(256, 256);
    builder.add_reserve(other.try_reserve(1).unwrap());
    assert_eq!(append(&mut builder, &record), Ok(2));
    let batch = builder.seal(Compression::None).unwrap();
    let back = read(&only_batch(batch.to_chunks().into_bytes())).unwrap();
    assert!(back.iter().all(|(_, back)| *back == record));
    drop(batch);
    assert_eq!((pool.used(), other.used()), (0, 0));
}

#[test]
fn a_compressed_copy_may_exceed_the_pool_and_frees_its_original() {
    let pool = ChunkPool::new(4096, 1024);
    let mut builder = BatchBuilder::new(&pool, usize::MAX);
    append(&mut builder, &plain(0, None, Some(&[1; 4000]))).unwrap();
    assert_eq!(pool.used(), 4096);
    let batch = builder.seal(Compression::Lz4).unwrap();
    assert_eq!(
        pool.used(),
        batch.size() - HEADER_LEN,
        "as little as it takes"
    );
    drop(batch);
    assert_eq!(pool.used(), 0);
}

#[test]
fn a_stamp_changes_the_header_only_and_resending_changes_nothing() {
    let mut batch = sealed(&varied(), Compression::Snappy, &pool());
    let unstamped = only_batch(batch.to_chunks().into_bytes());
    assert_eq!(unstamped.header().producer_id, ProducerId::NONE);
    for transactional in [true, false] {
        batch.stamp(Stamp {
            producer_id: ProducerId(77),
            producer_epoch: ProducerEpoch(3),
            base_sequence: i32::MAX,
            transactional,
        });
        let (first, again) = (batch.to_chunks(), batch.clone().to_chunks());
        for (one, two) in first.iter().zip(&again) {
            assert_eq!(one.as_ptr(), two.as_ptr(), "shared, not copied");
        }
        let stamped = only_batch(first.into_bytes());
        stamped.verify_crc().unwrap();
        assert_eq!(stamped.header(), batch.header());
        assert_eq!(stamped.header().producer_id, ProducerId(77));
        assert_eq!(
            stamped.header().attributes.is_transactional(),
            transactional
        );
        assert_eq!(stamped.header().last_sequence(), 3);
        assert_eq!(stamped.record_bytes(), unstamped.record_bytes());
    }
}

#[test]
fn a_sealed_batch_can_be_read_again_to_split_it() {
    let batch = sealed(&varied(), Compression::Lz4, &pool());
    let decoded = batch.decode().unwrap();
    assert_eq!(decoded.records().count(), varied().len());
}

#[test]
fn an_empty_batch_cannot_be_sealed() {
    let error = BatchBuilder::new(&pool(), 1000)
        .seal(Compression::None)
        .unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::InvalidInput);
}

#[test]
fn a_leader_sets_offsets_without_and_times_with_a_new_crc() {
    let batch = only_batch(bytes_of(&varied(), Compression::None));
    let appended = batch.appended(500, LeaderEpoch(4), None);
    assert_eq!(appended.header().crc, batch.header().crc);
    let back = only_batch(appended.to_chunks().into_bytes());
    back.verify_crc().unwrap();
    assert_eq!((back.base_offset(), back.last_offset()), (500, 504));
    assert_eq!(back.header().partition_leader_epoch, LeaderEpoch(4));

    let stamped = only_batch(
        batch
            .appended(500, LeaderEpoch(4), Some(123))
            .to_chunks()
            .into_bytes(),
    );
    stamped.verify_crc().unwrap();
    assert_eq!(
        stamped.header().attributes.timestamp_type(),
        TimestampType::LogAppendTime
    );
    let read = read(&stamped).unwrap();
    assert!(read.iter().all(|(_, record)| record.timestamp == 123));
    assert_eq!(read.last().unwrap().0, 504);
}

#[test]
fn reading_goes_on_at_a_cursor() {
    let decoded = only_batch(bytes_of(&varied(), Compression::None));
    let decoded = decoded.appended(10, LeaderEpoch(0), None);
    let decoded = decoded.decode(DecodeLimits::default()).unwrap();
    let mut first = decoded.records();
    first.nth(1).unwrap().unwrap();
    let cursor = first.cursor();
    assert_eq!(cursor.index(), 2);
    let rest: Vec<_> = decoded
        .records_from(cursor)
        .map(|r| r.unwrap().offset())
        .collect();
    assert_eq!(rest, [12, 13, 14]);
    assert!(decoded.records_from(Cursor::default()).count() == 5);
}

#[test]
fn spans_are_what_a_poll_takes_and_its_limit_leaves() {
    let batch = only_batch(bytes_of(&varied(), Compression::None));
    let mut batch = batch.appended(10, LeaderEpoch(0), None);
    batch.header.last_offset_delta = 7;
    let decoded = batch.decode(DecodeLimits::default()).unwrap();
    let mut cursor = Cursor::default();
    let offsets = |span: &Span| span.iter().map(|r| r.offset()).collect::<Vec<_>>();
    let first = decoded.take(&mut cursor, 11, 2).unwrap();
    assert_eq!((offsets(&first), first.next_offset()), (vec![11, 12], 13));
    assert!(!decoded.is_end(cursor));
    let rest = decoded.take(&mut cursor, 11, 100).unwrap();
    assert_eq!((offsets(&rest), rest.next_offset()), (vec![13, 14], 18));
    assert!(decoded.is_end(cursor));
    let none = decoded.take(&mut cursor, 11, 100).unwrap();
    assert!(none.is_empty() && none.next_offset() == 18);
    let before = decoded.take(&mut Cursor::default(), 17, 100).unwrap();
    assert!(before.is_empty() && before.next_offset() == 18);
}

#[test]
fn a_span_ends_before_a_damaged_record_and_the_next_one_reports_it() {
    let mut records = record(6, &[0, 3, -1, -1, 0]);
    records.extend(record(6, &[0, 4, -1, -1, 0]));
    records.extend(record(99, &[]));
    let decoded = with_records(records, 3)
        .decode(DecodeLimits::default())
        .unwrap();
    let mut cursor = Cursor::default();
    let good = decoded.take(&mut cursor, 4, 100).unwrap();
    assert_eq!((good.len(), good.next_offset()), (1, 5));
    for _ in 0..2 {
        let error = decoded.take(&mut cursor, 5, 100).unwrap_err();
        assert_eq!(error.offset(), 5);
    }
}

#[test]
fn case_87_any_flipped_bit_under_the_crc_is_found_and_named() {
    let bytes = bytes_of(&varied()[..4], Compression::None);
    for bit in (21 * 8)..(bytes.len() * 8) {
        let mut damaged = BytesMut::from(&bytes[..]);
        damaged[bit / 8] ^= 1 << (bit % 8);
        match Batches::new(damaged.freeze()).next().unwrap() {
            Ok(batch) => {
                let error = batch.verify_crc().unwrap_err();
                assert!(matches!(error, RecordError::Crc { offset: 0, .. }));
            }
            Err(error) => assert!(matches!(error, RecordError::BadHeader { .. })),
        }
    }
}

#[test]
fn case_88_a_compacted_batch_still_tells_where_it_ends() {
    // The cleaner removes records and keeps the header's range; first the last two are gone,
    // then all.
    let full = only_batch(bytes_of(&varied(), Compression::None));
    let kept = bytes_of(&varied()[..3], Compression::None);
    let mut header = only_batch(kept.clone()).header().clone();
    header.base_offset = 100;
    header.last_offset_delta = full.header().last_offset_delta;
    let tail_gone = Batch::from_parts(header.clone(), kept.slice(HEADER_LEN..));
    let back = only_batch(tail_gone.to_chunks().into_bytes());
    let offsets: Vec<_> = read(&back)
        .unwrap()
        .iter()
        .map(|(offset, _)| *offset)
        .collect();
    assert_eq!((offsets, back.last_offset()), (vec![100, 101, 102], 104));

    header.record_count = 0;
    header.batch_length = 49;
    header.attributes = header.attributes.with_codec(Codec::Gzip);
    let empty = only_batch(
        Batch::from_parts(header, Bytes::new())
            .to_chunks()
            .into_bytes(),
    );
    assert_eq!((read(&empty).unwrap(), empty.last_offset()), (vec![], 104));
}

#[test]
fn case_89_control_records_are_told_from_others_whatever_their_kind() {
    let kinds = [
        ControlKind::Abort,
        ControlKind::Commit,
        ControlKind::Unknown(7),
    ];
    for kind in kinds {
        let batch = control_batch(kind, ProducerId(1), ProducerEpoch(2), 3, 1000);
        let batch = only_batch(
            batch
                .appended(50, LeaderEpoch(0), None)
                .to_chunks()
                .into_bytes(),
        );
        batch.verify_crc().unwrap();
        assert!(batch.header().attributes.is_control());
        assert_eq!(batch.last_offset(), 50);
        let decoded = batch.decode(DecodeLimits::default()).unwrap();
        let record = decoded.records().next().unwrap().unwrap();
        assert_eq!(ControlKind::of(&record), Some(kind));
    }
    let no_key = only_batch(bytes_of(&[plain(0, None, None)], Compression::None));
    let decoded = no_key.decode(DecodeLimits::default()).unwrap();
    assert_eq!(
        ControlKind::of(&decoded.records().next().unwrap().unwrap()),
        None
    );
}

#[test]
fn case_90_a_partial_last_batch_is_the_end_and_no_error() {
    let one = bytes_of(&varied()[..4], Compression::None);
    for cut in 0..one.len() {
        let bytes = [&one[..], &one[..cut]].concat();
        let mut batches = Batches::new(bytes.into());
        batches.next().unwrap().unwrap().verify_crc().unwrap();
        assert!(batches.next().is_none(), "{cut}");
        assert_eq!(batches.is_partial(), cut > 0);
        if cut >= 12 {
            assert_eq!(batches.partial_size(), Some(one.len()));
        }
    }
}

#[test]
fn old_formats_are_named_with_their_offset() {
    for magic in [0, 1, 3] {
        let mut old = BytesMut::from(&bytes_of(&varied(), Compression::None)[..]);
        old[..8].copy_from_slice(&42_i64.to_be_bytes());
        old[16] = magic;
        // Old messages are shorter than a batch header.
        let mut batches = Batches::new(old.split_to(30).freeze());
        let error = batches.next().unwrap().unwrap_err();
        assert!(batches.next().is_none());
        assert_eq!(error.offset(), 42);
        assert_eq!(matches!(error, RecordError::OldMagic { .. }), magic < 2);
    }
}

#[test]
fn an_unknown_codec_is_named() {
    let mut batch = only_batch(bytes_of(&varied(), Compression::None));
    batch.header.attributes = Attributes(5);
    let error = batch.decode(DecodeLimits::default()).unwrap_err();
    assert_eq!(error, RecordError::UnknownCodec { offset: 0, id: 5 });
}

/// A batch with these bytes as its records.
fn with_records(records: Vec<u8>, count: i32) -> Batch {
    let header = BatchHeader {
        record_count: count,
        last_offset_delta: 9,
        batch_length: 49 + i32::try_from(records.len()).unwrap(),
        ..BatchHeader::default()
    };
    Batch::from_parts(header, records.into())
}

/// A record's bytes: its length (or a lie), then varints and raw bytes as given.
fn record(len: i64, fields: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_varlong(len, |byte| bytes.push(byte));
    bytes.push(0);
    fields
        .iter()
        .for_each(|field| write_varlong(*field, |byte| bytes.push(byte)));
    bytes
}

#[test]
fn case_95_lengths_and_counts_that_lie_are_typed_errors() {
    // Fields: timestamp delta, offset delta, key length, value length, header count, ...
    let huge = i64::from(i32::MAX);
    let lies = [
        (
            record(6, &[0, 0, -1, -1, 0]),
            2,
            "its length is not a number",
        ),
        (
            record(6, &[0, 0, -1, -1, 0]),
            i32::MAX,
            "its length is not a number",
        ),
        (
            record(6, &[0, 0, -1, -1, 0]),
            0,
            "bytes are left after the last record",
        ),
        (record(-1, &[0, 0, -1, -1, 0]), 1, "its length is negative"),
        (
            record(huge, &[0, 0, -1, -1, 0]),
            1,
            "its length goes beyond the batch",
        ),
        (
            record(7, &[0, 0, -1, -1, 0]),
            1,
            "its length goes beyond the batch",
        ),
        (
            record(6, &[0, 10, -1, -1, 0]),
            1,
            "its offset is outside of its batch",
        ),
        (
            record(6, &[0, -1, -1, -1, 0]),
            1,
            "its offset is outside of its batch",
        ),
        (
            record(6, &[0, 0, -2, -1, 0]),
            1,
            "its key goes beyond the record",
        ),
        (
            record(10, &[0, 0, huge, -1, 0]),
            1,
            "its key goes beyond the record",
        ),
        (
            record(6, &[0, 0, -1, 2, 0]),
            1,
            "its value goes beyond the record",
        ),
        (
            record(6, &[0, 0, -1, -1, -1]),
            1,
            "its header count is negative",
        ),
        (
            record(10, &[0, 0, -1, -1, huge]),
            1,
            "its headers do not fill it",
        ),
        (
            record(8, &[0, 0, -1, -1, 1, -1, -1]),
            1,
            "its headers do not fill it",
        ),
        (
            record(7, &[0, 0, -1, -1, 0, 0]),
            1,
            "its headers do not fill it",
        ),
        (vec![0], 1, "it is empty"),
    ];
    for (records, count, expected) in lies {
        let batch = with_records(records, count);
        let error = read(&batch).unwrap_err();
        match error {
            RecordError::BadRecord { what, .. } => assert_eq!(what, expected),
            other => panic!("{other} instead of {expected}"),
        }
    }
    let fine = with_records(record(6, &[0, 9, -1, -1, 0]), 1);
    assert_eq!(read(&fine).unwrap()[0].0, 9);
}

#[test]
fn case_95_batch_lengths_that_lie_end_in_an_error_or_as_partial() {
    for length in [i32::MIN, -1, 0, 48] {
        let mut bytes = BytesMut::from(&bytes_of(&varied(), Compression::None)[..]);
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        let error = Batches::new(bytes.freeze()).next().unwrap().unwrap_err();
        assert!(matches!(error, RecordError::BadHeader { .. }), "{length}");
    }
    let mut bytes = BytesMut::from(&bytes_of(&varied(), Compression::None)[..]);
    bytes[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
    let mut batches = Batches::new(bytes.freeze());
    assert!(batches.next().is_none() && batches.is_partial());
}

#[test]
fn case_95_a_bad_record_is_named_by_the_first_offset_it_can_have() {
    let mut records = record(6, &[0, 4, -1, -1, 0]);
    records.extend(record(99, &[]));
    let batch = with_records(records, 2).appended(1000, LeaderEpoch(0), None);
    let decoded = batch.decode(DecodeLimits::default()).unwrap();
    let mut records = decoded.records();
    assert_eq!(records.next().unwrap().unwrap().offset(), 1004);
    assert_eq!(records.next().unwrap().unwrap_err().offset(), 1005);
    assert!(records.next().is_none());
}

#[test]
fn case_95_random_damage_neither_panics_nor_takes_memory_beyond_the_limit() {
    let mut records = varied();
    records.extend(vec![plain(7, Some(b"key"), Some(&[b'x'; 500])); 5]);
    let limits = DecodeLimits {
        max_decompressed: 1 << 20,
    };
    let mut dice = Dice(95);
    let mut survived = 0;
    for compression in all_compressions() {
        let bytes = bytes_of(&records, compression);
        for _ in 0..1500 {
            let mut damaged = BytesMut::from(&bytes[..]);
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(bytes.len());
                damaged[at] = u8::try_from(dice.roll(256)).unwrap();
            }
            damaged.truncate(bytes.len() - dice.roll(3) * dice.roll(bytes.len() / 3));
            for batch in Batches::new(damaged.freeze()).flatten() {
                let Ok(decoded) = batch.decode(limits) else {
                    continue;
                };
                assert!(decoded.record_bytes().len() <= limits.max_decompressed.max(bytes.len()));
                for record in decoded.records().flatten() {
                    survived += 1 + record.headers().count();
                }
            }
        }
    }
    assert!(survived > 1000, "the damage must leave something to read");
}

#[test]
fn case_124_decompression_stops_at_the_limit_for_every_codec() {
    let record = plain(0, None, Some(&vec![0; 2 << 20]));
    for compression in all_compressions().filter(|c| c.codec() != Codec::None) {
        let batch = only_batch(bytes_of(slice::from_ref(&record), compression));
        assert_eq!(batch.codec().unwrap(), compression.codec());
        let exact = batch
            .decode(DecodeLimits::default())
            .unwrap()
            .record_bytes()
            .len();
        for (max_decompressed, fits) in [(exact, true), (exact - 1, false), (1000, false)] {
            let result = batch.decode(DecodeLimits { max_decompressed });
            match result {
                Ok(_) => assert!(fits, "{compression} {max_decompressed}"),
                Err(RecordError::TooLarge { limit, .. }) => {
                    assert!(!fits, "{compression} {max_decompressed}");
                    assert_eq!(limit, max_decompressed);
                }
                Err(other) => panic!("{compression} {max_decompressed}: {other}"),
            }
        }
    }
}
