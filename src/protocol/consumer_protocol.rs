//! What members of a classic consumer group tell each other through the coordinator: a version in
//! two bytes, then a `ConsumerProtocolSubscription` or a `ConsumerProtocolAssignment`.
//!
//! Other clients wrote these bytes. A version newer than ours is read as our newest, as newer ones
//! only append fields.

use bytes::Bytes;

use super::generated::consumer_protocol_assignment::ConsumerProtocolAssignment;
use super::generated::consumer_protocol_subscription::ConsumerProtocolSubscription;
use super::{Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, Reader, Writer};

/// The newest version of both messages.
const VERSION_MAX: i16 = 3;

/// A member's subscription, to go into a JoinGroup request.
///
/// # Errors
/// When the version does not exist or a name is too long.
pub fn encode_subscription(
    subscription: &ConsumerProtocolSubscription,
    version: i16,
) -> Result<Bytes, EncodeError> {
    encode(subscription, version)
}

/// A member's assignment, to go into a SyncGroup request.
///
/// # Errors
/// When the version does not exist or a name is too long.
pub fn encode_assignment(
    assignment: &ConsumerProtocolAssignment,
    version: i16,
) -> Result<Bytes, EncodeError> {
    encode(assignment, version)
}

/// Another member's subscription, and the version it was written in.
///
/// # Errors
/// When the bytes are not a subscription.
pub fn decode_subscription(
    bytes: Bytes,
) -> Result<(i16, ConsumerProtocolSubscription), DecodeError> {
    decode(bytes)
}

/// The assignment that the leader computed, and the version it was written in.
///
/// # Errors
/// When the bytes are not an assignment.
pub fn decode_assignment(bytes: Bytes) -> Result<(i16, ConsumerProtocolAssignment), DecodeError> {
    decode(bytes)
}

fn encode(message: &impl Encode, version: i16) -> Result<Bytes, EncodeError> {
    let mut w = Writer::new();
    w.i16(version);
    message.encode(&mut w, version)?;
    Ok(w.into_chunks().into_bytes())
}

fn decode<T: Decode>(bytes: Bytes) -> Result<(i16, T), DecodeError> {
    const FIELD: &str = "ConsumerProtocol.version";
    let mut r = Reader::new(bytes);
    let version = r.i16(FIELD)?;
    if version < 0 {
        return Err(DecodeError::new(
            FIELD,
            DecodeErrorKind::UnsupportedVersion(version),
        ));
    }
    Ok((version, T::decode(&mut r, version.min(VERSION_MAX))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_of_a_newer_version_is_read_as_our_newest() {
        let subscription = ConsumerProtocolSubscription {
            topics: vec!["orders".to_owned()],
            generation_id: 7,
            rack_id: Some("a".to_owned()),
            ..Default::default()
        };
        let mut bytes = encode_subscription(&subscription, 3).unwrap().to_vec();
        bytes[1] = 9;
        bytes.extend_from_slice(b"what version 9 appends");
        assert_eq!(
            decode_subscription(bytes.into()).unwrap(),
            (9, subscription)
        );
    }

    #[test]
    fn a_negative_version_and_no_bytes_are_errors() {
        assert!(decode_assignment(Bytes::from_static(&[0xff, 0xff, 0, 0])).is_err());
        assert!(decode_assignment(Bytes::new()).is_err());
    }

    #[test]
    fn an_older_version_leaves_out_what_may_be_ignored() {
        let subscription = ConsumerProtocolSubscription {
            generation_id: 7,
            ..Default::default()
        };
        let bytes = encode_subscription(&subscription, 1).unwrap();
        let (version, read) = decode_subscription(bytes).unwrap();
        assert_eq!((version, read.generation_id), (1, -1));
    }
}
