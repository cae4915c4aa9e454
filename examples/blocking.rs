//! Writes the lines of stdin to a topic, without async.
//!
//! `printf 'a\nb\n' | cargo run --example blocking -- localhost:9092 lines`

use std::io::{self, BufRead};
use std::time::Duration;

use tidewire::{Record, blocking};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(servers), Some(topic)) = (args.next(), args.next()) else {
        return Err("usage: blocking HOST:PORT TOPIC".into());
    };
    let description = tidewire::Client::builder().bootstrap_servers(servers);
    let client = blocking::Client::connect(description)?;
    let producer = client.producer_with(|builder| {
        builder.on_settled(|batch| {
            if let Err(error) = &batch.outcome {
                eprintln!("{} lines: {error}", batch.records);
            }
        })
    })?;
    let first = Record::to(topic.as_str()).value("the lines follow");
    println!(
        "the first record is at offset {:?}",
        producer.send(first)?.offset
    );
    for line in io::stdin().lock().lines() {
        // Nobody keeps the delivery: the closure above hears of failures.
        drop(producer.enqueue(Record::to(topic.as_str()).value(line?))?);
    }
    let written = producer.close(Duration::from_secs(30))?.into_result()?;
    println!("{written} lines more");
    Ok(())
}
