//! SIGINT and SIGTERM as one future.

use std::process;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::failure::Failure;
use crate::output::note;

/// Waits for the first SIGINT or SIGTERM.
#[derive(Clone, Debug)]
pub(crate) struct Signals(watch::Receiver<Option<Instant>>);

impl Signals {
    /// Starts to listen, inside a runtime. From here on the first signal does not kill the
    /// program; a second one ends it at once, so that no bug can make it immortal.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let wrong = |error| Failure::new(format!("cannot listen for signals: {error}"));
        let mut interrupt = signal(SignalKind::interrupt()).map_err(wrong)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(wrong)?;
        let (came, receiver) = watch::channel(None);
        tokio::spawn(async move {
            wait(&mut interrupt, &mut terminate).await;
            came.send_replace(Some(Instant::now()));
            wait(&mut interrupt, &mut terminate).await;
            note("ended by a second signal");
            process::exit(130);
        });
        Ok(Self(receiver))
    }

    /// Returns when a signal has come; at once if it came before.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped call loses nothing.
    pub(crate) async fn first(&mut self) {
        // The sender lives as long as the runtime.
        let _ = self.0.wait_for(Option::is_some).await;
    }

    /// Returns so long after the first signal: one grace for all that is still to be done,
    /// however many parts it has.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped call loses nothing.
    pub(crate) async fn grace_over(&mut self, grace: Duration) {
        self.first().await;
        let came = *self.0.borrow();
        sleep_until(came.unwrap_or_else(Instant::now) + grace).await;
    }
}

async fn wait(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        biased;
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
