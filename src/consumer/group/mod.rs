//! A consumer that is a member of a group, and commits: one task, the machines of
//! [`machine::group`](crate::machine::group), and what users and listeners see of them.

mod api;
mod calls;
mod commit;
mod listener;
mod names;
mod polling;
mod state;
mod subscription;
mod task;

pub use api::GroupMetadata;
pub use commit::PendingCommit;
pub(super) use listener::AnyListener;
pub use listener::RebalanceListener;
pub(super) use polling::Polling;
pub(super) use state::Group;
pub(super) use subscription::Subscription;
pub(super) use task::drive;
