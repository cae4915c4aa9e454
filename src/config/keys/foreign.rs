//! Properties without a field: recognised, so that they can be refused or accepted on purpose.
//!
//! What asks for something that this client does not do yet is refused, since to ignore it would
//! change what a program does; values that ask for nothing pass. What has no meaning here is
//! accepted, so that existing files work, and said once.

use super::{Access, Class, Key, Kind, Role};

use Role::{Client, Consumer, Producer};

/// A property that is refused, except for these values.
const fn later(name: &'static str, role: Role, except: &'static [&'static str]) -> Key {
    let key = Key::new(name, Access::None, Kind::Any, "");
    key.of(role).not_built(except)
}

/// As [`later`], for true and false.
const fn later_flag(name: &'static str, role: Role, except: &'static [&'static str]) -> Key {
    let key = Key::new(name, Access::None, Kind::Flag, "");
    key.of(role).not_built(except)
}

/// As [`later`], for one of a few names.
const fn later_of(
    name: &'static str,
    role: Role,
    names: &'static [&'static str],
    except: &'static [&'static str],
) -> Key {
    let key = Key::new(name, Access::None, Kind::OneOf(names), "");
    key.of(role).not_built(except)
}

/// A property that has no meaning here, and why.
const fn idle(name: &'static str, role: Role, why: &'static str) -> Key {
    let mut key = Key::new(name, Access::None, Kind::Any, "").of(role);
    key.class = Class::Meaningless(why);
    key
}

const NOTHING: &[&str] = &[""];

