//! Commits on their way to the coordinator: one request at a time, in the order of the calls. Pure.
//!
//! So whatever is late or lost, an older commit never overtakes a newer one, and the committed
//! offset goes back only where the user asks for it. While one request is under way the calls that
//! come in are collected, and the next request carries the newest offset of each partition.
//!
//! A commit is for the membership in which its partitions are owned. What was taken away meanwhile
//! is refused here: its new owner commits now. A commit that meets a rebalance is sent again in the
//! new generation, for what is still owned then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

pub(crate) use self::job::Ended;
use self::job::Job;
pub use self::offset::OffsetAndMetadata;
pub(crate) use self::offset::Offsets;
use super::Standing;
use super::trouble::Trouble;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::TopicPartition;
use crate::machine::backoff::{Backoff, BackoffPolicy};

mod job;
mod offset;

/// A request to send, and the number under which its answer comes back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CommitCall {
    pub(crate) number: u64,
    /// `None` for a consumer that is no member and assigns by hand.
    pub(crate) standing: Option<Standing>,
    pub(crate) offsets: Offsets,
}

/// The code of each partition, or why there is none.
pub(crate) type Codes = Result<BTreeMap<TopicPartition, ErrorCode>>;

/// What a commit was refused with for what the member is, and in which membership.
pub(crate) type Refusal = (u64, Error);

/// What was confirmed of one partition, in a request of the calls up to `newest`.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) at: TopicPartition,
    pub(crate) offset: i64,
    pub(crate) newest: u64,
}

#[derive(Debug)]
struct Flight {
    number: u64,
    /// The newest call that it carries.
    newest: u64,
    era: Option<u64>,
    offsets: Offsets,
    /// Those that went meanwhile. It may be confirmed yet, but is not said again: another member
    /// may have committed since, even where the partition comes back.
    gone: BTreeSet<TopicPartition>,
}

/// The commits of one consumer; see the module's page.
#[derive(Debug)]
pub(crate) struct Commits {
    jobs: VecDeque<Job>,
    in_flight: Option<Flight>,
    backoff: Backoff,
    last_ticket: u64,
    last_number: u64,
    done: VecDeque<Ended>,
    written: Vec<Written>,
    suspect: bool,
}

impl Commits {
    pub(crate) fn new(retry: BackoffPolicy, seed: u64) -> Self {
        Self {
            jobs: VecDeque::new(),
            in_flight: None,
            backoff: Backoff::new(retry, seed),
            last_ticket: 0,
            last_number: 0,
            done: VecDeque::new(),
            written: Vec::new(),
            suspect: false,
        }
    }

    /// Commits these, at the latest by `until`; of a member's, no longer than it is one. The ticket
    /// names the call's end.
    pub(crate) fn commit(&mut self, offsets: Offsets, until: Instant, of_member: bool) -> u64 {
        self.last_ticket += 1;
        let job = Job::new(self.last_ticket, offsets, until, of_member);
        self.jobs.push_back(job);
        self.last_ticket
    }

    /// The ticket of the newest call.
    pub(crate) fn last_ticket(&self) -> u64 {
        self.last_ticket
    }

    /// Whether nothing of these partitions waits to be settled, of the calls up to this one.
    pub(crate) fn is_settled(&self, up_to: u64, of: &BTreeSet<TopicPartition>) -> bool {
        let jobs = self.jobs.iter().filter(|job| job.end.ticket <= up_to);
        !jobs
            .flat_map(|job| job.open.keys())
            .any(|at| of.contains(at))
    }

    /// What is about to be committed of these, and by which call.
    pub(crate) fn open(
        &self,
        which: impl Fn(&TopicPartition) -> bool,
    ) -> BTreeMap<TopicPartition, (u64, i64)> {
        let mut open = BTreeMap::new();
        for job in &self.jobs {
            for (at, said) in job.all_said().filter(|(at, _)| which(at)) {
                open.insert(at.clone(), (job.end.ticket, said.offset));
            }
        }
        open
    }

    /// What the request under way says, and the newest call that it carries.
    pub(crate) fn in_flight(&self) -> Option<(&Offsets, u64)> {
        let flight = self.in_flight.as_ref()?;
        Some((&flight.offsets, flight.newest))
    }

    /// Whether a call waits for what was assigned by hand.
    pub(crate) fn is_any_by_hand(&self) -> bool {
        self.jobs.iter().any(|job| !job.of_member)
    }

