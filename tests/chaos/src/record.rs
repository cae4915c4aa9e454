//! The values: who wrote it, for where, which one, a checksum, padding. Printable, so that any
//! console consumer can show them.
//!
//! `PRODUCER:PARTITION:SEQUENCE:CHECKSUM:PADDING`, where the checksum is FNV-1a (64 bits, 16
//! digits) of the topic and all other fields: a value that came into another topic, or partly from
//! another record, does not pass for one of ours.

/// What all values of a run have in common.
#[derive(Debug)]
pub(crate) struct Shape {
    topic: String,
    size: usize,
    seed: u64,
}

impl Shape {
    pub(crate) fn new(topic: &str, size: usize, seed: u64) -> Self {
        Self {
            topic: topic.to_owned(),
            size,
            seed,
        }
    }

    /// The value of a record; longer than the size if its fields are.
    pub(crate) fn value(&self, producer: u32, partition: i32, sequence: u64) -> String {
        let name = format!("{producer}:{partition}:{sequence}");
        let taken = name.len() + 2 + 16;
        let mut padding = String::with_capacity(self.size);
        let mut number = fnv(&[&name]) ^ self.seed;
        while padding.len() + taken < self.size {
            // Digits that compress little.
            number = number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            padding.push_str(&format!("{:08x}", number >> 32));
        }
        padding.truncate(self.size.saturating_sub(taken));
        let sum = fnv(&[&self.topic, &name, &padding]);
        format!("{name}:{sum:016x}:{padding}")
    }
}

/// FNV-1a over the parts, each followed by a zero.
fn fnv(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_names_its_record_and_has_the_size_asked_for() {
        let value = Shape::new("t", 100, 7).value(3, 12, 456);
        assert!(value.starts_with("3:12:456:"), "{value}");
        assert_eq!(value.len(), 100);
        assert!(value.bytes().all(|b| b.is_ascii_graphic()));
        assert_ne!(value, Shape::new("t", 100, 8).value(3, 12, 456), "the seed");
        assert!(Shape::new("t", 1, 7).value(3, 12, 456).ends_with(':'));
    }

    #[test]
    fn the_checksum_is_that_of_the_judge() {
        // `xtask/src/chaos/log.rs` has this value too.
        let value = Shape::new("t", 40, 7).value(1, 2, 3);
        assert_eq!(value, "1:2:3:16bded092018284e:7b6534bfec9fa60a7");
    }
}
