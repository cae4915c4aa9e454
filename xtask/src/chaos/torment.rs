//! What happens to the brokers while the workload writes: one after the other is killed or stopped,
//! the next only when every replica of every partition is in sync again.
//!
//! More than one at a time would only stop the cluster, which tests little; less than all in sync
//! would lose records that Kafka itself does not promise to keep.

use std::time::{Duration, Instant};

use super::History;
use crate::broker;
use crate::interrupt;
use crate::probe::{self, Partition};
use crate::random::Random;
use crate::state::Cluster;

/// From a broker's return until all replicas are in sync again.
const RECOVERY_LIMIT: Duration = Duration::from_secs(180);
/// In sync, it must be so for two looks.
const LOOK: Duration = Duration::from_millis(300);

/// What is done to brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL and, after a while, a start.
    Kill,
    /// SIGSTOP and, after a while, SIGCONT: it wakes up with old requests in its queues.
    Pause,
}

/// How often what was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) kills: u64,
    pub(super) pauses: u64,
}

/// The loop and its state.
pub(super) struct Torment<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) topic: &'a str,
    pub(super) kinds: Vec<Fault>,
    pub(super) random: Random,
    pub(super) history: &'a History,
}

impl Torment<'_> {
    /// Until the time is over; `alive` fails when there is nothing left to test. Afterwards all
    /// brokers live and all replicas are in sync.
    pub(super) fn run(
        &mut self,
        end: Instant,
        mut alive: impl FnMut(Faults) -> Result<(), String>,
    ) -> Result<Faults, String> {
        let mut faults = Faults::default();
        loop {
            let partitions = self.wait_in_sync()?;
            alive(faults)?;
            let calm = self
                .calm()
                .min(end.saturating_duration_since(Instant::now()));
            interrupt::sleep(calm)?;
            alive(faults)?;
            let over = Instant::now() >= end;
            match self.pick_kind() {
                Some(fault) if !over => {
                    let node = self.pick_node(&partitions);
                    self.strike(fault, node)?;
                    match fault {
                        Fault::Kill => faults.kills += 1,
                        Fault::Pause => faults.pauses += 1,
                    }
                }
                _ if over => return Ok(faults),
                _ => {}
            }
        }
    }

    /// How long all is well between two faults; a quarter of the time for longer.
    fn calm(&mut self) -> Duration {
        let most = if self.random.chance(250_000) {
            8_000
        } else {
            2_000
        };
        Duration::from_millis(300 + self.random.below(most))
    }

    fn pick_kind(&mut self) -> Option<Fault> {
        let count = u64::try_from(self.kinds.len()).unwrap_or(0);
        let at = usize::try_from(self.random.below(count)).unwrap_or(0);
        self.kinds.get(at).copied()
    }

    /// Three times out of four the node that leads most partitions, else any.
    fn pick_node(&mut self, partitions: &[Partition]) -> u32 {
        let nodes: Vec<u32> = self.cluster.brokers().map(|broker| broker.id).collect();
        let count = u64::try_from(nodes.len()).unwrap_or(1);
        let any = usize::try_from(self.random.below(count)).unwrap_or(0);
        let any = nodes.get(any).copied().unwrap_or(1);
        let leads = |node: u32| {
            let leaders = partitions.iter().map(|partition| partition.leader);
            leaders
                .filter(|leader| u32::try_from(*leader) == Ok(node))
                .count()
        };
        let most = nodes.into_iter().max_by_key(|node| leads(*node));
        if self.random.chance(750_000) {
            most.unwrap_or(any)
        } else {
            any
        }
    }

    fn strike(&mut self, fault: Fault, node: u32) -> Result<(), String> {
        let name = &self.cluster.name;
        match fault {
            Fault::Kill => {
                // Sometimes back before the controller has missed it, which takes 4 s.
                let down = Duration::from_millis(self.random.below(6_000));
                self.history
                    .say(&format!("node {node}: SIGKILL, back in {down:?}"));
                broker::kill(name, node)?;
                interrupt::sleep(down)?;
                broker::restart(name, node)?;
                self.history.say(&format!("node {node}: serves again"));
            }
            Fault::Pause => {
                let time = Duration::from_millis(5_000 + self.random.below(15_000));
                self.history
                    .say(&format!("node {node}: SIGSTOP for {time:?}"));
                broker::pause(name, node)?;
                let slept = interrupt::sleep(time);
                broker::resume(name, node)?;
                self.history.say(&format!("node {node}: SIGCONT"));
                slept?;
            }
        }
        Ok(())
    }

    /// Waits until every broker says that every replica is in sync; what it says.
    fn wait_in_sync(&self) -> Result<Vec<Partition>, String> {
        let end = Instant::now() + RECOVERY_LIMIT;
        let mut before = false;
        loop {
            let now = self.in_sync();
            if before && now.is_ok() {
                return now;
            }
            if let (Err(why), true) = (&now, Instant::now() >= end) {
                return Err(format!(
                    "not in sync again within {RECOVERY_LIMIT:?}: {why}"
                ));
            }
            before = now.is_ok();
            interrupt::sleep(LOOK)?;
        }
    }

    fn in_sync(&self) -> Result<Vec<Partition>, String> {
        let mut partitions = Vec::new();
        for broker in self.cluster.brokers() {
            let id = broker.id;
            partitions = probe::partitions(broker.port, self.topic)
                .map_err(|why| format!("node {id}: {why}"))?;
            let behind = partitions.iter().find(|partition| !partition.is_whole());
            if let Some(partition) = behind {
                return Err(format!("node {id}: {partition:?}"));
            }
        }
        Ok(partitions)
    }
}
