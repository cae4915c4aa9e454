//! The consumer's tasks, and how they end.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::handle::Consumer;
use super::inner::Inner;
use super::{driver, group};
use crate::cluster::{Client, Deadline};
use crate::error::{Error, ErrorKind, Result};

/// The tasks of one consumer.
#[derive(Debug)]
pub(super) struct Tasks {
    fetching: JoinHandle<()>,
    group: Option<JoinHandle<()>>,
}

impl Tasks {
    pub(super) fn spawn(inner: &Arc<Inner>, client: &Client) -> Self {
        let fetching = tokio::spawn(driver::drive(Arc::clone(inner)));
        let group = inner.group.as_ref().map(|group| {
            let (inner, group) = (Arc::clone(inner), Arc::clone(group));
            tokio::spawn(group::drive(inner, group, client.clone()))
        });
        Self { fetching, group }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let Some(tasks) = self.tasks.take() else {
            return;
        };
        self.inner.close();
        tasks.fetching.abort();
        // Its task leaves the group if that is quick, and ends.
        if let Some(group) = &self.inner.group {
            group.abandon();
        }
    }
}

impl Consumer {
    /// Ends the consumer, at most as long as given: commits what was handed out
    /// (`enable.auto.commit`, default: true), tells the
    /// [`RebalanceListener`](crate::RebalanceListener) that its partitions are revoked, leaves the
    /// group (a static member does not, so that it can come back), and closes its fetch sessions.
    ///
    /// # Errors
    ///
    /// `Timeout` if that takes too long, and what the last commit failed with; it ends either way.
    /// A listener that has not returned after three quarters of the time is dropped, so that the
    /// group is left all the same; one that was called before this was after half of that, so that
    /// what it holds up is committed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the consumer without waiting.
    pub async fn close(mut self, limit: Duration) -> Result<()> {
        let deadline = Deadline::after(limit);
        let Some(mut tasks) = self.tasks.take() else {
            let words = "a rebalance listener cannot close its consumer";
            return Err(Error::new(ErrorKind::InvalidInput, words));
        };
        self.inner.close();
        if let Some(group) = &self.inner.group {
            group.leave(&self.inner, deadline.remaining());
        }
        // A task that was aborted is gone, too.
        let gone = async {
            if let Some(task) = &mut tasks.group {
                let _ = task.await;
            }
            let _ = (&mut tasks.fetching).await;
        };
        let in_time = deadline.wait(gone).await.is_some();
        let failed = self
            .inner
            .group
            .as_ref()
            .and_then(|group| group.take_failure());
        if in_time {
            return failed.map_or(Ok(()), Err);
        }
        let words = format!("the consumer did not end within {} ms", limit.as_millis());
        let error = Error::new(ErrorKind::Timeout, words);
        Err(match failed {
            Some(failed) => error.with_source(failed),
            None => error,
        })
    }
}
