//! Hand-fed instants for each rule, then seeded sequences against a plain model.

use std::cell::Cell;
use std::rc::Rc;

use super::*;
use crate::machine::rng::Rng;

const SECOND: Duration = Duration::from_secs(1);
const LIMITS: PipelineLimits = PipelineLimits {
    in_flight: 2,
    idle: Some(Duration::from_secs(540)),
};

#[derive(Debug, Clone)]
struct Caller {
    id: i32,
    gone: Rc<Cell<bool>>,
}

impl Ticket for Caller {
    fn is_orphaned(&self) -> bool {
        self.gone.get()
    }
}

fn request(id: i32) -> Request<Caller> {
    Request {
        correlation: CorrelationId(id),
        len: 10,
        timeout: 30 * SECOND,
        answered: true,
        ticket: Caller {
            id,
            gone: Rc::new(Cell::new(false)),
        },
    }
}

fn unanswered(id: i32) -> Request<Caller> {
    Request {
        answered: false,
        ..request(id)
    }
}

fn pipeline(now: Instant) -> Pipeline<Caller> {
    Pipeline::new(now, LIMITS)
}

fn write_all(pipeline: &mut Pipeline<Caller>, now: Instant) -> Vec<i32> {
    let mut written = Vec::new();
    while let Some(request) = pipeline.poll_write(now) {
        written.push(request.ticket.id);
    }
    pipeline.handle_written(now, 10 * written.len());
    written
}

fn answer(pipeline: &mut Pipeline<Caller>, now: Instant, id: i32) -> Result<i32, OutOfStep> {
    let request = pipeline.handle_response(now, CorrelationId(id))?;
    Ok(request.ticket.id)
}

fn left(pipeline: Pipeline<Caller>) -> Vec<(i32, Sent)> {
    let left = pipeline.close();
    left.map(|(request, sent)| (request.ticket.id, sent))
        .collect()
}

#[test]
fn answers_are_matched_in_order_and_free_a_slot() {
    let now = Instant::now();
    let mut pipeline = pipeline(now);
    for id in 1..=3 {
        pipeline.handle_submit(now, request(id));
    }
    assert_eq!(write_all(&mut pipeline, now), [1, 2]);
    assert_eq!(answer(&mut pipeline, now, 1), Ok(1));
    assert_eq!(write_all(&mut pipeline, now), [3]);
    assert_eq!(answer(&mut pipeline, now, 2), Ok(2));
    assert_eq!(answer(&mut pipeline, now, 3), Ok(3));
    assert!(pipeline.is_empty());
}

#[test]
fn case_114_an_unknown_repeated_or_early_answer_is_out_of_step() {
    let now = Instant::now();
    let mut pipeline = pipeline(now);
    let out = |got, expected: Option<i32>| OutOfStep {
        got: CorrelationId(got),
        expected: expected.map(CorrelationId),
    };
    assert_eq!(answer(&mut pipeline, now, 0), Err(out(0, None)), "unasked");
    for id in 1..=2 {
        pipeline.handle_submit(now, request(id));
    }
    assert!(pipeline.poll_write(now).is_some() && pipeline.poll_write(now).is_some());
    pipeline.handle_written(now, 9);
    assert_eq!(answer(&mut pipeline, now, 1), Err(out(1, None)), "unsent");
    pipeline.handle_written(now, 11);
    assert_eq!(answer(&mut pipeline, now, 7), Err(out(7, Some(1))));
    assert_eq!(answer(&mut pipeline, now, 2), Err(out(2, Some(1))), "order");
    assert_eq!(answer(&mut pipeline, now, 1), Ok(1));
    assert_eq!(answer(&mut pipeline, now, 1), Err(out(1, Some(2))), "again");
    assert_eq!(left(pipeline), [(2, Sent::Maybe)]);
}

#[test]
fn case_115_an_unanswered_request_expires_though_later_ones_are_young() {
    let start = Instant::now();
    let mut pipeline = pipeline(start);
    pipeline.handle_submit(start, request(1));
    write_all(&mut pipeline, start);
    let later = start + 20 * SECOND;
    for id in 2..=3 {
        pipeline.handle_submit(later, request(id));
    }
    assert_eq!(write_all(&mut pipeline, later), [2]);
    assert_eq!(pipeline.poll_timeout(), Some(start + 30 * SECOND));
    let before = start + 30 * SECOND - Duration::from_nanos(1);
    assert!(pipeline.handle_timeout(before).is_none());
    let expired = pipeline.handle_timeout(start + 30 * SECOND);
    assert!(matches!(expired, Some(Expired::InFlight(r, Sent::Maybe)) if r.ticket.id == 1));
    assert_eq!(left(pipeline), [(2, Sent::Maybe), (3, Sent::No)]);
}

