//! A classic group in its own time: sessions, timeouts, elections, moves.

use super::super::GroupSettings;
use super::*;

/// A group and the time in it.
struct Rig {
    group: Classic,
    settings: GroupSettings,
    now: Instant,
    ids: u32,
}

const SECOND: Duration = Duration::from_secs(1);

impl Rig {
    fn new() -> Self {
        Self {
            group: Classic::new(),
            settings: GroupSettings::default(),
            now: Instant::now(),
            ids: 0,
        }
    }

    /// A session of 10 s, a rebalance timeout of 60 s.
    fn ask(&mut self, id: &str, instance: Option<&str>) -> Join {
        self.ids += 1;
        Join {
            member_id: id.to_owned(),
            new_id: format!("m{}", self.ids),
            instance: instance.map(str::to_owned),
            client_id: "c".to_owned(),
            session: 10 * SECOND,
            rebalance: 60 * SECOND,
            protocol_type: "consumer".to_owned(),
            protocols: vec![("range".to_owned(), Bytes::from_static(b"r"))],
            id_required: false,
            can_skip: true,
        }
    }

    fn join(&mut self, id: &str) -> Ticket {
        let ask = self.ask(id, None);
        self.join_as(ask)
    }

    fn join_as(&mut self, ask: Join) -> Ticket {
        let ticket = self.group.join(self.now, &self.settings, ask);
        self.wait(Duration::ZERO);
        ticket
    }

    fn joined(&mut self, ticket: Ticket) -> JoinAnswer {
        self.group.take_join(ticket).unwrap()
    }

    fn sync(&mut self, id: &str, generation: i32) -> Ticket {
        let members = self.group.members.iter();
        let ask = Sync {
            member_id: id.to_owned(),
            instance: None,
            generation,
            protocol_type: None,
            protocol: None,
            assignments: members
                .map(|member| (member.id.clone(), Bytes::from(member.id.clone())))
                .collect(),
        };
        self.group.sync(self.now, ask)
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.group.tick(self.now, &self.settings);
    }

    fn beat(&mut self, id: &str) -> Result<(), ErrorCode> {
        let generation = self.group.generation;
        self.group.heartbeat(self.now, (id, None), generation)
    }

    fn ids(&self) -> Vec<&str> {
        let members = self.group.members.iter();
        members.map(|member| member.id.as_str()).collect()
    }

    /// A stable group of two; the first leads.
    fn stable() -> Self {
        let mut rig = Self::new();
        rig.join("");
        let second = rig.join("");
        rig.join("m1");
        assert_eq!(rig.joined(second).generation, 2);
        let synced = rig.sync("m2", 2);
        assert_eq!(rig.group.take_sync(synced), None, "the leader is to come");
        rig.sync("m1", 2);
        let answer = rig.group.take_sync(synced).unwrap();
        assert_eq!(answer.assignment, "m2");
        rig
    }
}

#[test]
fn a_silent_member_is_removed_and_the_others_share_anew() {
    let mut rig = Rig::stable();
    for _ in 0..2 {
        rig.wait(6 * SECOND);
        let told = rig.beat("m1");
        assert!(told.is_ok() || rig.ids() == ["m1"], "{told:?}");
    }
    assert_eq!(rig.ids(), ["m1"]);
    assert_eq!(rig.group.leader.as_deref(), Some("m1"));
    let ticket = rig.join("m1");
    assert_eq!(rig.joined(ticket).generation, 3);
}

#[test]
fn the_leader_that_falls_silent_is_succeeded() {
    let mut rig = Rig::stable();
    rig.wait(6 * SECOND);
    assert_eq!(rig.beat("m2"), Ok(()));
    rig.wait(6 * SECOND);
    assert_eq!(rig.beat("m2"), Err(ErrorCode::REBALANCE_IN_PROGRESS));
    let ticket = rig.join("m2");
    let answer = rig.joined(ticket);
    assert_eq!((answer.leader.as_str(), answer.members.len()), ("m2", 1));
}

#[test]
fn who_waits_for_an_answer_is_not_expired() {
    let mut rig = Rig::stable();
    let leader = rig.join("m1");
    for _ in 0..5 {
        rig.wait(9 * SECOND);
        assert_eq!(rig.beat("m2"), Err(ErrorCode::REBALANCE_IN_PROGRESS));
    }
    assert_eq!(rig.ids(), ["m1", "m2"]);
    rig.join("m2");
    assert_eq!(rig.joined(leader).generation, 3);
    // From the answer on the session counts again.
    rig.wait(10 * SECOND);
    assert!(rig.ids().is_empty());
    assert!(rig.group.is_empty());
}

#[test]
fn the_rebalance_timeout_cuts_off_who_does_not_join() {
    let mut rig = Rig::stable();
    let leader = rig.join("m1");
    for _ in 0..10 {
        rig.wait(6 * SECOND);
        let _ = rig.beat("m2");
    }
    let answer = rig.joined(leader);
    assert_eq!((answer.generation, answer.members.len()), (3, 1));
    assert_eq!(rig.beat("m2"), Err(ErrorCode::UNKNOWN_MEMBER_ID));
}

