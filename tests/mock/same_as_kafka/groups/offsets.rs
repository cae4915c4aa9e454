//! Committed offsets beside a real broker.

use tidewire::Uuid;
use tidewire::protocol::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use tidewire::protocol::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};

use super::super::Side;
use super::Group;
use crate::support::code;

pub(super) fn commit_request(
    group: &str,
    topic: &str,
    partitions: &[(i32, i64)],
) -> OffsetCommitRequest {
    let partitions = partitions.iter();
    OffsetCommitRequest {
        group_id: group.to_owned(),
        generation_id_or_member_epoch: -1,
        topics: vec![OffsetCommitRequestTopic {
            name: topic.to_owned(),
            partitions: partitions
                .map(
                    |(partition_index, committed_offset)| OffsetCommitRequestPartition {
                        partition_index: *partition_index,
                        committed_offset: *committed_offset,
                        committed_metadata: Some("here".to_owned()),
                        ..OffsetCommitRequestPartition::default()
                    },
                )
                .collect(),
            ..OffsetCommitRequestTopic::default()
        }],
        ..OffsetCommitRequest::default()
    }
}

pub(super) async fn script(side: &mut Side) {
    let (topic, id) = side.create("committed", &[]).await;
    let newest = if side.kafka_4 { 10 } else { 9 };
    strangers(side, &topic).await;
    by_member(side, &topic).await;
    if newest >= 10 {
        by_id(side, &topic, id).await;
    }
}

async fn commit(group: &mut Group<'_>, what: &str, request: &OffsetCommitRequest, version: i16) {
    let answer = group.ask("", request, version).await;
    let mut told = Vec::new();
    for topic in &answer.topics {
        for partition in &topic.partitions {
            let zero = topic.topic_id.is_zero();
            let name = topic.name.clone();
            told.push((
                name,
                zero,
                partition.partition_index,
                code(partition.error_code),
            ));
        }
    }
    told.sort();
    group.note(&format!("commit {what} in {version}"), told);
}

async fn fetch(group: &mut Group<'_>, what: &str, topics: Option<&[(&str, i32)]>, version: i16) {
    let old = topics.map(|topics| {
        let each = topics.iter();
        each.map(|(name, partition)| OffsetFetchRequestTopic {
            name: (*name).to_owned(),
            partition_indexes: vec![*partition],
        })
        .collect()
    });
    let request = OffsetFetchRequest {
        group_id: group.id.clone(),
        topics: old,
        require_stable: version >= 7,
        ..OffsetFetchRequest::default()
    };
    let answer = group.ask("", &request, version).await;
    let mut told = Vec::new();
    for topic in &answer.topics {
        for p in &topic.partitions {
            told.push((
                topic.name.clone(),
                p.partition_index,
                p.committed_offset,
                p.committed_leader_epoch,
                p.metadata.clone(),
                code(p.error_code),
            ));
        }
    }
    told.sort();
    let told = (code(answer.error_code), told);
    group.note(&format!("fetch {what} in {version}"), told);
}

async fn fetch_groups(
    group: &mut Group<'_>,
    what: &str,
    groups: Vec<OffsetFetchRequestGroup>,
    version: i16,
) {
    let request = OffsetFetchRequest {
        groups,
        ..OffsetFetchRequest::default()
    };
    let answer = group.ask("", &request, version).await;
    let mut told = Vec::new();
    for found in &answer.groups {
        let mut partitions = Vec::new();
        for topic in &found.topics {
            for p in &topic.partitions {
                partitions.push((
                    topic.name.clone(),
                    topic.topic_id.is_zero(),
                    p.partition_index,
                    p.committed_offset,
                    p.committed_leader_epoch,
                    p.metadata.clone(),
                    code(p.error_code),
                ));
            }
        }
        partitions.sort();
        told.push((found.group_id.clone(), code(found.error_code), partitions));
    }
    group.note(&format!("fetch {what} in {version}"), told);
}

fn asked(group: &str, topics: Option<&[(&str, Uuid, i32)]>) -> OffsetFetchRequestGroup {
    OffsetFetchRequestGroup {
        group_id: group.to_owned(),
        topics: topics.map(|topics| {
            let each = topics.iter();
            each.map(|(name, topic_id, partition)| OffsetFetchRequestTopics {
                name: (*name).to_owned(),
                topic_id: *topic_id,
                partition_indexes: vec![*partition],
            })
            .collect()
        }),
        ..OffsetFetchRequestGroup::default()
    }
}

