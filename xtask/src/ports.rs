//! Free TCP ports that stay ours while a node is down.
//!
//! A port from `bind(0)` lies in the range the system hands to everybody: while a node is dead, any
//! program's outgoing connection may take it, and the node could not come back under its address.
//! So ports are drawn at random from below that range, and each is tried.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

/// Below these are the well-known ports; at and above `end` the system's own choices.
const START: u16 = 12_000;

/// `count` distinct ports that nobody listens on and that are not in `taken`.
pub(crate) fn free(count: usize, taken: &BTreeSet<u16>) -> Result<Vec<u16>, String> {
    let end = ephemeral_start();
    let random = RandomState::new();
    let mut held = Vec::new();
    for attempt in 0..10_000_u32 {
        if held.len() == count {
            break;
        }
        let port = pick(random.hash_one(attempt), end);
        if taken.contains(&port) {
            continue;
        }
        // Held until all are found, so that none is found twice.
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            held.push((port, listener));
        }
    }
    if held.len() < count {
        return Err(format!(
            "fewer than {count} free ports between {START} and {end}"
        ));
    }
    Ok(held.into_iter().map(|(port, _)| port).collect())
}

/// Maps a hash to `START..end`.
fn pick(hash: u64, end: u16) -> u16 {
    let width = u64::from(end.saturating_sub(START).max(1));
    START + u16::try_from(hash % width).unwrap_or(0)
}

/// Where the system's own choices begin; 32768 on Linux, higher elsewhere.
fn ephemeral_start() -> u16 {
    std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .filter(|start| *start > START + 1_000)
        .unwrap_or(32_768)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_distinct_free_and_not_the_taken_ones() {
        let first = free(4, &BTreeSet::new()).unwrap();
        let taken: BTreeSet<u16> = first.iter().copied().collect();
        assert_eq!(taken.len(), 4);
        let second = free(4, &taken).unwrap();
        assert!(second.iter().all(|port| !taken.contains(port)));
    }

    #[test]
    fn picks_stay_inside_the_range() {
        for hash in [0, 1, u64::MAX] {
            assert!((START..START + 50).contains(&pick(hash, START + 50)));
        }
    }
}
