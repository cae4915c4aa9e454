//! What brokers say that do not coordinate the group.

use tidewire::protocol::consumer_group_describe::ConsumerGroupDescribeRequest;
use tidewire::protocol::delete_groups::DeleteGroupsRequest;
use tidewire::protocol::describe_groups::DescribeGroupsRequest;
use tidewire::protocol::offset_delete::OffsetDeleteRequest;
use tidewire::protocol::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};

use super::super::Side;
use super::offsets::commit_request;
use super::{Group, modern};
use crate::support::code;

pub(super) async fn script(side: &mut Side, addresses: Vec<String>) {
    let (topic, _) = side.create("elsewhere", &[]).await;
    let mut group = Group::new(side, "elsewhere").await;
    let coordinator = group.address.clone();
    for address in addresses.into_iter().filter(|other| *other != coordinator) {
        group.address = address;
        group.wires.clear();
        ask_all(&mut group, &topic).await;
    }
}

async fn ask_all(group: &mut Group<'_>, topic: &str) {
    let id = group.id.clone();
    let request = group.join_request("a");
    group.join("elsewhere: join", "a", &request, 9).await;
    let request = group.sync_request("a", 1, &[]);
    group.sync("elsewhere: sync", "a", &request, 5).await;
    group.heartbeat("elsewhere", "a", None, 1).await;
    group.leave("elsewhere", &[("a", None)]).await;
    let answer = group
        .ask("", &commit_request(&id, topic, &[(0, 1)]), 9)
        .await;
    group.note(
        "elsewhere: commit",
        code(answer.topics[0].partitions[0].error_code),
    );
    let request = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: id.clone(),
            ..OffsetFetchRequestGroup::default()
        }],
        ..OffsetFetchRequest::default()
    };
    let answer = group.ask("", &request, 8).await;
    group.note("elsewhere: fetch", code(answer.groups[0].error_code));
    let old = OffsetFetchRequest {
        group_id: id.clone(),
        topics: None,
        ..OffsetFetchRequest::default()
    };
    let answer = group.ask("", &old, 5).await;
    group.note(
        "elsewhere: old fetch",
        (code(answer.error_code), answer.topics.len()),
    );
    let request = OffsetDeleteRequest {
        group_id: id.clone(),
        ..OffsetDeleteRequest::default()
    };
    let answer = group.ask("", &request, 0).await;
    group.note("elsewhere: offset delete", code(answer.error_code));
    let request = DeleteGroupsRequest {
        groups_names: vec![id.clone()],
    };
    let answer = group.ask("", &request, 2).await;
    group.note("elsewhere: delete", code(answer.results[0].error_code));
    let request = DescribeGroupsRequest {
        groups: vec![id.clone()],
        include_authorized_operations: false,
    };
    let answer = group.ask("", &request, 5).await;
    let found = &answer.groups[0];
    let told = (code(found.error_code), found.group_state.clone());
    group.note("elsewhere: describe", told);
    if group.side.kafka_4 {
        let request = modern::joining(group, "a", topic);
        modern::beat(group, "elsewhere", &request).await;
        let request = ConsumerGroupDescribeRequest {
            group_ids: vec![id],
            include_authorized_operations: false,
        };
        let answer = group.ask("", &request, 1).await;
        group.note("elsewhere: describe new", code(answer.groups[0].error_code));
    }
}