pub(super) const NOT_BUILT: &[Key] = &[
    later("bootstrap.controllers", Client, NOTHING),
    later("bootstrap.resolve.timeout.ms", Client, &["0"]),
    later_flag("metadata.cluster.check.enable", Client, &["false"]),
    later("config.providers", Client, NOTHING),
    later("security.providers", Client, NOTHING),
    later("plugin.library.paths", Client, NOTHING),
    later("interceptors", Client, NOTHING),
    later("interceptor.classes", Client, NOTHING),
    later("topic.blacklist", Client, NOTHING),
    later_flag("socket.nagle.disable", Client, &["true"]),
    later_of(
        "broker.address.family",
        Client,
        &["any", "v4", "v6"],
        &["any"],
    ),
    // Producer
    later("transactional.id", Producer, &[]),
    later("transaction.timeout.ms", Producer, &[]),
    later_flag("transaction.two.phase.commit.enable", Producer, &["false"]),
    later_flag("enable.gapless.guarantee", Producer, &["false"]),
    later_flag("partitioner.rack.aware", Producer, &["false"]),
    later_of("queuing.strategy", Producer, &["fifo", "lifo"], &["fifo"]),
    // Consumer
    later_flag("exclude.internal.topics", Consumer, &["true"]),
    later_of(
        "offset.store.method",
        Consumer,
        &["none", "file", "broker"],
        &["broker"],
    ),
    later_of(
        "share.acknowledgement.mode",
        Consumer,
        &["implicit", "explicit"],
        &["implicit"],
    ),
    later_of(
        "share.acquire.mode",
        Consumer,
        &["batch_optimized", "record_limit"],
        &["batch_optimized"],
    ),
    // SASL
    later("sasl.mechanism", Client, &[]).alias(&["sasl.mechanisms"]),
    later("sasl.username", Client, &[]),
    later("sasl.password", Client, &[]),
    later("sasl.jaas.config", Client, &[]),
    later("sasl.client.callback.handler.class", Client, &[]),
    later("sasl.kerberos.keytab", Client, &[]),
    later("sasl.kerberos.kinit.cmd", Client, &[]),
    later("sasl.kerberos.min.time.before.relogin", Client, &[]),
    later("sasl.kerberos.principal", Client, &[]),
    later("sasl.kerberos.service.name", Client, &[]),
    later("sasl.kerberos.ticket.renew.jitter", Client, &[]),
    later("sasl.kerberos.ticket.renew.window.factor", Client, &[]),
    later("sasl.login.callback.handler.class", Client, &[]),
    later("sasl.login.class", Client, &[]),
    later("sasl.login.connect.timeout.ms", Client, &[]),
    later("sasl.login.read.timeout.ms", Client, &[]),
    later("sasl.login.refresh.buffer.seconds", Client, &[]),
    later("sasl.login.refresh.min.period.seconds", Client, &[]),
    later("sasl.login.refresh.window.factor", Client, &[]),
    later("sasl.login.refresh.window.jitter", Client, &[]),
    later("sasl.login.retry.backoff.max.ms", Client, &[]),
    later("sasl.login.retry.backoff.ms", Client, &[]),
    later("sasl.oauthbearer.assertion.algorithm", Client, &[]),
    later("sasl.oauthbearer.assertion.claim.aud", Client, &[]),
    later("sasl.oauthbearer.assertion.claim.exp.seconds", Client, &[]),
    later("sasl.oauthbearer.assertion.claim.iss", Client, &[]),
    later("sasl.oauthbearer.assertion.claim.jti.include", Client, &[]),
    later("sasl.oauthbearer.assertion.claim.nbf.seconds", Client, &[]),
    later("sasl.oauthbearer.assertion.claim.sub", Client, &[]),
    later("sasl.oauthbearer.assertion.file", Client, &[]),
    later("sasl.oauthbearer.assertion.private.key.file", Client, &[]),
    later(
        "sasl.oauthbearer.assertion.private.key.passphrase",
        Client,
        &[],
    ),
    later("sasl.oauthbearer.assertion.private.key.pem", Client, &[]),
    later("sasl.oauthbearer.assertion.template.file", Client, &[])
        .alias(&["sasl.oauthbearer.assertion.jwt.template.file"]),
    later("sasl.oauthbearer.client.credentials.client.id", Client, &[])
        .alias(&["sasl.oauthbearer.client.id"]),
    later(
        "sasl.oauthbearer.client.credentials.client.secret",
        Client,
        &[],
    )
    .alias(&["sasl.oauthbearer.client.secret"]),
    later("sasl.oauthbearer.clock.skew.seconds", Client, &[]),
    later("sasl.oauthbearer.config", Client, &[]),
    later("sasl.oauthbearer.expected.audience", Client, &[]),
    later("sasl.oauthbearer.expected.issuer", Client, &[]),
    later("sasl.oauthbearer.extensions", Client, &[]),
    later("sasl.oauthbearer.grant.type", Client, &[]),
    later("sasl.oauthbearer.header.urlencode", Client, &[]),
    later("sasl.oauthbearer.jwks.endpoint.refresh.ms", Client, &[]),
    later(
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
        Client,
        &[],
    ),
    later(
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms",
        Client,
        &[],
    ),
    later("sasl.oauthbearer.jwks.endpoint.url", Client, &[]),
    later("sasl.oauthbearer.jwt.retriever.class", Client, &[]),
    later("sasl.oauthbearer.jwt.validator.class", Client, &[]),
    later("sasl.oauthbearer.metadata.authentication.type", Client, &[]),
    later("sasl.oauthbearer.method", Client, &[]),
    later("sasl.oauthbearer.scope", Client, &[]),
    later("sasl.oauthbearer.scope.claim.name", Client, &[]),
    later("sasl.oauthbearer.sub.claim.name", Client, &[]),
    later("sasl.oauthbearer.token.endpoint.url", Client, &[]),
    later("enable.sasl.oauthbearer.unsecure.jwt", Client, &[]),
    later("oauthbearer_token_refresh_cb", Client, &[]),
    // TLS
    later("enable.ssl.certificate.verification", Client, &[]),
    later("https.ca.location", Client, &[]),
    later("https.ca.pem", Client, &[]),
    later("ssl.ca.certificate.stores", Client, &[]),
    later("ssl.ca.location", Client, &[]),
    later("ssl.ca.pem", Client, &[]),
    later("ssl_ca", Client, &[]),
    later("ssl.certificate.location", Client, &[]),
    later("ssl.certificate.pem", Client, &[]),
    later("ssl.certificate.verify_cb", Client, &[]),
    later("ssl_certificate", Client, &[]),
    later("ssl.cipher.suites", Client, &[]),
    later("ssl.crl.location", Client, &[]),
    later("ssl.curves.list", Client, &[]),
    later("ssl.enabled.protocols", Client, &[]),
    later("ssl.endpoint.identification.algorithm", Client, &[]),
    later("ssl.engine.factory.class", Client, &[]),
    later("ssl.engine.id", Client, &[]),
    later("ssl.engine.location", Client, &[]),
    later("ssl_engine_callback_data", Client, &[]),
    later("ssl.key.location", Client, &[]),
    later("ssl.key.password", Client, &[]),
    later("ssl.key.pem", Client, &[]),
    later("ssl_key", Client, &[]),
    later("ssl.keymanager.algorithm", Client, &[]),
    later("ssl.keystore.certificate.chain", Client, &[]),
    later("ssl.keystore.key", Client, &[]),
    later("ssl.keystore.location", Client, &[]),
    later("ssl.keystore.password", Client, &[]),
    later("ssl.keystore.type", Client, &[]),
    later("ssl.protocol", Client, &[]),
    later("ssl.provider", Client, &[]),
    later("ssl.providers", Client, &[]),
    later("ssl.secure.random.implementation", Client, &[]),
    later("ssl.sigalgs.list", Client, &[]),
    later("ssl.trustmanager.algorithm", Client, &[]),
    later("ssl.truststore.certificates", Client, &[]),
    later("ssl.truststore.location", Client, &[]),
    later("ssl.truststore.password", Client, &[]),
    later("ssl.truststore.type", Client, &[]),
];

const METRICS: &str = "this client keeps no JMX-style metrics";
const TYPES: &str = "keys and values are bytes; the program turns its types into them";
const LOGS: &str = "this client logs through the tracing crate, which has its own filters";
const CALLBACK: &str = "callbacks are set in code";
const BY_BYTES: &str = "memory is limited in bytes, not in records";
const VERSIONS: &str = "every broker since 2.1 tells its versions, which is always asked";
const OLD: &str = "librdkafka no longer uses it either";
const BUILT_IN: &str = "it is fixed in this client";
const AT_ONCE: &str = "the bootstrap servers are asked as soon as no known broker answers";
const NO_FILES: &str = "offsets are kept by the broker only";

