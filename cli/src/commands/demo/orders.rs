//! The records of the demo. Record `i` can be made again from `i` alone, so that what comes back
//! is compared with all of its bytes.

use std::fmt::Write;

/// How many keys there are.
pub(super) const KEYS: u64 = 5_000;

/// The key of record `i`.
pub(super) fn key(i: u64) -> String {
    format!("customer-{}", mixed(i) % KEYS)
}

/// The value of record `i`, about a hundred bytes.
pub(super) fn value(i: u64, text: &mut String) {
    let random = mixed(i ^ 0x00c0_ffee);
    let (items, cents) = (random % 9 + 1, random / 9 % 100_000);
    text.clear();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "{{\"order\":{i},\"items\":{items},\"total_cents\":{cents},\"ship_to\":\"street {}\",\
         \"ref\":\"{random:016x}\"}}",
        random % 977
    );
}

/// Which record a value belongs to, by its own word.
pub(super) fn index_of(value: &[u8]) -> Option<u64> {
    let rest = std::str::from_utf8(value)
        .ok()?
        .strip_prefix("{\"order\":")?;
    rest.split_once(',')?.0.parse().ok()
}

/// The finaliser of SplitMix64: neighbours become strangers.
fn mixed(i: u64) -> u64 {
    let z = i.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_tells_which_record_it_is() {
        let mut text = String::new();
        for i in [0, 1, 299_999, u64::MAX] {
            value(i, &mut text);
            assert_eq!(index_of(text.as_bytes()), Some(i));
        }
        assert_eq!(index_of(b"{\"order\":x,"), None);
        assert_eq!(index_of(b"\xff"), None);
    }
}
