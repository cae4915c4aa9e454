//! What a consumer has committed and is committing, and which step of a handover waits for that.
//! Pure.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Partitions;
use super::commits::{Commits, Ended, Offsets};
use crate::ids::TopicPartition;

/// See the module's page.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) commits: Commits,
    noted: BTreeMap<TopicPartition, Noted>,
    /// Handovers go one step at a time: whatever waited before is over.
    settling: Option<Settling>,
}

/// Offsets of one partition.
#[derive(Debug, Default)]
struct Noted {
    /// What was committed last.
    committed: Option<i64>,
    /// What is about to be, and by which call.
    open: Option<(u64, i64)>,
}

/// A step of a handover that waits until commits of its partitions have ended, up to a ticket: what
/// is begun later does not hold it up.
#[derive(Debug)]
struct Settling {
    step: u64,
    up_to: u64,
    partitions: Partitions,
}

impl Ledger {
    pub(crate) fn new(commits: Commits) -> Self {
        Self {
            commits,
            noted: BTreeMap::new(),
            settling: None,
        }
    }

    /// Commits these, at the latest by `until`; of a member's, no longer than it is one. The ticket
    /// names the call's end.
    pub(crate) fn commit(&mut self, offsets: Offsets, until: Instant, of_member: bool) -> u64 {
        let noted: Vec<(TopicPartition, i64)> = offsets
            .iter()
            .map(|(at, it)| (at.clone(), it.offset))
            .collect();
        let ticket = self.commits.commit(offsets, until, of_member);
        for (at, offset) in noted {
            self.noted.entry(at).or_default().open = Some((ticket, offset));
        }
        ticket
    }

    /// A call has ended. What failed is news again, unless a newer call is about it.
    pub(crate) fn poll_ended(&mut self) -> Option<Ended> {
        let end = self.commits.poll_done()?;
        for at in end.failed.keys().chain(end.confirmed.keys()) {
            if let Some(noted) = self.noted.get_mut(at) {
                let confirmed = end.confirmed.get(at).map(|it| it.offset);
                noted.committed = confirmed.or(noted.committed);
                noted.open.take_if(|(ticket, _)| *ticket == end.ticket);
            }
        }
        Some(end)
    }

    /// The group said that this is committed.
    pub(crate) fn know(&mut self, at: TopicPartition, offset: i64) {
        // What is on its way to it is newer.
        if !self.commits.is_open(&at) {
            self.noted.entry(at).or_default().committed = Some(offset);
        }
    }

    /// What was committed last of this, or is about to be.
    pub(crate) fn committed(&self, at: &TopicPartition) -> Option<i64> {
        let noted = self.noted.get(at)?;
        noted.open.map(|(_, offset)| offset).or(noted.committed)
    }

    /// Those that were not committed before.
    pub(crate) fn news(&self, mut offsets: Offsets) -> Offsets {
        offsets.retain(|at, offset| self.committed(at) != Some(offset.offset));
        offsets
    }

