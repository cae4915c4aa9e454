//! `ConsumerProtocolAssignment`: versions 0 to 3. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// `ConsumerProtocolAssignment`, versions 0 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerProtocolAssignment {
    pub assigned_partitions: Vec<TopicPartition>,
    pub user_data: Option<Bytes>,
}

impl Encode for ConsumerProtocolAssignment {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin_plain("ConsumerProtocolAssignment", (0, 3), version)?;
        w.array(
            "ConsumerProtocolAssignment.assigned_partitions",
            &self.assigned_partitions,
            version,
        )?;
        w.nullable_bytes(
            "ConsumerProtocolAssignment.user_data",
            true,
            self.user_data.as_ref(),
        )?;
        Ok(())
    }
}

impl Decode for ConsumerProtocolAssignment {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin_plain("ConsumerProtocolAssignment", (0, 3), version)?;
        let mut m = Self::default();
        m.assigned_partitions =
            r.array("ConsumerProtocolAssignment.assigned_partitions", version)?;
        m.user_data = r.nullable_bytes("ConsumerProtocolAssignment.user_data", true)?;
        Ok(m)
    }
}

/// In [`ConsumerProtocolAssignment::assigned_partitions`].
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
