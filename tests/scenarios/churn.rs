//! Members that join, leave and are dropped, drawn from a seed, while values are written: nothing
//! is skipped, nothing has two owners, and no committed offset goes back. A member that leaves a
//! group at rest commits all it read; in a rebalance that may come too late, and it says so.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use tidewire::{Consumer, RebalanceListener, TopicPartition};
use tokio::time::sleep;

use crate::place::{Place, Protocol, scenarios};
use crate::scene::{LIMIT, Scene, build, nothing_more, offsets};
use crate::sim::{Read, Rng, ms, poll, secs, within};

const STEPS: usize = 12;
const PARTITIONS: i32 = 4;
const MEMBERS_MAX: usize = 3;

scenarios! {
    case_66_members_come_and_leave_and_each_value_is_read_once:
        range sticky cooperative uniform server_range;
    case_72_members_come_and_are_dropped_and_nothing_is_skipped:
        range sticky cooperative uniform server_range;
}

/// How members leave.
#[derive(Clone, Copy)]
enum Kind {
    /// When the group is at rest, with a farewell.
    Orderly,
    /// At any time, some of them without a word.
    Rough,
}

/// Who has which partition, by what the listeners are told.
#[derive(Default)]
struct Ledger {
    owners: BTreeMap<i32, usize>,
    /// What is wrong with that.
    faults: Vec<String>,
    /// How often something was lost.
    losses: usize,
}

/// One member's hand in the ledger. What it writes after it was dropped does not count.
#[derive(Clone)]
struct Owner {
    member: usize,
    ledger: Arc<Mutex<Ledger>>,
    is_dropped: Arc<Mutex<bool>>,
}

impl Owner {
    fn gives_up(&self, partitions: &[TopicPartition]) {
        let mut ledger = self.ledger.lock().unwrap();
        if *self.is_dropped.lock().unwrap() {
            return;
        }
        for at in partitions {
            let owner = ledger.owners.remove(&at.partition);
            if owner != Some(self.member) {
                let words = format!("{} gives up {at}, owned by {owner:?}", self.member);
                ledger.faults.push(words);
            }
        }
    }

    /// Before the group can hear of it.
    fn is_about_to_be_dropped(&self) {
        let mut ledger = self.ledger.lock().unwrap();
        *self.is_dropped.lock().unwrap() = true;
        ledger.owners.retain(|_, owner| *owner != self.member);
    }
}

impl RebalanceListener for Owner {
    async fn assigned(&self, _: &Consumer, partitions: &[TopicPartition]) {
        let mut ledger = self.ledger.lock().unwrap();
        if *self.is_dropped.lock().unwrap() {
            return;
        }
        for at in partitions {
            let other = ledger.owners.insert(at.partition, self.member);
            if other.is_some() {
                let words = format!("{} gets {at}, owned by {other:?}", self.member);
                ledger.faults.push(words);
            }
        }
    }

    async fn revoked(&self, _: &Consumer, partitions: &[TopicPartition]) {
        self.gives_up(partitions);
    }

    async fn lost(&self, _: &Consumer, partitions: &[TopicPartition]) {
        self.ledger.lock().unwrap().losses += 1;
        self.gives_up(partitions);
    }
}

/// The group of one script.
struct Churn<'a> {
    scene: &'a Scene,
    members: Vec<(Consumer, Owner)>,
    made: usize,
    ledger: Arc<Mutex<Ledger>>,
    read: Vec<Read>,
    committed: BTreeMap<i32, i64>,
}

impl<'a> Churn<'a> {
    fn new(scene: &'a Scene) -> Self {
        Self {
            scene,
            members: Vec::new(),
            made: 0,
            ledger: Arc::default(),
            read: Vec::new(),
            committed: BTreeMap::new(),
        }
    }

    async fn join(&mut self) {
        self.made += 1;
        let owner = Owner {
            member: self.made,
            ledger: Arc::clone(&self.ledger),
            is_dropped: Arc::default(),
        };
        let builder = self
            .scene
            .member()
            .property("auto.commit.interval.ms", "300");
        let consumer = build(builder.rebalance_listener(owner.clone())).await;
        self.members.push((consumer, owner));
    }

