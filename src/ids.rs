//! Newtypes for the ids and counters of the protocol, so that two of them can never be mixed up.
//!
//! Partition numbers and offsets stay `i32` and `i64` in the public API, as in every other client;
//! what is easily confused (broker, leader epoch, producer id and epoch, topic id) has a type.

use std::fmt;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl From<$name> for $inner {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

id! {
    /// A broker's `node.id`; the identity of a broker, whatever host and port it has today.
    BrokerId(i32)
}
id! {
    /// The epoch of a partition's leader (KIP-101, KIP-320); it only grows.
    LeaderEpoch(i32)
}
id! {
    /// The id that an idempotent producer got from the cluster (KIP-98).
    ProducerId(i64)
}
id! {
    /// The epoch of a producer id; a larger one fences every smaller one (KIP-98).
    ProducerEpoch(i16)
}
id! {
    /// Pairs a response with its request on one connection.
    CorrelationId(i32)
}

impl LeaderEpoch {
    /// "No epoch known", as it stands on the wire.
    pub const NONE: Self = Self(-1);
}

impl ProducerId {
    /// "Not an idempotent producer", as it stands on the wire.
    pub const NONE: Self = Self(-1);
}

impl ProducerEpoch {
    /// "Not an idempotent producer", as it stands on the wire.
    pub const NONE: Self = Self(-1);
}

/// A 128-bit id as Kafka writes it: 16 bytes on the wire, URL-safe base64 without padding in text.
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// The id that stands for "none".
    pub const ZERO: Self = Self([0; 16]);

    /// Whether this is the id that stands for "none".
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 16]
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bits = u128::from_be_bytes(self.0);
        // 128 bits are 21 groups of six and one of two, which base64 pads with zero bits.
        for group in 0..22_u32 {
            let six = if group < 21 {
                bits >> (122 - 6 * group)
            } else {
                bits << 4
            } & 0x3f;
            let letter = usize::try_from(six)
                .ok()
                .and_then(|i| ALPHABET.get(i))
                .unwrap_or(&b'A');
            write!(f, "{}", char::from(*letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A topic's id (KIP-516): a topic that is deleted and created again under its name has a new one.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TopicId(pub Uuid);

impl TopicId {
    /// "No id known": brokers before 2.8 have none.
    pub const ZERO: Self = Self(Uuid::ZERO);

    /// Whether no id is known.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One partition of one topic.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self {
            topic: topic.into(),
            partition,
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_prints_as_kafka_prints_it() {
        // The metadata topic's id, as `kafka-storage` and `kafka-topics` print it.
        let mut bytes = [0; 16];
        bytes[15] = 1;
        assert_eq!(Uuid(bytes).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(Uuid([0xff; 16]).to_string(), "_____________________w");
        assert!(Uuid::ZERO.is_zero());
    }

    #[test]
    fn a_topic_partition_prints_as_kafka_logs_it() {
        assert_eq!(TopicPartition::new("orders", 3).to_string(), "orders-3");
    }
}