#[test]
fn the_answer_clock_starts_with_the_slot() {
    let start = Instant::now();
    let mut pipeline = pipeline(start);
    for id in 1..=3 {
        pipeline.handle_submit(start, request(id));
    }
    write_all(&mut pipeline, start);
    let late = start + 29 * SECOND;
    answer(&mut pipeline, late, 1).unwrap();
    assert_eq!(write_all(&mut pipeline, late), [3]);
    answer(&mut pipeline, late, 2).unwrap();
    assert!(pipeline.handle_timeout(start + 58 * SECOND).is_none());
    let expired = pipeline.handle_timeout(start + 59 * SECOND);
    assert!(matches!(expired, Some(Expired::InFlight(r, _)) if r.ticket.id == 3));
}

#[test]
fn a_request_that_gets_no_slot_fails_alone() {
    let start = Instant::now();
    let mut pipeline = pipeline(start);
    for id in 1..=2 {
        let timeout = 90 * SECOND;
        pipeline.handle_submit(
            start,
            Request {
                timeout,
                ..request(id)
            },
        );
    }
    write_all(&mut pipeline, start);
    pipeline.handle_submit(start, request(3));
    assert!(pipeline.poll_write(start).is_none());
    let expired = pipeline.handle_timeout(start + 30 * SECOND);
    assert!(matches!(expired, Some(Expired::Waiting(r)) if r.ticket.id == 3));
    assert!(pipeline.handle_timeout(start + 89 * SECOND).is_none());
    assert_eq!(answer(&mut pipeline, start + 89 * SECOND, 1), Ok(1));
}

#[test]
fn case_117_a_mute_stops_every_clock_and_new_requests() {
    let start = Instant::now();
    let mut pipeline = pipeline(start);
    for id in 1..=3 {
        pipeline.handle_submit(start, request(id));
    }
    write_all(&mut pipeline, start);
    answer(&mut pipeline, start, 1).unwrap();
    pipeline.handle_throttle(start, start + 60 * SECOND);
    // Said again by the next answer: the same pause, not a second one.
    pipeline.handle_throttle(start + 10 * SECOND, start + 50 * SECOND);
    pipeline.handle_submit(start + 10 * SECOND, request(4));
    assert!(pipeline.poll_write(start + 59 * SECOND).is_none());
    assert!(pipeline.handle_timeout(start + 59 * SECOND).is_none());
    assert_eq!(pipeline.poll_timeout(), Some(start + 60 * SECOND));

    assert_eq!(write_all(&mut pipeline, start + 60 * SECOND), [3]);
    assert!(pipeline.handle_timeout(start + 89 * SECOND).is_none());
    answer(&mut pipeline, start + 89 * SECOND, 2).unwrap();
    assert_eq!(write_all(&mut pipeline, start + 89 * SECOND), [4]);
}

#[test]
fn a_request_without_answer_takes_no_slot_but_keeps_its_place() {
    let now = Instant::now();
    let mut pipeline = pipeline(now);
    for id in 1..=2 {
        pipeline.handle_submit(now, request(id));
    }
    pipeline.handle_submit(now, unanswered(3));
    pipeline.handle_submit(now, request(4));
    pipeline.handle_submit(now, unanswered(5));
    assert_eq!(write_all(&mut pipeline, now), [1, 2, 3]);
    assert_eq!(pipeline.poll_done().map(|r| r.ticket.id), Some(3));
    assert!(pipeline.poll_done().is_none());
    assert_eq!(answer(&mut pipeline, now, 1), Ok(1));
    assert_eq!(write_all(&mut pipeline, now), [4, 5]);
    assert_eq!(pipeline.poll_done().map(|r| r.ticket.id), Some(5));
}

#[test]
fn a_write_that_gets_stuck_expires_too() {
    let start = Instant::now();
    let mut pipeline = pipeline(start);
    pipeline.handle_submit(start, unanswered(1));
    pipeline.handle_submit(start, unanswered(2));
    assert!(pipeline.poll_write(start).is_some() && pipeline.poll_write(start).is_some());
    pipeline.handle_written(start, 4);
    let expired = pipeline.handle_timeout(start + 30 * SECOND);
    assert!(matches!(expired, Some(Expired::InFlight(r, Sent::Maybe)) if r.ticket.id == 1));
    assert_eq!(left(pipeline), [(2, Sent::No)]);
}

