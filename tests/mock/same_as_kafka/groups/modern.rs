//! The new protocol beside a real broker (KIP-848): members join, converge, are fenced, leave.

use std::collections::BTreeSet;
use std::time::Duration;

use tidewire::Uuid;
use tidewire::protocol::ApiKey;
use tidewire::protocol::api_versions::ApiVersionsRequest;
use tidewire::protocol::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, RequestTopicPartitions,
};
use tidewire::protocol::create_topics::CreateTopicsRequest;
use tidewire::protocol::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use tidewire::protocol::join_group::JoinGroupRequest;
use tidewire::protocol::offset_commit::OffsetCommitRequest;
use tidewire::protocol::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};

use super::super::{Side, metadata_request, topic};
use super::Group;
use super::offsets::commit_request;
use crate::support::code;

pub(super) async fn script(side: &mut Side) {
    let (name, id) = create(side, "modern", 4).await;
    refused(side, &name).await;
    alone(side, &name, id).await;
    sharing(side, &name, id).await;
    crossing(side, &name, id).await;
    statics(side, &name, id).await;
    patterns(side, &name).await;
    both_protocols(side, &name).await;
}

/// A broker that knows the requests and has no such groups.
pub(super) async fn off(side: &mut Side) {
    let mut group = Group::new(side, "modern-off").await;
    let request = joining(&group, "a", "t");
    beat_in(&mut group, "where it is off", &request, 0).await;
}

/// Creates a topic and waits until everybody knows it.
async fn create(side: &mut Side, name: &str, partitions: i32) -> (String, Uuid) {
    let name = side.topic(name);
    let request = CreateTopicsRequest {
        topics: vec![topic(&name, partitions, 1)],
        timeout_ms: 10_000,
        ..CreateTopicsRequest::default()
    };
    let created = side.ask(&request, 7).await.unwrap();
    assert_eq!(created.topics[0].error_code, 0, "{created:?}");
    for _ in 0..200 {
        let found = side.ask(&metadata_request(&[Some(&name)]), 12).await;
        if found.unwrap().topics[0].error_code == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (name, created.topics[0].topic_id)
}

/// A group whose assignments follow its epochs at once; a broker waits a second by default.
pub(super) async fn at_once<'a>(side: &'a mut Side, name: &str) -> Group<'a> {
    let asked = ApiVersionsRequest {
        client_software_name: "raw".to_owned(),
        client_software_version: "1".to_owned(),
    };
    let served = side.ask(&asked, 3).await.unwrap().api_keys;
    let key = ApiKey::IncrementalAlterConfigs.code();
    if served.iter().any(|api| api.api_key == key) {
        const GROUP: i8 = 32;
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: GROUP,
                resource_name: side.topic(name),
                configs: vec![AlterableConfig {
                    name: "consumer.assignment.interval.ms".to_owned(),
                    config_operation: 0,
                    value: Some("0".to_owned()),
                }],
            }],
            ..IncrementalAlterConfigsRequest::default()
        };
        let answer = side.ask(&request, 1).await.unwrap();
        assert_eq!(answer.responses[0].error_code, 0, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Group::new(side, name).await
}

pub(super) fn joining(group: &Group<'_>, who: &str, topic: &str) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        group_id: group.id.clone(),
        member_id: who.to_owned(),
        member_epoch: 0,
        rebalance_timeout_ms: 60_000,
        subscribed_topic_names: Some(vec![topic.to_owned()]),
        topic_partitions: Some(Vec::new()),
        ..ConsumerGroupHeartbeatRequest::default()
    }
}

/// A heartbeat that says nothing new.
pub(super) fn beating(
    group: &Group<'_>,
    who: &str,
    member_epoch: i32,
) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        group_id: group.id.clone(),
        member_id: who.to_owned(),
        member_epoch,
        rebalance_timeout_ms: -1,
        ..ConsumerGroupHeartbeatRequest::default()
    }
}

