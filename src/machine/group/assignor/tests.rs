//! What members of other clients and releases say, conflicting claims, and users' own assignors.

use super::*;
use crate::error::ErrorKind;
use crate::ids::TopicPartition;

fn member(id: &str, topics: &[&str]) -> GroupMember {
    GroupMember::new(id, Subscription::to(topics.iter().copied()))
}

fn at(topic: &str, partitions: &[i32]) -> Vec<TopicPartition> {
    let each = partitions.iter();
    each.map(|partition| TopicPartition::new(topic, *partition))
        .collect()
}

/// A member of a cooperative group.
fn owner(id: &str, owned: &[i32], generation: Option<i32>) -> GroupMember {
    let mut member = member(id, &["t"]);
    member.subscription.owned = at("t", owned);
    member.subscription.generation = generation;
    member
}

fn assign(kind: AssignorKind, partitions: i32, members: &[GroupMember]) -> Vec<Vec<i32>> {
    let cluster = ClusterView::new().topic("t", partitions);
    let result = built_in(kind).assign(&cluster, members).unwrap();
    let numbers = |member: &GroupMember| {
        let partitions = result[&member.id].partitions.iter();
        partitions.map(|each| each.partition).collect()
    };
    members.iter().map(numbers).collect()
}

#[test]
fn case_67_sticky_reads_what_every_release_writes_and_takes_the_rest_for_nothing() {
    let v0 = [
        &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 2][..],
        &[0, 0, 0, 2, 0, 0, 0, 3],
    ]
    .concat();
    let v1 = [&v0[..], &[0, 0, 0, 9]].concat();
    let with = |user_data: Option<Vec<u8>>| {
        let mut old = member("old", &["t"]);
        old.subscription.user_data = user_data.map(Bytes::from);
        assign(AssignorKind::Sticky, 4, &[member("new", &["t"]), old])
    };
    assert_eq!(with(Some(v0.clone())), [[0, 1], [2, 3]]);
    assert_eq!(with(Some(v1.clone())), [[0, 1], [2, 3]]);
    let fresh = [[0, 2], [1, 3]];
    assert_eq!(with(None), fresh);
    assert_eq!(with(Some(Vec::new())), fresh);
    for end in 0..v0.len() {
        assert_eq!(with(Some(v0[..end].to_vec())), fresh, "cut at {end}");
    }
    assert_eq!(with(Some(vec![0xff; 40])), fresh);
    // A count that the bytes do not bear out must not be believed.
    assert_eq!(with(Some(vec![0x7f, 0xff, 0xff, 0xff])), fresh);
}

#[test]
fn case_67_the_newest_of_conflicting_claims_is_believed_and_a_tie_is_not() {
    let claim = |id: &str, generation: i32| {
        let mut assignor = StickyAssignor::new();
        assignor.on_assignment(&Assignment::of(at("t", &[0, 1])), generation);
        let mut member = member(id, &["t"]);
        member.subscription.user_data = assignor.user_data(&BTreeSet::new());
        member
    };
    let result = assign(AssignorKind::Sticky, 4, &[claim("a", 3), claim("b", 5)]);
    assert_eq!(result, [[2, 3], [0, 1]]);
    let result = assign(AssignorKind::Sticky, 4, &[claim("a", 5), claim("b", 5)]);
    assert_eq!(result, [[0, 2], [1, 3]]);
}

