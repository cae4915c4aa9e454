//! A Kafka cluster in this process, for tests that need no broker and for the demo.

mod batch;
mod decompress;
mod faults;
mod handlers;
mod log;
mod producers;
mod sessions;
mod state;
mod topics;
