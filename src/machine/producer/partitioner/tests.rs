//! What each kind makes of null, empty and other keys.

use super::*;

const KEY: Option<&[u8]> = Some(b"abc");
const EMPTY: Option<&[u8]> = Some(b"");

#[test]
fn an_empty_key_is_hashed_and_a_null_key_is_sticky_as_in_java() {
    let java = PartitionerKind::Default;
    assert_eq!(java.choose(EMPTY), Choice::Hash(275_646_681));
    assert_eq!(java.choose(None), Choice::Sticky);
    assert_eq!(java.partition_for_key(Some(b""), 6), Some(275_646_681 % 6));
    assert_eq!(java.partition_for_key(Some(b"k"), 0), None);
}

#[test]
fn null_and_empty_keys_are_taken_as_librdkafka_takes_them() {
    use PartitionerKind as Kind;
    for (kind, null, empty, other) in [
        (Kind::Consistent, Some(0), Some(0), Some(0x3524_41c2)),
        (Kind::ConsistentRandom, None, None, Some(0x3524_41c2)),
        (
            Kind::Murmur2,
            Some(275_646_681),
            Some(275_646_681),
            Some(479_470_107),
        ),
        (
            Kind::Murmur2Random,
            None,
            Some(275_646_681),
            Some(479_470_107),
        ),
        (
            Kind::Fnv1a,
            Some(0x7ee3_623b),
            Some(0x7ee3_623b),
            Some(0x1a47_e90b),
        ),
        (
            Kind::Fnv1aRandom,
            None,
            Some(0x7ee3_623b),
            Some(0x1a47_e90b),
        ),
    ] {
        for (key, hash) in [(None, null), (EMPTY, empty), (KEY, other)] {
            let expected = hash.map_or(Choice::Sticky, Choice::Hash);
            assert_eq!(kind.choose(key), expected, "{kind} of {key:?}");
        }
    }
}

#[test]
fn random_and_round_robin_look_at_no_key() {
    for key in [None, EMPTY, KEY] {
        assert_eq!(PartitionerKind::Random.choose(key), Choice::Random);
        assert_eq!(PartitionerKind::RoundRobin.choose(key), Choice::RoundRobin);
        assert_eq!(PartitionerKind::RoundRobin.partition_for_key(key, 3), None);
    }
}

#[test]
fn a_hash_goes_over_all_partitions_and_a_turn_over_those_available() {
    let partitions = Partitions::new(4, &[0, 1, 3]);
    assert_eq!(partitions.of_hash(6), Some(2));
    let turns: Vec<_> = (0..5).map(|n| partitions.nth_available(n)).collect();
    assert_eq!(turns, [0, 1, 3, 0, 1].map(Some));
    assert_eq!(partitions.nth_available(u64::MAX), Some(0));

    let none = Partitions::new(0, &[]);
    assert_eq!((none.of_hash(6), none.nth_available(6)), (None, None));
}
