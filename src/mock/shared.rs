//! What the connections of a cluster share: the state, the fault plan, and who is running.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use tokio::sync::watch;

use super::faults::FaultPlan;
use super::server::{Connection, gone};
use super::state::{ClusterState, Listener};
use crate::env::Env;
use crate::net::BoxStream;

/// How a broker is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Run {
    Up,
    /// Connections stay, nothing is answered.
    Paused,
    /// No connections.
    Down,
}

/// A broker's state of running, as its connections watch it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Status {
    pub(crate) run: Run,
    /// Grows with every loss of all connections, so that none outlives a quick restart.
    pub(crate) incarnation: u64,
}

/// What all connections of a cluster share.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<ClusterState>,
    faults: Mutex<FaultPlan>,
    statuses: BTreeMap<i32, watch::Sender<Status>>,
    changed: watch::Sender<u64>,
    connections: AtomicU64,
    pub(crate) env: Env,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(state: ClusterState, env: Env) -> Self {
        let up = Status {
            run: Run::Up,
            incarnation: 0,
        };
        let ids = state.brokers.keys();
        Self {
            statuses: ids.map(|id| (*id, watch::Sender::new(up))).collect(),
            state: Mutex::new(state),
            faults: Mutex::new(FaultPlan::default()),
            changed: watch::Sender::new(0),
            connections: AtomicU64::new(0),
            env,
        }
    }

    /// Looks at or changes the cluster, and wakes waiting fetches if that concerns them.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut ClusterState) -> T) -> T {
        let mut state = lock(&self.state);
        let result = change(&mut state);
        if state.take_changed() {
            self.changed
                .send_modify(|count| *count = count.wrapping_add(1));
        }
        result
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        lock(&self.faults)
    }

    pub(crate) fn status(&self, broker: i32) -> Option<Status> {
        Some(*self.statuses.get(&broker)?.borrow())
    }

    /// Sets how a broker is doing; with `cut` it loses all its connections.
    pub(crate) fn set_status(&self, broker: i32, run: Run, cut: bool) {
        if let Some(status) = self.statuses.get(&broker) {
            status.send_modify(|status| {
                status.run = run;
                status.incarnation += u64::from(cut);
            });
        }
    }

    /// Ends every connection and lets none come: the cluster is gone.
    pub(crate) fn stop(&self) {
        for broker in self.statuses.keys() {
            self.set_status(*broker, Run::Down, true);
        }
    }

    /// Serves one connection until either side is done with it. What may end it counts from the
    /// call on, not from when its task first runs: a broker may be killed in between.
    pub(crate) fn serve(
        self: Arc<Self>,
        broker: i32,
        door: Listener,
        stream: BoxStream,
    ) -> impl Future<Output = ()> + Send + 'static {
        let status = self.statuses.get(&broker).map(watch::Sender::subscribe);
        let began = status.as_ref().map(|status| *status.borrow());
        async move {
            let (Some(status), Some(began)) = (status, began) else {
                return;
            };
            let mut connection = Connection {
                changed: self.changed.subscribe(),
                status: status.clone(),
                id: self.connections.fetch_add(1, Ordering::Relaxed),
                shared: self,
                broker,
                door,
                stream,
                inbox: BytesMut::new(),
            };
            tokio::select! {
                biased;
                () = gone(status, began) => {}
                ended = connection.run() => {
                    if let Err(reason) = ended {
                        tracing::debug!(broker, ?reason, "the mock closes a connection");
                    }
                }
            }
        }
    }
}
