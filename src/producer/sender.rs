//! The sender task: keeps requests in flight at every broker that has something to get, and settles
//! what comes back. What to send and what an answer means is decided by the machine; this only
//! carries it out.
//!
//! Batches are drained only when a connection is there to take them, so that they stay open for
//! more records until then, and what could never be sent was surely not written.

mod compressing;

use std::collections::BTreeSet;
use std::num::NonZero;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::time::Sleep;

use super::call::{is_stale, lost, producer_id, submit};
use super::inner::Inner;
use super::metrics::Flight;
use super::request::{Answered, Prepared};
use crate::cluster::{Brokers, Calls, Deadline, Target, now};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{BrokerId, ProducerEpoch, ProducerId};
use crate::machine::metadata::{ClusterMetadata, LeaderHint, Node};
use crate::machine::producer::{Answer, BatchId, Drained, Home, LaneId, Outcome};
use crate::net::{Connection, Role};
use crate::protocol::init_producer_id::InitProducerIdRequest;
use crate::record::SealedBatch;

/// What one of the sender's calls came back with.
enum Event {
    Produced {
        broker: BrokerId,
        answers: Vec<Answered>,
        hints: Vec<LeaderHint>,
    },
    Connected(BrokerId, Result<()>),
    Sealed(LaneId, BatchId, Result<SealedBatch>),
    ProducerId(Result<(ProducerId, ProducerEpoch)>),
}

/// Tells every record that is left, however the task ends: the last handle dropped, the producer
/// closed, the runtime shut down.
struct SettleOnDrop(Arc<Inner>);

impl Drop for SettleOnDrop {
    fn drop(&mut self) {
        let words = "the producer was dropped before the record was acknowledged";
        self.0.abort(now(), &Error::new(ErrorKind::Closed, words));
    }
}

/// Runs until it is aborted.
pub(super) fn drive(inner: Arc<Inner>) -> impl Future<Output = ()> + Send {
    // Made before the task has its first turn: one that is aborted earlier never runs, but drops
    // what it was given.
    let settle = SettleOnDrop(Arc::clone(&inner));
    async move {
        let _settle = settle;
        run(inner).await
    }
}

async fn run(inner: Arc<Inner>) -> ! {
    let mut metadata = inner.shared.subscribe();
    let mut driver = Driver {
        brokers: inner
            .shared
            .brokers(Role::Produce, inner.config.max_in_flight),
        snapshot: inner.shared.snapshot(),
        connecting: BTreeSet::new(),
        calls: Calls::new(),
        compressing: 0,
        toil: 0,
        compressing_max: 2 * available_parallelism().map_or(1, NonZero::get),
        asking_for_id: false,
        timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
        inner,
    };
    loop {
        if metadata.has_changed().unwrap_or(false) {
            // Asked here as well, since the calls below come first, and there may always be one.
            metadata.mark_unchanged();
            driver.handle_metadata();
        }
        let due = driver.step();
        driver.set_timer(due);
        driver.rest().await;
        tokio::select! {
            biased;
            event = driver.calls.next() => driver.handle(event),
            () = driver.inner.wake.notified() => {}
            Ok(()) = metadata.changed() => driver.handle_metadata(),
            () = driver.timer.as_mut(), if due.is_some() => {}
        }
    }
}

struct Driver {
    inner: Arc<Inner>,
    brokers: Brokers,
    snapshot: Arc<ClusterMetadata>,
    /// Brokers that a connection is being opened to.
    connecting: BTreeSet<BrokerId>,
    calls: Calls<Event>,
    /// How many batches other threads compress, and how many they may. Each of those threads has
    /// a codec's memory of its own.
    compressing: usize,
    compressing_max: usize,
    /// How many bytes were compressed here since other tasks had their turn.
    toil: usize,
    asking_for_id: bool,
    timer: Pin<Box<Sleep>>,
}

