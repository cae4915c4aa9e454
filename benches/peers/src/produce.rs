//! The loop around a producer whose outcomes are futures.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::job::{Job, Pace};
use crate::tally::{Report, Tally};

/// How many futures travel together at full speed, and how many such groups may wait: more records
/// than any client's buffer holds, so that the client's own limit is met first.
const GROUP: usize = 100;
const GROUPS: usize = 10_000;

/// Sends all records. `enqueue` gives the future of a record's outcome; all are awaited, in order.
///
/// # Errors
/// When a record is refused, or any fails.
pub async fn produce<H>(
    job: &Job,
    mut enqueue: impl AsyncFnMut(&'static [u8]) -> Result<H, String>,
    flush: impl AsyncFnOnce() -> Result<(), String>,
) -> Result<Report, String>
where
    H: Future<Output = Result<(), String>> + Send + 'static,
{
    let tally = Tally::start(job);
    if matches!(job.pace, Pace::OneByOne(_)) {
        for n in 0..job.records {
            let stamp = tally.due(n);
            let outcome = enqueue(job.value(n)).await?;
            tally.outcome(stamp, outcome.await);
        }
        return tally.report(job.value(0).len());
    }
    let group_size = if job.pace == Pace::Full { GROUP } else { 1 };
    let (sender, mut receiver) = mpsc::channel::<Vec<(u64, H)>>(GROUPS);
    let settled = Arc::clone(&tally);
    let settler = tokio::spawn(async move {
        while let Some(group) = receiver.recv().await {
            for (stamp, outcome) in group {
                settled.outcome(stamp, outcome.await);
            }
        }
    });
    let mut group = Vec::with_capacity(group_size);
    for n in 0..job.records {
        let stamp = tally.due(n);
        group.push((stamp, enqueue(job.value(n)).await?));
        if group.len() == group_size || n + 1 == job.records {
            let full = std::mem::replace(&mut group, Vec::with_capacity(group_size));
            sender
                .send(full)
                .await
                .map_err(|_| "the settler ended early")?;
        }
    }
    drop(sender);
    flush().await?;
    settler.await.map_err(|error| error.to_string())?;
    tally.report(job.value(0).len())
}
