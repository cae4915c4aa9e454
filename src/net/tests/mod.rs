//! Connections and brokers against scripted peers, in memory and in virtual time.

mod broker;
mod connection;
mod fake;
mod hostile;
mod opening;
