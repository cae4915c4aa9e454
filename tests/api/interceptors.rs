//! Interceptors see every record and every outcome, in order, and can break nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{
    Client, ErrorCode, ErrorKind, Producer, ProducerBuilder, ProducerInterceptor, Record,
    SettledBatch, WriteStatus,
};

const LONG: Duration = Duration::from_secs(60);

fn cluster() -> MockCluster {
    let cluster = MockCluster::builder().topic("t", 1).topic("audit", 1);
    cluster.auto_create_topics(false).build()
}

fn builder(cluster: &MockCluster) -> ProducerBuilder {
    Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .build()
        .unwrap()
        .producer()
}

fn to_t(value: &str) -> Record<'_> {
    Record::to("t").value(value)
}

/// Appends a letter to the value.
struct Letter(char);

impl ProducerInterceptor for Letter {
    fn on_send<'a>(&self, record: Record<'a>) -> Record<'a> {
        let mut value = record.value_bytes().unwrap_or_default().to_vec();
        value.push(u8::try_from(self.0).unwrap());
        record.value(value)
    }
}

/// Panics wherever it is called.
struct Broken;

impl ProducerInterceptor for Broken {
    fn on_send<'a>(&self, _record: Record<'a>) -> Record<'a> {
        panic!("broken on purpose")
    }

    fn on_acknowledgement(&self, _batch: &SettledBatch) {
        panic!("broken on purpose")
    }
}

#[tokio::test(start_paused = true)]
async fn interceptors_change_records_in_order_and_a_panic_changes_nothing() {
    let cluster = cluster();
    let told = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&told);
    let producer = builder(&cluster)
        .interceptor(Letter('a'))
        .interceptor(Broken)
        .interceptor(Letter('b'))
        .on_settled(move |batch| {
            count.fetch_add(u64::from(batch.records), Ordering::Relaxed);
        })
        .build()
        .unwrap();
    producer.send(to_t("x")).await.unwrap();
    drop(producer.try_enqueue(to_t("y")).unwrap());
    let topic = producer.topic("t").await.unwrap();
    drop(topic.enqueue(Record::new().value("z")).await.unwrap());
    assert!(producer.flush().await.is_complete());
    let log = cluster.log("t", 0);
    let values: Vec<_> = log.iter().map(|it| it.value.as_deref().unwrap()).collect();
    assert_eq!(values, [b"xab", b"yab", b"zab"]);
    assert_eq!(told.load(Ordering::Relaxed), 3);
}

struct Elsewhere;

impl ProducerInterceptor for Elsewhere {
    fn on_send<'a>(&self, record: Record<'a>) -> Record<'a> {
        assert_eq!(record.topic(), "t", "by a handle, too");
        Record::to("audit").maybe_value(record.value_bytes().map(<[u8]>::to_vec))
    }
}

