//! The protocol of KIP-848 in its own time: timeouts, moves, shares.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A group, the topics, and the time in it.
struct Rig {
    group: Modern,
    settings: ModernSettings,
    topics: Topics,
    now: Instant,
}

fn topic(index: u8) -> Uuid {
    Uuid([index; 16])
}

impl Rig {
    fn new(partitions: i32) -> Self {
        Self {
            group: Modern::new(),
            settings: ModernSettings::default(),
            topics: Topics::from([("t".to_owned(), (topic(1), partitions))]),
            now: Instant::now(),
        }
    }

    fn beat(&mut self, beat: &Beat) -> Result<BeatAnswer, ErrorCode> {
        let beaten = self
            .group
            .beat(self.now, &self.settings, &self.topics, beat);
        self.no_partition_has_two_owners();
        beaten
    }

    fn join(&mut self, id: &str) -> i32 {
        self.beat(&joining(id, &["t"])).unwrap().epoch
    }

    /// A heartbeat of a member that has what it was told to have.
    fn follow(&mut self, id: &str) -> BeatAnswer {
        let member = &self.group.members[id];
        let owned = member.assigned.keys().copied().collect();
        let beat = Beat {
            member_id: id.to_owned(),
            epoch: member.epoch,
            owned: Some(owned),
            ..Beat::default()
        };
        self.beat(&beat).unwrap()
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        while let Some(at) = self.group.next_deadline().filter(|at| *at <= self.now) {
            self.group.tick(at);
        }
    }

    fn count(&self, id: &str) -> usize {
        self.group.members[id].assigned.len()
    }

    fn no_partition_has_two_owners(&self) {
        let members = self.group.members.values();
        let mut all: Vec<&Place> = members.flat_map(Member::holds).collect();
        let held = all.len();
        all.sort();
        all.dedup();
        assert_eq!(held, all.len());
    }

    /// Lets all follow until nothing moves any more.
    fn settle(&mut self) {
        for _ in 0..100 {
            let ids: Vec<String> = self.group.members.keys().cloned().collect();
            for id in ids {
                self.follow(&id);
            }
            if self.group.state() == "Stable" {
                return;
            }
        }
        panic!("it does not settle: {:?}", self.group);
    }
}

fn joining(id: &str, names: &[&str]) -> Beat {
    let names = names.iter();
    Beat {
        member_id: id.to_owned(),
        rebalance: Some(60 * SECOND),
        names: Some(names.map(|name| (*name).to_owned()).collect()),
        owned: Some(BTreeSet::new()),
        ..Beat::default()
    }
}

fn beating(id: &str, epoch: i32) -> Beat {
    Beat {
        member_id: id.to_owned(),
        epoch,
        ..Beat::default()
    }
}

#[test]
fn a_partition_waits_until_its_old_owner_gave_it_up() {
    let mut rig = Rig::new(4);
    let a = rig.join("a");
    rig.join("b");
    assert_eq!((rig.count("a"), rig.count("b")), (4, 0));
    let told = rig.beat(&beating("a", a)).unwrap();
    assert_eq!(told.assignment.map(|all| all.len()), Some(2));
    rig.follow("b");
    assert_eq!(rig.count("b"), 0, "a has not said that it gave up");
    rig.follow("a");
    rig.follow("b");
    assert_eq!((rig.count("a"), rig.count("b")), (2, 2));
    assert_eq!(rig.group.state(), "Stable");
}

#[test]
fn who_does_not_give_up_in_time_is_fenced() {
    let mut rig = Rig::new(4);
    let a = rig.join("a");
    let b = rig.join("b");
    for _ in 0..3 {
        rig.beat(&beating("a", a)).unwrap();
        rig.wait(25 * SECOND);
        if rig.group.members.contains_key("a") {
            rig.beat(&beating("b", b)).unwrap();
        }
    }
    assert_eq!(
        rig.beat(&beating("a", a)),
        Err(ErrorCode::UNKNOWN_MEMBER_ID)
    );
    rig.settle();
    assert_eq!(rig.count("b"), 4);
}

