//! Bytes in and out: the seam to the network, connections, and the brokers behind them.

mod connector;
mod pool;
mod reader;
mod writer;

pub use connector::{BoxFuture, BoxStream, ByteStream, Connector, TcpConnector};
