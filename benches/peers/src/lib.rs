//! What the programs share: the job they are given, the clock they keep, and the line they report.
//!
//! Each program measures one run of one client and says so in one JSON object on its last line of
//! stdout. Processor time and memory are measured from outside, in the same way for all of them.

mod consume;
mod job;
mod produce;
mod tally;

pub use consume::Reading;
pub use job::{Job, Pace};
pub use produce::produce;
pub use tally::{Report, Tally};
