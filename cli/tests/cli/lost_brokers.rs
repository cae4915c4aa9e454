//! Brokers that were found and are of no use, from the start or later: no command waits for ever,
//! and each says what it tried.

use std::io::{BufRead, BufReader, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use crate::detour::{Detour, dead_port, silent_port};
use crate::harness::{Ended, Mock, Running, run, tidewire};

/// The limit that the tests set, and what the design allows on top of it.
const LIMIT: Duration = Duration::from_millis(1000);
const GRACE: Duration = Duration::from_secs(2);
const MAX_BLOCK: [&str; 2] = ["-X", "max.block.ms=1000"];
const API_TIMEOUT: [&str; 2] = ["-X", "default.api.timeout.ms=1000"];

fn in_time(since: Instant) {
    let took = since.elapsed();
    assert!(took < LIMIT + GRACE, "it took {took:?}");
}

/// A producer that waits for more lines after one was acknowledged.
fn producer(mock: &Mock, flags: &[&str]) -> Running {
    mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
        .ok();
    let mut producer = mock.spawn(&[&["produce", "t"], flags].concat());
    write(&mut producer, b"one\n");
    assert_eq!(
        mock.run(&["consume", "t", "-c", "1"], b"").ok().text(),
        "one\n"
    );
    producer
}

fn write(running: &mut Running, bytes: &[u8]) {
    let stdin = running.child.stdin.as_mut().unwrap();
    stdin.write_all(bytes).unwrap();
}

/// Reads a line from stdout without taking more from the pipe.
fn line(running: &mut Running) -> String {
    let mut line = String::new();
    let stdout = running.child.stdout.as_mut().unwrap();
    BufReader::with_capacity(1, stdout)
        .read_line(&mut line)
        .unwrap();
    line
}

fn check_every_command(port: u16, reasons: &[&str]) {
    let mock = Mock::start(1);
    let detour = Detour::start(&mock, port);
    let advertised = format!("127.0.0.1:{port}");
    let commands: [(&[&str], [&str; 2]); 6] = [
        (&["produce", "t"], MAX_BLOCK),
        (&["perf", "produce", "--topic", "t"], MAX_BLOCK),
        (&["consume", "t", "-e"], API_TIMEOUT),
        (&["topics", "list"], API_TIMEOUT),
        (&["topics", "create", "t"], API_TIMEOUT),
        (&["cluster", "describe"], API_TIMEOUT),
    ];
    let check = |(command, limit): &(&[&str], [&str; 2])| {
        let args = [&["-b", &detour.bootstrap], *command, limit].concat();
        let started = Instant::now();
        let ended = run(&args, b"one\ntwo\n");
        in_time(started);
        ended
            .fails_with(1)
            .says(&["error: ", &advertised])
            .says(reasons);
    };
    let check = &check;
    thread::scope(|scope| {
        for command in &commands {
            scope.spawn(move || check(command));
        }
    });
}

#[test]
fn an_advertised_address_that_refuses() {
    check_every_command(dead_port(), &["refused"]);
}

#[test]
fn an_advertised_address_that_is_silent() {
    check_every_command(silent_port(), &[]);
}

#[test]
fn a_dead_advertised_address_ends_a_producer_whose_stdin_is_idle() {
    let mock = Mock::start(1);
    let port = dead_port();
    let detour = Detour::start(&mock, port);
    let args = [&["-b", &detour.bootstrap, "produce", "t"], &MAX_BLOCK[..]].concat();
    let started = Instant::now();
    let mut running = Running::start(tidewire(&args));
    assert_eq!(running.wait().code(), Some(1));
    in_time(started);
    running.end().says(&[&format!("127.0.0.1:{port}")]);
}

#[test]
fn a_cluster_that_dies_ends_the_producer_within_max_block_ms() {
    let mock = Mock::start(1);
    let address = mock.bootstrap.clone();
    let mut producer = producer(&mock, &MAX_BLOCK);
    // However long nothing was to be sent: the time runs from the first line that waits.
    thread::sleep(LIMIT + Duration::from_millis(200));
    drop(mock);
    write(&mut producer, b"two\n");
    let written = Instant::now();
    assert_eq!(producer.wait().code(), Some(1), "its stdin is still open");
    in_time(written);
    let ended = producer.end().says(&[
        "max.block.ms (1000 ms)",
        &address,
        "refused",
        "line 2 of stdin",
        "1 record failed",
    ]);
    assert_eq!(ended.text(), "produced 1 record to t\n");
}

#[test]
fn a_cluster_that_falls_silent_ends_the_producer_within_max_block_ms() {
    let mock = Mock::start(1);
    let mut producer = producer(&mock, &MAX_BLOCK);
    mock.signal("STOP");
    write(&mut producer, b"two\n");
    let written = Instant::now();
    assert_eq!(producer.wait().code(), Some(1));
    in_time(written);
    let ended =
        producer
            .end()
            .says(&["max.block.ms (1000 ms)", &mock.bootstrap, "1 record failed"]);
    assert_eq!(ended.text(), "produced 1 record to t\n");
}

/// The load generator with these flags, at full speed and at a rate, whose brokers are lost by
/// `lose`; what it must say then. Some of its records have been acknowledged.
fn lose_under_load(flags: &[&str], lose: impl Fn(Mock) -> Option<Mock>, reasons: &[&str]) {
    for speed in [&["--records", "1000000000"][..], &["--rate", "200"]] {
        let mock = Mock::start(1);
        let address = mock.bootstrap.clone();
        let args = ["perf", "produce", "--topic", "t", "--json"];
        mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
            .ok();
        let mut load = mock.spawn(&[&args[..], speed, &MAX_BLOCK, flags].concat());
        mock.run(&["consume", "t", "-c", "1"], b"").ok();
        let lost = Instant::now();
        let _mock = lose(mock);
        assert_eq!(load.wait().code(), Some(1));
        in_time(lost);
        let ended = load.end().says(&["max.block.ms (1000 ms)", &address]);
        let ended = ended.says(&["failed: ", "not sent"]).says(reasons);
        let report: serde_json::Value = serde_json::from_str(ended.text()).unwrap();
        let count = |name: &str| report[name].as_u64().unwrap();
        assert!(count("records") > 0 && count("errors") > 0, "{report}");
    }
}

fn death(mock: Mock) -> Option<Mock> {
    drop(mock);
    None
}

fn silence(mock: Mock) -> Option<Mock> {
    mock.signal("STOP");
    Some(mock)
}

#[test]
fn a_cluster_that_dies_ends_the_load_generator_within_max_block_ms() {
    lose_under_load(&[], death, &["refused"]);
}

#[test]
fn a_cluster_that_falls_silent_ends_the_load_generator_within_max_block_ms() {
    lose_under_load(&[], silence, &[]);
}

#[test]
fn records_that_run_out_of_time_do_not_keep_the_load_generator_going_without_a_cluster() {
    // Several times within max.block.ms, all that waits for the brokers fails.
    let limits = ["request.timeout.ms=300", "delivery.timeout.ms=400"];
    let flags = limits.map(|limit| ["-X", limit]).concat();
    let reason = "delivery.timeout.ms ran out";
    lose_under_load(&flags, death, &["refused", reason]);
    lose_under_load(&flags, silence, &[reason]);
}

#[test]
fn a_signal_is_heard_while_the_producer_waits_after_a_failure() {
    let mock = Mock::start(1);
    // A file that opens and cannot be read: the failure that ends the reading.
    let files = ["--file", "-", "--file", "/proc/self/mem"];
    let mut producer = producer(&mock, &files);
    mock.signal("STOP");
    write(&mut producer, b"two\n");
    drop(producer.child.stdin.take());
    thread::sleep(Duration::from_millis(300));
    producer.signal("INT");
    let signalled = Instant::now();
    assert_eq!(producer.wait().code(), Some(1), "the failure came first");
    assert!(signalled.elapsed() < Duration::from_secs(5));
    let ended = producer
        .end()
        .says(&["cannot read /proc/self/mem", "1 record failed"]);
    assert_eq!(ended.text(), "produced 1 record to t\n");
}

#[test]
fn a_dead_cluster_ends_a_consumer_that_counts() {
    let mock = Mock::start(1);
    let address = mock.bootstrap.clone();
    mock.run(&["produce", "t"], b"one\n").ok();
    let args = [&["consume", "t", "-c", "5"], &API_TIMEOUT[..]].concat();
    let mut consumer = mock.spawn(&args);
    assert_eq!(line(&mut consumer), "one\n");
    drop(mock);
    let killed = Instant::now();
    assert_eq!(consumer.wait().code(), Some(1));
    in_time(killed);
    consumer
        .end()
        .says(&["default.api.timeout.ms (1000 ms)", &address, "refused"]);
}

#[test]
fn a_dead_cluster_ends_a_consumer_that_reads_to_the_end() {
    let mock = Mock::start(1);
    let address = mock.bootstrap.clone();
    let text = [vec![b'x'; 99], vec![b'\n']].concat().repeat(50_000);
    let produced = mock.run(&["produce", "t", "-p", "0"], &text);
    assert_eq!(produced.ok().text(), "produced 50000 records to t\n");
    // It holds little, so that most is still with the broker while nobody reads its stdout.
    let little = [
        "-X",
        "queued.max.messages.kbytes=64",
        "-X",
        "fetch.max.bytes=65536",
    ];
    let args = [&["consume", "t", "-e"], &API_TIMEOUT[..], &little[..]].concat();
    let mut consumer = mock.spawn(&args);
    assert_eq!(line(&mut consumer).len(), 100);
    drop(mock);
    let ended: Ended = consumer.end().fails_with(1);
    assert!(ended.took < LIMIT + GRACE, "{ended:?}");
    assert!(ended.stdout.len() < text.len() - 100);
    assert_eq!(ended.stdout.len() % 100, 0, "only whole lines");
    ended.says(&["default.api.timeout.ms (1000 ms)", &address, "refused"]);
}

#[test]
fn a_consumer_that_counts_waits_for_records_as_long_as_the_cluster_lives() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
        .ok();
    let limit = ["-X", "default.api.timeout.ms=400"];
    let mut consumer = mock.spawn(&[&["consume", "t", "-c", "1"], &limit[..]].concat());
    thread::sleep(Duration::from_millis(1500));
    assert!(consumer.child.try_wait().unwrap().is_none());
    mock.run(&["produce", "t"], b"late\n").ok();
    assert_eq!(consumer.end().ok().text(), "late\n");
}

#[test]
fn a_slow_reader_gets_one_grace_after_a_signal() {
    let mock = Mock::start(1);
    let text = [vec![b'x'; 999], vec![b'\n']].concat().repeat(12_000);
    mock.run(&["produce", "t", "-p", "0"], &text).ok();
    let mut consumer = mock.spawn(&["consume", "t"]);
    let mut stdout = consumer.child.stdout.take().unwrap();
    // The first poll brings what has arrived, the second all that came while that was printed.
    stdout.read_exact(&mut vec![0; 1000]).unwrap();
    thread::sleep(Duration::from_millis(500));
    stdout.read_exact(&mut vec![0; 3_000_000]).unwrap();
    let reader = thread::spawn(move || {
        // Each chunk is taken well within a second, all of them are not.
        let mut chunk = vec![0; 256 * 1024];
        while stdout.read_exact(&mut chunk).is_ok() {
            thread::sleep(Duration::from_millis(400));
        }
    });
    consumer.signal("TERM");
    let signalled = Instant::now();
    assert_eq!(consumer.wait().code(), Some(0));
    assert!(signalled.elapsed() < Duration::from_secs(3));
    reader.join().unwrap();
}
