//! The sticky choice: one partition for a while, then another, the idle ones more often (KIP-794).
//!
//! Few large batches instead of many small ones, and over time each partition gets what its broker
//! takes. A partition's chance falls with its load as in Java: with loads of 0, 3 and 1 the chances
//! are 4, 1 and 3 of 8. Unlike Java's, a switch always goes elsewhere if it can.

use crate::machine::rng::Rng;

/// How many partitions a switch compares. What it costs stays the same in a topic of thousands;
/// up to so many the chances are exactly those above.
const COMPARED: usize = 64;

/// The place, among the `available` partitions, of the next sticky one: another than `current` if
/// there is another.
///
/// `load` says how much waits for the partition at a place; `None` leaves it out, as one whose
/// broker has stood still for `partitioner.availability.timeout.ms`, unless all would be left out.
/// It is asked once for each that is compared, and may change at any time. Equal loads make all
/// chances equal. Allocates nothing.
#[must_use]
pub(crate) fn next_sticky(
    random: u64,
    current: Option<usize>,
    available: usize,
    load: impl Fn(usize) -> Option<u32>,
) -> Option<usize> {
    let mut rng = Rng::new(random);
    let start = start(&mut rng, available);
    let others = (start..available)
        .chain(0..start)
        .filter(|place| Some(*place) != current)
        .take(COMPARED);
    let mut slots = [(0, 0); COMPARED];
    let mut compared = gather(&mut slots, others.clone(), &load);
    if compared.is_empty() {
        compared = gather(&mut slots, others, |_| Some(0));
    }
    // Where nothing else is there, the current one stays.
    draw(&mut rng, compared).or_else(|| current.filter(|place| *place < available))
}

/// Where to begin to compare; where all are compared it makes no difference.
fn start(rng: &mut Rng, available: usize) -> usize {
    match u64::try_from(available) {
        Ok(bound) if available > COMPARED => usize::try_from(rng.below(bound)).unwrap_or(0),
        _ => 0,
    }
}

/// The places that have a load, with it.
fn gather(
    slots: &mut [(usize, u32)],
    places: impl Iterator<Item = usize>,
    load: impl Fn(usize) -> Option<u32>,
) -> &[(usize, u32)] {
    let with_load = places.filter_map(|place| Some((place, load(place)?)));
    let mut count = 0;
    for (slot, found) in slots.iter_mut().zip(with_load) {
        *slot = found;
        count += 1;
    }
    slots.get(..count).unwrap_or_default()
}

/// One of them; each has a share for every unit that its load is below the largest, and one more.
fn draw(rng: &mut Rng, compared: &[(usize, u32)]) -> Option<usize> {
    let most = compared.iter().map(|(_, load)| *load).max()?;
    let shares = |load: &u32| u64::from(most.abs_diff(*load)) + 1;
    let mut ticket = rng.below(compared.iter().map(|(_, load)| shares(load)).sum());
    for (place, load) in compared {
        match ticket.checked_sub(shares(load)) {
            Some(rest) => ticket = rest,
            None => return Some(*place),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use super::*;

    const DRAWS: usize = 80_000;

    /// How often each place comes next.
    fn counts(
        current: Option<usize>,
        available: usize,
        load: impl Fn(usize) -> Option<u32>,
    ) -> BTreeMap<usize, usize> {
        let mut counts = BTreeMap::new();
        for random in (0..).take(DRAWS) {
            let next = next_sticky(random, current, available, &load).unwrap();
            *counts.entry(next).or_default() += 1;
        }
        counts
    }

    /// Whether a count is that of so many eighths of the draws, to a twentieth of it.
    fn is_eighths(count: usize, eighths: usize) -> bool {
        count.abs_diff(DRAWS * eighths / 8) < DRAWS * eighths / 160
    }

    #[test]
    fn chances_fall_with_the_load_as_in_javas_table() {
        let counts = counts(None, 3, |place| [0, 3, 1].get(place).copied());
        assert!(is_eighths(counts[&0], 4), "{counts:?}");
        assert!(is_eighths(counts[&1], 1), "{counts:?}");
        assert!(is_eighths(counts[&2], 3), "{counts:?}");
    }

    #[test]
    fn equal_loads_make_equal_chances_and_the_current_one_is_left() {
        let counts = counts(Some(1), 5, |_| Some(1_000_000));
        assert!(counts.keys().eq(&[0, 2, 3, 4]));
        assert!(
            counts.values().all(|count| is_eighths(*count, 2)),
            "{counts:?}"
        );
    }

    #[test]
    fn the_largest_loads_overflow_nothing() {
        let counts = counts(None, 3, |place| Some(if place == 1 { u32::MAX } else { 0 }));
        assert!(!counts.contains_key(&1), "one chance in 2^33: {counts:?}");
        assert!(is_eighths(counts[&0], 4), "{counts:?}");
    }

    #[test]
    fn a_partition_that_is_left_out_comes_only_if_all_are() {
        let but = |slow: &'static [usize]| move |place| (!slow.contains(&place)).then_some(5);
        let counted = counts(Some(0), 3, but(&[2]));
        assert!(counted.keys().eq(&[1]));
        let counted = counts(Some(0), 3, but(&[1, 2]));
        assert!(
            is_eighths(counted[&1], 4) && counted.len() == 2,
            "{counted:?}"
        );
    }

    #[test]
    fn the_current_one_stays_where_no_other_is() {
        assert_eq!(next_sticky(1, Some(0), 1, |_| Some(0)), Some(0));
        assert_eq!(next_sticky(1, Some(0), 1, |_| None), Some(0));
        assert_eq!(next_sticky(1, Some(4), 1, |_| None), Some(0));
        assert_eq!(next_sticky(1, Some(4), 0, |_| Some(0)), None);
        assert_eq!(next_sticky(1, None, 0, |_| Some(0)), None);
    }

    #[test]
    fn a_topic_of_thousands_costs_no_more_and_leaves_none_out() {
        let asked = Cell::new(0);
        let counts = counts(Some(17), 4000, |_| {
            asked.set(asked.get() + 1);
            Some(9)
        });
        assert_eq!(asked.get(), DRAWS * COMPARED);
        // 20 draws each on average.
        assert_eq!(counts.len(), 3999);
        assert!(counts.values().all(|count| *count < 60));
    }
}
