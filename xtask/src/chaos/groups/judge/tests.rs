//! A small history that is as it should be, and each fault planted in it.

use super::super::tenure::tests::member;
use super::*;

/// Two partitions; `a` has them, gives up the second to `b` and is killed; `b` reads the rest.
const A: &[&str] = &[
    "1000000 assigned 1 0 1",
    "1100000 hand 1 0:0-4 1:0-1",
    "1300000 revoked 2 1",
    "1310000 assigned 2",
    "1500000 hand 3 0:5-6",
];
const B: &[&str] = &[
    "1250000 assigned 2",
    "1400000 assigned 3 1",
    "1600000 hand 3 1:2-9",
    "9000000 assigned 4 0",
    "9100000 hand 4 0:5-9",
    "9300000 revoked 4 0 1",
];
const COMMITS: &[(u64, usize, i64)] = &[
    (1_200_000, 0, 5),
    (1_250_000, 1, 2),
    (1_700_000, 1, 10),
    (9_200_000, 0, 10),
];
const KILLED: Micros = 2_000_000;

fn run(a: &[&str], b: &[&str], commits: &[(u64, usize, i64)]) -> Verdict {
    with(a, b, commits, |_| {})
}

fn with(
    a: &[&str],
    b: &[&str],
    commits: &[(u64, usize, i64)],
    change: impl Fn(&mut [Member]),
) -> Verdict {
    let mut members = [member(a), member(b)];
    members[0].name = "a".into();
    members[0].end = Some(KILLED);
    members[1].name = "b".into();
    members[1].end = Some(9_400_000);
    change(&mut members);
    let commit = |(at, partition, offset): &(u64, usize, i64)| Commit {
        at: *at,
        partition: *partition,
        offset: *offset,
    };
    let commits: Vec<Commit> = commits.iter().map(commit).collect();
    judge(&Facts {
        tenures: &Tenures::of(&members, 10_000_000),
        members: &members,
        commits: &commits,
        ends: &[10, 10],
        classic: true,
    })
}

