//! The table against itself, and against what Java's `ConfigDef` says.

use std::collections::BTreeSet;

use super::reference::default_text;
use super::*;
use crate::config::{client, consumer, producer};

/// Defaults of Java 4.3, as its `ConfigDef`s give them; its null and empty are empty here.
const JAVA_DEFAULTS: &str = "
    acks=all allow.auto.create.topics=true auto.commit.interval.ms=5000 auto.offset.reset=latest
    batch.size=16384 bootstrap.servers= buffer.memory=33554432 check.crcs=true
    client.dns.lookup=use_all_dns_ips client.id= compression.gzip.level=-1 compression.type=none
    compression.zstd.level=3 connections.max.idle.ms=540000 default.api.timeout.ms=60000
    client.rack=
    delivery.timeout.ms=120000 enable.auto.commit=true enable.idempotence=true
    fetch.max.bytes=52428800 fetch.max.wait.ms=500 fetch.min.bytes=1 group.id=
    group.instance.id= group.protocol=classic group.remote.assignor= heartbeat.interval.ms=3000
    isolation.level=read_uncommitted linger.ms=5 max.block.ms=60000
    max.in.flight.requests.per.connection=5 max.partition.fetch.bytes=1048576
    max.poll.interval.ms=300000 max.poll.records=500 max.request.size=1048576
    metadata.max.age.ms=300000 metadata.max.idle.ms=300000
    metadata.recovery.strategy=rebootstrap
    partition.assignment.strategy=range,cooperative-sticky
    partitioner.adaptive.partitioning.enable=true partitioner.availability.timeout.ms=0
    partitioner.class=default partitioner.ignore.keys=false receive.buffer.bytes=32768
    reconnect.backoff.max.ms=1000 reconnect.backoff.ms=50 request.timeout.ms=30000
    retries=2147483647 retry.backoff.max.ms=1000 retry.backoff.ms=100 send.buffer.bytes=131072
    session.timeout.ms=45000 socket.connection.setup.timeout.max.ms=30000
    socket.connection.setup.timeout.ms=10000
";

/// Ranges of Java 4.3, of the properties for which it has one.
const JAVA_RANGES: &str = "
    auto.commit.interval.ms=0..2147483647 batch.size=0..2147483647
    buffer.memory=0..9223372036854775807 compression.zstd.level=-131072..22
    default.api.timeout.ms=0..2147483647 delivery.timeout.ms=0..2147483647
    fetch.max.bytes=0..2147483647 fetch.max.wait.ms=0..2147483647 fetch.min.bytes=0..2147483647
    linger.ms=0..9223372036854775807 max.block.ms=0..9223372036854775807
    max.in.flight.requests.per.connection=1..2147483647 max.partition.fetch.bytes=0..2147483647
    max.poll.interval.ms=1..2147483647 max.poll.records=1..2147483647
    max.request.size=0..2147483647 metadata.max.age.ms=0..9223372036854775807
    metadata.max.idle.ms=5000..9223372036854775807
    partitioner.availability.timeout.ms=0..9223372036854775807
    receive.buffer.bytes=-1..2147483647 reconnect.backoff.max.ms=0..9223372036854775807
    reconnect.backoff.ms=0..9223372036854775807 request.timeout.ms=0..2147483647
    retries=0..2147483647 retry.backoff.max.ms=0..9223372036854775807
    retry.backoff.ms=0..9223372036854775807 send.buffer.bytes=-1..2147483647
";

fn pairs(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.split_whitespace()
        .map(|pair| pair.split_once('=').unwrap())
}

fn field_of(key: &Key) -> Option<&'static str> {
    match &key.access {
        Access::None => None,
        Access::Client(typed) => Some(typed.field),
        Access::Producer(typed) => Some(typed.field),
        Access::Consumer(typed) => Some(typed.field),
    }
}