#[test]
fn a_silent_member_loses_all_to_the_others() {
    let mut rig = Rig::new(3);
    rig.join("a");
    rig.join("b");
    rig.settle();
    rig.wait(30 * SECOND);
    rig.follow("b");
    rig.wait(15 * SECOND);
    assert_eq!(rig.group.state(), "Assigning");
    rig.follow("b");
    assert_eq!(rig.count("b"), 3);
    rig.wait(45 * SECOND);
    assert_eq!(rig.group.state(), "Empty");
}

#[test]
fn a_static_member_keeps_its_own_while_it_is_away() {
    let mut rig = Rig::new(4);
    let with = |mut beat: Beat| {
        beat.instance = Some("i".to_owned());
        beat
    };
    rig.beat(&with(joining("a", &["t"]))).unwrap();
    rig.join("b");
    rig.settle();
    let had: Vec<Place> = rig.group.members["a"].assigned.keys().copied().collect();
    rig.beat(&with(beating("a", -2))).unwrap();
    rig.follow("b");
    assert_eq!(rig.count("b"), 2);
    let back = rig.beat(&with(joining("c", &["t"]))).unwrap();
    assert_eq!(back.assignment, Some(had.into_iter().collect()));
    // Away for longer than a session, and it is gone.
    rig.beat(&with(beating("c", -2))).unwrap();
    rig.wait(40 * SECOND);
    rig.follow("b");
    rig.wait(5 * SECOND);
    rig.settle();
    assert_eq!(rig.count("b"), 4);
}

#[test]
fn topics_that_come_grow_and_go_raise_the_epoch() {
    let mut rig = Rig::new(1);
    rig.beat(&joining("a", &["t", "u"])).unwrap();
    assert_eq!(rig.count("a"), 1);
    rig.topics.insert("u".to_owned(), (topic(2), 2));
    rig.follow("a");
    assert_eq!(rig.count("a"), 3);
    rig.topics.insert("t".to_owned(), (topic(1), 3));
    rig.follow("a");
    assert_eq!(rig.count("a"), 5);
    // Made anew it is another topic.
    rig.topics.insert("u".to_owned(), (topic(3), 2));
    rig.settle();
    let places: Vec<Place> = rig.group.members["a"].assigned.keys().copied().collect();
    assert!(places.contains(&(topic(3), 1)) && !places.contains(&(topic(2), 1)));
    let epoch = rig.group.epoch;
    rig.follow("a");
    assert_eq!(rig.group.epoch, epoch, "nothing changed");
}

#[test]
fn targets_are_not_computed_more_often_than_allowed() {
    let mut rig = Rig::new(4);
    rig.settings.assignment_interval = SECOND;
    let first = rig.join("a");
    let second = rig.join("b");
    assert_eq!(
        (rig.group.epoch, second),
        (3, first),
        "in the old target's epoch"
    );
    assert_eq!(rig.group.state(), "Assigning");
    rig.wait(SECOND);
    rig.settle();
    assert_eq!((rig.count("a"), rig.count("b")), (2, 2));
}

#[test]
fn a_lost_answer_is_given_again_to_who_has_no_more_than_before() {
    let mut rig = Rig::new(4);
    rig.join("a");
    let b = rig.join("b");
    let a = rig.group.members["a"].epoch;
    rig.beat(&beating("a", a)).unwrap();
    rig.follow("a");
    let old = Beat {
        owned: Some(BTreeSet::from([(topic(1), 0)])),
        ..beating("a", a)
    };
    assert_eq!(rig.beat(&old).map(|answer| answer.epoch), Ok(b));
    let more = Beat {
        owned: Some(BTreeSet::from([(topic(1), 3)])),
        ..beating("a", a)
    };
    assert_eq!(rig.beat(&more), Err(ErrorCode::FENCED_MEMBER_EPOCH));
    assert_eq!(
        rig.beat(&beating("a", a)),
        Err(ErrorCode::FENCED_MEMBER_EPOCH)
    );
    assert_eq!(
        rig.beat(&beating("a", b + 1)),
        Err(ErrorCode::FENCED_MEMBER_EPOCH)
    );
}

