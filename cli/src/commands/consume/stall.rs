//! When reading has an end and comes no nearer to it: whether it ever will.

use std::time::{Duration, Instant};

use futures::FutureExt;
use tidewire::Consumer;

use super::member;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::text::goal::Goal;

/// Watches a consumer that has a goal: without any usable broker it would never come to its end.
pub(super) struct Stall<'a> {
    settings: &'a Settings,
    limit: Duration,
    since: Instant,
    positions: Vec<Option<i64>>,
}

impl<'a> Stall<'a> {
    /// Waits no longer than `limit` for anything to move.
    pub(super) fn new(settings: &'a Settings, limit: Duration) -> Self {
        Self {
            settings,
            limit,
            since: Instant::now(),
            positions: Vec::new(),
        }
    }

    /// How long until a check says anything.
    pub(super) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.since.elapsed())
    }

    /// Something came, or the time that passed is not the brokers'.
    pub(super) fn moved(&mut self, consumer: &Consumer) {
        self.positions = positions(consumer);
        self.since = Instant::now();
    }

    /// Fails when no position has moved for `default.api.timeout.ms`, and either no broker can be
    /// used or records that were there at the start do not come. New records may take any time.
    ///
    /// # Errors
    /// As said.
    pub(super) async fn check(&mut self, consumer: &Consumer, goal: &Goal) -> Result<(), Failure> {
        if !self.left().is_zero() {
            return Ok(());
        }
        // Control records and records that were compacted away move it without being seen.
        if positions(consumer) != self.positions {
            self.moved(consumer);
            return Ok(());
        }
        let late = format!(
            "nothing came within default.api.timeout.ms ({} ms)",
            self.limit.as_millis()
        );
        let why = self.settings.probe().await;
        why.map_err(|failure| failure.while_doing(&late))?;
        if let Some(partition) = member::assigned(consumer, goal.open()).first() {
            let what = format!("{late}, and {partition} is not at its end; a broker answers");
            return Err(Failure::new(what).next(format!(
                "`tidewire topics describe {}` shows its leader; -v shows each retry",
                partition.topic
            )));
        }
        self.moved(consumer);
        Ok(())
    }
}

fn positions(consumer: &Consumer) -> Vec<Option<i64>> {
    let position = |partition| consumer.position(partition).now_or_never()?.ok();
    consumer.assignment().iter().map(position).collect()
}
