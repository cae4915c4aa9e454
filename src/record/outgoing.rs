//! [`Record`]: what a program hands to a producer. Nothing is copied before the batch.
//!
//! A record either borrows (`send(..).await` on the spot) or shares reference-counted bytes, and
//! with owned data it is `Send + 'static`. Null and empty are different things for keys, values
//! and header values, and header names may repeat and need not be UTF-8: Kafka keeps all of that.

use super::payload::{Header, Payload, Timestamp, TopicName};

/// A record to send: a topic, and whatever else is set.
///
/// ```
/// use tidewire::record::Record;
///
/// let record = Record::to("orders").key("customer-7").value(vec![1, 2, 3]).header("trace", "a1");
/// assert_eq!(record.key_bytes(), Some(&b"customer-7"[..]));
/// assert_eq!(Record::to("orders").key("gone").value_bytes(), None); // a tombstone
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "a record does nothing until a producer sends it"]
pub struct Record<'a> {
    topic: TopicName<'a>,
    partition: Option<i32>,
    timestamp: Option<Timestamp>,
    key: Option<Payload<'a>>,
    value: Option<Payload<'a>>,
    headers: Vec<Header<'a>>,
}

impl<'a> Record<'a> {
    /// A record for this topic, with null key and null value.
    pub fn to(topic: impl Into<TopicName<'a>>) -> Self {
        Self {
            topic: topic.into(),
            ..Self::new()
        }
    }

    /// A record that names no topic, with null key and null value: for a
    /// [`ProducerTopic`](crate::ProducerTopic), which knows its own.
    pub fn new() -> Self {
        Self {
            topic: TopicName::Borrowed(""),
            partition: None,
            timestamp: None,
            key: None,
            value: None,
            headers: Vec::new(),
        }
    }

    /// The same record for this topic.
    pub(crate) fn at(self, topic: impl Into<TopicName<'a>>) -> Self {
        let topic = topic.into();
        Self { topic, ..self }
    }

    /// Sets the key; an empty one is not null.
    pub fn key(self, key: impl Into<Payload<'a>>) -> Self {
        self.maybe_key(Some(key))
    }

    /// Sets the key, or makes it null.
    pub fn maybe_key(mut self, key: Option<impl Into<Payload<'a>>>) -> Self {
        self.key = key.map(Into::into);
        self
    }

    /// Sets the value; an empty one is not null.
    pub fn value(self, value: impl Into<Payload<'a>>) -> Self {
        self.maybe_value(Some(value))
    }

    /// Sets the value, or makes it null: in a compacted topic, a null value deletes its key.
    pub fn maybe_value(mut self, value: Option<impl Into<Payload<'a>>>) -> Self {
        self.value = value.map(Into::into);
        self
    }

    /// Adds a header after those already there; names may repeat.
    pub fn header(mut self, name: impl Into<Payload<'a>>, value: impl Into<Payload<'a>>) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }

    /// Adds a header whose value is null.
    pub fn null_header(mut self, name: impl Into<Payload<'a>>) -> Self {
        self.headers.push(Header::null(name));
        self
    }

    /// Sends it to this partition, whatever the partitioner would say.
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Sets the create time (milliseconds since the Unix epoch, or a `SystemTime`); the time of
    /// the `send` call by default. A topic may be set to replace it by the time of the append.
    pub fn timestamp(mut self, timestamp: impl Into<Timestamp>) -> Self {
        self.timestamp = Some(timestamp.into());
        self
    }

    /// The topic's name; empty if the record names none.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.topic.as_str()
    }

    /// The topic's name as it was given, to share it without a copy.
    pub fn topic_name(&self) -> &TopicName<'a> {
        &self.topic
    }

    /// The partition that was asked for.
    #[must_use]
    pub fn target_partition(&self) -> Option<i32> {
        self.partition
    }

    /// The create time that was asked for.
    #[must_use]
    pub fn create_time(&self) -> Option<Timestamp> {
        self.timestamp
    }

    /// The key; `None` is null.
    #[must_use]
    pub fn key_bytes(&self) -> Option<&[u8]> {
        self.key.as_ref().map(Payload::as_slice)
    }

    /// The value; `None` is null.
    #[must_use]
    pub fn value_bytes(&self) -> Option<&[u8]> {
        self.value.as_ref().map(Payload::as_slice)
    }

    /// The headers, in order.
    #[must_use]
    pub fn headers(&self) -> &[Header<'a>] {
        &self.headers
    }

    /// The same record, copied where it was borrowed.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            topic: self.topic.into_owned(),
            partition: self.partition,
            timestamp: self.timestamp,
            key: self.key.map(Payload::into_owned),
            value: self.value.map(Payload::into_owned),
            headers: self.headers.into_iter().map(Header::into_owned).collect(),
        }
    }
}

impl Default for Record<'_> {
    /// As [`Record::new`].
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;

    #[test]
    fn an_owned_record_can_cross_tasks() {
        fn send_static<T: Send + Sync + 'static>(_: &T) {}
        send_static(
            &Record::to("t".to_owned())
                .key(vec![1])
                .value("v")
                .into_owned(),
        );
        let owned: Record<'static> = Record::to(Arc::from("t")).value(Bytes::from_static(b"v"));
        send_static(&owned);
    }

    #[test]
    fn null_and_empty_stay_apart() {
        let record = Record::to("t").key("").header("h", "").null_header("h");
        assert_eq!(record.key_bytes(), Some(&[][..]));
        assert_eq!(record.value_bytes(), None);
        let values: Vec<_> = record.headers().iter().map(Header::value).collect();
        assert_eq!(values, [Some(&[][..]), None]);
        assert_eq!(record.key("k").maybe_key(None::<&str>).key_bytes(), None);
    }
}