#[test]
fn commits_of_an_older_epoch_hold_for_what_was_had_then() {
    let mut rig = Rig::new(4);
    let a = rig.join("a");
    let settings = rig.settings.clone();
    let all: BTreeSet<Place> = (0..4).map(|index| (topic(1), index)).collect();
    rig.join("b");
    assert_eq!(rig.group.commit(("a", a), true, &settings), Ok(None));
    rig.beat(&beating("a", a)).unwrap();
    rig.follow("a");
    let allowed = rig
        .group
        .commit(("a", a), true, &settings)
        .unwrap()
        .unwrap();
    assert_eq!((allowed.len(), allowed.is_subset(&all)), (2, true));
    let stale = Err(ErrorCode::STALE_MEMBER_EPOCH);
    assert_eq!(rig.group.commit(("a", a + 9), true, &settings), stale);
    let strict = ModernSettings {
        assignment_epochs: false,
        ..settings
    };
    assert_eq!(rig.group.commit(("a", a), true, &strict), stale);
    let old = rig.group.commit(("a", a), false, &strict);
    assert_eq!(old, Err(ErrorCode::UNSUPPORTED_VERSION));
}

#[test]
fn shares_are_even_whatever_members_subscribe_to() {
    for members in 1..6_usize {
        for assignor in [Assignor::Uniform, Assignor::Range] {
            let mut rig = Rig::new(5);
            rig.topics.insert("u".to_owned(), (topic(2), 7));
            for index in 0..members {
                let names: &[&str] = match (assignor, index) {
                    (Assignor::Uniform, 0) => &["u"],
                    _ => &["t", "u"],
                };
                let mut beat = joining(&format!("m{index}"), names);
                beat.assignor = Some(assignor);
                rig.beat(&beat).unwrap();
                rig.settle();
            }
            let counts: Vec<usize> = rig
                .group
                .members
                .values()
                .map(|m| m.assigned.len())
                .collect();
            let all: usize = counts.iter().sum();
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            let whole = if assignor == Assignor::Uniform && members == 1 {
                7
            } else {
                12
            };
            assert_eq!(all, whole, "{assignor:?} {members}");
            let slack = if assignor == Assignor::Range { 2 } else { 1 };
            assert!(most - least <= slack, "{assignor:?} {members}: {counts:?}");
        }
    }
}

#[test]
fn uniform_lets_members_keep_what_they_have() {
    let mut rig = Rig::new(6);
    rig.join("a");
    rig.join("b");
    rig.settle();
    let had = |rig: &Rig, id: &str| -> BTreeSet<Place> {
        rig.group.members[id].assigned.keys().copied().collect()
    };
    let (a, b) = (had(&rig, "a"), had(&rig, "b"));
    rig.join("c");
    rig.settle();
    assert!(had(&rig, "a").is_subset(&a) && had(&rig, "b").is_subset(&b));
    assert_eq!(rig.count("c"), 2);
}

#[test]
fn a_new_pattern_counts_from_the_next_heartbeat_on() {
    let mut rig = Rig::new(2);
    let mut beat = joining("a", &[]);
    beat.pattern = Some(Pattern::parse("t.*"));
    rig.beat(&beat).unwrap();
    assert_eq!(rig.count("a"), 0);
    rig.follow("a");
    assert_eq!(rig.count("a"), 2);
    rig.topics.insert("t2".to_owned(), (topic(2), 1));
    rig.follow("a");
    assert_eq!(rig.count("a"), 3);
    let mut beat = beating("a", rig.group.members["a"].epoch);
    beat.pattern = Some(None);
    let told = rig.beat(&beat).unwrap();
    assert_eq!(told.assignment, Some(BTreeSet::new()));
}
