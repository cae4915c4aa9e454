//! What a consumer has committed and is committing, and which step of a handover waits for that.
//! Pure.

use std::collections::BTreeMap;

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

/// What is known of one partition, besides what is open.
#[derive(Debug, Default)]
struct Noted {
    /// Calls up to this one are of the time before it went, and came back.
    before: u64,
    /// What was committed last.
    committed: Option<i64>,
    /// What may be, though its call has failed.
    maybe: Option<i64>,
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

    /// A call has ended. What failed is news again.
    pub(crate) fn poll_ended(&mut self) -> Option<Ended> {
        let end = self.commits.poll_done()?;
        let is_old = |noted: &Noted| end.ticket <= noted.before;
        for (at, offset) in &end.confirmed {
            let noted = self.noted.entry(at.clone()).or_default();
            if !is_old(noted) {
                (noted.committed, noted.maybe) = (Some(offset.offset), None);
            }
        }
        for (at, offset) in &end.maybe_written {
            let noted = self.noted.entry(at.clone()).or_default();
            if !is_old(noted) {
                noted.maybe = Some(offset.offset);
            }
        }
        Some(end)
    }

    /// The group said that this is committed.
    pub(crate) fn know(&mut self, at: TopicPartition, offset: i64) {
        let noted = self.noted.entry(at.clone()).or_default();
        // What is on its way to it is newer.
        if self.commits.open(&at, noted.before).is_none() {
            (noted.committed, noted.maybe) = (Some(offset), None);
        }
    }

    /// What was committed last of this, or is about to be.
    fn committed(&self, at: &TopicPartition) -> Option<i64> {
        let noted = self.noted.get(at);
        let open = self.commits.open(at, noted.map_or(0, |it| it.before));
        open.or_else(|| noted?.committed)
    }

    /// What a consumer commits by itself of these: what was not committed before, and only where it
    /// `may_go_back` also what is behind that.
    pub(crate) fn news(
        &self,
        mut offsets: Offsets,
        may_go_back: impl Fn(&TopicPartition) -> bool,
    ) -> Offsets {
        offsets.retain(|at, offset| {
            let committed = self.committed(at);
            let maybe = self.noted.get(at).and_then(|it| it.maybe);
            let is_behind = committed.max(maybe) > Some(offset.offset);
            committed != Some(offset.offset) && (!is_behind || may_go_back(at))
        });
        offsets
    }

    /// These are somebody else's, or of a topic that is no more.
    pub(crate) fn forget<'a>(&mut self, partitions: impl IntoIterator<Item = &'a TopicPartition>) {
        for at in partitions {
            self.noted.remove(at);
            if self.commits.open(at, 0).is_some() {
                let before = self.commits.last_ticket();
                let noted = Noted {
                    before,
                    ..Noted::default()
                };
                self.noted.insert(at.clone(), noted);
            }
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
    use std::time::{Duration, Instant};

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

    fn commit(ledger: &mut Ledger, all: &[(i32, i64)], until: Instant) {
        ledger.commits.commit(offsets(all), until, false);
    }

    fn news(ledger: &Ledger, all: &[(i32, i64)]) -> Offsets {
        ledger.news(offsets(all), |_| true)
    }

    #[test]
    fn what_failed_is_news_again_and_what_was_confirmed_beside_it_is_none() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 5), (1, 5)], now + SEC);
        assert_eq!(news(&ledger, &[(0, 5), (1, 5)]), Offsets::new());
        let codes = [
            (0, ErrorCode::NONE),
            (1, ErrorCode::OFFSET_METADATA_TOO_LARGE),
        ];
        answer(&mut ledger, now, &codes);
        assert!(ledger.poll_ended().unwrap().result.is_err());
        assert_eq!(news(&ledger, &[(0, 5), (1, 5)]), offsets(&[(1, 5)]));
    }

    #[test]
    fn what_failed_is_no_news_while_another_call_is_about_it() {
        for newer in [false, true] {
            let (mut ledger, now) = ledger();
            commit(
                &mut ledger,
                &[(0, 5)],
                now + if newer { SEC } else { SEC * 2 },
            );
            commit(
                &mut ledger,
                &[(0, 5)],
                now + if newer { SEC * 2 } else { SEC },
            );
            ledger.commits.expire(now + SEC, None, |_| true);
            assert!(ledger.poll_ended().unwrap().result.is_err());
            assert_eq!(news(&ledger, &[(0, 5)]), Offsets::new());
            assert!(ledger.poll_ended().is_none());
        }
    }

    /// By itself a consumer never goes back behind what the user committed.
    #[test]
    fn what_fails_after_something_was_confirmed_leaves_that() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 10)], now + SEC);
        answer(&mut ledger, now, &[(0, ErrorCode::NONE)]);
        ledger.poll_ended().unwrap().result.unwrap();
        commit(&mut ledger, &[(0, 12)], now + SEC);
        answer(
            &mut ledger,
            now,
            &[(0, ErrorCode::OFFSET_METADATA_TOO_LARGE)],
        );
        assert!(ledger.poll_ended().unwrap().result.is_err());
        assert_eq!(ledger.committed(&at(0)), Some(10));
        assert_eq!(ledger.news(offsets(&[(0, 9)]), |_| false), Offsets::new());
        assert_eq!(news(&ledger, &[(0, 9)]), offsets(&[(0, 9)]), "sought back");
    }

    #[test]
    fn what_may_be_committed_is_not_gone_back_behind_and_is_news_again() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 12)], now + SEC);
        ledger.commits.poll(now, None, |_| true).unwrap();
        ledger.commits.expire(now + SEC, None, |_| true);
        assert!(ledger.poll_ended().unwrap().result.is_err());
        assert_eq!(ledger.news(offsets(&[(0, 9)]), |_| false), Offsets::new());
        assert_eq!(news(&ledger, &[(0, 12)]), offsets(&[(0, 12)]));
    }

    #[test]
    fn a_step_waits_for_what_had_begun_of_its_partitions() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 5)], now + SEC);
        ledger.settle(1, [at(1)].into());
        assert_eq!(ledger.poll_settled(), Some(1), "nothing of these");
        ledger.settle(2, [at(0)].into());
        assert_eq!(ledger.poll_settled(), None);
        answer(&mut ledger, now, &[(0, ErrorCode::NONE)]);
        commit(&mut ledger, &[(0, 6)], now + SEC);
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
        commit(&mut ledger, &[(0, 5)], now + SEC);
        ledger.know(at(0), 3);
        ledger.know(at(1), 4);
        assert_eq!(ledger.committed(&at(0)), Some(5));
        assert_eq!(
            ledger.committed(&at(1)),
            Some(4),
            "nothing of it is on its way"
        );
    }

    /// A partition that goes and comes back in one slow request.
    #[test]
    fn what_the_group_says_is_newer_than_what_was_begun_before_it_came() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 5)], now + SEC);
        let call = ledger.commits.poll(now, None, |_| true).unwrap();
        ledger.forget([&at(0)]);
        assert_eq!(ledger.committed(&at(0)), None);
        ledger.know(at(0), 9);
        let code = Ok([(at(0), ErrorCode::NONE)].into());
        ledger.commits.handle(now, call.number, code);
        ledger.poll_ended().unwrap().result.unwrap();
        assert_eq!(ledger.committed(&at(0)), Some(9));
    }
}
