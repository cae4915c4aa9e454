//! What the demo does, step by step, and what it says of it.

use std::time::Duration;

use serde_json::json;
use tidewire::Client;
use tidewire::mock::MockCluster;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::check::Report;
use super::rate::{rate, thousands};
use super::work::{Consumed, PARTITIONS, Sent, TOPIC, VICTIM, consume, produce};
use crate::args::{DemoArgs, Global};
use crate::failure::Failure;
use crate::output::{note, print};
use crate::text::tally::records as counted;

const NODES: i32 = 3;
const CONSUMERS: i32 = 3;
/// Longer than it takes on any machine that is of use.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs it.
///
/// # Errors
/// When not every record is verified, or it takes longer than two minutes.
pub(crate) async fn run(global: &Global, args: &DemoArgs) -> Result<(), Failure> {
    let demo = tokio::time::timeout(LIMIT, demo(global, args.records));
    let (verified, records) = demo
        .await
        .map_err(|_| Failure::new(format!("the demo did not end within {LIMIT:?}")))??;
    if verified == records {
        return Ok(());
    }
    Err(
        Failure::new(format!("{} records were not verified", records - verified))
            .next("this is a bug of tidewire; please report it"),
    )
}

/// How many were verified, of how many.
async fn demo(global: &Global, records: u64) -> Result<(u64, u64), Failure> {
    let json_only = global.json;
    let talk = move |what: &str, text: String| {
        let line = format!("{what:<9} {text}");
        if json_only {
            note(&line);
            return Ok(());
        }
        print(&line)
    };
    let cluster = MockCluster::builder()
        .brokers(NODES)
        .topic(TOPIC, PARTITIONS)
        .try_build()?;
    let client = Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .client_id("tidewire-demo")
        .connect()
        .await?;
    talk(
        "cluster",
        format!("{NODES} nodes in this process, a topic of {PARTITIONS} partitions"),
    )?;

    let (ends, told) = watch::channel(None);
    let mut consumers = JoinSet::new();
    for member in 0..CONSUMERS {
        let mine = (0..PARTITIONS).filter(|partition| partition % CONSUMERS == member);
        consumers.spawn(consume(client.clone(), mine.collect(), told.clone()));
    }
    let sent = produce(&client, &cluster, records).await?;
    talk("produce", rate(records, sent.bytes, sent.took))?;
    let fault = format!(
        "node {VICTIM} was killed after {} records; {} partitions moved to other leaders",
        thousands(records / 2),
        sent.moved
    );
    talk("fault", fault)?;
    ends.send_replace(Some(sent.ends()));
    let mut consumed = Consumed::default();
    while let Some(outcome) = consumers.join_next().await {
        let one = outcome.map_err(|error| Failure::new(format!("a consumer ended: {error}")))??;
        consumed.seen.extend(one.seen);
        consumed.bytes += one.bytes;
        consumed.took = consumed.took.max(one.took);
    }
    let count = u64::try_from(consumed.seen.len()).unwrap_or(u64::MAX);
    let line = rate(count, consumed.bytes, consumed.took);
    talk("consume", format!("{line}, by {CONSUMERS} consumers"))?;

    let report = Report::new(&sent.acked, &consumed.seen);
    for (fault, count) in report.faults() {
        talk("WRONG", format!("{} {fault}", counted(count)))?;
    }
    talk(
        "checked",
        "bytes, offsets, order within partitions, one partition per key".to_owned(),
    )?;
    if global.json {
        print(&to_json(&report, &sent, &consumed).to_string())?;
    } else {
        print(&format!(
            "verified {} of {} records",
            report.verified, report.records
        ))?;
    }
    Ok((report.verified, report.records))
}

fn to_json(report: &Report, sent: &Sent, consumed: &Consumed) -> serde_json::Value {
    let faults = report
        .faults()
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count.into()));
    json!({
        "records": report.records,
        "verified": report.verified,
        "faults": faults.collect::<serde_json::Map<_, _>>(),
        "bytes": sent.bytes,
        "produce_s": sent.took.as_secs_f64(),
        "consume_s": consumed.took.as_secs_f64(),
    })
}
