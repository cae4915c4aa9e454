//! What a test does to a running cluster: kill, pause and move brokers, move leaders, forget state.

use std::io;
use std::time::Duration;

use super::cluster::MockCluster;
use super::network::memory_address;
use super::shared::Run;
use super::state::Listener;
use crate::error::{Error, ErrorCode};
use crate::ids::BrokerId;

impl MockCluster {
    /// Kills a broker, as SIGKILL does: its connections break, nobody can connect, its fetch
    /// sessions are gone, and other replicas lead at once where there are any in sync.
    pub fn kill_broker(&self, id: impl Into<BrokerId>) {
        let BrokerId(id) = id.into();
        self.shared.set_status(id, Run::Down, true);
        self.doors.close(id);
        self.shared.with(|state| state.handle_down(id));
    }

    /// Starts a broker that was killed. It is in sync at once and leads only what nobody leads.
    ///
    /// # Errors
    ///
    /// Its TCP port cannot be bound any more.
    pub fn start_broker(&self, id: impl Into<BrokerId>) -> io::Result<()> {
        let BrokerId(id) = id.into();
        if self
            .shared
            .status(id)
            .is_none_or(|status| status.run != Run::Down)
        {
            return Ok(());
        }
        self.doors.reopen(&self.shared, id, false)?;
        self.shared.set_status(id, Run::Up, false);
        self.shared.with(|state| state.handle_up(id));
        Ok(())
    }

    /// Stops a broker as SIGSTOP does: connections stay and new ones are taken, but nothing is
    /// answered, and it still leads.
    pub fn pause_broker(&self, id: impl Into<BrokerId>) {
        let BrokerId(id) = id.into();
        if self
            .shared
            .status(id)
            .is_some_and(|status| status.run == Run::Up)
        {
            self.shared.set_status(id, Run::Paused, false);
        }
    }

    /// Lets a paused broker go on: first with the requests that came meanwhile.
    pub fn resume_broker(&self, id: impl Into<BrokerId>) {
        let BrokerId(id) = id.into();
        if self
            .shared
            .status(id)
            .is_some_and(|status| status.run == Run::Paused)
        {
            self.shared.set_status(id, Run::Up, false);
        }
    }

    /// Breaks a broker's connections; it takes new ones.
    pub fn close_connections(&self, id: impl Into<BrokerId>) {
        let BrokerId(id) = id.into();
        if let Some(status) = self.shared.status(id) {
            self.shared.set_status(id, status.run, true);
        }
    }

    /// Gives a broker another address, as if it had been started again elsewhere: its connections
    /// break and its old address answers nobody.
    ///
    /// # Errors
    ///
    /// No TCP port can be bound.
    pub fn move_broker_address(&self, id: impl Into<BrokerId>) -> io::Result<()> {
        let BrokerId(id) = id.into();
        self.shared.with(|state| {
            if let Some(broker) = state.brokers.get_mut(&id) {
                let (_, first, _) = memory_address(id, 0);
                let old = broker
                    .addresses
                    .get(&Listener::Memory)
                    .map_or(first, |(_, port)| *port);
                let moves = (old - first).saturating_add(1);
                let (host, port, _) = memory_address(id, moves);
                broker.addresses.insert(Listener::Memory, (host, port));
            }
        });
        self.doors.reopen(&self.shared, id, true)?;
        self.close_connections(id);
        Ok(())
    }

    /// Makes a broker the leader of a partition, with a new leader epoch.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION; REPLICA_NOT_AVAILABLE if the broker is no in-sync replica.
    pub fn move_leader(
        &self,
        topic: &str,
        partition: i32,
        to: impl Into<BrokerId>,
    ) -> Result<(), Error> {
        let BrokerId(to) = to.into();
        self.partition(topic, partition, |found| {
            if !found.isr.contains(&to) {
                let doing = format!("moving its leader to broker {to}");
                return Err(Error::broker(ErrorCode::REPLICA_NOT_AVAILABLE, &doing));
            }
            found.elect(Some(to));
            Ok(())
        })?
    }