    /// None of these calls gets longer than this.
    pub(crate) fn end_by(&mut self, until: Instant, which: impl Fn(u64) -> bool) {
        for job in self.jobs.iter_mut().filter(|job| which(job.end.ticket)) {
            job.until = job.until.min(until);
        }
    }

    /// Whether nothing waits to be settled.
    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The next request. `owned` says whose offsets may be committed.
    pub(crate) fn poll(
        &mut self,
        now: Instant,
        standing: Option<&Standing>,
        owned: impl Fn(&TopicPartition) -> bool,
    ) -> Option<CommitCall> {
        self.expire(now, standing, owned);
        if self.in_flight.is_some() || self.backoff.until().is_some_and(|until| now < until) {
            return None;
        }
        let newest = self.jobs.back()?.end.ticket;
        let mut offsets = Offsets::new();
        for job in &mut self.jobs {
            job.was_sent = true;
            let said = job.all_said();
            offsets.extend(said.map(|(at, it)| (at.clone(), it.clone())));
        }
        self.last_number += 1;
        let number = self.last_number;
        self.in_flight = Some(Flight {
            number,
            newest,
            era: standing.map(|standing| standing.era),
            offsets: offsets.clone(),
            gone: BTreeSet::new(),
        });
        Some(CommitCall {
            number,
            standing: standing.cloned(),
            offsets,
        })
    }

    /// Ends the calls whose time is over, and those of what is gone; all there is to do while
    /// nothing can be asked.
    pub(crate) fn expire(
        &mut self,
        now: Instant,
        standing: Option<&Standing>,
        owned: impl Fn(&TopicPartition) -> bool,
    ) {
        self.time_out(now);
        let is_member = standing.is_some();
        if let Some(flight) = &mut self.in_flight {
            // By whom it was made there is nobody any more.
            let is_over = flight.era.is_some() != is_member;
            let stays = |at| !is_over && (!is_member || owned(at));
            let gone = flight.offsets.keys().filter(|at| !stays(at));
            flight.gone.extend(gone.cloned());
        }
        for job in &mut self.jobs {
            // What a member did ends with its membership: a group without members would believe a
            // stranger, and go back behind what others committed since. And a member does not
            // commit what was assigned by hand before.
            let is_over = job.of_member != is_member;
            let stays = |at: &TopicPartition| !is_over && (!is_member || owned(at));
            let flight = self.in_flight.as_ref();
            let flight = flight.filter(|flight| job.end.ticket <= flight.newest);
            // What is on its way may still be confirmed.
            let is_on_its_way =
                |at: &TopicPartition| flight.is_some_and(|it| it.offsets.contains_key(at));
            job.refuse_unless(|at| is_on_its_way(at) || stays(at));
        }
        self.settle();
    }

    /// What went out of a call that ends now may be written: an older one that has more time left
    /// says the same from now on, and not what came before that.
    fn time_out(&mut self, now: Instant) {
        let mut maybe_written = Offsets::new();
        for job in self.jobs.iter_mut().rev() {
            for at in job.open.keys() {
                if let Some(newer) = maybe_written.get(at) {
                    job.instead.insert(at.clone(), newer.clone());
                }
            }
            if job.until <= now {
                job.time_out();
                maybe_written.extend(job.end.maybe_written.clone());
            }
        }
    }

    /// Ends the calls of which nothing is open.
    fn settle(&mut self) {
        for job in std::mem::take(&mut self.jobs) {
            match job.open.is_empty() {
                true => self.done.push_back(job.end),
                false => self.jobs.push_back(job),
            }
        }
    }

