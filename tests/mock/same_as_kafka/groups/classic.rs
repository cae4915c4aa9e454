//! What a coordinator refuses, and the life of a member that is alone.

use tidewire::protocol::heartbeat::HeartbeatRequest;
use tidewire::protocol::leave_group::LeaveGroupRequest;

use super::super::Side;
use super::{Group, protocols};
use crate::support::code;

pub(super) async fn script(side: &mut Side) {
    refused_joins(side).await;
    nobody(side).await;
    old_versions(side).await;
    alone(side).await;
    choosing(side).await;
}

async fn refused_joins(side: &mut Side) {
    let mut group = Group::new(side, "refusing").await;
    let fine = group.join_request("a");
    for version in [1, 5, 9] {
        let mut request = fine.clone();
        request.member_id = "nobody".to_owned();
        group
            .join(
                &format!("join by nobody in {version}"),
                "a",
                &request,
                version,
            )
            .await;
        let mut request = fine.clone();
        request.group_id = String::new();
        group
            .join(
                &format!("join of no group in {version}"),
                "a",
                &request,
                version,
            )
            .await;
        let mut request = fine.clone();
        request.session_timeout_ms = 5_999;
        group
            .join(
                &format!("short session in {version}"),
                "a",
                &request,
                version,
            )
            .await;
        request.session_timeout_ms = 1_800_001;
        group
            .join(
                &format!("long session in {version}"),
                "a",
                &request,
                version,
            )
            .await;
        let mut request = fine.clone();
        request.protocols.clear();
        group
            .join(
                &format!("no protocols in {version}"),
                "a",
                &request,
                version,
            )
            .await;
        let mut request = fine.clone();
        request.protocol_type = String::new();
        group
            .join(&format!("no type in {version}"), "a", &request, version)
            .await;
    }
}

async fn nobody(side: &mut Side) {
    let mut group = Group::new(side, "nobody").await;
    group.heartbeat("of no group", "nobody", None, 0).await;
    group.leave("no group", &[("nobody", None)]).await;
    let request = group.sync_request("nobody", 1, &[]);
    group
        .sync("sync with no group", "nobody", &request, 5)
        .await;
    let mut request = group.sync_request("nobody", 1, &[]);
    request.protocol_name = None;
    group
        .sync("sync without protocol", "nobody", &request, 5)
        .await;
    request.group_id = String::new();
    group
        .sync("sync with empty group id", "nobody", &request, 4)
        .await;
    let request = HeartbeatRequest::default();
    let answer = group.ask("a", &request, 4).await;
    group.note("heartbeat of empty group id", code(answer.error_code));
    for version in [0, 2] {
        let request = LeaveGroupRequest {
            group_id: group.id.clone(),
            member_id: "nobody".to_owned(),
            ..LeaveGroupRequest::default()
        };
        let answer = group.ask("a", &request, version).await;
        group.note(
            &format!("leave by nobody in {version}"),
            code(answer.error_code),
        );
    }
}

/// Before KIP-394 and KIP-559.
async fn old_versions(side: &mut Side) {
    for version in [1, 2, 3] {
        let mut group = Group::new(side, &format!("old-{version}")).await;
        let request = group.join_request("a");
        group
            .join(&format!("join in {version}"), "a", &request, version)
            .await;
        let mut request = group.sync_request("a", 1, &[("a", "all")]);
        (request.protocol_type, request.protocol_name) = (None, None);
        group
            .sync(&format!("sync in {version}"), "a", &request, version - 1)
            .await;
        let request = LeaveGroupRequest {
            group_id: group.id.clone(),
            member_id: group.id_of("a"),
            ..LeaveGroupRequest::default()
        };
        let answer = group.ask("a", &request, version - 1).await;
        group.note(&format!("leave in {version}"), code(answer.error_code));
        group.heartbeat("after leaving", "a", None, 1).await;
    }
}

async fn alone(side: &mut Side) {
    let mut group = Group::new(side, "alone").await;
    group.join_with_id("alone", "a").await;
    group.heartbeat("before sync", "a", None, 1).await;
    group.heartbeat("of an old generation", "a", None, 0).await;
    group.heartbeat("of a later generation", "a", None, 2).await;
    group.heartbeat("by nobody", "nobody", None, 1).await;
    group.heartbeat("with an instance", "a", Some("i"), 1).await;
    let request = group.join_request("a");
    group.join("join again before sync", "a", &request, 9).await;
    for (what, generation) in [("an old", 0), ("a later", 2)] {
        let request = group.sync_request("a", generation, &[]);
        group
            .sync(&format!("sync of {what} generation"), "a", &request, 5)
            .await;
    }
    let request = group.sync_request("nobody", 1, &[]);
    group.sync("sync by nobody", "a", &request, 5).await;
    let mut request = group.sync_request("a", 1, &[]);
    request.protocol_name = Some("sticky".to_owned());
    group
        .sync("sync with another protocol", "a", &request, 5)
        .await;
    request.protocol_name = Some("range".to_owned());
    request.protocol_type = Some("connect".to_owned());
    group.sync("sync with another type", "a", &request, 5).await;
    let request = group.sync_request("a", 1, &[("a", "all"), ("nobody", "x")]);
    group.sync("sync", "a", &request, 5).await;
    let request = group.sync_request("a", 1, &[("a", "other")]);
    group.sync("sync again", "a", &request, 5).await;
    group.heartbeat("when stable", "a", None, 1).await;
    let mut request = group.join_request("a");
    request.protocols = protocols(&[("other", "o")]);
    group
        .join("join alone with other protocols", "a", &request, 9)
        .await;
    let mut request = group.join_request("a");
    request.protocol_type = "connect".to_owned();
    group.join("join with another type", "a", &request, 9).await;
    let request = group.join_request("a");
    group.join("the leader joins again", "a", &request, 9).await;
    let request = group.sync_request("a", 2, &[]);
    group
        .sync("sync without assignment", "a", &request, 5)
        .await;
    let leaving = [("nobody", None), ("a", Some("i")), ("", Some("i"))];
    group.leave("in vain", &leaving).await;
    group.leave("", &[("a", None)]).await;
    group.leave("again", &[("a", None)]).await;
    group.heartbeat("of an empty group", "a", None, 3).await;
    let request = group.sync_request("a", 3, &[]);
    group
        .sync("sync with an empty group", "a", &request, 5)
        .await;
    let request = group.join_request("a");
    group
        .join("join an empty group with an old id", "a", &request, 9)
        .await;
    group.join_with_id("an empty group", "b").await;
}

async fn choosing(side: &mut Side) {
    let mut group = Group::new(side, "choosing").await;
    group.join_with_id("choosing", "a").await;
    let request = group.sync_request("a", 1, &[("a", "all")]);
    group.sync("choosing: sync", "a", &request, 5).await;
    let mut request = group.join_request("b");
    request.protocols = protocols(&[("other", "o")]);
    group.join("nothing in common", "b", &request, 9).await;
    let mut request = group.join_request("b");
    request.protocol_type = "connect".to_owned();
    group.join("another type", "b", &request, 9).await;
    let mut request = group.join_request("b");
    request.protocols = protocols(&[("other", "o"), ("sticky", "t")]);
    group.join("asks for an id", "b", &request, 9).await;
    group
        .heartbeat("while b has only an id", "a", None, 1)
        .await;
    request.member_id = group.id_of("b");
    group.send("b", &request, 9).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    group.heartbeat("while b joins", "a", None, 1).await;
    let again = group.join_request("a");
    group.join("a joins again", "a", &again, 9).await;
    let answer = group.receive("b", &request, 9).await;
    group.joined("b is in", "b", &answer);
}
