//! Random histories of a whole KIP-848 group, in the [`world`] of both protocols.

use super::model_coordinator::Coordinator;
use crate::machine::group::world;

const SEEDS: u64 = 60;

#[test]
fn cases_52_to_72_of_kip_848_no_two_owners_only_what_is_owned_is_said_and_all_converges() {
    let changes = world::play(0..SEEDS, |_| Coordinator::new());
    let least = i32::try_from(SEEDS).unwrap() * 5;
    assert!(changes > least, "{changes}");
}
