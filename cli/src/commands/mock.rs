//! `mock`: the mock cluster as a server, for programs in any language.

use serde_json::json;
use tidewire::mock::MockCluster;

use crate::args::{Global, MockArgs};
use crate::failure::Failure;
use crate::output::{note, print};
use crate::signals::Signals;

/// Serves until SIGINT or SIGTERM.
///
/// Its first line on stdout is a property, so that it can be put into a file for `-F`.
///
/// # Errors
/// When it cannot listen on the address.
pub(crate) async fn run(global: &Global, args: &MockArgs) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let cluster = MockCluster::builder()
        .brokers(args.nodes.into())
        .try_build()?;
    let servers = cluster
        .listen(args.listen.as_str())
        .await
        .map_err(|error| {
            Failure::new(format!("cannot listen on {}: {error}", args.listen))
                .next("--listen 127.0.0.1:0 takes free ports")
        })?;
    if global.json {
        print(&json!({"bootstrap_servers": servers, "nodes": args.nodes}).to_string())?;
    } else {
        print(&format!("bootstrap.servers={servers}"))?;
    }
    note("the mock cluster runs until SIGINT or SIGTERM; nothing is kept after that");
    signals.first().await;
    Ok(())
}