#[test]
fn an_orphan_is_not_sent_or_else_keeps_its_slot_until_answered() {
    let now = Instant::now();
    let mut pipeline = pipeline(now);
    let requests: Vec<_> = (1..=4).map(request).collect();
    let gone: Vec<_> = requests.iter().map(|r| r.ticket.gone.clone()).collect();
    for request in requests {
        pipeline.handle_submit(now, request);
    }
    assert_eq!(write_all(&mut pipeline, now), [1, 2]);
    gone[0].set(true);
    gone[2].set(true);
    assert!(pipeline.poll_write(now).is_none(), "both slots are taken");
    assert_eq!(answer(&mut pipeline, now, 1), Ok(1));
    assert_eq!(write_all(&mut pipeline, now), [4], "3 was never sent");
}

#[test]
fn what_waits_for_a_slot_is_bounded() {
    let now = Instant::now();
    let mut pipeline = pipeline(now);
    for id in 0..64 {
        assert!(pipeline.has_room());
        pipeline.handle_submit(now, request(id));
    }
    assert!(!pipeline.has_room());
    write_all(&mut pipeline, now);
    assert!(pipeline.has_room());
}

#[test]
fn an_idle_connection_closes_and_a_used_one_does_not() {
    let start = Instant::now();
    let mut pipeline = pipeline(start);
    pipeline.handle_submit(start, request(1));
    write_all(&mut pipeline, start);
    answer(&mut pipeline, start + SECOND, 1).unwrap();
    assert_eq!(pipeline.poll_timeout(), Some(start + 541 * SECOND));
    assert!(pipeline.handle_timeout(start + 540 * SECOND).is_none());
    let idle = pipeline.handle_timeout(start + 541 * SECOND);
    assert!(matches!(idle, Some(Expired::Idle)));
}

/// What the model believes of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Waiting,
    Writing { unwritten: usize },
    InFlight,
    Over,
}

#[derive(Debug)]
struct Modelled {
    stage: Stage,
    len: usize,
    answered: bool,
    timeout: Duration,
    deadline: Instant,
    gone: Rc<Cell<bool>>,
}

/// A list of requests and a clock; each step is done to the pipeline and to the list.
struct Model {
    rng: Rng,
    now: Instant,
    muted_until: Instant,
    requests: Vec<Modelled>,
}

impl Model {
    fn ids(&self, wanted: impl Fn(&Modelled) -> bool) -> Vec<usize> {
        let all = 0..self.requests.len();
        all.filter(|&id| wanted(&self.requests[id])).collect()
    }

