//! Kafka's wire protocol: messages, frames and version negotiation. No sockets, no clock.
//!
//! [`generated`] holds one module per API, written by `cargo xtask codegen` from Kafka's own
//! message schemas; its modules are re-exported here, as in `protocol::metadata::MetadataRequest`.
//! A message is encoded by a [`Writer`], which keeps record data by reference, and decoded by a
//! [`Reader`], which believes no length or count that the bytes at hand do not bear out.
//!
//! A client only encodes requests and decodes responses; the broker's two directions exist with
//! the feature `mock`.

mod any;
mod api_key;
mod chunks;
mod consumer_protocol;
mod error;
pub mod frame;
pub mod generated;
mod message;
mod prelude;
mod reader;
pub mod versions;
mod writer;

pub use any::decode_any_response;
#[cfg(feature = "mock")]
pub use any::{recode_any_request, recode_any_response};
pub use api_key::UnknownApiKey;
pub use chunks::Chunks;
pub use consumer_protocol::{
    decode_assignment, decode_subscription, encode_assignment, encode_subscription,
};
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use generated::*;
pub use message::{Decode, Encode, Request, Response, VersionRange};
pub use reader::Reader;
pub use versions::ApiVersions;
pub use writer::Writer;
