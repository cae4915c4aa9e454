//! Records one by one: [`Consumer::recv`], and streams of all partitions or of one.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{BoxStream, Stream, StreamExt, unfold};

use super::group::Polling;
use super::handle::{Consumer, not_assigned};
use super::inner::Inner;
use super::receiving::Receiving;
use super::records::DetachedRecord;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::consumer::StreamId;

impl Consumer {
    /// The next record, as soon as there is one. It is a copy, so that keeping it keeps no batch
    /// alive; [`poll`](Self::poll) copies nothing and costs half.
    ///
    /// Waits as long as no record comes: put a limit around it where that is not wanted. Partitions
    /// take turns by batches. `recv`, a stream and `poll` may be mixed: each goes on where the
    /// other has got to.
    ///
    /// # Errors
    ///
    /// As [`poll`](Self::poll).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no record: what it did not return, the next call does.
    pub async fn recv(&self) -> Result<DetachedRecord> {
        let polling = self.begin_poll()?;
        loop {
            let ready = self.inner.ready.notified();
            // A program that never waits would never let the fetching task run on its thread.
            tokio::task::coop::consume_budget().await;
            if let Some(next) = self.take_one(polling.as_ref()) {
                return next;
            }
            if let Some(polling) = &polling {
                polling.waits();
            }
            ready.await;
        }
    }

    /// The records of all partitions that have no stream of their own, one by one, as
    /// [`recv`](Self::recv) returns them. It goes on after the error of one partition and after
    /// what may pass. What would be returned again without a wait ends it, once it was returned: an
    /// error [that is fatal](Error::is_fatal), and an `InvalidInput` that is about no partition.
    ///
    /// ```no_run
    /// # async fn run(consumer: tidewire::Consumer) -> tidewire::Result<()> {
    /// use futures::StreamExt;
    /// let mut records = consumer.stream();
    /// while let Some(record) = records.next().await {
    ///     println!("{}", record?.offset());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A stream that waits for a record counts as a poll under way, `max.poll.interval.ms` or not:
    /// drop it if you do not go on with it.
    pub fn stream(&self) -> RecordStream<'_> {
        RecordStream {
            consumer: self,
            waiting: None,
            at_once: 0,
            is_over: false,
        }
    }

    /// The next record if it is here.
    fn receive_now(&self) -> Option<Result<DetachedRecord>> {
        match self.begin_poll() {
            Ok(polling) => self.take_one(polling.as_ref()),
            Err(error) => Some(Err(error)),
        }
    }

    /// What a poll under way returns, if it need not wait.
    fn take_one(&self, polling: Option<&Polling<'_>>) -> Option<Result<DetachedRecord>> {
        match polling.and_then(Polling::take_error) {
            Some(error) => Some(Err(error)),
            None => self.inner.receive().transpose(),
        }
    }

    /// A stream of one partition alone, to be read by a task of its own: from now on `poll`, `recv`
    /// and [`stream`](Self::stream) leave that partition to it. Its records are fetched however
    /// slow the readers of other partitions are, and theirs however slow its own is: as long as
    /// there are streams, no partition holds more than its equal part of three quarters of
    /// `queued.max.messages.kbytes`, but for batches that are larger than half of that part.
    ///
    /// It ends when the partition is not assigned any more, or the consumer is gone. Dropped
    /// earlier, it gives the partition back: `poll` goes on after the last record it returned. In a
    /// group, the last record counts as done once the stream is asked for the next one, or `poll`
    /// is: if the partition goes to another member before that, the record is read there again.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned, or has a stream already.
    pub fn partition_stream(&self, partition: &TopicPartition) -> Result<PartitionStream> {
        let reader = self.partition_reader(partition)?;
        let next = |mut reader: Reader| async move {
            let next = reader.next().await?;
            Some((next, reader))
        };
        Ok(PartitionStream {
            partition: partition.clone(),
            records: unfold(reader, next).boxed(),
        })
    }

    /// What is behind a partition's stream.
    pub(crate) fn partition_reader(&self, partition: &TopicPartition) -> Result<Reader> {
        // A poll that is in the middle of one of its batches is to give back the rest first.
        let _alone = self.inner.receiving();
        let mut fetcher = self.inner.fetcher();
        let Some(stream) = fetcher.split(partition) else {
            if !fetcher.is_assigned(partition) {
                return Err(not_assigned(partition));
            }
            let words = "the partition has a stream already";
            return Err(Error::new(ErrorKind::InvalidInput, words)
                .with_topic(partition.topic.clone())
                .with_partition(partition.partition));
        };
        drop(fetcher);
        // What it holds is no reason any more not to fetch for polls.
        self.inner.wake.notify_one();
        Ok(Reader {
            inner: Arc::clone(&self.inner),
            stream,
            receiving: Receiving::default(),
        })
    }
}

/// Whether an error would be returned again and again, and nothing be waited for: who passes over
/// errors would never leave the loop.
pub(crate) fn is_last(error: &Error) -> bool {
    let refused = error.kind() == ErrorKind::InvalidInput && error.partition().is_none();
    error.is_fatal() || refused
}

