//! `ConsumerProtocolSubscription`: versions 0 to 3. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// `ConsumerProtocolSubscription`, versions 0 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerProtocolSubscription {
    pub topics: Vec<String>,
    pub user_data: Option<Bytes>,
    /// Versions 1 to 3.
    pub owned_partitions: Vec<TopicPartition>,
    /// Versions 2 to 3.
    pub generation_id: i32,
    /// Version 3.
    pub rack_id: Option<String>,
}

impl Default for ConsumerProtocolSubscription {
    fn default() -> Self {
        Self {
            topics: Vec::default(),
            user_data: None,
            owned_partitions: Vec::default(),
            generation_id: -1,
            rack_id: None,
        }
    }
}

impl Encode for ConsumerProtocolSubscription {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin_plain("ConsumerProtocolSubscription", (0, 3), version)?;
        w.array("ConsumerProtocolSubscription.topics", &self.topics, version)?;
        w.nullable_bytes(
            "ConsumerProtocolSubscription.user_data",
            true,
            self.user_data.as_ref(),
        )?;
        if version >= 1 {
            w.array(
                "ConsumerProtocolSubscription.owned_partitions",
                &self.owned_partitions,
                version,
            )?;
        }
        if version >= 2 {
            w.i32(self.generation_id);
        }
        if version >= 3 {
            w.nullable_string(
                "ConsumerProtocolSubscription.rack_id",
                true,
                self.rack_id.as_deref(),
            )?;
        }
        Ok(())
    }
}

impl Decode for ConsumerProtocolSubscription {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin_plain("ConsumerProtocolSubscription", (0, 3), version)?;
        let mut m = Self::default();
        m.topics = r.array("ConsumerProtocolSubscription.topics", version)?;
        m.user_data = r.nullable_bytes("ConsumerProtocolSubscription.user_data", true)?;
        if version >= 1 {
            m.owned_partitions =
                r.array("ConsumerProtocolSubscription.owned_partitions", version)?;
        }
        if version >= 2 {
            m.generation_id = r.i32("ConsumerProtocolSubscription.generation_id")?;
        }
        if version >= 3 {
            m.rack_id = r.nullable_string("ConsumerProtocolSubscription.rack_id", true)?;
        }
        Ok(m)
    }
}

/// In [`ConsumerProtocolSubscription::owned_partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition {
    pub topic: String,
    pub partitions: Vec<i32>,
}

impl Encode for TopicPartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("TopicPartition.topic", &self.topic)?;
        w.array("TopicPartition.partitions", &self.partitions, version)?;
        Ok(())
    }
}

impl Decode for TopicPartition {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic = r.string("TopicPartition.topic")?;
        m.partitions = r.array("TopicPartition.partitions", version)?;
        Ok(m)
    }
}
