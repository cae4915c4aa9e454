//! Groups beside a real broker: the same members do the same, and get the same answers.

mod classic;
mod elsewhere;
mod modern;
mod offsets;
mod phases;
mod statics;
mod told;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use tidewire::ErrorCode;
use tidewire::protocol::find_coordinator::FindCoordinatorRequest;
use tidewire::protocol::frame::decode_response;
use tidewire::protocol::heartbeat::HeartbeatRequest;
use tidewire::protocol::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use tidewire::protocol::leave_group::{LeaveGroupRequest, MemberIdentity};
use tidewire::protocol::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};
use tidewire::protocol::{Decode, Encode, Request};
use tokio::time::timeout;

use super::{Side, metadata_request};
use crate::support::{Wire, code};

/// The classic protocol, and from Kafka 4 on the new one. Of several brokers only what those say
/// that do not coordinate: which groups a broker coordinates is each cluster's own.
pub(super) async fn script(side: &mut Side) {
    let brokers = side.ask(&metadata_request(&[]), 12).await.unwrap().brokers;
    if brokers.len() > 1 {
        let addresses = brokers
            .iter()
            .map(|node| format!("{}:{}", node.host, node.port));
        return elsewhere::script(side, addresses.collect()).await;
    }
    classic::script(side).await;
    phases::script(side).await;
    statics::script(side).await;
    offsets::script(side).await;
    told::script(side).await;
    if side.kafka_4 {
        modern::script(side).await;
    } else {
        modern::off(side).await;
    }
}

/// One group of one cluster; each member has a connection of its own.
struct Group<'a> {
    side: &'a mut Side,
    id: String,
    address: String,
    /// Member ids by the names that the script gives them.
    ids: BTreeMap<String, String>,
    wires: BTreeMap<String, Wire>,
}

impl<'a> Group<'a> {
    /// Finds the coordinator, which may take a moment.
    async fn new(mut side: &'a mut Side, name: &str) -> Self {
        let id = side.topic(name);
        let request = FindCoordinatorRequest {
            coordinator_keys: vec![id.clone()],
            ..FindCoordinatorRequest::default()
        };
        for _ in 0..200 {
            let found = side.ask(&request, 4).await.unwrap();
            let found = &found.coordinators[0];
            let address = format!("{}:{}", found.host, found.port);
            let mut group = Self {
                side,
                id: id.clone(),
                address,
                ids: BTreeMap::new(),
                wires: BTreeMap::new(),
            };
            if found.error_code == 0 && group.is_loaded().await {
                return group;
            }
            side = group.side;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no coordinator for {id}");
    }

    async fn is_loaded(&mut self) -> bool {
        let answer = self.ask("", &self.leave_request(&[("x", None)]), 5).await;
        let code = code(answer.error_code);
        ![
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
            ErrorCode::NOT_COORDINATOR,
            ErrorCode::COORDINATOR_NOT_AVAILABLE,
        ]
        .contains(&code)
    }

    /// The member's id; what has no name yet stands for itself.
    fn id_of(&self, name: &str) -> String {
        self.ids
            .get(name)
            .cloned()
            .unwrap_or_else(|| name.to_owned())
    }

    /// The name of an id.
    fn name_of(&self, id: &str) -> String {
        let known = self.ids.iter().find(|(_, known)| *known == id);
        match known {
            Some((name, _)) => name.clone(),
            None if id.is_empty() => String::new(),
            None => "somebody".to_owned(),
        }
    }

    fn note(&mut self, what: &str, answer: impl Debug) {
        let prefix = self.side.prefix.clone();
        let text = format!("{answer:?}").replace(&prefix, "same");
        self.side.said.push((what.to_owned(), text));
    }

    async fn send<R: Request + Encode>(&mut self, who: &str, request: &R, version: i16) -> i32 {
        if !self.wires.contains_key(who) {
            let wire = Wire::dial(&*self.side.connector, &self.address).await;
            self.wires.insert(who.to_owned(), wire.unwrap());
        }
        let wire = self.wires.get_mut(who).unwrap();
        wire.send(request, version).await
    }

    /// The next answer to a member's connection.
    async fn receive<R>(&mut self, who: &str, _: &R, version: i16) -> R::Response
    where
        R: Request,
        R::Response: Decode,
    {
        let wire = self.wires.get_mut(who).unwrap();
        let frame = timeout(Duration::from_secs(10), wire.frame()).await;
        let frame = frame.unwrap_or_else(|_| panic!("{who} got no answer"));
        let frame = frame.expect("the broker closed the connection");
        decode_response(frame, version).unwrap().1
    }

    async fn ask<R>(&mut self, who: &str, request: &R, version: i16) -> R::Response
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        self.send(who, request, version).await;
        self.receive(who, request, version).await
    }

    fn join_request(&self, who: &str) -> JoinGroupRequest {
        JoinGroupRequest {
            group_id: self.id.clone(),
            session_timeout_ms: 30_000,
            rebalance_timeout_ms: 30_000,
            member_id: self.ids.get(who).cloned().unwrap_or_default(),
            protocol_type: "consumer".to_owned(),
            protocols: protocols(&[("range", "r"), ("sticky", "s")]),
            ..JoinGroupRequest::default()
        }
    }

