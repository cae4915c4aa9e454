//! Taking leave: the fetch sessions are closed, so that brokers have room for others' (KIP-227).

use std::time::Duration;

use futures::future::join_all;

use super::inner::Inner;
use crate::cluster::{Deadline, Target};
use crate::machine::consumer::FINAL;
use crate::protocol::fetch::FetchRequest;

/// Brokers throw out an old session by themselves, so that nobody waits long for its end.
const LIMIT: Duration = Duration::from_secs(1);

/// Tells each broker that its session is over. Goes by the control connections: on the fetches'
/// own a fetch may be waiting for data.
pub(super) async fn close_sessions(inner: &Inner) {
    let open = inner.fetcher().close_sessions();
    let deadline = Deadline::after(LIMIT);
    let farewells = open.into_iter().map(|(broker, session_id)| async move {
        let request = FetchRequest {
            session_id,
            session_epoch: FINAL,
            ..FetchRequest::default()
        };
        let target = Target::Broker(broker);
        if let Err(error) = inner.shared.call(target, &request, deadline).await {
            tracing::debug!(%error, %broker, "a fetch session was left open");
        }
    });
    join_all(farewells).await;
}
