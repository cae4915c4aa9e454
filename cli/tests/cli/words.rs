//! The command line itself: nothing here needs a broker.

use crate::harness::run;

#[test]
fn help_and_version_succeed() {
    let help = run(&["--help"], b"").ok();
    for word in [
        "demo",
        "produce",
        "consume",
        "topics",
        "mock",
        "perf",
        "-X <KEY=VALUE>",
    ] {
        assert!(help.text().contains(word), "{word}");
    }
    let version = run(&["--version"], b"").ok();
    assert!(version.text().starts_with("tidewire "));
}

#[test]
fn what_is_not_built_says_so_and_fails() {
    for args in [
        &["groups", "reset", "g"][..],
        &["groups", "delete", "g"],
        &["perf", "roundtrip", "--records", "5"],
        &["perf", "produce", "--topic", "t", "--report", "f.html"],
        &["topics", "add-partitions", "t", "--partitions", "3"],
        &["topics", "configs", "t"],
    ] {
        run(args, b"").fails_with(2).says(&["not built yet"]);
    }
}

#[test]
fn a_wrong_word_is_refused() {
    run(&["produse", "t"], b"")
        .fails_with(2)
        .says(&["produse", "produce"]);
    run(&["consume", "t", "-o", "soon"], b"")
        .fails_with(2)
        .says(&["beginning, end"]);
    run(
        &["consume", "t", "-o", "1", "-o", "2", "-b", "127.0.0.1:1"],
        b"",
    )
    .fails_with(2)
    .says(&["-o is given twice"]);
    run(&["consume", "t", "-f", "%q"], b"")
        .fails_with(2)
        .says(&["%t %p %o"]);
    run(&["--json", "consume", "t", "-f", "%s"], b"")
        .fails_with(2)
        .says(&["--json"]);
    run(&["produce", "t", "-K", ""], b"")
        .fails_with(2)
        .says(&["delimiter"]);
    run(&["produce", "t", "-X", "linger.ms"], b"")
        .fails_with(2)
        .says(&["KEY=VALUE"]);
}

#[test]
fn commands_with_a_cluster_of_their_own_refuse_settings() {
    for command in ["demo", "mock"] {
        for (flag, value) in [("-b", "127.0.0.1:1"), ("-X", "acks=1"), ("-F", "f")] {
            let what = format!("{command} does not take {flag}");
            for args in [[flag, value, command], [command, flag, value]] {
                run(&args, b"").fails_with(2).says(&[&what]);
            }
        }
    }
}

#[test]
fn without_a_broker_it_says_how_to_name_one() {
    for args in [
        &["produce", "t"][..],
        &["consume", "t"],
        &["topics", "list"],
        &["perf", "produce", "--topic", "t"],
        &["perf", "consume", "--topic", "t"],
    ] {
        run(args, b"")
            .fails_with(2)
            .says(&["-b", "TIDEWIRE_BOOTSTRAP"]);
    }
}

#[test]
fn a_wrong_property_is_refused_with_the_nearest_name() {
    let args = ["-b", "127.0.0.1:1", "produce", "t", "-X", "lingr.ms=5"];
    run(&args, b"x\n")
        .fails_with(2)
        .says(&["lingr.ms", "linger.ms"]);
    let args = ["-b", "127.0.0.1:1", "produce", "t", "-X", "linger.ms=soon"];
    run(&args, b"x\n")
        .fails_with(2)
        .says(&["linger.ms", "soon"]);
    let args = [
        "-b",
        "127.0.0.1:1",
        "consume",
        "t",
        "-X",
        "security.protocol=SASL_SSL",
    ];
    run(&args, b"").fails_with(2).says(&["security.protocol"]);
    run(&["-b", "host:port", "topics", "list"], b"")
        .fails_with(2)
        .says(&["host:port"]);
}

#[test]
fn a_file_of_properties_that_is_not_there_is_refused() {
    let args = ["-F", "/does/not/exist.properties", "topics", "list"];
    run(&args, b"")
        .fails_with(2)
        .says(&["/does/not/exist.properties"]);
    let args = [
        "-b",
        "127.0.0.1:1",
        "produce",
        "t",
        "--file",
        "/does/not/exist",
    ];
    run(&args, b"").fails_with(2).says(&["/does/not/exist"]);
}
