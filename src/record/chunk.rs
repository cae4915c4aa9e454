//! [`ChunkPool`]: the producer's memory, handed out in chunks of one size and given back on drop.
//!
//! Batches are chains of these chunks, never a doubling `Vec`: fresh memory costs microseconds a
//! page, a chunk that was used before costs nothing. `buffer.memory` is counted here, in bytes of
//! capacity and not of content, so that what is promised is what the process uses.
//!
//! Invariants: `used` is the capacity outside the pool; it exceeds the limit only by what is taken
//! over it for copies whose originals come back at once. Who asks while others wait does not
//! overtake them. Wakers run outside the lock.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

/// The size of a chunk unless set otherwise: a default batch of 16 kB fits one.
pub const DEFAULT_CHUNK_SIZE: usize = 16 * 1024;

/// A bounded pool of chunks of one size; clones share it.
#[derive(Clone)]
pub struct ChunkPool(Arc<Shared>);

struct Shared {
    chunk_size: usize,
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    free: Vec<Box<[u8]>>,
    /// In bytes.
    used: usize,
    waiters: VecDeque<Waiter>,
    next_waiter: u64,
}

struct Waiter {
    id: u64,
    chunks: usize,
    granted: bool,
    waker: Option<Waker>,
}

impl ChunkPool {
    /// A pool of `capacity` bytes, rounded down to whole chunks of `chunk_size`; at least one.
    /// Memory is allocated when it is first asked for, and kept for the next one.
    #[must_use]
    pub fn new(capacity: usize, chunk_size: usize) -> Self {
        let chunk_size = chunk_size.max(1);
        Self(Arc::new(Shared {
            chunk_size,
            limit: (capacity / chunk_size).max(1),
            state: Mutex::default(),
        }))
    }

    /// The size of each chunk in bytes.
    #[must_use]
    pub fn chunk_size(&self) -> usize {
        self.0.chunk_size
    }

    /// How many bytes may be handed out.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.limit * self.0.chunk_size
    }

    /// How many bytes are handed out, whether they hold anything yet or not.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.lock().used
    }

    /// How many callers wait in [`ChunkPool::reserve`].
    #[must_use]
    pub fn waiting(&self) -> usize {
        let state = self.0.lock();
        state
            .waiters
            .iter()
            .filter(|waiter| !waiter.granted)
            .count()
    }

    /// How many chunks `bytes` bytes take.
    #[must_use]
    pub fn chunks_for(&self, bytes: usize) -> usize {
        bytes.div_ceil(self.0.chunk_size)
    }

    /// Takes `chunks` chunks now, all or none; none if somebody waits for memory.
    #[must_use]
    pub fn try_reserve(&self, chunks: usize) -> Option<Reserve> {
        let buffers = {
            let mut state = self.0.lock();
            let bytes = self.0.bytes(chunks);
            if !state.waiters.is_empty() || !state.has_room(bytes, self.0.bytes(self.0.limit)) {
                return None;
            }
            state.take(chunks, bytes)
        };
        Some(self.0.wrap(buffers, chunks))
    }

    /// Waits in line for `chunks` chunks; `None` at once if the pool never has that many.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the line, and gives back what was granted to it.
    pub async fn reserve(&self, chunks: usize) -> Option<Reserve> {
        if chunks > self.0.limit {
            return None;
        }
        if let Some(reserve) = self.try_reserve(chunks) {
            return Some(reserve);
        }
        let waiting = Waiting::join(&self.0, chunks);
        Some(waiting.await)
    }

    /// Takes one chunk even beyond the limit; for copies that free more than they take.
    pub(crate) fn take_over_limit(&self) -> Chunk {
        let mut reserve = self.reserve_over_limit(1);
        // One was asked for, so one is there.
        reserve.0.pop().unwrap_or_else(|| self.0.chunk(None))
    }

    /// As [`take_over_limit`](Self::take_over_limit), `chunks` of them.
    pub(crate) fn reserve_over_limit(&self, chunks: usize) -> Reserve {
        let buffers = self.0.lock().take(chunks, self.0.bytes(chunks));
        self.0.wrap(buffers, chunks)
    }
}

