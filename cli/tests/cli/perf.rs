//! The load generator: what it counts is what is in the topic, and it fails when records do.

use std::time::Duration;

use serde_json::Value;

use crate::harness::{Ended, Mock, run};

/// The object that is the last line of stdout.
fn report(ended: &Ended) -> Value {
    serde_json::from_str(ended.text().lines().last().unwrap()).unwrap()
}

fn number(report: &Value, name: &str) -> f64 {
    report[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} in {report}"))
}

/// The values and keys of a topic, one record a line.
fn count(mock: &Mock, topic: &str) -> usize {
    let consumed = mock.run(&["consume", topic, "-e", "-f", "%S\\n"], b"").ok();
    consumed.text().lines().count()
}

#[test]
fn all_that_was_written_is_read_and_every_figure_is_there() {
    let mock = Mock::start(3);
    mock.run(&["topics", "create", "t", "--partitions", "6"], b"")
        .ok();
    let flags = ["--records", "20001", "--record-size", "120", "--json"];
    for extra in [
        &[][..],
        &["--producers", "3", "--keys", "50"],
        &[
            "--compression",
            "lz4",
            "-X",
            "linger.ms=0",
            "--payload",
            "random",
        ],
    ] {
        let args = [&["perf", "produce", "--topic", "t"], &flags[..], extra].concat();
        let ended = mock.run(&args, b"").ok();
        assert_eq!(ended.text().lines().count(), 1, "{ended:?}");
        let report = report(&ended);
        let size = if extra.contains(&"--keys") { 128 } else { 120 };
        assert_eq!(report["records"], 20_001, "{report}");
        assert_eq!(report["bytes"], 20_001 * size);
        assert_eq!(report["errors"], 0);
        let rate = number(&report, "records") / number(&report, "elapsed_s");
        assert!((number(&report, "records_per_s") / rate - 1.0).abs() < 0.01);
        let megabytes = number(&report, "records_per_s") * f64::from(size) / 1e6;
        assert!((number(&report, "mb_per_s") / megabytes - 1.0).abs() < 0.01);
        assert!(number(&report, "cpu_s") >= 0.0);
        assert!(number(&report, "peak_rss_bytes") > 1e6);
        let samples = number(&report, "latency_samples");
        assert!((201.0..=203.0).contains(&samples), "one in 100: {report}");
        let quantile = |name: &str| number(&report["latency_us"], name);
        assert!(quantile("p50") > 0.0 && quantile("p50") <= quantile("p90"));
        assert!(quantile("p99") <= quantile("p999") && quantile("p999") <= quantile("max"));
    }
    let ended = mock
        .run(&["--json", "perf", "consume", "--topic", "t"], b"")
        .ok();
    let report = report(&ended);
    assert_eq!(report["records"], 60_003);
    assert_eq!(report["bytes"], 20_001 * (120 + 128 + 120));
    assert_eq!(report["errors"], 0);
    assert!(number(&report, "first_record_s") > 0.0);
    assert!(number(&report, "elapsed_s") > 0.0 && number(&report, "records_per_s") > 0.0);
    assert!(number(&report, "latency_samples") >= 1.0);
}

#[test]
fn at_a_rate_every_record_after_the_warm_up_has_its_latency() {
    let mock = Mock::start(1);
    let args = [
        "perf",
        "produce",
        "--topic",
        "t",
        "--records",
        "500",
        "--rate",
        "1000",
        "--producers",
        "2",
        "--warmup",
        "50",
        "--json",
    ];
    let report = report(&mock.run(&args, b"").ok());
    assert_eq!(report["records"], 500);
    assert_eq!(report["latency_samples"], 450);
    // The last record is due after 0.499 s. A busy machine may make it later, nothing earlier.
    let elapsed = number(&report, "elapsed_s");
    assert!((0.499..20.0).contains(&elapsed), "{report}");
    assert!(number(&report["late_us"], "max") <= number(&report["latency_us"], "max"));
}

#[test]
fn several_consumers_share_what_is_to_be_read_and_report_as_one() {
    let mock = Mock::start(3);
    mock.run(&["topics", "create", "t", "--partitions", "3"], b"")
        .ok();
    let produce = ["perf", "produce", "--topic", "t", "--records", "3000"];
    mock.run(&[&produce[..], &["--keys", "100"]].concat(), b"")
        .ok();
    let args = ["perf", "consume", "--topic", "t", "--json", "--consumers"];
    let read = |more: &[&str]| report(&mock.run(&[&args[..], more].concat(), b"").ok());
    for consumers in ["1", "2", "5"] {
        let report = read(&[consumers]);
        assert_eq!(
            (&report["records"], &report["errors"]),
            (&3000.into(), &0.into())
        );
        assert!(number(&report, "elapsed_s") > 0.0 && number(&report, "first_record_s") > 0.0);
    }
    assert_eq!(read(&["2", "--records", "2000"])["records"], 2000);
    let in_group = |more: &[&str]| read(&[&["2", "--group", "g"], more].concat());
    let first = number(&in_group(&["--records", "1000"]), "records");
    let rest = number(&in_group(&[]), "records");
    assert_eq!(first, 1000.0);
    // What a member was not done with when a partition moved is read by the next again.
    assert!((2000.0..=3000.0).contains(&rest), "{rest}");
    assert_eq!(number(&in_group(&[]), "records"), 0.0);
}

