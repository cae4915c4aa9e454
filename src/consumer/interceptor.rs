//! [`ConsumerInterceptor`]: sees what a consumer hands out, as Java's interface of that name.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::records::{ConsumerRecord, DetachedRecord, Records};
use crate::ids::TopicPartition;
use crate::machine::OffsetAndMetadata;

/// Sees every record just before it is handed out: to count, to trace, to audit.
///
/// It is called where the records are asked for, and holds that up for as long as it takes. One
/// that panics is logged and passed over, as Java does with one that throws.
pub trait ConsumerInterceptor: fmt::Debug + Send + Sync {
    /// A record is about to be handed out, by a poll, `recv` or a stream.
    fn on_consume(&self, record: &ConsumerRecord<'_>);

    /// The coordinator has confirmed a commit of these, whoever asked for it: the program, the
    /// timer, or a revocation. By default nothing.
    fn on_commit(&self, offsets: &BTreeMap<TopicPartition, OffsetAndMetadata>) {
        let _ = offsets;
    }
}

/// The interceptors of a consumer, in the order they are called.
#[derive(Clone, Debug, Default)]
pub(super) struct Interceptors(Vec<Arc<dyn ConsumerInterceptor>>);

impl Interceptors {
    pub(super) fn push(&mut self, interceptor: Arc<dyn ConsumerInterceptor>) {
        self.0.push(interceptor);
    }

    pub(super) fn see_all(&self, records: &Records) {
        if !self.0.is_empty() {
            records.iter().for_each(|record| self.see(&record));
        }
    }

    pub(super) fn see_one(&self, record: &DetachedRecord) {
        if !self.0.is_empty() {
            self.see(&record.view());
        }
    }

    /// Offsets were committed.
    pub(super) fn committed(&self, offsets: &BTreeMap<TopicPartition, OffsetAndMetadata>) {
        for interceptor in self.0.iter().filter(|_| !offsets.is_empty()) {
            let told = catch_unwind(AssertUnwindSafe(|| interceptor.on_commit(offsets)));
            if told.is_err() {
                tracing::error!(?interceptor, "an interceptor panicked");
            }
        }
    }

    fn see(&self, record: &ConsumerRecord<'_>) {
        for interceptor in &self.0 {
            let seen = catch_unwind(AssertUnwindSafe(|| interceptor.on_consume(record)));
            if seen.is_err() {
                let (topic, partition) = (record.topic(), record.partition());
                let offset = record.offset();
                tracing::error!(
                    ?interceptor,
                    topic,
                    partition,
                    offset,
                    "an interceptor panicked"
                );
            }
        }
    }
}
