//! The sender task: drains what is ready, keeps requests in flight, settles what comes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};

use super::inner::Inner;
use super::request::{LeaderHint, Prepared};
use crate::cluster::{Brokers, Deadline, Target, now};
use crate::config::Acks;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::{BrokerId, ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::metadata::ClusterMetadata;
use crate::machine::producer::{Answer, BatchId, Outcome};
use crate::net::{CallError, Role, Sent};
use crate::protocol::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};

/// What one of the sender's calls came back with.
enum Event {
    Produced {
        broker: BrokerId,
        answers: Vec<(TopicPartition, BatchId, Answer)>,
        hints: Vec<LeaderHint>,
    },
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
    let mut sender = Sender {
        brokers: inner
            .shared
            .brokers(Role::Produce, inner.config.max_in_flight),
        slots: BTreeMap::new(),
        calls: FuturesUnordered::new(),
        asking_for_id: false,
        inner,
    };
    let mut metadata = sender.inner.shared.subscribe();
    loop {
        let inner = &sender.inner;
        let finished = inner.accumulator(|all| all.expire(now(), |at| inner.obstacle(at)));
        sender.inner.settle(finished);
        sender.ask_for_producer_id();
        sender.drain();
        let due = sender.inner.accumulator(|all| all.poll_timeout(now()));
        tokio::select! {
            biased;
            Some(event) = sender.calls.next() => sender.handle(event),
            () = sender.inner.wake.notified() => {}
            Ok(()) = metadata.changed() => {}
            () = tokio::time::sleep_until(due.unwrap_or_else(now).into()), if due.is_some() => {}
        }
    }
}

struct Sender {
    inner: Arc<Inner>,
    brokers: Brokers,
    /// Requests in flight, by broker.
    slots: BTreeMap<BrokerId, usize>,
    calls: FuturesUnordered<BoxFuture<'static, Event>>,
    asking_for_id: bool,
}

impl Sender {
    /// Asks the cluster for a producer id, if one is needed and not on its way.
    fn ask_for_producer_id(&mut self) {
        if self.asking_for_id || !self.inner.accumulator(|all| all.needs_producer_id()) {
            return;
        }
        self.asking_for_id = true;
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
                        inner.set_no_producer_id(Some(error.clone()));
                        if let Err(error) = retry.after(error).await {
                            break Err(error);
                        }
                    }
                }
            };
            if answer.is_ok() {
                inner.set_no_producer_id(None);
            }
            Event::ProducerId(answer)
        }));
    }

    /// Sends what is ready to every broker that has a free slot.
    fn drain(&mut self) {
        let shared = Arc::clone(&self.inner.shared);
        let snapshot = shared.snapshot();
        let (ready, homeless) = self.inner.accumulator(|all| {
            let leader = |partition: &TopicPartition| snapshot.leader_id(partition);
            (
                all.ready_brokers(now(), leader),
                all.ready_without(now(), leader),
            )
        });
        for partition in homeless {
            // Nobody leads it now, or its topic was idle for long: ask again.
            shared.want_topic(&partition.topic, self.inner.interest());
            shared.refresh_metadata();
        }
        for broker in ready {
            while self.slots.get(&broker).copied().unwrap_or(0) < self.inner.config.max_in_flight {
                if !self.send_to(broker, &snapshot) {
                    break;
                }
            }
        }
    }

    /// Sends one request; false if there is nothing to send.
    fn send_to(&mut self, broker: BrokerId, snapshot: &Arc<ClusterMetadata>) -> bool {
        let Some(node) = snapshot.nodes.get(&broker) else {
            return false;
        };
        let (drained, finished) = self.inner.accumulator(|all| {
            all.drain(now(), |partition| {
                snapshot.leader_id(partition) == Some(broker)
            })
        });
        self.inner.settle(finished);
        if drained.is_empty() {
            return false;
        }
        for each in &drained {
            let interest = self.inner.interest();
            self.inner
                .shared
                .want_topic(&each.partition.topic, interest);
        }
        let (acks, limit) = (
            self.inner.config.acks,
            self.inner.shared.config.request_timeout,
        );
        let prepared = Prepared::new(drained, acks, limit, snapshot);
        let peer = self.brokers.get(node);
        *self.slots.entry(broker).or_default() += 1;
        let inner = Arc::clone(&self.inner);
        self.calls.push(Box::pin(async move {
            // Until a connection takes the request, its batches are surely not written.
            let leaving = || inner.handle_leaving(&prepared);
            let (request, cap) = (&prepared.request, prepared.max_version);
            let (answers, hints) = if acks == Acks::None {
                let sent = peer.send(request, cap, limit, leaving).await;
                let unconfirmed = Outcome {
                    base_offset: None,
                    log_append_ms: None,
                };
                let answer = sent.map_or_else(lost, |()| Answer::Written(unconfirmed));
                (prepared.all(&answer), Vec::new())
            } else {
                match peer.call_leaving(request, cap, limit, leaving).await {
                    Ok(response) => prepared.read(response),
                    Err(failed) => (prepared.all(&lost(failed)), Vec::new()),
                }
            };
            Event::Produced {
                broker,
                answers,
                hints,
            }
        }));
        true
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::ProducerId(answer) => {
                self.asking_for_id = false;
                let finished = self.inner.accumulator(|all| match answer {
                    Ok((id, epoch)) => {
                        all.handle_producer_id(id, epoch);
                        Vec::new()
                    }
                    // Asked for again at once; each batch has a limit of its own.
                    Err(error) if error.is_retriable() => Vec::new(),
                    Err(error) => all.abort(now(), &error),
                });
                self.inner.settle(finished);
            }
            Event::Produced {
                broker,
                answers,
                hints,
            } => {
                if let Some(slots) = self.slots.get_mut(&broker) {
                    *slots = slots.saturating_sub(1);
                }
                self.handle_answers(answers);
                for LeaderHint {
                    partition,
                    leader,
                    epoch,
                    node,
                } in hints
                {
                    self.inner
                        .shared
                        .handle_leader_hint(&partition, leader, epoch, node);
                }
            }
        }
    }

    fn handle_answers(&self, answers: Vec<(TopicPartition, BatchId, Answer)>) {
        let stale = answers.iter().any(|(_, _, answer)| is_stale(answer));
        let at = now();
        let finished = self.inner.accumulator(|all| {
            let each = |(partition, id, answer): (TopicPartition, BatchId, Answer)| {
                all.handle_answer(at, &partition, id, answer)
            };
            answers.into_iter().filter_map(each).collect()
        });
        self.inner.settle(finished);
        if stale {
            self.inner.shared.refresh_metadata();
        }
    }
}

/// Whether an answer says that the client's picture of the cluster is out of date.
fn is_stale(answer: &Answer) -> bool {
    match answer {
        Answer::Written(_) => false,
        Answer::Refused { code, .. } => code.refreshes_metadata(),
        Answer::Lost { .. } => true,
    }
}

fn lost(failed: CallError) -> Answer {
    Answer::Lost {
        maybe_sent: failed.sent == Sent::Maybe,
        error: failed.error,
    }
}

fn producer_id(response: &InitProducerIdResponse) -> Result<(ProducerId, ProducerEpoch)> {
    match ErrorCode(response.error_code).err() {
        Some(code) => Err(Error::broker(code, "asking for a producer id")),
        None => Ok((
            ProducerId(response.producer_id),
            ProducerEpoch(response.producer_epoch),
        )),
    }
}