/// Sets a value on a default config and shows the field again.
fn round_trip(key: &Key, value: &str) -> Result<String, String> {
    let raw = key.read(key.name, value)?;
    match &key.access {
        Access::None => Ok(value.to_owned()),
        Access::Client(typed) => {
            let mut config = ClientConfig::default();
            (typed.set)(&mut config, raw).map(|()| (typed.show)(&config))
        }
        Access::Producer(typed) => {
            let mut config = ProducerConfig::default();
            (typed.set)(&mut config, raw).map(|()| (typed.show)(&config))
        }
        Access::Consumer(typed) => {
            let mut config = ConsumerConfig::default();
            (typed.set)(&mut config, raw).map(|()| (typed.show)(&config))
        }
    }
}

#[test]
fn no_name_and_no_field_stands_in_two_rows() {
    let (mut names, mut fields) = (BTreeSet::new(), BTreeSet::new());
    for key in all() {
        for name in std::iter::once(&key.name).chain(key.aliases) {
            assert!(names.insert(*name), "{name}");
            assert_eq!(find(name).unwrap().name, key.name);
        }
        if let Some(field) = field_of(key) {
            assert!(fields.insert((key.role.name(), field)), "{field}");
        }
    }
}

#[test]
fn defaults_are_javas_except_where_the_table_says_why_not() {
    for (name, java) in pairs(JAVA_DEFAULTS) {
        let key = find(name).unwrap();
        let ours = default_text(key).unwrap();
        match key.departure {
            None => assert_eq!(ours, java, "{name}"),
            Some((stated, _)) => {
                assert_ne!(ours, java, "{name} does not depart");
                let java = if java.is_empty() { "(empty)" } else { java };
                assert!(stated.starts_with(java), "{name}: {stated}");
            }
        }
    }
    for (name, ours) in [
        ("client.id", "tidewire"),
        ("batch.size", ""),
        ("max.poll.records", ""),
        ("send.buffer.bytes", ""),
        ("receive.buffer.bytes", ""),
        ("queued.max.messages.kbytes", "32768"),
        ("enable.auto.offset.store", "true"),
        ("receive.message.max.bytes", "100000000"),
        ("compression.level", ""),
    ] {
        assert_eq!(default_text(find(name).unwrap()).unwrap(), ours, "{name}");
    }
}

#[test]
fn every_field_has_its_java_default_checked() {
    let java: BTreeSet<&str> = pairs(JAVA_DEFAULTS).map(|(name, _)| name).collect();
    let missing: Vec<&str> = all()
        .filter(|key| field_of(key).is_some() && !java.contains(key.name))
        .map(|key| key.name)
        .collect();
    let not_javas = [
        "receive.message.max.bytes",
        "compression.level",
        "tidewire.continue.after.gap",
        "queued.max.messages.kbytes",
        "enable.partition.eof",
        "enable.auto.offset.store",
    ];
    assert_eq!(missing, not_javas);
}

#[test]
fn a_default_is_a_value_that_may_be_set() {
    for key in all() {
        if let Some(text) = default_text(key).filter(|text| !text.is_empty()) {
            let shown = round_trip(key, &text).unwrap();
            let in_bytes = text
                .parse::<i64>()
                .map(|n| (n * scale(key.name)).to_string());
            assert_eq!(shown, in_bytes.unwrap_or(text), "{}", key.name);
        }
    }
}

#[test]
fn ranges_are_javas() {
    for (name, java) in pairs(JAVA_RANGES) {
        let Kind::Number { min, max, .. } = find(name).unwrap().kind else {
            panic!("{name} is no number");
        };
        assert_eq!(format!("{min}..{max}"), java, "{name}");
    }
}

#[test]
fn numbers_are_accepted_up_to_both_ends_of_their_range_and_no_further() {
    for key in all() {
        let Kind::Number { min, max, .. } = key.kind else {
            continue;
        };
        let scale = i128::from(scale(key.name));
        let (min, max) = (i128::from(min) / scale, i128::from(max) / scale);
        for good in [min, min + 1, max - 1, max] {
            let shown = round_trip(key, &good.to_string());
            // The one hole in a range: gzip has no level 0.
            let hole = key.name == "compression.gzip.level" && good == 0;
            assert_eq!(shown.is_err(), hole, "{}={good}: {shown:?}", key.name);
        }
        for bad in [min - 1, max + 1] {
            let error = round_trip(key, &bad.to_string()).unwrap_err();
            assert!(
                error.starts_with("it must be a number"),
                "{}={bad}: {error}",
                key.name
            );
        }
    }
}

