//! What the coordinator's answers do to a [`Member`].

use std::error::Error as _;
use std::time::{Duration, Instant};

use super::member::{Member, Phase};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::machine::group::trouble::Trouble;
use crate::protocol::EncodeError;
use crate::protocol::consumer_group_heartbeat::ConsumerGroupHeartbeatResponse;

/// No coordinator is asked more often, whatever it says.
const INTERVAL_MIN: Duration = Duration::from_millis(100);

impl Member {
    /// The answer to a heartbeat.
    pub(crate) fn handle_beat(
        &mut self,
        now: Instant,
        number: u64,
        answer: Result<ConsumerGroupHeartbeatResponse>,
    ) {
        let answer = answer.and_then(accept);
        let failed = answer.as_ref().err().map(Trouble::of);
        if self.line.handle(now, number, failed) {
            return;
        }
        let Some(asked) = self.asked.take_if(|asked| asked.number == number) else {
            return;
        };
        match answer {
            Ok(answer) if answer.member_epoch < 0 => self.handle_failure(now, nonsense()),
            Ok(answer) => self.handle_success(now, asked.sent, answer),
            Err(error) => self.handle_failure(now, error),
        }
    }

    fn handle_success(
        &mut self,
        now: Instant,
        sent: Instant,
        answer: ConsumerGroupHeartbeatResponse,
    ) {
        self.unsure = false;
        if let Ok(ms) = u64::try_from(answer.heartbeat_interval_ms) {
            self.interval = Duration::from_millis(ms).max(INTERVAL_MIN);
        }
        self.beat_due = sent + self.interval;
        if let Some(id) = answer.member_id.filter(|id| !id.is_empty()) {
            self.member_id = id;
        }
        if answer.member_epoch == 0 {
            // Known, and in no epoch yet: it has to ask again.
            self.said = None;
            self.unsure = true;
            self.backoff.failed(now);
            return;
        }
        self.backoff.succeeded();
        self.epoch = answer.member_epoch;
        if self.phase == Phase::Joining {
            self.phase = Phase::In;
        }
        if let (Phase::In, Some(assignment)) = (self.phase, answer.assignment) {
            self.assigned.set_target(assignment);
        }
    }

    fn handle_failure(&mut self, now: Instant, error: Error) {
        // Nobody knows what the coordinator knows: the next heartbeat says everything.
        self.said = None;
        self.backoff.failed(now);
        self.beat_due = now;
        let group = &self.settings.group_id;
        let trouble = Trouble::of(&error);
        // It may have been heard all the same.
        self.unsure |= error.code().is_none() && trouble == Trouble::Moved;
        let no_group = error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) && self.epoch > 0;
        match trouble {
            Trouble::Moved => {
                tracing::debug!(%error, group, "the coordinator cannot be asked");
                self.line.suspect();
            }
            Trouble::Later | Trouble::Rebalance | Trouble::Stale => {
                tracing::debug!(%error, group, "asking again");
            }
            Trouble::Generation | Trouble::Member => self.handle_fenced(&error),
            _ if no_group => self.handle_fenced(&error),
            _ => self.handle_refusal(now, error),
        }
    }

    /// The coordinator has given the member up.
    fn handle_fenced(&mut self, error: &Error) {
        let group = &self.settings.group_id;
        tracing::warn!(%error, group, "out of the group; joining again");
        let leaving = self.phase == Phase::Leaving;
        self.lose();
        // Of a wrong epoch alone the coordinator says so, and keeps the member.
        self.unsure = Trouble::of(error) == Trouble::Generation;
        if leaving {
            self.phase = Phase::Leaving;
        }
    }

    /// What will not pass by itself.
    fn handle_refusal(&mut self, now: Instant, error: Error) {
        if error.kind() == ErrorKind::UnsupportedVersion {
            // It was not sent: there is no pattern to take back, which could not be said either.
            self.had_pattern = false;
        }
        match error.code() {
            Some(ErrorCode::UNRELEASED_INSTANCE_ID) if self.unsure => {
                // Its own, from a join whose answer was lost, or from before it was fenced.
                tracing::debug!(%error, "giving the group.instance.id back before joining");
                self.say_farewell(now);
            }
            Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED) => self.error = Some(explain(error)),
            Some(ErrorCode::FENCED_INSTANCE_ID) => {
                self.lose();
                self.phase = Phase::Fenced;
                self.error = Some(explain(error));
            }
            _ => {
                let leaving = self.phase == Phase::Leaving;
                self.say_farewell(now);
                self.lose();
                self.phase = match leaving {
                    true => Phase::Leaving,
                    false => Phase::Refused,
                };
                self.error = Some(explain(error));
            }
        }
    }

    /// A commit in the membership `era` was refused for what the member is. One that was too old,
    /// or came from before this membership, means nothing but that a heartbeat will tell more.
    pub(crate) fn handle_refused_commit(&mut self, now: Instant, era: u64, error: &Error) {
        if era != self.era || self.epoch <= 0 {
            return;
        }
        match Trouble::of(error) {
            Trouble::Generation | Trouble::Member => self.handle_fenced(error),
            _ => self.beat_due = now,
        }
    }
}

