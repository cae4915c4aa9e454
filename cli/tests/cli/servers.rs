//! `demo` and `mock`: the commands that bring their own cluster.

use std::io::{BufRead, BufReader};
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
    let mut mock = Running::start(tidewire(&["mock", "--nodes", "3", "--json"]));
    let mut line = String::new();
    let stdout = mock.child.stdout.as_mut().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let servers = line["bootstrap_servers"].as_str().unwrap();
    assert_eq!(servers.split(',').count(), 3);
    mock.signal("TERM");
    mock.end().ok();
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    run(&["mock", "--listen", &address], b"")
        .fails_with(1)
        .says(&[&address]);
}