#[test]
fn cooperative_sticky_gives_nobody_what_another_may_be_reading() {
    let kind = AssignorKind::CooperativeSticky;
    // The newer owner keeps it; the older one learns that it lost it.
    let members = [owner("a", &[0, 1], Some(3)), owner("b", &[0, 1], Some(5))];
    assert_eq!(assign(kind, 4, &members), [[2, 3], [0, 1]]);
    // Of the same generation: both give it up, and the next rebalance hands it out.
    let members = [owner("a", &[0, 1], Some(5)), owner("b", &[0, 2], Some(5))];
    assert_eq!(assign(kind, 4, &members), [vec![1], vec![2, 3]]);
    let members = [owner("a", &[1], Some(6)), owner("b", &[2, 3], Some(6))];
    assert_eq!(assign(kind, 4, &members), [vec![0, 1], vec![2, 3]]);
    // One that is no longer subscribed still reads until it knows.
    let mut gone = owner("a", &[0], Some(5));
    gone.subscription.topics = vec!["other".into()];
    let members = [gone, owner("b", &[1], Some(5))];
    assert_eq!(assign(kind, 2, &members), [vec![], vec![1]]);
}

#[test]
fn cooperative_sticky_knows_the_generation_in_every_clients_form() {
    let claim = |user_data: Option<&[u8]>| {
        let mut newer = owner("a", &[0, 1], None);
        newer.subscription.user_data = user_data.map(Bytes::copy_from_slice);
        let members = [newer, owner("b", &[0, 1], Some(5))];
        assign(AssignorKind::CooperativeSticky, 4, &members)
    };
    let believed = [[0, 1], [2, 3]];
    assert_eq!(claim(Some(&[0, 0, 0, 9])), believed, "Java's");
    assert_eq!(
        claim(Some(&[0, 0, 0, 0, 0, 0, 0, 9])),
        believed,
        "librdkafka's"
    );
    let not = [[2, 3], [0, 1]];
    for garbage in [
        None,
        Some(&[][..]),
        Some(&[0]),
        Some(&[0xff; 4]),
        Some(&[0xff; 9]),
    ] {
        assert_eq!(claim(garbage), not, "{garbage:?}");
    }
}

#[test]
fn lies_about_topics_and_partitions_change_nothing() {
    let mut liar = owner("a", &[-1, 7, i32::MAX, 1, 1], Some(1));
    liar.subscription.topics = ["t", "t", "missing"].map(Arc::from).to_vec();
    let members = [liar, owner("b", &[], None)];
    for kind in [
        AssignorKind::Range,
        AssignorKind::RoundRobin,
        AssignorKind::CooperativeSticky,
    ] {
        let mut result = assign(kind, 2, &members);
        result.sort();
        assert_eq!(result, [[0], [1]], "{kind}");
    }
    let nobody = built_in(AssignorKind::Sticky).assign(&ClusterView::new(), &[]);
    assert_eq!(nobody.unwrap(), BTreeMap::new());
}

#[test]
fn a_chain_evens_loads_that_no_single_move_can() {
    // `a` may give to `b` alone, and `b` to `c`.
    let cluster = ClusterView::new().topic("ab", 2).topic("bc", 1);
    let had = |id: &str, topics: &[&str], owned: Vec<TopicPartition>| {
        let mut member = member(id, topics);
        member.subscription.owned = owned;
        member.subscription.generation = Some(1);
        member
    };
    let members = [
        had("a", &["ab"], at("ab", &[0, 1])),
        had("b", &["ab", "bc"], at("bc", &[0])),
        had("c", &["bc"], Vec::new()),
    ];
    let assignor = CooperativeStickyAssignor::new();
    let result = assignor.assign(&cluster, &members).unwrap();
    assert_eq!(result["a"].partitions, at("ab", &[0]));
    assert_eq!(
        (result["b"].partitions.len(), result["c"].partitions.len()),
        (0, 0)
    );
    check(RebalanceProtocol::Cooperative, &members, &result).unwrap();
}

