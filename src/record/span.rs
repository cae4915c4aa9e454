//! [`Span`]: records of one batch that were checked and are ready to be handed out.
//!
//! A program that iterates over what it polled should not meet a damaged record in the middle, and
//! a poll has to know how many records it hands out. So the poll walks over them once, which costs
//! a few nanoseconds each, and the program's walk cannot fail.

use super::error::RecordError;
use super::records::{Cursor, DecodedBatch, RecordView, Records};

/// A stretch of checked records. It owns them; a clone shares them.
#[derive(Clone, Debug)]
pub struct Span {
    batch: DecodedBatch,
    from: Cursor,
    count: usize,
    next_offset: i64,
}

impl DecodedBatch {
    /// Takes up to `max` records from `cursor` on, without those before `from_offset`, and moves
    /// the cursor past them. A damaged record ends the span; the call that begins with it fails.
    ///
    /// # Errors
    ///
    /// `BadRecord` if the record at the cursor is damaged; the cursor stays where it is.
    pub fn take(
        &self,
        cursor: &mut Cursor,
        from_offset: i64,
        max: usize,
    ) -> Result<Span, RecordError> {
        let mut records = self.records_from(*cursor);
        let (mut from, mut count) = (records.cursor(), 0);
        let mut end = from;
        while count < max {
            match records.next() {
                None => break,
                Some(Ok(record)) if count == 0 && record.offset() < from_offset => {
                    from = records.cursor();
                }
                Some(Ok(_)) => count += 1,
                Some(Err(error)) if count == 0 => {
                    *cursor = end;
                    return Err(error);
                }
                Some(Err(_)) => break,
            }
            end = records.cursor();
        }
        *cursor = end;
        let next_offset = if self.is_end(end) {
            // Past what compaction has removed, too (case 88).
            self.header().last_offset().saturating_add(1)
        } else {
            end.next_offset()
        };
        Ok(Span {
            batch: self.clone(),
            from,
            count,
            next_offset,
        })
    }

    /// Whether nothing is left at this place, neither a record nor stray bytes.
    #[must_use]
    pub fn is_end(&self, cursor: Cursor) -> bool {
        self.records_from(cursor).next().is_none()
    }
}

impl Span {
    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none: what was left of the batch lies before the offset asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The consumer's position after these records.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// The batch they are from.
    #[must_use]
    pub fn batch(&self) -> &DecodedBatch {
        &self.batch
    }

    /// The records in order.
    #[must_use]
    pub fn iter(&self) -> SpanIter<'_> {
        SpanIter {
            records: self.batch.records_from(self.from),
            left: self.count,
        }
    }
}

impl<'a> IntoIterator for &'a Span {
    type Item = RecordView<'a>;
    type IntoIter = SpanIter<'a>;

    fn into_iter(self) -> SpanIter<'a> {
        self.iter()
    }
}

/// Iterates over the records of a [`Span`].
#[derive(Clone, Debug)]
pub struct SpanIter<'a> {
    records: Records<'a>,
    left: usize,
}

impl<'a> Iterator for SpanIter<'a> {
    type Item = RecordView<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecordView<'a>> {
        self.left = self.left.checked_sub(1)?;
        // The walk over the same bytes has found them good.
        self.records.next()?.ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for SpanIter<'_> {}
