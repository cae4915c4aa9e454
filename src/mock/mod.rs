//! A Kafka cluster in this process, for tests that need no broker and for the demo (feature
//! `mock`).
//!
//! The mock is strict where Kafka is strict: it checks the CRC and every record of a batch, the
//! sequences of idempotent producers, fetch session epochs and leader epochs, and closes the
//! connection where a broker does. And it breaks on request: a [`Fault`] picks requests by API,
//! broker, partition and count, and says what goes wrong; the verbs of [`MockCluster`] kill, pause
//! and move brokers. Nothing is random: the same calls give the same answers.
//!
//! ```
//! use tidewire::mock::{Action, Fault, MockCluster};
//! use tidewire::protocol::ApiKey;
//!
//! let cluster = MockCluster::builder().brokers(3).topic("orders", 1).build();
//! // Written, but the producer never hears of it: with idempotence it must not appear twice.
//! let lost = Fault::on(ApiKey::Produce).nth(1).then(Action::ApplyThenDisconnect);
//! let lost = cluster.faults().add(lost);
//! // .. build a client with `cluster.connector()`, send records, and then
//! assert_eq!(cluster.faults().fired(lost), 0);
//! assert!(cluster.log("orders", 0).is_empty());
//! ```
//!
//! Groups of both protocols are there, with the members, owners and offsets of each and how they
//! changed: [`MockCluster::group`], [`MockCluster::ownership_changes`], [`MockCluster::commits`].
//!
//! Inside, the brokers' state is pure: `state`, `topics` and `creation`; `log`, with `framing`,
//! `batch`, `record` and `producers`; `groups`, `sessions`, `faults`, `handlers`. It takes the time
//! with each request and knows no sockets. `server` moves the frames of one connection, `shared` is
//! what all of them share, `network` is how clients get there. The mock shares the protocol and
//! unpacking with the client, and none of its machines: a bug on both sides would be invisible.
//!
//! Not there yet: transactions, SASL and TLS, quotas.

mod batch;
mod builder;
mod cluster;
mod creation;
mod decompress;
mod faults;
mod framing;
mod group_view;
mod groups;
mod handlers;
mod inspect;
mod log;
mod network;
mod producers;
mod record;
mod server;
mod sessions;
mod shared;
mod state;
mod topics;
mod verbs;

pub use builder::{KafkaRelease, MockClusterBuilder};
pub use cluster::{Faults, MockCluster};
pub use faults::{Action, Fault, FaultId, FaultMatch, RequestSeen};
pub use group_view::{GroupMember, GroupState};
pub use groups::offsets::{CommitSeen, CommittedOffset};
pub use groups::owners::OwnershipChange;
pub use inspect::StoredRecord;
