//! What every generated module uses.

pub(crate) use std::time::Duration;

pub(crate) use bytes::Bytes;

pub(crate) use super::message::millis;
pub(crate) use super::{
    ApiKey, Chunks, Decode, DecodeError, Encode, EncodeError, Reader, Request, Response, Writer,
};
pub(crate) use crate::ids::Uuid;