fn owning(
    group: &Group<'_>,
    who: &str,
    member_epoch: i32,
    (topic_id, partitions): (Uuid, &[i32]),
) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        topic_partitions: Some(vec![RequestTopicPartitions {
            topic_id,
            partitions: partitions.to_vec(),
        }]),
        ..beating(group, who, member_epoch)
    }
}

pub(super) async fn beat(
    group: &mut Group<'_>,
    what: &str,
    request: &ConsumerGroupHeartbeatRequest,
) -> i32 {
    beat_in(group, what, request, 1).await
}

async fn beat_in(
    group: &mut Group<'_>,
    what: &str,
    request: &ConsumerGroupHeartbeatRequest,
    version: i16,
) -> i32 {
    let answer = group.ask("", request, version).await;
    let assigned = answer.assignment.as_ref().map(|assignment| {
        let topics = assignment.topic_partitions.iter();
        let places = topics.map(|topic| {
            let mut partitions = topic.partitions.clone();
            partitions.sort_unstable();
            partitions
        });
        places.collect::<BTreeSet<_>>()
    });
    let same_id = answer.member_id.as_ref().map(|id| *id == request.member_id);
    let told = (
        code(answer.error_code),
        answer.error_message.is_some(),
        same_id,
        answer.member_epoch,
        answer.heartbeat_interval_ms,
        assigned,
    );
    group.note(&format!("beat {what}"), told);
    answer.member_epoch
}

async fn refused(side: &mut Side, topic: &str) {
    let mut group = at_once(side, "modern-refused").await;
    let fine = joining(&group, "a", topic);
    for version in [0, 1] {
        let what = |what: &str| format!("{what} in {version}");
        let mut request = fine.clone();
        request.group_id = String::new();
        beat_in(&mut group, &what("of no group"), &request, version).await;
        let mut request = fine.clone();
        request.instance_id = Some(String::new());
        beat_in(&mut group, &what("of no instance"), &request, version).await;
        let mut request = fine.clone();
        request.rack_id = Some(String::new());
        beat_in(&mut group, &what("in no rack"), &request, version).await;
        let mut request = fine.clone();
        request.rebalance_timeout_ms = -1;
        beat_in(&mut group, &what("without timeout"), &request, version).await;
        let mut request = fine.clone();
        request.topic_partitions = None;
        beat_in(&mut group, &what("without partitions"), &request, version).await;
        let mut request = owning(&group, "a", 0, (Uuid([7; 16]), &[0]));
        request.rebalance_timeout_ms = 60_000;
        request.subscribed_topic_names = Some(vec![topic.to_owned()]);
        beat_in(&mut group, &what("with partitions"), &request, version).await;
        let mut request = fine.clone();
        request.subscribed_topic_names = None;
        beat_in(&mut group, &what("without topics"), &request, version).await;
        for epoch in [1, -1, -2, -3] {
            let request = beating(&group, "a", epoch);
            beat_in(
                &mut group,
                &what(&format!("with epoch {epoch}")),
                &request,
                version,
            )
            .await;
            let request = beating(&group, "", epoch);
            beat_in(
                &mut group,
                &what(&format!("of nobody with {epoch}")),
                &request,
                version,
            )
            .await;
        }
        let mut request = fine.clone();
        request.server_assignor = Some("no-such".to_owned());
        beat_in(
            &mut group,
            &what("with unknown assignor"),
            &request,
            version,
        )
        .await;
    }
    let mut request = fine.clone();
    request.member_id = String::new();
    beat_in(&mut group, "without an id", &request, 1).await;
    beat_in(&mut group, "without an id, old", &request, 0).await;
    let mut request = fine.clone();
    request.subscribed_topic_names = Some(Vec::new());
    beat(&mut group, "of no topics", &request).await;
}

