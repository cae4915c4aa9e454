//! [`Record`]: what a program hands to a producer. Nothing is copied before the batch.
//!
//! A record either borrows (`send(..).await` on the spot) or shares reference-counted bytes, and
//! with owned data it is `Send + 'static`. Null and empty are different things for keys, values
//! and header values, and header names may repeat and need not be UTF-8: Kafka keeps all of that.

use std::fmt;

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
#[derive(Clone, Eq, PartialEq)]
#[must_use = "a record does nothing until a producer sends it"]
pub struct Record<'a> {
    topic: TopicName<'a>,
    key: Payload<'a>,
    value: Payload<'a>,
    timestamp: Timestamp,
    #[expect(
        clippy::box_collection,
        reason = "one word, and most records have none"
    )]
    headers: Option<Box<Vec<Header<'a>>>>,
    partition: i32,
    given: Given,
}

/// Which parts of a record are there. Apart from the parts, since an `Option` around each would
/// make a record half as large again, and it is moved about on its way into the batch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Given {
    partition: bool,
    timestamp: bool,
    key: bool,
    value: bool,
}

/// In place of bytes that are not there.
const NOTHING: Payload<'_> = Payload::Borrowed(&[]);

impl<'a> Record<'a> {
    /// A record for this topic, with null key and null value.
    #[inline]
    pub fn to(topic: impl Into<TopicName<'a>>) -> Self {
        Self {
            topic: topic.into(),
            key: NOTHING,
            value: NOTHING,
            timestamp: Timestamp(0),
            headers: None,
            partition: 0,
            given: Given::default(),
        }
    }

    /// A record that names no topic, with null key and null value: for a
    /// [`ProducerTopic`](crate::ProducerTopic), which knows its own.
    #[inline]
    pub fn new() -> Self {
        Self::to("")
    }

    /// The same record for this topic.
    pub(crate) fn at(self, topic: impl Into<TopicName<'a>>) -> Self {
        let topic = topic.into();
        Self { topic, ..self }
    }

    /// Sets the key; an empty one is not null.
    #[inline]
    pub fn key(mut self, key: impl Into<Payload<'a>>) -> Self {
        self.key = key.into();
        self.given.key = true;
        self
    }

    /// Sets the key, or makes it null.
    pub fn maybe_key(mut self, key: Option<impl Into<Payload<'a>>>) -> Self {
        self.given.key = key.is_some();
        self.key = key.map_or(NOTHING, Into::into);
        self
    }

    /// Sets the value; an empty one is not null.
    #[inline]
    pub fn value(mut self, value: impl Into<Payload<'a>>) -> Self {
        self.value = value.into();
        self.given.value = true;
        self
    }

    /// Sets the value, or makes it null: in a compacted topic, a null value deletes its key.
    pub fn maybe_value(mut self, value: Option<impl Into<Payload<'a>>>) -> Self {
        self.given.value = value.is_some();
        self.value = value.map_or(NOTHING, Into::into);
        self
    }

    /// Adds a header after those already there; names may repeat.
    pub fn header(self, name: impl Into<Payload<'a>>, value: impl Into<Payload<'a>>) -> Self {
        self.push(Header::new(name, value))
    }

    /// Adds a header whose value is null.
    pub fn null_header(self, name: impl Into<Payload<'a>>) -> Self {
        self.push(Header::null(name))
    }

    fn push(mut self, header: Header<'a>) -> Self {
        self.headers.get_or_insert_default().push(header);
        self
    }

    /// Sends it to this partition, whatever the partitioner would say.
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = partition;
        self.given.partition = true;
        self
    }

    /// Sets the create time (milliseconds since the Unix epoch, or a `SystemTime`). By default it
    /// is the time when the record goes into the buffer: exact for the first record of a batch; for
    /// those that join a batch it may be up to 4 ms earlier, where the system's exact clock costs
    /// more (Linux). A topic may be set to replace it by the time of the append.
    pub fn timestamp(mut self, timestamp: impl Into<Timestamp>) -> Self {
        self.timestamp = timestamp.into();
        self.given.timestamp = true;
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
    #[inline]
    #[must_use]
    pub fn target_partition(&self) -> Option<i32> {
        self.given.partition.then_some(self.partition)
    }

    /// The create time that was asked for.
    #[inline]
    #[must_use]
    pub fn create_time(&self) -> Option<Timestamp> {
        self.given.timestamp.then_some(self.timestamp)
    }

    /// The key; `None` is null.
    #[inline]
    #[must_use]
    pub fn key_bytes(&self) -> Option<&[u8]> {
        self.given.key.then_some(self.key.as_slice())
    }

    /// The value; `None` is null.
    #[inline]
    #[must_use]
    pub fn value_bytes(&self) -> Option<&[u8]> {
        self.given.value.then_some(self.value.as_slice())
    }

    /// The headers, in order.
    #[inline]
    #[must_use]
    pub fn headers(&self) -> &[Header<'a>] {
        self.headers.as_deref().map_or(&[], Vec::as_slice)
    }

    /// The same record, copied where it was borrowed.
    pub fn into_owned(self) -> Record<'static> {
        let owned = |headers: Box<Vec<Header<'a>>>| {
            Box::new(headers.into_iter().map(Header::into_owned).collect())
        };
        Record {
            topic: self.topic.into_owned(),
            key: self.key.into_owned(),
            value: self.value.into_owned(),
            timestamp: self.timestamp,
            headers: self.headers.map(owned),
            partition: self.partition,
            given: self.given,
        }
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("topic", &self.topic)
            .field("partition", &self.target_partition())
            .field("timestamp", &self.create_time())
            .field("key", &self.given.key.then_some(&self.key))
            .field("value", &self.given.value.then_some(&self.value))
            .field("headers", &self.headers())
            .finish()
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
    fn a_record_is_moved_in_few_words() {
        assert!(
            size_of::<Record<'_>>() <= 112,
            "{}",
            size_of::<Record<'_>>()
        );
    }

    #[test]
    fn what_was_set_and_unset_again_is_as_if_it_never_was() {
        let plain = Record::to("t");
        let unset = plain.clone().key("k").value("v");
        let unset = unset.maybe_key(None::<&str>).maybe_value(None::<&str>);
        assert_eq!(unset, plain);
        assert_ne!(plain.clone().key(""), plain);
        let words = format!("{:?}", plain.partition(2).value("v"));
        let expected = "partition: Some(2), timestamp: None, key: None, value: Some(\"v\")";
        assert!(words.contains(expected), "{words}");
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
