//! Configuration by name, as users meet it: what is accepted, what is refused and in which words.

use std::time::Duration;

use tidewire::ErrorKind;
use tidewire::config::{
    Acks, AssignorKind, ClientConfig, Codec, Compression, ConsumerConfig, HostPort, IsolationLevel,
    Notice, NoticeKind, OffsetReset, Origin, PartitionerKind, ProducerConfig, Properties, Role,
};

fn local() -> ClientConfig {
    let mut client = ClientConfig::default();
    client.set_bootstrap_servers(vec![HostPort::new("localhost", 9092)]);
    client
}

fn client(text: &str) -> Result<(ClientConfig, Vec<Notice>), String> {
    let mut properties: Properties = [("bootstrap.servers", "localhost")].into_iter().collect();
    properties.extend(Properties::parse(text).unwrap());
    ClientConfig::from_properties(&properties).map_err(message)
}

fn producer(text: &str) -> Result<(ProducerConfig, Vec<Notice>), String> {
    let properties = Properties::parse(text).unwrap();
    let (client, _) = client(text)?;
    ProducerConfig::from_properties(&properties, &client).map_err(message)
}

fn consumer(text: &str) -> Result<(ConsumerConfig, Vec<Notice>), String> {
    let properties = Properties::parse(text).unwrap();
    ConsumerConfig::from_properties(&properties, &local()).map_err(message)
}

fn message(error: tidewire::Error) -> String {
    assert_eq!(error.kind(), ErrorKind::Config);
    error.to_string()
}

fn said(notices: &[Notice]) -> Vec<String> {
    notices.iter().map(ToString::to_string).collect()
}

#[test]
fn known_properties_are_set_under_every_name() {
    let (config, notices) = client(
        "metadata.broker.list = a:1, [::1]:2\nsocket.timeout.ms=1000\nclient.id= me \n\
         socket.send.buffer.bytes=4096\nmetadata.recovery.strategy=NONE\nconnections.max.idle.ms=-1",
    )
    .unwrap();
    assert_eq!(
        config.bootstrap_servers,
        [HostPort::new("a", 1), HostPort::new("::1", 2)]
    );
    assert_eq!(config.request_timeout, Duration::from_secs(1));
    assert_eq!(config.client_id, "me");
    assert_eq!(
        (config.send_buffer, config.receive_buffer),
        (Some(4096), None)
    );
    assert_eq!(config.connections_max_idle, None);
    assert_eq!(notices, []);

    let (config, notices) = producer(
        "queue.buffering.max.ms=7\nqueue.buffering.max.kbytes=64\nmessage.timeout.ms=200000\n\
         message.send.max.retries=3\nrequest.required.acks=-1\npartitioner=murmur2_random\n\
         max.in.flight=2\ncompression.codec=lz4\nbatch.size=0\nmessage.max.bytes=5000",
    )
    .unwrap();
    assert_eq!(config.linger, Duration::from_millis(7));
    assert_eq!(config.buffer_memory, 65_536);
    assert_eq!(config.delivery_timeout, Duration::from_secs(200));
    assert_eq!((config.retries, config.max_in_flight), (3, 2));
    assert_eq!((config.acks, config.enable_idempotence), (Acks::All, true));
    assert_eq!(config.partitioner, PartitionerKind::Murmur2Random);
    assert_eq!(config.compression, Compression::Lz4);
    assert_eq!(
        (config.batch_size, config.max_request_size),
        (Some(0), 5000)
    );
    assert_eq!(notices, []);

    let (config, notices) = consumer(
        "auto.offset.reset=smallest\nfetch.wait.max.ms=10\nfetch.message.max.bytes=2048\n\
         queued.max.messages.kbytes=1\nisolation.level=read_committed\nmax.poll.records=10\n\
         partition.assignment.strategy=cooperative-sticky, \
         org.apache.kafka.clients.consumer.RangeAssignor\nauto.commit.enable=false",
    )
    .unwrap();
    assert_eq!(config.auto_offset_reset, OffsetReset::Earliest);
    assert_eq!(config.fetch_max_wait, Duration::from_millis(10));
    assert_eq!(
        (config.max_partition_fetch_bytes, config.prefetch_memory),
        (2048, 1024)
    );
    assert_eq!(config.isolation_level, IsolationLevel::ReadCommitted);
    assert_eq!(config.max_poll_records, Some(10));
    let assignors = [AssignorKind::CooperativeSticky, AssignorKind::Range];
    assert_eq!(config.partition_assignment_strategy, assignors);
    assert!(!config.enable_auto_commit);
    assert_eq!(notices, []);
}

