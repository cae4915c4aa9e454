//! Keys go where the Java client and librdkafka put them, and a program can do as it likes.

use std::sync::Arc;

use tidewire::config::PartitionerKind;
use tidewire::{Partitioner, Partitions, Record};

use crate::keys::{COUNT, digit, keys};

const JAVA: &str = include_str!("../vectors/partitions/java.txt");
const LIBRDKAFKA: &str = include_str!("../vectors/partitions/librdkafka.txt");

/// A recorded line: whose choices, of how many partitions, and what follows.
fn recorded(line: &'static str) -> (&'static str, u32, &'static str) {
    let mut words = line.splitn(3, ' ');
    let mut word = || words.next().expect("three words");
    (word(), word().parse().expect("a number"), word())
}

/// Where a kind puts a key, as a digit; `-` where it may be anywhere.
fn place(kind: &str, partitions: u32, key: Option<&[u8]>) -> char {
    let kind: PartitionerKind = kind.parse().expect("a partitioner");
    kind.partition_for_key(key, partitions).map_or('-', digit)
}

fn assert_same(kind: &str, partitions: u32, keys: &[Vec<u8>], theirs: &str) {
    assert_eq!((keys.len(), theirs.len()), (COUNT, COUNT), "{kind}");
    for (key, theirs) in keys.iter().zip(theirs.chars()) {
        assert_eq!(
            place(kind, partitions, Some(key)),
            theirs,
            "{kind} of {key:?}"
        );
    }
}

#[test]
fn ten_thousand_keys_go_where_java_puts_them() {
    let keys = keys();
    assert!(keys.iter().any(Vec::is_empty));
    let (kind, partitions, theirs) = recorded(JAVA.lines().next().unwrap());
    for kind in [kind, "murmur2", "murmur2_random"] {
        assert_same(kind, partitions, &keys, theirs);
    }
}

#[test]
fn ten_thousand_keys_go_where_librdkafka_puts_them() {
    let keys = keys();
    assert_eq!(LIBRDKAFKA.lines().count(), 6);
    for line in LIBRDKAFKA.lines() {
        let (kind, partitions, theirs) = recorded(line);
        let (theirs, null) = theirs.split_once(' ').unwrap();
        assert_same(kind, partitions, &keys, theirs);
        assert_eq!(
            place(kind, partitions, None).to_string(),
            null,
            "{kind} of null"
        );
    }
}

#[test]
fn turns_go_round_what_is_available_as_in_java() {
    let (kind, count, theirs) = recorded(JAVA.lines().nth(1).unwrap());
    assert_eq!(place(kind, count, Some(b"k")), '-');
    let partitions = Partitions::new(count, &[0, 1, 3, 4]);
    let turn = |number| partitions.nth_available(number).map_or('-', digit);
    let ours: String = (0..20).map(turn).collect();
    assert_eq!(ours, theirs);
}

/// Records for a customer go where the customer's number says, the rest anywhere.
#[derive(Debug)]
struct ByNumber;

impl Partitioner for ByNumber {
    fn partition(&self, record: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32> {
        let key = std::str::from_utf8(record.key_bytes()?).ok()?;
        partitions.of_hash(key.strip_prefix("customer-")?.parse().ok()?)
    }
}

#[test]
fn a_program_brings_a_partitioner_of_its_own() {
    let own: Arc<dyn Partitioner> = Arc::new(ByNumber);
    let partitions = Partitions::new(4, &[0, 1, 2]);
    let place = |key: &str| own.partition(&Record::to("orders").key(key), &partitions);
    assert_eq!(place("customer-7"), Some(3));
    assert_eq!(place("visitor"), None);
    assert_eq!(
        (partitions.count(), partitions.available()),
        (4, &[0, 1, 2][..])
    );
}
