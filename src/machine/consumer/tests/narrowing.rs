//! A batch that is larger than the largest response that is read.

use super::*;
use crate::error::FrameTooLarge;

const FRAME: FrameTooLarge = FrameTooLarge {
    size: 9000,
    limit: 5000,
};

/// Asks and answers as a broker does whose partition `culprit` has such a batch at offset 0: the
/// first partition with data decides. How many fetches it took until it was found.
fn find(it: &mut Fixture, culprit: i32, with_data: &[i32]) -> usize {
    for fetches in 1..200 {
        let plan = it.plan(ONE).unwrap();
        let has_data = |each: &&Planned| {
            let n = each.partition.partition;
            n == culprit || (with_data.contains(&n) && each.offset == 0)
        };
        let first = plan.partitions.iter().find(has_data);
        match first {
            Some(first) if first.partition == at(culprit) => {
                if let Some(error) = it.fetcher.too_large(ONE, &plan.partitions, FRAME) {
                    assert_eq!(error.partition(), Some(culprit));
                    return fetches;
                }
            }
            first => {
                it.fetcher.answered(ONE, 1, false);
                if let Some(first) = first {
                    it.answer(first, &[batch("data", 5, 10)]);
                    it.take();
                }
            }
        }
    }
    panic!("it is not found");
}

fn fixture(partitions: i32) -> Fixture {
    let mut it = Fixture::new();
    let each = |n| (at(n), StartAt::Offset(0));
    it.fetcher.assign((0..partitions).map(each).collect());
    it
}

#[test]
fn case_91_the_partition_with_a_batch_that_is_too_large_is_found_and_left_out() {
    for partitions in [1, 2, 3, 8, 100] {
        for culprit in [0, partitions / 2, partitions - 1] {
            let mut it = fixture(partitions);
            let all: Vec<i32> = (0..partitions).collect();
            for with_data in [&[][..], &all] {
                let fetches = find(&mut it, culprit, with_data);
                assert!(fetches <= 20 + with_data.len(), "{partitions}: {fetches}");
                if partitions > 1 {
                    let others = it.plan(ONE).unwrap();
                    assert_eq!(others.partition_max_bytes, 100);
                    it.fetcher.fetch_ended(ONE, None);
                    let mut planned = others.partitions.iter();
                    assert!(planned.all(|each| each.partition != at(culprit)));
                }
                it.fetcher.seek(&at(culprit), StartAt::Offset(0));
            }
        }
    }
}

#[test]
fn case_91_it_is_told_once_for_each_position() {
    let mut it = fixture(2);
    find(&mut it, 0, &[]);
    let error = it.fetcher.hand_out_error().unwrap();
    assert_eq!(
        (error.kind(), error.topic()),
        (ErrorKind::Config, Some("t"))
    );
    let words = error.to_string();
    for part in ["offset 0", "9000", "receive.message.max.bytes=5000"] {
        assert!(words.contains(part), "{words}");
    }
    it.now += Duration::from_secs(60);
    it.fetcher.hold(&[at(0)].into());
    it.fetcher.release(&[at(0)].into());
    assert!(it.fetcher.hand_out_error().is_none());
    let status = it.fetcher.explain(it.now, &at(0), &LedBy(ONE)).unwrap();
    assert!(matches!(status, PartitionStatus::Blocked(_)), "{status}");
    assert_eq!(it.plan(ONE).unwrap().partitions.len(), 1);
    it.fetcher.fetch_ended(ONE, None);
    for offset in [0, 5] {
        it.fetcher.seek(&at(0), StartAt::Offset(offset));
        assert_eq!(it.plan(ONE).unwrap().partitions.len(), 2, "it is asked for");
        it.fetcher.fetch_ended(ONE, None);
        find(&mut it, 0, &[]);
        assert!(it.fetcher.hand_out_error().is_some());
    }
}

#[test]
fn one_answer_that_is_too_large_blames_nobody() {
    let mut it = fixture(1);
    let plan = it.plan(ONE).unwrap();
    assert!(it.fetcher.too_large(ONE, &plan.partitions, FRAME).is_none());
    let plan = it.plan(ONE).unwrap();
    assert_eq!((plan.max_bytes, plan.partition_max_bytes), (1, 1));
    it.fetcher.answered(ONE, 1, false);
    it.answer(&plan.partitions[0], &[batch("a", 5, 10)]);
    assert_eq!(it.take(), ("a", 0));
    assert_eq!(it.plan(ONE).unwrap().partition_max_bytes, 100);
}

#[test]
fn what_is_too_large_for_a_place_that_was_left_meanwhile_is_forgotten() {
    let mut it = fixture(1);
    for _ in 0..2 {
        let plan = it.plan(ONE).unwrap();
        it.fetcher.seek(&at(0), StartAt::Offset(7));
        assert!(it.fetcher.too_large(ONE, &plan.partitions, FRAME).is_none());
    }
    assert!(it.plan(ONE).is_some());
}

#[test]
fn an_error_that_was_not_told_is_found_again_when_its_place_is_come_to_again() {
    let mut it = fixture(1);
    let plan = it.plan(ONE).unwrap();
    it.fetcher.answered(ONE, 1, false);
    it.answer(&plan.partitions[0], &[batch("a", 5, 10)]);
    let stream = it.fetcher.split(&at(0)).unwrap();
    let (_, lent) = it.fetcher.lend(Some(&stream)).unwrap();
    assert!(lent.advance(0, Some(3)));
    find(&mut it, 0, &[]);
    // The stream is dropped within the batch: its rest is fetched again.
    it.fetcher.join(&stream);
    assert!(it.fetcher.hand_out_error().is_none());
    let plan = it.plan(ONE).unwrap();
    assert_eq!(plan.partitions[0].offset, 3);
    it.fetcher.answered(ONE, 1, false);
    it.answer(&plan.partitions[0], &[batch("a", 5, 10)]);
    it.take();
    find(&mut it, 0, &[]);
    assert!(it.fetcher.hand_out_error().is_some());
}

#[test]
fn an_error_is_told_after_the_rest_of_the_batch_that_is_lent() {
    let mut it = fixture(1);
    let plan = it.plan(ONE).unwrap();
    it.fetcher.answered(ONE, 1, false);
    it.answer(&plan.partitions[0], &[batch("a", 5, 10)]);
    let (_, lent) = it.fetcher.lend(None).unwrap();
    assert!(lent.advance(0, Some(3)));
    find(&mut it, 0, &[]);
    assert!(it.fetcher.hand_out_error().is_none());
    assert!(lent.advance(3, None));
    assert!(it.fetcher.hand_out_error().is_some());
}