#[test]
fn the_last_value_counts_and_only_it_is_checked() {
    let text = "linger.ms=x\nqueue.buffering.max.ms=1\nlinger.ms=2\nsecurity.protocol=SSL\n\
                security.protocol=plaintext";
    assert_eq!(producer(text).unwrap().0.linger, Duration::from_millis(2));
    let error = producer("linger.ms=2\nqueue.buffering.max.ms=x").unwrap_err();
    assert!(
        error.starts_with("queue.buffering.max.ms=x (line 2): "),
        "{error}"
    );
}

#[test]
fn what_has_no_meaning_here_is_accepted_and_said_by_its_role() {
    let text = "key.serializer=a.b.C\nvalue.deserializer=D\nstatistics.interval.ms=5000\ndebug=all";
    let (_, notices) = client(text).unwrap();
    assert_eq!(said(&notices).len(), 2);
    assert_eq!(
        notices[0].to_string(),
        "statistics.interval.ms (line 3): it has no meaning here: this client keeps no JMX-style \
         metrics"
    );
    let (_, notices) = producer(text).unwrap();
    assert_eq!(
        (notices[0].kind, notices[0].key.as_str()),
        (NoticeKind::Meaningless, "key.serializer")
    );
    assert_eq!(notices.len(), 1);
    assert_eq!(consumer(text).unwrap().1.len(), 1);
}

#[test]
fn another_roles_property_is_ignored_in_a_file_and_said_of_a_flag() {
    let mut properties = Properties::parse("fetch.min.bytes=oops\ngroup.id=g").unwrap();
    let (_, notices) = ProducerConfig::from_properties(&properties, &local()).unwrap();
    assert_eq!(notices, []);
    assert_eq!(properties.unused_by(&[Role::Producer]), []);
    properties.push_flag("fetch.min.bytes=5").unwrap();
    properties.push_flag("linger.ms=5").unwrap();
    properties.push_flag("client.id=x").unwrap();
    let unused = properties.unused_by(&[Role::Producer]);
    let expected =
        "fetch.min.bytes (from the command line): it is for a consumer, so it has no effect";
    assert_eq!(said(&unused), [expected]);
    assert_eq!(unused[0].kind, NoticeKind::OtherRole);
    assert_eq!(properties.unused_by(&[]).len(), 2);
    assert_eq!(properties.unused_by(&[Role::Consumer, Role::Producer]), []);
}

#[test]
fn what_is_not_built_yet_is_refused_and_never_ignored() {
    for text in [
        "security.protocol=SSL",
        "security.protocol=SASL_SSL",
        "sasl.mechanism=PLAIN",
        "sasl.mechanisms=PLAIN",
        "ssl.truststore.location=/x",
        "ssl.endpoint.identification.algorithm=",
        "enable.metrics.push=true",
        "interceptor.classes=a.B",
        "config.providers=vault",
        "config.providers.vault.class=a.B",
        "client.dns.lookup=resolve_canonical_bootstrap_servers_only",
        "broker.address.family=v6",
    ] {
        let error = client(text).unwrap_err();
        assert!(error.contains("not built yet"), "{text}: {error}");
    }
    for text in [
        "transactional.id=t",
        "queuing.strategy=lifo",
        "compression.lz4.level=12",
    ] {
        let error = producer(text).unwrap_err();
        assert!(error.contains("not built yet"), "{text}: {error}");
    }
    let error = client("security.protocol=SASL_SSL").unwrap_err();
    let expected = "security.protocol=SASL_SSL (line 1): this is not built yet; only plaintext is";
    assert_eq!(error, expected);
}

