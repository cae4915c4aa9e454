//! `consume -g`: members of groups, and what they commit.

use std::io::{BufRead, BufReader};

use crate::harness::{Ended, Mock};

fn written(mock: &Mock, lines: &[u8]) {
    mock.run(&["produce", "t"], lines).ok();
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_group_goes_on_where_it_left_off() {
    let mock = Mock::start(3);
    mock.run(&["topics", "create", "t", "--partitions", "3"], b"")
        .ok();
    written(&mock, b"1\n2\n3\n4\n5\n");
    let read = |args: &[&str]| {
        mock.run(&[&["consume", "t", "-g", "g"], args].concat(), b"")
            .ok()
    };
    let first = read(&["-c", "2"]);
    assert_eq!(first.text().lines().count(), 2);
    let rest = read(&["-e"]);
    let both = format!("{}{}", first.text(), rest.text());
    assert_eq!(
        sorted(&both),
        ["1", "2", "3", "4", "5"],
        "none twice, none missing"
    );
    assert_eq!(read(&["-e"]).text(), "", "all of it is committed");
    written(&mock, b"6\n");
    assert_eq!(read(&["-o", "stored", "-e"]).text(), "6\n");
}

#[test]
fn members_that_exit_at_the_end_come_and_go_beside_each_other() {
    let mock = Mock::start(3);
    for (topic, property) in [
        ("eager", "partition.assignment.strategy=range"),
        (
            "cooperative",
            "partition.assignment.strategy=cooperative-sticky",
        ),
        ("modern", "group.protocol=consumer"),
    ] {
        mock.run(&["topics", "create", topic, "--partitions", "4"], b"")
            .ok();
        let lines: String = (100..300).map(|n| format!("{n}\n")).collect();
        mock.run(&["produce", topic], lines.as_bytes()).ok();
        let args = ["consume", topic, "-g", topic, "-e", "-X", property];
        let members = [(); 3].map(|()| mock.spawn(&args));
        let read = members.map(|member| member.end().ok());
        let read: String = read.iter().map(Ended::text).collect();
        assert_eq!(sorted(&read), sorted(&lines), "{topic}");
    }
}

#[test]
fn a_group_whose_broker_assigns_is_asked_for_by_property_and_described_as_such() {
    let mock = Mock::start(3);
    mock.run(&["topics", "create", "t", "--partitions", "3"], b"")
        .ok();
    written(&mock, b"1\n2\n3\n4\n5\n");
    let args = ["consume", "t", "-g", "g", "-X", "group.protocol=consumer"];
    let read = |more: &[&str]| mock.run(&[&args[..], more].concat(), b"").ok();
    assert_eq!(sorted(read(&["-e"]).text()), ["1", "2", "3", "4", "5"]);
    assert_eq!(read(&["-e"]).text(), "", "all of it is committed");
    written(&mock, b"6\n");
    let mut running = mock.spawn(&args);
    let mut lines = BufReader::new(running.child.stdout.as_mut().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "6");
    drop(lines);
    let described = mock.run(&["groups", "describe", "g"], b"").ok();
    let head = "g: Stable, consumer group, 1 members, assignor uniform";
    assert!(described.text().starts_with(head), "{described:?}");
    running.signal("TERM");
    running.end().ok();
    let more = ["-X", "session.timeout.ms=6000"];
    mock.run(&[&args[..], &more].concat(), b"")
        .fails_with(2)
        .says(&["session.timeout.ms", "the broker sets it"]);
}

#[test]
fn where_a_new_group_starts_is_said_by_the_option() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
        .ok();
    written(&mock, b"1\n2\n3\n4\n");
    for (group, start, text) in [
        ("a", "beginning", "1\n2\n3\n4\n"),
        ("b", "end", ""),
        ("c", "2", "3\n4\n"),
        ("d", "-1", "4\n"),
        ("e", "s@0", "1\n2\n3\n4\n"),
    ] {
        let args = ["consume", "t", "-g", group, "-o", start, "-e"];
        assert_eq!(mock.run(&args, b"").ok().text(), text, "{start}");
        let again = mock.run(&args, b"").ok();
        assert_eq!(again.text(), "", "{start} again");
    }
}

#[test]
fn a_signal_commits_what_was_written_leaves_and_succeeds() {
    for signal in ["INT", "TERM"] {
        let mock = Mock::start(1);
        mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
            .ok();
        written(&mock, b"1\n2\n");
        let mut running = mock.spawn(&["consume", "t", "-g", "g"]);
        let mut lines = BufReader::new(running.child.stdout.as_mut().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "1");
        assert_eq!(lines.next().unwrap().unwrap(), "2");
        drop(lines);
        running.signal(signal);
        running.end().ok();
        // A member that had not left would keep the next one waiting for its session's end.
        let next = mock.run(&["consume", "t", "-g", "g", "-e"], b"").ok();
        assert_eq!(next.text(), "", "committed");
        assert!(next.took.as_secs() < 8, "{next:?}");
    }
}

