//! Batches that the Java client wrote, byte for byte; `tests/vectors/recorder` records them.

use super::*;

const RECORDED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/vectors/records/batches.txt"
);

struct Recorded<'a> {
    name: &'a str,
    /// Codec, base offset, producer id, epoch and sequence, as text.
    about: Vec<&'a str>,
    flags: &'a str,
    bytes: Bytes,
    records: Vec<(i64, Plain)>,
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.trim_matches('"');
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn nullable(text: &str) -> Option<Vec<u8>> {
    (text != "-").then(|| hex(text))
}

fn recorded_record(index: usize, fields: &[&str]) -> (i64, Plain) {
    let [offset, timestamp, key, value, headers @ ..] = fields else {
        panic!("{fields:?}");
    };
    let pattern = |j: usize| ((j / 50 + index) % 256).to_le_bytes()[0];
    let value = match *value {
        "pattern" => Some((0..5000).map(pattern).collect()),
        text => nullable(text),
    };
    let header = |text: &&str| {
        let (name, value) = text.split_once('=').unwrap();
        (hex(name), nullable(value))
    };
    let record = Plain {
        timestamp: timestamp.parse().unwrap(),
        key: nullable(key),
        value,
        headers: headers.iter().map(header).collect(),
    };
    (offset.parse().unwrap(), record)
}

fn all(text: &str) -> Vec<Recorded<'_>> {
    let mut batches: Vec<Recorded<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<_> = line.split_whitespace().collect();
        match fields[..] {
            ["batch", name, ref about @ .., flags, bytes] => batches.push(Recorded {
                name,
                about: about.to_vec(),
                flags,
                bytes: hex(bytes).into(),
                records: Vec::new(),
            }),
            ["record", ref fields @ ..] => {
                let records = &mut batches.last_mut().unwrap().records;
                records.push(recorded_record(records.len(), fields));
            }
            _ => panic!("{line}"),
        }
    }
    batches
}

#[test]
fn batches_of_the_java_client_read_as_it_wrote_them() {
    let text = std::fs::read_to_string(RECORDED).unwrap();
    let mut codecs = Vec::new();
    for recorded in all(&text) {
        let name = recorded.name;
        if recorded.flags == "old" {
            let error = Batches::new(recorded.bytes).next().unwrap().unwrap_err();
            assert_eq!(
                error,
                RecordError::OldMagic {
                    magic: 1,
                    offset: 3
                }
            );
            continue;
        }
        let batch = only_batch(recorded.bytes.clone());
        batch.verify_crc().unwrap();
        assert_eq!(batch.to_chunks().into_bytes(), recorded.bytes, "{name}");
        let codec = batch.codec().unwrap();
        let header = batch.header();
        let about = [
            codec.to_string(),
            header.base_offset.to_string(),
            header.producer_id.to_string(),
            header.producer_epoch.to_string(),
            header.base_sequence.to_string(),
        ];
        assert_eq!(about[..], recorded.about, "{name}");
        let attributes = header.attributes;
        let flag = |word| recorded.flags.split(',').any(|flag| flag == word);
        assert_eq!(attributes.is_control(), flag("control"), "{name}");
        assert_eq!(
            attributes.is_transactional(),
            flag("transactional"),
            "{name}"
        );
        let log_append = attributes.timestamp_type() == TimestampType::LogAppendTime;
        assert_eq!(log_append, flag("log-append-time"), "{name}");
        assert_eq!(
            batch.last_offset(),
            recorded.records.last().unwrap().0,
            "{name}"
        );
        if codec.is_built_in() {
            assert_eq!(read(&batch).unwrap(), recorded.records, "{name}");
            codecs.push(codec);
        }
    }
    assert!(
        Codec::ALL
            .iter()
            .all(|codec| !codec.is_built_in() || codecs.contains(codec))
    );
}

#[test]
fn our_uncompressed_batches_and_markers_are_the_java_clients_to_the_byte() {
    let text = std::fs::read_to_string(RECORDED).unwrap();
    let mut compared = 0;
    for recorded in all(&text) {
        let theirs = Batches::new(recorded.bytes.clone()).next().unwrap();
        let ours = match (recorded.name, theirs) {
            ("none" | "none-idempotent" | "none-transactional", Ok(theirs)) => {
                let records = recorded.records.into_iter().map(|(_, record)| record);
                let mut ours = sealed(&records.collect::<Vec<_>>(), Compression::None, &pool());
                ours.stamp(Stamp {
                    producer_id: theirs.header().producer_id,
                    producer_epoch: theirs.header().producer_epoch,
                    base_sequence: theirs.header().base_sequence,
                    transactional: theirs.header().attributes.is_transactional(),
                });
                let epoch = theirs.header().partition_leader_epoch;
                only_batch(ours.to_chunks().into_bytes()).appended(
                    theirs.base_offset(),
                    epoch,
                    None,
                )
            }
            ("commit" | "abort", Ok(theirs)) => {
                let header = theirs.header();
                let kind = match recorded.name {
                    "commit" => ControlKind::Commit,
                    _ => ControlKind::Abort,
                };
                let (id, epoch) = (header.producer_id, header.producer_epoch);
                // The recorder's coordinator epoch is 8.
                control_batch(kind, id, epoch, 8, header.base_timestamp).appended(
                    theirs.base_offset(),
                    header.partition_leader_epoch,
                    None,
                )
            }
            _ => continue,
        };
        assert_eq!(
            ours.to_chunks().into_bytes(),
            recorded.bytes,
            "{}",
            recorded.name
        );
        compared += 1;
    }
    assert_eq!(compared, 5);
}
