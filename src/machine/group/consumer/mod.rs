//! A member of a group whose coordinator assigns (KIP-848): it says what it wants and what it has,
//! is told what it is to have, and walks there. Pure.
//!
//! All of it goes by one request, the heartbeat. The first one, and each one after something went
//! wrong, says everything and is answered with everything; the others say what has changed.
//!
//! - *Epochs*. A member joins with epoch 0 and leaves with -1, or -2 if it is static (KIP-345) and
//!   may be back. In between the coordinator counts. A member that it has fenced, or does not know,
//!   has *lost* its partitions; it joins again under its old id.
//! - *Rounds*. A target that differs from what the member has is reconciled in rounds: what must
//!   go is given up in one, what is new is taken over in the next, and at the end of each a
//!   heartbeat says what the member has then. A target that comes meanwhile waits for the next
//!   round.
//! - *What is said stays true*. A coordinator that reads that a member lacks a partition may give
//!   it to another at once, even if it has told the member otherwise before. So nothing is taken
//!   over while a heartbeat that lists partitions is under way, or was lost: its answer has the
//!   last word.
//! - *Names*. Targets name topics by id. Those whose names are not known yet are left for a later
//!   round, and asked for meanwhile. A topic that was made anew under its name is given up in one
//!   round and taken over in the next.
//! - *Ids*. The member makes its id itself, from its first heartbeat on (KIP-1082), so that a join
//!   whose answer was lost leaves nobody behind. Brokers that would make one take it, too.
//!
//! How long the coordinator waits for a heartbeat is its own secret: a member that cannot reach it
//! keeps what it has, and finds out later whether it was replaced. Its commits are then refused.

mod answers;
mod beats;
mod member;
mod target;

pub(crate) use member::{Member, Settings};

#[cfg(test)]
mod model;
#[cfg(test)]
mod model_coordinator;
#[cfg(test)]
mod tests;
