//! Topics that were deleted and made anew under their name: a place in the old log means nothing in
//! the new one, even where that is long enough to have it. Where `auto.offset.reset` is `none` the
//! user is told, once, and the partition is left out until it is sought.

use std::time::Instant;

use super::fetcher::Fetcher;
use super::partition::{LeftOut, Partition};
use super::plan::Cluster;
use super::positions::{Position, StartAt};
use crate::error::{Error, ErrorCode};
use crate::ids::{LeaderEpoch, TopicPartition};

impl<T> Fetcher<T> {
    /// Looks whether topics have other ids than before. Their partitions start over from `to`,
    /// after what was fetched before; without it the user is told. Which ones these are.
    pub(crate) fn notice_new_topics(
        &mut self,
        now: Instant,
        cluster: &impl Cluster,
        to: Option<StartAt>,
    ) -> Vec<TopicPartition> {
        let mut renewed = Vec::new();
        for (at, state) in &mut self.partitions {
            let id = cluster.leader(at).map(|leader| leader.topic_id);
            let Some(id) = id.filter(|id| !id.is_zero()) else {
                continue;
            };
            let before = std::mem::replace(&mut state.topic_id, id);
            let has_place = matches!(state.fetch, Position::At(_));
            if before.is_zero() || before == id || !has_place {
                continue;
            }
            renewed.push((at.clone(), id));
        }
        for (at, id) in &renewed {
            let generation = self.next_generation();
            let Some(state) = self.partitions.get_mut(at) else {
                continue;
            };
            tracing::warn!(topic = &*at.topic, partition = at.partition, %id, "the topic is a new one");
            // What is still on its way is the old topic's.
            state.generation = generation;
            state.validated = LeaderEpoch::NONE;
            match to {
                Some(to) => state.jump(to.into()),
                None => state.lose_place(now, made_anew(at)),
            }
        }
        renewed.into_iter().map(|(at, _)| at).collect()
    }
}

impl<T> Partition<T> {
    /// There is another log, and nothing says where to begin in it: after what is buffered it is
    /// left out until it is sought, and nothing of it is committed.
    fn lose_place(&mut self, now: Instant, error: Error) {
        let Position::At(place) = self.fetch else {
            return;
        };
        self.jump(self.fetch);
        self.left_out = Some(LeftOut {
            offset: place.offset,
            error: error.clone(),
            has_no_place: true,
        });
        self.fail(now, error);
    }
}

fn made_anew(at: &TopicPartition) -> Error {
    let what =
        "the topic was deleted and made anew, and auto.offset.reset is none: seek, or set it";
    Error::broker(ErrorCode::INCONSISTENT_TOPIC_ID, what)
        .with_topic(at.topic.clone())
        .with_partition(at.partition)
}