impl fmt::Debug for ChunkPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkPool")
            .field("capacity", &self.capacity())
            .field("chunk_size", &self.chunk_size())
            .field("used", &self.used())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No caller's code runs under this lock, so a poisoned state is a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bytes(&self, chunks: usize) -> usize {
        chunks.saturating_mul(self.chunk_size)
    }

    /// Makes chunks of recycled buffers, and of fresh ones where those do not suffice.
    fn wrap(self: &Arc<Self>, mut buffers: Vec<Box<[u8]>>, chunks: usize) -> Reserve {
        let make = |_| self.chunk(buffers.pop());
        Reserve((0..chunks).map(make).collect())
    }

    fn chunk(self: &Arc<Self>, buffer: Option<Box<[u8]>>) -> Chunk {
        Chunk {
            buffer: buffer.unwrap_or_else(|| vec![0; self.chunk_size].into_boxed_slice()),
            len: 0,
            pool: Arc::clone(self),
        }
    }

    /// Takes back so many bytes of room and wakes those it suffices for.
    fn give_back(&self, buffer: Option<Box<[u8]>>, bytes: usize) {
        let buffer = buffer.filter(|buffer| buffer.len() == self.chunk_size);
        let mut woken = Vec::new();
        {
            let mut state = self.lock();
            state.used = state.used.saturating_sub(bytes);
            if state.used + self.bytes(state.free.len()) < self.bytes(self.limit) {
                state.free.extend(buffer);
            }
            state.grant(self, &mut woken);
        }
        woken.into_iter().for_each(Waker::wake);
    }
}

impl State {
    fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.used.saturating_add(bytes) <= limit
    }

    fn take(&mut self, chunks: usize, bytes: usize) -> Vec<Box<[u8]>> {
        self.used = self.used.saturating_add(bytes);
        let keep = self.free.len().saturating_sub(chunks);
        self.free.split_off(keep)
    }

    /// Grants room to the waiters in front, as far as it goes.
    fn grant(&mut self, pool: &Shared, woken: &mut Vec<Waker>) {
        let limit = pool.bytes(pool.limit);
        for at in 0..self.waiters.len() {
            let used = self.used;
            let Some(waiter) = self.waiters.get_mut(at) else {
                return;
            };
            if waiter.granted {
                continue;
            }
            let bytes = pool.bytes(waiter.chunks);
            if used.saturating_add(bytes) > limit {
                return;
            }
            waiter.granted = true;
            woken.extend(waiter.waker.take());
            self.used += bytes;
        }
    }

    fn leave(&mut self, id: u64) -> Option<Waiter> {
        let at = self.waiters.iter().position(|waiter| waiter.id == id)?;
        self.waiters.remove(at)
    }
}

/// A place in the line for memory.
struct Waiting<'a> {
    pool: &'a Arc<Shared>,
    id: u64,
    done: bool,
}

impl<'a> Waiting<'a> {
    fn join(pool: &'a Arc<Shared>, chunks: usize) -> Self {
        let mut state = pool.lock();
        let id = state.next_waiter;
        state.next_waiter += 1;
        state.waiters.push_back(Waiter {
            id,
            chunks,
            granted: false,
            waker: None,
        });
        // Room may have come back since the caller looked.
        let mut woken = Vec::new();
        state.grant(pool, &mut woken);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        Self {
            pool,
            id,
            done: false,
        }
    }
}

impl Future for Waiting<'_> {
    type Output = Reserve;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reserve> {
        let mut state = self.pool.lock();
        let id = self.id;
        let Some(at) = state.waiters.iter().position(|waiter| waiter.id == id) else {
            return Poll::Ready(Reserve(Vec::new()));
        };
        match state.waiters.get_mut(at) {
            Some(waiter) if !waiter.granted => {
                waiter.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            _ => {}
        }
        let chunks = state.waiters.remove(at).map_or(0, |waiter| waiter.chunks);
        // The grant has counted them already.
        let buffers = state.take(chunks, 0);
        drop(state);
        self.done = true;
        Poll::Ready(self.pool.wrap(buffers, chunks))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let granted = {
            let waiter = self.pool.lock().leave(self.id);
            waiter.map_or(0, |waiter| if waiter.granted { waiter.chunks } else { 0 })
        };
        // Also when nothing was granted: a large wish in front may have held up smaller ones.
        self.pool.give_back(None, self.pool.bytes(granted));
    }
}

/// Chunks that a pool has handed out, to be given to a [`BatchBuilder`](super::BatchBuilder).
#[derive(Default)]
pub struct Reserve(Vec<Chunk>);

impl Reserve {
    /// How many chunks these are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether these are no chunks at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn pop(&mut self) -> Option<Chunk> {
        self.0.pop()
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }
}

impl fmt::Debug for Reserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reserve({} chunks)", self.len())
    }
}

/// One chunk: a buffer that is filled from the front and goes back to its pool on drop.
pub(crate) struct Chunk {
    buffer: Box<[u8]>,
    len: usize,
    pool: Arc<Shared>,
}

