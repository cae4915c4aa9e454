//! What a coordinator tells of groups, and what it deletes, beside a real broker.

use bytes::{BufMut, Bytes, BytesMut};
use tidewire::protocol::consumer_group_describe::{Assignment, ConsumerGroupDescribeRequest};
use tidewire::protocol::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use tidewire::protocol::delete_groups::DeleteGroupsRequest;
use tidewire::protocol::describe_groups::DescribeGroupsRequest;
use tidewire::protocol::join_group::JoinGroupRequestProtocol;
use tidewire::protocol::list_groups::ListGroupsRequest;
use tidewire::protocol::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};

use super::super::Side;
use super::offsets::commit_request;
use super::{Group, modern};
use crate::support::code;

pub(super) async fn script(side: &mut Side) {
    let (topic, _) = side.create("told", &[]).await;
    let newest = if side.kafka_4 { 6 } else { 5 };
    classic(side, &topic, newest).await;
    connectors(side, &topic).await;
    if side.kafka_4 {
        of_the_new_protocol(side, &topic).await;
    }
}

async fn describe(group: &mut Group<'_>, what: &str, ids: &[&str], version: i16) {
    let request = DescribeGroupsRequest {
        groups: ids.iter().map(|id| (*id).to_owned()).collect(),
        include_authorized_operations: version >= 3,
    };
    let answer = group.ask("", &request, version).await;
    let mut told = Vec::new();
    for found in &answer.groups {
        let members = found.members.iter();
        let members: Vec<_> = members
            .map(|m| {
                let name = group.name_of(&m.member_id);
                let instance = m.group_instance_id.clone();
                let bytes = (m.member_metadata.clone(), m.member_assignment.clone());
                (
                    name,
                    instance,
                    m.client_id.clone(),
                    m.client_host.clone(),
                    bytes,
                )
            })
            .collect();
        told.push((
            code(found.error_code),
            found.error_message.is_some(),
            found.group_id.clone(),
            found.group_state.clone(),
            found.protocol_type.clone(),
            found.protocol_data.clone(),
            found.authorized_operations,
            members,
        ));
    }
    told.sort_by(|a, b| a.2.cmp(&b.2));
    group.note(&format!("describe {what} in {version}"), told);
}

async fn list(group: &mut Group<'_>, what: &str, states: &[&str], types: &[&str], version: i16) {
    let own = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
    let request = ListGroupsRequest {
        states_filter: own(states),
        types_filter: own(types),
    };
    let answer = group.ask("", &request, version).await;
    let groups = answer
        .groups
        .iter()
        .filter(|found| found.group_id == group.id);
    let told: Vec<_> = groups
        .map(|g| {
            (
                g.protocol_type.clone(),
                g.group_state.clone(),
                g.group_type.clone(),
            )
        })
        .collect();
    let told = (code(answer.error_code), told);
    group.note(&format!("list {what} in {version}"), told);
}

async fn delete(group: &mut Group<'_>, what: &str, ids: &[&str]) {
    let request = DeleteGroupsRequest {
        groups_names: ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    let answer = group.ask("", &request, 2).await;
    let mut told: Vec<_> = answer
        .results
        .iter()
        .map(|result| (result.group_id.clone(), code(result.error_code)))
        .collect();
    told.sort();
    group.note(&format!("delete {what}"), told);
}

async fn delete_offsets(group: &mut Group<'_>, what: &str, id: &str, topics: &[(&str, &[i32])]) {
    let topics = topics.iter();
    let request = OffsetDeleteRequest {
        group_id: id.to_owned(),
        topics: topics
            .map(|(name, partitions)| OffsetDeleteRequestTopic {
                name: (*name).to_owned(),
                partitions: partitions
                    .iter()
                    .map(|index| OffsetDeleteRequestPartition {
                        partition_index: *index,
                    })
                    .collect(),
            })
            .collect(),
    };
    let answer = group.ask("", &request, 0).await;
    let mut told = Vec::new();
    for topic in &answer.topics {
        for partition in &topic.partitions {
            let code = code(partition.error_code);
            told.push((topic.name.clone(), partition.partition_index, code));
        }
    }
    told.sort();
    let told = (code(answer.error_code), told);
    group.note(&format!("delete offsets {what}"), told);
}

/// A subscription to a topic, as a consumer writes it.
fn subscription(topic: &str) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(0);
    bytes.put_i32(1);
    bytes.put_i16(i16::try_from(topic.len()).unwrap());
    bytes.put_slice(topic.as_bytes());
    bytes.put_i32(-1);
    bytes.freeze()
}

