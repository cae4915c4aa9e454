//! Readers that are slow beside others: each partition's stream is one, and polls are one.

use super::*;

/// Who reads a partition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum By {
    Polls,
    Stream,
}

/// A broker's answer: small batches of what nobody reads, and a large one of what somebody does.
fn serve(it: &mut Fixture, plan: &FetchPlan, read: i32, sizes: (usize, usize)) {
    let (small, large) = sizes;
    let size = |at: &TopicPartition| match at.partition == read {
        true => large.min(plan.partition_max_bytes),
        false => small.min(plan.partition_max_bytes),
    };
    let mut room = plan.max_bytes;
    let mut answers = Vec::new();
    for planned in &plan.partitions {
        let bytes = size(&planned.partition);
        if bytes <= room || answers.is_empty() {
            room = room.saturating_sub(bytes);
            answers.push((planned, bytes));
        }
    }
    let frame_bytes = answers.iter().map(|(_, bytes)| bytes).sum();
    it.fetcher.fetch_ended(plan.broker, None);
    for (planned, bytes) in answers {
        let next = planned.offset + 1;
        let mut answer = answer(&[batch("some", next, bytes)], next);
        answer.frame_bytes = frame_bytes;
        it.fetcher.fetched(planned, answer);
    }
}

/// `t-0` is read, and always has more; of the others one batch is read at first, and then nothing.
/// For so many rounds `t-0` gets something.
fn goes_on(limits: FetchLimits, slow: &[By], reader: By, sizes: (usize, usize)) {
    let what = format!("{reader:?} beside {slow:?}, {sizes:?}");
    let mut it = Fixture::with(limits);
    let count = i32::try_from(slow.len()).unwrap();
    let all = (0..=count).map(|n| (at(n), StartAt::Offset(0)));
    it.fetcher.assign(all.collect());
    let mut split = |n, by| (by == By::Stream).then(|| it.fetcher.split(&at(n)).unwrap());
    let own = split(0, reader);
    let _others: Vec<_> = (1..).zip(slow).map(|(n, by)| split(n, *by)).collect();
    for round in 0..500 {
        let take = |it: &mut Fixture| match &own {
            Some(stream) => it.fetcher.lend(Some(stream)).map(|(handed, _)| handed),
            None => it.fetcher.hand_out(),
        };
        while let Some(handed) = take(&mut it) {
            assert_eq!(handed.partition, at(0), "{what}");
        }
        if let Some(stream) = &own {
            it.fetcher.set_awaited(stream, true);
        }
        let plan = it.fetcher.poll_fetch(it.now, ONE, 1, &LedBy(ONE));
        let plan = plan.unwrap_or_else(|| panic!("{what}: nothing is fetched in round {round}"));
        assert!(it.fetcher.buffered() + it.fetcher.reserved() <= limits.budget);
        serve(&mut it, &plan, 0, sizes);
        assert!(
            it.fetcher.held(&at(0)) > 0,
            "{what}: nothing in round {round}"
        );
    }
}

#[test]
fn a_reader_that_is_slow_keeps_nothing_from_those_that_are_not() {
    const KB: usize = 1 << 10;
    let limits = FetchLimits {
        budget: 32 << 20,
        max_bytes: 50 << 20,
        partition_max_bytes: 1 << 20,
        ahead: 1 << 20,
    };
    for reader in [By::Polls, By::Stream] {
        // What polls have ready beside a stream's they would take: nobody polls then.
        let slow: &[By] = match reader {
            By::Polls => &[By::Stream],
            By::Stream => &[By::Stream, By::Polls],
        };
        for by in slow {
            for count in [1, 2, 5, 15, 40, 100] {
                for sizes in [(KB, 100 * KB), (30 * KB, 70 * KB), (10, 1000 * KB)] {
                    goes_on(limits, &vec![*by; count], reader, sizes);
                }
                goes_on(limits, &vec![*by; count], reader, (1000 * KB, 100 * KB));
            }
        }
    }
}

#[test]
fn what_is_copied_out_of_its_answer_takes_its_own_room_alone() {
    let mut it = Fixture::with(FetchLimits {
        partition_max_bytes: 1000,
        ..LIMITS
    });
    let stream = it.fetcher.split(&at(0)).unwrap();
    let plan = it.plan(ONE).unwrap();
    it.fetcher.fetch_ended(ONE, None);
    for (n, planned) in plan.partitions.iter().enumerate() {
        let mut answer = answer(&[batch("a", 5, 20), batch("b", 9, 40 + 800 * n)], 9);
        answer.frame_bytes = 920;
        it.fetcher.fetched(planned, answer);
    }
    assert!(it.plan(ONE).is_none(), "all of it is to be read still");
    assert_eq!(it.fetcher.buffered(), 920);
    let taken = [it.take(), it.take()];
    assert_eq!((taken, it.fetcher.buffered()), ([("a", 0), ("b", 5)], 920));
    assert!(it.plan(ONE).is_some());
    assert_eq!((it.fetcher.buffered(), it.fetcher.held(&at(0))), (60, 60));
    for expected in [("a", 40), ("b", 0)] {
        let (handed, lent) = it.fetcher.lend(Some(&stream)).unwrap();
        assert!(lent.advance(handed.from.offset, None));
        assert_eq!((handed.batch.batch, it.fetcher.buffered()), expected);
    }
}