    /// These are somebody else's, or of a topic that is no more.
    pub(crate) fn forget<'a>(&mut self, partitions: impl IntoIterator<Item = &'a TopicPartition>) {
        for at in partitions {
            self.noted.remove(at);
        }
    }

    /// A step of a handover is done once what has begun of these commits has ended.
    pub(crate) fn settle(&mut self, step: u64, partitions: Partitions) {
        let up_to = self.commits.last_ticket();
        self.settling = Some(Settling {
            step,
            up_to,
            partitions,
        });
    }

    /// The step whose commits have ended, well or not.
    pub(crate) fn poll_settled(&mut self) -> Option<u64> {
        let Self {
            commits, settling, ..
        } = self;
        let ended = settling.take_if(|it| commits.is_settled(it.up_to, &it.partitions))?;
        Some(ended.step)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::{ErrorCode, Result};
    use crate::machine::backoff::BackoffPolicy;

    const SEC: Duration = Duration::from_secs(1);

    fn at(partition: i32) -> TopicPartition {
        TopicPartition::new("t", partition)
    }

    fn offsets(all: &[(i32, i64)]) -> Offsets {
        let each = |(partition, offset): &(i32, i64)| (at(*partition), (*offset).into());
        all.iter().map(each).collect()
    }

    fn answer(ledger: &mut Ledger, now: Instant, codes: &[(i32, ErrorCode)]) {
        let call = ledger.commits.poll(now, None, |_| true).unwrap();
        let codes: Result<_> = Ok(codes.iter().map(|(p, code)| (at(*p), *code)).collect());
        ledger.commits.handle(now, call.number, codes);
    }

    fn ledger() -> (Ledger, Instant) {
        let (initial, max) = (SEC / 10, SEC);
        let commits = Commits::new(BackoffPolicy { initial, max }, 1);
        (Ledger::new(commits), Instant::now())
    }

    #[test]
    fn what_failed_is_news_again_and_what_was_confirmed_beside_it_is_none() {
        let (mut ledger, now) = ledger();
        ledger.commit(offsets(&[(0, 5), (1, 5)]), now + SEC, false);
        let codes = [
            (0, ErrorCode::NONE),
            (1, ErrorCode::OFFSET_METADATA_TOO_LARGE),
        ];
        answer(&mut ledger, now, &codes);
        assert!(ledger.poll_ended().unwrap().result.is_err());
        let news = ledger.news(offsets(&[(0, 5), (1, 5)]));
        assert_eq!(news, offsets(&[(1, 5)]));
    }

    #[test]
    fn what_failed_is_no_news_while_a_newer_call_is_about_it() {
        let (mut ledger, now) = ledger();
        ledger.commit(offsets(&[(0, 5)]), now, false);
        ledger.commit(offsets(&[(0, 5)]), now + SEC, false);
        ledger.commits.expire(now, None, |_| true);
        assert!(ledger.poll_ended().unwrap().result.is_err());
        assert_eq!(ledger.news(offsets(&[(0, 5)])), Offsets::new());
        assert!(ledger.poll_ended().is_none());
    }

    /// By itself a consumer never goes back behind what the user committed.
    #[test]
    fn what_fails_after_something_was_confirmed_leaves_that() {
        let (mut ledger, now) = ledger();
        ledger.commit(offsets(&[(0, 10)]), now + SEC, false);
        answer(&mut ledger, now, &[(0, ErrorCode::NONE)]);
        ledger.poll_ended().unwrap().result.unwrap();
        ledger.commit(offsets(&[(0, 12)]), now + SEC, false);
        assert_eq!(ledger.committed(&at(0)), Some(12));
        answer(
            &mut ledger,
            now,
            &[(0, ErrorCode::OFFSET_METADATA_TOO_LARGE)],
        );
        assert!(ledger.poll_ended().unwrap().result.is_err());
        assert_eq!(ledger.committed(&at(0)), Some(10));
    }

    #[test]
    fn a_step_waits_for_what_had_begun_of_its_partitions() {
        let (mut ledger, now) = ledger();
        ledger.commit(offsets(&[(0, 5)]), now + SEC, false);
        ledger.settle(1, [at(1)].into());
        assert_eq!(ledger.poll_settled(), Some(1), "nothing of these");
        ledger.settle(2, [at(0)].into());
        assert_eq!(ledger.poll_settled(), None);
        answer(&mut ledger, now, &[(0, ErrorCode::NONE)]);
        ledger.commit(offsets(&[(0, 6)]), now + SEC, false);
        assert_eq!(
            ledger.poll_settled(),
            Some(2),
            "what began later is not waited for"
        );
        assert_eq!(ledger.poll_settled(), None, "once");
    }

    #[test]
    fn what_the_group_says_is_older_than_what_is_on_its_way() {
        let (mut ledger, now) = ledger();
        ledger.know(at(0), 3);
        assert_eq!(ledger.committed(&at(0)), Some(3));
        ledger.commit(offsets(&[(0, 5)]), now + SEC, false);
        ledger.know(at(0), 3);
        ledger.know(at(1), 4);
        assert_eq!(ledger.committed(&at(0)), Some(5));
        assert_eq!(
            ledger.committed(&at(1)),
            Some(4),
            "nothing of it is on its way"
        );
        ledger.forget([&at(0)]);
        assert_eq!(ledger.committed(&at(0)), None);
    }
}