#[test]
fn values_that_ask_for_nothing_pass() {
    client("security.protocol=PLAINTEXT\nenable.metrics.push=false\nclient.dns.lookup=use_all_dns_ips\n\
            interceptor.classes=\nbroker.address.family=any\nsocket.nagle.disable=true").unwrap();
    producer("compression.lz4.level=9\nqueuing.strategy=fifo").unwrap();
    consumer(
        "group.protocol=classic\nexclude.internal.topics=true\n\
              enable.auto.offset.store=true",
    )
    .unwrap();
}

#[test]
fn values_are_checked_even_where_all_are_refused() {
    let error = client("security.protocol=tls").unwrap_err();
    assert!(
        error.ends_with("it must be plaintext, ssl, sasl_plaintext or sasl_ssl"),
        "{error}"
    );
    let error = consumer("group.id=").unwrap_err();
    assert!(
        error.ends_with("it must be text that is not empty"),
        "{error}"
    );
    let error = consumer("group.protocol=raft").unwrap_err();
    assert!(error.ends_with("it must be classic or consumer"), "{error}");
}

#[test]
fn an_unknown_partitioner_is_refused_with_the_list_and_what_to_do_instead() {
    const LIST: &str = "it must be default, round_robin, consistent_random, consistent, murmur2, \
                        murmur2_random, fnv1a, fnv1a_random or random";
    let error = producer("partitioner=crc32").unwrap_err();
    assert_eq!(error, format!("partitioner=crc32 (line 1): {LIST}"));
    let error = producer("partitioner.class=com.acme.ByTenant").unwrap_err();
    assert!(error.contains(LIST), "{error}");
    assert!(error.ends_with("; a partitioner of your own is a Partitioner, set in code"));
    // Java 4.0 has it no more.
    let gone = "partitioner.class=org.apache.kafka.clients.producer.UniformStickyPartitioner";
    let error = producer(gone).unwrap_err();
    assert!(
        error.ends_with("set partitioner.ignore.keys=true (KIP-794)"),
        "{error}"
    );
}

#[test]
fn keys_are_ignored_by_the_default_partitioner_alone() {
    let (config, notices) = producer("partitioner.ignore.keys=true").unwrap();
    assert!(config.partitioner_ignore_keys && notices.is_empty());
    let text = "partitioner=murmur2_random\npartitioner.ignore.keys=true";
    let (config, notices) = producer(text).unwrap();
    assert!(!config.partitioner_ignore_keys);
    let expected = "partitioner.ignore.keys=true (line 2): it has no effect with the partitioner \
                    murmur2_random";
    assert_eq!(said(&notices), [expected]);
    assert_eq!(notices[0].kind, NoticeKind::Adapted);
}

#[test]
fn brokers_are_kept_away_from_only_where_the_choice_is_adaptive() {
    let timeout = "partitioner.availability.timeout.ms=50";
    let (config, notices) = producer(timeout).unwrap();
    let kept = config.partitioner_availability_timeout;
    assert!(kept.as_millis() == 50 && config.partitioner_adaptive && notices.is_empty());
    for (other, why) in [
        (
            "partitioner.adaptive.partitioning.enable=false",
            "without partitioner.adaptive.partitioning.enable",
        ),
        (
            "partitioner=round_robin",
            "with the partitioner round_robin",
        ),
    ] {
        let (config, notices) = producer(&format!("{timeout}\n{other}")).unwrap();
        assert!(config.partitioner_availability_timeout.is_zero());
        let expected = format!("{timeout} (line 1): it has no effect {why}");
        assert_eq!(said(&notices), [expected]);
        assert_eq!(notices[0].kind, NoticeKind::Adapted);
    }
}

