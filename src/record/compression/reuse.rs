//! Buffers for decompressed batches, used again by the thread that drops them: memory that was
//! never touched before costs as much as decompressing into it.

use std::cell::RefCell;

use bytes::Bytes;

/// How many buffers a thread keeps, and how large ones, in bytes.
const KEPT_MAX: usize = 4;
const LARGEST: usize = 2 << 20;

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of at least `room` bytes, all of which may be written.
pub(super) fn take(room: usize) -> Vec<u8> {
    let kept = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        let fits = |buffer: &Vec<u8>| buffer.len() >= room;
        let at = kept.iter().position(fits)?;
        Some(kept.swap_remove(at))
    });
    kept.ok().flatten().unwrap_or_else(|| vec![0; room])
}

/// A buffer of which the first `len` bytes are wanted: shared if most of it is, otherwise copied.
pub(super) fn into_bytes(buffer: Vec<u8>, len: usize) -> Bytes {
    let lease = Lease { buffer, len };
    if len < lease.buffer.len() / 2 {
        return Bytes::copy_from_slice(lease.as_ref());
    }
    Bytes::from_owner(lease)
}

struct Lease {
    buffer: Vec<u8>,
    len: usize,
}

impl AsRef<[u8]> for Lease {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.buffer.len() > LARGEST {
            return;
        }
        let buffer = std::mem::take(&mut self.buffer);
        // A thread that ends keeps nothing.
        let _ = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < KEPT_MAX {
                kept.push(buffer);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_its_last_share_is_dropped() {
        let buffer = take(10_000);
        let address = buffer.as_ptr();
        let bytes = into_bytes(buffer, 9_000);
        let share = bytes.slice(10..20);
        drop(bytes);
        let other = take(10_000);
        assert_ne!(other.as_ptr(), address, "it is in use");
        drop(share);
        let free = take(5_000);
        assert_eq!(free.as_ptr(), address);
    }

    #[test]
    fn little_in_a_large_buffer_is_copied_out_of_it() {
        let buffer = take(50_000);
        let address = buffer.as_ptr();
        let bytes = into_bytes(buffer, 20_000);
        assert_eq!(bytes.len(), 20_000);
        let free = take(50_000);
        assert_eq!(free.as_ptr(), address, "it is free");
    }

    #[test]
    fn no_more_than_a_few_are_kept() {
        let held: Vec<Bytes> = (0..9).map(|_| into_bytes(take(1_000), 1_000)).collect();
        let huge = into_bytes(take(LARGEST + 1), LARGEST + 1);
        drop((held, huge));
        KEPT.with(|kept| assert_eq!(kept.borrow().len(), KEPT_MAX));
    }
}
