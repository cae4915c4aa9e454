//! What a member says of itself when it joins, and what its leader does with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Result;
use crate::machine::group::{Partitions, Topology};

/// What one member of the group brought along, by assignor-independent facts.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    /// Its subscription, as bytes.
    pub(crate) metadata: Bytes,
}

/// The configured assignors, in the form that the protocol needs: bytes.
pub(crate) trait Strategies: fmt::Debug + Send {
    /// Whether all of them can move partitions one by one (KIP-429).
    fn is_cooperative(&self) -> bool;

    /// Whether it matters where replicas are (KIP-881).
    fn looks_at_racks(&self) -> bool {
        false
    }

    /// Name and subscription for each, the preferred one first.
    ///
    /// # Errors
    /// What cannot be put into the protocol's form.
    fn subscriptions(
        &self,
        topics: &BTreeSet<Arc<str>>,
        owned: &Partitions,
        generation: i32,
    ) -> Result<Vec<(String, Bytes)>>;

    /// The topics that any member wants.
    ///
    /// # Errors
    /// `Malformed` where a member's subscription cannot be read.
    fn topics(&self, members: &[Joined]) -> Result<BTreeSet<Arc<str>>>;

    /// Shares out the partitions.
    ///
    /// # Errors
    /// If there is no such assignor here, or a subscription cannot be read.
    fn assign(
        &mut self,
        assignor: &str,
        members: &[Joined],
        topology: &Topology,
    ) -> Result<BTreeMap<String, Bytes>>;

    /// Reads what this member got; no bytes stand for nothing.
    ///
    /// # Errors
    /// `Malformed` where it cannot be read.
    fn read(&mut self, assignor: &str, assignment: &Bytes, generation: i32) -> Result<Partitions>;
}
