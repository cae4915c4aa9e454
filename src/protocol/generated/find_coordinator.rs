//! `FindCoordinator` (key 10): versions 1 to 6. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `FindCoordinator` (key 10), versions 1 to 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindCoordinatorRequest {
    /// Versions 1 to 3.
    pub key: String,
    pub key_type: i8,
    /// Versions 4 to 6.
    pub coordinator_keys: Vec<String>,
}

impl Request for FindCoordinatorRequest {
    const KEY: ApiKey = ApiKey::FindCoordinator;
    type Response = FindCoordinatorResponse;
}

impl Encode for FindCoordinatorRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::FindCoordinator, "FindCoordinatorRequest", version)?;
        if version <= 3 {
            w.string("FindCoordinatorRequest.key", &self.key)?;
        } else {
            w.absent("FindCoordinatorRequest.key", self.key.is_empty(), version)?;
        }
        w.i8(self.key_type);
        if version >= 4 {
            w.array(
                "FindCoordinatorRequest.coordinator_keys",
                &self.coordinator_keys,
                version,
            )?;
        } else {
            w.absent(
                "FindCoordinatorRequest.coordinator_keys",
                self.coordinator_keys.is_empty(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for FindCoordinatorRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::FindCoordinator, "FindCoordinatorRequest", version)?;
        let mut m = Self::default();
        if version <= 3 {
            m.key = r.string("FindCoordinatorRequest.key")?;
        }
        m.key_type = r.i8("FindCoordinatorRequest.key_type")?;
        if version >= 4 {
            m.coordinator_keys = r.array("FindCoordinatorRequest.coordinator_keys", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `FindCoordinator` (key 10), versions 1 to 6.
#[derive(Clone, Debug, PartialEq)]
pub struct FindCoordinatorResponse {
    pub throttle_time_ms: i32,
    /// Versions 1 to 3.
    pub error_code: i16,
    /// Versions 1 to 3.
    pub error_message: Option<String>,
    /// Versions 1 to 3.
    pub node_id: i32,
    /// Versions 1 to 3.
    pub host: String,
    /// Versions 1 to 3.
    pub port: i32,
    /// Versions 4 to 6.
    pub coordinators: Vec<Coordinator>,
}

impl Default for FindCoordinatorResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Default::default()),
            node_id: 0,
            host: String::default(),
            port: 0,
            coordinators: Vec::default(),
        }
    }
}

impl Response for FindCoordinatorResponse {
    const KEY: ApiKey = ApiKey::FindCoordinator;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for FindCoordinatorResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::FindCoordinator, "FindCoordinatorResponse", version)?;
        w.i32(self.throttle_time_ms);
        if version <= 3 {
            w.i16(self.error_code);
            w.nullable_string(
                "FindCoordinatorResponse.error_message",
                true,
                self.error_message.as_deref(),
            )?;
            w.i32(self.node_id);
            w.string("FindCoordinatorResponse.host", &self.host)?;
            w.i32(self.port);
        } else {
            w.absent(
                "FindCoordinatorResponse.error_code",
                self.error_code == 0,
                version,
            )?;
            w.absent(
                "FindCoordinatorResponse.node_id",
                self.node_id == 0,
                version,
            )?;
            w.absent(
                "FindCoordinatorResponse.host",
                self.host.is_empty(),
                version,
            )?;
            w.absent("FindCoordinatorResponse.port", self.port == 0, version)?;
        }
        if version >= 4 {
            w.array(
                "FindCoordinatorResponse.coordinators",
                &self.coordinators,
                version,
            )?;
        } else {
            w.absent(
                "FindCoordinatorResponse.coordinators",
                self.coordinators.is_empty(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for FindCoordinatorResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::FindCoordinator, "FindCoordinatorResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("FindCoordinatorResponse.throttle_time_ms")?;
        if version <= 3 {
            m.error_code = r.i16("FindCoordinatorResponse.error_code")?;
            m.error_message = r.nullable_string("FindCoordinatorResponse.error_message", true)?;
            m.node_id = r.i32("FindCoordinatorResponse.node_id")?;
            m.host = r.string("FindCoordinatorResponse.host")?;
            m.port = r.i32("FindCoordinatorResponse.port")?;
        }
        if version >= 4 {
            m.coordinators = r.array("FindCoordinatorResponse.coordinators", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`FindCoordinatorResponse::coordinators`].
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinator {
    pub key: String,
    pub node_id: i32,
    pub host: String,
    pub port: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
}

impl Default for Coordinator {
    fn default() -> Self {
        Self {
            key: String::default(),
            node_id: 0,
            host: String::default(),
            port: 0,
            error_code: 0,
            error_message: Some(Default::default()),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for Coordinator {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("Coordinator.key", &self.key)?;
        w.i32(self.node_id);
        w.string("Coordinator.host", &self.host)?;
        w.i32(self.port);
        w.i16(self.error_code);
        w.nullable_string(
            "Coordinator.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for Coordinator {
    const MIN_SIZE: usize = 14;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.key = r.string("Coordinator.key")?;
        m.node_id = r.i32("Coordinator.node_id")?;
        m.host = r.string("Coordinator.host")?;
        m.port = r.i32("Coordinator.port")?;
        m.error_code = r.i16("Coordinator.error_code")?;
        m.error_message = r.nullable_string("Coordinator.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
