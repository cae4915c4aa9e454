//! Assignors as users meet them: their own, and built-in ones to lean on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use tidewire::assignor::{
    Assignment, Assignor, ClusterView, CooperativeStickyAssignor, GroupMember, RebalanceProtocol,
    Subscription, built_in, check, rebalance_protocol,
};
use tidewire::config::AssignorKind;
use tidewire::{Result, TopicPartition};

/// Members say whether they are on standby; those get nothing.
struct Standby {
    standby: bool,
    inner: CooperativeStickyAssignor,
}

impl Assignor for Standby {
    fn name(&self) -> &str {
        "standby"
    }

    fn protocols(&self) -> &[RebalanceProtocol] {
        self.inner.protocols()
    }

    fn user_data(&self, _: &BTreeSet<Arc<str>>) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(&[u8::from(self.standby)]))
    }

    fn assign(
        &self,
        cluster: &ClusterView,
        members: &[GroupMember],
    ) -> Result<BTreeMap<Arc<str>, Assignment>> {
        let mut active = members.to_vec();
        for member in &mut active {
            if member.subscription.user_data.as_deref() == Some(&[1]) {
                member.subscription.topics.clear();
            }
        }
        self.inner.assign(cluster, &active)
    }

    fn on_assignment(&mut self, assignment: &Assignment, generation: i32) {
        self.inner.on_assignment(assignment, generation);
    }
}

fn member(id: &str, standby: bool) -> (GroupMember, Box<dyn Assignor>) {
    let inner = CooperativeStickyAssignor::new();
    let assignor: Box<dyn Assignor> = Box::new(Standby { standby, inner });
    let mut subscription = Subscription::to(["orders"]);
    subscription.user_data = assignor.user_data(&BTreeSet::from(["orders".into()]));
    let bytes = subscription.encode().unwrap();
    let subscription = Subscription::decode(bytes).unwrap();
    (GroupMember::new(id, subscription), assignor)
}

#[test]
fn a_users_assignor_may_lean_on_a_built_in_one() {
    let cluster = ClusterView::new().topic("orders", 4);
    let (mut a, mut assignor) = member("a", false);
    let (b, _) = member("b", true);
    let result = assignor.assign(&cluster, &[a.clone(), b.clone()]).unwrap();
    assert_eq!(result["a"].partitions.len(), 4);
    assert_eq!(result["b"], Assignment::default());

    // A third, active member gets nothing before the first has given it up.
    assignor.on_assignment(&result["a"], 1);
    a.subscription.owned.clone_from(&result["a"].partitions);
    a.subscription.generation = Some(1);
    let members = [a, b, member("c", false).0];
    let result = assignor.assign(&cluster, &members).unwrap();
    check(RebalanceProtocol::Cooperative, &members, &result).unwrap();
    let first_two = [0, 1].map(|partition| TopicPartition::new("orders", partition));
    assert_eq!(result["a"].partitions, first_two);
    assert_eq!(result["c"], Assignment::default());
}

#[test]
fn built_in_assignors_have_javas_names() {
    let kinds = [
        AssignorKind::Range,
        AssignorKind::RoundRobin,
        AssignorKind::Sticky,
        AssignorKind::CooperativeSticky,
    ];
    for kind in kinds {
        assert_eq!(built_in(kind).name(), kind.to_string());
    }
    let (_, own) = member("a", false);
    let list = [own, built_in(AssignorKind::Range)];
    assert_eq!(rebalance_protocol(&list).unwrap(), RebalanceProtocol::Eager);
}
