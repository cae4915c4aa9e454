//! A byte string in pieces: what a frame or a `records` field is made of.
//!
//! Record batches are megabytes. They are never copied to make them contiguous: a request goes out
//! as a list of pieces in one vectored write, a fetch response's records are slices of its frame.

use bytes::{Bytes, BytesMut};

/// A byte string in pieces. Cheap to clone: the pieces are shared.
///
/// Two are equal when their bytes are, however these are cut.
#[derive(Clone, Debug, Default)]
pub struct Chunks(Repr);

#[derive(Clone, Debug)]
enum Repr {
    /// The common case costs no `Vec`.
    One(Bytes),
    Many(Vec<Bytes>),
}

impl Default for Repr {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Chunks {
    /// No bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes there are in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().map(Bytes::len).sum()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().all(Bytes::is_empty)
    }

    /// The pieces in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Bytes] {
        match &self.0 {
            Repr::One(bytes) => std::slice::from_ref(bytes),
            Repr::Many(pieces) => pieces,
        }
    }

    /// The pieces in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Bytes> {
        self.as_slice().iter()
    }

    /// The bytes in one piece; copies them only when there is more than one.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Repr::One(bytes) => bytes,
            Repr::Many(mut pieces) if pieces.len() < 2 => pieces.pop().unwrap_or_default(),
            Repr::Many(pieces) => {
                let mut all = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
                for piece in &pieces {
                    all.extend_from_slice(piece);
                }
                all.freeze()
            }
        }
    }
}

impl From<Bytes> for Chunks {
    fn from(bytes: Bytes) -> Self {
        Self(Repr::One(bytes))
    }
}

impl From<Vec<Bytes>> for Chunks {
    fn from(pieces: Vec<Bytes>) -> Self {
        Self(Repr::Many(pieces))
    }
}

impl FromIterator<Bytes> for Chunks {
    fn from_iter<I: IntoIterator<Item = Bytes>>(pieces: I) -> Self {
        Self(Repr::Many(pieces.into_iter().collect()))
    }
}

impl IntoIterator for Chunks {
    type Item = Bytes;
    type IntoIter = std::vec::IntoIter<Bytes>;

    fn into_iter(self) -> Self::IntoIter {
        match self.0 {
            Repr::One(bytes) => vec![bytes].into_iter(),
            Repr::Many(pieces) => pieces.into_iter(),
        }
    }
}

impl<'a> IntoIterator for &'a Chunks {
    type Item = &'a Bytes;
    type IntoIter = std::slice::Iter<'a, Bytes>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Chunks {
    fn eq(&self, other: &Self) -> bool {
        self.iter().flatten().eq(other.iter().flatten())
    }
}

impl Eq for Chunks {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_looks_at_bytes_and_not_at_cuts() {
        let whole = Chunks::from(Bytes::from_static(b"abcdef"));
        let cut: Chunks = [&b"ab"[..], b"", b"cdef"]
            .map(Bytes::from_static)
            .into_iter()
            .collect();
        assert_eq!(whole, cut);
        assert_ne!(whole, Chunks::from(Bytes::from_static(b"abcdeg")));
        assert_eq!((cut.len(), cut.as_slice().len()), (6, 3));
        assert_eq!(cut.into_bytes(), whole.into_bytes());
    }

    #[test]
    fn one_piece_is_not_copied() {
        let bytes = Bytes::from(vec![7; 100]);
        let at = bytes.as_ptr();
        assert_eq!(Chunks::from(bytes.clone()).into_bytes().as_ptr(), at);
        assert_eq!(Chunks::from(vec![bytes]).into_bytes().as_ptr(), at);
        assert!(Chunks::new().is_empty() && Chunks::new().into_bytes().is_empty());
    }
}