    /// One member leaves while the others are polled; whether it committed all it read.
    async fn leave(&mut self, at: usize) -> bool {
        let (consumer, _) = self.members.remove(at);
        let mut closing = pin!(within(LIMIT, consumer.close(secs(60))));
        loop {
            let closed = poll_fn(|cx| Poll::Ready(closing.as_mut().poll(cx))).await;
            if let Poll::Ready(closed) = closed {
                return closed.is_ok();
            }
            self.poll().await;
            sleep(ms(5)).await;
        }
    }

    /// One member leaves a group at rest, and misses nothing.
    async fn leave_at_rest(&mut self, at: usize) {
        within(LIMIT, self.rest()).await;
        assert!(self.leave(at).await, "it commits what it read");
        assert_eq!(self.ledger.lock().unwrap().losses, 0);
    }

    /// Polls until all are members and everything has an owner.
    async fn rest(&mut self) {
        let mut calm = 0;
        while calm < 2 {
            self.poll().await;
            let group = self.scene.describe().await;
            let owned = self
                .members
                .iter()
                .map(|(member, _)| member.assignment().len());
            let is_whole = owned.sum::<usize>() == self.scene.ends().len();
            let is_stable = group.state == "Stable" && group.members.len() == self.members.len();
            calm = if is_whole && is_stable { calm + 1 } else { 0 };
        }
    }

    fn drop(&mut self, at: usize) {
        let (consumer, owner) = self.members.remove(at);
        owner.is_about_to_be_dropped();
        drop(consumer);
    }

    /// Polls each member once.
    async fn poll(&mut self) {
        for (consumer, _) in &self.members {
            let records = poll(consumer, ms(50)).await.unwrap();
            self.read.extend(records);
        }
    }

    async fn check(&mut self) {
        assert_eq!(self.ledger.lock().unwrap().faults, [""; 0]);
        let committed = self.scene.committed().await;
        for (partition, before) in &self.committed {
            assert!(committed[partition] >= *before, "{partition} went back");
        }
        self.committed = committed;
    }

    /// The script: who comes and goes, and for how long they read.
    async fn run(&mut self, rng: &mut Rng, kind: Kind) {
        for _ in 0..STEPS {
            let count = self.members.len();
            match (rng.below(4), kind) {
                (0, Kind::Rough) if count > 0 => self.drop(0),
                (0 | 1, Kind::Rough) if count > 1 => {
                    self.leave(count - 1).await;
                }
                (0 | 1, Kind::Orderly) if count > 1 => self.leave_at_rest(count - 1).await,
                _ if count < MEMBERS_MAX => self.join().await,
                _ => self.poll().await,
            }
            for _ in 0..rng.range(1, 10) {
                self.poll().await;
            }
            self.check().await;
        }
    }

    /// Reads what is left; all leave, one after the other.
    async fn end(&mut self) {
        if self.members.is_empty() {
            self.join().await;
        }
        self.rest().await;
        let ends = self.scene.ends();
        let is_all = |read: &[Read]| {
            let found = offsets(read);
            let count = |at| found.get(at).map_or(0, |offsets| offsets.len());
            let mut each = ends.iter();
            each.all(|(at, end)| i64::try_from(count(at)) == Ok(*end))
        };
        while !is_all(&self.read) {
            self.poll().await;
        }
        nothing_more(self.members.iter().map(|(consumer, _)| consumer)).await;
        self.ledger.lock().unwrap().losses = 0;
        while !self.members.is_empty() {
            self.leave_at_rest(0).await;
        }
        self.check().await;
        assert_eq!(self.committed, ends);
        assert_eq!(self.ledger.lock().unwrap().owners, BTreeMap::new());
    }
}

/// Runs a script to its end; what was read.
async fn churn(scene: &Scene, seed: u64, kind: Kind) -> Vec<Read> {
    let mut churn = Churn::new(scene);
    let mut rng = Rng::new(seed);
    churn.join().await;
    scene.while_writing(churn.run(&mut rng, kind)).await;
    within(LIMIT, churn.end()).await;
    churn.read
}

async fn case_66_members_come_and_leave_and_each_value_is_read_once(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, PARTITIONS, 5).await;
    scene.check_once(&churn(&scene, 66, Kind::Orderly).await);
}

async fn case_72_members_come_and_are_dropped_and_nothing_is_skipped(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, PARTITIONS, 5).await;
    scene.check_all(&churn(&scene, 72, Kind::Rough).await);
}
