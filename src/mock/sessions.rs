//! Incremental fetch sessions of one broker (KIP-227).
//!
//! Intuition: a consumer names its partitions once; the broker remembers them, with what it last
//! told of each, and from then on both sides send only what changed. An epoch counts the requests
//! of a session, so that a lost or repeated one is noticed.
//!
//! Invariants: an incremental request is taken only with the epoch expected next; a partition is
//! answered if it has data, an error, or a new high watermark or log start; one that had data goes
//! to the end of the order, so that a small byte limit starves nobody.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::error::ErrorCode;
use crate::ids::Uuid;

/// The epoch of a request that opens a session.
const INITIAL: i32 = 0;
/// The epoch of a request that closes its session, and of one without any.
const FINAL: i32 = -1;
/// A session used more recently than this is not thrown out for a smaller one.
const EVICTION: Duration = Duration::from_secs(120);

/// A partition as a request names it: by topic name before version 13, by topic id since.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) partition: i32,
}

/// What is asked of one partition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) offset: i64,
    pub(crate) max_bytes: i32,
    pub(crate) leader_epoch: i32,
    pub(crate) last_fetched_epoch: i32,
}

/// What decides whether a partition of an incremental session is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Told {
    pub(crate) high_watermark: i64,
    pub(crate) log_start: i64,
    pub(crate) has_records: bool,
    /// An error, a preferred replica or a diverging epoch: always answered.
    pub(crate) must: bool,
    pub(crate) error: bool,
}

#[derive(Clone, Debug)]
struct Cached {
    wanted: Wanted,
    high_watermark: i64,
    log_start: i64,
    place: u64,
}

#[derive(Clone, Debug)]
struct Session {
    epoch: i32,
    by_id: bool,
    created: Instant,
    used: Instant,
    partitions: BTreeMap<Key, Cached>,
    order: BTreeMap<u64, Key>,
    next_place: u64,
}

impl Session {
    fn put(&mut self, key: Key, wanted: Wanted) {
        if let Some(cached) = self.partitions.get_mut(&key) {
            cached.wanted = wanted;
            return;
        }
        let place = self.next_place;
        self.next_place += 1;
        self.order.insert(place, key.clone());
        let cached = Cached {
            wanted,
            high_watermark: -1,
            log_start: -1,
            place,
        };
        self.partitions.insert(key, cached);
    }

    fn forget(&mut self, key: &Key) {
        if let Some(cached) = self.partitions.remove(key) {
            self.order.remove(&cached.place);
        }
    }

    fn move_to_end(&mut self, key: &Key) {
        let place = self.next_place;
        if let Some(cached) = self.partitions.get_mut(key) {
            self.next_place += 1;
            self.order.remove(&cached.place);
            cached.place = place;
            self.order.insert(place, key.clone());
        }
    }

    fn wanted(&self) -> Vec<(Key, Wanted)> {
        let ordered = self.order.values();
        ordered
            .filter_map(|key| Some((key.clone(), self.partitions.get(key)?.wanted)))
            .collect()
    }
}

/// How a fetch stands to its session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Context {
    /// No session: everything is answered.
    Sessionless,
    /// A session is opened with the answer.
    Full { by_id: bool },
    /// Only what changed is answered, if the session is still at this epoch.
    Incremental { session: i32, epoch: i32 },
}

/// The sessions of one broker.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    max: usize,
    next_id: i32,
    by_id: BTreeMap<i32, Session>,
}

