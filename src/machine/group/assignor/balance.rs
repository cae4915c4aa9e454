//! Makes the loads of a group even, moving little.
//!
//! Everybody first keeps what it had, in its rack; what is free goes to the least loaded. Then the
//! most loaded member gives to the least loaded that may take it, while they are two or more
//! apart. Where nobody may take it directly a chain may help: one takes it and gives another
//! partition on. When no chain helps the loads are as even as they can be: the sum of their squares
//! has no local minimum that is not a global one.

use super::lots::Lots;

/// How a member was reached: from whom, with which lot.
type Step = Option<(usize, usize)>;

/// Spreads all lots.
pub(super) fn balance(lots: &mut Lots<'_>) {
    keep(lots);
    if lots.racks_matter() {
        fill(lots, true);
    }
    fill(lots, false);
    give_directly(lots);
    give_by_chains(lots);
}

/// Leaves everybody what it had, except what it would read from another rack.
fn keep(lots: &mut Lots<'_>) {
    for member in 0..lots.loads.len() {
        let had = lots.holdings[member].iter();
        let had: Vec<_> = had.map(|(lot, each)| (*lot, each.home.len())).collect();
        for (lot, count) in had {
            if lots.in_rack(member, lot) {
                (0..count).for_each(|_| lots.take(member, lot));
            }
        }
    }
}

/// Gives what is free to the least loaded, those lots first that the fewest may have.
fn fill(lots: &mut Lots<'_>, in_rack: bool) {
    let free = lots.free();
    let takers = |lots: &Lots<'_>, lot: usize| -> Vec<usize> {
        let all = lots.subscribers(lot).iter().copied();
        all.filter(|member| !in_rack || lots.in_rack(*member, lot))
            .collect()
    };
    let wanted = (0..free.len()).filter(|lot| free[*lot] > 0);
    let mut order: Vec<_> = wanted.map(|lot| (takers(lots, lot).len(), lot)).collect();
    order.sort_unstable();
    for (_, lot) in order {
        let takers = takers(lots, lot);
        for _ in 0..free[lot] {
            let cost = |member: &usize| (lots.loads[*member], lots.gain_cost(*member, lot));
            match takers.iter().copied().min_by_key(cost) {
                Some(member) => lots.take(member, lot),
                None => break,
            }
        }
    }
}

fn heaviest(lots: &Lots<'_>, settled: &[bool]) -> Option<usize> {
    let open = (0..settled.len()).filter(|member| !settled[*member]);
    open.max_by_key(|member| (lots.loads[*member], usize::MAX - member))
}

/// Until no member has two more than another that may take one of them.
fn give_directly(lots: &mut Lots<'_>) {
    let mut settled = vec![false; lots.loads.len()];
    // No taker of a member's is less loaded than this: loads below the top only grow.
    let mut floors = vec![0; settled.len()];
    while let Some(from) = heaviest(lots, &settled) {
        let (taker, steps) = least_taker(lots, from, floors[from]);
        let Some(to) = taker.filter(|to| lots.loads[*to] + 2 <= lots.loads[from]) else {
            settled[from] = true;
            continue;
        };
        floors[from] = lots.loads[to];
        // What it takes it may give on, to others than before.
        floors[to] = 0;
        let (lot, more) = cheapest(lots, from, to);
        if let Some(lot) = lot {
            lots.shift(from, lot, to);
        }
        if !lots.may_work(steps + more + settled.len()) {
            return;
        }
    }
}

/// The least loaded member that may take something, and the steps it took to find it.
fn least_taker(lots: &Lots<'_>, from: usize, floor: usize) -> (Option<usize>, usize) {
    let mut best = None;
    let mut steps = 0;
    let mut topic = None;
    for lot in lots.held(from) {
        // Lots of one topic have the same takers, and stand side by side.
        if topic.replace(lots.lots[lot].topic) == Some(lots.lots[lot].topic) {
            continue;
        }
        steps += lots.subscribers(lot).len();
        let takers = lots.subscribers(lot).iter();
        let least = takers.map(|to| (lots.loads[*to], *to)).min();
        best = best.into_iter().chain(least).min();
        if best.is_some_and(|(load, _)| load <= floor) {
            break;
        }
    }
    (best.map(|(_, to)| to), steps)
}

/// The lot that moves from one to the other at the least cost.
fn cheapest(lots: &Lots<'_>, from: usize, to: usize) -> (Option<usize>, usize) {
    let least_possible = if lots.racks_matter() {
        i64::MIN
    } else {
        i64::from(lots.away[to] == 0) - i64::from(lots.guests[from] > 0)
    };
    let mut best: Option<(i64, usize)> = None;
    let mut steps = 0;
    for lot in lots.held(from).filter(|lot| lots.may_have(to, *lot)) {
        steps += 1;
        let cost = lots.gain_cost(to, lot) - lots.loss_saves(from, lot);
        if best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, lot));
        }
        if cost <= least_possible {
            break;
        }
    }
    (best.map(|(_, lot)| lot), steps)
}

/// Until no chain makes the loads more even.
fn give_by_chains(lots: &mut Lots<'_>) {
    let mut settled = vec![false; lots.loads.len()];
    while let Some(from) = heaviest(lots, &settled) {
        let mut reached: Vec<Step> = vec![None; settled.len()];
        match chain(lots, from, &settled, &mut reached) {
            Some(last) => {
                let mut to = last;
                while let Some((giver, lot)) = reached[to].filter(|_| to != from) {
                    let lot = cheapest(lots, giver, to).0.unwrap_or(lot);
                    lots.shift(giver, lot, to);
                    to = giver;
                }
            }
            None => {
                // Whoever is reached from here has nearly as much, and gives no more than this one.
                for (member, step) in reached.iter().enumerate() {
                    settled[member] |= step.is_some() || member == from;
                }
            }
        }
        if !lots.may_work(settled.len()) {
            return;
        }
    }
}

/// The nearest member with two less than the first; `reached` says on which ways.
fn chain(
    lots: &mut Lots<'_>,
    from: usize,
    settled: &[bool],
    reached: &mut [Step],
) -> Option<usize> {
    let mut seen = vec![false; lots.lots.len()];
    let mut layer = vec![from];
    while !layer.is_empty() {
        let mut next = Vec::new();
        let mut steps = 0;
        for giver in layer {
            for lot in lots.held(giver) {
                if std::mem::replace(&mut seen[lot], true) {
                    continue;
                }
                steps += lots.subscribers(lot).len();
                for &to in lots.subscribers(lot) {
                    if to != from && !settled[to] && reached[to].is_none() {
                        reached[to] = Some((giver, lot));
                        next.push(to);
                    }
                }
            }
        }
        let least = next.iter().map(|to| (lots.loads[*to], *to)).min();
        if let Some((_, to)) = least.filter(|(load, _)| load + 2 <= lots.loads[from]) {
            return Some(to);
        }
        if !lots.may_work(steps) {
            return None;
        }
        layer = next;
    }
    None
}
