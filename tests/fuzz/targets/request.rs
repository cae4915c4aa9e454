//! The mock is a server: a request may be anything too, and so may the header in front of it.
//!
//! Input: API key, version, body; the same bytes once more as a whole frame.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidewire::protocol::{ApiKey, frame, recode_any_request};

fuzz_target!(|data: &[u8]| {
    let _ = frame::decode_request_header(Bytes::copy_from_slice(data));
    let Some(([key, version], body)) = data.split_first_chunk::<2>() else {
        return;
    };
    let Ok(key) = ApiKey::try_from(i16::from(*key)) else {
        return;
    };
    let version = i16::from(*version);
    let body = Bytes::copy_from_slice(body);
    let Ok((once, _)) = recode_any_request(key, version, body) else {
        return;
    };
    let (twice, left) = recode_any_request(key, version, once.clone()).expect("our own bytes");
    assert_eq!((twice, left), (once, 0));
});