#[test]
fn the_rebalance_timeout_keeps_static_members() {
    let mut rig = Rig::new();
    let ask = rig.ask("", Some("i"));
    rig.join_as(ask);
    let second = rig.join("");
    for _ in 0..7 {
        rig.wait(9 * SECOND);
        let _ = rig.beat("m1");
    }
    // The static one led; now who joined does.
    let answer = rig.joined(second);
    assert_eq!((answer.leader.as_str(), answer.members.len()), ("m2", 2));
}

#[test]
fn who_does_not_sync_in_time_is_removed() {
    let mut rig = Rig::stable();
    rig.join("m1");
    rig.join("m2");
    rig.sync("m1", 3);
    for _ in 0..10 {
        rig.wait(6 * SECOND);
        let _ = (rig.beat("m1"), rig.beat("m2"));
    }
    assert_eq!(rig.ids(), ["m1"]);
    assert_eq!(rig.beat("m1"), Err(ErrorCode::REBALANCE_IN_PROGRESS));
}

#[test]
fn an_id_that_is_not_used_delays_a_rebalance_for_a_session() {
    let mut rig = Rig::stable();
    let mut ask = rig.ask("", None);
    ask.id_required = true;
    let ticket = rig.join_as(ask);
    let given = rig.joined(ticket);
    assert_eq!(given.code, ErrorCode::MEMBER_ID_REQUIRED);
    let (first, _) = (rig.join("m1"), rig.join("m2"));
    rig.wait(9 * SECOND);
    assert_eq!(rig.group.take_join(first), None);
    rig.wait(SECOND);
    assert_eq!(rig.joined(first).generation, 3);
    let ticket = rig.join(&given.member_id);
    assert_eq!(rig.joined(ticket).code, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn newcomers_put_off_the_first_generation() {
    let mut rig = Rig::new();
    rig.settings.initial_rebalance_delay = 3 * SECOND;
    let first = rig.join("");
    rig.wait(2 * SECOND);
    let second = rig.join("");
    rig.wait(2 * SECOND);
    assert_eq!(rig.group.take_join(first), None);
    rig.wait(2 * SECOND);
    assert_eq!(rig.joined(first).members.len(), 2);
    assert_eq!(rig.joined(second).generation, 1);
}

#[test]
fn a_new_coordinator_knows_what_was_written_and_nothing_else() {
    let mut rig = Rig::stable();
    let (first, third) = (rig.join("m1"), rig.join(""));
    let moved = rig.now;
    rig.group.reload(moved);
    for ticket in [first, third] {
        assert_eq!(rig.joined(ticket).code, ErrorCode::NOT_COORDINATOR);
    }
    assert_eq!((rig.ids(), rig.group.generation), (vec!["m1", "m2"], 2));
    assert_eq!((rig.beat("m1"), rig.beat("m2")), (Ok(()), Ok(())));
    let synced = rig.sync("m2", 2);
    assert_eq!(rig.group.take_sync(synced).unwrap().assignment, "m2");
    // A generation that was never synced is lost.
    rig.join("m1");
    rig.join("m2");
    assert_eq!(rig.group.generation, 3);
    let now = rig.now;
    rig.group.reload(now);
    let told = rig.group.heartbeat(now, ("m1", None), 3);
    assert_eq!(told, Err(ErrorCode::ILLEGAL_GENERATION));
}

#[test]
fn a_full_group_refuses_more() {
    let mut rig = Rig::stable();
    rig.settings.max_size = 2;
    let third = rig.join("");
    assert_eq!(rig.joined(third).code, ErrorCode::GROUP_MAX_SIZE_REACHED);
    let (first, second) = (rig.join("m1"), rig.join("m2"));
    assert_eq!(rig.joined(first).generation, 3);
    assert_eq!(rig.joined(second).code, ErrorCode::NONE);
}

#[test]
fn each_member_votes_and_the_protocol_all_know_wins() {
    let mut rig = Rig::new();
    let protocols = |names: &[&str]| -> Vec<(String, Bytes)> {
        let each = names.iter();
        each.map(|name| ((*name).to_owned(), Bytes::new()))
            .collect()
    };
    let mut ask = rig.ask("", None);
    ask.protocols = protocols(&["own", "range", "sticky"]);
    rig.join_as(ask);
    assert_eq!(rig.group.protocol.as_deref(), Some("own"));
    for _ in 0..2 {
        let mut ask = rig.ask("", None);
        ask.protocols = protocols(&["sticky", "range"]);
        rig.join_as(ask);
    }
    let mut ask = rig.ask("m1", None);
    ask.protocols = protocols(&["own", "range", "sticky"]);
    let ticket = rig.join_as(ask);
    assert_eq!(rig.joined(ticket).protocol.as_deref(), Some("sticky"));
}