#[test]
fn a_number_of_records_is_exact_and_missing_ones_are_a_failure() {
    let mock = Mock::start(1);
    let produce = ["perf", "produce", "--topic", "t", "--records", "1000"];
    let text = mock.run(&produce, b"").ok();
    assert!(text.text().starts_with("produced 1000 records"), "{text:?}");
    let consume = [
        "perf",
        "consume",
        "--topic",
        "t",
        "--timeout",
        "1",
        "--records",
    ];
    let some = mock.run(&[&consume[..], &["70"]].concat(), b"").ok();
    assert!(some.text().starts_with("consumed 70 records"), "{some:?}");
    let more = mock
        .run(&[&consume[..], &["1001", "--json"]].concat(), b"")
        .fails_with(1)
        .says(&["no record came for 1 s", "1 record missing"]);
    assert_eq!(report(&more)["records"], 1000);
}

#[test]
fn an_empty_topic_is_read_at_once() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "2"], b"")
        .ok();
    let ended = mock
        .run(&["perf", "consume", "--topic", "t", "--json"], b"")
        .ok();
    let report = report(&ended);
    assert_eq!(report["records"], 0);
    assert!(report["first_record_s"].is_null() && report["records_per_s"].is_null());
    mock.run(&["perf", "consume", "--topic", "not-there"], b"")
        .fails_with(1)
        .says(&["not-there"]);
}

#[test]
fn failed_records_are_counted_and_the_exit_code_says_so() {
    let mock = Mock::start(1);
    let args = [
        "perf",
        "produce",
        "--topic",
        "t",
        "--records",
        "10",
        "--record-size",
        "2000",
        "-X",
        "max.request.size=1500",
        "--json",
    ];
    let ended = mock.run(&args, b"").fails_with(1).says(&[
        "1 record failed",
        "max.request.size",
        "9 records not sent",
    ]);
    let report = report(&ended);
    assert_eq!(
        (&report["records"], &report["errors"]),
        (&0.into(), &1.into())
    );
    assert!(report["latency_us"]["p50"].is_null());
}

#[test]
fn brokers_that_go_away_fail_what_was_on_its_way() {
    let mock = Mock::start(1);
    mock.run(&["perf", "produce", "--topic", "t", "--records", "10"], b"")
        .ok();
    let running = mock.spawn(&[
        "perf",
        "produce",
        "--topic",
        "t",
        "--rate",
        "200",
        "--records",
        "400",
        "-X",
        "delivery.timeout.ms=900",
        "-X",
        "request.timeout.ms=300",
        "-X",
        "linger.ms=0",
        "--json",
    ]);
    std::thread::sleep(Duration::from_millis(700));
    drop(mock);
    let ended = running.end().fails_with(1).says(&["failed"]);
    let report = report(&ended);
    let (written, failed) = (number(&report, "records"), number(&report, "errors"));
    assert!(written > 0.0 && failed > 0.0, "{report}");
    assert!(written + failed <= 400.0, "{report}");
}

#[test]
fn a_signal_ends_it_with_a_report_of_what_was_written() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t", "--partitions", "1"], b"")
        .ok();
    let running = mock.spawn(&["perf", "produce", "--topic", "t", "--rate", "100", "--json"]);
    while count(&mock, "t") == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    running.signal("INT");
    let ended = running.end().fails_with(130).says(&["interrupted"]);
    assert!(ended.took < Duration::from_secs(20), "{ended:?}");
    let written = usize::try_from(report(&ended)["records"].as_u64().unwrap()).unwrap();
    assert_eq!(written, count(&mock, "t"));
}

#[test]
fn a_broker_that_is_not_there_ends_it_in_time() {
    for args in [
        ["perf", "produce", "--topic", "t", "-X", "max.block.ms=300"],
        [
            "perf",
            "consume",
            "--topic",
            "t",
            "-X",
            "default.api.timeout.ms=300",
        ],
    ] {
        let ended = run(&[&["-b", "127.0.0.1:1"], &args[..]].concat(), b"").fails_with(1);
        assert!(ended.took < Duration::from_secs(15), "{ended:?}");
    }
}

#[test]
fn a_short_max_block_ms_does_not_end_a_run_whose_records_are_acknowledged() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "t"], b"").ok();
    let args = "perf produce --topic t --records 200 --rate 200 --json -X max.block.ms=200";
    let args: Vec<&str> = args.split(' ').collect();
    let report = report(&mock.run(&args, b"").ok());
    assert_eq!(report["records"], 200, "{report}");
}

#[test]
fn records_of_batches_that_were_split_are_counted_each_for_itself() {
    let mock = Mock::start(1);
    let small = ["--config", "max.message.bytes=3000"];
    let create = ["topics", "create", "small", "--partitions", "1"];
    mock.run(&[&create[..], &small].concat(), b"").ok();
    let args = "perf produce --topic small --records 2000 --record-size 100 --json";
    let args: Vec<&str> = args.split(' ').collect();
    let report = report(&mock.run(&args, b"").ok());
    assert_eq!(report["records"], 2000, "{report}");
    assert_eq!(report["errors"], 0, "{report}");
    assert_eq!(report["latency_samples"], 20, "{report}");
    assert_eq!(count(&mock, "small"), 2000);
}