    /// Makes a broker the coordinator of a group, and of every group that shares its partition of
    /// the internal topic. It knows what the old one wrote: members, assignment and offsets of the
    /// last generation that was synced, and nothing of a rebalance under way.
    pub fn move_coordinator(&self, group: &str, to: impl Into<BrokerId>) {
        let BrokerId(to) = to.into();
        self.shared.with(|state| {
            if state.is_up(to) {
                state.groups.coordinators.move_to(group, to);
                state.mark_changed();
            }
        });
    }

    /// Ends a member's session, as if it had been silent for too long.
    pub fn expire_member(&self, group: &str, member_id: &str) {
        let now = tokio::time::Instant::now().into_std();
        self.shared.with(|state| {
            state.groups.tick(now);
            state.groups.expire_member(group, member_id, now);
        });
    }

    /// How long a coordinator that took over from another loads its groups, counted from the first
    /// request; until then it answers COORDINATOR_LOAD_IN_PROGRESS. Default zero.
    pub fn set_coordinator_load_time(&self, time: Duration) {
        self.shared
            .with(|state| state.groups.coordinators.set_load_time(time));
    }

    /// Loses the end of a log, as an unclean election does: the log ends at `offset` (before the
    /// batch that holds it), and `to` leads with a new epoch. Returns the new end.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION; REPLICA_NOT_AVAILABLE if the broker is no in-sync replica.
    pub fn lose_log_end(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
        to: impl Into<BrokerId>,
    ) -> Result<i64, Error> {
        let BrokerId(to) = to.into();
        self.partition(topic, partition, |found| {
            if !found.isr.contains(&to) {
                let doing = format!("moving its leader to broker {to}");
                return Err(Error::broker(ErrorCode::REPLICA_NOT_AVAILABLE, &doing));
            }
            let end = found.log.truncate(offset);
            // From nobody, so that the epoch is a new one even if the leader stays.
            found.leader = None;
            found.elect(Some(to));
            Ok(end)
        })?
    }

    /// Lets a follower lag: of a partition's log it shows only what is before an offset, -1 for
    /// all. A fetch beyond that gets OFFSET_OUT_OF_RANGE from it. It stays in sync, and has caught
    /// up when the partition gets another leader.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION; REPLICA_NOT_AVAILABLE if the broker is no replica.
    pub fn lag_follower(
        &self,
        topic: &str,
        partition: i32,
        follower: impl Into<BrokerId>,
        end: i64,
    ) -> Result<(), Error> {
        let BrokerId(follower) = follower.into();
        self.partition(topic, partition, |found| {
            if !found.replicas.contains(&follower) {
                let doing = format!("letting broker {follower} lag");
                return Err(Error::broker(ErrorCode::REPLICA_NOT_AVAILABLE, &doing));
            }
            if end < 0 {
                found.lags.remove(&follower);
            } else {
                found.lags.insert(follower, end);
            }
            Ok(())
        })?
    }

    /// Gives a broker another rack (`broker.rack`), as a restart with other configuration would.
    pub fn set_rack(&self, id: impl Into<BrokerId>, rack: Option<&str>) {
        let BrokerId(id) = id.into();
        self.shared.with(|state| {
            if let Some(broker) = state.brokers.get_mut(&id) {
                broker.rack = rack.map(str::to_owned);
            }
        });
    }

    /// Deletes the records before an offset, -1 for all; returns the new start of the log.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION; OFFSET_OUT_OF_RANGE past the end.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Result<i64, Error> {
        self.partition(topic, partition, |found| found.log.delete_before(before))?
            .map_err(|code| Error::broker(code, "deleting its records").with_topic(topic))
    }

    /// Forgets what a partition knows of its idempotent producers, as `producer.id.expiration.ms`
    /// does in time.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION.
    pub fn forget_producers(&self, topic: &str, partition: i32) -> Result<(), Error> {
        self.partition(topic, partition, |found| found.log.producers.forget())
    }

    /// Forgets a broker's fetch sessions, as evicting them does.
    pub fn forget_fetch_sessions(&self, id: impl Into<BrokerId>) {
        let BrokerId(id) = id.into();
        self.shared.with(|state| {
            if let Some(broker) = state.brokers.get_mut(&id) {
                broker.sessions.clear();
            }
        });
    }
}