impl Sessions {
    /// At most `max` sessions at a time (`max.incremental.fetch.session.cache.slots`).
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            next_id: 1,
            by_id: BTreeMap::new(),
        }
    }

    pub(crate) fn set_max(&mut self, max: usize) {
        self.max = max;
        while self.by_id.len() > max {
            self.by_id.pop_first();
        }
    }

    /// Forgets every session, as a broker that restarts does. Ids are not used again.
    pub(crate) fn clear(&mut self) {
        self.by_id.clear();
    }

    /// Takes a request in: which partitions it is about, and how to answer.
    ///
    /// # Errors
    ///
    /// The code that the whole request is answered with.
    pub(crate) fn open(
        &mut self,
        now: Instant,
        (session, epoch): (i32, i32),
        by_id: bool,
        wanted: Vec<(Key, Wanted)>,
        forgotten: &[Key],
    ) -> Result<(Context, Vec<(Key, Wanted)>), ErrorCode> {
        if epoch == INITIAL || epoch == FINAL {
            self.by_id.remove(&session);
            let context = if epoch == FINAL {
                Context::Sessionless
            } else {
                Context::Full { by_id }
            };
            return Ok((context, wanted));
        }
        let known = self
            .by_id
            .get_mut(&session)
            .ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
        if known.epoch != epoch {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        if known.by_id != by_id {
            return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        for (key, one) in wanted {
            known.put(key, one);
        }
        for key in forgotten {
            known.forget(key);
        }
        if known.partitions.is_empty() {
            self.by_id.remove(&session);
            return Ok((Context::Sessionless, Vec::new()));
        }
        known.used = now;
        known.epoch = next_epoch(epoch);
        let epoch = known.epoch;
        Ok((Context::Incremental { session, epoch }, known.wanted()))
    }

    /// How many partitions each session has.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> {
        self.by_id.values().map(|session| session.partitions.len())
    }

    /// The partitions of a session, for whoever must know what an incremental request is about.
    pub(crate) fn partitions(&self, session: i32) -> impl Iterator<Item = &Key> {
        self.by_id
            .get(&session)
            .into_iter()
            .flat_map(|session| session.order.values())
    }

    /// Settles an answer: the session id to send and, for each partition in the order given,
    /// whether it belongs in it.
    ///
    /// # Errors
    ///
    /// The session moved on while the fetch waited.
    pub(crate) fn settle(
        &mut self,
        now: Instant,
        context: Context,
        answers: &[(Key, Wanted, Told)],
    ) -> Result<(i32, Vec<bool>), (ErrorCode, i32)> {
        match context {
            Context::Sessionless => Ok((0, vec![true; answers.len()])),
            Context::Full { by_id } => {
                let id = self.create(now, by_id, answers);
                Ok((id, vec![true; answers.len()]))
            }
            Context::Incremental { session, epoch } => {
                let known = self
                    .by_id
                    .get_mut(&session)
                    .filter(|known| known.epoch == epoch)
                    .ok_or((ErrorCode::INVALID_FETCH_SESSION_EPOCH, session))?;
                let include = answers
                    .iter()
                    .map(|(key, _, told)| known.tell(key, *told))
                    .collect();
                Ok((session, include))
            }
        }
    }

    fn create(&mut self, now: Instant, by_id: bool, answers: &[(Key, Wanted, Told)]) -> i32 {
        if self.by_id.len() >= self.max && !self.evict(now, answers.len()) {
            return 0;
        }
        let mut session = Session {
            epoch: next_epoch(INITIAL),
            by_id,
            created: now,
            used: now,
            partitions: BTreeMap::new(),
            order: BTreeMap::new(),
            next_place: 0,
        };
        for (key, wanted, told) in answers {
            session.put(key.clone(), *wanted);
            session.tell(key, *told);
        }
        let id = self.next_id;
        self.next_id = id.checked_add(1).unwrap_or(1);
        self.by_id.insert(id, session);
        id
    }

    /// Makes room: a session nobody used for long goes, else an old one that is no larger.
    fn evict(&mut self, now: Instant, size: usize) -> bool {
        let old = |at: Instant| now.saturating_duration_since(at) > EVICTION;
        let stale = self
            .by_id
            .iter()
            .filter(|(_, session)| old(session.used))
            .min_by_key(|(_, session)| session.used);
        let smaller = self
            .by_id
            .iter()
            .filter(|(_, s)| old(s.created) && s.partitions.len() <= size)
            .min_by_key(|(_, s)| s.partitions.len());
        let Some(id) = stale.or(smaller).map(|(id, _)| *id) else {
            return false;
        };
        self.by_id.remove(&id).is_some()
    }
}

impl Session {
    /// Whether a partition is in the answer; remembers what was told.
    fn tell(&mut self, key: &Key, told: Told) -> bool {
        let Some(cached) = self.partitions.get_mut(key) else {
            return told.must || told.has_records;
        };
        let changed =
            cached.high_watermark != told.high_watermark || cached.log_start != told.log_start;
        // After an error the next good answer must be told too.
        cached.high_watermark = if told.error { -1 } else { told.high_watermark };
        cached.log_start = told.log_start;
        if told.has_records {
            self.move_to_end(key);
        }
        changed || told.has_records || told.must
    }
}

