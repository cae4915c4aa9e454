//! Bytes that the Java client wrote (`vectors/`, recorded by `vectors/recorder/record.sh`) are read
//! and written again: the same bytes must come out, and nothing must be left over.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says so by panicking"
)]

use std::collections::BTreeMap;

use bytes::Bytes;
use tidewire::protocol::frame::{
    decode_request_header, decode_response, encode_request, encode_response, peek_correlation,
};
use tidewire::protocol::{
    ApiKey, Decode, Encode, Reader, Request, api_versions, decode_any_response, decode_assignment,
    decode_subscription, encode_assignment, encode_subscription, list_config_resources, metadata,
    produce, recode_any_request, recode_any_response, sasl_handshake,
};
use tidewire::{CorrelationId, ErrorCode};

fn unhex(text: &str) -> Bytes {
    let digit = |c: u8| u8::try_from(char::from(c).to_digit(16).expect("hex")).expect("a digit");
    if text == "\"\"" {
        return Bytes::new();
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn number(text: &str) -> i16 {
    text.parse().expect("a number")
}

#[test]
fn every_message_comes_out_as_java_wrote_it() {
    let mut seen: BTreeMap<(String, ApiKey), Vec<i16>> = BTreeMap::new();
    for line in include_str!("vectors/messages.txt").lines() {
        let [kind, key, versions, hex] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let key = ApiKey::try_from(number(key)).expect("a known key");
        let bytes = unhex(hex);
        let (first, last) = versions.split_once('-').expect("a range");
        for version in number(first)..=number(last) {
            let recode = match kind {
                "request" => recode_any_request,
                _ => recode_any_response,
            };
            let (written, trailing) = recode(key, version, bytes.clone())
                .unwrap_or_else(|error| panic!("{kind} {key} {version}: {error}\n{hex}"));
            assert_eq!(trailing, 0, "{kind} {key} {version}");
            assert_eq!(written, bytes, "{kind} {key} {version}");
            if kind == "response" {
                assert_eq!(decode_any_response(key, version, bytes.clone()), Ok(0));
            }
            seen.entry((kind.to_owned(), key))
                .or_default()
                .push(version);
        }
    }
    for key in ApiKey::ALL {
        for kind in ["request", "response"] {
            let mut versions = seen.remove(&(kind.to_owned(), key)).unwrap_or_default();
            versions.sort_unstable();
            versions.dedup();
            let all: Vec<_> = (key.versions().min..=key.versions().max).collect();
            assert_eq!(
                versions, all,
                "versions of the {kind} {key} that were recorded"
            );
        }
    }
}

#[test]
fn no_truncation_of_a_message_is_taken_for_one() {
    for line in include_str!("vectors/messages.txt").lines() {
        let [kind, key, versions, hex] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let key = ApiKey::try_from(number(key)).expect("a known key");
        let (_, last) = versions.split_once('-').expect("a range");
        let bytes = unhex(hex);
        for end in 0..bytes.len() {
            let bytes = bytes.slice(..end);
            let recode = match kind {
                "request" => recode_any_request,
                _ => recode_any_response,
            };
            assert!(
                recode(key, number(last), bytes).is_err(),
                "{kind} {key} cut at {end}"
            );
        }
    }
}

fn check_request<R: Request + Encode + Decode>(version: i16, client: Option<&str>, bytes: &Bytes) {
    let (header, mut r) = decode_request_header(bytes.clone()).expect("a header");
    assert_eq!(
        (header.api_key, header.api_version),
        (R::KEY.code(), version)
    );
    assert_eq!(
        (header.correlation, header.client_id.as_deref()),
        (CorrelationId(77), client)
    );
    let request = R::decode(&mut r, version).expect("a request");
    assert_eq!(r.finish(), 0);
    let frame = encode_request(header.correlation, client, &request, version).expect("a frame");
    let frame = frame.into_bytes();
    let length = u32::try_from(bytes.len()).expect("a small frame");
    assert_eq!(frame[..4], length.to_be_bytes());
    assert_eq!(frame.slice(4..), bytes);
}

fn check_response<R: Request>(version: i16, bytes: &Bytes)
where
    R::Response: Encode + Decode,
{
    assert_eq!(peek_correlation(bytes), Some(CorrelationId(78)));
    let (correlation, response): (_, R::Response) =
        decode_response(bytes.clone(), version).expect("a response");
    assert_eq!(correlation, CorrelationId(78));
    let frame = encode_response(correlation, &response, version).expect("a frame");
    assert_eq!(frame.into_bytes().slice(4..), bytes);
}

#[test]
fn frames_have_the_headers_that_java_writes() {
    let mut count = 0;
    for line in include_str!("vectors/frames.txt").lines() {
        let [kind, key, version, _, client, hex] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let (key, version) = (
            ApiKey::try_from(number(key)).expect("a key"),
            number(version),
        );
        if !key.versions().contains(version) {
            continue;
        }
        let client = (client != "-").then_some(client);
        let bytes = unhex(hex);
        macro_rules! check {
            ($type:ty) => {
                match kind {
                    "request" => check_request::<$type>(version, client, &bytes),
                    _ => check_response::<$type>(version, &bytes),
                }
            };
        }
        match key {
            ApiKey::Produce => check!(produce::ProduceRequest),
            ApiKey::Metadata => check!(metadata::MetadataRequest),
            ApiKey::ApiVersions => check!(api_versions::ApiVersionsRequest),
            ApiKey::SaslHandshake => check!(sasl_handshake::SaslHandshakeRequest),
            _ => check!(list_config_resources::ListConfigResourcesRequest),
        }
        count += 1;
    }
    assert!(count > 50, "{count}");
}

#[test]
fn consumer_protocol_is_read_and_written_as_java_does() {
    for line in include_str!("vectors/consumer_protocol.txt").lines() {
        let [kind, version, hex] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let (version, bytes) = (number(version), unhex(hex));
        if kind == "subscription" {
            let (found, subscription) = decode_subscription(bytes.clone()).expect("a subscription");
            assert_eq!(found, version);
            assert_eq!(subscription.topics, ["a", "b"]);
            assert_eq!(
                subscription.rack_id.as_deref(),
                (version >= 3).then_some("rack")
            );
            assert_eq!(
                subscription.generation_id,
                if version >= 2 { 5 } else { -1 }
            );
            assert_eq!(encode_subscription(&subscription, version), Ok(bytes));
        } else {
            let (found, assignment) = decode_assignment(bytes.clone()).expect("an assignment");
            assert_eq!(found, version);
            let partitions: Vec<_> = assignment
                .assigned_partitions
                .iter()
                .map(|topic| (topic.topic.as_str(), topic.partitions.as_slice()))
                .collect();
            assert_eq!(partitions, [("a", &[0, 2][..]), ("b", &[1])]);
            assert_eq!(encode_assignment(&assignment, version), Ok(bytes));
        }
    }
}

/// A field that was filled with a value of its own must carry that value, not its neighbour's.
#[test]
fn values_land_in_their_fields() {
    let line = include_str!("vectors/messages.txt")
        .lines()
        .find(|line| line.starts_with("request 3 ") && line.contains("-13 "))
        .expect("a metadata request");
    let mut r = Reader::new(unhex(line.rsplit(' ').next().expect("hex")));
    let request = metadata::MetadataRequest::decode(&mut r, 13).expect("a request");
    let topics = request.topics.expect("topics");
    assert_eq!(topics.len(), 2);
    assert_eq!(topics[0].name.as_deref(), Some("\u{e5}2"));
    assert_eq!(topics[0].topic_id.0[15], 1);
    assert_eq!(topics[1].name, None);
    assert!(request.allow_auto_topic_creation && request.include_topic_authorized_operations);
}

#[test]
fn error_codes_are_those_of_java() {
    let mut differ = Vec::new();
    for line in include_str!("vectors/errors.txt").lines() {
        let [code, name, class] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let ours = ErrorCode(number(code));
        assert_eq!(ours.name(), Some(name), "{code}");
        let expected = match class {
            _ if ours.is_fatal() && class == "permanent" => continue,
            "metadata" => (true, true),
            "retriable" => (true, false),
            _ => (false, false),
        };
        // Java is told by its caller to look for the controller; here the class says it.
        let expected = if ours == ErrorCode::NOT_CONTROLLER {
            (true, true)
        } else {
            expected
        };
        if (ours.is_retriable(), ours.refreshes_metadata()) != expected {
            differ.push(line);
        }
    }
    assert!(differ.is_empty(), "not classed as Java does: {differ:#?}");
    assert_eq!(ErrorCode(134).name(), None);
}
