//! Prints a topic as a member of a group, without async, until nothing has come for ten seconds.
//!
//! `cargo run --example blocking_consumer -- localhost:9092 lines my-group`

use std::time::Duration;

use tidewire::{TopicPartition, blocking};

/// Says what the group gives and takes.
struct Says;

impl blocking::RebalanceListener for Says {
    fn assigned(&self, consumer: &blocking::Consumer, partitions: &[TopicPartition]) {
        for partition in partitions {
            let committed = consumer.committed([partition.clone()]);
            eprintln!("{partition} is read here, committed: {committed:?}");
        }
    }

    fn revoked(&self, _: &blocking::Consumer, partitions: &[TopicPartition]) {
        eprintln!("going elsewhere: {partitions:?}");
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(servers), Some(topic), Some(group)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: blocking_consumer HOST:PORT TOPIC GROUP".into());
    };
    let description = tidewire::Client::builder().bootstrap_servers(servers);
    let client = blocking::Client::connect(description)?;
    let consumer = client.consumer_with(|builder| {
        builder
            .group(group)
            .subscribe([topic])
            .property("auto.offset.reset", "earliest")
            .rebalance_listener(blocking::listener(Says))
    })?;
    loop {
        let records = consumer.poll(Duration::from_secs(10))?;
        if records.is_empty() {
            break;
        }
        for record in &records {
            let value = String::from_utf8_lossy(record.value().unwrap_or_default());
            println!("{}: {value}", record.offset());
        }
        // With `enable.auto.commit` (the default) the next poll says that these are done with; this
        // does not wait for a timer.
        consumer.commit()?;
    }
    consumer.close(Duration::from_secs(10))?;
    Ok(())
}
