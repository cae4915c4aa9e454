//! The witnesses agree with each other: what one tool writes, another reads.

use crate::support;

const LINES: &str = "first\nsecond\nthird\n";

#[test]
fn javas_tools_make_a_round_trip() {
    let Some(broker) = support::shared() else {
        return;
    };
    let topic = broker.create_topic("round-trip", 3);
    broker.tool("console-producer", &["--topic", &topic], LINES);
    let args = ["--topic", &topic, "--from-beginning", "--max-messages", "3"];
    let read = broker.tool("console-consumer", &args, "");
    let mut lines: Vec<&str> = read.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["first", "second", "third"]);
}

#[test]
fn kcat_reads_what_java_wrote() {
    let Some(broker) = support::shared() else {
        return;
    };
    let topic = broker.create_topic("kcat", 1);
    broker.tool("console-producer", &["--topic", &topic], LINES);
    let args = ["-C", "-q", "-e", "-o", "beginning", "-t", &topic];
    if let Some(read) = broker.kcat(&args, "") {
        assert_eq!(read, LINES);
    }
}
