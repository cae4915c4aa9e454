//! The fault plan: which requests go wrong, how, and when.
//!
//! Intuition: the bugs of a client hide where an answer is lost *after* the broker did what it was
//! asked, hence the `ApplyThen..` actions. A rule picks requests by API, broker, client, topic and
//! partition, counts the ones it matches, and fires by that count, so a run replays exactly.
//!
//! Pure: the plan decides, `server` acts. Delays of several rules add up; the first other action
//! that fires wins; errors of several rules all hold, each for its own partitions.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::ids::{BrokerId, CorrelationId, TopicPartition};
use crate::protocol::ApiKey;

/// How many requests the history keeps; the oldest go first.
const HISTORY_MAX: usize = 100_000;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Answers with this code, for the partitions that the rule names (all of the request, if it
    /// names none), without doing what was asked of them. Other partitions are served.
    Error(ErrorCode),
    /// Does what was asked, then answers with this code all the same: REQUEST_TIMED_OUT or
    /// NOT_ENOUGH_REPLICAS_AFTER_APPEND of a produce request, which have the offset in them too.
    ApplyThenError(ErrorCode),
    /// Waits before it does what was asked. Brokers serve a connection's requests one at a time,
    /// so later ones wait too.
    Delay(Duration),
    /// Does what was asked at once and answers late.
    ApplyThenDelay(Duration),
    /// Neither does what was asked nor answers; the connection stays open and mute, since answers
    /// come in the order of requests.
    DropRequest,
    /// Does what was asked and never answers; the connection stays open and mute.
    ApplyThenDrop,
    /// Closes the connection without doing what was asked.
    Disconnect,
    /// Does what was asked, then closes the connection instead of answering.
    ApplyThenDisconnect,
    /// Does what was asked, sends this many bytes of the answer (its length prefix counts), then
    /// closes the connection.
    CutAt(usize),
    /// The whole broker falls silent, as one that is stopped by SIGSTOP: connections stay open,
    /// new ones are taken, nothing is answered until `MockCluster::resume_broker`. The request is
    /// served then.
    Silence,
    /// Does what was asked and answers with a right length and correlation id and then these
    /// bytes.
    Garbage(Bytes),
    /// Does what was asked and sends these bytes as they are, without a length or a header.
    Raw(Bytes),
    /// Serves the request, says in the answer that the client is throttled for this long, and
    /// reads nothing from the connection meanwhile, as brokers do (KIP-219).
    Throttle(Duration),
}

/// Picks requests; [`FaultMatch::then`] makes it a [`Fault`].
#[derive(Clone, Debug, Default)]
pub struct FaultMatch {
    api: Option<ApiKey>,
    broker: Option<BrokerId>,
    client_id: Option<String>,
    topic: Option<String>,
    partition: Option<i32>,
    group: Option<String>,
    nth: Option<u64>,
    times: Option<u64>,
    every: Option<u64>,
}

impl FaultMatch {
    /// Only requests to this broker.
    #[must_use]
    pub fn broker(mut self, id: impl Into<BrokerId>) -> Self {
        self.broker = Some(id.into());
        self
    }

    /// Only requests of clients with this `client.id`.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// Only requests about this topic; an incremental fetch is about all its session holds.
    #[must_use]
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// Only requests about this partition.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Only requests about this group. An error then goes to that group alone.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// From the nth match on, counted from 1; once, unless `times` or `every` is set too.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(nth);
        self
    }

    /// At most this often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only each k-th match: k, 2k, 3k, .. or, with `nth`, that one and each k-th after it.
    #[must_use]
    pub fn every(mut self, every: u64) -> Self {
        self.every = Some(every.max(1));
        self
    }

    /// What happens to the requests picked. Without `nth`, `times` or `every`: to all of them.
    #[must_use]
    pub fn then(self, action: Action) -> Fault {
        Fault { on: self, action }
    }

    fn covers(&self, partition: &TopicPartition) -> bool {
        let topic = self.topic.as_deref();
        topic.is_none_or(|topic| topic == &*partition.topic)
            && self
                .partition
                .is_none_or(|index| index == partition.partition)
    }

    fn is_of(&self, group: &str) -> bool {
        self.group.as_deref().is_none_or(|named| named == group)
    }

    fn matches(&self, request: &RequestSeen) -> bool {
        self.api.is_none_or(|api| Some(api) == request.api)
            && self.broker.is_none_or(|broker| broker == request.broker)
            && (self.client_id.is_none() || self.client_id == request.client_id)
            && (self.group.is_none() || request.groups.iter().any(|g| self.is_of(g)))
            && ((self.topic.is_none() && self.partition.is_none())
                || request.partitions.iter().any(|p| self.covers(p)))
    }

    /// Whether the rule fires at its `count`th match, having fired `fired` times before.
    fn fires(&self, count: u64, fired: u64) -> bool {
        let once = self.nth.is_some() && self.every.is_none();
        let times = self.times.unwrap_or(if once { 1 } else { u64::MAX });
        let every = self.every.unwrap_or(1);
        let first = self.nth.unwrap_or(every);
        fired < times && count >= first && (count - first) % every == 0
    }
}

