//! Calls that ask the cluster: they end in time, and their answers are what happened.

use std::io;
use std::sync::{Arc, Mutex};

use futures::executor::block_on;
use tidewire::mock::{Action, Fault};
use tidewire::protocol::ApiKey;
use tidewire::protocol::frame::encode_response;
use tidewire::protocol::offset_fetch::OffsetFetchResponse;
use tidewire::{
    BrokerId, CorrelationId, ErrorCode, ErrorKind, LeaderEpoch, NewTopic, OffsetAndMetadata,
    Record, StartAt,
};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::committing::markers;
use crate::groups::write;
use crate::support::{
    at, client, cluster, connect, consumer, ms, numbers, read, secs, timed, within,
};

#[tokio::test(start_paused = true)]
async fn case_117_a_call_ends_in_time_while_its_broker_wants_quiet() {
    let cluster = cluster().brokers(1).build();
    let limited = client(&cluster).default_api_timeout(secs(10));
    let client = limited.connect().await.unwrap();
    let pause = Action::Throttle(secs(100));
    let first = Fault::on(ApiKey::Metadata).nth(1).then(pause);
    cluster.faults().add(first);
    client.admin().list_topics().await.unwrap();
    let start = Instant::now();
    let error = client.admin().list_topics().await.unwrap_err();
    assert_eq!(start.elapsed(), secs(10), "{error}");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.broker_id(), Some(BrokerId(1)));
    assert!(error.to_string().contains("throttles"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_call_in_a_hurry_leaves_the_connection_to_those_who_are_not() {
    let cluster = cluster().brokers(1).build();
    let hurried = client(&cluster).default_api_timeout(secs(1));
    let client = hurried.connect().await.unwrap();
    let slow = Fault::on(ApiKey::Metadata)
        .nth(1)
        .then(Action::ApplyThenDelay(secs(3)));
    cluster.faults().add(slow);
    let error = client.admin().list_topics().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("Metadata"), "{error}");
    tokio::time::sleep(secs(3)).await;
    client.admin().list_topics().await.unwrap();
    let connections: Vec<u64> = cluster
        .history()
        .iter()
        .rev()
        .take(2)
        .map(|request| request.connection)
        .collect();
    assert_eq!(connections.first(), connections.last());
}

#[tokio::test(start_paused = true)]
async fn offsets_of_a_partition_that_is_not_there_are_refused_soon() {
    let cluster = cluster().topic("t", 2).build();
    let client = connect(&cluster).await;
    let consumer = consumer(&client, 2).build().await.unwrap();
    let (asked, took) = timed(secs(60), consumer.end_offsets([at(2)])).await;
    let error = asked.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert_eq!((error.topic(), error.partition()), (Some("t"), Some(2)));
    assert!(error.to_string().contains("the topic has 2"), "{error}");
    assert!(took <= ms(1_100), "{took:?}");
    // One that is new is found, however old the client's picture.
    cluster.add_partitions("t", 4).unwrap();
    let found = within(secs(1), consumer.end_offsets([at(3)])).await;
    assert_eq!(found.unwrap().get(&at(3)), Some(&0));
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_cannot_be_described_is_listed_all_the_same() {
    let cluster = cluster().topic("t", 2).topic("u", 1).build();
    let client = connect(&cluster).await;
    let code = ErrorCode::LEADER_NOT_AVAILABLE;
    let fault = Fault::on(ApiKey::Metadata).then(Action::Error(code));
    cluster.faults().add(fault);
    let listed = client.admin().list_topics().await.unwrap();
    let names: Vec<&str> = listed.iter().map(|topic| &*topic.name).collect();
    assert_eq!(names, ["t", "u"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_an_error_as_a_whole_is_not_taken_for_an_empty_cluster() {
    let cluster = cluster().topic("t", 2).build();
    let limited = client(&cluster).default_api_timeout(secs(5));
    let client = limited.connect().await.unwrap();
    let code = ErrorCode::REBOOTSTRAP_REQUIRED;
    let no = Fault::on(ApiKey::Metadata).then(Action::Error(code));
    cluster.faults().add(no);
    let admin = client.admin();
    assert_eq!(admin.list_topics().await.unwrap_err().code(), Some(code));
    let described = admin.describe_topics(["t"]).await;
    assert_eq!(described.unwrap_err().code(), Some(code));
    let described = admin.describe_cluster().await;
    assert_eq!(described.unwrap_err().code(), Some(code));
}

#[tokio::test(start_paused = true)]
async fn a_topic_is_described_as_soon_as_a_lagging_broker_knows_of_it() {
    let cluster = cluster().topic("t", 2).build();
    let client = connect(&cluster).await;
    for code in [
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::LEADER_NOT_AVAILABLE,
    ] {
        let lags = Fault::on(ApiKey::Metadata).topic("t").times(2);
        cluster.faults().add(lags.then(Action::Error(code)));
        let admin = client.admin();
        let described = admin.describe_topics(["t", "nosuch"]);
        let (described, took) = timed(secs(2), described).await;
        let described = described.unwrap();
        assert_eq!(described[0].as_ref().unwrap().partitions.len(), 2);
        let code = described[1].as_ref().unwrap_err().code();
        assert_eq!(code, Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
        assert!(took <= ms(1_100), "{took:?}");
    }
    let (_, took) = timed(secs(2), client.admin().describe_topics(["t"])).await;
    assert!(took <= ms(10), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn the_coordinator_of_a_group_is_where_it_is_now() {
    let cluster = cluster().build();
    let client = connect(&cluster).await;
    let admin = client.admin();
    let first = admin.group_coordinator("g").await.unwrap();
    assert_eq!(Some(first), cluster.coordinator("g"));
    cluster.kill_broker(first);
    let second = within(secs(60), admin.group_coordinator("g")).await;
    assert_eq!(Some(second.unwrap()), cluster.coordinator("g"));
}

#[tokio::test(start_paused = true)]
async fn a_time_is_found_with_the_record_that_is_there() {
    // The last version of a broker that tells no leader epoch, and what brokers speak now.
    for (version, knows_epochs) in [(3, false), (11, true)] {
        let cluster = cluster().api_versions_cap(ApiKey::ListOffsets, version);
        let cluster = cluster.topic("t", 1).build();
        let client = connect(&cluster).await;
        let producer = client.producer().build().unwrap();
        let send = |time| producer.send(Record::to("t").timestamp(time).value("v"));
        within(secs(5), send(1_000)).await.unwrap();
        let mut next = cluster.brokers().into_iter();
        let next = next.find(|id| Some(*id) != cluster.leader("t", 0));
        cluster.move_leader("t", 0, next.unwrap()).unwrap();
        within(secs(5), send(3_000)).await.unwrap();
        let consumer = client.consumer().build().await.unwrap();
        let find = async |time| {
            let found = within(secs(5), consumer.offsets_for_times([(at(0), time)])).await;
            found.unwrap()[&at(0)]
        };
        let (first, second) = (find(-5).await.unwrap(), find(1_001).await.unwrap());
        assert_eq!((first.offset, first.timestamp_ms), (0, 1_000));
        assert_eq!((second.offset, second.timestamp_ms), (1, 3_000));
        let epochs = [first.leader_epoch, second.leader_epoch];
        match knows_epochs {
            true => assert_eq!(epochs, [Some(LeaderEpoch(0)), Some(LeaderEpoch(1))]),
            false => assert_eq!(epochs, [None; 2]),
        }
        assert_eq!(find(3_001).await, None);
    }
}

/// To find a timestamp a broker may have to read for seconds.
#[tokio::test(start_paused = true)]
async fn a_slow_look_up_of_a_timestamp_holds_up_no_commit_and_no_metadata() {
    let cluster = cluster().brokers(1).topic("t", 1).build();
    let client = connect(&cluster).await;
    let group = client.consumer().group("g");
    let consumer = group.assign([(at(0), StartAt::Beginning)]).build();
    let consumer = consumer.await.unwrap();
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 0);
    let slow = Fault::on(ApiKey::ListOffsets).then(Action::Delay(secs(20)));
    cluster.faults().add(slow);
    let looking = async {
        let times = consumer.offsets_for_times([(at(0), 5)]);
        let (found, took) = timed(secs(30), times).await;
        assert!(found.unwrap()[&at(0)].is_none() && took >= secs(20));
    };
    let others = async {
        tokio::time::sleep(secs(1)).await;
        let commit = consumer.commit_offsets([(at(0), 0.into())]);
        within(secs(1), commit).await.unwrap();
        let admin = client.admin();
        let described = admin.describe_topics(["t"]);
        within(secs(1), described).await.unwrap();
    };
    tokio::join!(looking, others);
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_was_lost_counts_as_made() {
    let cluster = cluster().topic("there", 1).build();
    let client = connect(&cluster).await;
    let admin = client.admin();
    let exists = ErrorCode::TOPIC_ALREADY_EXISTS;
    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    for lost in [false, true] {
        if lost {
            for api in [ApiKey::CreateTopics, ApiKey::DeleteTopics] {
                let lose = Fault::on(api).nth(1).then(Action::ApplyThenDisconnect);
                cluster.faults().add(lose);
            }
        }
        let made = admin.create_topics([NewTopic::new("new")]).await.unwrap();
        assert!(made[0].is_ok(), "{made:?}");
        let again = admin.create_topics([NewTopic::new("there")]).await.unwrap();
        assert_eq!(again[0].as_ref().unwrap_err().code(), Some(exists));
        let gone = admin.delete_topics(["new"]).await.unwrap();
        assert!(gone[0].is_ok(), "{gone:?}");
        let again = admin.delete_topics(["new"]).await.unwrap();
        assert_eq!(again[0].as_ref().unwrap_err().code(), Some(unknown));
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_over_a_quota_is_asked_for_again_and_alone() {
    let cluster = cluster().build();
    let limited = client(&cluster).default_api_timeout(secs(5));
    let client = limited.connect().await.unwrap();
    let code = ErrorCode::THROTTLING_QUOTA_EXCEEDED;
    let over = Fault::on(ApiKey::CreateTopics).topic("b").times(2);
    cluster.faults().add(over.then(Action::Error(code)));
    let wanted = || ["a", "b"].map(NewTopic::new);
    let made = client.admin().create_topics(wanted()).await.unwrap();
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    assert_eq!(cluster.requests(ApiKey::CreateTopics), 3);
    // If it lasts, the others' outcomes are told beside it.
    let over = Fault::on(ApiKey::DeleteTopics).topic("b");
    cluster.faults().add(over.then(Action::Error(code)));
    let (gone, took) = timed(secs(5), client.admin().delete_topics(["a", "b"])).await;
    let gone = gone.unwrap();
    assert!(gone[0].is_ok() && took >= secs(2), "{gone:?}");
    assert_eq!(gone[1].as_ref().unwrap_err().code(), Some(code));
}

#[test]
fn outside_a_runtime_everything_is_an_error_and_nothing_a_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let entered = runtime.enter();
    let cluster = cluster().topic("t", 1).build();
    drop(entered);
    let refused = |error: tidewire::Error| {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("tokio runtime"), "{error}");
    };
    refused(block_on(client(&cluster).connect()).unwrap_err());
    let unconnected = client(&cluster).build().unwrap();
    let connected = runtime.block_on(connect(&cluster));
    for client in [unconnected, connected] {
        let made = block_on(client.consumer().build());
        refused(made.unwrap_err());
        refused(block_on(consumer(&client, 1).build()).unwrap_err());
        refused(block_on(client.admin().list_topics()).unwrap_err());
        let topics = [NewTopic::new("u")];
        refused(block_on(client.admin().create_topics(topics)).unwrap_err());
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_configuration_turned_up_is_said_once_per_client() {
    let cluster = cluster().topic("t", 1).build();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    let said = tracing::subscriber::set_default(subscriber);
    let odd = client(&cluster).property("key.serializer", "any");
    let client = odd.connect().await.unwrap();
    let producers = [(); 2].map(|()| client.producer().build().unwrap());
    let consumer = consumer(&client, 1).build().await.unwrap();
    drop((producers, consumer, said));
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.matches("key.serializer").count(), 1, "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_client_leaves_no_connection() {
    let cluster = cluster().topic("t", 3).build();
    let client = connect(&cluster).await;
    let admin = client.admin();
    admin.list_topics().await.unwrap();
    // One call hangs, and the metadata task has one of its own.
    for broker in cluster.brokers() {
        cluster.pause_broker(broker);
    }
    let hung = tokio::time::timeout(secs(5), admin.create_topics([NewTopic::new("u")]));
    hung.await.unwrap_err();
    drop((client, admin));
    for broker in cluster.brokers() {
        cluster.resume_broker(broker);
    }
    tokio::time::sleep(ms(900)).await;
    let alive = Handle::current().metrics().num_alive_tasks();
    assert_eq!(alive, 0, "connections are left");
}

#[tokio::test(start_paused = true)]
async fn case_96_of_a_partition_that_an_answer_repeats_the_first_word_counts() {
    let builder = cluster().brokers(1).topic("t", 1);
    let cluster = builder.api_versions_cap(ApiKey::Fetch, 11).build();
    let client = connect(&cluster).await;
    write(&client, 0, numbers(10)).await;
    let repeats = Fault::on(ApiKey::Fetch).nth(1).then(markers(&[3, 7, 1]));
    let repeats = cluster.faults().add(repeats);
    let consumer = consumer(&client, 1).build().await.unwrap();
    let all = within(secs(2), read(&consumer, 6)).await;
    assert_eq!(cluster.faults().fired(repeats), 1);
    let read: Vec<i64> = all.iter().map(|record| record.offset).collect();
    assert_eq!(read, [4, 5, 6, 7, 8, 9]);
}

#[tokio::test(start_paused = true)]
async fn case_73_an_answer_that_omits_a_partition_does_not_say_that_nothing_is_committed() {
    let builder = cluster().topic("t", 1);
    let cluster = builder.api_versions_cap(ApiKey::OffsetFetch, 7).build();
    let client = connect(&cluster).await;
    write(&client, 0, numbers(5)).await;
    let by_hand = || {
        let assigned = [(at(0), StartAt::Committed)];
        let builder = client.consumer().group("g").assign(assigned);
        builder.property("auto.offset.reset", "earliest")
    };
    let first = by_hand().build().await.unwrap();
    let three = [(at(0), OffsetAndMetadata::new(3))];
    within(secs(2), first.commit_offsets(three)).await.unwrap();
    drop(first);
    let frame = encode_response(CorrelationId(0), &OffsetFetchResponse::default(), 7).unwrap();
    // Without the length and the correlation id, which the mock writes.
    let omits = Action::Garbage(frame.into_bytes().slice(8..));
    let omits = Fault::on(ApiKey::OffsetFetch).times(3).then(omits);
    let omits = cluster.faults().add(omits);
    let second = by_hand().build().await.unwrap();
    let all = within(secs(10), read(&second, 2)).await;
    assert_eq!(cluster.faults().fired(omits), 3);
    assert_eq!((all[0].offset, all.len()), (3, 2));
}
