//! What happens to the members: every 5 to 10 s one of them starts, leaves, is killed or stopped.

use std::time::{Duration, Instant};

use super::figures::Deed;
use super::roster::{Roster, State, now};
use crate::interrupt;
use crate::random::Random;

/// How often members are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How often what was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Deeds {
    pub(super) starts: u64,
    pub(super) leaves: u64,
    pub(super) kills: u64,
    pub(super) stops: u64,
}

/// Until the time is over; `tell` is called again and again, and may fail. Afterwards nobody is
/// stopped.
pub(super) fn run(
    roster: &mut Roster<'_>,
    random: &mut Random,
    end: Instant,
    mut tell: impl FnMut(&Roster<'_>, Deeds) -> Result<(), String>,
) -> Result<Deeds, String> {
    let mut deeds = Deeds::default();
    let least = roster.args.pace_ms;
    let pause = |random: &mut Random| Duration::from_millis(least + random.below(least));
    let mut next = Instant::now() + pause(random);
    while Instant::now() < end {
        interrupt::sleep(LOOK)?;
        roster.tend(now())?;
        tell(roster, deeds)?;
        if Instant::now() >= next {
            strike(roster, random, &mut deeds)?;
            next = Instant::now() + pause(random);
        }
    }
    roster.tend(u64::MAX)?;
    Ok(deeds)
}

fn strike(roster: &mut Roster<'_>, random: &mut Random, deeds: &mut Deeds) -> Result<(), String> {
    let awake = roster.all(|state| state == State::Running);
    let (living, _) = roster.living();
    let enough = awake.len() > 2 && u64::from(living) * 2 > u64::from(roster.args.members);
    let deed = draw(random, living, roster.args.members, enough);
    let count = u64::try_from(awake.len()).unwrap_or(0);
    let at = usize::try_from(random.below(count)).unwrap_or(0);
    let time = stop_time(random);
    match (deed, awake.get(at).copied()) {
        (Deed::Leave, Some(victim)) => {
            deeds.leaves += 1;
            roster.leave(victim)
        }
        (Deed::Kill, Some(victim)) => {
            deeds.kills += 1;
            roster.kill(victim)
        }
        (Deed::Stop, Some(victim)) => {
            deeds.stops += 1;
            roster.stop(victim, time)
        }
        _ => {
            deeds.starts += 1;
            roster.start().map(drop)
        }
    }
}

/// As many come as go, over time; one more than wanted may be there.
fn draw(random: &mut Random, living: u32, wanted: u32, enough: bool) -> Deed {
    if !enough {
        return Deed::Start;
    }
    let start = match living {
        _ if living > wanted => 0,
        _ if living == wanted => 2,
        _ => 8,
    };
    let others = [
        Deed::Leave,
        Deed::Leave,
        Deed::Kill,
        Deed::Kill,
        Deed::Stop,
        Deed::Stop,
    ];
    let at = usize::try_from(random.below(start + 6)).unwrap_or(0);
    others.get(at).copied().unwrap_or(Deed::Start)
}

/// Half of the stops outlast a session of 6 s.
fn stop_time(random: &mut Random) -> Duration {
    let short = random.chance(500_000);
    let (least, more) = if short { (500, 3_500) } else { (7_000, 8_000) };
    Duration::from_millis(least + random.below(more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_neither_die_out_nor_pile_up() {
        let mut random = Random::new(7);
        let (mut living, mut low, mut high) = (8_u32, 8, 8);
        for _ in 0..10_000 {
            match draw(&mut random, living, 8, living > 4) {
                Deed::Start => living += 1,
                Deed::Leave | Deed::Kill => living -= 1,
                _ => {}
            }
            (low, high) = (low.min(living), high.max(living));
        }
        assert!(low >= 4 && high == 9, "{low} to {high}");
    }

    #[test]
    fn stops_are_shorter_and_longer_than_a_session() {
        let mut random = Random::new(7);
        let times: Vec<Duration> = (0..100).map(|_| stop_time(&mut random)).collect();
        let session = Duration::from_secs(6);
        let long = times.iter().filter(|time| **time > session).count();
        assert!((30..70).contains(&long), "{long}");
    }
}
