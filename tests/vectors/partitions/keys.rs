//! The keys of the files beside this one, whose digits are their partitions in base 36.
//!
//! `java.txt` is recorded by `recorder/record.sh` with the rest, `librdkafka.txt` by
//! `UPDATE_VECTORS=1` and the broker test `kcats_partitions_are_ours`.

/// How many there are.
pub(crate) const COUNT: usize = 10_000;

/// Keys of 0 to 40 bytes of any value from 32 to 255, so that each fits on a line; in both files
/// digit `i` belongs to key `i`. About each 41st key is empty.
pub(crate) fn keys() -> Vec<Vec<u8>> {
    let mut state = 1_u32;
    let mut byte = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match state.to_be_bytes()[0] {
            control @ ..32 => control | 64,
            printed => printed,
        }
    };
    (0..COUNT)
        .map(|i| (0..i % 41).map(&mut byte).collect())
        .collect()
}

/// A partition as a digit.
pub(crate) fn digit(partition: i32) -> char {
    let number = u32::try_from(partition).ok();
    number
        .and_then(|number| char::from_digit(number, 36))
        .unwrap_or('?')
}
