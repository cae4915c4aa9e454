//! Typed configuration under Kafka's names, and the way from a properties file to it.
//!
//! A user sets an option in one of two ways: by a typed setter of a builder, or by its Kafka name
//! as text (`linger.ms=5`), from a file, a command line or code. Both end in the same three
//! structs, [`ClientConfig`], [`ProducerConfig`] and [`ConsumerConfig`], whose `Default` is Java's
//! 4.x default except where [`reference()`] says otherwise.
//!
//! One table, `keys`, knows every property of the Java client and of librdkafka. A name is either
//! used, meaningless here (accepted, said once), another role's, not built yet (refused) or
//! unknown (refused with the nearest right name). Nothing is ever ignored in silence: a
//! `security.protocol` that is dropped without a word sends passwords in the clear.

mod client;
mod compression;
mod consumer;
mod findings;
mod host_port;
mod keys;
pub(crate) mod load;
mod producer;
mod properties;
mod set;
mod values;

pub use client::ClientConfig;
pub use compression::{Codec, Compression, GzipLevel, ZstdLevel};
pub use consumer::ConsumerConfig;
pub use findings::{Notice, NoticeKind};
pub use host_port::HostPort;
pub use keys::{Role, reference};
pub use producer::ProducerConfig;
pub(crate) use properties::millis;
pub use properties::{Origin, Properties, Property};
pub use values::{
    Acks, AssignorKind, ClientDnsLookup, GroupProtocol, IsolationLevel, MetadataRecoveryStrategy,
    OffsetReset, PartitionerKind,
};