/// A rule: which requests, and what happens to them.
///
/// ```
/// use tidewire::mock::{Action, Fault};
/// use tidewire::protocol::ApiKey;
///
/// // The second produce request to broker 1 is written, and its answer lost.
/// let fault = Fault::on(ApiKey::Produce).broker(1).nth(2).then(Action::ApplyThenDisconnect);
/// # drop(fault);
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    on: FaultMatch,
    action: Action,
}

impl Fault {
    /// Requests of this API.
    #[must_use]
    pub fn on(api: ApiKey) -> FaultMatch {
        FaultMatch {
            api: Some(api),
            ..FaultMatch::default()
        }
    }

    /// Requests of every API.
    #[must_use]
    pub fn on_any() -> FaultMatch {
        FaultMatch::default()
    }
}

/// Names a rule that was added.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct FaultId(u64);

/// A request as a broker saw it arrive, and what was done to it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestSeen {
    /// When it arrived, by the runtime's clock (tokio's, so virtual where time is paused).
    pub at: Instant,
    /// The broker it went to.
    pub broker: BrokerId,
    /// The connection it came on; each has its own number.
    pub connection: u64,
    /// Its API, if it is one this crate knows.
    pub api: Option<ApiKey>,
    /// Its version.
    pub version: i16,
    /// Its correlation id.
    pub correlation: CorrelationId,
    /// What the client calls itself.
    pub client_id: Option<String>,
    /// The partitions it is about; a topic without partitions stands as partition -1.
    pub partitions: Vec<TopicPartition>,
    /// The groups it is about.
    pub groups: Vec<String>,
    /// The faults that hit it, in the order of their rules.
    pub faults: Vec<Action>,
}

/// An error to be answered for some partitions.
#[derive(Clone, Debug)]
pub(crate) struct Injection {
    on: FaultMatch,
    pub(crate) code: ErrorCode,
    /// Whether what was asked is done first.
    pub(crate) apply: bool,
}

/// What the plan decided for one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decision {
    pub(crate) delay: Duration,
    pub(crate) delay_answer: Duration,
    pub(crate) throttle: Duration,
    pub(crate) errors: Vec<Injection>,
    /// Any other action.
    pub(crate) action: Option<Action>,
}

impl Decision {
    /// The error planned for a partition, if any.
    pub(crate) fn error_for(&self, topic: &str, partition: i32) -> Option<&Injection> {
        self.errors.iter().find(|error| {
            let on = &error.on;
            on.topic.as_deref().is_none_or(|name| name == topic)
                && on.partition.is_none_or(|index| index == partition)
        })
    }

    /// The error planned for a group: of a rule that names no partition, and no other group.
    pub(crate) fn error_for_group(&self, group: &str) -> Option<&Injection> {
        let whole = |e: &&Injection| e.on.topic.is_none() && e.on.partition.is_none();
        let mut all = self.errors.iter().filter(whole);
        all.find(|error| error.on.is_of(group))
    }

    /// The error planned for the request as a whole: of a rule that names no partition.
    pub(crate) fn error(&self) -> Option<&Injection> {
        let whole = |e: &&Injection| e.on.topic.is_none() && e.on.partition.is_none();
        self.errors.iter().find(whole)
    }
}

#[derive(Debug)]
struct Rule {
    id: FaultId,
    fault: Fault,
    matched: u64,
    fired: u64,
}

/// All rules, and what arrived so far.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    rules: Vec<Rule>,
    next_id: u64,
    history: VecDeque<RequestSeen>,
}

impl FaultPlan {
    pub(crate) fn add(&mut self, fault: Fault) -> FaultId {
        let id = FaultId(self.next_id);
        self.next_id += 1;
        self.rules.push(Rule {
            id,
            fault,
            matched: 0,
            fired: 0,
        });
        id
    }

