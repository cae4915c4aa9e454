//! `DescribeCluster` (key 60): versions 0 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeCluster` (key 60), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterRequest {
    pub include_cluster_authorized_operations: bool,
    /// Versions 1 to 2.
    pub endpoint_type: i8,
    /// Version 2.
    pub include_fenced_brokers: bool,
}

impl Default for DescribeClusterRequest {
    fn default() -> Self {
        Self {
            include_cluster_authorized_operations: false,
            endpoint_type: 1,
            include_fenced_brokers: false,
        }
    }
}

impl Request for DescribeClusterRequest {
    const KEY: ApiKey = ApiKey::DescribeCluster;
    type Response = DescribeClusterResponse;
}

impl Encode for DescribeClusterRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeCluster, "DescribeClusterRequest", version)?;
        w.bool(self.include_cluster_authorized_operations);
        if version >= 1 {
            w.i8(self.endpoint_type);
        } else {
            w.absent(
                "DescribeClusterRequest.endpoint_type",
                self.endpoint_type == 1,
                version,
            )?;
        }
        if version >= 2 {
            w.bool(self.include_fenced_brokers);
        } else {
            w.absent(
                "DescribeClusterRequest.include_fenced_brokers",
                !self.include_fenced_brokers,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeClusterRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeCluster, "DescribeClusterRequest", version)?;
        let mut m = Self::default();
        m.include_cluster_authorized_operations =
            r.bool("DescribeClusterRequest.include_cluster_authorized_operations")?;
        if version >= 1 {
            m.endpoint_type = r.i8("DescribeClusterRequest.endpoint_type")?;
        }
        if version >= 2 {
            m.include_fenced_brokers = r.bool("DescribeClusterRequest.include_fenced_brokers")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeCluster` (key 60), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    /// Versions 1 to 2.
    pub endpoint_type: i8,
    pub cluster_id: String,
    pub controller_id: i32,
    pub brokers: Vec<DescribeClusterBroker>,
    pub cluster_authorized_operations: i32,
}

impl Default for DescribeClusterResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            endpoint_type: 1,
            cluster_id: String::default(),
            controller_id: -1,
            brokers: Vec::default(),
            cluster_authorized_operations: i32::MIN,
        }
    }
}

impl Response for DescribeClusterResponse {
    const KEY: ApiKey = ApiKey::DescribeCluster;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeClusterResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeCluster, "DescribeClusterResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "DescribeClusterResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        if version >= 1 {
            w.i8(self.endpoint_type);
        } else {
            w.absent(
                "DescribeClusterResponse.endpoint_type",
                self.endpoint_type == 1,
                version,
            )?;
        }
        w.string("DescribeClusterResponse.cluster_id", &self.cluster_id)?;
        w.i32(self.controller_id);
        w.array("DescribeClusterResponse.brokers", &self.brokers, version)?;
        w.i32(self.cluster_authorized_operations);
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeClusterResponse {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeCluster, "DescribeClusterResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DescribeClusterResponse.throttle_time_ms")?;
        m.error_code = r.i16("DescribeClusterResponse.error_code")?;
        m.error_message = r.nullable_string("DescribeClusterResponse.error_message", true)?;
        if version >= 1 {
            m.endpoint_type = r.i8("DescribeClusterResponse.endpoint_type")?;
        }
        m.cluster_id = r.string("DescribeClusterResponse.cluster_id")?;
        m.controller_id = r.i32("DescribeClusterResponse.controller_id")?;
        m.brokers = r.array("DescribeClusterResponse.brokers", version)?;
        m.cluster_authorized_operations =
            r.i32("DescribeClusterResponse.cluster_authorized_operations")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeClusterResponse::brokers`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClusterBroker {
    pub broker_id: i32,
    pub host: String,
    pub port: i32,
    pub rack: Option<String>,
    /// Version 2.
    pub is_fenced: bool,
}

#[cfg(feature = "mock")]
impl Encode for DescribeClusterBroker {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.broker_id);
        w.string("DescribeClusterBroker.host", &self.host)?;
        w.i32(self.port);
        w.nullable_string("DescribeClusterBroker.rack", true, self.rack.as_deref())?;
        if version >= 2 {
            w.bool(self.is_fenced);
        } else {
            w.absent("DescribeClusterBroker.is_fenced", !self.is_fenced, version)?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeClusterBroker {
    const MIN_SIZE: usize = 11;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.broker_id = r.i32("DescribeClusterBroker.broker_id")?;
        m.host = r.string("DescribeClusterBroker.host")?;
        m.port = r.i32("DescribeClusterBroker.port")?;
        m.rack = r.nullable_string("DescribeClusterBroker.rack", true)?;
        if version >= 2 {
            m.is_fenced = r.bool("DescribeClusterBroker.is_fenced")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}
