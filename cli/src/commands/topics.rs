//! `topics`: list, describe, create and delete. None of them creates a topic by looking at it.

use serde_json::json;
use tidewire::{BrokerId, Client, NewTopic, TopicDescription};

use crate::args::{CreateArgs, DeleteArgs, DescribeArgs, Global, TopicsCommand};
use crate::failure::{Failure, in_plain_words};
use crate::output::{note, print};
use crate::settings::Settings;
use crate::text::table::Table;

/// Runs it.
///
/// # Errors
/// When no broker was found, or what was asked failed for any of the topics.
pub(crate) async fn run(global: &Global, command: TopicsCommand) -> Result<(), Failure> {
    match &command {
        TopicsCommand::AddPartitions(_) => return Err(Failure::not_built("topics add-partitions")),
        TopicsCommand::Configs(_) => return Err(Failure::not_built("topics configs")),
        _ => {}
    }
    let settings = Settings::gather(global)?;
    settings.warn_of_roles();
    let limit = settings.client()?.default_api_timeout;
    let work = async {
        let client = settings.connect(limit).await?;
        match command {
            TopicsCommand::List(_) => list(global, &client).await,
            TopicsCommand::Describe(args) => describe(global, &client, args).await,
            TopicsCommand::Create(args) => create(global, &client, args).await,
            TopicsCommand::Delete(args) => delete(global, &client, args).await,
            TopicsCommand::AddPartitions(_) | TopicsCommand::Configs(_) => Ok(()),
        }
    };
    settings.in_time(work).await
}

async fn list(global: &Global, client: &Client) -> Result<(), Failure> {
    let topics = client.admin().list_topics().await?;
    if global.json {
        let topics = topics.iter().map(|topic| {
            json!({
                "name": &*topic.name,
                "id": topic.id.to_string(),
                "partitions": topic.partitions,
                "internal": topic.is_internal,
            })
        });
        return print(&json!({"topics": topics.collect::<Vec<_>>()}).to_string());
    }
    for topic in topics {
        print(&topic.name)?;
    }
    Ok(())
}

async fn describe(global: &Global, client: &Client, args: DescribeArgs) -> Result<(), Failure> {
    let admin = client.admin();
    let names = if args.topics.is_empty() {
        admin
            .list_topics()
            .await?
            .iter()
            .map(|topic| topic.name.to_string())
            .collect()
    } else {
        args.topics
    };
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for (name, topic) in names.iter().zip(admin.describe_topics(&names).await?) {
        match topic {
            Ok(topic) => found.push(topic),
            Err(error) => failed.push((name.clone(), error)),
        }
    }
    if global.json {
        let topics: Vec<_> = found.iter().map(to_json).collect();
        print(&json!({"topics": topics}).to_string())?;
    } else {
        for (index, topic) in found.iter().enumerate() {
            let blank = if index > 0 { "\n" } else { "" };
            print(&format!("{blank}{}", to_text(topic)))?;
        }
    }
    all_or_failure(failed)
}

fn to_json(topic: &TopicDescription) -> serde_json::Value {
    let ids = |ids: &[BrokerId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
    let partitions = topic.partitions.iter().map(|partition| {
        json!({
            "partition": partition.partition,
            "leader": partition.leader.map(|id| id.0),
            "leader_epoch": partition.leader_epoch.0,
            "replicas": ids(&partition.replicas),
            "in_sync": ids(&partition.in_sync),
            "offline": ids(&partition.offline),
        })
    });
    json!({
        "name": &*topic.name,
        "id": topic.id.to_string(),
        "internal": topic.is_internal,
        "partitions": partitions.collect::<Vec<_>>(),
    })
}

fn to_text(topic: &TopicDescription) -> String {
    let ids = |ids: &[BrokerId]| {
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        if ids.is_empty() {
            "-".to_owned()
        } else {
            ids.join(",")
        }
    };
    let mut table = Table::new([
        "partition",
        "leader",
        "epoch",
        "replicas",
        "in-sync",
        "offline",
    ]);
    for partition in &topic.partitions {
        let leader = partition
            .leader
            .map_or_else(|| "none".to_owned(), |id| id.to_string());
        table.row([
            partition.partition.to_string(),
            leader,
            partition.leader_epoch.to_string(),
            ids(&partition.replicas),
            ids(&partition.in_sync),
            ids(&partition.offline),
        ]);
    }
    let internal = if topic.is_internal { ", internal" } else { "" };
    let count = topic.partitions.len();
    let plural = if count == 1 { "" } else { "s" };
    let head = format!(
        "{}: {count} partition{plural}, id {}{internal}",
        topic.name, topic.id
    );
    format!("{head}\n{table}")
}

async fn create(global: &Global, client: &Client, args: CreateArgs) -> Result<(), Failure> {
    let mut topic = NewTopic::new(&args.topic);
    if let Some(count) = args.partitions {
        topic = topic.partitions(count);
    }
    if let Some(factor) = args.replication_factor {
        topic = topic.replication_factor(factor);
    }
    for (key, value) in &args.configs {
        topic = topic.config(key, value);
    }
    let outcomes = client.admin().create_topics([topic]).await?;
    done(global, "created", &[args.topic], outcomes)
}

async fn delete(global: &Global, client: &Client, args: DeleteArgs) -> Result<(), Failure> {
    let outcomes = client.admin().delete_topics(&args.topics).await?;
    done(global, "deleted", &args.topics, outcomes)
}

/// Prints the topics for which it worked, and fails for the others.
fn done(
    global: &Global,
    verb: &str,
    names: &[String],
    outcomes: Vec<tidewire::Result<()>>,
) -> Result<(), Failure> {
    let (mut worked, mut failed) = (Vec::new(), Vec::new());
    for (name, outcome) in names.iter().zip(outcomes) {
        match outcome {
            Ok(()) => worked.push(name.as_str()),
            Err(error) => failed.push((name.clone(), error)),
        }
    }
    if global.json {
        print(&json!({verb: worked}).to_string())?;
    } else {
        for name in worked {
            print(&format!("{verb} topic {name}"))?;
        }
    }
    all_or_failure(failed)
}

/// Tells each failure but the last, which becomes the command's.
fn all_or_failure(mut failed: Vec<(String, tidewire::Error)>) -> Result<(), Failure> {
    let Some((name, error)) = failed.pop() else {
        return Ok(());
    };
    for (name, error) in failed {
        note(&format!("error: {}", in_plain_words(&name, &error)));
    }
    Err(Failure::of_topic(&name, error))
}
