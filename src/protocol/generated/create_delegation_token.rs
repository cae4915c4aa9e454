//! `CreateDelegationToken` (key 38): versions 1 to 3. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `CreateDelegationToken` (key 38), versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDelegationTokenRequest {
    /// Version 3.
    pub owner_principal_type: Option<String>,
    /// Version 3.
    pub owner_principal_name: Option<String>,
    pub renewers: Vec<CreatableRenewers>,
    pub max_lifetime_ms: i64,
}

impl Default for CreateDelegationTokenRequest {
    fn default() -> Self {
        Self {
            owner_principal_type: Some(Default::default()),
            owner_principal_name: Some(Default::default()),
            renewers: Vec::default(),
            max_lifetime_ms: 0,
        }
    }
}

impl Request for CreateDelegationTokenRequest {
    const KEY: ApiKey = ApiKey::CreateDelegationToken;
    type Response = CreateDelegationTokenResponse;
}

impl Encode for CreateDelegationTokenRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::CreateDelegationToken,
            "CreateDelegationTokenRequest",
            version,
        )?;
        if version >= 3 {
            w.nullable_string(
                "CreateDelegationTokenRequest.owner_principal_type",
                true,
                self.owner_principal_type.as_deref(),
            )?;
            w.nullable_string(
                "CreateDelegationTokenRequest.owner_principal_name",
                true,
                self.owner_principal_name.as_deref(),
            )?;
        } else {
            w.absent(
                "CreateDelegationTokenRequest.owner_principal_type",
                self.owner_principal_type.as_deref() == Some(""),
                version,
            )?;
            w.absent(
                "CreateDelegationTokenRequest.owner_principal_name",
                self.owner_principal_name.as_deref() == Some(""),
                version,
            )?;
        }
        w.array(
            "CreateDelegationTokenRequest.renewers",
            &self.renewers,
            version,
        )?;
        w.i64(self.max_lifetime_ms);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for CreateDelegationTokenRequest {
    const MIN_SIZE: usize = 10;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::CreateDelegationToken,
            "CreateDelegationTokenRequest",
            version,
        )?;
        let mut m = Self::default();
        if version >= 3 {
            m.owner_principal_type =
                r.nullable_string("CreateDelegationTokenRequest.owner_principal_type", true)?;
            m.owner_principal_name =
                r.nullable_string("CreateDelegationTokenRequest.owner_principal_name", true)?;
        }
        m.renewers = r.array("CreateDelegationTokenRequest.renewers", version)?;
        m.max_lifetime_ms = r.i64("CreateDelegationTokenRequest.max_lifetime_ms")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`CreateDelegationTokenRequest::renewers`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableRenewers {
    pub principal_type: String,
    pub principal_name: String,
}

impl Encode for CreatableRenewers {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("CreatableRenewers.principal_type", &self.principal_type)?;
        w.string("CreatableRenewers.principal_name", &self.principal_name)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for CreatableRenewers {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.principal_type = r.string("CreatableRenewers.principal_type")?;
        m.principal_name = r.string("CreatableRenewers.principal_name")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `CreateDelegationToken` (key 38), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateDelegationTokenResponse {
    pub error_code: i16,
    pub principal_type: String,
    pub principal_name: String,
    /// Version 3.
    pub token_requester_principal_type: String,
    /// Version 3.
    pub token_requester_principal_name: String,
    pub issue_timestamp_ms: i64,
    pub expiry_timestamp_ms: i64,
    pub max_timestamp_ms: i64,
    pub token_id: String,
    pub hmac: Bytes,
    pub throttle_time_ms: i32,
}

impl Response for CreateDelegationTokenResponse {
    const KEY: ApiKey = ApiKey::CreateDelegationToken;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for CreateDelegationTokenResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::CreateDelegationToken,
            "CreateDelegationTokenResponse",
            version,
        )?;
        w.i16(self.error_code);
        w.string(
            "CreateDelegationTokenResponse.principal_type",
            &self.principal_type,
        )?;
        w.string(
            "CreateDelegationTokenResponse.principal_name",
            &self.principal_name,
        )?;
        if version >= 3 {
            w.string(
                "CreateDelegationTokenResponse.token_requester_principal_type",
                &self.token_requester_principal_type,
            )?;
            w.string(
                "CreateDelegationTokenResponse.token_requester_principal_name",
                &self.token_requester_principal_name,
            )?;
        } else {
            w.absent(
                "CreateDelegationTokenResponse.token_requester_principal_type",
                self.token_requester_principal_type.is_empty(),
                version,
            )?;
            w.absent(
                "CreateDelegationTokenResponse.token_requester_principal_name",
                self.token_requester_principal_name.is_empty(),
                version,
            )?;
        }
        w.i64(self.issue_timestamp_ms);
        w.i64(self.expiry_timestamp_ms);
        w.i64(self.max_timestamp_ms);
        w.string("CreateDelegationTokenResponse.token_id", &self.token_id)?;
        w.bytes("CreateDelegationTokenResponse.hmac", &self.hmac)?;
        w.i32(self.throttle_time_ms);
        w.end_struct();
        Ok(())
    }
}

impl Decode for CreateDelegationTokenResponse {
    const MIN_SIZE: usize = 35;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::CreateDelegationToken,
            "CreateDelegationTokenResponse",
            version,
        )?;
        let mut m = Self::default();
        m.error_code = r.i16("CreateDelegationTokenResponse.error_code")?;
        m.principal_type = r.string("CreateDelegationTokenResponse.principal_type")?;
        m.principal_name = r.string("CreateDelegationTokenResponse.principal_name")?;
        if version >= 3 {
            m.token_requester_principal_type =
                r.string("CreateDelegationTokenResponse.token_requester_principal_type")?;
            m.token_requester_principal_name =
                r.string("CreateDelegationTokenResponse.token_requester_principal_name")?;
        }
        m.issue_timestamp_ms = r.i64("CreateDelegationTokenResponse.issue_timestamp_ms")?;
        m.expiry_timestamp_ms = r.i64("CreateDelegationTokenResponse.expiry_timestamp_ms")?;
        m.max_timestamp_ms = r.i64("CreateDelegationTokenResponse.max_timestamp_ms")?;
        m.token_id = r.string("CreateDelegationTokenResponse.token_id")?;
        m.hmac = r.bytes("CreateDelegationTokenResponse.hmac")?;
        m.throttle_time_ms = r.i32("CreateDelegationTokenResponse.throttle_time_ms")?;
        r.end_struct()?;
        Ok(m)
    }
}
