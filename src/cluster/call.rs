//! Calls with a time limit, a target and retries.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::metadata::accept;
use super::shared::Shared;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::BrokerId;
use crate::machine::backoff::Backoff;
use crate::net::{CallError, Sent, now};
use crate::protocol::metadata::{MetadataRequest, MetadataResponse};
use crate::protocol::{Decode, Encode, Request};

/// A limit on a wait, and the length it had when it was set (for the error's words).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        // A limit too long for the clock is no limit that anybody will see the end of.
        let at = now()
            .checked_add(limit)
            .unwrap_or_else(|| now() + Duration::from_secs(86_400));
        Self { at, limit }
    }

    /// This deadline, or an earlier one.
    pub(crate) fn sooner(self, limit: Duration) -> Self {
        Self::after(limit.min(self.remaining()))
    }

    pub(crate) fn limit(self) -> Duration {
        self.limit
    }

    pub(crate) fn is_after(self, time: Instant) -> bool {
        time < self.at
    }

    pub(crate) fn remaining(self) -> Duration {
        self.at.saturating_duration_since(now())
    }

    /// Waits for the future, at most until the deadline.
    pub(crate) async fn wait<T>(self, future: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(self.at.into(), future).await.ok()
    }
}

/// Which broker a call goes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// Whichever answers.
    Any,
    /// The one that answers as the controller.
    Controller,
    /// This one.
    Broker(BrokerId),
    /// This one, which may take seconds for the answer: by a connection of its own, since others on
    /// the same one would have to wait for it.
    Slow(BrokerId),
}

impl Shared {
    /// One call without retries, of at most `request.timeout.ms` and the deadline.
    pub(crate) async fn call<R>(
        self: &Arc<Self>,
        target: Target,
        request: &R,
        deadline: Deadline,
    ) -> Result<R::Response>
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        self.call_at_most(target, request, None, deadline).await
    }

    /// As [`call`](Self::call), in a version of `cap` at most: for the shape a request had once.
    pub(crate) async fn call_at_most<R>(
        self: &Arc<Self>,
        target: Target,
        request: &R,
        cap: Option<i16>,
        deadline: Deadline,
    ) -> Result<R::Response>
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        Ok(self.try_call(target, request, cap, deadline).await?)
    }

    /// As [`call_at_most`](Self::call_at_most), and says of a failed request whether it may have
    /// been carried out.
    pub(crate) async fn try_call<R>(
        self: &Arc<Self>,
        target: Target,
        request: &R,
        cap: Option<i16>,
        deadline: Deadline,
    ) -> Result<R::Response, CallError>
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        self.start().map_err(CallError::unsent)?;
        let id = self.choose(target, deadline).await;
        let id = id.map_err(CallError::unsent)?;
        let snapshot = self.snapshot();
        let node = snapshot.nodes.get(&id);
        let node = node.ok_or_else(|| CallError::unsent(unknown_broker(id)))?;
        let brokers = match target {
            Target::Slow(_) => self.slow(),
            _ => self.control(),
        };
        let peer = brokers.get(node);
        let waited = deadline.remaining();
        // The connection is judged by `request.timeout.ms` alone: a caller in a hurry must not end
        // it for the others. And no pause that the broker asks for holds up a deadline.
        let called = peer.try_call(request, cap, self.config.request_timeout);
        deadline.wait(called).await.unwrap_or_else(|| {
            let error = peer.too_late(R::KEY, waited);
            let sent = Sent::Maybe;
            Err(CallError { error, sent })
        })
    }

    async fn choose(self: &Arc<Self>, target: Target, deadline: Deadline) -> Result<BrokerId> {
        if let Target::Broker(id) | Target::Slow(id) = target {
            return Ok(id);
        }
        self.wait_connected(deadline.remaining()).await?;
        let snapshot = self.snapshot();
        let controller = snapshot.controller.filter(|_| target == Target::Controller);
        controller
            .or_else(|| self.control().pick_any(&snapshot))
            .ok_or_else(|| Error::new(ErrorKind::Connect, "the cluster named no brokers"))
    }

    /// Asks any broker for metadata, again and again until the deadline for what fails for now.
    pub(crate) async fn describe(
        self: &Arc<Self>,
        request: &MetadataRequest,
        deadline: Deadline,
    ) -> Result<MetadataResponse> {
        let mut retry = self.retry(deadline);
        loop {
            let called = self.call(Target::Any, request, deadline).await;
            match called.and_then(accept) {
                Ok(response) => return Ok(response),
                Err(error) => retry.after(error).await?,
            }
        }
    }

    /// Tells a failing call whether and when to try again.
    pub(crate) fn retry(self: &Arc<Self>, deadline: Deadline) -> Retry {
        let backoff = Backoff::new(self.retry_policy(), self.env.seed());
        Retry {
            shared: Arc::clone(self),
            backoff,
            deadline,
            started: now(),
        }
    }
}

/// The attempts of one call.
pub(crate) struct Retry {
    shared: Arc<Shared>,
    backoff: Backoff,
    deadline: Deadline,
    started: Instant,
}

impl Retry {
    /// Waits until the next attempt may be made, or gives the error back, completed by what was
    /// tried: it will not pass, or the deadline comes first. Refreshes the metadata where the error
    /// says that the client's picture is out of date.
    pub(crate) async fn after(&mut self, error: Error) -> Result<()> {
        let attempts = self.backoff.failures() + 1;
        let retry_at = self.backoff.failed(now());
        if !error.is_retriable() || !self.deadline.is_after(retry_at) {
            return Err(error.with_attempts(attempts, now() - self.started));
        }
        if error.code().is_none_or(ErrorCode::refreshes_metadata) {
            self.shared.refresh_metadata();
        }
        tracing::debug!(%error, attempts, "trying again");
        tokio::time::sleep_until(retry_at.into()).await;
        Ok(())
    }
}

fn unknown_broker(id: BrokerId) -> Error {
    Error::broker(
        ErrorCode::LEADER_NOT_AVAILABLE,
        "the broker is not in the cluster's metadata",
    )
    .with_broker(id)
}
