//! Static members beside a real broker (KIP-345, KIP-814).

use tidewire::protocol::join_group::JoinGroupRequest;
use tidewire::protocol::offset_commit::OffsetCommitRequest;
use tidewire::protocol::sync_group::SyncGroupRequest;

use super::super::Side;
use super::offsets::commit_request;
use super::{Group, protocols};
use crate::support::code;

pub(super) async fn script(side: &mut Side) {
    let (topic, _) = side.create("statics", &[]).await;
    for version in [5, 8, 9] {
        leader_returns(side, version, &topic).await;
        follower_returns(side, version).await;
    }
    fenced_while_waiting(side).await;
    removed(side).await;
}

fn join(group: &Group<'_>, who: &str, instance: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_instance_id: Some(instance.to_owned()),
        ..group.join_request(who)
    }
}

fn sync(group: &Group<'_>, who: &str, instance: &str, generation: i32) -> SyncGroupRequest {
    SyncGroupRequest {
        group_instance_id: Some(instance.to_owned()),
        ..group.sync_request(who, generation, &[("a", "for-a"), ("b", "for-b")])
    }
}

/// A leader comes back without its id: nobody else notices, and the old one is fenced.
async fn leader_returns(side: &mut Side, version: i16, topic: &str) {
    let mut group = Group::new(side, &format!("static-leader-{version}")).await;
    let request = join(&group, "a", "i");
    group.join("static: joins", "a", &request, version).await;
    let request = sync(&group, "a", "i", 1);
    group.sync("static: syncs", "a", &request, 3).await;
    let request = join(&group, "a2", "i");
    group.join("static: returns", "a2", &request, version).await;
    group.heartbeat("of the old one", "a", Some("i"), 1).await;
    group
        .heartbeat("of the old one, dynamic", "a", None, 1)
        .await;
    group.heartbeat("of the new one", "a2", Some("i"), 1).await;
    group
        .heartbeat("of another instance", "a2", Some("j"), 1)
        .await;
    let request = sync(&group, "a", "i", 1);
    group
        .sync("static: the old one syncs", "a", &request, 3)
        .await;
    let request = sync(&group, "a2", "i", 1);
    group
        .sync("static: the new one syncs", "a2", &request, 3)
        .await;
    let request = join(&group, "a", "i");
    group
        .join("static: the old one joins", "a", &request, version)
        .await;
    let mut request = join(&group, "a2", "i");
    request.group_instance_id = Some("j".to_owned());
    group
        .join("static: as another", "a2", &request, version)
        .await;
    for who in ["a", "a2"] {
        let request = OffsetCommitRequest {
            member_id: group.id_of(who),
            generation_id_or_member_epoch: 1,
            group_instance_id: Some("i".to_owned()),
            ..commit_request(&group.id, topic, &[(0, 1)])
        };
        let answer = group.ask(who, &request, 7).await;
        let told = code(answer.topics[0].partitions[0].error_code);
        group.note(&format!("static: {who} commits"), told);
    }
    group.leave("of the old one", &[("a", Some("i"))]).await;
    group.leave("of the new one", &[("a2", Some("i"))]).await;
}

async fn follower_returns(side: &mut Side, version: i16) {
    let mut group = Group::new(side, &format!("static-follower-{version}")).await;
    let request = join(&group, "a", "i");
    group.join("static: a joins", "a", &request, version).await;
    let request = join(&group, "b", "j");
    group.send("b", &request, version).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let again = join(&group, "a", "i");
    group.join("static: a again", "a", &again, version).await;
    let answer = group.receive("b", &request, version).await;
    group.joined("static: b joins", "b", &answer);
    let request = sync(&group, "a", "i", 2);
    group.sync("static: a syncs", "a", &request, 3).await;
    let request = sync(&group, "b", "j", 2);
    group.sync("static: b syncs", "b", &request, 3).await;
    let request = join(&group, "b2", "j");
    group
        .join("static: b returns", "b2", &request, version)
        .await;
    group
        .heartbeat("of a when b is back", "a", Some("i"), 2)
        .await;
    let mut request = join(&group, "b3", "j");
    request.protocols = protocols(&[("sticky", "s")]);
    group.send("b3", &request, version).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    group
        .heartbeat("of a when b changed", "a", Some("i"), 2)
        .await;
    let again = join(&group, "a", "i");
    group
        .join("static: a follows b", "a", &again, version)
        .await;
    let answer = group.receive("b3", &request, version).await;
    group.joined("static: b changed", "b3", &answer);
}

/// One waits to join, one waits to sync: both are fenced where they are.
async fn fenced_while_waiting(side: &mut Side) {
    let mut group = Group::new(side, "static-waiting").await;
    let request = join(&group, "a", "i");
    group.join("fenced: a joins", "a", &request, 9).await;
    let request = sync(&group, "a", "i", 1);
    group.sync("fenced: a syncs", "a", &request, 3).await;
    let waiting = join(&group, "b", "j");
    group.send("b", &waiting, 9).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let next = join(&group, "b2", "j");
    group.send("b2", &next, 9).await;
    let answer = group.receive("b", &waiting, 9).await;
    let told = (
        code(answer.error_code),
        answer.generation_id,
        &answer.protocol_name,
    );
    let told = format!("{told:?}");
    group.note("fenced while joining", told);
    let again = join(&group, "a", "i");
    group.join("fenced: a again", "a", &again, 9).await;
    let answer = group.receive("b2", &next, 9).await;
    group.joined("fenced: b2 is in", "b2", &answer);
    let waiting = sync(&group, "b2", "j", 2);
    group.send("b2", &waiting, 3).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let next = join(&group, "b3", "j");
    group.send("b3", &next, 9).await;
    let answer = group.receive("b2", &waiting, 3).await;
    group.synced("fenced while syncing", &answer);
    group.heartbeat("of a after that", "a", Some("i"), 2).await;
    let again = join(&group, "a", "i");
    group.join("fenced: a at last", "a", &again, 9).await;
    let answer = group.receive("b3", &next, 9).await;
    group.joined("fenced: b3 is in", "b3", &answer);
}

async fn removed(side: &mut Side) {
    let mut group = Group::new(side, "static-removed").await;
    let request = join(&group, "a", "i");
    group.join("removed: a joins", "a", &request, 9).await;
    group
        .leave("of an unknown instance", &[("", Some("j"))])
        .await;
    group.leave("by instance", &[("", Some("i"))]).await;
    group
        .heartbeat("of who was removed", "a", Some("i"), 1)
        .await;
    let request = join(&group, "a", "i");
    group
        .join("removed: joins with the old id", "a", &request, 9)
        .await;
}
