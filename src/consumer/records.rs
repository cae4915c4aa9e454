//! [`Records`]: what a poll hands out. Owned and `Send`; the views borrow from it.

use std::sync::Arc;

use bytes::Bytes;

use crate::ids::{LeaderEpoch, TopicPartition};
use crate::record::{Headers, RecordView, Span, SpanIter};

/// The records of one poll, in order within each partition.
///
/// It owns the bytes; [`ConsumerRecord`] borrows from it, so that the consumer itself stays free
/// to seek or pause inside the loop.
///
/// ```no_run
/// # async fn run(consumer: tidewire::Consumer) -> tidewire::Result<()> {
/// let records = consumer.poll(std::time::Duration::from_millis(500)).await?;
/// for record in &records {
///     println!("{}-{} @ {}", record.topic(), record.partition(), record.offset());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Records {
    parts: Vec<Part>,
    count: usize,
    ends: Vec<(TopicPartition, i64)>,
}

/// Some records of one batch, checked when they were handed out.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    pub(super) span: Span,
}

impl Part {
    /// No checksum covers it, so it may be anything.
    fn leader_epoch(&self) -> LeaderEpoch {
        let epoch = self.span.batch().header().partition_leader_epoch;
        epoch.max(LeaderEpoch::NONE)
    }
}

impl Records {
    pub(super) fn push(&mut self, part: Part) {
        self.count += part.span.len();
        self.parts.push(part);
    }

    pub(super) fn set_ends(&mut self, ends: Vec<(TopicPartition, i64)>) {
        self.ends = ends;
    }

    /// Whether there is anything to tell.
    pub(super) fn is_news(&self) -> bool {
        self.count > 0 || !self.ends.is_empty()
    }

    /// With `enable.partition.eof`: the partitions whose end was reached with these records, or
    /// since the last poll, each with the offset of the next record it will get. Told once for each
    /// time that it is reached; a poll may return this alone.
    #[must_use]
    pub fn ends(&self) -> &[(TopicPartition, i64)] {
        &self.ends
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none: the poll's time ran out, or it tells of [`ends`](Self::ends) alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The records, in order within each partition.
    #[must_use]
    pub fn iter(&self) -> RecordsIter<'_> {
        RecordsIter {
            parts: self.parts.iter(),
            current: None,
            left: self.count,
        }
    }
}

impl<'a> IntoIterator for &'a Records {
    type Item = ConsumerRecord<'a>;
    type IntoIter = RecordsIter<'a>;

    fn into_iter(self) -> RecordsIter<'a> {
        self.iter()
    }
}

/// Iterates over [`Records`].
#[derive(Clone, Debug)]
pub struct RecordsIter<'a> {
    parts: std::slice::Iter<'a, Part>,
    current: Option<(&'a Part, SpanIter<'a>)>,
    left: usize,
}

impl<'a> Iterator for RecordsIter<'a> {
    type Item = ConsumerRecord<'a>;

    fn next(&mut self) -> Option<ConsumerRecord<'a>> {
        loop {
            if let Some((part, records)) = &mut self.current {
                if let Some(view) = records.next() {
                    self.left = self.left.saturating_sub(1);
                    let (topic, partition) = (&part.topic, part.partition);
                    return Some(ConsumerRecord {
                        topic,
                        partition,
                        leader_epoch: part.leader_epoch(),
                        view,
                    });
                }
            }
            let part = self.parts.next()?;
            self.current = Some((part, part.span.iter()));
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for RecordsIter<'_> {}

/// One record, borrowed from [`Records`].
#[derive(Clone, Debug)]
pub struct ConsumerRecord<'a> {
    topic: &'a Arc<str>,
    partition: i32,
    leader_epoch: LeaderEpoch,
    view: RecordView<'a>,
}

impl<'a> ConsumerRecord<'a> {
    pub(super) fn new(
        topic: &'a Arc<str>,
        partition: i32,
        leader_epoch: LeaderEpoch,
        view: RecordView<'a>,
    ) -> Self {
        Self {
            topic,
            partition,
            leader_epoch,
            view,
        }
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &'a str {
        self.topic
    }

    pub(super) fn shared_topic(&self) -> Arc<str> {
        Arc::clone(self.topic)
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// The offset.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.view.offset()
    }

    /// The epoch of the leader that appended it; [`LeaderEpoch::NONE`] where the log does not say.
    /// With it an offset can be checked later against a log that was cut off
    /// ([`StartAt::OffsetInEpoch`](crate::StartAt::OffsetInEpoch), KIP-320).
    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    /// Milliseconds since 1970: the producer's time, or the broker's where the topic uses
    /// `LogAppendTime`. -1 where there is none.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        self.view.timestamp()
    }

