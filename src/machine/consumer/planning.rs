//! Which partitions a [`Fetcher`] asks a broker for, and what an answer does to them.
//!
//! **Hold back.** A partition whose records nobody takes is not asked for beyond its share, and
//! while one of a broker's partitions is held back that broker is not asked at all: a fetch of the
//! others, which have nothing new, would only wait at the broker, and keep the one that is held
//! back waiting with it when its records are taken a moment later. Unless somebody waits for one of
//! the others by itself: then they are asked for without the one that is held back, and the broker
//! is to answer soon. A paused partition is not held back but left out, however much it holds.

use std::time::Instant;

use super::fetcher::Fetcher;
use super::frames::{Detach, Frame};
use super::plan::{Answer, Cluster, FetchPlan, Leader, Planned};
use super::positions::{Place, StartAt};
use super::session::{Asked, SessionStep};
use crate::error::ErrorCode;
use crate::ids::{BrokerId, TopicPartition};

/// What a broker may be asked for now.
pub(super) struct Open {
    /// With the generation of the last answer that brought data of it.
    partitions: Vec<(u64, Planned)>,
    leader_only: bool,
    /// One is held back, and somebody waits for another.
    brief: bool,
}

impl<T: Detach> Fetcher<T> {
    /// The next fetch for a broker, if it has none in flight, has something to be read and the
    /// budget has room. Each of `brokers` brokers may reserve its share of what fetches may take
    /// and no more, so that none that long-polls keeps the others from being asked.
    pub(crate) fn poll_fetch(
        &mut self,
        now: Instant,
        broker: BrokerId,
        brokers: usize,
        cluster: &impl Cluster,
    ) -> Option<FetchPlan> {
        let state = self.brokers.entry(broker).or_default();
        if state.in_flight || state.not_before.is_some_and(|at| now < at) {
            return None;
        }
        let (kept, kept_max) = (self.kept(), self.kept_max());
        let shares = match kept <= kept_max {
            true => Some(self.shares_with_copies(kept, brokers)?),
            false => None,
        };
        let Open {
            mut partitions,
            leader_only,
            brief,
        } = self.open(now, broker, cluster)?;
        let (free, share) = match shares {
            Some(shares) => shares,
            None => {
                self.keep(kept_max);
                self.shares_with_copies(self.kept(), brokers)?
            }
        };
        let limits = self.limits;
        partitions.sort_by_key(|(served, _)| *served);
        let mut partitions: Vec<Planned> =
            partitions.into_iter().map(|(_, planned)| planned).collect();
        let narrowed = self.narrow(broker, &mut partitions);
        // Of one that is asked for alone one batch is enough.
        let partition_max_bytes = match narrowed {
            Some(1) => 1,
            _ => self.partition_max(kept),
        };
        let session = self.begin(broker, &mut partitions);
        let most = partition_max_bytes.saturating_mul(partitions.len());
        let max_bytes = free.min(share).min(limits.max_bytes).min(most);
        let turn = self.next_generation();
        let state = self.brokers.entry(broker).or_default();
        state.in_flight = true;
        state.reserved = max_bytes;
        state.turn = turn;
        Some(FetchPlan {
            broker,
            session,
            max_bytes,
            partition_max_bytes,
            brief: brief || narrowed.is_some(),
            leader_only,
            partitions,
        })
    }

    /// As [`shares`](Self::shares), for whose sake what readers are slow with is copied out of
    /// answers that others have read.
    fn shares_with_copies(&mut self, kept: usize, brokers: usize) -> Option<(usize, usize)> {
        let shares = self.shares(kept, brokers);
        if shares.is_some() || !self.has_streams {
            return shares;
        }
        self.detach_rests();
        self.shares(kept, brokers)
    }
}

