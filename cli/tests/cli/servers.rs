//! `demo` and `mock`: the commands that bring their own cluster.

use std::net::TcpListener;

use crate::harness::{Running, run, tidewire};

#[test]
fn the_demo_verifies_every_record() {
    let demo = run(&["demo", "--records", "30000"], b"").ok();
    assert!(
        demo.text().ends_with("verified 30000 of 30000 records\n"),
        "{demo:?}"
    );
    let json = run(&["demo", "--records", "1000", "--json"], b"").ok();
    let report: serde_json::Value = serde_json::from_str(json.text().trim()).unwrap();
    assert_eq!(
        (&report["records"], &report["verified"]),
        (&1000.into(), &1000.into())
    );
}

#[test]
fn the_mock_has_an_address_for_each_node_and_ends_on_a_signal() {
    let mock = Running::start(tidewire(&["mock", "--nodes", "3", "--json"]));
    // Its stdin means nothing to it: only the signal ends it.
    std::thread::sleep(std::time::Duration::from_millis(300));
    mock.signal("TERM");
    let ended = mock.end().ok();
    let line: serde_json::Value = serde_json::from_str(ended.text().trim()).unwrap();
    assert_eq!(
        line["bootstrap_servers"]
            .as_str()
            .unwrap()
            .split(',')
            .count(),
        3
    );
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    run(&["mock", "--listen", &address], b"")
        .fails_with(1)
        .says(&[&address]);
}
