//! Text in and text out, without a broker: lines to records, records to bytes. All of it is pure.

mod escape;
pub(crate) mod format;
pub(crate) mod goal;
pub(crate) mod input;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod offset;
pub(crate) mod table;
pub(crate) mod tally;