impl<T> Fetcher<T> {
    /// What fetches may take now beside what is `kept`, and one broker's part of what they may take
    /// at all; `None` if that is too little: a request for a few leftover bytes would bring one
    /// batch a round trip.
    pub(super) fn shares(&self, kept: usize, brokers: usize) -> Option<(usize, usize)> {
        let free = self.room().saturating_sub(self.spare());
        let kept = kept.min(self.kept_max());
        let most = self.limits.budget.saturating_sub(self.spare());
        let share = most.saturating_sub(kept) / brokers.max(1);
        let enough = self.partition_max(kept).min(share / 2).max(1);
        (free >= enough).then_some((free, share))
    }

    /// The brokers in the order to ask them: first who was not asked for longest. In the order of
    /// their ids the first ones would take all room there is while the user is slow, and the last
    /// ones never get any.
    pub(crate) fn in_turn(&self, brokers: impl Iterator<Item = BrokerId>) -> Vec<BrokerId> {
        let mut brokers: Vec<BrokerId> = brokers.collect();
        brokers.sort_by_key(|broker| self.brokers.get(broker).map(|state| state.turn));
        brokers
    }

    /// What the budget has left.
    pub(super) fn room(&self) -> usize {
        let used = self.buffered() + self.reserved() + self.opened;
        self.limits.budget.saturating_sub(used)
    }

    /// The part of the budget that fetches leave to polls, which decompress what they hand out:
    /// with none, a poll would get no more than one batch as soon as the buffer is full.
    pub(super) fn spare(&self) -> usize {
        if self.opens {
            self.limits.budget / 4
        } else {
            0
        }
    }

    fn running(&self) -> usize {
        let running = self.partitions.values();
        let running = running.filter(|state| !state.is_paused() && !state.held);
        running.count().max(1)
    }

    /// What a partition may hold before it is held back.
    pub(super) fn ahead(&self) -> usize {
        let kept = self.kept();
        let share = match self.has_streams {
            true => self.half_part(kept),
            false => {
                let kept = kept.min(self.kept_max());
                self.limits.budget.saturating_sub(kept) / self.running()
            }
        };
        share.min(self.limits.ahead).max(1)
    }

    /// What one answer may bring of a partition.
    fn partition_max(&self, kept: usize) -> usize {
        let most = self.limits.partition_max_bytes;
        match self.has_streams {
            true => most.min(self.half_part(kept)).max(1),
            false => most,
        }
    }

    /// Half of what each partition may have where streams are read apart from each other: with what
    /// it holds before it is held back, and one answer more, no reader that is slow takes the part
    /// of another. A quarter is for what answers hold beside what is not read yet.
    fn half_part(&self, kept: usize) -> usize {
        let kept = kept.min(self.kept_max());
        let most = self.limits.budget.saturating_sub(self.spare() + kept);
        most / 4 * 3 / self.running() / 2
    }

    /// What may be asked of a broker now; `None` if there is nothing, or one is held back.
    pub(super) fn open(
        &self,
        now: Instant,
        broker: BrokerId,
        cluster: &impl Cluster,
    ) -> Option<Open> {
        let ahead = self.ahead();
        let (mut held, mut polls_held, mut awaited, mut polled) = (false, false, false, false);
        let mut open = Open {
            partitions: Vec::new(),
            leader_only: false,
            brief: false,
        };
        for (at, state) in &self.partitions {
            let Some((place, source, leader)) = state.source(now, at, cluster) else {
                continue;
            };
            if source != broker {
                continue;
            }
            if state.bytes >= ahead {
                held = true;
                polls_held |= state.split.is_none();
                continue;
            }
            awaited |= state.is_awaited() && !state.has_records();
            polled |= state.split.is_none();
            open.leader_only |= state.leader_only.is_some_and(|until| now < until);
            let planned = planned(at, place, leader);
            open.partitions.push((state.served, planned));
        }
        open.brief = held;
        // A stream that nobody reads holds up other streams, but nothing that polls hand out.
        let goes_on = !held || awaited || (polled && !polls_held);
        (!open.partitions.is_empty() && goes_on).then_some(open)
    }