/// Reads one partition.
pub(crate) struct Reader {
    inner: Arc<Inner>,
    stream: StreamId,
    receiving: Receiving,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.inner.fetcher().join(&self.stream);
        if let Some(group) = &self.inner.group {
            group.let_go(&self.inner);
        }
        self.inner.partitions_changed();
    }
}

impl Reader {
    pub(crate) fn partition(&self) -> &TopicPartition {
        &self.stream.partition
    }

    /// Whether nothing comes any more: the partition was taken away, or the consumer is gone.
    fn is_over(&self) -> bool {
        self.inner.is_closed() || !self.inner.fetcher().is_open(&self.stream)
    }

    /// The next record; `None` at the end of the stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no record: what it did not return, the next call does.
    pub(crate) async fn next(&mut self) -> Option<Result<DetachedRecord>> {
        if self.inner.is_closed() {
            return None;
        }
        let inner = Arc::clone(&self.inner);
        let polling = Polling::begin(&inner, Some(&self.stream));
        let mut expecting = None;
        loop {
            let ready = inner.ready.notified();
            tokio::task::coop::consume_budget().await;
            let next = self.receiving.next(&inner, Some(&self.stream));
            if let Some(next) = next.transpose() {
                return Some(next.inspect(|record| inner.hand_over(record)));
            }
            if self.is_over() {
                return None;
            }
            expecting.get_or_insert_with(|| Expecting::new(&inner, &self.stream));
            if let Some(polling) = &polling {
                polling.waits();
            }
            ready.await;
        }
    }
}

/// Says for as long as it lives that somebody waits for a stream's next record.
struct Expecting<'a> {
    inner: &'a Inner,
    stream: &'a StreamId,
}

impl<'a> Expecting<'a> {
    fn new(inner: &'a Inner, stream: &'a StreamId) -> Self {
        inner.fetcher().set_awaited(stream, true);
        inner.wake.notify_one();
        Self { inner, stream }
    }
}

impl Drop for Expecting<'_> {
    fn drop(&mut self) {
        self.inner.fetcher().set_awaited(self.stream, false);
    }
}

/// The records of a consumer one by one; see [`Consumer::stream`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct RecordStream<'a> {
    consumer: &'a Consumer,
    waiting: Option<BoxFuture<'a, Result<DetachedRecord>>>,
    /// How many records came at once since it has let others run.
    at_once: u32,
    is_over: bool,
}

/// As many records come at once, at the most, before it takes from tokio's budget.
const AT_ONCE_MAX: u32 = 16;

impl RecordStream<'_> {
    fn poll_record(&mut self, cx: &mut Context<'_>) -> Poll<Result<DetachedRecord>> {
        if self.waiting.is_none() && self.at_once < AT_ONCE_MAX {
            if let Some(next) = self.consumer.receive_now() {
                self.at_once += 1;
                return Poll::Ready(next);
            }
        }
        let consumer = self.consumer;
        let waiting = self.waiting.get_or_insert_with(|| consumer.recv().boxed());
        let next = ready!(waiting.poll_unpin(cx));
        (self.waiting, self.at_once) = (None, 0);
        Poll::Ready(next)
    }
}

impl fmt::Debug for RecordStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordStream").finish_non_exhaustive()
    }
}

impl Stream for RecordStream<'_> {
    type Item = Result<DetachedRecord>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let next = ready!(self.poll_record(cx));
        self.is_over = next.as_ref().is_err_and(is_last);
        Poll::Ready(Some(next))
    }
}

/// The records of one partition; see [`Consumer::partition_stream`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct PartitionStream {
    partition: TopicPartition,
    records: BoxStream<'static, Result<DetachedRecord>>,
}

impl PartitionStream {
    /// The partition that it reads.
    #[must_use]
    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }
}

impl fmt::Debug for PartitionStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionStream")
            .field("partition", &self.partition)
            .finish_non_exhaustive()
    }
}

impl Stream for PartitionStream {
    type Item = Result<DetachedRecord>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.records.poll_next_unpin(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use super::*;
    use crate::{Client, StartAt};

    #[tokio::test]
    async fn a_partition_gets_its_stream_when_no_poll_is_in_the_middle_of_it() {
        let client = Client::builder().bootstrap_servers("localhost:1").build();
        let consumer = client.unwrap().consumer().build().await.unwrap();
        let at = TopicPartition::new("t", 0);
        let all = [(at.clone(), StartAt::Beginning)];
        consumer.inner.fetcher().assign(all.into());
        let polling = consumer.inner.receiving();
        let (said, heard) = channel();
        std::thread::scope(|threads| {
            let (consumer, at) = (&consumer, &at);
            threads.spawn(move || said.send(consumer.partition_stream(at).is_ok()));
            let early = heard.recv_timeout(Duration::from_millis(200));
            assert_eq!(early, Err(RecvTimeoutError::Timeout));
            drop(polling);
            assert_eq!(heard.recv(), Ok(true));
        });
    }
}