pub(super) const MEANINGLESS: &[Key] = &[
    idle("metric.reporters", Client, METRICS),
    idle("auto.include.jmx.reporter", Client, METRICS),
    idle("metrics.num.samples", Client, METRICS),
    idle("metrics.recording.level", Client, METRICS),
    idle("metrics.sample.window.ms", Client, METRICS),
    idle("statistics.interval.ms", Client, METRICS),
    idle(
        "socket.keepalive.enable",
        Client,
        "always on, after 60 s of silence",
    ),
    idle("debug", Client, LOGS),
    idle("log_level", Client, LOGS),
    idle("log.connection.close", Client, LOGS),
    idle("log.queue", Client, LOGS),
    idle("log.thread.name", Client, LOGS),
    idle("enabled_events", Client, CALLBACK),
    idle("background_event_cb", Client, CALLBACK),
    idle("closesocket_cb", Client, CALLBACK),
    idle("connect_cb", Client, CALLBACK),
    idle("error_cb", Client, CALLBACK),
    idle("log_cb", Client, CALLBACK),
    idle("open_cb", Client, CALLBACK),
    idle("resolve_cb", Client, CALLBACK),
    idle("socket_cb", Client, CALLBACK),
    idle("stats_cb", Client, CALLBACK),
    idle("throttle_cb", Client, CALLBACK),
    idle("default_topic_conf", Client, CALLBACK),
    idle("opaque", Client, CALLBACK),
    idle("api.version.request", Client, VERSIONS),
    idle("api.version.request.timeout.ms", Client, VERSIONS),
    idle("api.version.fallback.ms", Client, VERSIONS),
    idle("broker.version.fallback", Client, VERSIONS),
    idle("reconnect.backoff.jitter.ms", Client, OLD),
    idle("socket.blocking.max.ms", Client, OLD),
    idle("topic.metadata.refresh.fast.cnt", Client, OLD),
    idle(
        "topic.metadata.refresh.fast.interval.ms",
        Client,
        "retry.backoff.ms stands for it",
    ),
    idle("metadata.recovery.rebootstrap.trigger.ms", Client, AT_ONCE),
    idle("topic.metadata.refresh.sparse", Client, BUILT_IN),
    idle("topic.metadata.propagation.max.ms", Client, BUILT_IN),
    idle("broker.address.ttl", Client, BUILT_IN),
    idle("builtin.features", Client, BUILT_IN),
    idle("enable.random.seed", Client, BUILT_IN),
    idle("internal.termination.signal", Client, BUILT_IN),
    idle("message.copy.max.bytes", Client, BUILT_IN),
    idle("socket.max.fails", Client, BUILT_IN),
    // Producer
    idle("key.serializer", Producer, TYPES),
    idle("value.serializer", Producer, TYPES),
    idle(
        "batch.num.messages",
        Producer,
        "batches are limited in bytes, by batch.size",
    ),
    idle("queue.buffering.max.messages", Producer, BY_BYTES),
    idle("queue.buffering.backpressure.threshold", Producer, BUILT_IN),
    idle("sticky.partitioning.linger.ms", Producer, BUILT_IN),
    idle(
        "delivery.report.only.error",
        Producer,
        "an outcome nobody asks for costs nothing",
    ),
    idle(
        "produce.offset.report",
        Producer,
        "every outcome has the offset, where the broker says it",
    ),
    idle("dr_cb", Producer, CALLBACK),
    idle("dr_msg_cb", Producer, CALLBACK),
    idle("msg_order_cmp", Producer, CALLBACK),
    idle("partitioner_cb", Producer, CALLBACK),
    // Consumer
    idle("key.deserializer", Consumer, TYPES),
    idle("value.deserializer", Consumer, TYPES),
    idle("consume_cb", Consumer, CALLBACK),
    idle("consume.callback.max.messages", Consumer, CALLBACK),
    idle("offset_commit_cb", Consumer, CALLBACK),
    idle("rebalance_cb", Consumer, CALLBACK),
    idle("coordinator.query.interval.ms", Consumer, BUILT_IN),
    idle(
        "fetch.error.backoff.ms",
        Consumer,
        "retry.backoff.ms stands for it",
    ),
    idle(
        "fetch.queue.backoff.ms",
        Consumer,
        "a fetch leaves as soon as there is room for it",
    ),
    idle("group.protocol.type", Consumer, BUILT_IN),
    idle(
        "internal.throw.on.fetch.stable.offset.unsupported",
        Consumer,
        BUILT_IN,
    ),
    idle("offset.store.path", Consumer, NO_FILES),
    idle("offset.store.sync.interval.ms", Consumer, NO_FILES),
    idle("queued.min.messages", Consumer, BY_BYTES),
];