    /// The key; `None` is null.
    #[must_use]
    pub fn key(&self) -> Option<&'a [u8]> {
        self.view.key()
    }

    /// The value; `None` is null, a tombstone in a compacted topic.
    #[must_use]
    pub fn value(&self) -> Option<&'a [u8]> {
        self.view.value()
    }

    /// The headers, in order; names may repeat.
    #[must_use]
    pub fn headers(&self) -> Headers<'a> {
        self.view.headers()
    }

    /// Copies the record, so that it can be kept without the batch it came in, which may be
    /// megabytes.
    #[must_use]
    pub fn detach(&self) -> DetachedRecord {
        let view = &self.view;
        let (headers, header_count) = view.headers().into_parts();
        let (key, value) = (view.key(), view.value());
        let (key_len, value_len) = (key.map(<[u8]>::len), value.map(<[u8]>::len));
        let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
        // With exactly the room it needs it becomes shared bytes as it is.
        let mut bytes = Vec::with_capacity(key.len() + value.len() + headers.len());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(headers);
        DetachedRecord {
            topic: Arc::clone(self.topic),
            partition: self.partition,
            leader_epoch: self.leader_epoch,
            offset: view.offset(),
            timestamp: view.timestamp(),
            bytes: Bytes::from(bytes),
            key_len,
            value_len,
            header_count,
        }
    }
}

/// A record that was handed out, as part of a poll or by itself: what
/// [`Consumer::store`](crate::Consumer::store) and
/// [`Consumer::commit_record`](crate::Consumer::commit_record) take.
pub trait Consumed: sealed::Sealed {}

impl Consumed for ConsumerRecord<'_> {}
impl Consumed for DetachedRecord {}

pub(super) mod sealed {
    use std::sync::Arc;

    use crate::ids::LeaderEpoch;

    /// Where a record is: topic, partition, offset, and the epoch of the leader that wrote it.
    pub(crate) type Place = (Arc<str>, i32, i64, LeaderEpoch);

    pub trait Sealed {
        fn place(&self) -> Place;
    }

    impl Sealed for super::ConsumerRecord<'_> {
        fn place(&self) -> Place {
            let topic = self.shared_topic();
            (topic, self.partition(), self.offset(), self.leader_epoch())
        }
    }

    impl Sealed for super::DetachedRecord {
        fn place(&self) -> Place {
            let topic = Arc::clone(&self.topic);
            (topic, self.partition, self.offset, self.leader_epoch)
        }
    }
}

/// One record that stands by itself, from [`Consumer::recv`](crate::Consumer::recv), a stream, or
/// [`ConsumerRecord::detach`]. It holds one allocation of its own size, and a clone shares it.
#[derive(Clone, Debug)]
pub struct DetachedRecord {
    topic: Arc<str>,
    partition: i32,
    leader_epoch: LeaderEpoch,
    offset: i64,
    timestamp: i64,
    /// The key, the value, the headers.
    bytes: Bytes,
    /// `None` is null.
    key_len: Option<usize>,
    value_len: Option<usize>,
    header_count: u32,
}

impl DetachedRecord {
    pub(super) fn view(&self) -> ConsumerRecord<'_> {
        let place = (self.offset, self.timestamp);
        let view = RecordView::from_parts(place, self.key(), self.value(), self.headers());
        ConsumerRecord::new(&self.topic, self.partition, self.leader_epoch, view)
    }

    /// What follows the key.
    fn after_key(&self) -> &[u8] {
        let at = self.key_len.unwrap_or_default();
        self.bytes.get(at..).unwrap_or_default()
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// The offset.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// The epoch of the leader that appended it, as [`ConsumerRecord::leader_epoch`].
    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    /// Milliseconds since 1970, as [`ConsumerRecord::timestamp`].
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// The key; `None` is null.
    #[must_use]
    pub fn key(&self) -> Option<&[u8]> {
        self.bytes.get(..self.key_len?)
    }

    /// The value; `None` is null.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.after_key().get(..self.value_len?)
    }

    /// The headers, in order; names may repeat.
    #[must_use]
    pub fn headers(&self) -> Headers<'_> {
        let at = self.value_len.unwrap_or_default();
        let headers = self.after_key().get(at..).unwrap_or_default();
        Headers::from_parts(headers, self.header_count)
    }
}
