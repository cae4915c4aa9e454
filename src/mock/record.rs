//! One record of a batch, read by hand and borrowed: see `batch` for why not by the record layer.
//!
//! Every length is checked against the bytes that are there; what does not fit is no record.

/// One record, borrowed from its unpacked batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawRecord<'a> {
    pub(crate) timestamp_delta: i64,
    pub(crate) offset_delta: i64,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    headers: &'a [u8],
    header_count: i64,
}

impl<'a> RawRecord<'a> {
    /// Takes one record off the front; `None` if what is there is not one.
    pub(crate) fn read(rest: &mut &'a [u8]) -> Option<Self> {
        let length = usize::try_from(varint(rest)?).ok()?;
        let (mut record, after) = rest.split_at_checked(length)?;
        *rest = after;
        let (_attributes, body) = record.split_first()?;
        record = body;
        let read = Self {
            timestamp_delta: varint(&mut record)?,
            offset_delta: varint(&mut record)?,
            key: nullable(&mut record)?,
            value: nullable(&mut record)?,
            header_count: varint(&mut record)?,
            headers: record,
        };
        if read.header_count < 0 {
            return None;
        }
        for _ in 0..read.header_count {
            header(&mut record)?;
        }
        record.is_empty().then_some(read)
    }

    /// Its headers, in order.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'a> {
        let mut rest = self.headers;
        std::iter::from_fn(move || header(&mut rest))
    }
}

fn header<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let key = nullable(rest)??;
    Some((key, nullable(rest)?))
}

/// A byte string with its length, -1 for null.
fn nullable<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = varint(rest)?;
    if length == -1 {
        return Some(None);
    }
    let (bytes, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(Some(bytes))
}

/// A zigzag varint of at most ten bytes.
fn varint(rest: &mut &[u8]) -> Option<i64> {
    let mut bits = 0_u64;
    for shift in (0..70).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        bits |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            let half = i64::try_from(bits >> 1).ok()?;
            return Some(if bits & 1 == 0 { half } else { !half });
        }
    }
    None
}
