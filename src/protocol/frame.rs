//! Frames: a length in four bytes, a header, a message.
//!
//! The header's version follows from the API and its version. The one exception is the response to
//! ApiVersions, whose header stays at version 0, and whose body is in version 0 when the broker
//! does not know the request's version: a client must be able to read it before it knows anything.

use bytes::Bytes;

use super::Writer;
use super::generated::api_versions::ApiVersionsResponse;
use super::{ApiKey, Chunks, Decode, DecodeError, Encode, EncodeError, Reader, Request, Response};
use crate::error::ErrorCode;
use crate::ids::CorrelationId;

/// A request as it goes on the wire, its length prefix included; records are not copied.
///
/// # Errors
/// When the version cannot express the request.
pub fn encode_request<R: Request + Encode>(
    correlation: CorrelationId,
    client_id: Option<&str>,
    request: &R,
    version: i16,
) -> Result<Chunks, EncodeError> {
    let mut w = Writer::for_frame();
    w.i16(R::KEY.code());
    w.i16(version);
    w.i32(correlation.0);
    // The old form of string in every version, for brokers that do not know the newest one.
    w.nullable_string("RequestHeader.client_id", true, client_id)?;
    if R::KEY.request_header_version(version) >= 2 {
        w.set_flexible(true);
        w.end_struct();
    }
    request.encode(&mut w, version)?;
    w.into_frame()
}

/// The response in a frame, whose length prefix was taken off, and the id of its request.
///
/// # Errors
/// When the bytes are not such a response. Bytes after the message are logged and passed over.
pub fn decode_response<R: Response + Decode>(
    body: Bytes,
    version: i16,
) -> Result<(CorrelationId, R), DecodeError> {
    let mut r = Reader::new(body);
    let correlation = response_header(&mut r, R::KEY, version)?;
    let response = R::decode(&mut r, version)?;
    let trailing = r.finish();
    if trailing > 0 {
        tracing::warn!(api = %R::KEY, version, trailing, "bytes after the end of a response");
    }
    Ok((correlation, response))
}

/// As [`decode_response`], for the response to an ApiVersions request of this version: a broker
/// that does not know the version answers UNSUPPORTED_VERSION in version 0 (KIP-511).
///
/// # Errors
/// When the bytes are not such a response.
pub fn decode_api_versions_response(
    body: Bytes,
    version: i16,
) -> Result<(CorrelationId, ApiVersionsResponse), DecodeError> {
    let mut r = Reader::new(body.clone());
    response_header(&mut r, ApiKey::ApiVersions, version)?;
    let code = ErrorCode(r.i16("ApiVersionsResponse.error_code")?);
    let version = if code == ErrorCode::UNSUPPORTED_VERSION {
        0
    } else {
        version
    };
    decode_response(body, version)
}

/// The id of the request that a frame, without its length prefix, answers.
#[must_use]
pub fn peek_correlation(body: &[u8]) -> Option<CorrelationId> {
    body.first_chunk()
        .map(|id| CorrelationId(i32::from_be_bytes(*id)))
}

fn response_header(
    r: &mut Reader,
    key: ApiKey,
    version: i16,
) -> Result<CorrelationId, DecodeError> {
    let correlation = CorrelationId(r.i32("ResponseHeader.correlation_id")?);
    r.set_flexible(key.response_header_version(version) >= 1);
    r.end_struct()?;
    Ok(correlation)
}

/// A request's header as a broker reads it.
#[cfg(feature = "mock")]
#[derive(Clone, Debug)]
pub struct RequestHeader {
    /// The API, which may be one that this crate does not know.
    pub api_key: i16,
    /// The version, which may be one that this crate does not know.
    pub api_version: i16,
    /// To be sent back with the response.
    pub correlation: CorrelationId,
    /// What the client calls itself.
    pub client_id: Option<String>,
}

/// Reads a request's header off a frame, whose length prefix was taken off; the reader then stands
/// at the body. Of an API that this crate does not know, the body may start a few bytes later.
///
/// # Errors
/// When the bytes are not a request's header.
#[cfg(feature = "mock")]
pub fn decode_request_header(body: Bytes) -> Result<(RequestHeader, Reader), DecodeError> {
    let mut r = Reader::new(body);
    let header = RequestHeader {
        api_key: r.i16("RequestHeader.api_key")?,
        api_version: r.i16("RequestHeader.api_version")?,
        correlation: CorrelationId(r.i32("RequestHeader.correlation_id")?),
        client_id: r.nullable_string("RequestHeader.client_id", true)?,
    };
    if let Ok(key) = ApiKey::try_from(header.api_key) {
        r.set_flexible(key.request_header_version(header.api_version) >= 2);
        r.end_struct()?;
    }
    Ok((header, r))
}