/// The epoch after this one: never 0 again, as 0 opens a session.
fn next_epoch(epoch: i32) -> i32 {
    epoch.checked_add(1).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(partition: i32) -> Key {
        Key {
            name: "t".to_owned(),
            id: Uuid::ZERO,
            partition,
        }
    }

    const WANTED: Wanted = Wanted {
        offset: 0,
        max_bytes: 100,
        leader_epoch: -1,
        last_fetched_epoch: -1,
    };

    const QUIET: Told = Told {
        high_watermark: 5,
        log_start: 0,
        has_records: false,
        must: false,
        error: false,
    };

    fn answer(wanted: &[(Key, Wanted)], told: Told) -> Vec<(Key, Wanted, Told)> {
        let each = wanted.iter().cloned();
        each.map(|(key, wanted)| (key, wanted, told)).collect()
    }

    fn create(sessions: &mut Sessions, now: Instant, partitions: i32) -> i32 {
        let wanted: Vec<_> = (0..partitions).map(|p| (key(p), WANTED)).collect();
        let (context, wanted) = sessions.open(now, (0, 0), false, wanted, &[]).unwrap();
        let answers = answer(&wanted, QUIET);
        sessions.settle(now, context, &answers).unwrap().0
    }

    #[test]
    fn an_incremental_answer_holds_only_what_changed() {
        let (mut sessions, now) = (Sessions::new(10), Instant::now());
        let id = create(&mut sessions, now, 3);
        let (context, wanted) = sessions.open(now, (id, 1), false, vec![], &[]).unwrap();
        assert_eq!(wanted.len(), 3);
        let mut answers = answer(&wanted, QUIET);
        answers[1].2.high_watermark = 6;
        answers[2].2.must = true;
        let (same, include) = sessions.settle(now, context, &answers).unwrap();
        assert_eq!((same, include), (id, vec![false, true, true]));
    }

    #[test]
    fn a_partition_with_data_goes_to_the_end() {
        let (mut sessions, now) = (Sessions::new(10), Instant::now());
        let id = create(&mut sessions, now, 3);
        let (context, wanted) = sessions.open(now, (id, 1), false, vec![], &[]).unwrap();
        let mut answers = answer(&wanted, QUIET);
        answers[0].2.has_records = true;
        sessions.settle(now, context, &answers).unwrap();
        let (_, wanted) = sessions.open(now, (id, 2), false, vec![], &[]).unwrap();
        let order: Vec<i32> = wanted.iter().map(|(key, _)| key.partition).collect();
        assert_eq!(order, [1, 2, 0]);
    }

    #[test]
    fn an_error_is_told_and_so_is_its_end() {
        let (mut sessions, now) = (Sessions::new(10), Instant::now());
        let id = create(&mut sessions, now, 1);
        let error = Told {
            must: true,
            error: true,
            ..QUIET
        };
        let mut shown = Vec::new();
        for (epoch, told) in [(1, error), (2, QUIET), (3, QUIET)] {
            let (context, wanted) = sessions.open(now, (id, epoch), false, vec![], &[]).unwrap();
            let answers = answer(&wanted, told);
            shown.extend(sessions.settle(now, context, &answers).unwrap().1);
        }
        assert_eq!(shown, [true, true, false]);
    }

    #[test]
    fn wrong_ids_epochs_and_kinds_are_refused_each_with_its_code() {
        let (mut sessions, now) = (Sessions::new(10), Instant::now());
        let id = create(&mut sessions, now, 1);
        let mut open = |request, by_id| sessions.open(now, request, by_id, vec![], &[]);
        let not_found = ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
        assert_eq!(open((id + 1, 1), false), Err(not_found));
        let epoch = ErrorCode::INVALID_FETCH_SESSION_EPOCH;
        assert_eq!(open((id, 2), false), Err(epoch));
        let kind = ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR;
        assert_eq!(open((id, 1), true), Err(kind));
        assert!(open((id, 1), false).is_ok(), "a refusal changes nothing");
        assert_eq!(
            open((id, 1), false),
            Err(epoch),
            "a repeated request is noticed"
        );
    }

    #[test]
    fn the_final_epoch_closes_and_forgetting_all_closes_too() {
        let (mut sessions, now) = (Sessions::new(10), Instant::now());
        let first = create(&mut sessions, now, 1);
        let closed = sessions.open(now, (first, -1), false, vec![], &[]).unwrap();
        assert_eq!(closed, (Context::Sessionless, vec![]));
        let second = create(&mut sessions, now, 1);
        let forgotten = sessions.open(now, (second, 1), false, vec![], &[key(0)]);
        assert_eq!(forgotten.unwrap().0, Context::Sessionless);
        assert!(sessions.by_id.is_empty());
    }

    #[test]
    fn a_full_cache_gives_no_session_until_one_is_old() {
        let (mut sessions, now) = (Sessions::new(1), Instant::now());
        let first = create(&mut sessions, now, 2);
        assert_ne!(first, 0);
        assert_eq!(create(&mut sessions, now, 5), 0);
        let later = now + EVICTION + Duration::from_millis(1);
        let second = create(&mut sessions, later, 1);
        assert!(second != 0 && second != first);
        let gone = sessions.open(later, (first, 1), false, vec![], &[]);
        assert_eq!(gone, Err(ErrorCode::FETCH_SESSION_ID_NOT_FOUND));
    }

    #[test]
    fn epochs_skip_zero_when_they_wrap() {
        assert_eq!((next_epoch(0), next_epoch(i32::MAX)), (1, 1));
    }
}
