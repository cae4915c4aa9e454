//! Bytes in and out: the seam to the network, connections, and the brokers behind them.
//!
//! [`Connector`] gives streams, [`connection::Connection`] pipelines requests over one of them,
//! [`broker::Broker`] keeps the connections to one broker. All waiting has a limit, all decisions
//! about order and time are taken in `machine`.

pub(crate) mod broker;
pub(crate) mod call;
mod clock;
pub(crate) mod connection;
mod connector;
mod driver;
mod open;
pub(crate) mod options;
mod pool;
mod reader;
mod shared;
mod writer;

pub(crate) use broker::{Broker, Role};
pub(crate) use call::{CallError, Sent};
pub(crate) use clock::now;
pub(crate) use connection::Connection;
pub use connector::{BoxFuture, BoxStream, ByteStream, Connector, TcpConnector};
pub(crate) use options::{Net, NetOptions, Target};

#[cfg(test)]
mod tests;