#[test]
fn an_unknown_name_is_refused_by_every_role_with_the_nearest_right_one() {
    let text = "linger.msec=5";
    let expected = "linger.msec (line 1): there is no such property; did you mean linger.ms?";
    assert_eq!(client(text).unwrap_err(), expected);
    assert_eq!(consumer(text).unwrap_err(), expected);
    let error = client("frobnicate=5").unwrap_err();
    assert_eq!(error, "frobnicate (line 1): there is no such property");
}

#[test]
fn one_error_tells_all_problems_and_where_each_came_from() {
    let mut properties = Properties::parse("linger.ms=soon\n\nacks=2").unwrap();
    properties.push_flag("retries=-1").unwrap();
    properties.push("delivery.timeout.ms", "5", Origin::Code);
    let error = ProducerConfig::from_properties(&properties, &local())
        .map_err(message)
        .unwrap_err();
    assert_eq!(
        error,
        "4 problems in the configuration:\n  \
         linger.ms=soon (line 1): it must be a number of milliseconds from 0 to \
         9223372036854775807\n  \
         acks=2 (line 3): it must be all, -1, 1 or 0\n  \
         retries=-1 (from the command line): it must be a number from 0 to 2147483647\n  \
         delivery.timeout.ms=5 (set in code): it must be at least linger.ms (5) and \
         request.timeout.ms (30000) together"
    );
}

#[test]
fn secrets_and_control_characters_stay_out_of_messages() {
    for text in [
        "sasl.password=hunter2",
        "ssl.key.password=hunter2",
        "sasl.pasword=hunter2",
        "basic.auth.user.info=hunter2",
        "sasl.jaas.config=hunter2",
    ] {
        assert!(!client(text).unwrap_err().contains("hunter2"), "{text}");
    }
    let error = producer("acks=\\u001b[31m\\u0000").unwrap_err();
    assert!(!error.contains(char::is_control), "{error:?}");
    let error = producer(&format!("acks={}", "é".repeat(100_000))).unwrap_err();
    assert!(error.len() < 300, "{}", error.len());
    let error = producer(&format!("{}=1", "ß".repeat(100_000))).unwrap_err();
    assert!(error.len() < 300, "{}", error.len());
}

#[test]
fn bootstrap_servers_are_needed_and_a_bad_one_is_named() {
    let error = ClientConfig::from_properties(&Properties::new())
        .map_err(message)
        .unwrap_err();
    assert!(error.starts_with("bootstrap.servers is not set"), "{error}");
    let error = client("bootstrap.servers=a:1,b:port").unwrap_err();
    assert!(error.contains("\"b:port\" has no valid port"), "{error}");
    assert!(error.contains("(line 1)"), "{error}");
    let error = client(&format!("bootstrap.servers={}:1:2", "a".repeat(100_000))).unwrap_err();
    assert!(error.len() < 400, "{}", error.len());
    let error = client("bootstrap.servers=SSL://a:1").unwrap_err();
    assert!(error.contains("not built yet"), "{error}");
}

#[test]
fn acks_or_no_retries_alone_turn_idempotence_off_with_one_notice() {
    for text in ["acks=1", "acks=0", "retries=0", "acks=1\nretries=0"] {
        let (config, notices) = producer(text).unwrap();
        assert!(!config.enable_idempotence, "{text}");
        assert_eq!(notices.len(), 1, "{text}: {notices:?}");
        assert_eq!(notices[0].kind, NoticeKind::Adapted);
    }
    for text in ["acks=all", "acks=-1", "retries=1", ""] {
        let (config, notices) = producer(text).unwrap();
        assert!(config.enable_idempotence && notices.is_empty(), "{text}");
    }
    let (config, notices) = producer("acks=1\nenable.idempotence=false").unwrap();
    assert!(!config.enable_idempotence && notices.is_empty());
}