#[test]
fn without_commits_a_group_reads_the_same_again() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
        .ok();
    written(&mock, b"1\n2\n");
    let args = [
        "consume",
        "t",
        "-g",
        "g",
        "-e",
        "-X",
        "enable.auto.commit=false",
    ];
    for _ in 0..2 {
        assert_eq!(mock.run(&args, b"").ok().text(), "1\n2\n");
    }
}

#[test]
fn a_pattern_has_no_end_to_exit_at() {
    let mock = Mock::start(1);
    for end in [&["-e"][..], &["-o", "e@1700000000000"]] {
        let args = ["consume", "^t", "-g", "g"];
        let refused = mock.run(&[&args[..], end].concat(), b"");
        refused
            .fails_with(2)
            .says(&["pattern (^t)", "name the topics"]);
    }
}

#[test]
fn partitions_by_hand_and_a_group_exclude_each_other() {
    let mock = Mock::start(1);
    let args = ["consume", "t", "-g", "g", "-p", "0"];
    mock.run(&args, b"").fails_with(2).says(&["-g and -p"]);
    let args = ["consume", "t", "-o", "stored"];
    mock.run(&args, b"").fails_with(2).says(&["-g GROUP"]);
    let args = ["consume", "nope", "-g", "g"];
    mock.run(&args, b"").fails_with(1).says(&["nope"]);
}

#[test]
fn groups_are_listed_and_described_with_what_they_committed() {
    let mock = Mock::start(3);
    mock.run(&["topics", "create", "t", "--partitions", "2"], b"")
        .ok();
    let produce = |text: &[u8]| mock.run(&["produce", "t", "-p", "1"], text).ok();
    produce(b"1\n2\n3\n4\n");
    for group in ["b", "a"] {
        mock.run(&["consume", "t", "-g", group, "-e"], b"").ok();
    }
    produce(b"5\n");
    assert_eq!(mock.run(&["groups", "list"], b"").ok().text(), "a\nb\n");
    let offsets = mock.run(&["groups", "offsets", "a", "--json"], b"").ok();
    let offsets: serde_json::Value = serde_json::from_str(offsets.text().trim()).unwrap();
    let all = offsets["offsets"].as_array().unwrap();
    let sum = |what: &str| {
        all.iter()
            .map(|each| each[what].as_i64().unwrap())
            .sum::<i64>()
    };
    assert_eq!((sum("partition"), sum("offset")), (1, 4));
    assert_eq!((sum("end"), sum("lag")), (5, 1));
    let described = mock.run(&["groups", "describe", "a"], b"").ok();
    assert!(
        described
            .text()
            .starts_with("a: Empty, classic group, 0 members"),
        "{described:?}"
    );
    let mut running = mock.spawn(&["consume", "t", "-g", "a"]);
    let mut lines = BufReader::new(running.child.stdout.as_mut().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "5");
    drop(lines);
    let described = mock.run(&["--json", "groups", "describe", "a"], b"").ok();
    let described: serde_json::Value = serde_json::from_str(described.text().trim()).unwrap();
    let members = described["groups"][0]["members"].as_array().unwrap();
    assert_eq!(
        members[0]["assignment"].as_array().unwrap().len(),
        2,
        "{described}"
    );
    running.signal("TERM");
    running.end().ok();
    for command in ["describe", "offsets"] {
        mock.run(&["groups", command, "nope"], b"")
            .fails_with(1)
            .says(&["nope"]);
    }
}

#[test]
fn what_is_committed_carries_the_leader_epoch_of_the_last_record() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
        .ok();
    written(&mock, b"1\n2\n");
    let perf = ["perf", "consume", "--topic", "t", "--group", "b"];
    for (group, args) in [("a", &["consume", "t", "-g", "a", "-e"][..]), ("b", &perf)] {
        mock.run(args, b"").ok();
        let offsets = mock.run(&["groups", "offsets", group, "--json"], b"").ok();
        let offsets: serde_json::Value = serde_json::from_str(offsets.text().trim()).unwrap();
        let one = &offsets["offsets"][0];
        assert_eq!(
            (&one["offset"], &one["leader_epoch"]),
            (&2.into(), &0.into())
        );
    }
}

#[test]
fn the_load_generator_reads_as_a_member_from_where_the_group_left_off() {
    let mock = Mock::start(3);
    mock.run(&["topics", "create", "t", "--partitions", "3"], b"")
        .ok();
    written(&mock, b"1\n2\n3\n4\n");
    let read = |more: &[&str]| {
        let args = ["perf", "consume", "--topic", "t", "--group", "g", "--json"];
        let ended = mock.run(&[&args[..], more].concat(), b"").ok();
        let line = ended.text().lines().last().unwrap().to_owned();
        serde_json::from_str::<serde_json::Value>(&line).unwrap()["records"].clone()
    };
    assert_eq!(read(&["--records", "3"]), 3);
    assert_eq!(read(&[]), 1, "what was handed out beside the three is left");
    written(&mock, b"5\n");
    assert_eq!(read(&[]), 1);
}