#[test]
fn numbers_that_stand_for_none_are_read_so() {
    for (name, none, some) in [
        ("connections.max.idle.ms", ["0", "-1"], "1"),
        ("send.buffer.bytes", ["0", "-1"], "1"),
        ("receive.buffer.bytes", ["0", "-1"], "65536"),
        ("compression.level", ["0", "-1"], "1"),
    ] {
        let key = find(name).unwrap();
        for none in none {
            assert_eq!(round_trip(key, none).unwrap(), "", "{name}={none}");
        }
        assert_eq!(round_trip(key, some).unwrap(), some, "{name}");
    }
}

#[test]
fn librdkafkas_minus_one_turns_the_regular_refresh_off() {
    let age = |name: &str, value: &str| {
        let all = [("bootstrap.servers", "a:1"), (name, value)]
            .into_iter()
            .collect();
        ClientConfig::from_properties(&all).map(|(config, _)| config.metadata_max_age)
    };
    let years = std::time::Duration::from_secs(10 * 365 * 24 * 3600);
    assert!(age("topic.metadata.refresh.interval.ms", "-1").unwrap() > years);
    assert!(age("topic.metadata.refresh.interval.ms", "-2").is_err());
    assert!(age("metadata.max.age.ms", "-1").is_err());
}

#[test]
fn hostile_values_are_refused_with_what_is_allowed() {
    let values = [
        "",
        " ",
        "x",
        "1.5",
        "1e3",
        "0x10",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999999999999999",
        "１２",
        "5ms",
        "null",
        "NaN",
        "\u{0}",
        "5\n6",
        "--5",
    ];
    for key in all().filter(|key| matches!(key.kind, Kind::Number { .. } | Kind::Flag)) {
        for value in values {
            let error = round_trip(key, value).unwrap_err();
            assert!(
                error.starts_with("it must be "),
                "{}={value:?}: {error}",
                key.name
            );
        }
    }
}

#[test]
fn very_long_times_can_be_added_to_any_clock() {
    let key = find("max.block.ms").unwrap();
    let shown = round_trip(key, &i64::MAX.to_string()).unwrap();
    let years = std::time::Duration::from_millis(shown.parse().unwrap()).as_secs() / 31_536_000;
    assert_eq!(years, 30);
}

#[test]
fn typed_setters_mark_the_property_of_their_field() {
    for (name, field) in [client::SETTERS, producer::SETTERS, consumer::SETTERS].concat() {
        assert_eq!(find(name).and_then(field_of), Some(field), "{name}");
    }
}

#[test]
fn kbytes_are_ranged_and_explained_in_kib() {
    let key = find("queue.buffering.max.kbytes").unwrap();
    assert_eq!(key.name, "buffer.memory");
    let read = |value| key.read("queue.buffering.max.kbytes", value);
    assert_eq!(read("32768").unwrap(), Raw::Number(33_554_432));
    let error = read("9007199254740992").unwrap_err();
    assert_eq!(
        error,
        "it must be a number of KiB from 0 to 9007199254740991"
    );
    let prefetch = find("queued.max.messages.kbytes").unwrap();
    assert_eq!(
        prefetch.allowed(prefetch.name),
        "a number of KiB from 1 to 2097151"
    );
}

#[test]
fn every_used_property_is_documented_and_fits_a_table_cell() {
    for key in all().filter(|key| field_of(key).is_some()) {
        assert!(
            key.doc.ends_with('.') && !key.doc.contains('|'),
            "{}",
            key.name
        );
    }
    let page = reference();
    let row = "| `linger.ms`, `queue.buffering.max.ms` | `linger` | `5` | a number of milliseconds";
    assert!(page.contains(row), "{page}");
    assert!(
        page.contains("| `batch.size` | `16384` | `unset` | "),
        "{page}"
    );
    assert!(
        page.contains("- `enable.metrics.push`, except `false`: "),
        "{page}"
    );
    assert!(page.contains("- `key.serializer`: "), "{page}");
    for key in all() {
        assert!(page.contains(&format!("`{}`", key.name)), "{}", key.name);
    }
}
