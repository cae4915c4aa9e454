//! Bytes in are bytes out.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::time::{Duration, Instant};

use tidewire::config::PartitionerKind;

use crate::harness::Mock;

/// Lines of many lengths with a key each; `\r`, empty values and bytes that are not UTF-8 in it.
fn lines(count: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for i in 0..count {
        write!(text, "key-{}:value {i} ", i % 997).unwrap();
        text.extend(std::iter::repeat_n(b"abc\r\xff\x00z"[i % 7], i % 60));
        text.push(b'\n');
    }
    text
}

fn sorted(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = text.split(|&byte| byte == b'\n').collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_hundred_thousand_keyed_lines_come_back_and_many_with_every_codec() {
    let mock = Mock::start(3);
    // The codecs are slow where they are not optimized.
    let counts = [
        ("none", 100_000),
        ("gzip", 20_000),
        ("snappy", 20_000),
        ("lz4", 20_000),
        ("zstd", 20_000),
    ];
    for (codec, count) in counts {
        let text = lines(count);
        mock.run(&["topics", "create", codec, "--partitions", "6"], b"")
            .ok();
        let produced = mock
            .run(&["produce", codec, "-K", ":", "-z", codec], &text)
            .ok();
        assert_eq!(
            produced.text(),
            format!("produced {count} records to {codec}\n")
        );
        let consumed = mock
            .run(&["consume", codec, "-e", "-f", "%k:%s\\n"], b"")
            .ok();
        assert!(
            sorted(&consumed.stdout) == sorted(&text),
            "{codec}: other bytes came back"
        );
    }
}

#[test]
fn lines_keep_their_order_within_a_partition() {
    let mock = Mock::start(1);
    let text = lines(20_000);
    mock.run(&["produce", "t", "-p", "0"], &text).ok();
    let consumed = mock.run(&["consume", "t", "-e", "-p", "0"], b"").ok();
    assert!(consumed.stdout == text);
}

#[test]
fn every_kind_of_line_comes_back_as_it_was() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
        .ok();
    let produced = mock
        .run(&["produce", "t"], b"one\r\n\n\xff\xfe\x00\nlast")
        .ok();
    assert_eq!(produced.text(), "produced 4 records to t\n");
    let consumed = mock.run(&["consume", "t", "-e"], b"").ok();
    assert_eq!(consumed.stdout, b"one\r\n\n\xff\xfe\x00\nlast\n");
}

#[test]
fn keys_headers_and_tombstones_are_told_apart() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
        .ok();
    let flags = ["produce", "t", "-K", "\\t", "-H", "a=1", "-H", "b", "-Z"];
    mock.run(&flags, b"k\tv\tw\nk\t\nno key\n\tv\n").ok();
    mock.run(&["produce", "t", "-K", "\\t"], b"k\t\n").ok();
    let format = ["consume", "t", "-e", "-f", "%t %p %o %K[%k] %S[%s] %h\\n"];
    let expected = "t 0 0 1[k] 3[v\tw] a=1,b=NULL\n\
                    t 0 1 1[k] -1[] a=1,b=NULL\n\
                    t 0 2 -1[] 6[no key] a=1,b=NULL\n\
                    t 0 3 0[] 1[v] a=1,b=NULL\n\
                    t 0 4 1[k] 0[] \n";
    assert_eq!(mock.run(&format, b"").ok().text(), expected);
    let json = mock
        .run(&["consume", "t", "-e", "-c", "2", "--json"], b"")
        .ok();
    let lines: Vec<serde_json::Value> = json
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["key"], "k");
    assert!(lines[1]["value"].is_null());
    assert_eq!(lines[1]["headers"][0]["value"], "1");
}

#[test]
fn keys_go_where_the_named_partitioner_puts_them() {
    let keys = ["", "a", "b", "c", "customer-7", "d", "e"];
    let text: String = keys.iter().map(|key| format!("{key}:{key}\n")).collect();
    for (name, kind) in [
        ("consistent", PartitionerKind::Consistent),
        ("fnv1a", PartitionerKind::Fnv1a),
        ("murmur2_random", PartitionerKind::Default),
        (
            "org.apache.kafka.clients.producer.internals.DefaultPartitioner",
            PartitionerKind::Default,
        ),
    ] {
        let mock = Mock::start(1);
        let create = ["topics", "create", "t", "--partitions", "5"];
        mock.run(&create, b"").ok();
        let produce = ["produce", "t", "-K", ":", "--partitioner", name];
        mock.run(&produce, text.as_bytes()).ok();
        let consume = ["consume", "t", "-e", "-f", "%p %k\\n"];
        let consumed = mock.run(&consume, b"").ok();
        let mut found: Vec<&str> = consumed.text().lines().collect();
        let place = |key: &&str| kind.partition_for_key(Some(key.as_bytes()), 5).unwrap();
        let line = |key: &&str| format!("{} {key}", place(key));
        let mut expected: Vec<String> = keys.iter().map(line).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{name}");
    }
    let mock = Mock::start(1);
    let flags = ["produce", "t", "--partitioner", "murmur3"];
    mock.run(&flags, b"x\n").fails_with(2).says(&[
        "partitioner=murmur3",
        "it must be default, round_robin",
        "or random",
    ]);
    assert_eq!(mock.run(&["topics", "list"], b"").ok().text(), "");
}