#[test]
fn case_28_idempotence_together_with_what_it_cannot_work_with_is_refused() {
    for (text, needs) in [("acks=1", "acks=all"), ("retries=0", "retries")] {
        let error = producer(&format!("{text}\nenable.idempotence=true")).unwrap_err();
        assert_eq!(
            error,
            format!("{text} (line 1): enable.idempotence=true needs {needs}")
        );
    }
    let error = producer("max.in.flight.requests.per.connection=6").unwrap_err();
    assert!(error.contains("at most 5"), "{error}");
    producer("max.in.flight.requests.per.connection=5").unwrap();
    let (config, _) = producer("max.in.flight=1000000\nenable.idempotence=false").unwrap();
    assert_eq!(config.max_in_flight, 1_000_000);
    let (config, _) = producer("max.in.flight=6\nacks=1").unwrap();
    assert!(!config.enable_idempotence);
}

#[test]
fn the_delivery_timeout_covers_linger_and_one_request() {
    let error = producer("delivery.timeout.ms=30004").unwrap_err();
    assert!(
        error.contains("linger.ms (5) and request.timeout.ms (30000)"),
        "{error}"
    );
    producer("delivery.timeout.ms=30005").unwrap();
    producer("delivery.timeout.ms=1005\nrequest.timeout.ms=1000").unwrap();
    let (config, notices) = producer("request.timeout.ms=119995").unwrap();
    assert_eq!(
        (config.delivery_timeout, notices),
        (Duration::from_secs(120), vec![])
    );
    let (config, notices) = producer("request.timeout.ms=119996").unwrap();
    assert_eq!(config.delivery_timeout, Duration::from_millis(120_001));
    assert_eq!(notices.len(), 1);
}

#[test]
fn longest_waits_are_never_shorter_than_first_ones() {
    let (config, notices) = client("retry.backoff.ms=5000\nreconnect.backoff.ms=1000").unwrap();
    assert_eq!(config.retry_backoff_max, Duration::from_secs(5));
    assert_eq!(config.reconnect_backoff_max, Duration::from_secs(1));
    assert_eq!(
        said(&notices),
        ["retry.backoff.ms=5000 (line 1): retry.backoff.max.ms is raised to it"]
    );
    let (config, notices) = client("retry.backoff.ms=5000\nretry.backoff.max.ms=10").unwrap();
    assert_eq!(config.retry_backoff_max, Duration::from_millis(10));
    assert_eq!(notices.len(), 1);
    let (config, _) = client("request.timeout.ms=90000").unwrap();
    assert_eq!(config.default_api_timeout, Duration::from_secs(90));
    let (config, _) = client("request.timeout.ms=90000\ndefault.api.timeout.ms=1").unwrap();
    assert_eq!(config.default_api_timeout, Duration::from_millis(1));
}

