//! What goes wrong in a history, and when: fault rules, and a hand that kills and moves brokers.

use std::time::Duration;

use tidewire::ErrorCode;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tokio::time::{Instant, sleep};

use crate::support::{Rng, ms, secs};

/// Codes that come before anything is done.
const REFUSALS: [ErrorCode; 8] = [
    ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode::NOT_ENOUGH_REPLICAS,
    ErrorCode::KAFKA_STORAGE_ERROR,
    ErrorCode::LEADER_NOT_AVAILABLE,
    ErrorCode::CORRUPT_MESSAGE,
    ErrorCode::REQUEST_TIMED_OUT,
    ErrorCode::UNKNOWN_TOPIC_ID,
];
/// Codes that may come although it was done.
const AMBIGUOUS: [ErrorCode; 4] = [
    ErrorCode::REQUEST_TIMED_OUT,
    ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ErrorCode::KAFKA_STORAGE_ERROR,
];
/// Codes that end a batch's story.
const PERMANENT: [ErrorCode; 4] = [
    ErrorCode::MESSAGE_TOO_LARGE,
    ErrorCode::INVALID_PRODUCER_EPOCH,
    ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
    ErrorCode::TOPIC_AUTHORIZATION_FAILED,
];
const FETCHING: [ErrorCode; 5] = [
    ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode::OFFSET_NOT_AVAILABLE,
    ErrorCode::FENCED_LEADER_EPOCH,
    ErrorCode::UNKNOWN_LEADER_EPOCH,
];
const ASKING: [ErrorCode; 3] = [
    ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ErrorCode::REQUEST_TIMED_OUT,
];

/// How long any request may be held back; past the short request time-outs of `run`.
fn delay(rng: &mut Rng) -> Duration {
    match rng.below(3) {
        0 => ms(rng.range(1, 50)),
        1 => ms(rng.range(50, 2_000)),
        _ => secs(rng.range(2, 20)),
    }
}

fn broken_line(rng: &mut Rng) -> Action {
    match rng.below(6) {
        0 => Action::Disconnect,
        1 | 2 => Action::ApplyThenDisconnect,
        3 => Action::CutAt(usize::try_from(rng.range(1, 60)).unwrap()),
        4 => Action::DropRequest,
        _ => Action::ApplyThenDrop,
    }
}

fn late(rng: &mut Rng) -> Action {
    let time = delay(rng);
    match rng.below(3) {
        0 => Action::Delay(time),
        1 => Action::ApplyThenDelay(time),
        _ => Action::Throttle(time),
    }
}

/// Adds rules for those kinds of faults that this seed has.
pub(super) fn plan(cluster: &MockCluster, rng: &mut Rng) {
    let add = |rng: &mut Rng, api: ApiKey, action: Action| {
        let mut on = Fault::on(api).every(rng.range(2, 12)).nth(rng.range(1, 8));
        if rng.one_in(3) {
            on = on.broker(i32::try_from(rng.range(1, 3)).unwrap());
        }
        cluster.faults().add(on.then(action));
    };
    for _ in 0..rng.below(3) {
        let code = *rng.pick(&REFUSALS);
        add(rng, ApiKey::Produce, Action::Error(code));
    }
    for _ in 0..rng.below(3) {
        let code = *rng.pick(&AMBIGUOUS);
        add(rng, ApiKey::Produce, Action::ApplyThenError(code));
    }
    if rng.one_in(4) {
        let code = *rng.pick(&PERMANENT);
        let rare = Fault::on(ApiKey::Produce).nth(rng.range(1, 20));
        cluster.faults().add(rare.then(Action::Error(code)));
    }
    for api in [ApiKey::Produce, ApiKey::Fetch] {
        if rng.one_in(2) {
            let action = broken_line(rng);
            add(rng, api, action);
        }
        if rng.one_in(2) {
            let action = late(rng);
            add(rng, api, action);
        }
    }
    for api in [
        ApiKey::Metadata,
        ApiKey::ListOffsets,
        ApiKey::InitProducerId,
        ApiKey::ApiVersions,
    ] {
        if rng.one_in(3) {
            let action = if rng.one_in(2) {
                broken_line(rng)
            } else {
                late(rng)
            };
            add(rng, api, action);
        }
    }
    if rng.one_in(2) {
        let code = *rng.pick(&FETCHING);
        add(rng, ApiKey::Fetch, Action::Error(code));
    }
    for api in [ApiKey::ListOffsets, ApiKey::InitProducerId] {
        if rng.one_in(3) {
            let code = *rng.pick(&ASKING);
            add(rng, api, Action::Error(code));
        }
    }
}

/// Kills, pauses and moves until the time is over; then all is well again.
pub(super) async fn hand(cluster: &MockCluster, mut rng: Rng, time: Duration) {
    let kinds: Vec<u64> = (0..6).filter(|_| rng.one_in(2)).collect();
    let until = Instant::now() + time;
    while Instant::now() < until {
        sleep(ms(rng.range(5, 4_000))).await;
        if kinds.is_empty() {
            continue;
        }
        let brokers = cluster.brokers();
        let broker = *rng.pick(&brokers);
        match *rng.pick(&kinds) {
            0 => cluster.kill_broker(broker),
            1 => cluster.pause_broker(broker),
            2 => cluster.close_connections(broker),
            3 => cluster.move_broker_address(broker).unwrap(),
            4 => cluster.forget_fetch_sessions(broker),
            _ => {
                for at in cluster.partitions() {
                    let to = *rng.pick(&brokers);
                    // It may not be in sync; then it does not lead.
                    drop(cluster.move_leader(&at.topic, at.partition, to));
                }
            }
        }
        if rng.one_in(2) {
            let back = *rng.pick(&brokers);
            cluster.start_broker(back).unwrap();
            cluster.resume_broker(back);
        }
    }
    cluster.faults().clear();
    for broker in cluster.brokers() {
        cluster.start_broker(broker).unwrap();
        cluster.resume_broker(broker);
    }
}