    pub(crate) fn remove(&mut self, id: FaultId) {
        self.rules.retain(|rule| rule.id != id);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// How many requests a rule matched, and how many it hit.
    pub(crate) fn counts(&self, id: FaultId) -> Option<(u64, u64)> {
        let rule = self.rules.iter().find(|rule| rule.id == id)?;
        Some((rule.matched, rule.fired))
    }

    pub(crate) fn history(&self) -> impl Iterator<Item = &RequestSeen> {
        self.history.iter()
    }

    /// Judges a request that arrived and writes it down.
    pub(crate) fn judge(&mut self, mut request: RequestSeen) -> Decision {
        let mut decision = Decision::default();
        for rule in &mut self.rules {
            if !rule.fault.on.matches(&request) {
                continue;
            }
            rule.matched += 1;
            if !rule.fault.on.fires(rule.matched, rule.fired) {
                continue;
            }
            rule.fired += 1;
            request.faults.push(rule.fault.action.clone());
            decision.take(&rule.fault);
        }
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(request);
        decision
    }
}

impl Decision {
    fn take(&mut self, fault: &Fault) {
        let error = |code, apply| Injection {
            on: fault.on.clone(),
            code,
            apply,
        };
        match &fault.action {
            Action::Delay(delay) => self.delay += *delay,
            Action::ApplyThenDelay(delay) => self.delay_answer += *delay,
            Action::Throttle(time) => self.throttle += *time,
            Action::Error(code) => self.errors.push(error(*code, false)),
            Action::ApplyThenError(code) => self.errors.push(error(*code, true)),
            other => {
                self.action.get_or_insert_with(|| other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn produce(broker: i32, partitions: &[(&str, i32)]) -> RequestSeen {
        let partitions = partitions.iter();
        RequestSeen {
            at: Instant::now(),
            broker: BrokerId(broker),
            connection: 1,
            api: Some(ApiKey::Produce),
            version: 9,
            correlation: CorrelationId(1),
            client_id: Some("c".to_owned()),
            partitions: partitions
                .map(|(t, p)| TopicPartition::new(*t, *p))
                .collect(),
            groups: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// At which of the first ten matches the rule fires.
    fn firings(on: FaultMatch) -> Vec<u64> {
        let mut plan = FaultPlan::default();
        let id = plan.add(on.then(Action::Disconnect));
        let mut fired = Vec::new();
        for i in 1..=10 {
            if plan.judge(produce(1, &[("t", 0)])).action.is_some() {
                fired.push(i);
            }
        }
        assert_eq!(plan.counts(id), Some((10, fired.len().try_into().unwrap())));
        fired
    }

    #[test]
    fn nth_times_and_every_combine() {
        let on = || Fault::on(ApiKey::Produce);
        assert_eq!(firings(on()), (1..=10).collect::<Vec<_>>());
        assert_eq!(firings(on().nth(3)), [3]);
        assert_eq!(firings(on().times(2)), [1, 2]);
        assert_eq!(firings(on().nth(3).times(2)), [3, 4]);
        assert_eq!(firings(on().every(4)), [4, 8]);
        assert_eq!(firings(on().nth(2).every(3)), [2, 5, 8]);
        assert_eq!(firings(on().nth(2).every(3).times(2)), [2, 5]);
    }

    #[test]
    fn a_rule_hits_only_what_it_names() {
        let mut plan = FaultPlan::default();
        let on = Fault::on(ApiKey::Produce).broker(2).topic("t").partition(1);
        plan.add(on.then(Action::Error(ErrorCode::REQUEST_TIMED_OUT)));
        for other in [produce(1, &[("t", 1)]), produce(2, &[("t", 0), ("u", 1)])] {
            assert!(plan.judge(other).errors.is_empty());
        }
        let decision = plan.judge(produce(2, &[("t", 0), ("t", 1)]));
        assert!(decision.error_for("t", 1).is_some());
        assert!(decision.error_for("t", 0).is_none() && decision.error().is_none());
        let hit: Vec<bool> = plan.history().map(|seen| !seen.faults.is_empty()).collect();
        assert_eq!(hit, [false, false, true]);
    }

    #[test]
    fn delays_add_up_and_the_first_action_wins() {
        let mut plan = FaultPlan::default();
        let second = Duration::from_secs(1);
        for action in [
            Action::Delay(second),
            Action::DropRequest,
            Action::Delay(second),
            Action::Disconnect,
        ] {
            plan.add(Fault::on_any().then(action));
        }
        let decision = plan.judge(produce(1, &[]));
        assert_eq!(decision.delay, 2 * second);
        assert_eq!(decision.action, Some(Action::DropRequest));
    }
}