async fn alone(side: &mut Side, topic: &str, id: Uuid) {
    let mut group = at_once(side, "modern-alone").await;
    let request = joining(&group, "a", topic);
    let epoch = beat(&mut group, "a joins", &request).await;
    let request = beating(&group, "a", epoch);
    beat(&mut group, "a goes on", &request).await;
    beat(&mut group, "a goes on again", &request).await;
    let all: (Uuid, &[i32]) = (id, &[0, 1, 2, 3]);
    let request = owning(&group, "a", epoch, all);
    beat(&mut group, "a owns all", &request).await;
    let mut full = owning(&group, "a", epoch, all);
    full.rebalance_timeout_ms = 60_000;
    full.subscribed_topic_names = Some(vec![topic.to_owned()]);
    beat(&mut group, "a says all", &full).await;
    for wrong in [epoch - 1, epoch + 1, epoch + 7] {
        let request = beating(&group, "a", wrong);
        beat(&mut group, &format!("a with epoch {wrong}"), &request).await;
        let request = owning(&group, "a", wrong, all);
        beat(
            &mut group,
            &format!("a owns all with epoch {wrong}"),
            &request,
        )
        .await;
    }
    let request = beating(&group, "nobody", epoch);
    beat(&mut group, "nobody goes on", &request).await;
    let mut request = beating(&group, "a", epoch);
    request.subscribed_topic_names = Some(vec!["no-such-topic".to_owned()]);
    beat(&mut group, "a wants another topic", &request).await;
    let request = owning(&group, "a", epoch, (id, &[]));
    let epoch = beat(&mut group, "a gave up all", &request).await;
    let request = joining(&group, "a", topic);
    beat(&mut group, "a joins again", &request).await;
    let request = beating(&group, "a", epoch);
    beat(&mut group, "a with its old epoch", &request).await;
    committing(&mut group, topic).await;
    let request = beating(&group, "a", -1);
    beat(&mut group, "a leaves", &request).await;
    beat(&mut group, "a leaves again", &request).await;
    let request = beating(&group, "a", 1);
    beat(&mut group, "a after leaving", &request).await;
    let request = joining(&group, "a", topic);
    beat(&mut group, "a is back", &request).await;
}

/// What commits and fetches say to members, and to others, of a group of one.
async fn committing(group: &mut Group<'_>, topic: &str) {
    let request = joining(group, "c", topic);
    beat(group, "c joins", &request).await;
    let id = group.id.clone();
    for (who, epoch) in [
        ("", -1),
        ("nobody", 1),
        ("c", -1),
        ("c", 0),
        ("c", 1),
        ("c", 99),
        ("", 1),
    ] {
        for version in [8, 9] {
            let mut request: OffsetCommitRequest = commit_request(&id, topic, &[(0, 3)]);
            request.member_id = who.to_owned();
            request.generation_id_or_member_epoch = epoch;
            let answer = group.ask("", &request, version).await;
            let told = code(answer.topics[0].partitions[0].error_code);
            group.note(
                &format!("commit of {who:?} with {epoch} in {version}"),
                told,
            );
        }
        let request = OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: id.clone(),
                member_id: Some(who.to_owned()).filter(|who| !who.is_empty()),
                member_epoch: epoch,
                topics: None,
            }],
            ..OffsetFetchRequest::default()
        };
        let answer = group.ask("", &request, 9).await;
        let told = code(answer.groups[0].error_code);
        group.note(&format!("fetch of {who:?} with {epoch}"), told);
    }
    let request = beating(group, "c", -1);
    beat(group, "c leaves", &request).await;
}

