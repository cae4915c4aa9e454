//! `AlterUserScramCredentials` (key 51): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `AlterUserScramCredentials` (key 51), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterUserScramCredentialsRequest {
    pub deletions: Vec<ScramCredentialDeletion>,
    pub upsertions: Vec<ScramCredentialUpsertion>,
}

impl Request for AlterUserScramCredentialsRequest {
    const KEY: ApiKey = ApiKey::AlterUserScramCredentials;
    type Response = AlterUserScramCredentialsResponse;
}

impl Encode for AlterUserScramCredentialsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AlterUserScramCredentials,
            "AlterUserScramCredentialsRequest",
            version,
        )?;
        w.array(
            "AlterUserScramCredentialsRequest.deletions",
            &self.deletions,
            version,
        )?;
        w.array(
            "AlterUserScramCredentialsRequest.upsertions",
            &self.upsertions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterUserScramCredentialsRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AlterUserScramCredentials,
            "AlterUserScramCredentialsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.deletions = r.array("AlterUserScramCredentialsRequest.deletions", version)?;
        m.upsertions = r.array("AlterUserScramCredentialsRequest.upsertions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterUserScramCredentialsRequest::deletions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialDeletion {
    pub name: String,
    pub mechanism: i8,
}

impl Encode for ScramCredentialDeletion {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("ScramCredentialDeletion.name", &self.name)?;
        w.i8(self.mechanism);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ScramCredentialDeletion {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("ScramCredentialDeletion.name")?;
        m.mechanism = r.i8("ScramCredentialDeletion.mechanism")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterUserScramCredentialsRequest::upsertions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialUpsertion {
    pub name: String,
    pub mechanism: i8,
    pub iterations: i32,
    pub salt: Bytes,
    pub salted_password: Bytes,
}

impl Encode for ScramCredentialUpsertion {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("ScramCredentialUpsertion.name", &self.name)?;
        w.i8(self.mechanism);
        w.i32(self.iterations);
        w.bytes("ScramCredentialUpsertion.salt", &self.salt)?;
        w.bytes(
            "ScramCredentialUpsertion.salted_password",
            &self.salted_password,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ScramCredentialUpsertion {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("ScramCredentialUpsertion.name")?;
        m.mechanism = r.i8("ScramCredentialUpsertion.mechanism")?;
        m.iterations = r.i32("ScramCredentialUpsertion.iterations")?;
        m.salt = r.bytes("ScramCredentialUpsertion.salt")?;
        m.salted_password = r.bytes("ScramCredentialUpsertion.salted_password")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `AlterUserScramCredentials` (key 51), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterUserScramCredentialsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<AlterUserScramCredentialsResult>,
}

impl Response for AlterUserScramCredentialsResponse {
    const KEY: ApiKey = ApiKey::AlterUserScramCredentials;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for AlterUserScramCredentialsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AlterUserScramCredentials,
            "AlterUserScramCredentialsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.array(
            "AlterUserScramCredentialsResponse.results",
            &self.results,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterUserScramCredentialsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AlterUserScramCredentials,
            "AlterUserScramCredentialsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("AlterUserScramCredentialsResponse.throttle_time_ms")?;
        m.results = r.array("AlterUserScramCredentialsResponse.results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterUserScramCredentialsResponse::results`].
#[derive(Clone, Debug, PartialEq)]
pub struct AlterUserScramCredentialsResult {
    pub user: String,
    pub error_code: i16,
    pub error_message: Option<String>,
}

impl Default for AlterUserScramCredentialsResult {
    fn default() -> Self {
        Self {
            user: String::default(),
            error_code: 0,
            error_message: Some(Default::default()),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for AlterUserScramCredentialsResult {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("AlterUserScramCredentialsResult.user", &self.user)?;
        w.i16(self.error_code);
        w.nullable_string(
            "AlterUserScramCredentialsResult.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterUserScramCredentialsResult {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.user = r.string("AlterUserScramCredentialsResult.user")?;
        m.error_code = r.i16("AlterUserScramCredentialsResult.error_code")?;
        m.error_message =
            r.nullable_string("AlterUserScramCredentialsResult.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
