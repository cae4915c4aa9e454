//! Makes, counts and deletes the topics of a run, so that no JVM is started for each:
//! `topics create|count|delete BOOTSTRAP TOPIC PARTITIONS`.

use tidewire::{Client, NewTopic, TopicPartition};

fn text(error: impl ToString) -> String {
    error.to_string()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [what, bootstrap, topic, partitions] = args.as_slice() else {
        return Err("usage: topics create|count|delete BOOTSTRAP TOPIC PARTITIONS".to_owned());
    };
    let partitions: i32 = partitions.parse().map_err(text)?;
    let client = Client::builder().bootstrap_servers(bootstrap);
    let client = client.connect().await.map_err(text)?;
    match what.as_str() {
        "create" => {
            let new = NewTopic::new(topic)
                .partitions(partitions)
                .replication_factor(1);
            // A deleted one makes room at once.
            let new = new.config("file.delete.delay.ms", "500");
            for outcome in client.admin().create_topics([new]).await.map_err(text)? {
                outcome.map_err(text)?;
            }
        }
        "delete" => {
            for outcome in client.admin().delete_topics([topic]).await.map_err(text)? {
                outcome.map_err(text)?;
            }
        }
        "count" => {
            let consumer = client.consumer().build().await.map_err(text)?;
            let all =
                (0..partitions).map(|partition| TopicPartition::new(topic.as_str(), partition));
            let ends = consumer.end_offsets(all).await.map_err(text)?;
            println!("{}", ends.values().sum::<i64>());
        }
        other => return Err(format!("no command {other:?}")),
    }
    Ok(())
}
