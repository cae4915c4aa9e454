//! What a consumer has committed and is committing, and which step of a handover waits for that.
//! Pure.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::commits::{Codes, CommitCall, Commits, Ended, Offsets, Refusal};
use super::{Partitions, Standing};
use crate::ids::TopicPartition;

/// See the module's page.
#[derive(Debug)]
pub(crate) struct Ledger {
    commits: Commits,
    noted: BTreeMap<TopicPartition, Noted>,
    /// Calls that have ended, and are noted.
    ended: VecDeque<Ended>,
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
            ended: VecDeque::new(),
            settling: None,
        }
    }

    /// Commits these, at the latest by `until`; of a member's, no longer than it is one. The ticket
    /// names the call's end.
    pub(crate) fn commit(&mut self, offsets: Offsets, until: Instant, of_member: bool) -> u64 {
        self.commits.commit(offsets, until, of_member)
    }

    /// The next request. `owned` says whose offsets may be committed.
    pub(crate) fn poll(
        &mut self,
        now: Instant,
        standing: Option<&Standing>,
        owned: impl Fn(&TopicPartition) -> bool,
    ) -> Option<CommitCall> {
        let call = self.commits.poll(now, standing, owned);
        self.note();
        call
    }

    /// Ends the calls whose time is over, and those of what is gone; all there is to do while
    /// nothing can be asked.
    pub(crate) fn expire(
        &mut self,
        now: Instant,
        standing: Option<&Standing>,
        owned: impl Fn(&TopicPartition) -> bool,
    ) {
        self.commits.expire(now, standing, owned);
        self.note();
    }

    /// An answer: the code of each partition, or why there is none. Says what the member must know.
    pub(crate) fn handle(&mut self, now: Instant, number: u64, answer: Codes) -> Option<Refusal> {
        let refusal = self.commits.handle(now, number, answer);
        self.note();
        refusal
    }

    /// What is confirmed, or may be written, is known at once, whoever asks first.
    fn note(&mut self) {
        for written in self.commits.take_written() {
            if let Some(noted) = self.noted(&written.at, written.newest) {
                (noted.committed, noted.maybe) = (Some(written.offset), None);
            }
        }
        while let Some(end) = self.commits.poll_done() {
            for (at, offset) in &end.maybe_written {
                if let Some(noted) = self.noted(at, end.ticket) {
                    noted.maybe = Some(offset.offset);
                }
            }
            self.ended.push_back(end);
        }
    }

    /// Unless the call is of the time before the partition went, and came back.
    fn noted(&mut self, at: &TopicPartition, ticket: u64) -> Option<&mut Noted> {
        let noted = self.noted.entry(at.clone()).or_default();
        (ticket > noted.before).then_some(noted)
    }

    /// A call that has ended. What failed is news again.
    pub(crate) fn poll_ended(&mut self) -> Option<Ended> {
        self.ended.pop_front()
    }

    /// Whether nothing waits to be settled.
    pub(crate) fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    /// None of these calls gets longer than this.
    pub(crate) fn end_by(&mut self, until: Instant, which: impl Fn(u64) -> bool) {
        self.commits.end_by(until, which);
    }

    /// Whether the coordinator may have moved since this was asked last.
    pub(crate) fn take_suspect(&mut self) -> bool {
        self.commits.take_suspect()
    }

    /// When there may be something to do without any news.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        self.commits.poll_timeout(now)
    }

    /// The group said that these are committed.
    pub(crate) fn know(&mut self, known: BTreeMap<TopicPartition, i64>) {
        let open = self.commits.open(|at| known.contains_key(at));
        let flight = self.commits.in_flight();
        for (at, offset) in known {
            let noted = self.noted.entry(at.clone()).or_default();
            // What is on its way to it is newer.
            if open.get(&at).is_some_and(|(by, _)| *by > noted.before) {
                continue;
            }
            noted.committed = Some(offset);
            let under_way =
                flight.filter(|(sent, newest)| *newest > noted.before && sent.contains_key(&at));
            noted.maybe.take_if(|_| under_way.is_none());
        }
    }

    /// What a consumer commits by itself of these: what was not committed before, and only where it
    /// `may_go_back` also what is behind that.
    pub(crate) fn news(
        &self,
        mut offsets: Offsets,
        may_go_back: impl Fn(&TopicPartition) -> bool,
    ) -> Offsets {
        let open = self.commits.open(|at| offsets.contains_key(at));
        offsets.retain(|at, offset| {
            let noted = self.noted.get(at);
            let before = noted.map_or(0, |it| it.before);
            let (sure, maybe) = match open.get(at).filter(|(by, _)| *by > before) {
                Some((_, open)) => (Some(*open), None),
                None => noted.map_or((None, None), |it| (it.committed, it.maybe)),
            };
            let this = Some(offset.offset);
            let is_known = sure == this && (maybe.is_none() || maybe == this);
            let is_behind = sure.max(maybe) > this;
            !is_known && (!is_behind || may_go_back(at))
        });
        offsets
    }

    /// These are somebody else's, or of a topic that is no more.
    pub(crate) fn forget(&mut self, partitions: &Partitions) {
        let before = self.commits.last_ticket();
        let open = self.commits.open(|at| partitions.contains(at));
        let sent = self.commits.in_flight().map(|(sent, _)| sent);
        for at in partitions {
            self.noted.remove(at);
            if open.contains_key(at) || sent.is_some_and(|sent| sent.contains_key(at)) {
                let noted = Noted {
                    before,
                    ..Noted::default()
                };
                self.noted.insert(at.clone(), noted);
            }
        }
    }

    /// Whether a call waits for what was assigned by hand.
    pub(crate) fn is_any_by_hand(&self) -> bool {
        self.commits.is_any_by_hand()
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
impl Ledger {
    /// The calls that a settling step would wait for now.
    pub(super) fn last_ticket(&self) -> u64 {
        self.commits.last_ticket()
    }

    pub(super) fn is_settled(&self, up_to: u64, of: &Partitions) -> bool {
        self.commits.is_settled(up_to, of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::machine::group::commits::tests::{SEC, at, codes, commits, offsets};

    fn answer(ledger: &mut Ledger, now: Instant, all: &[(i32, ErrorCode)]) {
        let call = ledger.poll(now, None, |_| true).unwrap();
        ledger.handle(now, call.number, codes(all));
    }

    fn ledger() -> (Ledger, Instant) {
        let (commits, now) = commits();
        (Ledger::new(commits), now)
    }

    fn commit(ledger: &mut Ledger, all: &[(i32, i64)], until: Instant) {
        ledger.commit(offsets(all), until, false);
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
    fn what_has_ended_is_known_before_anybody_is_told() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 5)], now + SEC);
        answer(&mut ledger, now, &[(0, ErrorCode::NONE)]);
        assert_eq!(ledger.news(offsets(&[(0, 4)]), |_| false), Offsets::new());
        ledger.poll_ended().unwrap().result.unwrap();
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
            ledger.expire(now + SEC, None, |_| true);
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
        assert_eq!(news(&ledger, &[(0, 10)]), Offsets::new());
        assert_eq!(ledger.news(offsets(&[(0, 9)]), |_| false), Offsets::new());
        assert_eq!(news(&ledger, &[(0, 9)]), offsets(&[(0, 9)]), "sought back");
    }

    #[test]
    fn what_may_be_committed_is_not_gone_back_behind_and_is_news_again() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 12)], now + SEC);
        ledger.poll(now, None, |_| true).unwrap();
        ledger.expire(now + SEC, None, |_| true);
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
        ledger.know([(at(0), 3)].into());
        assert_eq!(news(&ledger, &[(0, 3)]), Offsets::new());
        commit(&mut ledger, &[(0, 5)], now + SEC);
        ledger.know([(at(0), 3), (at(1), 4)].into());
        let both = [(0, 5), (1, 4)];
        assert_eq!(
            news(&ledger, &both),
            Offsets::new(),
            "nothing of 1 is on its way"
        );
        assert_eq!(news(&ledger, &[(0, 3)]), offsets(&[(0, 3)]));
    }

    /// A partition that goes and comes back in one slow request.
    #[test]
    fn what_the_group_says_is_newer_than_what_was_begun_before_it_came() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 5)], now + SEC);
        let call = ledger.poll(now, None, |_| true).unwrap();
        ledger.forget(&[at(0)].into());
        assert_eq!(news(&ledger, &[(0, 5)]), offsets(&[(0, 5)]));
        ledger.know([(at(0), 9)].into());
        let code = Ok([(at(0), ErrorCode::NONE)].into());
        ledger.handle(now, call.number, code);
        ledger.poll_ended().unwrap().result.unwrap();
        assert_eq!(news(&ledger, &[(0, 9)]), Offsets::new());
    }

    /// A call may be over before its request is answered.
    #[test]
    fn an_answer_that_comes_after_its_partition_went_and_came_back_says_nothing_of_it() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 12)], now + SEC);
        let call = ledger.poll(now, None, |_| true).unwrap();
        ledger.expire(now + SEC, None, |_| true);
        assert!(ledger.poll_ended().unwrap().result.is_err());
        ledger.know([(at(0), 8)].into());
        let behind = ledger.news(offsets(&[(0, 10)]), |_| false);
        assert_eq!(behind, Offsets::new(), "12 may be written yet");
        ledger.forget(&[at(0)].into());
        ledger.know([(at(0), 20)].into());
        let code = Ok([(at(0), ErrorCode::NONE)].into());
        ledger.handle(now + SEC, call.number, code);
        assert_eq!(news(&ledger, &[(0, 20)]), Offsets::new());
    }

    /// One call may wait for one partition long after another is confirmed.
    #[test]
    fn what_is_confirmed_is_known_while_its_call_waits_for_something_else() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 12), (1, 7)], now + SEC * 60);
        let codes = [
            (0, ErrorCode::NONE),
            (1, ErrorCode::COORDINATOR_LOAD_IN_PROGRESS),
        ];
        answer(&mut ledger, now, &codes);
        assert_eq!(ledger.news(offsets(&[(0, 9)]), |_| false), Offsets::new());
        assert_eq!(news(&ledger, &[(0, 12), (1, 7)]), Offsets::new());
        ledger.forget(&[at(0)].into());
        ledger.know([(at(0), 20)].into());
        answer(&mut ledger, now + SEC, &[(1, ErrorCode::NONE)]);
        ledger.poll_ended().unwrap().result.unwrap();
        assert_eq!(news(&ledger, &[(0, 20)]), Offsets::new());
    }

    #[test]
    fn who_seeks_back_to_what_was_committed_before_something_that_may_be_commits_it_again() {
        let (mut ledger, now) = ledger();
        commit(&mut ledger, &[(0, 10)], now + SEC);
        answer(&mut ledger, now, &[(0, ErrorCode::NONE)]);
        commit(&mut ledger, &[(0, 12)], now + SEC);
        ledger.poll(now, None, |_| true).unwrap();
        ledger.expire(now + SEC, None, |_| true);
        assert_eq!(news(&ledger, &[(0, 10)]), offsets(&[(0, 10)]));
    }
}
