//! Where the async client runs, and how a thread waits for it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures::FutureExt;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio::sync::oneshot;
use tokio::task::coop;

use crate::error::{Error, ErrorKind, Result, WriteStatus};

/// More than the budget of any task, which is 128 operations.
const MORE_THAN_A_BUDGET: usize = 256;

/// How long the last tasks may take to end: a member that is dropped leaves its group within a
/// second.
const GRACE: Duration = Duration::from_millis(1500);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A runtime; one of its own ends with the last clone.
#[derive(Clone, Debug)]
pub(super) struct Runtime {
    handle: Handle,
    _own: Option<Arc<oneshot::Sender<()>>>,
}

impl Runtime {
    /// Starts a runtime on a thread of its own.
    pub(super) fn start() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| failed("making a runtime", source))?;
        let handle = runtime.handle().clone();
        let (own, last_gone) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("tidewire-blocking".to_owned())
            .spawn(move || {
                // An error is what it waits for: the sender was dropped.
                let _ = runtime.block_on(last_gone);
                runtime.block_on(tasks_end(runtime.handle()));
                // Without waiting for work on the blocking pool, which nobody needs any more.
                runtime.shutdown_background();
            })
            .map_err(|source| failed("starting a thread", source))?;
        Ok(Self {
            handle,
            _own: Some(Arc::new(own)),
        })
    }

    /// Uses a runtime that is there already.
    pub(super) fn on(handle: Handle) -> Result<Self> {
        if handle.runtime_flavor() == RuntimeFlavor::CurrentThread {
            let words = "a blocking client needs a multi-threaded runtime: one that has a single \
                         thread stands still while that thread waits";
            return Err(Error::new(ErrorKind::InvalidInput, words));
        }
        Ok(Self { handle, _own: None })
    }

    /// Uses a runtime for as long as one of its tasks waits for that.
    pub(super) fn borrowed(handle: Handle) -> Self {
        Self { handle, _own: None }
    }

    /// Waits for a future on this thread.
    ///
    /// # Errors
    ///
    /// `InvalidInput` inside an async context; nothing was done then.
    pub(super) fn wait<F: Future>(&self, future: F) -> Result<F::Output> {
        if is_async() {
            let words = "a blocking call inside an async context would hold up its thread: use \
                         the async client there, or tokio::task::spawn_blocking";
            let error = Error::new(ErrorKind::InvalidInput, words);
            return Err(error.with_write_status(WriteStatus::NotWritten));
        }
        Ok(self.handle.block_on(future))
    }

    /// Runs a call that does not wait where it finds the runtime.
    pub(super) fn enter<R>(&self, call: impl FnOnce() -> R) -> R {
        let _entered = self.handle.enter();
        call()
    }
}

/// Waits until no task is left, at most for the grace.
async fn tasks_end(handle: &Handle) {
    let ended = async {
        while handle.metrics().num_alive_tasks() > 0 {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    // What is left then ends with the runtime.
    let _ = tokio::time::timeout(GRACE, ended).await;
}

/// Whether this thread runs a task now.
///
/// A thread of the blocking pool knows its runtime as a task does, and may wait all the same. What
/// tells the two apart is that a task has a budget of operations before it is to yield.
fn is_async() -> bool {
    if Handle::try_current().is_err() {
        return false;
    }
    let has_budget = || coop::consume_budget().now_or_never().is_none();
    (0..MORE_THAN_A_BUDGET).any(|_| has_budget())
}

fn failed(what: &str, source: std::io::Error) -> Error {
    let words = format!("{what}: {source}");
    Error::new(ErrorKind::Bug, words).with_source(source)
}
