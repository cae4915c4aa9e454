//! The verdict over what the producer was told and what the consumers saw. Pure.

use std::collections::HashMap;

use super::orders;

/// Where the producer was told that a record is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Acked {
    pub(super) partition: i32,
    /// `None` where the broker did not say, as for a duplicate that it recognised.
    pub(super) offset: Option<i64>,
}

/// One record as a consumer saw it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Seen {
    /// Which record it says it is; `None` if its bytes are not those of that record.
    pub(super) index: Option<u64>,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

impl Seen {
    /// Compares key and value with the record that the value names.
    pub(super) fn new(
        partition: i32,
        offset: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Self {
        let mut expected = String::new();
        let index = value.and_then(orders::index_of).filter(|&i| {
            orders::value(i, &mut expected);
            value == Some(expected.as_bytes()) && key == Some(orders::key(i).as_bytes())
        });
        Self {
            index,
            partition,
            offset,
        }
    }
}

/// How many records have each fault; a record counts as verified if it has none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Report {
    pub(super) records: u64,
    pub(super) verified: u64,
    /// Not acknowledged.
    pub(super) failed: u64,
    /// Never seen.
    pub(super) missing: u64,
    /// Seen more than once.
    pub(super) duplicates: u64,
    /// Bytes that are not those of any record.
    pub(super) damaged: u64,
    /// Not where the producer was told.
    pub(super) misplaced: u64,
    /// After a later record of the same partition.
    pub(super) reordered: u64,
    /// Not in the partition of the other records of their key.
    pub(super) strayed: u64,
}

impl Report {
    /// Judges. `seen` has the records of each partition in the order in which they came.
    pub(super) fn new(acked: &[Option<Acked>], seen: &[Seen]) -> Self {
        let mut report = Self {
            records: count(acked.len()),
            ..Self::default()
        };
        let mut good = vec![true; acked.len()];
        let mut times = vec![0_u32; acked.len()];
        let mut last: HashMap<i32, u64> = HashMap::new();
        let mut homes: HashMap<String, i32> = HashMap::new();
        for record in seen {
            let slot = record.index.and_then(|i| usize::try_from(i).ok());
            let known = slot.and_then(|slot| {
                Some((
                    record.index?,
                    acked.get(slot)?,
                    good.get_mut(slot)?,
                    times.get_mut(slot)?,
                ))
            });
            let Some((index, acked, good, times)) = known else {
                report.damaged += 1;
                continue;
            };
            *times += 1;
            let there = acked.is_none_or(|acked| {
                acked.partition == record.partition
                    && acked.offset.is_none_or(|offset| offset == record.offset)
            });
            let ordered = last.get(&record.partition).is_none_or(|&last| last < index);
            last.insert(record.partition, index);
            let home = *homes.entry(orders::key(index)).or_insert(record.partition);
            report.misplaced += u64::from(!there);
            report.reordered += u64::from(!ordered);
            report.strayed += u64::from(home != record.partition);
            *good &= there && ordered && home == record.partition;
        }
        for ((acked, good), times) in acked.iter().zip(good).zip(times) {
            report.failed += u64::from(acked.is_none());
            report.missing += u64::from(times == 0);
            report.duplicates += u64::from(times > 1);
            report.verified += u64::from(acked.is_some() && good && times == 1);
        }
        report
    }

    /// The faults that occurred, with their counts.
    pub(super) fn faults(&self) -> Vec<(&'static str, u64)> {
        let all = [
            ("not acknowledged", self.failed),
            ("missing", self.missing),
            ("there more than once", self.duplicates),
            ("damaged", self.damaged),
            ("not where the producer was told", self.misplaced),
            ("out of order in their partition", self.reordered),
            ("not in their key's partition", self.strayed),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Partition 0 has all records, as if there were no other.
    fn acked(count: i64) -> Vec<Option<Acked>> {
        (0..count)
            .map(|offset| {
                Some(Acked {
                    partition: 0,
                    offset: Some(offset),
                })
            })
            .collect()
    }

    fn seen(partition: i32, offset: i64, i: u64) -> Seen {
        let mut value = String::new();
        orders::value(i, &mut value);
        Seen::new(
            partition,
            offset,
            Some(orders::key(i).as_bytes()),
            Some(value.as_bytes()),
        )
    }

    fn report(seen: &[Seen]) -> Report {
        Report::new(&acked(3), seen)
    }

    #[test]
    fn all_in_their_places_is_verified() {
        let report = report(&[seen(0, 0, 0), seen(0, 1, 1), seen(0, 2, 2)]);
        assert_eq!((report.verified, report.records), (3, 3));
        assert_eq!(report.faults(), []);
    }

    #[test]
    fn each_fault_is_found_and_costs_its_record() {
        let cases: [(&[Seen], &str); 5] = [
            (&[seen(0, 0, 0), seen(0, 1, 1)], "missing"),
            (
                &[seen(0, 0, 0), seen(0, 1, 1), seen(0, 2, 2), seen(0, 3, 2)],
                "there more than once",
            ),
            (
                &[seen(0, 0, 0), seen(0, 2, 2), seen(0, 1, 1)],
                "out of order in their partition",
            ),
            (
                &[seen(0, 0, 0), seen(0, 1, 1), seen(0, 9, 2)],
                "not where the producer was told",
            ),
            (&[seen(0, 0, 0), seen(0, 1, 1), seen(0, 2, 7)], "damaged"),
        ];
        for (seen, fault) in cases {
            let report = report(seen);
            assert_eq!(report.verified, 2, "{fault}: {report:?}");
            assert!(
                report.faults().iter().any(|(name, _)| *name == fault),
                "{fault}: {report:?}"
            );
        }
    }

    #[test]
    fn other_bytes_are_damage() {
        let mut value = String::new();
        orders::value(1, &mut value);
        let key = orders::key(1);
        let of = |key: Option<&[u8]>, value: &[u8]| Seen::new(0, 1, key, Some(value)).index;
        assert_eq!(of(Some(key.as_bytes()), value.as_bytes()), Some(1));
        assert_eq!(of(None, value.as_bytes()), None);
        assert_eq!(of(Some(b"customer-x"), value.as_bytes()), None);
        value.push(' ');
        assert_eq!(of(Some(key.as_bytes()), value.as_bytes()), None);
        assert_eq!(Seen::new(0, 1, Some(key.as_bytes()), None).index, None);
    }

    #[test]
    fn a_key_in_two_partitions_is_found() {
        let same_key = (1..).find(|&i| orders::key(i) == orders::key(0)).unwrap();
        let mut acked = acked(i64::try_from(same_key).unwrap() + 1);
        *acked.last_mut().unwrap() = Some(Acked {
            partition: 1,
            offset: Some(0),
        });
        let report = Report::new(&acked, &[seen(0, 0, 0), seen(1, 0, same_key)]);
        assert_eq!((report.strayed, report.verified), (1, 1));
    }
}
