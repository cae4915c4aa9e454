//! The hashes that place keys, each as the client that it comes from reduces it to no sign.

/// Java's murmur2 (seed `0x9747b28c`) without its sign bit, as Java and librdkafka have it.
#[must_use]
pub(super) fn murmur2_positive(key: &[u8]) -> u32 {
    murmur2(key) & 0x7fff_ffff
}

/// The 32-bit FNV-1a, and of that the absolute value, as librdkafka has it from Sarama.
#[must_use]
pub(super) fn fnv1a_absolute(key: &[u8]) -> u32 {
    let hash = fnv1a(key);
    // Of a number and its negative, the one without the sign bit.
    hash.min(hash.wrapping_neg())
}

/// The CRC-32 of zip and zlib, as librdkafka has it; that of nothing is 0.
#[must_use]
pub(super) fn crc32(key: &[u8]) -> u32 {
    // Ten times as quick for short keys as the inflater's, which is made for long streams.
    !key.iter().fold(!0, |crc: u32, byte| {
        let [low, ..] = crc.to_le_bytes();
        (crc >> 8) ^ CRC_OF_BYTE[usize::from(low ^ byte)]
    })
}

const CRC_OF_BYTE: [u32; 256] = crc_of_byte();

const fn crc_of_byte() -> [u32; 256] {
    let mut table = [0; 256];
    let (mut at, mut byte) = (0, 0_u32);
    while at < table.len() {
        let (mut crc, mut bit) = (byte, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        table[at] = crc;
        at += 1;
        byte += 1;
    }
    table
}

fn murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let length = u32::try_from(key.len() & 0xffff_ffff).unwrap_or(u32::MAX);
    let mut hash = 0x9747_b28c_u32 ^ length;
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let mut k = little_endian(word);
        k = k.wrapping_mul(M);
        k ^= k >> R;
        k = k.wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        hash = (hash ^ little_endian(rest)).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

fn little_endian(bytes: &[u8]) -> u32 {
    let shift = |word: u32, byte: &u8| (word << 8) | u32::from(*byte);
    bytes.iter().rev().fold(0, shift)
}

fn fnv1a(key: &[u8]) -> u32 {
    key.iter().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_equals_javas() {
        // The vectors of Kafka's own UtilsTest, printed by the Java client.
        let cases: [(&[u8], i32); 7] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (
                b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            (b"abc", 479_470_107),
            (b"", 275_646_681),
        ];
        for (key, hash) in cases {
            let expected = u32::from_ne_bytes(hash.to_ne_bytes());
            assert_eq!(murmur2(key), expected, "{key:?}");
            assert_eq!(murmur2_positive(key), expected & !(1 << 31), "{key:?}");
        }
    }

    #[test]
    fn fnv1a_has_the_published_values_and_loses_only_its_sign() {
        // From the test suite of the hash's authors, and what Go prints for Sarama's hash.
        for (key, hash, absolute) in [
            (&b""[..], 0x811c_9dc5_u32, 0x7ee3_623b),
            (b"a", 0xe40c_292c, 0x1bf3_d6d4),
            (b"foobar", 0xbf9c_f968, 0x4063_0698),
            (b"kafka", 0x0d33_c4e1, 0x0d33_c4e1),
        ] {
            assert_eq!(fnv1a(key), hash, "{key:?}");
            assert_eq!(fnv1a_absolute(key), absolute, "{key:?}");
        }
    }

    #[test]
    fn crc32_has_the_check_value_of_zlibs() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
        for length in 0..300_u32 {
            let key: Vec<u8> = (0..length).map(|n| (n * n).to_le_bytes()[0]).collect();
            let mut oracle = flate2::Crc::new();
            oracle.update(&key);
            assert_eq!(crc32(&key), oracle.sum(), "{key:?}");
        }
    }
}
