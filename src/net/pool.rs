//! Buffers of large frames, used again.
//!
//! A page of fresh memory costs the system microseconds on its first touch, as much as decoding
//! dozens of records. A large frame is therefore read into a buffer that an earlier frame has left
//! behind. The frame goes out as [`Bytes`]; whoever drops the last slice of it gives the buffer
//! back, on whatever thread that is.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Idle buffers hold at most this many bytes in all; those beyond are freed.
const IDLE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A buffer this many times too large would be pinned by too small a frame.
const WASTE_MAX: usize = 4;

/// The idle buffers of one client, shared by its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct BufferPool(Arc<Mutex<Idle>>);

#[derive(Debug, Default)]
struct Idle {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl BufferPool {
    /// An empty buffer for a frame of `len` bytes: the smallest idle one that holds it without
    /// much waste, else the largest smaller one, which then grows, else one without memory.
    pub(crate) fn take(&self, len: usize) -> Vec<u8> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sizes = idle.buffers.iter().map(Vec::capacity).enumerate();
        let fitting = |&(_, size): &(usize, usize)| size >= len && size <= len * WASTE_MAX;
        let best = sizes.clone().filter(fitting).min_by_key(|&(_, size)| size);
        let smaller = |&(_, size): &(usize, usize)| size < len;
        let best = best.or_else(|| sizes.filter(smaller).max_by_key(|&(_, size)| size));
        let Some((at, size)) = best else {
            return Vec::new();
        };
        idle.bytes -= size;
        idle.buffers.swap_remove(at)
    }

    /// The buffer's contents as shared bytes; the buffer comes back when the last of them goes.
    pub(crate) fn share(&self, buffer: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent {
            buffer,
            pool: self.clone(),
        })
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.bytes + buffer.capacity() <= IDLE_BYTES_MAX {
            buffer.clear();
            idle.bytes += buffer.capacity();
            idle.buffers.push(buffer);
        }
    }
}

struct Lent {
    buffer: Vec<u8>,
    pool: BufferPool,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.pool.give_back(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(size: usize) -> Vec<u8> {
        vec![1; size]
    }

    #[test]
    fn a_buffer_comes_back_with_the_last_slice() {
        let pool = BufferPool::default();
        let shared = pool.share(used(1000));
        let slice = shared.slice(10..20);
        drop(shared);
        assert_eq!(pool.take(1000).capacity(), 0, "still in use");
        assert_eq!(slice.len(), 10);
        drop(slice);
        let again = pool.take(900);
        assert!(again.is_empty() && again.capacity() == 1000);
    }

    #[test]
    fn the_nearest_size_is_taken_and_a_small_frame_pins_no_large_buffer() {
        let pool = BufferPool::default();
        drop([1000, 2000, 9000].map(|size| pool.share(used(size))));
        assert_eq!(pool.take(1500).capacity(), 2000);
        assert_eq!(
            pool.take(1500).capacity(),
            1000,
            "9000 would be wasted, 1000 can grow"
        );
        assert_eq!(pool.take(1500).capacity(), 0);
        assert_eq!(pool.take(9001).capacity(), 9000);
    }

    #[test]
    fn idle_buffers_are_bounded_in_bytes() {
        let pool = BufferPool::default();
        let lent: Vec<_> = (0..5)
            .map(|_| pool.share(used(IDLE_BYTES_MAX / 4)))
            .collect();
        drop(lent);
        let idle = pool.0.lock().unwrap();
        assert_eq!((idle.buffers.len(), idle.bytes), (4, IDLE_BYTES_MAX));
    }
}
