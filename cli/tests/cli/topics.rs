//! `topics` and `cluster` against the mock.

use crate::harness::Mock;

#[test]
fn a_topic_is_created_listed_described_and_deleted() {
    let mock = Mock::start(3);
    let create = [
        "topics",
        "create",
        "orders",
        "--partitions",
        "4",
        "--replication-factor",
        "3",
    ];
    mock.run(&create, b"").ok();
    let list = mock.run(&["topics", "list"], b"").ok();
    assert_eq!(list.text(), "orders\n");
    let describe = mock.run(&["topics", "describe", "orders"], b"").ok();
    assert!(describe.text().starts_with("orders"), "{describe:?}");
    let json = mock
        .run(&["topics", "describe", "orders", "--json"], b"")
        .ok();
    assert!(json.text().contains("\"partitions\":[{"), "{json:?}");
    assert_eq!(json.text().lines().count(), 1);
    mock.run(&["topics", "delete", "orders"], b"").ok();
    assert_eq!(mock.run(&["topics", "list"], b"").ok().text(), "");
}

#[test]
fn creating_twice_and_deleting_what_is_not_there_fail() {
    let mock = Mock::start(1);
    mock.run(&["topics", "create", "orders"], b"").ok();
    mock.run(&["topics", "create", "orders"], b"")
        .fails_with(1)
        .says(&["orders", "EXISTS"]);
    mock.run(&["topics", "delete", "nowhere"], b"")
        .fails_with(1)
        .says(&["nowhere"]);
    mock.run(&["topics", "describe", "nowhere"], b"")
        .fails_with(1)
        .says(&["nowhere"]);
    let list = mock.run(&["topics", "list"], b"").ok();
    assert_eq!(
        list.text(),
        "orders\n",
        "describing and deleting create nothing"
    );
}

#[test]
fn the_cluster_lists_its_brokers() {
    let mock = Mock::start(3);
    let text = mock.run(&["cluster", "describe"], b"").ok();
    for address in mock.bootstrap.split(',') {
        assert!(text.text().contains(address), "{text:?}");
    }
    let json = mock.run(&["--json", "cluster", "describe"], b"").ok();
    let cluster: serde_json::Value = serde_json::from_str(json.text()).unwrap();
    assert_eq!(cluster["brokers"].as_array().unwrap().len(), 3);
    assert!(cluster["controller"].is_i64());
}