/// Refuses an answer that is an error, or makes no sense.
fn accept(answer: ConsumerGroupHeartbeatResponse) -> Result<ConsumerGroupHeartbeatResponse> {
    match ErrorCode(answer.error_code).err() {
        None => Ok(answer),
        Some(code) => {
            let error = Error::broker(code, "the group's heartbeat");
            Err(match answer.error_message.filter(|it| !it.is_empty()) {
                None => error,
                Some(said) => Error::new(error.kind(), format!("{}: {said}", error.message())),
            })
        }
    }
}

fn nonsense() -> Error {
    let words = "the coordinator's answer to a heartbeat makes no sense";
    Error::new(ErrorKind::Malformed, words)
}

/// What a user can do about it.
fn explain(error: Error) -> Error {
    let advice = match (error.kind(), error.code()) {
        (ErrorKind::UnsupportedVersion, _) if is_about_a_field(&error) => {
            "this broker does not match patterns of topics (it is older than Kafka 4.0): subscribe \
             to names, or set group.protocol=classic"
        }
        (ErrorKind::UnsupportedVersion, _) | (_, Some(ErrorCode::UNSUPPORTED_VERSION)) => {
            "this cluster has no groups of the new protocol (KIP-848: Kafka 4.0, and its feature \
             group.version=1): set group.protocol=classic"
        }
        (_, Some(ErrorCode::UNRELEASED_INSTANCE_ID)) => {
            "another consumer has this group.instance.id: give each its own. If it has crashed, \
             its session must end first (group.consumer.session.timeout.ms)"
        }
        (_, Some(ErrorCode::FENCED_INSTANCE_ID)) => {
            "another consumer has taken this one's group.instance.id: give each its own"
        }
        (_, Some(ErrorCode::UNSUPPORTED_ASSIGNOR)) => {
            "group.remote.assignor must be one of the broker's group.consumer.assignors"
        }
        (_, Some(ErrorCode::INVALID_REGULAR_EXPRESSION)) => {
            "patterns are matched by the broker, which knows those of RE2"
        }
        (_, Some(ErrorCode::GROUP_MAX_SIZE_REACHED)) => {
            "the group is full (group.consumer.max.size)"
        }
        (_, Some(ErrorCode::GROUP_ID_NOT_FOUND)) => {
            "there is a group of this name which cannot become one of the new protocol: its \
             members must leave first, or speak consumer protocol too (group.protocol)"
        }
        _ => return error,
    };
    let words = format!("{advice}: {}", error.message());
    Error::new(error.kind(), words).with_source(error)
}

/// Whether the broker speaks the API, in a version that lacks something.
fn is_about_a_field(error: &Error) -> bool {
    let source = error.source();
    let source = source.and_then(|source| source.downcast_ref::<EncodeError>());
    matches!(source, Some(EncodeError::UnsupportedField { .. }))
}
