//! Acknowledged records that are missing from the log: told by default, passed over on demand.

use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{Client, ErrorCode, WriteStatus};

use crate::support::{cluster, connect, record, secs, values, within};

/// The third batch is refused as a broker refuses it whose log has lost the first two.
async fn with_a_gap() -> (MockCluster, Client) {
    let cluster = cluster().topic("t", 1).build();
    let gap = Action::Error(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let produce = Fault::on(ApiKey::Produce);
    cluster.faults().add(produce.nth(3).then(gap));
    let client = connect(&cluster).await;
    (cluster, client)
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_reported_with_the_batch_that_meets_it() {
    let (cluster, client) = with_a_gap().await;
    let producer = client.producer().build().unwrap();
    for n in ["0", "1"] {
        within(secs(1), producer.send(record(0, n))).await.unwrap();
    }
    let sent = within(secs(1), producer.send(record(0, "2"))).await;
    let error = sent.unwrap_err();
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert!(error.message().contains("lacks records"), "{error}");
    within(secs(1), producer.send(record(0, "3")))
        .await
        .unwrap();
    assert_eq!(values(&cluster, 0), ["0", "1", "3"]);
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_passed_over_on_demand_under_a_new_epoch() {
    for by_name in [false, true] {
        let (cluster, client) = with_a_gap().await;
        let builder = client.producer();
        let builder = if by_name {
            builder.property("tidewire.continue.after.gap", "true")
        } else {
            builder.continue_after_gap(true)
        };
        let producer = builder.build().unwrap();
        for n in ["0", "1", "2", "3"] {
            within(secs(2), producer.send(record(0, n))).await.unwrap();
        }
        assert_eq!(values(&cluster, 0), ["0", "1", "2", "3"]);
        let log = cluster.log("t", 0);
        assert_eq!((log[1].producer_epoch, log[2].producer_epoch), (0, 1));
        assert_eq!(log[2].sequence, 0);
    }
}
