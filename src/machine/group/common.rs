//! What both kinds of members have in common beside their partitions: how long the user may take
//! between two polls, and the line to the coordinator, with the word that a membership is over.

use std::time::{Duration, Instant};

use super::trouble::Trouble;
use crate::machine::backoff::{Backoff, BackoffPolicy};

/// Whether the user still asks for records, within `max.poll.interval.ms` (KIP-62).
#[derive(Debug)]
pub(super) struct PollWatch {
    limit: Duration,
    /// Polls under way.
    polling: u32,
    until: Instant,
}

impl PollWatch {
    pub(super) fn new(now: Instant, limit: Duration) -> Self {
        Self {
            limit,
            polling: 0,
            until: now + limit,
        }
    }

    /// The user asks for records.
    pub(super) fn begins(&mut self) {
        self.polling += 1;
    }

    /// The user got what there is, and is busy with it now.
    pub(super) fn ends(&mut self, now: Instant) {
        self.polling = self.polling.saturating_sub(1);
        self.until = now + self.limit;
    }

    /// Whether a poll is under way.
    pub(super) fn is_polling(&self) -> bool {
        self.polling > 0
    }

    /// Whether the user has been away for too long.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.polling == 0 && now >= self.until
    }

    /// When it has been, unless it comes back.
    pub(super) fn timeout(&self) -> Option<Instant> {
        (self.polling == 0).then_some(self.until)
    }

    /// Says in the log what this means.
    pub(super) fn tell(&self, group: &str) {
        tracing::warn!(
            group,
            "not polled for max.poll.interval.ms ({} ms): leaving the group until the next poll",
            self.limit.as_millis()
        );
    }
}

/// A member's line to its coordinator.
#[derive(Debug)]
pub(super) struct Line {
    retry: BackoffPolicy,
    seed: u64,
    /// The number of the last question.
    last_number: u64,
    farewell: Option<Farewell>,
    /// The coordinator may not be where it was.
    suspect: bool,
}

/// A membership that has ended and of which the coordinator is told.
#[derive(Debug)]
struct Farewell {
    member_id: String,
    /// Said at the latest by then, or else not at all.
    until: Instant,
    asked: Option<u64>,
    backoff: Backoff,
}

/// A farewell that is to be said now, and under which number.
pub(super) struct Saying {
    pub(super) number: u64,
    pub(super) member_id: String,
    /// How long the answer may take.
    pub(super) limit: Duration,
}

impl Line {
    pub(super) fn new(retry: BackoffPolicy, seed: u64) -> Self {
        Self {
            retry,
            seed,
            last_number: 0,
            farewell: None,
            suspect: false,
        }
    }

    /// The number of the next question.
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The coordinator may not be where it was.
    pub(super) fn suspect(&mut self) {
        self.suspect = true;
    }

    /// Whether the coordinator may have moved since this was asked last.
    pub(super) fn take_suspect(&mut self) -> bool {
        std::mem::take(&mut self.suspect)
    }

    /// The membership is over, which is to be said by then or not at all.
    pub(super) fn say_farewell(&mut self, member_id: String, until: Instant) {
        self.farewell = Some(Farewell {
            member_id,
            until,
            asked: None,
            backoff: Backoff::new(self.retry, self.seed),
        });
    }

    /// Whether the coordinator is still to be told that a membership is over.
    pub(super) fn has_farewell(&self) -> bool {
        self.farewell.is_some()
    }

    /// The farewell, if it is time to say it.
    pub(super) fn poll_farewell(&mut self, now: Instant) -> Option<Saying> {
        self.farewell.take_if(|farewell| now >= farewell.until);
        let farewell = self.farewell.as_mut()?;
        let paused = farewell.backoff.until().is_some_and(|until| now < until);
        if farewell.asked.is_some() || paused {
            return None;
        }
        self.last_number += 1;
        farewell.asked = Some(self.last_number);
        Some(Saying {
            number: self.last_number,
            member_id: farewell.member_id.clone(),
            limit: farewell.until.saturating_duration_since(now),
        })
    }

    /// An answer, and what went wrong with it. Whether it was that to the farewell.
    pub(super) fn handle(&mut self, now: Instant, number: u64, failed: Option<Trouble>) -> bool {
        let asked = |farewell: &&mut Farewell| farewell.asked == Some(number);
        let Some(farewell) = self.farewell.as_mut().filter(asked) else {
            return false;
        };
        match failed {
            Some(trouble @ (Trouble::Moved | Trouble::Later)) => {
                farewell.asked = None;
                farewell.backoff.failed(now);
                self.suspect |= trouble == Trouble::Moved;
            }
            // A member that is not known has left.
            _ => self.farewell = None,
        }
        true
    }

    /// When there may be something to do without any news.
    pub(super) fn timeouts(&self) -> [Option<Instant>; 2] {
        let Some(farewell) = &self.farewell else {
            return [None; 2];
        };
        let again = farewell.backoff.until();
        [
            Some(farewell.until),
            again.filter(|_| farewell.asked.is_none()),
        ]
    }
}