    /// An answer: the code of each partition, or why there is none. Says what the member must know.
    pub(crate) fn handle(&mut self, now: Instant, number: u64, answer: Codes) -> Option<Refusal> {
        let current = self.in_flight.as_ref()?.number == number;
        let flight = current.then(|| self.in_flight.take()).flatten()?;
        let mut refusal = None;
        let mut failed = false;
        for (at, sent) in &flight.offsets {
            let error = match &answer {
                Err(error) => Some(error.clone()),
                Ok(codes) => codes.get(at).map_or_else(
                    || Some(omitted()),
                    |code| code.err().map(|code| Error::broker(code, "committing")),
                ),
            };
            let Some(error) = error else {
                self.written.push(Written {
                    at: at.clone(),
                    offset: sent.offset,
                    newest: flight.newest,
                });
                self.settled(at, flight.newest, None);
                continue;
            };
            let trouble = match Trouble::of(&error) {
                // Who is no member does not become one by asking again: the group has others.
                Trouble::Generation | Trouble::Member if flight.era.is_none() => Trouble::Refused,
                trouble => trouble,
            };
            match trouble {
                Trouble::Refused if is_of_metadata(&error) => {
                    self.refuse_metadata(at, flight.newest, &error);
                }
                Trouble::Refused | Trouble::Fenced => {
                    self.settled(at, flight.newest, Some(&error));
                }
                _ => {
                    failed = true;
                    self.suspect |= trouble == Trouble::Moved;
                    self.later(at, flight.newest, &error);
                }
            }
            if flight.gone.contains(at) {
                for job in self.carried(flight.newest) {
                    job.refuse_unless(|open| open != at);
                }
            }
            let member = matches!(
                trouble,
                Trouble::Rebalance
                    | Trouble::Stale
                    | Trouble::Generation
                    | Trouble::Member
                    | Trouble::Fenced
            );
            if let (Some(era), true) = (flight.era, member) {
                refusal = Some((era, error));
            }
        }
        if failed {
            self.backoff.failed(now);
        } else {
            self.backoff.succeeded();
        }
        self.settle();
        refusal
    }

    fn carried(&mut self, newest: u64) -> impl DoubleEndedIterator<Item = &mut Job> {
        self.jobs
            .iter_mut()
            .filter(move |job| job.end.ticket <= newest)
    }

    fn settled(&mut self, at: &TopicPartition, newest: u64, error: Option<&Error>) {
        for job in self.carried(newest) {
            match error {
                Some(error) => job.fail(at, error),
                None => job.confirm(at),
            }
        }
    }

    /// It is the metadata of the newest call, of those that were carried, or what that and others
    /// have taken over.
    fn refuse_metadata(&mut self, at: &TopicPartition, newest: u64, error: &Error) {
        let calls = self.carried(newest).rev();
        let mut calls = calls.filter(|job| job.open.contains_key(at));
        let Some(job) = calls.next() else {
            return;
        };
        let Some(refused) = job.instead.remove(at) else {
            return job.fail(at, error);
        };
        for older in calls.filter(|job| job.instead.get(at) == Some(&refused)) {
            older.instead.remove(at);
        }
    }

    fn later(&mut self, at: &TopicPartition, newest: u64, error: &Error) {
        for job in self.carried(newest).filter(|job| job.open.contains_key(at)) {
            job.last = Some(error.clone());
        }
    }

    /// What was confirmed since this was asked last.
    pub(crate) fn take_written(&mut self) -> Vec<Written> {
        std::mem::take(&mut self.written)
    }

    /// A call that has ended.
    pub(crate) fn poll_done(&mut self) -> Option<Ended> {
        self.done.pop_front()
    }

    /// Whether the coordinator may have moved since this was asked last.
    pub(crate) fn take_suspect(&mut self) -> bool {
        std::mem::take(&mut self.suspect)
    }

    /// When there may be something to do without any news.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let ends = self.jobs.iter().map(|job| job.until);
        let retry = self.backoff.until().filter(|_| self.in_flight.is_none());
        ends.chain(retry).filter(|at| *at > now).min()
    }
}

fn is_of_metadata(error: &Error) -> bool {
    error.code() == Some(ErrorCode::OFFSET_METADATA_TOO_LARGE)
}

fn omitted() -> Error {
    let code = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
    Error::broker(code, "the answer to the commit lacks the partition")
}