#[test]
fn a_start_and_a_count_choose_the_records() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
        .ok();
    let mut text = String::new();
    for i in 0..100 {
        writeln!(text, "{i}").unwrap();
    }
    mock.run(&["produce", "t"], text.as_bytes()).ok();
    for (flags, expected) in [
        (&["-c", "2"][..], "0\n1\n"),
        (&["-o", "beginning", "-c", "1"], "0\n"),
        (&["-o", "97", "-e"], "97\n98\n99\n"),
        (&["-o", "-2", "-e"], "98\n99\n"),
        (&["-o", "100", "-e"], ""),
        (&["-o", "5000", "-e"], ""),
        (&["-o", "-500", "-c", "1"], "0\n"),
        (&["-o", "end", "-e"], ""),
        (&["-o", "s@0", "-c", "1"], "0\n"),
        (&["-o", "s@99999999999999", "-e"], ""),
        (&["-o", "e@0"], ""),
        (&["-o", "98", "-o", "e@99999999999999"], "98\n99\n"),
        (&["-c", "0"], ""),
    ] {
        let args = [&["consume", "t"], flags].concat();
        assert_eq!(mock.run(&args, b"").ok().text(), expected, "{flags:?}");
    }
}

#[test]
fn a_running_consumer_sees_new_records_and_ends_on_a_signal_with_code_0() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "2"], b"")
        .ok();
    for signal in ["INT", "TERM"] {
        let mut consumer = mock.spawn(&["consume", "t", "-o", "beginning"]);
        mock.run(&["produce", "t"], b"hello\n").ok();
        let mut line = String::new();
        let stdout = consumer.child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert_eq!(line, "hello\n", "it was written without waiting for more");
        consumer.signal(signal);
        let ended = consumer.end().ok();
        assert!(ended.stderr.is_empty(), "{ended:?}");
        mock.run(&["topics", "delete", "t"], b"").ok();
        mock.run(&["topics", "create", "t", "--partitions", "2"], b"")
            .ok();
    }
}

#[test]
fn a_closed_stdout_ends_the_consumer_quietly() {
    let mock = Mock::start(1);
    mock.run(&["produce", "t"], &lines(50_000)).ok();
    let mut consumer = mock.spawn(&["consume", "t"]);
    let stdout = consumer.child.stdout.take().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(16, stdout)
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("key-"));
    let ended = consumer.end().ok();
    assert!(ended.stderr.is_empty(), "{ended:?}");
    assert!(ended.took < Duration::from_secs(20), "{ended:?}");
}

#[test]
fn a_stdout_that_closes_while_no_record_comes_ends_the_consumer_too() {
    let mock = Mock::start(1);
    mock.run(&["produce", "t"], b"one\n").ok();
    let mut consumer = mock.spawn(&["consume", "t"]);
    let mut stdout = consumer.child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 4]).unwrap();
    // It has written all there is, and waits.
    std::thread::sleep(Duration::from_millis(100));
    drop(stdout);
    let closed = Instant::now();
    assert_eq!(consumer.wait().code(), Some(0));
    assert!(closed.elapsed() < Duration::from_secs(5));
    assert_eq!(consumer.end().stderr, "");
}

#[test]
fn a_stdout_that_nobody_reads_does_not_hold_up_a_signal() {
    let mock = Mock::start(1);
    mock.run(&["produce", "t"], &lines(50_000)).ok();
    let mut consumer = mock.spawn(&["consume", "t"]);
    // More than a pipe holds is waiting to be written once the first bytes are there.
    let stdout = consumer.child.stdout.as_mut().unwrap();
    stdout.read_exact(&mut [0; 100]).unwrap();
    consumer.signal("TERM");
    let signalled = Instant::now();
    assert_eq!(consumer.wait().code(), Some(0));
    assert!(signalled.elapsed() < Duration::from_secs(5));
}

#[test]
fn files_are_read_in_order_and_json_counts() {
    let mock = Mock::start(1);
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    std::fs::write(&a, "one\ntwo").unwrap();
    std::fs::write(&b, "three\n").unwrap();
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    let args = [
        "produce", "t", "-p", "0", "--file", a, "--file", b, "--json",
    ];
    let produced = mock
        .run(&args, b"not read\n")
        .ok()
        .says(&["created topic t"]);
    let count: serde_json::Value = serde_json::from_str(produced.text().trim()).unwrap();
    assert_eq!(
        (&count["topic"], &count["records"]),
        (&"t".into(), &3.into())
    );
    assert_eq!(
        mock.run(&["consume", "t", "-e"], b"").ok().text(),
        "one\ntwo\nthree\n"
    );
    let again = mock.run(&args, b"").ok();
    assert!(!again.stderr.contains("created"), "{again:?}");
}

#[test]
fn the_environment_and_a_file_name_the_brokers_too() {
    let mock = Mock::start(1);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("client.properties");
    let text = format!(
        "# a comment\nbootstrap.servers = {}\nlinger.ms=3\n",
        mock.bootstrap
    );
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    crate::harness::run(&["-F", file, "produce", "t"], b"x\n").ok();
    crate::harness::run(&["topics", "list", "-F", file], b"").ok();
    let mut command = crate::harness::tidewire(&["consume", "t", "-e"]);
    command.env("TIDEWIRE_BOOTSTRAP", &mock.bootstrap);
    let ended = crate::harness::Running::start(command).end().ok();
    assert_eq!(ended.text(), "x\n");
}

#[test]
fn produce_tells_of_batches_that_were_sent_again() {
    let mock = Mock::start(1);
    let create = "topics create small --partitions 1 --config max.message.bytes=3000";
    mock.run(&create.split(' ').collect::<Vec<_>>(), b"").ok();
    let lines = "a line of forty bytes, over and over.....\n".repeat(500);
    let produced = mock.run(&["produce", "small"], lines.as_bytes()).ok();
    assert_eq!(produced.text(), "produced 500 records to small\n");
    produced.says(&["sent again", "split as too large"]);
    let quiet = mock.run(&["produce", "small"], b"one\n").ok();
    assert!(quiet.stderr.is_empty(), "{quiet:?}");
}