impl Driver {
    /// Does all that can be done now, and says when there is more.
    fn step(&mut self) -> Option<Instant> {
        let inner = Arc::clone(&self.inner);
        let at = now();
        // In this order: whoever hurries has told of his batches before.
        let hurry = inner.take_hurry();
        let told = inner.take_told();
        let mut sender = inner.sender();
        for lane in told {
            sender.handle_told(at, lane, &inner.partitions, |at| {
                Home::of(&self.snapshot, at)
            });
        }
        if hurry {
            sender.flush(at, &inner.partitions);
        }
        sender.handle_timeout(at, &inner.partitions, |at| {
            inner.obstacles.of(&inner.shared, at)
        });
        self.seal(at, &mut sender);
        let needs_id = sender.needs_producer_id();
        let lookups = sender.take_lookups();
        sender.prune_ready(at);
        let ready: Vec<BrokerId> = sender.ready_brokers().collect();
        drop(sender);
        // Nobody leads their partitions now, or they were idle for long: ask again.
        if !lookups.is_empty() {
            let topics: BTreeSet<_> = lookups.into_iter().map(|at| at.topic).collect();
            for topic in &topics {
                inner.shared.want_topic(topic, inner.interest());
            }
            inner.shared.refresh_metadata();
        }
        if needs_id {
            self.ask_for_producer_id();
        }
        for broker in ready {
            self.send_to(broker);
        }
        let (due, finished, lowered, over_gaps) = {
            let mut sender = inner.sender();
            let (finished, lowered) = (inner.take_finished(&mut sender), sender.take_lowered());
            for (broker, since) in sender.take_standing() {
                inner.stickiness.set_standing(broker, since);
            }
            let over_gaps = sender.take_over_gaps();
            if sender.has_to_seal() && self.may_compress() {
                // What was drained now made room for it, and it need not wait for an answer.
                inner.wake.notify_one();
            }
            (sender.poll_timeout(), finished, lowered, over_gaps)
        };
        inner.lower_caps(&lowered);
        inner.tell_of_gaps(&over_gaps);
        inner.settle(finished);
        due
    }

    fn set_timer(&mut self, due: Option<Instant>) {
        if let Some(due) = due.map(tokio::time::Instant::from_std) {
            if self.timer.deadline() != due || self.timer.is_elapsed() {
                self.timer.as_mut().reset(due);
            }
        }
    }

    /// Asks the cluster for a producer id, if it is not on its way.
    fn ask_for_producer_id(&mut self) {
        if std::mem::replace(&mut self.asking_for_id, true) {
            return;
        }
        let inner = Arc::clone(&self.inner);
        let limit = self.inner.config.delivery_timeout;
        self.calls.push(Box::pin(async move {
            let shared = &inner.shared;
            let deadline = Deadline::after(limit);
            let request = InitProducerIdRequest {
                transactional_id: None,
                transaction_timeout_ms: i32::MAX,
                ..InitProducerIdRequest::default()
            };
            let mut retry = shared.retry(deadline);
            let answer = loop {
                let called = shared.call(Target::Any, &request, deadline).await;
                match called.and_then(|response| producer_id(&response)) {
                    Ok(id) => break Ok(id),
                    Err(error) => {
                        inner.obstacles.set_no_producer_id(Some(error.clone()));
                        if let Err(error) = retry.after(error).await {
                            break Err(error);
                        }
                    }
                }
            };
            if answer.is_ok() {
                inner.obstacles.set_no_producer_id(None);
            }
            Event::ProducerId(answer)
        }));
    }

    /// Sends what is ready to a broker, as far as it has free slots.
    fn send_to(&mut self, broker: BrokerId) {
        let snapshot = Arc::clone(&self.snapshot);
        let Some(node) = snapshot.nodes.get(&broker) else {
            return;
        };
        loop {
            let Some(connection) = self.brokers.get(node).open() else {
                return self.connect(node);
            };
            let inner = &self.inner;
            let drained = inner.sender().drain(now(), broker, &inner.partitions);
            if drained.is_empty() {
                return;
            }
            for each in &drained {
                let topic = &each.partition.topic;
                inner.shared.want_topic(topic, inner.interest());
            }
            let call = self.produce(broker, &connection, drained);
            self.calls.push(call);
        }
    }

