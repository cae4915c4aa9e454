//! One direction of a connection: a pipe with a length and a width.
//!
//! Bytes go in with the time at which they are due and come out in order, no sooner. Many may be on
//! their way at once, so a delay costs no bandwidth. What is on its way is bounded: who puts in
//! more waits, as on a full socket.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes on their way in a line without a throttle: 300 MB/s at 50 ms.
const CAPACITY: usize = 16 * 1024 * 1024;
/// A throttled line's share of a second that may be on its way besides its delay.
const THROTTLED_SHARE: u32 = 10;

/// How long and how wide a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// From one end to the other.
    pub(crate) delay: Duration,
    /// None is as fast as it goes.
    pub(crate) bytes_per_second: Option<u64>,
}

impl Link {
    fn time_of(self, bytes: usize) -> Duration {
        let Some(rate) = self.bytes_per_second else {
            return Duration::ZERO;
        };
        let micros =
            u128::try_from(bytes).unwrap_or(u128::MAX) * 1_000_000 / u128::from(rate.max(1));
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    fn capacity(self) -> usize {
        let Some(rate) = self.bytes_per_second else {
            return CAPACITY;
        };
        let time = self.delay + Duration::from_secs(1) / THROTTLED_SHARE;
        let bytes = u128::from(rate) * time.as_millis() / 1_000;
        usize::try_from(bytes).map_or(CAPACITY, |bytes| bytes.min(CAPACITY))
    }

    /// How many bytes to read at once: on a slow line little, so that they do not come in bursts.
    pub(super) fn read_size(self) -> usize {
        (self.capacity() / 4).clamp(256, 64 * 1024)
    }
}

/// When what is put in comes out. Pure.
#[derive(Debug)]
pub(super) struct Schedule {
    link: Link,
    /// The entrance is busy or closed until then.
    free_at: Instant,
}

impl Schedule {
    /// A line into which nothing goes before `opens`.
    pub(super) fn new(link: Link, opens: Instant) -> Self {
        Self {
            link,
            free_at: opens,
        }
    }

    /// The entrance stays closed for so long.
    pub(super) fn hold(&mut self, time: Duration, now: Instant) {
        self.free_at = self.free_at.max(now + time);
    }

    /// When so many bytes, put in now, have all come out.
    pub(super) fn due(&mut self, bytes: usize, now: Instant) -> Instant {
        self.free_at = self.free_at.max(now) + self.link.time_of(bytes);
        self.free_at + self.link.delay
    }
}

/// What travels on a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    Bytes(Vec<u8>),
    /// The sender will send no more.
    End,
    /// Close the connection.
    Cut,
}

#[derive(Debug)]
struct State {
    schedule: Schedule,
    items: VecDeque<(Instant, Item)>,
    bytes: usize,
    closed: bool,
}

/// The line itself, between the thread that reads and the one that writes.
#[derive(Debug)]
pub(super) struct Line {
    state: Mutex<State>,
    capacity: usize,
    /// Something was put in, came out, or it closed.
    changed: Condvar,
}

impl Line {
    pub(super) fn new(link: Link, opens: Instant) -> Self {
        Self {
            state: Mutex::new(State {
                schedule: Schedule::new(link, opens),
                items: VecDeque::new(),
                bytes: 0,
                closed: false,
            }),
            capacity: link.capacity(),
            changed: Condvar::new(),
        }
    }

    pub(super) fn hold(&self, time: Duration) {
        self.lock().schedule.hold(time, Instant::now());
    }

    /// Puts something in, once there is room; false when the line is closed.
    pub(super) fn push(&self, item: Item) -> bool {
        let size = match &item {
            Item::Bytes(bytes) => bytes.len(),
            Item::End | Item::Cut => 0,
        };
        let mut state = self.lock();
        // Something larger than the line still goes in alone.
        while state.bytes > 0 && state.bytes + size > self.capacity && !state.closed {
            state = self.wait(state);
        }
        if state.closed {
            return false;
        }
        let due = state.schedule.due(size, Instant::now());
        state.items.push_back((due, item));
        state.bytes += size;
        drop(state);
        self.changed.notify_all();
        true
    }

    /// What comes out next, when it does; none when the line is closed.
    pub(super) fn pop(&self) -> Option<Item> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let left = state
                .items
                .front()
                .map(|(due, _)| due.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => break,
                None => self.wait(state),
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        let (_, item) = state.items.pop_front()?;
        if let Item::Bytes(bytes) = &item {
            state.bytes -= bytes.len();
        }
        drop(state);
        self.changed.notify_all();
        Some(item)
    }

    /// Nothing comes out any more, and nothing goes in.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_delay_does_not_make_one_wait_for_another() {
        let now = Instant::now();
        let link = Link {
            delay: ms(50),
            bytes_per_second: None,
        };
        let mut schedule = Schedule::new(link, now);
        assert_eq!(schedule.due(1_000_000, now), now + ms(50));
        assert_eq!(schedule.due(10, now + ms(1)), now + ms(51));
    }

    #[test]
    fn a_throttle_does_and_order_is_kept_behind_a_hold() {
        let now = Instant::now();
        let link = Link {
            delay: ms(50),
            bytes_per_second: Some(1_000_000),
        };
        let mut schedule = Schedule::new(link, now + ms(100));
        assert_eq!(schedule.due(20_000, now), now + ms(170), "closed until 100");
        assert_eq!(schedule.due(10_000, now), now + ms(180));
        schedule.hold(ms(500), now);
        assert_eq!(schedule.due(0, now + ms(1)), now + ms(550));
        schedule.hold(ms(10), now + ms(2));
        assert_eq!(schedule.due(0, now + ms(3)), now + ms(550), "not overtaken");
    }

    #[test]
    fn a_full_line_makes_the_sender_wait_and_a_closed_one_sends_it_home() {
        let link = Link {
            delay: Duration::ZERO,
            bytes_per_second: Some(10_000_000),
        };
        let line = Line::new(link, Instant::now());
        assert_eq!(line.capacity, 1_000_000);
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| {
                let sent = (0..20).filter(|_| line.push(Item::Bytes(vec![0; 400_000])));
                sent.count()
            });
            for _ in 0..5 {
                assert_eq!(line.pop(), Some(Item::Bytes(vec![0; 400_000])));
                assert!(line.lock().bytes <= 1_000_000);
            }
            line.close();
            assert!(sender.join().unwrap() < 20);
        });
        assert_eq!(line.pop(), None);
    }

    #[test]
    fn a_slow_line_holds_and_reads_little() {
        let link = Link {
            delay: ms(100),
            bytes_per_second: Some(100_000),
        };
        assert_eq!((link.capacity(), link.read_size()), (20_000, 5_000));
        assert_eq!(Link::default().read_size(), 64 * 1024);
    }
}
