//! Topics, groups and the cluster itself: list, describe, create, delete.
//!
//! Calls that name several topics answer for each of them, since one may fail and the rest not.

mod change;
mod cluster;
mod groups;
mod topics;

pub use cluster::ClusterDescription;
pub use groups::{GroupDescription, GroupListing, GroupMemberDescription};
pub use topics::{NewTopic, TopicDescription, TopicListing};

use crate::cluster::{Client, Deadline};

/// A handle for administration, from [`Client::admin`].
///
/// Every call takes at most `default.api.timeout.ms` with all its retries.
#[derive(Clone, Debug)]
pub struct Admin {
    client: Client,
}

impl Client {
    /// A handle for topics, groups and the cluster itself.
    #[must_use]
    pub fn admin(&self) -> Admin {
        let client = self.clone();
        Admin { client }
    }
}

impl Admin {
    fn deadline(&self) -> Deadline {
        Deadline::after(self.client.config().default_api_timeout)
    }
}