async fn classic(side: &mut Side, topic: &str, newest: i16) {
    let mut group = Group::new(side, "told-classic").await;
    let id = group.id.clone();
    for version in [0, 3, newest] {
        describe(&mut group, "nothing", &["no-such-group", ""], version).await;
    }
    delete(&mut group, "nothing", &["no-such-group"]).await;
    delete_offsets(&mut group, "of nothing", "no-such-group", &[(topic, &[0])]).await;
    let mut request = group.join_request("a");
    request.protocols = vec![JoinGroupRequestProtocol {
        name: "range".to_owned(),
        metadata: subscription(topic),
    }];
    group.join("told: an id", "a", &request, 9).await;
    request.member_id = group.id_of("a");
    group.join("told: joins", "a", &request, 9).await;
    describe(&mut group, "completing", &[&id], newest).await;
    list(&mut group, "completing", &[], &[], 5).await;
    let request = group.sync_request("a", 1, &[("a", "all")]);
    group.sync("told: syncs", "a", &request, 5).await;
    for version in [0, 3, 4, newest] {
        describe(&mut group, "stable", &[&id, "no-such-group"], version).await;
    }
    for version in [0, 3, 4, 5] {
        list(&mut group, "stable", &[], &[], version).await;
    }
    list(&mut group, "of a state", &["stable", "Dead"], &[], 4).await;
    list(&mut group, "of another state", &["Empty"], &[], 5).await;
    list(&mut group, "of a type", &[], &["Classic"], 5).await;
    list(&mut group, "of another type", &[], &["consumer"], 5).await;
    delete(&mut group, "a stable one", &[&id, "no-such-group"]).await;
    let mut request = commit_request(&id, topic, &[(0, 3)]);
    request.member_id = group.id_of("a");
    request.generation_id_or_member_epoch = 1;
    group.ask("", &request, 8).await;
    let all: [(&str, &[i32]); 2] = [(topic, &[0, 9]), ("no-such-topic", &[0])];
    delete_offsets(&mut group, "of a topic subscribed to", &id, &all).await;
    group.leave("told", &[("a", None)]).await;
    describe(&mut group, "empty", &[&id], newest).await;
    list(&mut group, "empty", &[], &[], 5).await;
    // The coordinator of Kafka 3 deletes an empty group with its last offset.
    if newest > 5 {
        delete_offsets(&mut group, "of an empty group", &id, &all).await;
        delete_offsets(&mut group, "again", &id, &all).await;
    }
    delete(&mut group, "an empty one", &[&id]).await;
    describe(&mut group, "what was deleted", &[&id], newest).await;
    list(&mut group, "what was deleted", &[], &[], 5).await;
    let request = commit_request(&id, topic, &[(0, 3)]);
    group.ask("", &request, 8).await;
    describe(&mut group, "a simple one", &[&id], newest).await;
    list(&mut group, "a simple one", &[], &[], 5).await;
    delete(&mut group, "a simple one", &[&id, &id]).await;
}

/// Members whose subscription nobody can read, and members that are no consumers.
async fn connectors(side: &mut Side, topic: &str) {
    for kind in ["consumer", "connect"] {
        let mut group = Group::new(side, &format!("told-{kind}")).await;
        let id = group.id.clone();
        let mut request = group.join_request("a");
        request.protocol_type = kind.to_owned();
        group
            .join(&format!("told: an id of {kind}"), "a", &request, 9)
            .await;
        request.member_id = group.id_of("a");
        group
            .join(&format!("told: {kind} joins"), "a", &request, 9)
            .await;
        let what = format!("of a {kind} group");
        delete_offsets(&mut group, &what, &id, &[(topic, &[0])]).await;
        list(&mut group, &what, &[], &[], 5).await;
        group.leave(&what, &[("a", None)]).await;
    }
}

