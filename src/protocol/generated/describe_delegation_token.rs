//! `DescribeDelegationToken` (key 41): versions 1 to 3. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeDelegationToken` (key 41), versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeDelegationTokenRequest {
    pub owners: Option<Vec<DescribeDelegationTokenOwner>>,
}

impl Default for DescribeDelegationTokenRequest {
    fn default() -> Self {
        Self {
            owners: Some(Default::default()),
        }
    }
}

impl Request for DescribeDelegationTokenRequest {
    const KEY: ApiKey = ApiKey::DescribeDelegationToken;
    type Response = DescribeDelegationTokenResponse;
}

impl Encode for DescribeDelegationTokenRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeDelegationToken,
            "DescribeDelegationTokenRequest",
            version,
        )?;
        w.nullable_array(
            "DescribeDelegationTokenRequest.owners",
            true,
            self.owners.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeDelegationTokenRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeDelegationToken,
            "DescribeDelegationTokenRequest",
            version,
        )?;
        let mut m = Self::default();
        m.owners = r.nullable_array("DescribeDelegationTokenRequest.owners", true, version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeDelegationTokenRequest::owners`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeDelegationTokenOwner {
    pub principal_type: String,
    pub principal_name: String,
}

impl Encode for DescribeDelegationTokenOwner {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(
            "DescribeDelegationTokenOwner.principal_type",
            &self.principal_type,
        )?;
        w.string(
            "DescribeDelegationTokenOwner.principal_name",
            &self.principal_name,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeDelegationTokenOwner {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.principal_type = r.string("DescribeDelegationTokenOwner.principal_type")?;
        m.principal_name = r.string("DescribeDelegationTokenOwner.principal_name")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeDelegationToken` (key 41), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeDelegationTokenResponse {
    pub error_code: i16,
    pub tokens: Vec<DescribedDelegationToken>,
    pub throttle_time_ms: i32,
}

impl Response for DescribeDelegationTokenResponse {
    const KEY: ApiKey = ApiKey::DescribeDelegationToken;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeDelegationTokenResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeDelegationToken,
            "DescribeDelegationTokenResponse",
            version,
        )?;
        w.i16(self.error_code);
        w.array(
            "DescribeDelegationTokenResponse.tokens",
            &self.tokens,
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeDelegationTokenResponse {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeDelegationToken,
            "DescribeDelegationTokenResponse",
            version,
        )?;
        let mut m = Self::default();
        m.error_code = r.i16("DescribeDelegationTokenResponse.error_code")?;
        m.tokens = r.array("DescribeDelegationTokenResponse.tokens", version)?;
        m.throttle_time_ms = r.i32("DescribeDelegationTokenResponse.throttle_time_ms")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeDelegationTokenResponse::tokens`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationToken {
    pub principal_type: String,
    pub principal_name: String,
    /// Version 3.
    pub token_requester_principal_type: String,
    /// Version 3.
    pub token_requester_principal_name: String,
    pub issue_timestamp: i64,
    pub expiry_timestamp: i64,
    pub max_timestamp: i64,
    pub token_id: String,
    pub hmac: Bytes,
    pub renewers: Vec<DescribedDelegationTokenRenewer>,
}

#[cfg(feature = "mock")]
impl Encode for DescribedDelegationToken {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(
            "DescribedDelegationToken.principal_type",
            &self.principal_type,
        )?;
        w.string(
            "DescribedDelegationToken.principal_name",
            &self.principal_name,
        )?;
        if version >= 3 {
            w.string(
                "DescribedDelegationToken.token_requester_principal_type",
                &self.token_requester_principal_type,
            )?;
            w.string(
                "DescribedDelegationToken.token_requester_principal_name",
                &self.token_requester_principal_name,
            )?;
        } else {
            w.absent(
                "DescribedDelegationToken.token_requester_principal_type",
                self.token_requester_principal_type.is_empty(),
                version,
            )?;
            w.absent(
                "DescribedDelegationToken.token_requester_principal_name",
                self.token_requester_principal_name.is_empty(),
                version,
            )?;
        }
        w.i64(self.issue_timestamp);
        w.i64(self.expiry_timestamp);
        w.i64(self.max_timestamp);
        w.string("DescribedDelegationToken.token_id", &self.token_id)?;
        w.bytes("DescribedDelegationToken.hmac", &self.hmac)?;
        w.array("DescribedDelegationToken.renewers", &self.renewers, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribedDelegationToken {
    const MIN_SIZE: usize = 30;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.principal_type = r.string("DescribedDelegationToken.principal_type")?;
        m.principal_name = r.string("DescribedDelegationToken.principal_name")?;
        if version >= 3 {
            m.token_requester_principal_type =
                r.string("DescribedDelegationToken.token_requester_principal_type")?;
            m.token_requester_principal_name =
                r.string("DescribedDelegationToken.token_requester_principal_name")?;
        }
        m.issue_timestamp = r.i64("DescribedDelegationToken.issue_timestamp")?;
        m.expiry_timestamp = r.i64("DescribedDelegationToken.expiry_timestamp")?;
        m.max_timestamp = r.i64("DescribedDelegationToken.max_timestamp")?;
        m.token_id = r.string("DescribedDelegationToken.token_id")?;
        m.hmac = r.bytes("DescribedDelegationToken.hmac")?;
        m.renewers = r.array("DescribedDelegationToken.renewers", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribedDelegationToken::renewers`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationTokenRenewer {
    pub principal_type: String,
    pub principal_name: String,
}

#[cfg(feature = "mock")]
impl Encode for DescribedDelegationTokenRenewer {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(
            "DescribedDelegationTokenRenewer.principal_type",
            &self.principal_type,
        )?;
        w.string(
            "DescribedDelegationTokenRenewer.principal_name",
            &self.principal_name,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribedDelegationTokenRenewer {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.principal_type = r.string("DescribedDelegationTokenRenewer.principal_type")?;
        m.principal_name = r.string("DescribedDelegationTokenRenewer.principal_name")?;
        r.end_struct()?;
        Ok(m)
    }
}