impl Chunk {
    /// How many bytes still fit.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.buffer.len() - self.len
    }

    /// The next `len` bytes to be written, if that many fit.
    #[inline]
    pub(crate) fn claim(&mut self, len: usize) -> Option<&mut [u8]> {
        let end = self.len.checked_add(len)?;
        let claimed = self.buffer.get_mut(self.len..end)?;
        self.len = end;
        Some(claimed)
    }

    /// Writes as much of `bytes` as fits and returns the rest.
    #[inline]
    pub(crate) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (now, later) = bytes.split_at(bytes.len().min(self.room()));
        if let Some(claimed) = self.claim(now.len()) {
            claimed.copy_from_slice(now);
        }
        later
    }

    /// The same in as little memory as it takes, where that is less: what takes no more bytes would
    /// hold the whole chunk until it is acknowledged, and thousands of partitions all memory.
    pub(crate) fn compact(self) -> Self {
        if self.len > self.buffer.len() / 4 * 3 {
            return self;
        }
        let buffer: Box<[u8]> = self.as_ref().into();
        // The chunk comes back right after, so this exceeds the limit briefly.
        self.pool.lock().used += buffer.len();
        Self {
            buffer,
            len: self.len,
            pool: Arc::clone(&self.pool),
        }
    }

    /// What was written, shared; the chunk goes back when the last share is dropped.
    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let bytes = self.buffer.len();
        self.pool
            .give_back(Some(mem::take(&mut self.buffer)), bytes);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn capacity_is_counted_from_take_to_the_last_share() {
        let pool = ChunkPool::new(4096, 1024);
        let mut reserve = pool.try_reserve(3).unwrap();
        assert_eq!((pool.capacity(), pool.used()), (4096, 3072));
        assert!(pool.try_reserve(2).is_none());
        let mut chunk = reserve.pop().unwrap();
        assert_eq!(chunk.fill(&[7; 1500]).len(), 476);
        let bytes = chunk.into_bytes();
        let share = bytes.slice(10..20);
        drop((reserve, bytes));
        assert_eq!(pool.used(), 1024);
        drop(share);
        assert_eq!(pool.used(), 0);
    }

    #[test]
    fn little_in_a_chunk_is_kept_in_little_memory() {
        let pool = ChunkPool::new(4096, 1024);
        let mut chunk = pool.take_over_limit();
        chunk.fill(&[7; 200]);
        let compact = chunk.compact();
        assert_eq!((pool.used(), compact.as_ref()), (200, &[7; 200][..]));
        assert!(pool.try_reserve(4).is_none(), "it counts");
        assert_eq!(pool.try_reserve(3).unwrap().len(), 3);
        drop(compact.into_bytes());
        assert_eq!(pool.used(), 0);
        let mut chunk = pool.take_over_limit();
        chunk.fill(&[7; 800]);
        let chunk = chunk.compact();
        assert_eq!(pool.used(), 1024, "not worth a copy");
        drop(chunk);
        let empty = pool.take_over_limit().compact();
        assert_eq!(pool.used(), 0);
        drop(empty);
    }

    #[test]
    fn buffers_are_used_again() {
        let pool = ChunkPool::new(1024, 1024);
        let first = pool.take_over_limit();
        let address = first.buffer.as_ptr();
        drop(first);
        assert_eq!(pool.take_over_limit().buffer.as_ptr(), address);
    }

    #[test]
    fn case_122_waiters_are_served_in_order_and_not_overtaken() {
        let pool = ChunkPool::new(3 * 64, 64);
        let held = pool.try_reserve(2).unwrap();
        let mut large = Box::pin(pool.reserve(2));
        let mut small = Box::pin(pool.reserve(1));
        assert!(large.as_mut().now_or_never().is_none());
        assert!(small.as_mut().now_or_never().is_none());
        assert!(
            pool.try_reserve(1).is_none(),
            "one is free, but others wait"
        );
        drop(held);
        assert_eq!(small.now_or_never().flatten().unwrap().len(), 1);
        assert_eq!(large.now_or_never().flatten().unwrap().len(), 2);
        assert_eq!(pool.used(), 0);
    }

    #[test]
    fn case_122_a_dropped_waiter_lets_the_next_one_pass_and_keeps_nothing() {
        let pool = ChunkPool::new(2 * 64, 64);
        let held = pool.try_reserve(1).unwrap();
        let mut large = Box::pin(pool.reserve(2));
        let mut small = Box::pin(pool.reserve(1));
        assert!(large.as_mut().now_or_never().is_none());
        assert!(small.as_mut().now_or_never().is_none());
        drop(large);
        let granted = small.now_or_never().flatten().unwrap();
        drop((granted, held));
        let held = pool.try_reserve(2).unwrap();
        let mut granted = Box::pin(pool.reserve(1));
        assert!(granted.as_mut().now_or_never().is_none());
        drop(held);
        drop(granted);
        assert_eq!((pool.used(), pool.waiting()), (0, 0));
    }

    #[test]
    fn more_than_the_pool_ever_has_is_refused_at_once() {
        let pool = ChunkPool::new(2 * 64, 64);
        assert!(pool.reserve(3).now_or_never().unwrap().is_none());
    }
}