    fn connect(&mut self, node: &Node) {
        if !self.connecting.insert(node.id) {
            return;
        }
        let (peer, broker) = (self.brokers.get(node), node.id);
        let limit = self.inner.shared.config.request_timeout;
        self.calls.push(Box::pin(async move {
            Event::Connected(broker, peer.connect(limit).await)
        }));
    }

    /// Queues a request at once, and returns the future of its outcome.
    fn produce(
        &self,
        broker: BrokerId,
        connection: &Connection,
        drained: Vec<Drained>,
    ) -> BoxFuture<'static, Event> {
        let acks = self.inner.config.acks;
        let limit = self.inner.shared.config.request_timeout;
        let Prepared {
            request,
            max_version,
            members,
        } = Prepared::new(drained, acks, limit, &self.snapshot);
        let flight = Flight::new(Arc::clone(&self.inner));
        let sent = submit(connection, &request, max_version, acks, limit);
        Box::pin(async move {
            let (answers, hints) = match sent.await {
                Ok(Some(response)) => {
                    flight.answered();
                    members.read(response)
                }
                Ok(None) => (
                    members.all(&Answer::Written(Outcome::SOMEWHERE)),
                    Vec::new(),
                ),
                Err(failed) => (members.all(&lost(failed)), Vec::new()),
            };
            Event::Produced {
                broker,
                answers,
                hints,
            }
        })
    }

    fn handle(&mut self, event: Event) {
        let at = now();
        match event {
            Event::ProducerId(answer) => {
                self.asking_for_id = false;
                let inner = &self.inner;
                match answer {
                    Ok((id, epoch)) => inner.sender().handle_producer_id(at, id, epoch),
                    // Asked for again at once; each batch has a limit of its own.
                    Err(error) if error.is_retriable() => {}
                    Err(error) => {
                        // Others have their id, and nothing to do with this.
                        inner.obstacles.set_no_producer_id(None);
                        inner.give_up_nameless(at, &error);
                    }
                }
            }
            Event::Sealed(lane, id, sealed) => {
                self.compressing -= 1;
                self.inner.sender().handle_sealed(at, (lane, id), sealed);
            }
            Event::Connected(broker, outcome) => {
                self.connecting.remove(&broker);
                let failed = outcome.err();
                let is_failure = failed.is_some();
                self.inner.obstacles.set_unreachable(broker, failed);
                if is_failure {
                    self.inner.shared.refresh_metadata();
                }
            }
            Event::Produced {
                broker,
                answers,
                hints,
            } => {
                self.handle_answers(at, broker, answers);
                if !hints.is_empty() {
                    self.inner.shared.handle_leader_hints(hints);
                }
            }
        }
    }

    fn handle_answers(&self, at: Instant, broker: BrokerId, answers: Vec<Answered>) {
        let stale = answers.iter().any(|(_, _, answer)| is_stale(answer));
        let mut sender = self.inner.sender();
        for (lane, id, answer) in answers {
            sender.handle_answer(at, lane, id, answer);
        }
        sender.handle_landed(at, broker, &self.inner.partitions);
        drop(sender);
        if stale {
            self.inner.shared.refresh_metadata();
        }
    }

    fn handle_metadata(&mut self) {
        let before = std::mem::replace(&mut self.snapshot, self.inner.shared.snapshot());
        // Not all of them: who begins to use thousands of topics has a new picture with each.
        let changed = self.snapshot.changed_since(&before);
        let partitions = &self.inner.partitions;
        let lanes = changed.iter().flat_map(|name| partitions.lanes_of(name));
        let home = |at: &_| Home::of(&self.snapshot, at);
        self.inner.sender().handle_homes(now(), lanes, home);
    }
}
