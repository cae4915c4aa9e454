//! The heartbeats of a [`Member`]: when, and what they say.

use std::time::{Duration, Instant};

use super::member::{Asked, Member, Phase};
use crate::machine::group::{Ask, Call};
use crate::protocol::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;

/// The epoch to leave with, and that of a static member, which may be back.
const LEAVE: i32 = -1;
const LEAVE_STATIC: i32 = -2;

/// An answer may always take so long.
const ANSWER_MIN: Duration = Duration::from_secs(5);

impl Member {
    /// The next request, if the coordinator is known.
    pub(crate) fn poll_call(&mut self, now: Instant) -> Option<Call> {
        self.tick(now);
        if let Some(call) = self.poll_farewell(now) {
            return Some(call);
        }
        if self.asked.is_some() || self.backoff.until().is_some_and(|until| now < until) {
            return None;
        }
        let due = match self.phase {
            // Its old membership must be over and its partitions gone, or else both would get mixed
            // up: it is the same id.
            Phase::Joining => {
                self.wanted.is_some() && !self.line.has_farewell() && self.handover.is_idle()
            }
            Phase::In => now >= self.beat_due || self.has_news(),
            Phase::Leaving => self.epoch > 0 && now >= self.beat_due,
            _ => false,
        };
        due.then(|| self.beat(now))
    }

    /// Whether there is something that the coordinator should know at once.
    fn has_news(&self) -> bool {
        let changed = self.wanted.is_some() && self.said != self.wanted;
        self.assigned.must_tell || changed
    }

    pub(crate) fn poll_farewell(&mut self, now: Instant) -> Option<Call> {
        let farewell = self.line.poll_farewell(now)?;
        let is_static = self.settings.instance_id.is_some();
        let request = ConsumerGroupHeartbeatRequest {
            group_id: self.settings.group_id.clone(),
            member_id: farewell.member_id,
            member_epoch: if is_static { LEAVE_STATIC } else { LEAVE },
            instance_id: self.settings.instance_id.clone(),
            ..ConsumerGroupHeartbeatRequest::default()
        };
        Some(Call {
            number: farewell.number,
            ask: Ask::Beat(request),
            limit: farewell.limit.min(answer_limit(self.interval)),
        })
    }

    /// A heartbeat: everything, or what the coordinator does not know yet. Who leaves only says
    /// that it is there.
    fn beat(&mut self, now: Instant) -> Call {
        let full = self.said.is_none() && self.phase != Phase::Leaving;
        let owned = full || self.assigned.must_tell;
        let settings = &self.settings;
        let request = ConsumerGroupHeartbeatRequest {
            group_id: settings.group_id.clone(),
            member_id: self.member_id.clone(),
            member_epoch: self.epoch,
            instance_id: settings.instance_id.clone(),
            rack_id: settings.rack.clone().filter(|_| full),
            rebalance_timeout_ms: match full {
                true => i32::try_from(settings.max_poll_interval.as_millis()).unwrap_or(i32::MAX),
                false => -1,
            },
            subscribed_topic_names: self.names_to_say(),
            subscribed_topic_regex: self.pattern_to_say(),
            server_assignor: settings.assignor.clone().filter(|_| full),
            topic_partitions: owned.then(|| self.assigned.owned(self.handover.owned())),
        };
        if let Some(wanted) = &self.wanted {
            self.had_pattern |= wanted.pattern.is_some();
            self.said = Some(wanted.clone());
        }
        self.assigned.must_tell = false;
        self.beat_due = now + self.interval;
        let number = self.line.next_number();
        self.asked = Some(Asked {
            number,
            sent: now,
            says_owned: owned,
        });
        Call {
            number,
            ask: Ask::Beat(request),
            limit: answer_limit(self.interval).min(self.settings.request_timeout),
        }
    }

    fn names_to_say(&self) -> Option<Vec<String>> {
        let topics = &self.wanted.as_ref()?.topics;
        let known = self.said.as_ref().map(|said| &said.topics);
        (known != Some(topics)).then(|| topics.iter().map(ToString::to_string).collect())
    }

    /// An empty pattern takes back the one before. Where there was never any, none is mentioned:
    /// coordinators before version 1 know of none.
    fn pattern_to_say(&self) -> Option<String> {
        let pattern = &self.wanted.as_ref()?.pattern;
        let known = self.said.as_ref().map(|said| &said.pattern);
        if known == Some(pattern) {
            return None;
        }
        let none = self.had_pattern.then(String::new);
        pattern.clone().or(none)
    }

    /// When there may be something to do without any news.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let mut due = vec![self.handover.poll_timeout(), self.polls_timeout()];
        if self.asked.is_none() {
            due.push(self.backoff.until());
            if matches!(self.phase, Phase::In | Phase::Leaving) {
                due.push(Some(self.beat_due));
            }
        }
        due.extend(self.line.timeouts());
        due.into_iter().flatten().filter(|at| *at > now).min()
    }
}

/// How long an answer may take: early enough to ask elsewhere before the coordinator gives the
/// member up, which by default takes nine heartbeats.
fn answer_limit(interval: Duration) -> Duration {
    ANSWER_MIN.max(interval.saturating_mul(2))
}
