//! What a record costs on one core, from append to iteration, beside the floor: copying its bytes.
//!
//! `cargo bench --bench record`. Per record: 100 bytes of value, no key, no headers. Appending
//! includes taking chunks from a warm pool and giving them back, as in a producer that runs.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot set itself up has nothing to report"
)]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tidewire::config::{Codec, Compression};
use tidewire::record::{
    Batch, BatchBuilder, Batches, ChunkPool, DEFAULT_CHUNK_SIZE, DecodeLimits, Stamp,
};

const VALUE_LEN: usize = 100;

/// What a record takes in a batch: its value and about eight bytes more.
const RECORD_LEN: usize = 108;

const SIZES: [(&str, usize); 2] = [("16kB", 16 << 10), ("1MB", 1_000_000)];

fn pool() -> ChunkPool {
    ChunkPool::new(64 << 20, DEFAULT_CHUNK_SIZE)
}

/// Values that compress as usual records do: half of each is text, half differs from its peers.
fn values() -> Vec<Vec<u8>> {
    let text = b"{\"customer\":\"4711\",\"state\":\"paid\",\"total\":";
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let mut value = || {
        let rest = std::iter::from_fn(|| Some(noise()));
        text.iter().copied().chain(rest).take(VALUE_LEN).collect()
    };
    (0..256).map(|_| value()).collect()
}

fn fill(pool: &ChunkPool, size: usize, values: &[Vec<u8>]) -> BatchBuilder {
    let mut builder = BatchBuilder::new(pool, size);
    for (timestamp, value) in (1_700_000_000_000..).zip(values.iter().cycle()) {
        if builder.append(timestamp, None, Some(value), &[]).is_err() {
            break;
        }
    }
    builder
}

fn batch_of(size: usize, compression: Compression) -> Batch {
    let sealed = fill(&pool(), size, &values())
        .seal(compression)
        .expect("a batch with records");
    let bytes = sealed.to_chunks().into_bytes();
    Batches::new(bytes)
        .next()
        .expect("one batch")
        .expect("a whole one")
}

fn append(c: &mut Criterion) {
    let values = values();
    let mut group = c.benchmark_group("append 100 bytes");
    for (name, size) in SIZES {
        let pool = pool();
        let records = fill(&pool, size, &values).count();
        group.throughput(Throughput::Elements(records.try_into().unwrap_or(1)));
        group.bench_function(name, |b| b.iter(|| fill(&pool, size, black_box(&values))));

        let mut floor = vec![0_u8; size];
        group.bench_function(format!("{name}, memcpy floor"), |b| {
            b.iter(|| {
                let rooms = black_box(&mut floor).chunks_exact_mut(RECORD_LEN);
                for (room, value) in rooms.zip(values.iter().cycle()) {
                    if let Some(room) = room.get_mut(..VALUE_LEN) {
                        room.copy_from_slice(black_box(value));
                    }
                }
            });
        });
    }
    group.finish();
}

fn iterate(c: &mut Criterion) {
    let mut group = c.benchmark_group("iterate 100 bytes");
    for (name, size) in SIZES {
        let batch = batch_of(size, Compression::None);
        let count = batch.header().record_count;
        group.throughput(Throughput::Elements(count.try_into().unwrap_or(1)));
        let decoded = batch
            .decode(DecodeLimits::default())
            .expect("nothing to decompress");
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut sum = 0;
                for record in black_box(&decoded).records() {
                    let record = record.expect("a good record");
                    sum += record.offset() + record.timestamp();
                    black_box((record.key(), record.value()));
                }
                sum
            });
        });
    }
    group.finish();
}

fn seal(c: &mut Criterion) {
    let mut group = c.benchmark_group("seal");
    let values = values();
    for (name, size) in SIZES {
        group.throughput(Throughput::Bytes(size.try_into().unwrap_or(1)));
        for codec in Codec::ALL.into_iter().filter(|codec| codec.is_built_in()) {
            let pool = pool();
            let compression = Compression::from_codec(codec);
            group.bench_function(format!("{name} {codec}"), |b| {
                let open = || fill(&pool, size, &values);
                b.iter_batched(
                    open,
                    |builder| builder.seal(compression),
                    BatchSize::PerIteration,
                );
            });
        }
        let mut sealed = fill(&pool(), size, &values)
            .seal(Compression::None)
            .expect("a batch");
        group.bench_function(format!("{name} stamp"), |b| {
            b.iter(|| sealed.stamp(black_box(Stamp::default())));
        });
    }
    group.finish();
}

fn open(c: &mut Criterion) {
    let mut group = c.benchmark_group("open");
    for (name, size) in SIZES {
        group.throughput(Throughput::Bytes(size.try_into().unwrap_or(1)));
        let batch = batch_of(size, Compression::None);
        group.bench_function(format!("{name} check CRC"), |b| {
            b.iter(|| batch.verify_crc())
        });
        for codec in Codec::ALL
            .into_iter()
            .skip(1)
            .filter(|codec| codec.is_built_in())
        {
            let batch = batch_of(size, Compression::from_codec(codec));
            group.bench_function(format!("{name} {codec}"), |b| {
                b.iter(|| -> Option<Bytes> {
                    let decoded = black_box(&batch).decode(DecodeLimits::default()).ok()?;
                    Some(decoded.record_bytes().clone())
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, append, iterate, seal, open);
criterion_main!(benches);
