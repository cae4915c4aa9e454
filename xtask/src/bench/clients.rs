//! The clients: the program of each, and how its own documentation says to set it for throughput.
//!
//! Settings have Java's names, librdkafka's for rdkafka. franz-go and krafka are built by calls;
//! their programs turn the names into those.

use super::Direction;
use super::workloads::{Pace, Workload};

/// What runs a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// The binary of `benches/peers` with this name, which is also the name of its feature.
    Rust(&'static str),
    /// `benches/peers/go`.
    Go,
    /// Kafka's own perf tools, from the broker's jars.
    Java,
}

/// Settings by name.
pub(super) type Pairs = &'static [(&'static str, &'static str)];

/// A client, through one of its interfaces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    pub(super) name: &'static str,
    pub(super) direction: Direction,
    pub(super) program: Program,
    /// The interface, as the program calls it.
    pub(super) api: &'static str,
    /// Without these it does not do what is measured.
    pub(super) needed: Pairs,
    /// What its documentation advises for throughput.
    pub(super) advised: Pairs,
    /// What idempotence brings by itself and the client does not do without it.
    pub(super) not_idempotent: Pairs,
}

impl Client {
    /// Whether it has a row in this workload's table. One that only asks for the sum of all
    /// outcomes, in the end, does not send one by one.
    pub(super) fn takes(&self, workload: &Workload) -> bool {
        let sums = self.api == "flush";
        self.direction == workload.direction && (workload.pace == Pace::Full || !sums)
    }
}

/// INTRODUCTION.md, "High throughput": linger of 50 ms and more; the queue's default of 100,000
/// messages is less than that time brings.
const LIBRDKAFKA: Pairs = &[
    ("linger.ms", "50"),
    ("queue.buffering.max.messages", "1000000"),
];
/// It takes the Java client's names and so its advice. (Requests of several batches of 1 MB fail in
/// its own queue, as "wire backpressure".)
const KACRAB: Pairs = &[("batch.size", "131072")];
/// Batches of 1 MB, what brokers accept; those of 16 kB make it slower.
const CONFLUENT: Pairs = &[("batch.size", "1000000")];
/// "Performance Tuning Profiles" of its configuration page.
const KRAFKA: Pairs = &[("batch.size", "1048576"), ("linger.ms", "50")];
const KRAFKA_CONSUMER: Pairs = &[
    ("fetch.max.bytes", "104857600"),
    ("max.partition.fetch.bytes", "10485760"),
    ("max.poll.records", "10000"),
];
/// Confluent's "Optimize for throughput": 100,000 to 200,000 bytes and 10 to 100 ms.
const JAVA: Pairs = &[
    ("batch.size", "200000"),
    ("linger.ms", "10"),
    ("buffer.memory", "67108864"),
];
const OWN_OFFSETS: Pairs = &[("enable.auto.commit", "false"), ("group.id", "peers")];
const EAGER_QUEUE: Pairs = &[
    ("enable.auto.commit", "false"),
    ("fetch.queue.backoff.ms", "1"),
    ("group.id", "peers"),
];

const BARE: Client = Client {
    name: "",
    direction: Direction::Produce,
    program: Program::Java,
    api: "produce",
    needed: &[],
    advised: &[],
    not_idempotent: &[],
};

/// All of them, in the order they take turns.
pub(super) fn all() -> Vec<Client> {
    let mut all = producers();
    all.extend(consumers());
    all
}

fn producers() -> Vec<Client> {
    let rust = |name, program, api, advised| Client {
        name,
        program: Program::Rust(program),
        api,
        advised,
        ..BARE
    };
    vec![
        rust("tidewire", "tidewire", "produce", &[]),
        rust("tidewire-flush", "tidewire", "flush", &[]),
        rust("rdkafka-threaded", "rdkafka", "threaded", LIBRDKAFKA),
        rust("rdkafka-future", "rdkafka", "future", LIBRDKAFKA),
        Client {
            name: "franz-go",
            program: Program::Go,
            // Without idempotence its default is one.
            not_idempotent: &[("max.in.flight.requests.per.connection", "5")],
            ..BARE
        },
        rust("kacrab", "kacrab", "produce", KACRAB),
        rust("confluent", "confluent", "produce", CONFLUENT),
        rust("krafka", "krafka", "produce", KRAFKA),
        Client {
            name: "java",
            advised: JAVA,
            ..BARE
        },
    ]
}

fn consumers() -> Vec<Client> {
    let bare = Client {
        direction: Direction::Consume,
        api: "consume",
        ..BARE
    };
    let rust = |name, program, api, needed, advised| Client {
        name,
        program: Program::Rust(program),
        api,
        needed,
        advised,
        ..bare
    };
    let none: Pairs = &[];
    vec![
        rust("tidewire", "tidewire", "consume", none, none),
        rust("tidewire-recv", "tidewire", "recv", none, none),
        rust("tidewire-stream", "tidewire", "stream", none, none),
        rust("rdkafka-base", "rdkafka", "base", OWN_OFFSETS, none),
        rust("rdkafka-base-1ms", "rdkafka", "base", EAGER_QUEUE, none),
        rust("rdkafka-stream", "rdkafka", "stream", OWN_OFFSETS, none),
        rust("rdkafka-stream-1ms", "rdkafka", "stream", EAGER_QUEUE, none),
        Client {
            name: "franz-go",
            program: Program::Go,
            ..bare
        },
        rust("kacrab", "kacrab", "consume", OWN_OFFSETS, none),
        rust(
            "confluent",
            "confluent",
            "consume",
            &[
                ("enable.auto.commit", "false"),
                ("group.id", "peers"),
                ("group.protocol", "consumer"),
            ],
            none,
        ),
        rust("krafka", "krafka", "consume", none, KRAFKA_CONSUMER),
        Client {
            name: "java",
            ..bare
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::workloads;
    use crate::run;

    #[test]
    fn every_rust_program_is_a_binary_with_a_feature_of_its_own() {
        let manifest = run::workspace().join("benches/peers/Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        for client in all() {
            if let Program::Rust(name) = client.program {
                let bin = format!("path = \"src/bin/{name}.rs\"\nrequired-features = [\"{name}\"]");
                assert!(manifest.contains(&bin), "{name}");
            }
        }
    }

    #[test]
    fn a_sum_of_outcomes_does_not_send_one_by_one() {
        let rows = |workload: &str| {
            let all_workloads = workloads::all();
            let workload = all_workloads.iter().find(|it| it.name == workload).unwrap();
            let taken = all().into_iter().filter(|client| client.takes(workload));
            taken.map(|client| client.name).collect::<Vec<_>>()
        };
        assert!(rows("a").contains(&"tidewire-flush"));
        assert!(!rows("f").contains(&"tidewire-flush") && rows("f").contains(&"tidewire"));
        assert!(!rows("consume-100").contains(&"rdkafka-future"));
    }

    #[test]
    fn both_directions_have_every_program() {
        for program in producers().iter().map(|client| client.program) {
            let consumes = |client: &Client| client.program == program;
            assert!(consumers().iter().any(consumes), "{program:?}");
        }
    }
}