async fn of_the_new_protocol(side: &mut Side, topic: &str) {
    let mut group = modern::at_once(side, "told-modern").await;
    let id = group.id.clone();
    let request = ConsumerGroupHeartbeatRequest {
        instance_id: Some("i".to_owned()),
        rack_id: Some("r".to_owned()),
        ..modern::joining(&group, "a", topic)
    };
    let epoch = modern::beat(&mut group, "told: a joins", &request).await;
    for version in [0, 1] {
        describe_new(&mut group, "stable", &[&id, "no-such-group"], version).await;
    }
    let request = ConsumerGroupHeartbeatRequest {
        server_assignor: Some("range".to_owned()),
        ..modern::joining(&group, "b", topic)
    };
    modern::beat(&mut group, "told: b joins", &request).await;
    describe_new(&mut group, "two", &[&id], 1).await;
    list(&mut group, "two", &["stable"], &["consumer"], 5).await;
    list(&mut group, "of the new protocol", &[], &[], 4).await;
    describe(&mut group, "the other protocol", &[&id], 5).await;
    describe(&mut group, "the other protocol", &[&id], 6).await;
    delete(&mut group, "the new protocol", &[&id]).await;
    delete_offsets(&mut group, "of the new protocol", &id, &[(topic, &[0])]).await;
    let mut request = commit_request(&id, topic, &[(0, 3)]);
    request.member_id = "a".to_owned();
    request.generation_id_or_member_epoch = epoch;
    group.ask("", &request, 9).await;
    for (who, instance) in [("b", None), ("a", Some("i".to_owned()))] {
        let request = ConsumerGroupHeartbeatRequest {
            instance_id: instance,
            ..modern::beating(&group, who, -1)
        };
        modern::beat(&mut group, &format!("told: {who} leaves"), &request).await;
    }
    describe_new(&mut group, "empty", &[&id], 1).await;
    list(&mut group, "empty and new", &[], &[], 5).await;
    delete(&mut group, "an empty new one", &[&id]).await;
    group.join_with_id("told: classic", "c").await;
    describe_new(&mut group, "a classic one", &[&id], 1).await;
    group.leave("told: classic", &[("c", None)]).await;
}

async fn describe_new(group: &mut Group<'_>, what: &str, ids: &[&str], version: i16) {
    let request = ConsumerGroupDescribeRequest {
        group_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        include_authorized_operations: true,
    };
    let answer = group.ask("", &request, version).await;
    let places = |assignment: &Assignment| -> Vec<_> {
        let topics = assignment.topic_partitions.iter();
        topics
            .map(|t| {
                (
                    t.topic_id.is_zero(),
                    t.topic_name.clone(),
                    t.partitions.clone(),
                )
            })
            .collect()
    };
    let mut told = Vec::new();
    for found in &answer.groups {
        let mut members: Vec<_> = found
            .members
            .iter()
            .map(|m| {
                let who = (
                    m.member_id.clone(),
                    m.instance_id.clone(),
                    m.rack_id.clone(),
                );
                let from = (m.client_id.clone(), m.client_host.clone(), m.member_type);
                let wants = (
                    m.subscribed_topic_names.clone(),
                    m.subscribed_topic_regex.clone(),
                );
                let has = (places(&m.assignment), places(&m.target_assignment));
                format!("{:?}", (who, m.member_epoch, from, wants, has))
            })
            .collect();
        members.sort();
        let epochs = (found.group_epoch, found.assignment_epoch);
        told.push((
            code(found.error_code),
            found.error_message.is_some(),
            found.group_id.clone(),
            found.group_state.clone(),
            epochs,
            found.assignor_name.clone(),
            found.authorized_operations,
            members,
        ));
    }
    told.sort_by(|a, b| a.2.cmp(&b.2));
    group.note(&format!("describe new, {what} in {version}"), told);
}