/// Two share: what one gives up, the other gets, and not before.
async fn sharing(side: &mut Side, topic: &str, id: Uuid) {
    let mut group = at_once(side, "modern-sharing").await;
    let request = joining(&group, "a", topic);
    let a = beat(&mut group, "sharing: a joins", &request).await;
    let request = joining(&group, "b", topic);
    let b = beat(&mut group, "sharing: b joins", &request).await;
    let request = beating(&group, "b", b);
    beat(&mut group, "sharing: b waits", &request).await;
    commits_of(&mut group, "before it knows", (topic, id), a).await;
    let request = beating(&group, "a", a);
    let a = beat(&mut group, "sharing: a is to revoke", &request).await;
    let request = beating(&group, "a", a);
    beat(&mut group, "sharing: a says nothing", &request).await;
    let request = owning(&group, "a", a, (id, &[0, 1, 2, 3]));
    beat(&mut group, "sharing: a still has all", &request).await;
    let request = owning(&group, "a", a, (id, &[0, 1, 2]));
    beat(&mut group, "sharing: a has three", &request).await;
    commits_of(&mut group, "while revoking", (topic, id), a).await;
    let request = beating(&group, "b", b);
    beat(&mut group, "sharing: b waits still", &request).await;
    let request = joining(&group, "b", topic);
    beat(&mut group, "sharing: b joins again", &request).await;
    let request = owning(&group, "a", a, (id, &[0, 1]));
    let old = a;
    let a = beat(&mut group, "sharing: a revoked", &request).await;
    commits_of(&mut group, "with the old epoch", (topic, id), old).await;
    commits_of(&mut group, "with the new epoch", (topic, id), a).await;
    let request = owning(&group, "a", old, (id, &[0, 1]));
    beat(&mut group, "sharing: a lost that answer", &request).await;
    let request = owning(&group, "a", old, (id, &[0, 1, 2]));
    beat(&mut group, "sharing: a has too much for that", &request).await;
    let request = beating(&group, "b", b);
    let b = beat(&mut group, "sharing: b gets two", &request).await;
    let request = beating(&group, "b", -1);
    beat(&mut group, "sharing: b leaves", &request).await;
    let request = beating(&group, "b", b);
    beat(&mut group, "sharing: b is gone", &request).await;
    let request = beating(&group, "a", a);
    let a = beat(&mut group, "sharing: a has all again", &request).await;
    let request = joining(&group, "b", topic);
    beat(&mut group, "sharing: b comes back", &request).await;
    let request = beating(&group, "a", a);
    beat(&mut group, "sharing: a is to revoke again", &request).await;
    let request = joining(&group, "a", topic);
    beat(&mut group, "sharing: a joins again instead", &request).await;
    let request = beating(&group, "b", a + 1);
    beat(&mut group, "sharing: b has its own", &request).await;
}

async fn commits_of(group: &mut Group<'_>, what: &str, topic: (&str, Uuid), epoch: i32) {
    let all = [(0, 1), (1, 1), (2, 1), (3, 1)];
    for (version, count) in [(9, 4), (10, 4), (9, 2), (10, 2)] {
        let mut request = commit_request(&group.id, topic.0, &all[..count]);
        request.member_id = "a".to_owned();
        request.generation_id_or_member_epoch = epoch;
        if version == 10 {
            request.topics[0].name = String::new();
            request.topics[0].topic_id = topic.1;
        }
        let answer = group.ask("", &request, version).await;
        let mut told: Vec<_> = answer.topics[0]
            .partitions
            .iter()
            .map(|p| (p.partition_index, code(p.error_code)))
            .collect();
        told.sort();
        group.note(&format!("commit {what} of {count} in {version}"), told);
    }
}

/// A third comes while the first still revokes; then the second goes.
async fn crossing(side: &mut Side, topic: &str, id: Uuid) {
    let mut group = at_once(side, "modern-crossing").await;
    let mut request = joining(&group, "a", topic);
    request.server_assignor = Some("range".to_owned());
    let a = beat(&mut group, "crossing: a joins", &request).await;
    request.member_id = "b".to_owned();
    let b = beat(&mut group, "crossing: b joins", &request).await;
    let request = beating(&group, "a", a);
    let a = beat(&mut group, "crossing: a is to revoke two", &request).await;
    let request = beating(&group, "b", -1);
    beat(&mut group, "crossing: b leaves", &request).await;
    let request = owning(&group, "a", a, (id, &[0, 1]));
    let a = beat(&mut group, "crossing: a revoked in vain", &request).await;
    let request = owning(&group, "a", a, (id, &[0, 1]));
    let a = beat(&mut group, "crossing: a goes on", &request).await;
    let request = owning(&group, "a", a, (id, &[0, 1, 2, 3]));
    beat(&mut group, "crossing: a has all", &request).await;
    let request = beating(&group, "b", b);
    beat(&mut group, "crossing: b is gone", &request).await;
}

