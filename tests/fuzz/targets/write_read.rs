//! What a program writes is what is read back: records of any shape, cut over chunks of any size,
//! with any codec.
//!
//! Input: codec, chunk size, then records: key, value and header lengths, times, their bytes.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidewire::Header;
use tidewire::config::{Codec, Compression};
use tidewire::record::{BatchBuilder, Batches, ChunkPool, DecodeLimits, Stamp};

type Pair<'a> = (&'a [u8], Option<&'a [u8]>);

struct Written<'a> {
    timestamp: i64,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    headers: Vec<Pair<'a>>,
}

/// Takes bytes off the front; empty and null once there are none.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn maybe(&mut self) -> Option<&'a [u8]> {
        match self.byte() {
            255 => None,
            len => Some(self.bytes(usize::from(len))),
        }
    }

    fn record(&mut self) -> Written<'a> {
        let mut time = [0; 8];
        let len = usize::from(self.byte() % 9);
        let given = self.bytes(len);
        time[8 - given.len()..].copy_from_slice(given);
        let (key, value) = (self.maybe(), self.maybe());
        let headers = (0..self.byte() % 4)
            .map(|_| (self.maybe().unwrap_or_default(), self.maybe()))
            .collect();
        Written {
            timestamp: i64::from_be_bytes(time),
            key,
            value,
            headers,
        }
    }
}

fn header<'a>((name, value): &Pair<'a>) -> Header<'a> {
    match value {
        Some(value) => Header::new(*name, *value),
        None => Header::null(*name),
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let codec = Codec::from_wire_id(i16::from(input.byte() % 5)).expect("one of five");
    let pool = ChunkPool::new(1 << 20, 1 + usize::from(input.byte()));
    let mut builder = BatchBuilder::new(&pool, 1 << 16);
    let mut written = Vec::new();
    while !input.0.is_empty() {
        let record = input.record();
        let headers: Vec<Header<'_>> = record.headers.iter().map(header).collect();
        if builder
            .append(record.timestamp, record.key, record.value, &headers)
            .is_err()
        {
            break;
        }
        written.push(record);
    }
    if written.is_empty() {
        return;
    }
    let mut sealed = builder
        .seal(Compression::from_codec(codec))
        .expect("it has records");
    sealed.stamp(Stamp::default());
    let bytes: Bytes = sealed.to_chunks().into_bytes();
    assert_eq!(bytes.len(), sealed.size());

    let batch = Batches::new(bytes)
        .next()
        .expect("a batch")
        .expect("a sound one");
    batch.verify_crc().expect("the right CRC");
    let decoded = batch
        .decode(DecodeLimits::default())
        .expect("our own compression");
    let mut read = decoded.records();
    for (offset, record) in (0..).zip(&written) {
        let view = read.next().expect("as many records").expect("sound ones");
        assert_eq!(
            (view.offset(), view.timestamp()),
            (offset, record.timestamp)
        );
        assert_eq!((view.key(), view.value()), (record.key, record.value));
        let headers: Vec<Pair<'_>> = view
            .headers()
            .map(|header| (header.name(), header.value()))
            .collect();
        assert_eq!(headers, record.headers);
    }
    assert!(read.next().is_none());
    drop((sealed, batch, decoded));
    assert_eq!(pool.used(), 0, "all memory is free again");
});
