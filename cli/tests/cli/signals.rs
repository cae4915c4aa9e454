//! Signals that come while a member of a group starts: whatever it waits for, no ghost of it stays
//! behind, which would keep the group's partitions from others until its session ends.

use std::time::{Duration, Instant};

use tidewire::mock::{Action, Fault, MockCluster, MockClusterBuilder};
use tidewire::protocol::ApiKey;
use tokio::runtime::Runtime;

use crate::harness::{Running, tidewire};

/// Far less than anything that the commands of these tests would wait for.
const SOON: Duration = Duration::from_secs(8);
const CLASSIC: &str = "group.protocol=classic";
const CONSUMER: &str = "group.protocol=consumer";

/// A cluster in this process, served over TCP. The leader of `t` is not the coordinator of `g`.
struct Served {
    cluster: MockCluster,
    bootstrap: String,
    /// Serves for as long as it is there.
    _runtime: Runtime,
}

impl Served {
    fn start(change: impl FnOnce(MockClusterBuilder) -> MockClusterBuilder) -> Self {
        let runtime = Runtime::new().unwrap();
        let cluster = runtime.block_on(async {
            let builder = MockCluster::builder().brokers(2).topic("t", 1);
            change(builder).build()
        });
        let leader = cluster.leader("t", 0);
        let other = cluster.brokers().into_iter().find(|id| Some(*id) != leader);
        cluster.move_coordinator("g", other.unwrap());
        let bootstrap = runtime.block_on(cluster.listen("127.0.0.1:0")).unwrap();
        Self {
            cluster,
            bootstrap,
            _runtime: runtime,
        }
    }

    fn spawn(&self, args: &[&str]) -> Running {
        Running::start(tidewire(&[&["-b", &self.bootstrap], args].concat()))
    }

    fn members(&self) -> usize {
        let group = self.cluster.group("g");
        group.map_or(0, |group| group.members.len())
    }

    fn requests(&self, api: ApiKey) -> usize {
        self.cluster.requests(api)
    }

    fn wait_for(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !is_so(self) {
            assert!(since.elapsed() < SOON, "no {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends a member by a signal, which it obeys soon and with success, and is gone.
    fn leaves(&self, running: Running, signal: &str) {
        running.signal(signal);
        let since = Instant::now();
        let ended = running.end().ok();
        assert!(since.elapsed() < SOON, "{ended:?}");
        assert!(ended.stderr.is_empty(), "{ended:?}");
        assert_eq!(self.members(), 0, "a ghost stays");
    }
}

#[test]
fn a_signal_while_the_end_offsets_are_asked_for_leaves_the_group() {
    for (signal, protocol) in [("INT", CLASSIC), ("TERM", CONSUMER)] {
        let served = Served::start(|builder| builder);
        let silent = Fault::on(ApiKey::ListOffsets).then(Action::DropRequest);
        served.cluster.faults().add(silent);
        let args = ["consume", "t", "-g", "g", "-e", "-X", protocol];
        let running = served.spawn(&args);
        served.wait_for("member", |it| it.members() == 1);
        served.wait_for("look-up", |it| it.requests(ApiKey::ListOffsets) > 0);
        served.leaves(running, signal);
    }
}

#[test]
fn a_signal_while_a_join_waits_for_others_leaves_the_group() {
    for signal in ["INT", "TERM"] {
        let served = Served::start(|it| it.initial_rebalance_delay(Duration::from_secs(60)));
        let running = served.spawn(&["consume", "t", "-g", "g", "-e", "-X", CLASSIC]);
        served.wait_for("member", |it| it.members() == 1);
        served.leaves(running, signal);
    }
}

#[test]
fn a_signal_while_the_first_heartbeat_has_no_answer_leaves_the_group() {
    let served = Served::start(|builder| builder);
    let late = Action::ApplyThenDelay(Duration::from_secs(2));
    let late = Fault::on(ApiKey::ConsumerGroupHeartbeat).nth(1).then(late);
    served.cluster.faults().add(late);
    let running = served.spawn(&["consume", "t", "-g", "g", "-e", "-X", CONSUMER]);
    served.wait_for("member", |it| it.members() == 1);
    served.leaves(running, "TERM");
}

#[test]
fn a_signal_while_the_start_is_looked_up_leaves_the_group() {
    let served = Served::start(|builder| builder);
    let silent = Fault::on(ApiKey::ListOffsets).then(Action::DropRequest);
    served.cluster.faults().add(silent);
    let running = served.spawn(&["consume", "t", "-g", "g", "-o", "-1"]);
    served.wait_for("member", |it| it.members() == 1);
    served.wait_for("look-up", |it| it.requests(ApiKey::ListOffsets) > 0);
    served.leaves(running, "TERM");
}

#[test]
fn a_start_that_fails_leaves_the_group() {
    let served = Served::start(|builder| builder);
    let silent = Fault::on(ApiKey::ListOffsets).then(Action::DropRequest);
    served.cluster.faults().add(silent);
    let limit = "default.api.timeout.ms=2000";
    let running = served.spawn(&["consume", "t", "-g", "g", "-e", "-X", limit]);
    served.wait_for("member", |it| it.members() == 1);
    running.end().fails_with(1).says(&["error: "]);
    assert_eq!(served.members(), 0, "a ghost stays");
}

#[test]
fn a_signal_during_the_start_of_the_load_generator_leaves_the_group() {
    let served = Served::start(|builder| builder);
    let silent = Fault::on(ApiKey::ListOffsets).then(Action::DropRequest);
    served.cluster.faults().add(silent);
    let running = served.spawn(&["perf", "consume", "--topic", "t", "--group", "g"]);
    served.wait_for("member", |it| it.members() == 1);
    running.signal("TERM");
    running.end().fails_with(130).says(&["nothing was read"]);
    assert_eq!(served.members(), 0, "a ghost stays");
}
