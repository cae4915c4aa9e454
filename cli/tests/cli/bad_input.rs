//! Records that cannot be written and topics that are not there: honest counts, other lines live.

use std::io::Write;

use crate::harness::Mock;

#[test]
fn a_line_above_the_limit_fails_alone() {
    let mock = Mock::start(1);
    let monster = vec![b'x'; 5 * 1024 * 1024];
    let text = [b"before\n".as_slice(), &monster, b"\nafter\n"].concat();
    let produced = mock
        .run(&["produce", "t", "-p", "0"], &text)
        .fails_with(1)
        .says(&[
            "line 2 of stdin",
            "5242880 bytes",
            "max.request.size",
            "1 record failed: not written",
        ]);
    assert_eq!(produced.text(), "produced 2 records to t\n");
    assert_eq!(
        mock.run(&["consume", "t", "-e"], b"").ok().text(),
        "before\nafter\n"
    );
}

#[test]
fn a_line_just_above_the_limit_fails_alone_too() {
    let mock = Mock::start(1);
    // The line fits the request's limit, the record with what is around it does not.
    let text = [vec![b'x'; 1024 * 1024 - 1], b"\nafter\n".to_vec()].concat();
    let produced = mock.run(&["produce", "t", "-p", "0"], &text).fails_with(1);
    assert_eq!(produced.text(), "produced 1 record to t\n");
    // Both ends must allow it.
    mock.run(
        &[
            "topics",
            "create",
            "large",
            "--config",
            "max.message.bytes=2000000",
        ],
        b"",
    )
    .ok();
    let args = [
        "produce",
        "large",
        "-X",
        "max.request.size=2000000",
        "-p",
        "0",
    ];
    assert_eq!(
        mock.run(&args, &text).ok().text(),
        "produced 2 records to large\n"
    );
}

#[test]
fn a_partition_that_is_not_there_fails() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "2"], b"")
        .ok();
    let flags = [
        "-p",
        "7",
        "-X",
        "max.block.ms=1000",
        "-X",
        "default.api.timeout.ms=1000",
    ];
    let produced = mock
        .run(&[&["produce", "t"], &flags[..]].concat(), b"x\n")
        .fails_with(1)
        .says(&["topics describe t"]);
    assert_eq!(produced.text(), "produced 0 records to t\n");
    mock.run(&[&["consume", "t"], &flags[..]].concat(), b"")
        .fails_with(1)
        .says(&["7", "t"]);
}

#[test]
fn consuming_a_topic_that_is_not_there_fails_and_creates_nothing() {
    let mock = Mock::start(1);
    mock.run(&["consume", "nowhere", "-e"], b"")
        .fails_with(1)
        .says(&["error: there is no topic nowhere (", "topics list"]);
    assert_eq!(mock.run(&["topics", "list"], b"").ok().text(), "");
}

#[test]
fn nothing_on_stdin_is_nothing_to_send() {
    let mock = Mock::start(1);
    let produced = mock.run(&["produce", "t"], b"").ok();
    assert_eq!(produced.text(), "produced 0 records to t\n");
}

#[test]
fn a_stdin_that_closes_halfway_keeps_what_came() {
    let mock = Mock::start(1);
    let mut producer = mock.spawn(&["produce", "t", "-p", "0"]);
    let stdin = producer.child.stdin.as_mut().unwrap();
    stdin.write_all(b"whole\nhal").unwrap();
    let ended = producer.end().ok();
    assert_eq!(ended.text(), "produced 2 records to t\n");
    assert_eq!(
        mock.run(&["consume", "t", "-e"], b"").ok().text(),
        "whole\nhal\n"
    );
}

#[test]
fn an_interrupted_producer_tells_what_it_wrote() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
        .ok();
    let mut producer = mock.spawn(&["produce", "t"]);
    producer
        .child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(b"one\ntwo\n")
        .unwrap();
    // Its stdin stays open: only the signal can end it.
    let seen = mock.run(&["consume", "t", "-c", "2"], b"").ok();
    assert_eq!(seen.text(), "one\ntwo\n");
    producer.signal("INT");
    let status = producer.wait();
    assert_eq!(status.code(), Some(130));
    assert_eq!(producer.end().text(), "produced 2 records to t\n");
}

#[test]
fn a_cluster_that_dies_fails_what_was_not_acknowledged_and_nothing_else() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t"], b"").ok();
    let limits = [
        "max.block.ms=1500",
        "delivery.timeout.ms=1500",
        "request.timeout.ms=1000",
    ];
    let flags = limits.map(|limit| ["-X", limit]).concat();
    let mut producer = mock.spawn(&[&["produce", "t"], &flags[..]].concat());
    let stdin = producer.child.stdin.as_mut().unwrap();
    stdin.write_all(b"one\n").unwrap();
    assert_eq!(mock.run(&["consume", "t", "-c", "1"], b"").code(), Some(0));
    drop(mock);
    stdin.write_all(b"two\n").unwrap();
    let ended = producer
        .end()
        .fails_with(1)
        .says(&["line 2 of stdin", "1 record failed"]);
    assert_eq!(ended.text(), "produced 1 record to t\n");
    assert!(ended.took < std::time::Duration::from_secs(10), "{ended:?}");
}
