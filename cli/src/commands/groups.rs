//! `groups`: list, describe, and what they committed. None of them changes anything.

use std::collections::BTreeMap;

use serde_json::json;
use tidewire::{Client, GroupDescription, OffsetAndMetadata, TopicPartition};

use crate::args::{Global, GroupsCommand};
use crate::failure::Failure;
use crate::output::print;
use crate::settings::Settings;
use crate::text::table::Table;

/// Runs it.
///
/// # Errors
/// When no broker was found, or there is no such group.
pub(crate) async fn run(global: &Global, command: GroupsCommand) -> Result<(), Failure> {
    match &command {
        GroupsCommand::Reset(_) => return Err(Failure::not_built("groups reset")),
        GroupsCommand::Delete(_) => return Err(Failure::not_built("groups delete")),
        _ => {}
    }
    let settings = Settings::gather(global)?;
    settings.warn_of_roles();
    let limit = settings.client()?.default_api_timeout;
    let work = async {
        let client = settings.connect(limit).await?;
        match command {
            GroupsCommand::List(_) => list(global, &client).await,
            GroupsCommand::Describe(args) => describe(global, &client, &args.groups).await,
            GroupsCommand::Offsets(args) => offsets(global, &client, &args.group).await,
            GroupsCommand::Reset(_) | GroupsCommand::Delete(_) => Ok(()),
        }
    };
    settings.in_time(work).await
}

async fn list(global: &Global, client: &Client) -> Result<(), Failure> {
    let groups = client.admin().list_groups().await?;
    if global.json {
        let groups = groups.iter().map(|group| {
            json!({
                "group": group.group_id,
                "protocol_type": group.protocol_type,
                "state": group.state,
                "type": group.group_type,
            })
        });
        return print(&json!({"groups": groups.collect::<Vec<_>>()}).to_string());
    }
    for group in groups {
        print(&group.group_id)?;
    }
    Ok(())
}

async fn describe(global: &Global, client: &Client, names: &[String]) -> Result<(), Failure> {
    let mut found = Vec::new();
    for name in names {
        let group = client.admin().describe_group(name).await;
        let of = |error| Failure::from(error).while_doing(&format!("group {name}"));
        found.push(group.map_err(of)?);
    }
    if global.json {
        let groups: Vec<_> = found.iter().map(to_json).collect();
        return print(&json!({"groups": groups}).to_string());
    }
    for (index, group) in found.iter().enumerate() {
        if index > 0 {
            print("")?;
        }
        print(&format!(
            "{}: {}, {} group, {} members, assignor {}, coordinator broker {}",
            group.group_id,
            group.state,
            group.group_type,
            group.members.len(),
            if group.assignor.is_empty() {
                "none"
            } else {
                &group.assignor
            },
            group.coordinator,
        ))?;
        let mut table = Table::new(["member", "client", "host", "instance", "partitions"]);
        for member in &group.members {
            let partitions: Vec<String> =
                member.assignment.iter().map(ToString::to_string).collect();
            table.row([
                member.member_id.clone(),
                member.client_id.clone(),
                member.host.clone(),
                member
                    .group_instance_id
                    .clone()
                    .unwrap_or_else(|| "-".to_owned()),
                partitions.join(","),
            ]);
        }
        if !group.members.is_empty() {
            print(&table.to_string())?;
        }
    }
    Ok(())
}

fn to_json(group: &GroupDescription) -> serde_json::Value {
    let members = group.members.iter().map(|member| {
        let assignment = member
            .assignment
            .iter()
            .map(|at| json!({"topic": &*at.topic, "partition": at.partition}));
        json!({
            "member_id": member.member_id,
            "client_id": member.client_id,
            "host": member.host,
            "group_instance_id": member.group_instance_id,
            "assignment": assignment.collect::<Vec<_>>(),
        })
    });
    json!({
        "group": group.group_id,
        "state": group.state,
        "type": group.group_type,
        "assignor": group.assignor,
        "coordinator": group.coordinator.0,
        "members": members.collect::<Vec<_>>(),
    })
}

/// Committed offsets beside the ends of their partitions; a partition that is gone has no end.
async fn offsets(global: &Global, client: &Client, group: &str) -> Result<(), Failure> {
    let committed = client.admin().group_offsets(group).await?;
    if committed.is_empty() {
        // It says so if there is no such group at all.
        client.admin().describe_group(group).await?;
    }
    let ends = ends(client, &committed).await?;
    let lag = |at: &TopicPartition, offset: &OffsetAndMetadata| {
        ends.get(at)
            .map(|end| end.saturating_sub(offset.offset).max(0))
    };
    if global.json {
        let offsets = committed.iter().map(|(at, offset)| {
            json!({
                "topic": &*at.topic,
                "partition": at.partition,
                "offset": offset.offset,
                "leader_epoch": Some(offset.leader_epoch.0).filter(|epoch| *epoch >= 0),
                "end": ends.get(at),
                "lag": lag(at, offset),
                "metadata": offset.metadata,
            })
        });
        let offsets: Vec<_> = offsets.collect();
        return print(&json!({"group": group, "offsets": offsets}).to_string());
    }
    let mut table = Table::new(["topic", "partition", "offset", "end", "lag"]);
    let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |n| n.to_string());
    for (at, offset) in &committed {
        table.row([
            at.topic.to_string(),
            at.partition.to_string(),
            offset.offset.to_string(),
            number(ends.get(at).copied()),
            number(lag(at, offset)),
        ]);
    }
    print(&table.to_string())
}

async fn ends(
    client: &Client,
    committed: &BTreeMap<TopicPartition, OffsetAndMetadata>,
) -> Result<BTreeMap<TopicPartition, i64>, Failure> {
    let mut names: Vec<&str> = committed.keys().map(|at| &*at.topic).collect();
    names.dedup();
    let mut there = Vec::new();
    let described = client.admin().describe_topics(&names).await?;
    for topic in described.into_iter().flatten() {
        let is_there = |at: &&TopicPartition| {
            at.topic == topic.name && topic.partition(at.partition).is_some()
        };
        there.extend(committed.keys().filter(is_there).cloned());
    }
    let consumer = client.consumer().build().await?;
    Ok(consumer.end_offsets(there).await?)
}
