//! Two members through the phases of a rebalance, each asking at the wrong time too.

use std::time::Duration;

use tidewire::protocol::offset_commit::OffsetCommitRequest;

use super::super::Side;
use super::Group;
use super::offsets::commit_request;
use crate::support::code;

pub(super) async fn script(side: &mut Side) {
    let (topic, _) = side.create("phases", &[]).await;
    let mut group = Group::new(side, "phases").await;
    group.join_with_id("phases", "a").await;
    let request = group.sync_request("a", 1, &[("a", "all")]);
    group.sync("phases: sync", "a", &request, 5).await;
    let request = group.join_request("b");
    group.join("b asks for an id", "b", &request, 9).await;
    group.join_later("b", 9).await;
    preparing(&mut group, &topic).await;
    completing(&mut group, &topic).await;
    third(&mut group, &topic).await;
    leaving(&mut group).await;
}

async fn commit(group: &mut Group<'_>, what: &str, who: &str, topic: &str, generation: i32) {
    let request = OffsetCommitRequest {
        member_id: group.id_of(who),
        generation_id_or_member_epoch: generation,
        ..commit_request(&group.id, topic, &[(0, 5)])
    };
    let answer = group.ask(who, &request, 9).await;
    let codes: Vec<_> = answer.topics[0]
        .partitions
        .iter()
        .map(|p| code(p.error_code))
        .collect();
    group.note(&format!("commit {what}"), codes);
}

/// b waits for a to join again.
async fn preparing(group: &mut Group<'_>, topic: &str) {
    group.heartbeat("while preparing", "a", None, 1).await;
    group
        .heartbeat("while preparing, wrong", "a", None, 7)
        .await;
    let request = group.sync_request("a", 1, &[("a", "all")]);
    group.sync("sync while preparing", "a", &request, 5).await;
    commit(group, "while preparing", "a", topic, 1).await;
    commit(group, "while preparing, wrong", "a", topic, 7).await;
    commit(group, "by nobody while preparing", "nobody", topic, 1).await;
    commit(group, "by none while preparing", "", topic, -1).await;
    let request = group.join_request("a");
    group.join("a joins again", "a", &request, 9).await;
    group.join_answer("b joins", "b", 9).await;
}

/// Both are to sync.
async fn completing(group: &mut Group<'_>, topic: &str) {
    for member in ["a", "b"] {
        group.heartbeat("while completing", member, None, 2).await;
    }
    commit(group, "while completing", "a", topic, 2).await;
    commit(group, "while completing, old", "a", topic, 1).await;
    let follower = group.sync_request("b", 2, &[]);
    group.send("b", &follower, 5).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let request = group.sync_request("a", 2, &[("a", "some"), ("b", "rest")]);
    group.sync("the leader syncs", "a", &request, 5).await;
    let answer = group.receive("b", &follower, 5).await;
    group.synced("the follower syncs", &answer);
    commit(group, "when stable", "b", topic, 2).await;
    let request = group.join_request("b");
    group.join("a follower joins again", "b", &request, 9).await;
    let request = group.sync_request("b", 2, &[]);
    group.sync("a follower syncs again", "b", &request, 5).await;
}

/// A third comes while the others sync.
async fn third(group: &mut Group<'_>, topic: &str) {
    group.join_later("a", 9).await;
    let request = group.join_request("b");
    group.join("b follows", "b", &request, 9).await;
    group.join_answer("a leads", "a", 9).await;
    let follower = group.sync_request("b", 3, &[]);
    group.send("b", &follower, 5).await;
    let request = group.join_request("c");
    group.join("c asks for an id", "c", &request, 9).await;
    group.join_later("c", 9).await;
    let answer = group.receive("b", &follower, 5).await;
    group.synced("the follower is sent back", &answer);
    let request = group.sync_request("a", 3, &[("a", "x"), ("b", "y")]);
    group.sync("the leader is late", "a", &request, 5).await;
    commit(group, "in the old generation", "b", topic, 3).await;
    group.join_later("a", 9).await;
    group.leave("b while preparing", &[("b", None)]).await;
    group.join_answer("a is in with c", "a", 9).await;
    group.join_answer("c is in", "c", 9).await;
    let request = group.sync_request("a", 4, &[("a", "x")]);
    group.sync("a syncs", "a", &request, 5).await;
    let request = group.sync_request("c", 4, &[]);
    group.sync("c got nothing", "c", &request, 5).await;
}

async fn leaving(group: &mut Group<'_>) {
    group.leave("of the leader", &[("a", None)]).await;
    group.heartbeat("after the leader left", "c", None, 4).await;
    let request = group.join_request("c");
    group.join("c leads", "c", &request, 9).await;
    let pending = group.join_request("d");
    group.join("d asks for an id", "d", &pending, 9).await;
    let both = [("c", None), ("d", None), ("d", None)];
    group.leave("of all", &both).await;
    group.heartbeat("after all left", "c", None, 6).await;
}
