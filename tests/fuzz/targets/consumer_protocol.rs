//! Other members of a group write subscriptions, and their leader writes assignments.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidewire::protocol::{
    decode_assignment, decode_subscription, encode_assignment, encode_subscription,
};

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    if let Ok((version, subscription)) = decode_subscription(bytes.clone()) {
        // A version newer than ours is read as our newest, and cannot be written.
        if let Ok(again) = encode_subscription(&subscription, version) {
            assert_eq!(decode_subscription(again), Ok((version, subscription)));
        }
    }
    if let Ok((version, assignment)) = decode_assignment(bytes) {
        if let Ok(again) = encode_assignment(&assignment, version) {
            assert_eq!(decode_assignment(again), Ok((version, assignment)));
        }
    }
});
