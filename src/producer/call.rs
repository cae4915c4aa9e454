//! The sender's calls: what goes over the connection, and what their outcomes mean.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::config::Acks;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{ProducerEpoch, ProducerId};
use crate::machine::producer::Answer;
use crate::net::{CallError, Connection, Sent};
use crate::protocol::init_producer_id::InitProducerIdResponse;
use crate::protocol::produce::{ProduceRequest, ProduceResponse};
use crate::protocol::{ApiKey, Request};

/// Queues the request on the connection at once; the future gives its answer, if there is to be
/// one.
pub(super) fn submit(
    connection: &Connection,
    request: &ProduceRequest,
    max_version: Option<i16>,
    acks: Acks,
    limit: Duration,
) -> BoxFuture<'static, Result<Option<ProduceResponse>, CallError>> {
    const API: ApiKey = ProduceRequest::KEY;
    let encoded = connection.pick(API, max_version).and_then(|version| {
        let (correlation, frame) = connection.encode(request, version)?;
        Ok((version, correlation, frame))
    });
    let (version, correlation, frame) = match encoded {
        Ok(encoded) => encoded,
        Err(failed) => return Box::pin(std::future::ready(Err(failed))),
    };
    if acks == Acks::None {
        let sent = connection.send_unanswered(frame, API, version, limit);
        return Box::pin(async move { sent.await.map(|()| None) });
    }
    let answer = connection.submit(frame, API, version, correlation, limit);
    let connection = connection.clone();
    Box::pin(async move { connection.decode(answer.await?, version).map(Some) })
}

/// Whether an answer says that the client's picture of the cluster is out of date.
pub(super) fn is_stale(answer: &Answer) -> bool {
    match answer {
        Answer::Written(_) => false,
        Answer::Refused(refusal) => refusal.code.refreshes_metadata(),
        Answer::Lost { .. } => true,
    }
}

pub(super) fn lost(failed: CallError) -> Answer {
    Answer::Lost {
        maybe_sent: failed.sent == Sent::Maybe,
        error: failed.error,
    }
}

pub(super) fn producer_id(
    response: &InitProducerIdResponse,
) -> Result<(ProducerId, ProducerEpoch)> {
    match ErrorCode(response.error_code).err() {
        Some(code) => Err(Error::broker(code, "asking for a producer id")),
        None => Ok((
            ProducerId(response.producer_id),
            ProducerEpoch(response.producer_epoch),
        )),
    }
}
