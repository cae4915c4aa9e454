//! Zigzag varints as records use them: seven bits a byte, small numbers of either sign short.

/// How many bytes `value` takes.
#[inline]
pub(crate) fn varint_len(value: i32) -> usize {
    varlong_len(i64::from(value))
}

/// How many bytes `value` takes.
#[inline]
pub(crate) fn varlong_len(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros();
    // A quotient of at most 10.
    usize::try_from(bits.div_ceil(7)).unwrap_or(MAX_VARLONG)
}

/// The longest varlong.
pub(crate) const MAX_VARLONG: usize = 10;

/// A number that takes two bytes, zigzagged already.
#[inline]
pub(super) fn two_bytes(wide: u64) -> [u8; 2] {
    [low_byte(wide) | 0x80, low_byte(wide >> 7)]
}

#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    u64::from_ne_bytes(((value << 1) ^ (value >> 63)).to_ne_bytes())
}

/// Writes `value` byte by byte through `put`, the low seven bits first.
#[inline]
pub(crate) fn write_varlong(value: i64, mut put: impl FnMut(u8)) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        put(low_byte(rest) | 0x80);
        rest >>= 7;
    }
    put(low_byte(rest));
}

#[inline]
fn low_byte(value: u64) -> u8 {
    let [low, ..] = value.to_le_bytes();
    low
}

/// Takes a varint from the front of `input`; `None` if it is cut off or too long.
#[inline]
pub(crate) fn take_varint(input: &mut &[u8]) -> Option<i32> {
    if let Some((&first, rest)) = input.split_first() {
        if first < 0x80 {
            *input = rest;
            return Some(i32::from(first >> 1) ^ -i32::from(first & 1));
        }
    }
    // The lengths of most records take two bytes.
    if let Some((&[first, second], rest)) = input.split_first_chunk() {
        if second < 0x80 {
            *input = rest;
            let raw = i32::from(first & 0x7f) | i32::from(second) << 7;
            return Some((raw >> 1) ^ -(raw & 1));
        }
    }
    let wide = take_unsigned(input, 5)?;
    let narrow = u32::try_from(wide).ok()?;
    let signed = |half: u32| i32::from_ne_bytes(half.to_ne_bytes());
    Some(signed(narrow >> 1) ^ -signed(narrow & 1))
}

/// Takes a varlong from the front of `input`; `None` if it is cut off or too long.
#[inline]
pub(crate) fn take_varlong(input: &mut &[u8]) -> Option<i64> {
    if let Some((&first, rest)) = input.split_first() {
        if first < 0x80 {
            *input = rest;
            return Some(i64::from(first >> 1) ^ -i64::from(first & 1));
        }
    }
    let wide = take_unsigned(input, MAX_VARLONG)?;
    let signed = |half: u64| i64::from_ne_bytes(half.to_ne_bytes());
    Some(signed(wide >> 1) ^ -signed(wide & 1))
}

#[inline]
fn take_unsigned(input: &mut &[u8], max_len: usize) -> Option<u64> {
    let mut value = 0_u64;
    let mut shift = 0_u32;
    let mut bytes = input.iter();
    for &byte in bytes.by_ref().take(max_len) {
        let seven = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit only.
        if shift == 63 && seven > 1 {
            return None;
        }
        value |= seven << shift;
        if byte < 0x80 {
            *input = bytes.as_slice();
            return Some(value);
        }
        shift += 7;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: i64) -> Vec<u8> {
        let mut out = Vec::new();
        write_varlong(value, |byte| out.push(byte));
        out
    }

    #[test]
    fn every_length_round_trips_and_is_foretold() {
        let mut values = vec![0, i64::MAX, i64::MIN];
        for shift in 0..63 {
            for value in [(1_i64 << shift) - 1, 1 << shift] {
                values.extend([value, -value]);
            }
        }
        for value in values {
            let bytes = encoded(value);
            assert_eq!(bytes.len(), varlong_len(value), "{value}");
            let mut input = &bytes[..];
            assert_eq!(take_varlong(&mut input), Some(value));
            assert!(input.is_empty());
            let narrow = i32::try_from(value).ok();
            assert_eq!(take_varint(&mut &bytes[..]), narrow, "{value}");
        }
    }

    #[test]
    fn cut_off_and_overlong_numbers_are_refused() {
        assert_eq!(take_varint(&mut &[][..]), None);
        assert_eq!(take_varint(&mut &[0x80, 0x80][..]), None);
        assert_eq!(take_varint(&mut &[0xff, 0xff, 0xff, 0xff, 0x1f][..]), None);
        assert_eq!(take_varint(&mut &[0x80; 6][..]), None);
        assert_eq!(take_varlong(&mut &[0xff; 11][..]), None);
        assert_eq!(
            take_varlong(&mut &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2][..]),
            None
        );
    }
}