/// A response as it goes on the wire, its length prefix included; records are not copied.
///
/// # Errors
/// When the version cannot express the response.
#[cfg(feature = "mock")]
pub fn encode_response<R: Response + Encode>(
    correlation: CorrelationId,
    response: &R,
    version: i16,
) -> Result<Chunks, EncodeError> {
    let mut w = Writer::for_frame();
    w.i32(correlation.0);
    w.set_flexible(R::KEY.response_header_version(version) >= 1);
    w.end_struct();
    response.encode(&mut w, version)?;
    w.into_frame()
}

#[cfg(test)]
mod tests {
    use super::super::api_versions::{ApiVersion, ApiVersionsRequest};
    use super::super::metadata::{MetadataRequest, MetadataResponse};
    use super::*;

    #[test]
    fn headers_are_those_of_the_version() {
        let frame = |version| {
            let request = MetadataRequest::default();
            let frame = encode_request(CorrelationId(7), Some("me"), &request, version).unwrap();
            frame.into_bytes()
        };
        // Version 8: key, version, correlation, client id.
        assert_eq!(frame(8)[4..16], [0, 3, 0, 8, 0, 0, 0, 7, 0, 2, b'm', b'e']);
        // Version 9 adds a count of tagged fields, and the client id keeps its old form.
        assert_eq!(
            frame(9)[4..17],
            [0, 3, 0, 9, 0, 0, 0, 7, 0, 2, b'm', b'e', 0]
        );
        let request = ApiVersionsRequest::default();
        let frame = encode_request(CorrelationId(7), None, &request, 3)
            .unwrap()
            .into_bytes();
        assert_eq!(
            frame[..4],
            u32::try_from(frame.len() - 4).unwrap().to_be_bytes()
        );
        assert_eq!(frame[12..15], [0xff, 0xff, 0]);
    }

    #[test]
    fn case_107_api_versions_refused_in_version_0_is_read_whatever_was_asked() {
        // Correlation id, UNSUPPORTED_VERSION, one API: ApiVersions in versions 0 to 2.
        let refusal: &[u8] = &[0, 0, 0, 9, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 2];
        // As brokers before 2.4 do it: no API at all.
        let silent: &[u8] = &[0, 0, 0, 9, 0, 35, 0, 0, 0, 0];
        for version in 0..=4 {
            let (id, response) =
                decode_api_versions_response(Bytes::from_static(refusal), version).unwrap();
            assert_eq!((id, response.error_code), (CorrelationId(9), 35));
            let known = ApiVersion {
                api_key: 18,
                min_version: 0,
                max_version: 2,
            };
            assert_eq!(response.api_keys, [known]);
            let answer = decode_api_versions_response(Bytes::from_static(silent), version);
            assert!(answer.unwrap().1.api_keys.is_empty());
        }
    }

    #[test]
    fn the_header_of_an_api_versions_response_has_no_tagged_fields() {
        // Version 3: correlation id, no error, no API (compact), throttle time, no tagged fields.
        let bytes = Bytes::from_static(&[0, 0, 0, 9, 0, 0, 1, 0, 0, 0, 5, 0]);
        let (id, response) = decode_api_versions_response(bytes, 3).unwrap();
        assert_eq!((id, response.throttle_time_ms), (CorrelationId(9), 5));
        assert_eq!(
            response.throttle_time(),
            std::time::Duration::from_millis(5)
        );
    }

    #[test]
    fn what_follows_a_response_is_passed_over_and_what_lacks_is_an_error() {
        // Correlation id, throttle time, no broker, no cluster id, no controller, no topic.
        let ids: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let whole = [&[0, 0, 0, 1], &[0; 8][..], ids, &[0; 4]].concat();
        let decode =
            |bytes: &[u8]| decode_response::<MetadataResponse>(Bytes::copy_from_slice(bytes), 4);
        assert_eq!(decode(&whole[..]).unwrap().0, CorrelationId(1));
        let with_more = [&whole[..], b"more"].concat();
        assert_eq!(decode(&with_more).unwrap(), decode(&whole).unwrap());
        for end in 0..whole.len() {
            assert!(decode(&whole[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_correlation_id_is_seen_before_the_rest_is_read() {
        assert_eq!(
            peek_correlation(&[0, 0, 1, 2, 9]),
            Some(CorrelationId(0x102))
        );
        assert_eq!(peek_correlation(&[0, 0, 1]), None);
    }

    #[cfg(feature = "mock")]
    #[test]
    fn a_request_of_an_unknown_api_has_a_header_all_the_same() {
        let bytes = Bytes::from_static(&[3, 0xe7, 0, 2, 0, 0, 0, 5, 0xff, 0xff, 1, 2]);
        let (header, rest) = decode_request_header(bytes).unwrap();
        assert_eq!((header.api_key, header.api_version), (999, 2));
        assert_eq!(
            (header.correlation, header.client_id),
            (CorrelationId(5), None)
        );
        assert_eq!(rest.remaining(), 2);
    }
}