    fn slots(&self) -> usize {
        self.ids(|r| r.answered && matches!(r.stage, Stage::Writing { .. } | Stage::InFlight))
            .len()
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.below(bound as u64)).unwrap()
    }

    fn submit(&mut self, pipeline: &mut Pipeline<Caller>) {
        if !pipeline.has_room() {
            return;
        }
        let id = self.requests.len();
        let modelled = Modelled {
            stage: Stage::Waiting,
            len: 1 + self.below(20),
            answered: self.below(5) > 0,
            timeout: SECOND * u32::try_from(1 + self.below(40)).unwrap(),
            deadline: self.now,
            gone: Rc::new(Cell::new(false)),
        };
        let correlation = CorrelationId(i32::try_from(id).unwrap());
        let request = Request {
            correlation,
            len: modelled.len,
            timeout: modelled.timeout,
            answered: modelled.answered,
            ticket: Caller {
                id: correlation.0,
                gone: modelled.gone.clone(),
            },
        };
        pipeline.handle_submit(self.now, request);
        let deadline = self.now.max(self.muted_until) + modelled.timeout;
        self.requests.push(Modelled {
            deadline,
            ..modelled
        });
    }

    fn poll_write(&mut self, pipeline: &mut Pipeline<Caller>) {
        let next = pipeline.poll_write(self.now).map(|r| r.ticket.id as usize);
        let muted = self.now < self.muted_until;
        for id in self.ids(|r| r.stage == Stage::Waiting) {
            let full = self.slots() >= LIMITS.in_flight;
            let (now, request) = (self.now, &mut self.requests[id]);
            if muted {
                break;
            } else if request.gone.get() {
                request.stage = Stage::Over;
            } else if full && request.answered {
                break;
            } else {
                let unwritten = request.len;
                request.stage = Stage::Writing { unwritten };
                request.deadline = now + request.timeout;
                assert_eq!(next, Some(id));
                return;
            }
        }
        assert_eq!(next, None);
    }

    fn written(&mut self, pipeline: &mut Pipeline<Caller>) {
        let queued = self.ids(|r| matches!(r.stage, Stage::Writing { .. }));
        let total = queued.iter().map(|&id| match self.requests[id].stage {
            Stage::Writing { unwritten } => unwritten,
            _ => 0,
        });
        let total: usize = total.sum();
        let mut bytes = self.below(total + 1);
        pipeline.handle_written(self.now, bytes);
        for id in queued {
            let request = &mut self.requests[id];
            if let Stage::Writing { unwritten } = &mut request.stage {
                let taken = bytes.min(*unwritten);
                *unwritten -= taken;
                bytes -= taken;
                if *unwritten == 0 && request.answered {
                    request.stage = Stage::InFlight;
                } else if *unwritten == 0 {
                    request.stage = Stage::Over;
                    let done = pipeline.poll_done().unwrap();
                    assert_eq!(done.ticket.id as usize, id);
                }
            }
        }
        assert!(pipeline.poll_done().is_none());
    }

    fn answer(&mut self, pipeline: &mut Pipeline<Caller>) {
        if let Some(&id) = self.ids(|r| r.stage == Stage::InFlight).first() {
            let correlation = CorrelationId(i32::try_from(id).unwrap());
            let request = pipeline.handle_response(self.now, correlation).unwrap();
            assert_eq!(request.ticket.id as usize, id);
            self.requests[id].stage = Stage::Over;
        }
    }

    fn throttle(&mut self, pipeline: &mut Pipeline<Caller>) {
        let until = self.now + SECOND * u32::try_from(self.below(20)).unwrap();
        pipeline.handle_throttle(self.now, until);
        let longer = until.saturating_duration_since(self.muted_until.max(self.now));
        self.muted_until = self.muted_until.max(until);
        for request in &mut self.requests {
            request.deadline += longer;
        }
    }

    /// Whether the connection is to be closed.
    fn time_passes(&mut self, pipeline: &mut Pipeline<Caller>) -> bool {
        let live = self.ids(|r| r.stage != Stage::Over);
        let due = live.iter().map(|&id| self.requests[id].deadline).min();
        let wake = pipeline.poll_timeout().unwrap();
        assert!(due.is_none_or(|due| wake <= due), "wakes too late");
        self.now += Duration::from_millis(self.rng.below(8000));
        loop {
            match pipeline.handle_timeout(self.now) {
                None => break,
                Some(Expired::Waiting(request)) => {
                    let modelled = &mut self.requests[request.ticket.id as usize];
                    assert!(modelled.stage == Stage::Waiting && modelled.deadline <= self.now);
                    modelled.stage = Stage::Over;
                }
                Some(Expired::InFlight(request, sent)) => {
                    let modelled = &mut self.requests[request.ticket.id as usize];
                    assert!(modelled.deadline <= self.now);
                    assert_eq!(sent, sent_of(modelled));
                    modelled.stage = Stage::Over;
                    return true;
                }
                Some(Expired::Idle) => unreachable!("steps are shorter than the idle limit"),
            }
        }
        let late = self.ids(|r| r.stage != Stage::Over && r.deadline <= self.now);
        assert!(late.is_empty(), "expired, and nobody said so: {late:?}");
        false
    }
}

fn sent_of(request: &Modelled) -> Sent {
    match request.stage {
        Stage::Waiting => Sent::No,
        Stage::Writing { unwritten } if unwritten == request.len => Sent::No,
        _ => Sent::Maybe,
    }
}

#[test]
fn any_sequence_of_events_agrees_with_the_model() {
    for seed in 0..3000 {
        let now = Instant::now();
        let mut model = Model {
            rng: Rng::new(seed),
            now,
            muted_until: now,
            requests: Vec::new(),
        };
        let mut pipeline = Pipeline::new(now, LIMITS);
        let mut lost = false;
        for _ in 0..120 {
            match model.below(20) {
                0..5 => model.submit(&mut pipeline),
                5..10 => model.poll_write(&mut pipeline),
                10..14 => model.written(&mut pipeline),
                14..17 => model.answer(&mut pipeline),
                17 => model.throttle(&mut pipeline),
                18 => {
                    let live = model.ids(|r| r.stage != Stage::Over);
                    if let Some(&id) = live.last() {
                        model.requests[id].gone.set(true);
                    }
                }
                _ => lost = model.time_passes(&mut pipeline),
            }
            assert!(model.slots() <= LIMITS.in_flight, "seed {seed}");
            if lost {
                break;
            }
        }
        let mut expected: Vec<(i32, Sent)> = model
            .ids(|r| r.stage != Stage::Over)
            .into_iter()
            .map(|id| (id as i32, sent_of(&model.requests[id])))
            .collect();
        let mut left = left(pipeline);
        left.sort_by_key(|&(id, _)| id);
        expected.sort_by_key(|&(id, _)| id);
        assert_eq!(left, expected, "seed {seed}: every request is told once");
    }
}
