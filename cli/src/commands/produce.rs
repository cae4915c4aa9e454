//! `produce`: lines in, records out, and an honest count of what became of them.
//!
//! Memory is bounded everywhere: the reader's channel, one line (`max.request.size`), the
//! producer's `buffer.memory`, and as many outcomes not known yet as `sending` says.
//! Failures of single records do not stop the others; any other failure stops the reading, since
//! the next record would wait just as long for the same end.

mod sending;
pub(super) mod usable;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::args::{Global, ProduceArgs};
use crate::failure::Failure;
use crate::output::{note, print};
use crate::patience::Patience;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::source::Input;
use crate::text::json;
use crate::text::tally::{Tally, records};
use sending::Sending;
use usable::{LAST, Stalled, find};

/// How long records on their way get after a signal.
const GRACE: Duration = Duration::from_secs(3);

/// Runs it.
///
/// # Errors
/// When a record failed, an input could not be read, no broker was found, or a signal came first.
pub(crate) async fn run(global: &Global, args: ProduceArgs) -> Result<(), Failure> {
    let started = Instant::now();
    let inputs = Input::all(&args.files)?;
    let mut settings = Settings::gather(global)?;
    if let Some(codec) = args.compression {
        settings.set("compression.type", codec.name());
    }
    if let Some(partitioner) = &args.partitioner {
        settings.set("partitioner", partitioner);
    }
    let config = settings.producer()?;
    let mut signals = Signals::listen()?;
    let (client, is_new) = tokio::select! {
        biased;
        () = signals.first() => return Err(Failure::interrupted("interrupted; nothing was sent")),
        found = find(&settings, &config, &args.topic) => found?,
    };
    let patience = Patience::new(config.max_block, started.elapsed());
    let mut stalled = Stalled::new(&patience, config.max_block, settings);
    let mut sending = Sending::new(client.producer().build()?, args, patience);
    sending.new_topic = is_new.then_some(client);
    let stop = send(&mut sending, inputs, &mut signals, &mut stalled).await;
    let enough = async {
        match stop.as_ref().map(|(cause, _)| cause) {
            Some(Cause::Signal) => signals.grace_over(GRACE).await,
            _ => sleep(LAST).await,
        }
    };
    let (topic, tally) = sending.finish(enough).await;
    report(global, &topic, &tally)?;
    match (stop, tally.complaint()) {
        (Some((_, stop)), complaint) => {
            if let Some(complaint) = complaint {
                note(&complaint);
            }
            Err(stop)
        }
        (None, Some(complaint)) => Err(Failure::new(complaint)),
        (None, None) => Ok(()),
    }
}

/// What cut it short.
enum Cause {
    Signal,
    /// No broker can be used.
    Stalled,
    /// A failure of its own; all outcomes are known.
    Failed,
}

/// Sends everything and waits for the outcomes; tells what came first that is no success.
async fn send(
    sending: &mut Sending,
    inputs: Vec<Input>,
    signals: &mut Signals,
    stalled: &mut Stalled,
) -> Option<(Cause, Failure)> {
    let fed = tokio::select! {
        biased;
        () = signals.first() => {
            let failure = Failure::interrupted("interrupted before the end of input");
            return Some((Cause::Signal, failure));
        }
        failure = stalled.failure(|| {}) => return Some((Cause::Stalled, failure)),
        fed = sending.feed(inputs) => fed,
    };
    // A failure ends the reading; what is on its way gets its time all the same.
    let (cause, failure) = tokio::select! {
        biased;
        () = signals.first() => {
            (Cause::Signal, Some(Failure::interrupted("interrupted before the end")))
        }
        failure = stalled.failure(|| {}) => (Cause::Stalled, Some(failure)),
        () = sending.settle_all() => (Cause::Failed, None),
    };
    match (fed, failure) {
        (Ok(()), failure) => failure.map(|failure| (cause, failure)),
        (Err(first), failure) => {
            if let Some(failure) = failure {
                note(&failure.to_string());
            }
            Some((cause, first))
        }
    }
}

/// The count goes to stdout: it is the command's result.
fn report(global: &Global, topic: &str, tally: &Tally) -> Result<(), Failure> {
    if global.json {
        let line = json::produced(topic, tally.written, tally.not_written, tally.maybe_written);
        return print(&line.to_string());
    }
    print(&format!("produced {} to {topic}", records(tally.written)))
}