    /// Each partition of a plan begins a generation: what its old leader may still answer is void.
    fn begin(&mut self, broker: BrokerId, partitions: &mut [Planned]) -> SessionStep {
        let generation = self.next_generation();
        for planned in partitions.iter_mut() {
            planned.generation = generation;
            if let Some(state) = self.partitions.get_mut(&planned.partition) {
                state.generation = generation;
            }
        }
        let asked = |planned: &Planned| Asked {
            offset: planned.offset,
            leader_epoch: planned.leader.epoch,
            topic_id: planned.leader.topic_id,
        };
        let state = self.brokers.entry(broker).or_default();
        let mut lists = Vec::with_capacity(partitions.len());
        let wanted = partitions.iter().map(|each| (&each.partition, asked(each)));
        let step = state.session.next(wanted, |listed| lists.push(listed));
        for (planned, listed) in partitions.iter_mut().zip(lists) {
            planned.listed = listed;
        }
        step
    }

    /// The bytes that batches hold which wait to be handed out.
    pub(super) fn buffered(&self) -> usize {
        self.frames.bytes()
    }

    /// The bytes that fetches under way may bring.
    pub(super) fn reserved(&self) -> usize {
        self.brokers.values().map(|each| each.reserved).sum()
    }

    /// A fetch was answered, within the session that the answer names; `strangers` if it told of
    /// partitions that nobody asked for.
    pub(crate) fn answered(&mut self, broker: BrokerId, session: i32, strangers: bool) {
        let state = self.brokers.entry(broker).or_default();
        state.session.answered(session, strangers);
        self.narrowed(broker);
        self.fetch_ended(broker, None);
    }

    /// A fetch was refused as a whole. Whether that is about its session alone.
    pub(crate) fn refused(&mut self, broker: BrokerId, code: ErrorCode) -> bool {
        self.brokers
            .entry(broker)
            .or_default()
            .session
            .refused(code)
    }

    /// Nobody knows what became of a fetch.
    pub(crate) fn lost(&mut self, broker: BrokerId, retry_at: Option<Instant>) {
        self.brokers.entry(broker).or_default().session.lost();
        self.fetch_ended(broker, retry_at);
    }

    /// A fetch ended, well or not: its reserve is free again.
    pub(crate) fn fetch_ended(&mut self, broker: BrokerId, retry_at: Option<Instant>) {
        let state = self.brokers.entry(broker).or_default();
        state.in_flight = false;
        state.reserved = 0;
        state.not_before = retry_at;
    }

    /// Ends all sessions: which broker has which to close.
    pub(crate) fn close_sessions(&mut self) -> Vec<(BrokerId, i32)> {
        let open = |(broker, state): (&BrokerId, &mut super::fetcher::Broker)| {
            state.session.close().map(|id| (*broker, id))
        };
        self.brokers.iter_mut().filter_map(open).collect()
    }

    /// An answer for one partition arrived.
    pub(crate) fn fetched(&mut self, planned: &Planned, answer: Answer<T>) {
        let state = self.partitions.get_mut(&planned.partition);
        if let Some(state) = state.filter(|state| state.generation == planned.generation) {
            // All partitions of a plan have its generation: it names the answer as well.
            let frame = Frame {
                id: planned.generation,
                bytes: answer.frame_bytes,
            };
            // Its leader would have refused a position that is not in its log.
            state.validated = planned.leader.epoch;
            state.extend(answer, frame, &mut self.frames);
        }
    }

    /// The offset is not in the log: start over from here, after what was read before.
    pub(crate) fn reset(&mut self, planned: &Planned, to: StartAt) {
        let generation = self.next_generation();
        if let Some(state) = self.current(&planned.partition, planned.generation) {
            state.jump(to.into());
            state.generation = generation;
        }
    }
}

fn planned(at: &TopicPartition, place: Place, leader: Leader) -> Planned {
    Planned {
        partition: at.clone(),
        offset: place.offset,
        leader,
        generation: 0,
        listed: true,
    }
}