    fn sync_request(
        &self,
        who: &str,
        generation: i32,
        assignments: &[(&str, &str)],
    ) -> SyncGroupRequest {
        let assignments = assignments.iter();
        SyncGroupRequest {
            group_id: self.id.clone(),
            generation_id: generation,
            member_id: self.id_of(who),
            protocol_type: Some("consumer".to_owned()),
            protocol_name: Some("range".to_owned()),
            assignments: assignments
                .map(|(member, assignment)| SyncGroupRequestAssignment {
                    member_id: self.id_of(member),
                    assignment: Bytes::from((*assignment).to_owned()),
                })
                .collect(),
            ..SyncGroupRequest::default()
        }
    }

    fn leave_request(&self, members: &[(&str, Option<&str>)]) -> LeaveGroupRequest {
        let members = members.iter();
        LeaveGroupRequest {
            group_id: self.id.clone(),
            members: members
                .map(|(member, instance)| MemberIdentity {
                    member_id: self.id_of(member),
                    group_instance_id: instance.map(str::to_owned),
                    reason: None,
                })
                .collect(),
            ..LeaveGroupRequest::default()
        }
    }

    /// Notes an answer to JoinGroup; an id it gives belongs to this member from now on.
    fn joined(&mut self, what: &str, who: &str, answer: &JoinGroupResponse) {
        if !answer.member_id.is_empty() && !self.ids.values().any(|id| *id == answer.member_id) {
            self.ids.insert(who.to_owned(), answer.member_id.clone());
        }
        let members = answer.members.iter();
        let mut members: Vec<_> = members
            .map(|m| {
                let instance = m.group_instance_id.clone();
                (self.name_of(&m.member_id), instance, m.metadata.clone())
            })
            .collect();
        members.sort();
        let told = (
            code(answer.error_code),
            answer.generation_id,
            &answer.protocol_type,
            &answer.protocol_name,
            self.name_of(&answer.leader),
            answer.skip_assignment,
            self.name_of(&answer.member_id),
            members,
        );
        let told = format!("{told:?}");
        self.note(what, told);
    }

    async fn join(&mut self, what: &str, who: &str, request: &JoinGroupRequest, version: i16) {
        let answer = self.ask(who, request, version).await;
        self.joined(what, who, &answer);
    }

    /// Sends JoinGroup, which is to be parked.
    async fn join_later(&mut self, who: &str, version: i16) {
        let request = self.join_request(who);
        self.send(who, &request, version).await;
        // Until the broker has it: requests of others come on other connections.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    async fn join_answer(&mut self, what: &str, who: &str, version: i16) {
        let request = self.join_request(who);
        let answer = self.receive(who, &request, version).await;
        self.joined(what, who, &answer);
    }

    /// Joins as a dynamic member does: first for an id, then with it.
    async fn join_with_id(&mut self, what: &str, who: &str) {
        let request = self.join_request(who);
        self.join(&format!("{what}: {who} asks for an id"), who, &request, 9)
            .await;
        let request = self.join_request(who);
        self.join(&format!("{what}: {who} joins"), who, &request, 9)
            .await;
    }

    fn synced(&mut self, what: &str, answer: &SyncGroupResponse) {
        let told = (
            code(answer.error_code),
            &answer.protocol_type,
            &answer.protocol_name,
            &answer.assignment,
        );
        let told = format!("{told:?}");
        self.note(what, told);
    }

    async fn sync(&mut self, what: &str, who: &str, request: &SyncGroupRequest, version: i16) {
        let answer = self.ask(who, request, version).await;
        self.synced(what, &answer);
    }

    async fn heartbeat(&mut self, what: &str, who: &str, instance: Option<&str>, generation: i32) {
        let request = HeartbeatRequest {
            group_id: self.id.clone(),
            generation_id: generation,
            member_id: self.id_of(who),
            group_instance_id: instance.map(str::to_owned),
        };
        let answer = self.ask(who, &request, 4).await;
        self.note(&format!("heartbeat {what}"), code(answer.error_code));
    }

    async fn leave(&mut self, what: &str, members: &[(&str, Option<&str>)]) {
        let request = self.leave_request(members);
        let answer = self.ask("", &request, 5).await;
        let members: Vec<_> = answer
            .members
            .iter()
            .map(|m| {
                let name = self.name_of(&m.member_id);
                (name, m.group_instance_id.clone(), code(m.error_code))
            })
            .collect();
        self.note(&format!("leave {what}"), (code(answer.error_code), members));
    }
}

fn protocols(all: &[(&str, &str)]) -> Vec<JoinGroupRequestProtocol> {
    let each = all.iter();
    each.map(|(name, metadata)| JoinGroupRequestProtocol {
        name: (*name).to_owned(),
        metadata: Bytes::from((*metadata).to_owned()),
    })
    .collect()
}
