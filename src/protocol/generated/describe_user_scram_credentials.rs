//! `DescribeUserScramCredentials` (key 50): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeUserScramCredentials` (key 50), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsRequest {
    pub users: Option<Vec<UserName>>,
}

impl Default for DescribeUserScramCredentialsRequest {
    fn default() -> Self {
        Self {
            users: Some(Default::default()),
        }
    }
}

impl Request for DescribeUserScramCredentialsRequest {
    const KEY: ApiKey = ApiKey::DescribeUserScramCredentials;
    type Response = DescribeUserScramCredentialsResponse;
}

impl Encode for DescribeUserScramCredentialsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeUserScramCredentials,
            "DescribeUserScramCredentialsRequest",
            version,
        )?;
        w.nullable_array(
            "DescribeUserScramCredentialsRequest.users",
            true,
            self.users.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeUserScramCredentialsRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeUserScramCredentials,
            "DescribeUserScramCredentialsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.users = r.nullable_array("DescribeUserScramCredentialsRequest.users", true, version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeUserScramCredentialsRequest::users`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserName {
    pub name: String,
}

impl Encode for UserName {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("UserName.name", &self.name)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for UserName {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("UserName.name")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeUserScramCredentials` (key 50), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub results: Vec<DescribeUserScramCredentialsResult>,
}

impl Default for DescribeUserScramCredentialsResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Default::default()),
            results: Vec::default(),
        }
    }
}

impl Response for DescribeUserScramCredentialsResponse {
    const KEY: ApiKey = ApiKey::DescribeUserScramCredentials;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeUserScramCredentialsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeUserScramCredentials,
            "DescribeUserScramCredentialsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "DescribeUserScramCredentialsResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.array(
            "DescribeUserScramCredentialsResponse.results",
            &self.results,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeUserScramCredentialsResponse {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeUserScramCredentials,
            "DescribeUserScramCredentialsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DescribeUserScramCredentialsResponse.throttle_time_ms")?;
        m.error_code = r.i16("DescribeUserScramCredentialsResponse.error_code")?;
        m.error_message =
            r.nullable_string("DescribeUserScramCredentialsResponse.error_message", true)?;
        m.results = r.array("DescribeUserScramCredentialsResponse.results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeUserScramCredentialsResponse::results`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsResult {
    pub user: String,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub credential_infos: Vec<CredentialInfo>,
}

impl Default for DescribeUserScramCredentialsResult {
    fn default() -> Self {
        Self {
            user: String::default(),
            error_code: 0,
            error_message: Some(Default::default()),
            credential_infos: Vec::default(),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeUserScramCredentialsResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("DescribeUserScramCredentialsResult.user", &self.user)?;
        w.i16(self.error_code);
        w.nullable_string(
            "DescribeUserScramCredentialsResult.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.array(
            "DescribeUserScramCredentialsResult.credential_infos",
            &self.credential_infos,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeUserScramCredentialsResult {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.user = r.string("DescribeUserScramCredentialsResult.user")?;
        m.error_code = r.i16("DescribeUserScramCredentialsResult.error_code")?;
        m.error_message =
            r.nullable_string("DescribeUserScramCredentialsResult.error_message", true)?;
        m.credential_infos = r.array(
            "DescribeUserScramCredentialsResult.credential_infos",
            version,
        )?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeUserScramCredentialsResult::credential_infos`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CredentialInfo {
    pub mechanism: i8,
    pub iterations: i32,
}

#[cfg(feature = "mock")]
impl Encode for CredentialInfo {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i8(self.mechanism);
        w.i32(self.iterations);
        w.end_struct();
        Ok(())
    }
}

impl Decode for CredentialInfo {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.mechanism = r.i8("CredentialInfo.mechanism")?;
        m.iterations = r.i32("CredentialInfo.iterations")?;
        r.end_struct()?;
        Ok(m)
    }
}
