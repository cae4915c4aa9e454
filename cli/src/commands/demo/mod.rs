//! `demo`: the whole client at work in one process, with an answer that can be wrong.
//!
//! A producer writes keyed records to a three-node mock cluster while consumers read them; half
//! way one of the nodes is killed, so that its partitions move to other leaders. Then every
//! record is checked: its bytes, its place in the log against what the producer was told, the
//! order within its partition, and that all records of a key share one partition. Nothing may be
//! missing and nothing may be there twice.

mod check;
mod orders;
mod rate;
mod show;
mod work;

pub(crate) use show::run;
