//! The connections of one owner (the client's control calls, a producer, a consumer) by broker.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::ids::BrokerId;
use crate::machine::metadata::{ClusterMetadata, Node};
use crate::machine::rng::Rng;
use crate::net::{Broker, CallError, Connection, Net, Role, Target};
use crate::protocol::{ApiKey, Decode, Encode, Request};

/// Connections of one role, one broker each, opened when they are first used.
///
/// A broker is its id: when metadata says that it moved, the next connection goes to where it is.
#[derive(Debug)]
pub(crate) struct Brokers {
    role: Role,
    net: Arc<Net>,
    rng: Mutex<Rng>,
    by_id: Mutex<BTreeMap<BrokerId, Broker>>,
}

/// One broker, for calls of one role.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    broker: Broker,
    role: Role,
}

impl Peer {
    /// Sends a request, in a version of `cap` at most, and waits for the answer.
    pub(crate) async fn call<R>(
        &self,
        request: &R,
        cap: Option<i16>,
        limit: Duration,
    ) -> Result<R::Response>
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        Ok(self.try_call(request, cap, limit).await?)
    }

    /// As [`call`](Self::call), and says of a failed request whether it may have been carried out.
    pub(crate) async fn try_call<R>(
        &self,
        request: &R,
        cap: Option<i16>,
        limit: Duration,
    ) -> Result<R::Response, CallError>
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        self.broker.call(self.role, request, cap, limit).await
    }

    /// The connection, if it is open.
    pub(crate) fn open(&self) -> Option<Connection> {
        self.broker.open(self.role)
    }

    /// Opens the connection, if it is not open.
    pub(crate) async fn connect(&self, limit: Duration) -> Result<()> {
        self.broker.connection(self.role, limit).await?;
        Ok(())
    }

    /// The error of a caller who gave up after `waited`.
    pub(crate) fn too_late(&self, api: ApiKey, waited: Duration) -> Error {
        self.broker.too_late(self.role, api, waited)
    }
}

impl Brokers {
    pub(crate) fn new(role: Role, net: Arc<Net>) -> Self {
        let rng = Mutex::new(Rng::new(net.env.seed()));
        Self {
            role,
            net,
            rng,
            by_id: Mutex::default(),
        }
    }

    /// The connection to a broker, at the address metadata gives it now.
    pub(crate) fn get(&self, node: &Node) -> Peer {
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        let broker = by_id.entry(node.id).or_insert_with(|| {
            let target = Target {
                id: Some(node.id),
                host: node.host.clone(),
                port: node.port,
            };
            Broker::new(Arc::clone(&self.net), target)
        });
        broker.set_address(node.host.clone(), node.port);
        Peer {
            broker: broker.clone(),
            role: self.role,
        }
    }

    /// Some broker of the cluster: one that is connected if there is one, and rather not one that
    /// is in a pause after failures.
    pub(crate) fn pick_any(&self, snapshot: &ClusterMetadata) -> Option<BrokerId> {
        let by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let worth = |id: &BrokerId| match by_id.get(id) {
            Some(broker) if broker.is_connected(self.role) => 2,
            Some(broker) if broker.backoff_until().is_some() => 0,
            _ => 1,
        };
        let all = snapshot.nodes.keys().copied();
        all.max_by_key(|id| (worth(id), rng.next_u64()))
    }
}