#[tokio::test(start_paused = true)]
async fn an_interceptor_may_send_a_record_elsewhere() {
    let cluster = cluster();
    let producer = builder(&cluster).interceptor(Elsewhere).build().unwrap();
    let sent = producer.send(to_t("1")).await.unwrap();
    assert_eq!(&*sent.topic, "audit");
    let topic = producer.topic("t").await.unwrap();
    let sent = topic.send(Record::new().value("2")).await.unwrap();
    assert_eq!((&*sent.topic, sent.offset), ("audit", Some(1)));
    assert!(cluster.log("t", 0).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_each_outcome_before_flush_returns() {
    let cluster = cluster();
    let refused = Action::Error(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    let fault = Fault::on(ApiKey::Produce).nth(2).then(refused);
    cluster.faults().add(fault);
    let seen: Arc<Mutex<Vec<SettledBatch>>> = Arc::default();
    let all = Arc::clone(&seen);
    let producer = builder(&cluster)
        .on_settled(move |batch| all.lock().unwrap().push(batch.clone()))
        .build()
        .unwrap();
    for values in [2, 3] {
        for _ in 0..values {
            drop(producer.enqueue(to_t("v")).await.unwrap());
        }
        let report = producer.flush().await;
        assert_eq!(report.is_complete(), values == 2, "{report:?}");
    }
    let seen = seen.lock().unwrap();
    let [written, failed] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!((&*written.topic, written.partition), ("t", 0));
    assert_eq!(written.records, 2);
    assert!(matches!(written.outcome, Ok(Some(0))), "{written:?}");
    assert_eq!(failed.records, 3);
    let error = failed.outcome.as_ref().unwrap_err();
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
}

/// Calls whatever there is to call, wherever it is called.
#[derive(Default)]
struct Restless {
    producer: Arc<OnceLock<Producer>>,
    calls: Arc<AtomicU64>,
}

impl Restless {
    fn call_back(&self) {
        let Some(producer) = self.producer.get() else {
            return;
        };
        self.calls.fetch_add(1, Ordering::Relaxed);
        let wait = futures::executor::block_on::<futures::future::BoxFuture<'_, ()>>;
        wait(Box::pin(async {
            let error = producer.send(to_t("w")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            let error = producer.topic("unknown").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            let report = producer.flush().await;
            assert!(report.into_result().is_err());
        }));
        let _ = producer.metrics();
        producer.purge(false);
        let other = producer.clone();
        tokio::spawn(async move { other.flush().await.into_result() });
    }
}

impl ProducerInterceptor for Restless {
    fn on_send<'a>(&self, record: Record<'a>) -> Record<'a> {
        self.call_back();
        if let Some(producer) = self.producer.get() {
            drop(
                producer
                    .try_enqueue(Record::to("audit").value("seen"))
                    .unwrap(),
            );
        }
        record
    }

    fn on_acknowledgement(&self, batch: &SettledBatch) {
        if &*batch.topic == "t" {
            self.call_back();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_interceptor_that_calls_the_producer_hangs_nothing() {
    let cluster = cluster();
    let (producer, calls) = (Arc::new(OnceLock::new()), Arc::new(AtomicU64::new(0)));
    let restless = Restless {
        producer: Arc::clone(&producer),
        calls: Arc::clone(&calls),
    };
    let built = builder(&cluster).interceptor(restless).build().unwrap();
    built
        .send(Record::to("audit").value("first"))
        .await
        .unwrap();
    producer.set(built.clone()).unwrap();
    let sent = tokio::time::timeout(LONG, built.send(to_t("v"))).await;
    assert_eq!(sent.unwrap().unwrap().offset, Some(0));
    // Once before the record was placed, and once when it was written.
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    let closed = tokio::time::timeout(LONG, built.close(LONG)).await;
    assert!(closed.is_ok());
}

struct Closes(Arc<OnceLock<Producer>>);

impl ProducerInterceptor for Closes {
    fn on_acknowledgement(&self, batch: &SettledBatch) {
        if batch.outcome.is_ok() {
            let producer = self.0.get().unwrap();
            drop(futures::executor::block_on(producer.close(LONG)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_producer_closed_inside_an_interceptor_gives_up_the_rest_at_once() {
    let cluster = cluster();
    let handle = Arc::new(OnceLock::new());
    let closes = Closes(Arc::clone(&handle));
    let producer = builder(&cluster).interceptor(closes).build().unwrap();
    handle.set(producer.clone()).unwrap();
    let began = tokio::time::Instant::now();
    producer.send(to_t("v")).await.unwrap();
    let error = producer.enqueue(to_t("late")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_of_a_close_has_what_an_observer_is_just_being_told() {
    let cluster = cluster();
    let (entered, told) = std::sync::mpsc::channel();
    let slow = move |batch: &SettledBatch| {
        entered.send(batch.records).unwrap();
        std::thread::sleep(Duration::from_millis(300));
    };
    let producer = builder(&cluster).on_settled(slow).build().unwrap();
    drop(producer.enqueue(to_t("v")).await.unwrap());
    let records = tokio::task::spawn_blocking(move || told.recv_timeout(LONG));
    assert_eq!(records.await.unwrap(), Ok(1));
    let report = producer.close(Duration::ZERO).await;
    assert_eq!((report.written, report.unknown), (1, 0), "{report:?}");
}
