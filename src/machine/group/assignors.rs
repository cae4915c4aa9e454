//! The configured assignors at work for a classic member: subscriptions and assignments as bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::assignor::{
    Assignment, Assignor, ClusterView, GroupMember, RebalanceProtocol, Subscription, check,
    rebalance_protocol,
};
use super::classic::{Joined, Strategies};
use super::{Partitions, Topology};
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::DecodeError;

/// A consumer's assignors, the preferred one first, and the rack it reads from.
pub(crate) struct Assignors {
    list: Vec<Box<dyn Assignor>>,
    protocol: RebalanceProtocol,
    rack: Option<Arc<str>>,
}

impl fmt::Debug for Assignors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.list.iter().map(|assignor| assignor.name());
        f.debug_list().entries(names).finish()
    }
}

impl Assignors {
    /// # Errors
    /// `Config` where they support no rebalance protocol in common.
    pub(crate) fn new(list: Vec<Box<dyn Assignor>>, rack: Option<Arc<str>>) -> Result<Self> {
        Ok(Self {
            protocol: rebalance_protocol(&list)?,
            list,
            rack,
        })
    }

    /// The one that the group agreed on.
    fn find(&mut self, name: &str) -> Result<&mut Box<dyn Assignor>> {
        let found = self.list.iter_mut().find(|each| each.name() == name);
        found.ok_or_else(|| {
            let message = format!("the group agreed on the assignor {name:?}, which is not ours");
            Error::new(ErrorKind::Malformed, message)
        })
    }
}

impl Strategies for Assignors {
    fn is_cooperative(&self) -> bool {
        self.protocol == RebalanceProtocol::Cooperative
    }

    fn looks_at_racks(&self) -> bool {
        self.rack.is_some()
    }

    fn subscriptions(
        &self,
        topics: &BTreeSet<Arc<str>>,
        owned: &Partitions,
        generation: i32,
    ) -> Result<Vec<(String, Bytes)>> {
        let mut subscription = Subscription::to(topics.iter().cloned());
        subscription.owned = owned.iter().cloned().collect();
        subscription.generation = Some(generation).filter(|generation| *generation >= 0);
        subscription.rack.clone_from(&self.rack);
        let mut list = Vec::new();
        for assignor in &self.list {
            subscription.user_data = assignor.user_data(topics);
            let bytes = subscription.encode()?;
            list.push((assignor.name().to_owned(), bytes));
        }
        Ok(list)
    }

    fn topics(&self, members: &[Joined]) -> Result<BTreeSet<Arc<str>>> {
        let members = read_members(members)?.into_iter();
        let topics = members.flat_map(|member| member.subscription.topics);
        Ok(topics.collect())
    }

    fn assign(
        &mut self,
        assignor: &str,
        members: &[Joined],
        topology: &Topology,
    ) -> Result<BTreeMap<String, Bytes>> {
        let members = read_members(members)?;
        let protocol = self.protocol;
        let result = self.find(assignor)?.assign(&view(topology), &members)?;
        check(protocol, &members, &result)?;
        let nothing = Assignment::default();
        let mut bytes = BTreeMap::new();
        for member in members {
            let assignment = result.get(&member.id).unwrap_or(&nothing);
            let assignment = assignment.encode()?;
            bytes.insert(member.id.to_string(), assignment);
        }
        Ok(bytes)
    }

    fn read(&mut self, assignor: &str, assignment: &Bytes, generation: i32) -> Result<Partitions> {
        let read = Assignment::decode(assignment.clone());
        let assignment = read.map_err(|error| unreadable("this member's assignment", &error))?;
        self.find(assignor)?.on_assignment(&assignment, generation);
        Ok(assignment.partitions.into_iter().collect())
    }
}

fn read_members(members: &[Joined]) -> Result<Vec<GroupMember>> {
    let read = |joined: &Joined| {
        let subscription = Subscription::decode(joined.metadata.clone()).map_err(|error| {
            let whose = format!("the subscription of the member {:?}", joined.member_id);
            unreadable(&whose, &error)
        })?;
        let mut member = GroupMember::new(joined.member_id.as_str(), subscription);
        member.instance_id = joined.instance_id.as_deref().map(Arc::from);
        Ok(member)
    };
    members.iter().map(read).collect()
}

