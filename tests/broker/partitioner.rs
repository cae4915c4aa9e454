//! Keys go where librdkafka puts them, as kcat's records tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use tidewire::config::PartitionerKind;
use tidewire::{Client, Record};

use crate::keys::{COUNT, digit, keys};
use crate::support::{self, Broker};

const PARTITIONS: u32 = 31;
/// Records without a key, so many that random partitions cannot all be the same.
const NULLS: usize = 50;

const KINDS: [PartitionerKind; 6] = [
    PartitionerKind::Consistent,
    PartitionerKind::ConsistentRandom,
    PartitionerKind::Murmur2,
    PartitionerKind::Murmur2Random,
    PartitionerKind::Fnv1a,
    PartitionerKind::Fnv1aRandom,
];

/// Writes each key, then the nulls, with the record's number as value; none where there is no kcat.
fn write(broker: &Broker, topic: &str, kind: PartitionerKind, keys: &[Vec<u8>]) -> Option<()> {
    let mut lines = Vec::new();
    for (number, key) in keys.iter().enumerate() {
        lines.extend_from_slice(key);
        lines.extend_from_slice(format!("\t{kind} {number}\n").as_bytes());
    }
    for number in COUNT..COUNT + NULLS {
        lines.extend_from_slice(format!("{kind} {number}\n").as_bytes());
    }
    let partitioner = format!("partitioner={kind}");
    let args = ["-P", "-t", topic, "-K", "\t", "-X", &partitioner];
    // A partition of its own for each record that its key does not place.
    let mut args = args.to_vec();
    args.extend(["-X", "sticky.partitioning.linger.ms=0"]);
    broker.kcat(&args, lines).map(drop)
}

/// Where the records went, by kind and number.
fn read(broker: &Broker, topic: &str) -> BTreeMap<(String, usize), i32> {
    let args = ["-C", "-q", "-e", "-o", "beginning", "-t", topic];
    let mut args = args.to_vec();
    args.extend(["-f", "%s %p\n"]);
    let read = broker.kcat(&args, "").expect("kcat is there");
    let place = |line: &str| {
        let mut words = line.split(' ');
        let kind = words.next()?.to_owned();
        let number = words.next()?.parse().ok()?;
        Some(((kind, number), words.next()?.parse().ok()?))
    };
    let place = |line| place(line).unwrap_or_else(|| panic!("{line:?}"));
    read.lines().map(place).collect()
}

#[test]
fn kcats_partitions_are_ours() {
    let Some(broker) = support::shared() else {
        return;
    };
    let keys = keys();
    let topic = broker.create_topic("partitioners", PARTITIONS);
    for kind in KINDS {
        if write(&broker, &topic, kind, &keys).is_none() {
            return;
        }
    }
    let places = read(&broker, &topic);
    let key = |number: usize| keys.get(number).map(Vec::as_slice);
    let mut recorded = String::new();
    for kind in KINDS {
        // A key whose records are in several partitions is not what places them.
        let mut of_key: BTreeMap<Option<&[u8]>, BTreeSet<i32>> = BTreeMap::new();
        for number in 0..COUNT + NULLS {
            let place = places.get(&(kind.to_string(), number));
            let place = *place.unwrap_or_else(|| panic!("{kind} {number} is lost"));
            of_key.entry(key(number)).or_default().insert(place);
        }
        for (key, places) in &of_key {
            let theirs = places.first().filter(|_| places.len() == 1).copied();
            let ours = kind.partition_for_key(*key, PARTITIONS);
            assert_eq!(ours, theirs, "{kind} of {key:?}: {places:?}");
        }
        let digit_of = |key| of_key[&key].first().filter(|_| of_key[&key].len() == 1);
        let digit_of = |key| digit_of(key).map_or('-', |place| digit(*place));
        let digits: String = (0..COUNT).map(|number| digit_of(key(number))).collect();
        let null = digit_of(None);
        writeln!(recorded, "{kind} {PARTITIONS} {digits} {null}").expect("a string takes all");
    }
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/partitions/");
        std::fs::write(format!("{folder}librdkafka.txt"), recorded).expect("a file to write");
    }
}

#[tokio::test]
async fn our_producer_puts_the_same_keys_there() {
    let Some(broker) = support::shared() else {
        return;
    };
    let topic = broker.create_topic("ours", PARTITIONS);
    let client = Client::builder().bootstrap_servers(broker.bootstrap());
    let client = client.connect().await.expect("a broker answers");
    let keys = keys();
    for kind in [PartitionerKind::Default].into_iter().chain(KINDS) {
        let producer = client.producer().property("partitioner", kind.to_string());
        let producer = producer.build().expect("a producer");
        let mut deliveries = Vec::new();
        for key in &keys {
            let record = Record::to(&topic).key(key);
            deliveries.push(producer.enqueue(record).await.expect("it is taken"));
        }
        for (key, delivery) in keys.iter().zip(deliveries) {
            let partition = delivery.await.expect("it is written").partition;
            // What does not name a partition leaves it to the sticky choice.
            if let Some(named) = kind.partition_for_key(Some(key), PARTITIONS) {
                assert_eq!(partition, named, "{kind} of {key:?}");
            }
        }
    }
}
