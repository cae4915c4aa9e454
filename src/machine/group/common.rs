//! What both kinds of members have in common beside their partitions: how long the user may take
//! between two polls, and the word to the coordinator that a membership is over.

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

/// A membership that has ended and of which the coordinator is told.
#[derive(Debug)]
pub(super) struct Farewell {
    pub(super) member_id: String,
    until: Instant,
    asked: Option<u64>,
    backoff: Backoff,
}

/// What an answer makes of a farewell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Said {
    /// It was another question's.
    No,
    /// The coordinator knows.
    Heard,
    /// It must be said again, perhaps elsewhere.
    Again { moved: bool },
}

impl Farewell {
    /// Said at the latest by `until`, or else not at all.
    pub(super) fn new(member_id: String, until: Instant, retry: BackoffPolicy, seed: u64) -> Self {
        Self {
            member_id,
            until,
            asked: None,
            backoff: Backoff::new(retry, seed),
        }
    }

    /// Whether there is no time left for it.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now >= self.until
    }

    /// Says it under this number, if it is time to: how long the answer may take.
    pub(super) fn say(&mut self, now: Instant, number: u64) -> Option<Duration> {
        let paused = self.backoff.until().is_some_and(|until| now < until);
        if self.asked.is_some() || paused {
            return None;
        }
        self.asked = Some(number);
        Some(self.until.saturating_duration_since(now))
    }

    /// The answer to the question of this number.
    pub(super) fn handle(&mut self, now: Instant, number: u64, failed: Option<Trouble>) -> Said {
        if self.asked != Some(number) {
            return Said::No;
        }
        match failed {
            Some(trouble @ (Trouble::Moved | Trouble::Later)) => {
                self.asked = None;
                self.backoff.failed(now);
                Said::Again {
                    moved: trouble == Trouble::Moved,
                }
            }
            // A member that is not known has left.
            _ => Said::Heard,
        }
    }

    /// When there may be something to do without any news.
    pub(super) fn timeouts(&self) -> [Option<Instant>; 2] {
        let again = self.backoff.until().filter(|_| self.asked.is_none());
        [Some(self.until), again]
    }
}
