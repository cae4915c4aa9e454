//! Random requests, losses, evictions and restarts against a broker made from the KIP alone: what
//! it takes for the session is always exactly what the client wants.

use super::*;
use crate::machine::rng::Rng;

const SEEDS: u64 = 500;
const STEPS: usize = 200;

/// A broker's sessions, as KIP-227 describes them.
#[derive(Default)]
struct ModelBroker {
    next_id: i32,
    has_room: bool,
    /// The only one it keeps: its id, the epoch it expects, its kind, and what it holds.
    session: Option<(i32, i32, bool, BTreeMap<TopicPartition, Asked>)>,
}

type Listed = Vec<(TopicPartition, Asked)>;

impl ModelBroker {
    /// Takes a request: the session's id and what it holds then, or the refusal.
    fn serve(
        &mut self,
        step: &SessionStep,
        listed: Listed,
    ) -> Result<(i32, BTreeMap<TopicPartition, Asked>), ErrorCode> {
        let names = listed.iter().filter(|(_, asked)| asked.topic_id.is_zero());
        assert!(!step.by_id || names.count() == 0, "a topic without id");
        if step.epoch == INITIAL {
            assert!(step.forgotten.is_empty(), "nothing to forget");
            if self.session.as_ref().is_some_and(|open| open.0 == step.id) {
                self.session = None;
            }
            let held: BTreeMap<_, _> = listed.into_iter().collect();
            let id = if self.has_room {
                self.next_id += 1;
                self.session = Some((self.next_id, 1, step.by_id, held.clone()));
                self.next_id
            } else {
                0
            };
            return Ok((id, held));
        }
        let Some((id, epoch, by_id, held)) = &mut self.session else {
            return Err(ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
        };
        if *id != step.id {
            return Err(ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
        }
        if *epoch != step.epoch {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        if *by_id != step.by_id {
            return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        for (at, asked) in listed {
            assert_ne!(held.insert(at, asked), Some(asked), "listed without need");
        }
        for (at, topic_id) in &step.forgotten {
            let known = held.remove(at).expect("only what it holds is forgotten");
            assert_eq!(known.topic_id, *topic_id);
        }
        *epoch = epoch.checked_add(1).unwrap_or(1);
        Ok((*id, held.clone()))
    }
}

struct World {
    rng: Rng,
    session: Session,
    broker: ModelBroker,
    wanted: BTreeMap<TopicPartition, Asked>,
    /// Full requests so far.
    full: usize,
}

impl World {
    fn change(&mut self) {
        for _ in 0..self.rng.below(3) {
            let partition = i32::try_from(self.rng.below(6)).unwrap();
            let at = TopicPartition::new("t", partition);
            match self.rng.below(8) {
                0 => {
                    self.wanted.remove(&at);
                }
                1 => {
                    // The topic was deleted and made anew, or its id was lost or found.
                    let byte = u8::try_from(self.rng.below(3)).unwrap();
                    let topic_id = Uuid([byte; 16]);
                    self.wanted
                        .values_mut()
                        .for_each(|asked| asked.topic_id = topic_id);
                }
                _ => {
                    let topic_id = self.wanted.values().next().map(|asked| asked.topic_id);
                    let asked = Asked {
                        offset: i64::try_from(self.rng.below(5)).unwrap(),
                        leader_epoch: LeaderEpoch(i32::try_from(self.rng.below(2)).unwrap()),
                        topic_id: topic_id.unwrap_or(Uuid([1; 16])),
                    };
                    self.wanted.insert(at, asked);
                }
            }
        }
    }

    fn fetch(&mut self, faults: bool) {
        let pairs = self.wanted.iter().map(|(at, asked)| (at, *asked));
        let mut lists = Vec::new();
        let step = self.session.next(pairs, |list| lists.push(list));
        let all = self.wanted.iter().zip(lists);
        let listed = all.filter(|(_, list)| *list);
        let listed: Listed = listed
            .map(|((at, asked), _)| (at.clone(), *asked))
            .collect();
        self.full += usize::from(step.epoch == INITIAL);
        if faults && self.rng.below(8) == 0 {
            return self.session.lost();
        }
        match self.broker.serve(&step, listed) {
            _ if faults && self.rng.below(8) == 0 => self.session.lost(),
            Ok((id, held)) => {
                assert_eq!(held, self.wanted, "what the broker holds is what is wanted");
                self.session.answered(id, false);
            }
            Err(code) => {
                assert!(faults, "{code} without a fault");
                assert!(self.session.refused(code), "{code} is about the session");
            }
        }
    }
}

#[test]
fn whatever_gets_lost_the_broker_holds_what_is_wanted() {
    for seed in 0..SEEDS {
        let mut world = World {
            rng: Rng::new(seed),
            session: Session::default(),
            broker: ModelBroker::default(),
            wanted: BTreeMap::new(),
            full: 0,
        };
        for _ in 0..STEPS {
            world.change();
            world.broker.has_room = world.rng.below(10) > 0;
            if world.rng.below(15) == 0 {
                // It restarts, or makes room for somebody else's.
                world.broker.session = None;
            }
            world.fetch(true);
        }
        // Without faults a session lasts.
        world.broker.has_room = true;
        world.wanted.insert(TopicPartition::new("u", 0), ASKED);
        for _ in 0..2 {
            world.session.lost();
            world.fetch(false);
        }
        world.full = 0;
        for offset in 0..20 {
            let asked = Asked { offset, ..ASKED };
            let topic_id = world.wanted.values().next().map(|asked| asked.topic_id);
            let topic_id = topic_id.unwrap_or(ASKED.topic_id);
            let at = TopicPartition::new("u", 0);
            let same = world
                .wanted
                .get(&at)
                .map_or(topic_id, |known| known.topic_id);
            let asked = Asked {
                topic_id: same,
                ..asked
            };
            world.wanted.insert(at, asked);
            world.fetch(false);
        }
        assert_eq!(world.full, 0, "seed {seed}");
    }
}

const ASKED: Asked = Asked {
    offset: 0,
    leader_epoch: LeaderEpoch(0),
    topic_id: Uuid([1; 16]),
};