/// The journal with one line replaced, or a further one behind it.
fn but<'a>(journal: &[&'a str], old: &str, new: &[&'a str]) -> Vec<&'a str> {
    assert!(journal.contains(&old), "{old:?}");
    let each = journal.iter().flat_map(|line| {
        let line = [*line];
        if line[0] == old {
            new.to_vec()
        } else {
            line.to_vec()
        }
    });
    each.collect()
}

#[test]
fn a_good_run_has_duplicates_and_no_fault() {
    let expected = Verdict {
        handed: 22,
        again: 2,
        again_most: 2,
        tenures: 4,
        commits: 4,
        ..Verdict::default()
    };
    assert_eq!(run(A, B, COMMITS), expected);
}

#[test]
fn records_that_nobody_got_are_seen() {
    let b = but(
        B,
        "1600000 hand 3 1:2-9",
        &["1600000 hand 3 1:2-5", "1650000 hand 3 1:8-9"],
    );
    let verdict = run(A, &b, COMMITS);
    assert_eq!((verdict.skipped, verdict.jumps), (2, 1));
}

#[test]
fn a_begin_behind_the_committed_offset_is_seen() {
    let b = but(B, "1600000 hand 3 1:2-9", &["1600000 hand 3 1:3-9"]);
    let verdict = run(A, &b, COMMITS);
    assert_eq!((verdict.skipped, verdict.elsewhere), (1, 1));
}

#[test]
fn more_duplicates_than_was_uncommitted_are_seen() {
    let b = but(B, "9100000 hand 4 0:5-9", &["9100000 hand 4 0:4-9"]);
    let verdict = run(A, &b, COMMITS);
    assert_eq!(
        (verdict.elsewhere, verdict.skipped, verdict.again),
        (1, 0, 3)
    );
    let again = but(
        B,
        "9100000 hand 4 0:5-9",
        &["9100000 hand 4 0:5-9", "9150000 hand 4 0:9-9"],
    );
    assert_eq!(
        run(A, &again, COMMITS).jumps,
        1,
        "the same owner, the same record"
    );
}

#[test]
fn what_comes_again_after_a_handover_is_told_apart() {
    let mut commits = COMMITS.to_vec();
    commits[1].2 = 1;
    let b = but(B, "1600000 hand 3 1:2-9", &["1600000 hand 3 1:1-9"]);
    let verdict = run(A, &b, &commits);
    assert_eq!((verdict.elsewhere, verdict.again), (0, 3));
    assert_eq!(
        verdict.again_after_handover, 1,
        "the others were the dead one's"
    );
}

#[test]
fn what_a_sleeper_still_owns_was_not_handed_over() {
    let lines = ["1850000 assigned 9 1", "1900000 hand 9 1:9-9"];
    let a: Vec<&str> = A.iter().chain(&lines).copied().collect();
    let b = but(B, "9300000 revoked 4 0 1", &["9300000 lost -1 0 1"]);
    let mut commits = COMMITS.to_vec();
    commits[2].2 = 9;
    commits.push((9_250_000, 1, 10));
    let verdict = run(&a, &b, &commits);
    assert_eq!((verdict.elsewhere, verdict.again), (0, 3));
    assert_eq!(verdict.again_after_handover, 0, "{verdict:?}");
}

#[test]
fn two_owners_in_one_generation_are_seen() {
    let b = but(B, "1400000 assigned 3 1", &["1400000 assigned 2 1"]);
    let verdict = run(A, &b, COMMITS);
    assert_eq!(verdict.two_owners, 1, "{verdict:?}");
}

#[test]
fn two_owners_at_a_time_are_seen_whatever_the_generations() {
    let a = but(A, "1300000 revoked 2 1", &["1450000 revoked 2 1"]);
    assert_eq!(run(&a, B, COMMITS).two_owners, 1);
    let kept: Vec<&str> = A
        .iter()
        .copied()
        .filter(|line| !line.contains("revoked"))
        .collect();
    assert_eq!(
        run(&kept, B, COMMITS).two_owners,
        1,
        "killed before it gave anything up"
    );
}

#[test]
fn who_stood_still_or_lost_its_membership_is_no_second_owner() {
    let slept = but(A, "1300000 revoked 2 1", &[]);
    let slept = but(&slept, "1310000 assigned 2", &["1900000 lost -1 0 1"]);
    let slept = but(&slept, "1500000 hand 3 0:5-6", &["1990000 assigned 9"]);
    let verdict = run(&slept, B, COMMITS);
    assert_eq!(
        (verdict.two_owners, verdict.losses, verdict.losses_awake),
        (0, 1, 1)
    );
    let verdict = with(&slept, B, COMMITS, |members| {
        members[0].stops = vec![(1_200_000, 1_800_000)];
    });
    assert_eq!(verdict.losses_awake, 0);
    let java = but(A, "1300000 revoked 2 1", &["1450000 revoked 2 1"]);
    let verdict = with(&java, B, COMMITS, |members| {
        members[0].java = true;
        members[0].stops = vec![(1_310_000, 1_320_000)];
        let tell = |event: &mut super::super::history::Event| event.generation = None;
        members[0].events.iter_mut().for_each(tell);
    });
    assert_eq!(verdict.two_owners, 0);
}

#[test]
fn a_zombie_that_hands_out_after_its_loss_is_seen() {
    let lines = [
        "1510000 lost -1 0",
        "1520000 hand -1 0:7-7",
        "1530000 hand -1 0:8-8",
    ];
    let a: Vec<&str> = A.iter().chain(&lines).copied().collect();
    let verdict = run(&a, B, COMMITS);
    assert_eq!(verdict.strays, 1, "the first may have been on its way");
}

#[test]
fn a_committed_offset_that_goes_back_is_seen() {
    let mut commits = COMMITS.to_vec();
    commits.insert(3, (1_800_000, 1, 9));
    commits.insert(4, (1_900_000, 1, 10));
    assert_eq!(run(A, B, &commits).back, 1);
}

#[test]
fn an_offset_that_is_committed_before_its_records_are_handed_out_is_seen() {
    let mut commits = COMMITS.to_vec();
    commits[2].0 = 1_590_000;
    assert_eq!(run(A, B, &commits).early, 1);
}

#[test]
fn a_confirmed_commit_that_was_never_written_is_seen() {
    let old = "1310000 assigned 2";
    let unwritten = |commit| run(&but(A, old, &[commit, old]), B, COMMITS).unwritten;
    assert_eq!(unwritten("1305000 committed 2 1:2"), 0);
    assert_eq!(
        unwritten("1305000 committed 2 1:1"),
        0,
        "a later one went with it"
    );
    assert_eq!(unwritten("1305000 committed 2 1:3"), 1, "it came later");
    assert_eq!(unwritten("1240000 committed 2 1:2"), 1);
}

#[test]
fn what_is_left_uncommitted_and_records_that_are_not_the_logs_are_seen() {
    assert_eq!(run(A, B, &COMMITS[..3]).lag, 5);
    let b = but(
        B,
        "9100000 hand 4 0:5-9",
        &["9100000 hand 4 0:5-10", "9110000 odd 4 0:9"],
    );
    assert_eq!(run(A, &b, COMMITS).odd, 2);
}
