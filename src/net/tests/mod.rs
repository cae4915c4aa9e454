//! Connections and brokers against scripted peers, in memory and in virtual time.

mod connection;
mod fake;
