//! Brings home what can be brought home while the loads stay as even as they are.
//!
//! Moves that leave every load alone form a ring: each member on it gives a partition to the next.
//! A ring may also have one gap, from a member that ends with one more to one that had one more and
//! ends with one less. An assignment is the best of its loads if no ring saves anything (a
//! minimum-cost flow has no negative cycle), so rings are looked for until there is none: with
//! Bellman's and Ford's search over members, lots and loads, from all of them at once.

use super::lots::Lots;

/// Turns rings until none saves anything, or the work is too much.
pub(super) fn polish(lots: &mut Lots<'_>) {
    while let Some(rings) = Search::new(lots).run(lots) {
        for ring in rings {
            turn(lots, &ring);
        }
    }
}

/// A place on a ring, as a number: members, then lots, then loads.
type Place = usize;

/// Carries out a ring's moves: a member, a lot, the member that gets one of it.
fn turn(lots: &mut Lots<'_>, ring: &[Place]) {
    let members = lots.loads.len();
    let end = members + lots.lots.len();
    for at in 0..ring.len() {
        let lot = ring[at];
        if (members..end).contains(&lot) {
            let from = ring[(at + ring.len() - 1) % ring.len()];
            let to = ring[(at + 1) % ring.len()];
            lots.shift(from, lot - members, to);
        }
    }
}

struct Search {
    members: usize,
    /// The place of load zero.
    loads: Place,
    /// Members by load.
    by_load: Vec<Vec<usize>>,
    /// The least cost of a way to each place, from wherever it is least.
    cost: Vec<i64>,
    /// The place before, on that way.
    before: Vec<Option<Place>>,
    /// Places with a new cost.
    fresh: Vec<Place>,
    is_fresh: Vec<bool>,
}

impl Search {
    fn new(lots: &Lots<'_>) -> Self {
        let members = lots.loads.len();
        let loads = members + lots.lots.len();
        let top = lots.loads.iter().max().map_or(0, |load| load + 1);
        let mut by_load = vec![Vec::new(); top];
        for (member, load) in lots.loads.iter().enumerate() {
            by_load[*load].push(member);
        }
        let places = loads + top;
        let mut is_fresh = vec![false; places];
        is_fresh[..members].fill(true);
        Self {
            members,
            loads,
            by_load,
            cost: vec![0; places],
            before: vec![None; places],
            fresh: (0..members).collect(),
            is_fresh,
        }
    }

    /// Rings that save something and share no place; none where the assignment is the best.
    fn run(mut self, lots: &mut Lots<'_>) -> Option<Vec<Vec<Place>>> {
        while !self.fresh.is_empty() {
            let mut steps = self.cost.len();
            for place in std::mem::take(&mut self.fresh) {
                self.is_fresh[place] = false;
                steps += if place < self.members {
                    self.leave_member(lots, place)
                } else if place < self.loads {
                    self.leave_lot(lots, place)
                } else {
                    self.leave_load(place)
                };
            }
            if !lots.may_work(steps) {
                return None;
            }
            let rings = self.rings();
            if !rings.is_empty() {
                return Some(rings);
            }
        }
        None
    }

    fn reach(&mut self, from: Place, to: Place, cost: i64) {
        let cost = self.cost[from] + cost;
        if cost < self.cost[to] {
            self.cost[to] = cost;
            self.before[to] = Some(from);
            if !std::mem::replace(&mut self.is_fresh[to], true) {
                self.fresh.push(to);
            }
        }
    }

    /// A member gives one of a lot, or ends the moves with one more.
    fn leave_member(&mut self, lots: &Lots<'_>, member: usize) -> usize {
        for lot in lots.held(member) {
            self.reach(member, self.members + lot, -lots.loss_saves(member, lot));
        }
        self.reach(member, self.loads + lots.loads[member], 0);
        lots.holdings[member].len()
    }

    /// Somebody gets one of the lot.
    fn leave_lot(&mut self, lots: &Lots<'_>, place: Place) -> usize {
        let lot = place - self.members;
        for member in &lots.lots[lot].homes {
            self.reach(place, *member, lots.gain_cost(*member, lot));
        }
        // As a guest: of use only when what came before saves more than that costs.
        if self.cost[place] + 1 >= 0 {
            return lots.lots[lot].homes.len();
        }
        for member in lots.subscribers(lot) {
            self.reach(place, *member, lots.gain_cost(*member, lot));
        }
        lots.subscribers(lot).len()
    }

    /// Whoever had one more than that one had is left with one less.
    fn leave_load(&mut self, place: Place) -> usize {
        let more = self.by_load.get(place - self.loads + 1);
        let members = more.cloned().unwrap_or_default();
        for member in &members {
            self.reach(place, *member, 0);
        }
        members.len()
    }

    /// The ways that lead back to where they came from.
    fn rings(&self) -> Vec<Vec<Place>> {
        let mut rings = Vec::new();
        let mut seen_from = vec![None; self.before.len()];
        for start in 0..self.before.len() {
            let mut place = start;
            while seen_from[place].is_none() {
                seen_from[place] = Some(start);
                match self.before[place] {
                    Some(before) => place = before,
                    None => break,
                }
            }
            if seen_from[place] == Some(start) && self.before[place].is_some() {
                let mut ring = vec![place];
                let mut at = self.before[place];
                while let Some(before) = at.filter(|before| *before != place) {
                    ring.push(before);
                    at = self.before[before];
                }
                ring.reverse();
                rings.push(ring);
            }
        }
        rings
    }
}
