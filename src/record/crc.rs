//! CRC-32C over pieces, and of a concatenation from the CRCs of its parts.
//!
//! Stamping a batch changes 40 bytes in front of up to a megabyte of records. Combining lets the
//! records be summed once, wherever that is cheap, and the header on every stamp: appending `n`
//! bytes multiplies a CRC, read as a polynomial over GF(2), by x^8n.

use bytes::Bytes;

/// The Castagnoli polynomial, bit-reversed as CRC registers are.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// The polynomial 1 in that order of bits.
const ONE: u32 = 1 << 31;

/// x^(8 * 2^k) for every bit k of a length in bytes.
const BYTE_SHIFTS: [u32; 48] = byte_shifts();

/// The CRC of all pieces in order.
pub(crate) fn of_pieces(pieces: &[Bytes]) -> u32 {
    pieces
        .iter()
        .fold(0, |crc, piece| crc32c::crc32c_append(crc, piece))
}

/// The CRC of a concatenation, from those of its halves and the length of the second one.
pub(crate) fn combine(first: u32, second: u32, second_len: usize) -> u32 {
    let mut shifted = first;
    for (bit, shift) in BYTE_SHIFTS.iter().enumerate() {
        if second_len >> bit & 1 == 1 {
            shifted = multiply(*shift, shifted);
        }
    }
    shifted ^ second
}

/// The product of two polynomials modulo [`POLYNOMIAL`].
const fn multiply(a: u32, b: u32) -> u32 {
    let (mut product, mut power, mut bit) = (0, b, ONE);
    while bit != 0 {
        if a & bit != 0 {
            product ^= power;
        }
        power = (power >> 1) ^ (POLYNOMIAL & (power & 1).wrapping_neg());
        bit >>= 1;
    }
    product
}

const fn byte_shifts() -> [u32; 48] {
    let mut shifts = [0; 48];
    let mut shift = ONE >> 8;
    let mut at = 0;
    while at < shifts.len() {
        shifts[at] = shift;
        shift = multiply(shift, shift);
        at += 1;
    }
    shifts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combining_equals_summing_the_whole() {
        let data: Vec<u8> = (0..200_000_u32)
            .map(|i| i.to_le_bytes()[0] ^ 0x5a)
            .collect();
        for (first, second) in [(0, 0), (40, 0), (0, 9), (40, 1), (40, 16_323), (7, 199_993)] {
            let (a, b) = data[..first + second].split_at(first);
            let whole = crc32c::crc32c(&data[..first + second]);
            let halves = combine(crc32c::crc32c(a), crc32c::crc32c(b), second);
            assert_eq!(halves, whole, "{first} + {second}");
        }
    }

    #[test]
    fn pieces_sum_like_their_concatenation() {
        let pieces = [
            Bytes::from_static(b"1234"),
            Bytes::new(),
            Bytes::from_static(b"56789"),
        ];
        // The check value of CRC-32C in every catalogue of CRCs.
        assert_eq!(of_pieces(&pieces), 0xe306_9283);
    }
}