async fn statics(side: &mut Side, topic: &str, id: Uuid) {
    let mut group = at_once(side, "modern-static").await;
    let with =
        |instance: &str, request: ConsumerGroupHeartbeatRequest| ConsumerGroupHeartbeatRequest {
            instance_id: Some(instance.to_owned()),
            ..request
        };
    let request = with("i", joining(&group, "a", topic));
    let a = beat(&mut group, "static: a joins", &request).await;
    let request = with("i", joining(&group, "b", topic));
    beat(&mut group, "static: b comes too early", &request).await;
    let request = with("i", beating(&group, "b", a));
    beat(&mut group, "static: b is fenced", &request).await;
    let request = with("j", beating(&group, "a", a));
    beat(&mut group, "static: of another instance", &request).await;
    let request = with("i", beating(&group, "b", -2));
    beat(&mut group, "static: b cannot leave", &request).await;
    let request = with("i", beating(&group, "a", -2));
    beat(&mut group, "static: a leaves for a while", &request).await;
    let request = with("i", beating(&group, "a", a));
    beat(&mut group, "static: a while it is away", &request).await;
    let request = with("i", joining(&group, "b", topic));
    let b = beat(&mut group, "static: b takes over", &request).await;
    let request = with("i", beating(&group, "a", a));
    beat(&mut group, "static: a is fenced", &request).await;
    let request = with("i", owning(&group, "b", b, (id, &[0, 1, 2, 3])));
    beat(&mut group, "static: b goes on", &request).await;
    let request = with("i", beating(&group, "b", -1));
    beat(&mut group, "static: b leaves for good", &request).await;
    let request = with("i", beating(&group, "b", b));
    beat(&mut group, "static: b is gone", &request).await;
}

async fn patterns(side: &mut Side, topic: &str) {
    let mut group = at_once(side, "modern-patterns").await;
    let mut request = joining(&group, "a", topic);
    request.subscribed_topic_names = None;
    for wrong in ["[", "(", "*", "a**", "(?=x)"] {
        request.subscribed_topic_regex = Some(wrong.to_owned());
        beat(&mut group, &format!("pattern {wrong}"), &request).await;
    }
    let pattern = format!("{}.*|no-such", &topic[..topic.len() - 2]);
    request.subscribed_topic_regex = Some(pattern);
    let epoch = beat(&mut group, "pattern: a joins", &request).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let request = beating(&group, "a", epoch);
    let epoch = beat(&mut group, "pattern: a gets topics", &request).await;
    let request = beating(&group, "a", epoch);
    beat(&mut group, "pattern: a goes on", &request).await;
}

/// Members of one protocol come to a group of the other.
async fn both_protocols(side: &mut Side, topic: &str) {
    let mut group = at_once(side, "modern-both").await;
    let request = joining(&group, "a", topic);
    let epoch = beat(&mut group, "both: a joins", &request).await;
    group
        .heartbeat("classic in a modern group", "a", None, epoch)
        .await;
    let request = group.sync_request("a", epoch, &[]);
    group
        .sync("classic sync in a modern group", "a", &request, 5)
        .await;
    group
        .leave("of nobody in a modern group", &[("x", None)])
        .await;
    let request = JoinGroupRequest {
        member_id: "nobody".to_owned(),
        protocol_type: "connect".to_owned(),
        ..group.join_request("x")
    };
    group.join("both: another type", "x", &request, 9).await;
    let request = beating(&group, "a", -1);
    beat(&mut group, "both: a leaves", &request).await;
    group.join_with_id("both: a classic one", "c").await;
    let request = beating(&group, "a", epoch);
    beat(&mut group, "both: a in a classic group", &request).await;
    group.leave("both: the classic one", &[("c", None)]).await;
    let request = joining(&group, "a", topic);
    beat(&mut group, "both: a is back", &request).await;
}
