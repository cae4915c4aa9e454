//! A broker may answer anything: no response makes the decoder panic or allocate what is not there,
//! and what it reads it can write and read again, the same.
//!
//! Input: API key, version, body.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidewire::protocol::{ApiKey, decode_any_response, frame, recode_any_response};

fuzz_target!(|data: &[u8]| {
    let Some(([key, version], body)) = data.split_first_chunk::<2>() else {
        return;
    };
    let _ = frame::peek_correlation(body);
    let Ok(key) = ApiKey::try_from(i16::from(*key)) else {
        return;
    };
    let version = i16::from(*version);
    let body = Bytes::copy_from_slice(body);
    if !key.versions().contains(version) {
        assert!(decode_any_response(key, version, body).is_err());
        return;
    }
    let Ok(left) = decode_any_response(key, version, body.clone()) else {
        return;
    };
    let (once, left_again) = recode_any_response(key, version, body).expect("decoded, so encoded");
    assert_eq!(left, left_again);
    let (twice, none) = recode_any_response(key, version, once.clone()).expect("our own bytes");
    assert_eq!((twice, none), (once, 0));
});
