//! A line of a console consumer, and the record that it shows. Pure.
//!
//! The values are those of `tests/chaos/src/record.rs`, read here by code of its own.

/// A record as the log has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Logged<'a> {
    pub(super) partition: usize,
    pub(super) offset: i64,
    pub(super) value: &'a [u8],
}

/// What a value says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) producer: usize,
    pub(super) partition: usize,
    pub(super) sequence: usize,
}

impl<'a> Logged<'a> {
    /// Of `Partition:P<tab>Offset:O<tab>VALUE`, the order in which all versions print them.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let mut parts = line.splitn(3, |byte| *byte == b'\t');
        let partition = parts.next()?.strip_prefix(b"Partition:")?;
        let offset = parts.next()?.strip_prefix(b"Offset:")?;
        Some(Self {
            partition: number(partition)?,
            offset: number(offset)?,
            value: parts.next()?,
        })
    }
}

impl Identity {
    /// None where the value is not one of this topic's, whole and unchanged.
    pub(super) fn of(value: &[u8], topic: &str) -> Option<Self> {
        let mut fields = value.splitn(5, |byte| *byte == b':');
        let (producer, partition, sequence) = (fields.next()?, fields.next()?, fields.next()?);
        let (sum, padding) = (fields.next()?, fields.next()?);
        let name = value.get(..producer.len() + partition.len() + sequence.len() + 2)?;
        let claimed = std::str::from_utf8(sum).ok()?;
        let claimed = u64::from_str_radix(claimed, 16).ok()?;
        (fnv(&[topic.as_bytes(), name, padding]) == claimed).then_some(Self {
            producer: number(producer)?,
            partition: number(partition)?,
            sequence: number(sequence)?,
        })
    }
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// FNV-1a over the parts, each followed by a zero.
fn fnv(parts: &[&[u8]]) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    let mut mix = |byte: u8| sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for part in parts {
        part.iter().for_each(|byte| mix(*byte));
        mix(0);
    }
    sum
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A value of the topic `t`.
    pub(crate) fn value(producer: usize, partition: usize, sequence: usize) -> String {
        let name = format!("{producer}:{partition}:{sequence}");
        let sum = fnv(&[b"t", name.as_bytes(), b"abc"]);
        format!("{name}:{sum:016x}:abc")
    }

    #[test]
    fn a_line_of_the_console_consumer_is_understood() {
        let logged = Logged::parse(b"Partition:3\tOffset:17\ta\tb").unwrap();
        assert_eq!((logged.partition, logged.offset), (3, 17));
        assert_eq!(logged.value, b"a\tb");
        for bad in [
            "",
            "Partition:3\tOffset:17",
            "Offset:1\tPartition:2\tx",
            "x",
        ] {
            assert_eq!(Logged::parse(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn a_value_is_ours_only_whole_and_in_its_topic() {
        // As the workload's own test has it.
        let value = b"1:2:3:16bded092018284e:7b6534bfec9fa60a7";
        let identity = Identity::of(value, "t").unwrap();
        let expected = Identity {
            producer: 1,
            partition: 2,
            sequence: 3,
        };
        assert_eq!(identity, expected);
        assert_eq!(Identity::of(value, "u"), None, "another topic");
        for at in 0..value.len() {
            let mut damaged = value.to_vec();
            damaged[at] ^= 1;
            assert_eq!(Identity::of(&damaged, "t"), None, "byte {at}");
        }
        assert_eq!(Identity::of(&value[..30], "t"), None);
        assert_eq!(Identity::of(b"", "t"), None);
    }
}
