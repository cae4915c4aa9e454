//! A seeded environment, a cluster and a client in it, and waits with a limit in virtual time.

use std::pin::Pin;
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidewire::mock::{MockCluster, MockClusterBuilder};
use tidewire::{
    Client, ClientBuilder, Consumer, ConsumerBuilder, Env, Environment, Record, StartAt,
    TopicPartition,
};
use tokio::time::Instant;

/// Longer than anything takes that is not stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Wall time that runs with tokio's clock, randomness from a seed, computation on the spot.
#[derive(Debug)]
struct SimEnv {
    rng: Mutex<Rng>,
    started: Instant,
}

impl Environment for SimEnv {
    fn wall_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000) + self.started.elapsed()
    }

    fn seed(&self) -> u64 {
        self.rng.lock().unwrap().next()
    }

    fn compute(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }
}

pub(crate) fn env(seed: u64) -> Env {
    Env::new(SimEnv {
        rng: Mutex::new(Rng::new(seed)),
        started: Instant::now(),
    })
}

/// SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is at least 1.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// From `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len().try_into().unwrap());
        &from[usize::try_from(at).unwrap()]
    }
}

/// Ends the process if it lives for a minute of real time: what never waits keeps virtual time
/// from passing, so that no limit in virtual time ends it.
pub(crate) struct Watchdog {
    _leash: mpsc::Sender<()>,
}

impl Watchdog {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        let (leash, dog) = mpsc::channel::<()>();
        let what = what.into();
        std::thread::spawn(move || {
            let waited = dog.recv_timeout(Duration::from_secs(60));
            if waited == Err(mpsc::RecvTimeoutError::Timeout) {
                eprintln!("a minute of real time is over: {what}");
                std::process::exit(101);
            }
        });
        Self { _leash: leash }
    }
}

/// Three brokers that create no topics by themselves.
pub(crate) fn cluster() -> MockClusterBuilder {
    MockCluster::builder().env(env(7)).auto_create_topics(false)
}

pub(crate) fn client(cluster: &MockCluster) -> ClientBuilder {
    Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .env(env(11))
}

pub(crate) async fn connect(cluster: &MockCluster) -> Client {
    client(cluster).connect().await.expect("the brokers are up")
}

/// The result, and how long it took in virtual time; that must not be longer than the limit.
#[track_caller]
pub(crate) fn within<F: Future>(limit: Duration, future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        let started = Instant::now();
        match tokio::time::timeout(limit, future).await {
            Ok(output) => output,
            Err(_) => panic!("{caller}: not done after {:?}", started.elapsed()),
        }
    }
}

/// As [`within`], and says how long it took.
#[track_caller]
pub(crate) fn timed<F: Future>(
    limit: Duration,
    future: F,
) -> impl Future<Output = (F::Output, Duration)> {
    let done = within(limit, future);
    async move {
        let started = Instant::now();
        let output = done.await;
        (output, started.elapsed())
    }
}

/// Polls a future so many times, then drops it.
pub(crate) struct Polled<F> {
    future: Option<Pin<Box<F>>>,
    left: usize,
}

/// As [`Polled`] says.
pub(crate) fn polled<F: Future>(times: usize, future: F) -> Polled<F> {
    Polled {
        future: Some(Box::pin(future)),
        left: times,
    }
}

impl<F: Future> Future for Polled<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        if self.left == 0 {
            self.future = None;
            return Poll::Ready(None);
        }
        self.left -= 1;
        let future = self.future.as_mut().expect("not polled after its end");
        let polled = future.as_mut().poll(cx).map(Some);
        if self.left == 0 && polled.is_pending() {
            self.future = None;
            return Poll::Ready(None);
        }
        polled
    }
}

pub(crate) fn record<'a>(partition: i32, value: impl Into<String>) -> Record<'a> {
    Record::to("t").partition(partition).value(value.into())
}

pub(crate) fn at(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

/// The values in a partition of topic `t`, by offset.
pub(crate) fn values(cluster: &MockCluster, partition: i32) -> Vec<String> {
    let text = |value: Option<bytes::Bytes>| {
        let value = value.expect("every record here has a value");
        String::from_utf8(value.to_vec()).unwrap()
    };
    let log = cluster.log("t", partition);
    log.into_iter().map(|record| text(record.value)).collect()
}

/// Values "0", "1", ..
pub(crate) fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|n| n.to_string()).collect()
}

/// A consumer of the first partitions of topic `t`, from the beginning.
pub(crate) fn consumer(client: &Client, partitions: i32) -> ConsumerBuilder {
    let all = (0..partitions).map(|partition| (at(partition), StartAt::Beginning));
    client.consumer().assign(all)
}

/// One record that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Read {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) value: String,
}

/// One poll.
pub(crate) async fn poll(consumer: &Consumer, limit: Duration) -> tidewire::Result<Vec<Read>> {
    let records = consumer.poll(limit).await?;
    let read = |record: tidewire::ConsumerRecord<'_>| Read {
        partition: record.partition(),
        offset: record.offset(),
        value: String::from_utf8(record.value().unwrap_or_default().to_vec()).unwrap(),
    };
    Ok(records.iter().map(read).collect())
}

/// Polls until there are so many records.
#[track_caller]
pub(crate) fn read(consumer: &Consumer, count: usize) -> impl Future<Output = Vec<Read>> {
    let caller = std::panic::Location::caller();
    async move {
        let started = Instant::now();
        let mut all = Vec::new();
        while all.len() < count {
            let left = PATIENCE.saturating_sub(started.elapsed());
            assert!(!left.is_zero(), "{caller}: only {} of {count}", all.len());
            all.extend(poll(consumer, left).await.expect("polling works"));
        }
        all
    }
}