#[test]
fn an_assignor_is_held_to_its_protocol() {
    let members = [owner("a", &[0], Some(1)), owner("b", &[1], Some(1))];
    let give = |a: &[i32], b: &[i32]| -> BTreeMap<Arc<str>, Assignment> {
        [
            ("a".into(), Assignment::of(at("t", a))),
            ("b".into(), Assignment::of(at("t", b))),
        ]
        .into()
    };
    let cooperative = RebalanceProtocol::Cooperative;
    check(cooperative, &members, &give(&[0, 2], &[])).unwrap();
    let error = check(cooperative, &members, &give(&[0, 1], &[])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        error.to_string().contains("gives t-1 to a while b"),
        "{error}"
    );
    check(RebalanceProtocol::Eager, &members, &give(&[0, 1], &[])).unwrap();
    let error = check(RebalanceProtocol::Eager, &members[..1], &give(&[], &[])).unwrap_err();
    assert!(
        error.to_string().contains("no member of the group"),
        "{error}"
    );
}

#[test]
fn the_rebalance_protocol_is_one_that_all_assignors_support() {
    let of = |kinds: &[AssignorKind]| {
        let list: Vec<_> = kinds.iter().map(|kind| built_in(*kind)).collect();
        rebalance_protocol(&list).map_err(|error| error.to_string())
    };
    let (range, sticky) = (AssignorKind::Range, AssignorKind::CooperativeSticky);
    assert_eq!(of(&[sticky]), Ok(RebalanceProtocol::Cooperative));
    assert_eq!(of(&[range, sticky]), Ok(RebalanceProtocol::Eager));
    assert!(of(&[]).is_err());
    assert!(
        of(&[range, range])
            .unwrap_err()
            .contains("two assignors of the name range")
    );
}

#[test]
fn a_view_shows_the_racks_of_the_replicas() {
    let view = ClusterView::new()
        .topic("t", 2)
        .partition("t", 1, ["b", "a", "b"]);
    let [zero, one] = view.partitions("t") else {
        panic!("{view:?}");
    };
    assert_eq!((zero.partition, zero.racks.len()), (0, 0));
    assert_eq!((one.partition, one.racks.len()), (1, 2));
    assert!(view.partitions("missing").is_empty());
}

/// A large group, from one member to all of them and back; it ends within the limit on work, or the
/// result would not be the best.
#[test]
fn a_large_group_is_balanced_in_bounded_work() {
    let cluster = (0..25).fold(ClusterView::new(), |view, topic| {
        (0..40).fold(view, |view, partition| {
            let racks = ["r1", "r2", "r3", "r4"];
            let at = usize::try_from((topic + partition) % 4).unwrap();
            view.partition(
                format!("t{topic}"),
                partition,
                [racks[at], racks[(at + 1) % 4]],
            )
        })
    });
    let topics: Vec<String> = (0..25).map(|topic| format!("t{topic}")).collect();
    let mut owned: BTreeMap<Arc<str>, Assignment> = BTreeMap::new();
    for (generation, size) in (1..).zip([1, 100, 80]) {
        let member = |at: usize| {
            let mut member = GroupMember::new(format!("m{at}"), Subscription::to(topics.clone()));
            member.subscription.rack = Some(format!("r{}", at % 4 + 1).into());
            member.subscription.generation = Some(generation);
            if let Some(had) = owned.remove(&member.id) {
                member.subscription.owned = had.partitions;
            }
            member
        };
        let members: Vec<GroupMember> = (0..size).map(member).collect();
        let had = |member: &GroupMember| (member.subscription.owned.clone(), generation);
        let result = sticky::stick(&cluster, &members, had).finish();
        let loads = || result.values().map(|each| each.partitions.len());
        assert_eq!(loads().sum::<usize>(), 1000);
        assert!(loads().max() <= loads().min().map(|least| least + 1));
        let strays = members.iter().flat_map(|member| {
            let partitions = result[&member.id].partitions.iter();
            partitions.filter(|at| {
                let place = usize::try_from(at.partition).unwrap();
                let racks = &cluster.partitions(&at.topic)[place].racks;
                !racks.contains(member.subscription.rack.as_ref().unwrap())
            })
        });
        assert_eq!(
            strays.count(),
            if size == 1 { 500 } else { 0 },
            "{size} members"
        );
        owned = result;
    }
}