/// Who is no member, and groups that have none.
async fn strangers(side: &mut Side, topic: &str) {
    let mut group = Group::new(side, "offsets").await;
    for version in [2, 5, 7] {
        fetch(&mut group, "before", Some(&[(topic, 0)]), version).await;
        fetch(&mut group, "all before", None, version).await;
    }
    let id = group.id.clone();
    for version in [5, 8, 9] {
        let mut request = commit_request(&id, topic, &[(0, 5)]);
        request.generation_id_or_member_epoch = 3;
        commit(&mut group, "with a generation", &request, version).await;
    }
    for version in [2, 6, 8, 9] {
        let mut request = commit_request(&id, topic, &[(0, i64::from(version)), (9, 1)]);
        if version >= 6 {
            request.topics[0].partitions[0].committed_leader_epoch = 4;
        }
        if version < 7 {
            request.group_instance_id = None;
        }
        commit(&mut group, "by nobody", &request, version).await;
        let request = commit_request(&id, "no-such-topic", &[(0, 1)]);
        commit(&mut group, "of no topic", &request, version).await;
        fetch(&mut group, "one", Some(&[(topic, 0)]), 5).await;
    }
    let mut request = commit_request(&id, topic, &[(0, 7)]);
    request.topics[0].partitions[0].committed_metadata = Some("x".repeat(4_097));
    commit(&mut group, "with long metadata", &request, 9).await;
    request.topics[0].partitions[0].committed_metadata = Some("x".repeat(4_096));
    commit(&mut group, "with longest metadata", &request, 9).await;
    request.topics[0].partitions[0].committed_metadata = None;
    request.member_id = "x".to_owned();
    commit(&mut group, "with a member id", &request, 9).await;
    request.generation_id_or_member_epoch = 0;
    commit(&mut group, "as a member", &request, 9).await;
    let request = commit_request("", topic, &[(0, 5)]);
    commit(&mut group, "of the empty group", &request, 9).await;
    for version in [2, 5, 6, 7] {
        let several = [(topic, 0), (topic, 5), ("no-such-topic", 0)];
        fetch(&mut group, "several", Some(&several), version).await;
        fetch(&mut group, "all", None, version).await;
    }
    for version in [8, 9] {
        let several = [(topic, Uuid::ZERO, 0), ("no-such-topic", Uuid::ZERO, 1)];
        let groups = vec![
            asked(&id, Some(&several)),
            asked(&id, None),
            asked("no-such-group", None),
            asked("no-such-group", Some(&several)),
        ];
        fetch_groups(&mut group, "of groups", groups, version).await;
    }
}

/// A group with a member.
async fn by_member(side: &mut Side, topic: &str) {
    let mut group = Group::new(side, "offsets-member").await;
    group.join_with_id("offsets", "a").await;
    let request = group.sync_request("a", 1, &[("a", "all")]);
    group.sync("offsets: sync", "a", &request, 5).await;
    let id = group.id.clone();
    let member = group.id_of("a");
    for (what, generation, member, instance) in [
        ("rightly", 1, member.as_str(), None),
        ("too early", 0, member.as_str(), None),
        ("too late", 2, member.as_str(), None),
        ("unasked", -1, "", None),
        ("without generation", -1, member.as_str(), None),
        ("by another", 1, "nobody", None),
        ("under an instance", 1, member.as_str(), Some("i")),
        ("only under an instance", -1, "", Some("i")),
    ] {
        for version in [7, 9] {
            let mut request = commit_request(&id, topic, &[(0, 3)]);
            request.generation_id_or_member_epoch = generation;
            request.member_id = member.to_owned();
            request.group_instance_id = instance.map(str::to_owned);
            commit(&mut group, what, &request, version).await;
        }
    }
    let mut groups = vec![asked(&id, Some(&[(topic, Uuid::ZERO, 0)]))];
    groups[0].member_id = Some("nobody".to_owned());
    groups[0].member_epoch = 9;
    fetch_groups(&mut group, "by nobody", groups, 9).await;
}

async fn by_id(side: &mut Side, topic: &str, topic_id: Uuid) {
    let mut group = Group::new(side, "offsets-id").await;
    let id = group.id.clone();
    for (what, topic_id) in [
        ("", topic_id),
        ("of an unknown id", Uuid([7; 16])),
        ("of no id", Uuid::ZERO),
    ] {
        let mut request = commit_request(&id, "", &[(0, 5), (9, 5)]);
        request.topics[0].topic_id = topic_id;
        commit(&mut group, what, &request, 10).await;
        let groups = vec![asked(&id, Some(&[("", topic_id, 0), ("", topic_id, 1)]))];
        fetch_groups(&mut group, what, groups, 10).await;
    }
    let groups = vec![asked(&id, None), asked("no-such-group", None)];
    fetch_groups(&mut group, "all", groups, 10).await;
    let groups = vec![asked(&id, Some(&[(topic, Uuid::ZERO, 0)]))];
    fetch_groups(&mut group, "by name", groups, 9).await;
}
