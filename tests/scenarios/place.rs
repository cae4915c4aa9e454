//! Where a scenario runs: on the mock cluster in virtual time, or on a real broker.
//!
//! A place gives a client and names that nobody else uses, and does what the admin API cannot do
//! yet. Nothing else may tell the places apart.

use tidewire::mock::{KafkaRelease, MockCluster};
use tidewire::{Client, Env, NewTopic};
use tokio::runtime::Builder;

use crate::sim::{Watchdog, client, cluster, secs, within};
use crate::support::{self, Broker};

/// How a scenario's members speak to the group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    /// The classic protocol, with this list of assignors.
    Classic(&'static str),
    /// That of KIP-848, with this assignor of the broker's.
    Consumer(&'static str),
}

impl Protocol {
    pub(crate) const fn range() -> Self {
        Self::Classic("range")
    }

    pub(crate) const fn round_robin() -> Self {
        Self::Classic("roundrobin")
    }

    pub(crate) const fn sticky() -> Self {
        Self::Classic("sticky")
    }

    pub(crate) const fn cooperative() -> Self {
        Self::Classic("cooperative-sticky")
    }

    /// A list on the way to cooperative members (KIP-429), which are eager until then.
    pub(crate) const fn mixed() -> Self {
        Self::Classic("cooperative-sticky,range")
    }

    pub(crate) const fn uniform() -> Self {
        Self::Consumer("uniform")
    }

    pub(crate) const fn server_range() -> Self {
        Self::Consumer("range")
    }

    pub(crate) fn is_modern(self) -> bool {
        matches!(self, Self::Consumer(_))
    }

    /// Whether members give up all they have in each rebalance.
    pub(crate) fn is_eager(self) -> bool {
        matches!(self, Self::Classic(assignors) if assignors != "cooperative-sticky")
    }
}

enum Cluster {
    Mock(MockCluster),
    Kafka(Broker),
}

/// As the module says.
pub(crate) struct Place {
    cluster: Cluster,
    prefix: String,
}

impl Place {
    /// A client of the cluster that looks for news every second.
    pub(crate) async fn client(&self) -> Client {
        let builder = match &self.cluster {
            Cluster::Mock(cluster) => client(cluster),
            Cluster::Kafka(broker) => Client::builder().bootstrap_servers(broker.bootstrap()),
        };
        let builder = builder.property("metadata.max.age.ms", "1000");
        builder.connect().await.expect("the brokers are up")
    }

    /// The name of a topic or a group of this scenario's own.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix)
    }

    /// Makes a topic, as replicated as the cluster does it by itself.
    pub(crate) async fn create_topic(&self, client: &Client, topic: &str, partitions: i32) {
        let topic = NewTopic::new(topic).partitions(partitions);
        let created = client.admin().create_topics([topic]).await.unwrap();
        for each in created {
            each.unwrap();
        }
    }

    /// Raises a topic's number of partitions.
    pub(crate) fn add_partitions(&self, topic: &str, total: usize) {
        match &self.cluster {
            Cluster::Mock(cluster) => cluster.add_partitions(topic, total).unwrap(),
            Cluster::Kafka(broker) => {
                let total = total.to_string();
                let args = ["--alter", "--topic", topic, "--partitions", &total];
                broker.tool("topics", &args, "");
            }
        }
    }
}

/// Runs a scenario on mocks of its own, in virtual time: one of each release that speaks the
/// protocol, the last with ZooKeeper too. That is a third of the time that the mock takes here.
pub(crate) fn on_the_mock(protocol: Protocol, scenario: impl AsyncFn(&Place, Protocol)) {
    let releases: &[KafkaRelease] = match protocol {
        Protocol::Classic(_) => &[KafkaRelease::V4_3, KafkaRelease::V3_9],
        Protocol::Consumer(_) => &[KafkaRelease::V4_3],
    };
    let thread = std::thread::current();
    for release in releases {
        // Shown if it fails.
        println!("on the mock of {release:?}");
        let _watchdog = Watchdog::new(thread.name().unwrap_or_default());
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let place = Place {
                cluster: Cluster::Mock(cluster().kafka_release(*release).build()),
                prefix: "mock".to_owned(),
            };
            within(secs(600), scenario(&place, protocol)).await;
        });
    }
}

/// Runs a scenario on the real broker, if there is one that speaks the protocol.
pub(crate) fn on_kafka(protocol: Protocol, scenario: impl AsyncFnOnce(&Place, Protocol)) {
    if protocol.is_modern() && !support::is_modern() {
        return;
    }
    let Some(broker) = support::shared() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let place = Place {
            cluster: Cluster::Kafka(broker),
            prefix: format!("scenario-{:016x}", Env::system().seed()),
        };
        within(secs(300), scenario(&place, protocol)).await;
    });
}

/// A test of each scenario named, with each protocol named, in both places.
macro_rules! scenarios {
    ($($name:ident: $($protocol:ident)+;)*) => {
        $(
            mod $name {
                $(
                    mod $protocol {
                        use crate::place::{self, Protocol};

                        #[test]
                        fn on_the_mock() {
                            place::on_the_mock(Protocol::$protocol(), super::super::$name);
                        }

                        #[test]
                        fn on_kafka() {
                            place::on_kafka(Protocol::$protocol(), super::super::$name);
                        }
                    }
                )+
            }
        )*
    };
}

pub(crate) use scenarios;