#[cfg(test)]
pub(in crate::machine::group) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::ErrorKind;

    pub(in crate::machine::group) const SEC: Duration = Duration::from_secs(1);

    pub(in crate::machine::group) fn at(partition: i32) -> TopicPartition {
        TopicPartition::new("t", partition)
    }

    pub(in crate::machine::group) fn offsets(all: &[(i32, i64)]) -> Offsets {
        let each = |(partition, offset): &(i32, i64)| (at(*partition), (*offset).into());
        all.iter().map(each).collect()
    }

    pub(in crate::machine::group) fn codes(all: &[(i32, ErrorCode)]) -> Codes {
        Ok(all.iter().map(|(p, code)| (at(*p), *code)).collect())
    }

    fn standing(era: u64) -> Standing {
        Standing {
            era,
            generation: 1,
            member_id: "me".to_owned(),
            instance_id: None,
        }
    }

    pub(in crate::machine::group) fn commits() -> (Commits, Instant) {
        let retry = BackoffPolicy {
            initial: SEC / 10,
            max: SEC,
        };
        (Commits::new(retry, 1), Instant::now())
    }

    fn ended_well(commits: &mut Commits) -> Option<u64> {
        let end = commits.poll_done()?;
        end.result.unwrap();
        Some(end.ticket)
    }

    fn any(_: &TopicPartition) -> bool {
        true
    }

    /// Another member may have committed more since.
    #[test]
    fn case_74_what_failed_on_its_way_is_not_said_again_when_its_partition_comes_back() {
        let lost = Error::new(ErrorKind::Timeout, "no answer");
        let rebalance = codes(&[
            (0, ErrorCode::ILLEGAL_GENERATION),
            (1, ErrorCode::ILLEGAL_GENERATION),
        ]);
        for failed in [Err(lost), rebalance] {
            for coordinator_is_known in [true, false] {
                let (mut commits, now) = commits();
                let until = now + SEC * 60;
                commits.commit(offsets(&[(0, 5), (1, 5)]), until, true);
                let call = commits.poll(now, Some(&standing(1)), any).unwrap();
                let kept = |it: &TopicPartition| *it == at(1);
                match coordinator_is_known {
                    true => assert_eq!(commits.poll(now, Some(&standing(1)), kept), None),
                    false => commits.expire(now, Some(&standing(1)), kept),
                }
                commits.handle(now, call.number, failed.clone());
                let again = commits.poll(now + SEC, Some(&standing(2)), any).unwrap();
                assert_eq!(again.offsets, offsets(&[(1, 5)]));
                commits.handle(now, again.number, codes(&[(1, ErrorCode::NONE)]));
                let end = commits.poll_done().unwrap();
                assert_eq!(end.result.unwrap_err().partition(), Some(0));
                assert_eq!(end.failed.into_keys().collect::<Vec<_>>(), [at(0)]);
                assert_eq!(end.confirmed, [at(1)].into());
            }
        }
    }

    #[test]
    fn a_call_is_settled_though_newer_ones_are_not() {
        let (mut commits, now) = commits();
        let until = now + SEC * 60;
        let first = commits.commit(offsets(&[(0, 5)]), until, true);
        let call = commits.poll(now, Some(&standing(1)), any).unwrap();
        commits.commit(offsets(&[(0, 6)]), until, true);
        let of = [at(0)].into();
        assert!(!commits.is_settled(first, &of));
        assert!(commits.is_settled(first, &[at(1)].into()));
        commits.handle(now, call.number, codes(&[(0, ErrorCode::NONE)]));
        assert!(commits.is_settled(first, &of));
        assert!(!commits.is_settled(commits.last_ticket(), &of));
        commits.end_by(now, |_| true);
        commits.expire(now, Some(&standing(1)), any);
        assert!(commits.is_settled(commits.last_ticket(), &of));
    }

    #[test]
    fn what_a_member_began_is_not_committed_by_a_stranger() {
        let (mut commits, now) = commits();
        let until = now + SEC * 60;
        let of_member = commits.commit(offsets(&[(0, 5)]), until, true);
        let by_hand = commits.commit(offsets(&[(1, 7)]), until, false);
        let call = commits.poll(now, None, any).unwrap();
        assert_eq!(call.offsets, offsets(&[(1, 7)]));
        let end = commits.poll_done().unwrap();
        assert_eq!((end.ticket, end.result.is_err()), (of_member, true));
        commits.handle(now, call.number, codes(&[(1, ErrorCode::NONE)]));
        assert_eq!(ended_well(&mut commits), Some(by_hand));
    }

    #[test]
    fn what_is_on_its_way_may_be_confirmed_though_its_partition_is_gone() {
        let (mut commits, now) = commits();
        let until = now + SEC * 60;
        let begun = commits.commit(offsets(&[(0, 5)]), until, true);
        let call = commits.poll(now, Some(&standing(1)), any).unwrap();
        let late = commits.commit(offsets(&[(0, 6)]), until, true);
        assert_eq!(commits.poll(now, None, |_| false), None);
        let end = commits.poll_done().unwrap();
        assert_eq!(
            (end.ticket, end.result.is_err()),
            (late, true),
            "it never left"
        );
        assert!(commits.poll_done().is_none());
        commits.handle(now, call.number, codes(&[(0, ErrorCode::NONE)]));
        assert_eq!(ended_well(&mut commits), Some(begun));
    }

    #[test]
    fn case_74_one_request_at_a_time_and_the_next_one_carries_the_newest() {
        let (mut commits, now) = commits();
        let until = now + SEC * 60;
        let first = commits.commit(offsets(&[(0, 5)]), until, false);
        let call = commits.poll(now, None, any).unwrap();
        assert_eq!(call.offsets, offsets(&[(0, 5)]));
        let second = commits.commit(offsets(&[(0, 7), (1, 1)]), until, false);
        let third = commits.commit(offsets(&[(0, 9)]), until, false);
        assert_eq!(commits.poll(now, None, any), None, "one at a time");
        commits.handle(now, call.number, codes(&[(0, ErrorCode::NONE)]));
        assert_eq!(ended_well(&mut commits), Some(first));
        assert_eq!(ended_well(&mut commits), None);
        let call = commits.poll(now, None, any).unwrap();
        assert_eq!(call.offsets, offsets(&[(0, 9), (1, 1)]));
        let both = codes(&[(0, ErrorCode::NONE), (1, ErrorCode::NONE)]);
        commits.handle(now, call.number, both);
        let done: Vec<u64> = std::iter::from_fn(|| ended_well(&mut commits)).collect();
        assert_eq!(done, [second, third]);
        assert!(commits.is_empty());
    }

    #[test]
    fn case_74_a_commit_that_was_lost_is_not_sent_again_over_a_newer_one() {
        let (mut commits, now) = commits();
        let until = now + SEC * 60;
        commits.commit(offsets(&[(0, 5)]), until, false);
        let call = commits.poll(now, None, any).unwrap();
        commits.commit(offsets(&[(0, 9)]), until, false);
        let lost = Error::new(ErrorKind::Disconnected, "lost");
        commits.handle(now, call.number, Err(lost));
        assert!(commits.take_suspect());
        assert_eq!(commits.poll(now, None, any), None, "after a backoff");
        let call = commits.poll(now + SEC, None, any).unwrap();
        assert_eq!(call.offsets, offsets(&[(0, 9)]));
        commits.handle(now, call.number, codes(&[(0, ErrorCode::NONE)]));
        let all_well = std::iter::from_fn(|| commits.poll_done()).all(|end| end.result.is_ok());
        assert!(all_well && commits.is_empty());
    }

    #[test]
    fn case_74_what_may_be_written_is_not_sent_over_by_an_older_call_with_more_time() {
        let (mut commits, now) = commits();
        let older = commits.commit(offsets(&[(0, 4), (1, 4)]), now + SEC * 60, false);
        commits.commit(offsets(&[(0, 5)]), now + SEC, false);
        let call = commits.poll(now, None, any).unwrap();
        assert_eq!(call.offsets, offsets(&[(0, 5), (1, 4)]));
        commits.commit(offsets(&[(1, 6)]), now + SEC, false);
        commits.expire(now + SEC, None, any);
        assert!(commits.poll_done().unwrap().result.is_err());
        assert!(commits.poll_done().unwrap().result.is_err());
        let lost = Error::new(ErrorKind::Disconnected, "lost");
        commits.handle(now + SEC, call.number, Err(lost));
        let again = commits.poll(now + SEC * 3, None, any).unwrap();
        assert_eq!(again.offsets, offsets(&[(0, 5), (1, 4)]), "6 never left");
        let both = codes(&[(0, ErrorCode::NONE), (1, ErrorCode::NONE)]);
        commits.handle(now, again.number, both);
        assert_eq!(ended_well(&mut commits), Some(older));
    }

    #[test]
    fn metadata_that_was_taken_over_is_given_up_where_it_is_too_large() {
        let (mut commits, now) = commits();
        let fine = commits.commit(offsets(&[(0, 4)]), now + SEC * 60, false);
        commits.commit(offsets(&[(0, 5)]), now + SEC, false);
        let call = commits.poll(now, None, any).unwrap();
        commits.expire(now + SEC, None, any);
        let end = commits.poll_done().unwrap();
        assert_eq!(end.maybe_written, offsets(&[(0, 5)]));
        let open = commits.open(any).remove(&at(0));
        assert_eq!(open, Some((fine, 5)), "as the newer call said");
        let answer = codes(&[(0, ErrorCode::OFFSET_METADATA_TOO_LARGE)]);
        commits.handle(now + SEC, call.number, answer);
        let call = commits.poll(now + SEC, None, any).unwrap();
        assert_eq!(call.offsets, offsets(&[(0, 4)]), "5 was surely not written");
        commits.handle(now, call.number, codes(&[(0, ErrorCode::NONE)]));
        assert_eq!(ended_well(&mut commits), Some(fine));
    }

    #[test]
    fn what_was_begun_by_hand_is_committed_though_the_group_is_to_assign_from_now_on() {
        let (mut commits, now) = commits();
        let ticket = commits.commit(offsets(&[(0, 5)]), now + SEC * 60, false);
        let call = commits.poll(now, None, |_| false).unwrap();
        assert_eq!((call.standing, call.offsets), (None, offsets(&[(0, 5)])));
        commits.expire(now, None, |_| false);
        let code = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        commits.handle(now, call.number, codes(&[(0, code)]));
        let call = commits.poll(now + SEC, None, |_| false).unwrap();
        commits.handle(now, call.number, codes(&[(0, ErrorCode::NONE)]));
        assert_eq!(ended_well(&mut commits), Some(ticket));
        commits.commit(offsets(&[(0, 6)]), now + SEC * 60, false);
        assert_eq!(commits.poll(now, Some(&standing(1)), any), None);
        assert!(
            commits.poll_done().unwrap().result.is_err(),
            "a member does not commit what was assigned by hand"
        );
    }

    /// Another member may have committed more since.
    #[test]
    fn case_74_an_older_call_is_not_made_up_for_once_its_partition_was_gone() {
        let (mut commits, now) = commits();
        let until = now + SEC * 60;
        commits.commit(offsets(&[(0, 5)]), until, true);
        commits.commit(offsets(&[(0, 6)]), until, true);
        let call = commits.poll(now, Some(&standing(1)), any).unwrap();
        commits.expire(now, Some(&standing(1)), |_| false);
        let answer = codes(&[(0, ErrorCode::OFFSET_METADATA_TOO_LARGE)]);
        commits.handle(now, call.number, answer);
        assert_eq!(commits.poll(now + SEC, Some(&standing(2)), any), None);
        assert!(commits.is_empty());
    }

    #[test]
    fn metadata_that_is_too_large_is_of_the_call_that_has_it() {
        let (mut commits, now) = commits();
        let until = now + SEC * 60;
        let fine = commits.commit(offsets(&[(0, 5)]), until, false);
        let refused = commits.commit(offsets(&[(0, 6)]), until, false);
        let call = commits.poll(now, None, any).unwrap();
        let answer = codes(&[(0, ErrorCode::OFFSET_METADATA_TOO_LARGE)]);
        commits.handle(now, call.number, answer);
        let end = commits.poll_done().unwrap();
        assert_eq!((end.ticket, end.result.is_err()), (refused, true));
        let call = commits.poll(now, None, any).unwrap();
        assert_eq!(call.offsets, offsets(&[(0, 5)]));
        commits.handle(now, call.number, codes(&[(0, ErrorCode::NONE)]));
        assert_eq!(ended_well(&mut commits), Some(fine));
    }

    #[test]
    fn a_refused_partition_fails_its_call_and_no_other() {
        let (mut commits, now) = commits();
        let until = now + SEC * 60;
        commits.commit(offsets(&[(0, 5), (1, 5)]), until, false);
        commits.commit(offsets(&[(0, 6)]), until, false);
        let call = commits.poll(now, None, any).unwrap();
        let answer = codes(&[
            (0, ErrorCode::NONE),
            (1, ErrorCode::OFFSET_METADATA_TOO_LARGE),
        ]);
        assert!(commits.handle(now, call.number, answer).is_none());
        let error = commits.poll_done().unwrap().result.unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::OFFSET_METADATA_TOO_LARGE));
        assert_eq!((error.topic(), error.partition()), (Some("t"), Some(1)));
        assert!(commits.poll_done().unwrap().result.is_ok());
    }

    #[test]
    fn a_commit_of_an_unknown_member_waits_for_a_new_membership_and_without_any_it_fails() {
        let (mut commits, now) = commits();
        let code = ErrorCode::UNKNOWN_MEMBER_ID;
        commits.commit(offsets(&[(0, 5)]), now + SEC * 60, false);
        let call = commits.poll(now, None, any).unwrap();
        let refusal = commits.handle(now, call.number, codes(&[(0, code)]));
        assert!(refusal.is_none(), "there is no member to tell");
        let error = commits.poll_done().unwrap().result.unwrap_err();
        assert_eq!((error.code(), error.partition()), (Some(code), Some(0)));
        commits.commit(offsets(&[(0, 5)]), now + SEC * 60, true);
        let call = commits.poll(now, Some(&standing(1)), any).unwrap();
        let refusal = commits.handle(now, call.number, codes(&[(0, code)]));
        assert!(refusal.is_some() && commits.poll_done().is_none());
        let call = commits.poll(now + SEC, Some(&standing(2)), any).unwrap();
        assert_eq!(call.offsets, offsets(&[(0, 5)]));
    }

    #[test]
    fn case_56_a_commit_in_a_rebalance_is_sent_again_for_what_is_still_owned() {
        let (mut commits, now) = commits();
        commits.commit(offsets(&[(0, 5), (1, 5)]), now + SEC * 60, true);
        let call = commits.poll(now, Some(&standing(1)), any).unwrap();
        assert_eq!(call.standing, Some(standing(1)));
        let code = ErrorCode::REBALANCE_IN_PROGRESS;
        let refusal = commits.handle(now, call.number, codes(&[(0, code), (1, code)]));
        let (era, error) = refusal.unwrap();
        assert_eq!((era, error.code()), (1, Some(code)));
        let later = now + SEC;
        let call = commits
            .poll(later, Some(&standing(2)), |it| *it == at(0))
            .unwrap();
        assert_eq!(call.offsets, offsets(&[(0, 5)]), "1 has another owner now");
        assert_eq!(call.standing, Some(standing(2)));
        commits.handle(later, call.number, codes(&[(0, ErrorCode::NONE)]));
        let error = commits.poll_done().unwrap().result.unwrap_err();
        assert_eq!((error.code(), error.partition()), (Some(code), Some(1)));
    }

    #[test]
    fn case_52_what_is_lost_is_never_committed() {
        let (mut commits, now) = commits();
        commits.commit(offsets(&[(0, 5)]), now + SEC * 60, true);
        assert_eq!(commits.poll(now, None, |_| false), None);
        let error = commits.poll_done().unwrap().result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("t-0"), "{error}");
    }

    #[test]
    fn case_52_what_a_member_did_is_not_committed_without_its_membership() {
        let (mut commits, now) = commits();
        let code = ErrorCode::ILLEGAL_GENERATION;
        commits.commit(offsets(&[(0, 5)]), now + SEC * 60, true);
        let call = commits.poll(now, Some(&standing(1)), any).unwrap();
        commits.handle(now, call.number, codes(&[(0, code)]));
        assert_eq!(commits.poll(now + SEC, None, any), None);
        let error = commits.poll_done().unwrap().result.unwrap_err();
        assert_eq!((error.code(), error.partition()), (Some(code), Some(0)));
    }

    #[test]
    fn a_commit_ends_with_its_time_and_says_why() {
        let (mut commits, now) = commits();
        commits.commit(offsets(&[(0, 5)]), now + SEC, false);
        let call = commits.poll(now, None, any).unwrap();
        let code = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        commits.handle(now, call.number, codes(&[(0, code)]));
        assert!(commits.poll_timeout(now).is_some());
        assert_eq!(commits.poll(now + SEC, None, any), None);
        let error = commits.poll_done().unwrap().result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("LOAD_IN_PROGRESS"), "{error}");
    }

    #[test]
    fn a_partition_that_the_answer_lacks_is_not_taken_for_committed() {
        let (mut commits, now) = commits();
        commits.commit(offsets(&[(0, 5), (1, 6)]), now + SEC * 60, false);
        let call = commits.poll(now, None, any).unwrap();
        commits.handle(now, call.number, codes(&[(0, ErrorCode::NONE)]));
        assert!(commits.poll_done().is_none());
        let call = commits.poll(now + SEC, None, any).unwrap();
        assert_eq!(call.offsets, offsets(&[(1, 6)]));
    }
}