#[test]
fn a_level_goes_to_the_codec_it_is_for() {
    let level = |text: &str| match producer(text).unwrap().0.compression {
        Compression::Gzip(level) => level.get(),
        Compression::Zstd(level) => level.get(),
        other => panic!("{other} has no level"),
    };
    assert_eq!(level("compression.type=gzip"), -1);
    assert_eq!(
        level("compression.type=gzip\ncompression.gzip.level=9\ncompression.zstd.level=1"),
        9
    );
    assert_eq!(level("compression.level=4\ncompression.codec=GZIP"), 4);
    assert_eq!(level("compression.level=-1\ncompression.type=gzip"), -1);
    let (config, notices) = producer("compression.gzip.level=9").unwrap();
    assert_eq!((config.compression, notices), (Compression::None, vec![]));
    let (config, notices) = producer("compression.type=snappy\ncompression.level=3").unwrap();
    assert_eq!(config.compression.codec(), Codec::Snappy);
    assert_eq!(
        said(&notices),
        ["compression.level=3 (line 2): it has no effect on snappy"]
    );
    for text in [
        "compression.type=gzip\ncompression.level=10",
        "compression.gzip.level=0",
        "compression.type=lz4\ncompression.level=5",
        "compression.type=inherit",
    ] {
        producer(text).unwrap_err();
    }
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_levels_reach_their_codec() {
    for (text, expected) in [
        ("", 3),
        ("compression.zstd.level=-131072", -131_072),
        ("compression.level=12", 12),
    ] {
        let (config, _) = producer(&format!("compression.type=zstd\n{text}")).unwrap();
        let Compression::Zstd(level) = config.compression else {
            panic!("{}", config.compression);
        };
        assert_eq!(level.get(), expected);
    }
}

#[test]
fn what_the_new_group_protocol_leaves_to_the_broker_is_refused() {
    let error = consumer(
        "group.protocol=consumer\nsession.timeout.ms=1\nheartbeat.interval.ms=2\n\
         partition.assignment.strategy=range",
    )
    .unwrap_err();
    for part in [
        "session.timeout.ms=1 (line 2): with group.protocol=consumer",
        "heartbeat.interval.ms=2 (line 3): with group.protocol=consumer",
        "partition.assignment.strategy=range (line 4): with group.protocol=consumer",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    consumer("group.protocol=consumer\ngroup.remote.assignor=uniform").unwrap();
    let error = consumer("group.remote.assignor=uniform").unwrap_err();
    assert!(
        error.contains("it needs group.protocol=consumer"),
        "{error}"
    );
    let error = consumer("heartbeat.interval.ms=45000").unwrap_err();
    assert!(
        error.contains("it must be less than session.timeout.ms (45000)"),
        "{error}"
    );
    consumer("heartbeat.interval.ms=44999").unwrap();
}

#[test]
fn a_consumer_without_a_group_commits_nothing() {
    assert!(!consumer("").unwrap().0.enable_auto_commit);
    let error = consumer("enable.auto.commit=true").unwrap_err();
    assert!(
        error.contains("there is no group.id to commit for"),
        "{error}"
    );
}

#[test]
fn a_fetch_must_fit_the_largest_response() {
    let properties = Properties::parse("fetch.max.bytes=1000000").unwrap();
    let mut client = local();
    client.set_receive_message_max(1_000_512);
    ConsumerConfig::from_properties(&properties, &client).unwrap();
    client.set_receive_message_max(1_000_511);
    let error = ConsumerConfig::from_properties(&properties, &client).unwrap_err();
    assert!(error.to_string().contains("at least 1000512"), "{error}");
}

#[test]
fn a_file_is_read_from_disk_to_config() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("client.properties");
    std::fs::write(
        &path,
        "# made by hand\nbootstrap.servers = a:1,\\\n   b:2\nretries: many\n",
    )
    .unwrap();
    let properties = Properties::from_file(&path).unwrap();
    let (client, _) = ClientConfig::from_properties(&properties).unwrap();
    assert_eq!(client.bootstrap_servers.len(), 2);
    let error = ProducerConfig::from_properties(&properties, &client)
        .unwrap_err()
        .to_string();
    let place = format!("retries=many ({} line 4): ", path.display());
    assert!(error.starts_with(&place), "{error}");
}

#[test]
fn a_clients_property_is_refused_where_it_would_have_no_effect() {
    let client = tidewire::Client::builder()
        .bootstrap_servers("localhost:9092")
        .property("request.timeout.ms", "1000")
        .build()
        .unwrap();
    client.producer().build().unwrap();
    let refused = client.producer().property("request.timeout.ms", "2000");
    let error = refused.build().unwrap_err();
    assert_eq!(error.kind(), tidewire::ErrorKind::Config);
    assert!(error.to_string().contains("Client::builder()"), "{error}");
}