fn unreadable(what: &str, error: &DecodeError) -> Error {
    Error::new(
        ErrorKind::Malformed,
        format!("{what} cannot be read: {error}"),
    )
}

fn view(topology: &Topology) -> ClusterView {
    let mut view = ClusterView::new();
    for topic in topology.topics.values().flatten() {
        for each in &topic.partitions {
            let racks = each.replicas.iter().filter_map(|id| topology.racks.get(id));
            view = view.partition(topic.name.clone(), each.partition, racks.cloned());
        }
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AssignorKind;
    use crate::ids::{BrokerId, TopicPartition};
    use crate::machine::group::assignor::built_in;
    use crate::machine::metadata::{ClusterMetadata, TopicMetadata};
    use crate::protocol::metadata::{
        MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
    };

    fn ours(kinds: &[AssignorKind], rack: &str) -> Assignors {
        let list = kinds.iter().map(|kind| built_in(*kind)).collect();
        Assignors::new(list, Some(rack.into())).unwrap()
    }

    /// Partition 0 is in the rack `b`, partition 1 in the rack `a`.
    fn topology(topic: &str) -> Topology {
        let broker = |(node_id, rack): (i32, &str)| MetadataResponseBroker {
            node_id,
            host: "h".to_owned(),
            port: 9092,
            rack: Some(rack.to_owned()),
        };
        let picture = ClusterMetadata::of(&MetadataResponse {
            brokers: [(1, "a"), (2, "b")].map(broker).to_vec(),
            ..Default::default()
        });
        let partition = |(partition_index, replica): (i32, i32)| MetadataResponsePartition {
            partition_index,
            leader_id: replica,
            replica_nodes: vec![replica],
            ..Default::default()
        };
        let described = TopicMetadata::of(MetadataResponseTopic {
            name: Some(topic.to_owned()),
            partitions: [(0, 2), (1, 1)].map(partition).to_vec(),
            ..Default::default()
        });
        let mut topology = Topology::of(&picture, []);
        assert_eq!(topology.racks[&BrokerId(1)].as_ref(), "a");
        topology
            .topics
            .insert(topic.into(), described.map(Arc::new));
        topology.topics.insert("gone".into(), None);
        topology
    }

    fn joined(member_id: &str, metadata: Bytes) -> Joined {
        Joined {
            member_id: member_id.to_owned(),
            instance_id: None,
            metadata,
        }
    }

    #[test]
    fn members_in_different_racks_agree_on_an_assignment_in_bytes() {
        let kinds = [AssignorKind::Range, AssignorKind::CooperativeSticky];
        let (mut a, b) = (ours(&kinds, "a"), ours(&kinds, "b"));
        assert!(!a.is_cooperative() && ours(&kinds[1..], "a").is_cooperative());
        assert_eq!(format!("{a:?}"), r#"["range", "cooperative-sticky"]"#);

        let topics: BTreeSet<Arc<str>> = ["t".into(), "gone".into()].into();
        let join = |of: &Assignors, id: &str| {
            let list = of.subscriptions(&topics, &Partitions::new(), -1).unwrap();
            assert_eq!(list[1].0, "cooperative-sticky");
            joined(id, list[0].1.clone())
        };
        let members = [join(&a, "a"), join(&b, "b")];
        assert_eq!(a.topics(&members).unwrap(), topics);
        for name in ["range", "cooperative-sticky"] {
            let bytes = a.assign(name, &members, &topology("t")).unwrap();
            let got = a.read(name, &bytes["a"], 1).unwrap();
            assert_eq!(got, [TopicPartition::new("t", 1)].into(), "{name}");
        }
        assert_eq!(
            a.read("range", &Bytes::new(), 1).unwrap(),
            Partitions::new()
        );
    }

    #[test]
    fn case_67_what_cannot_be_read_is_named() {
        let mut ours = ours(&[AssignorKind::Range], "a");
        let members = [joined("odd", Bytes::from_static(b"?"))];
        let error = ours.topics(&members).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.to_string().contains("member \"odd\""), "{error}");
        let error = ours
            .read("range", &Bytes::from_static(b"?"), 1)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        let error = ours.assign("sticky", &[], &topology("t")).unwrap_err();
        assert!(
            error.to_string().contains("\"sticky\", which is not ours"),
            "{error}"
        );
    }
}
