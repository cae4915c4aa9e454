//! A group's coordinator that takes requests and answers nothing, for longer than a session lasts.

use tidewire::{BrokerId, ConsumerBuilder};

use crate::groups::{Diary, build, committed, member, modern, write, written};
use crate::support::{PATIENCE, Read, ms, numbers, poll, read, secs, within};

fn offsets(all: &[Read]) -> Vec<i64> {
    all.iter().map(|each| each.offset).collect()
}

/// Reads three records and commits them, then three more; loses the coordinator meanwhile and
/// writes three that come only after the session is over. What was handed out in between.
async fn cut_off(
    builder: impl Fn(&tidewire::Client) -> ConsumerBuilder,
    lines_in_between: &[&str],
) -> Vec<Read> {
    let (cluster, client) = written(1, 3).await;
    let leader = cluster.leader("t", 0).unwrap();
    let coordinator = if leader == BrokerId(1) { 2 } else { 1 };
    cluster.move_coordinator("g", coordinator);
    let diary = Diary::default();
    let builder = builder(&client).property("enable.auto.commit", "false");
    let consumer = build(builder.rebalance_listener(diary.clone())).await;
    assert_eq!(offsets(&read(&consumer, 3).await), [0, 1, 2]);
    within(PATIENCE, consumer.commit()).await.unwrap();
    assert_eq!(committed(&cluster, 0), Some(3));

    cluster.pause_broker(coordinator);
    write(&client, 0, numbers(3)).await;
    let before = within(secs(1), read(&consumer, 3)).await;
    assert_eq!(offsets(&before), [3, 4, 5], "its session lasts still");
    // Longer than the 45 s of a session, and than one more request may take.
    let started = tokio::time::Instant::now();
    while started.elapsed() < secs(80) {
        let polled = within(secs(2), poll(&consumer, secs(1))).await;
        assert!(polled.is_ok_and(|records| records.is_empty()));
    }
    assert_eq!(diary.lines(), lines_in_between);
    write(&client, 0, numbers(3)).await;
    let between = within(secs(6), poll(&consumer, secs(5))).await.unwrap();

    cluster.resume_broker(coordinator);
    let mut again = Vec::new();
    while diary.lines().len() < 3 || again.len() < 6 {
        again.extend(within(PATIENCE, poll(&consumer, ms(500))).await.unwrap());
    }
    assert_eq!(diary.lines(), ["assigned [0]", "lost [0]", "assigned [0]"]);
    let committed_on: Vec<i64> = (3..9).collect();
    assert_eq!(offsets(&again), committed_on, "nothing is skipped");
    within(PATIENCE, consumer.commit()).await.unwrap();
    assert_eq!(committed(&cluster, 0), Some(9));
    between
}

#[tokio::test(start_paused = true)]
async fn case_53_a_member_cut_off_for_longer_than_its_session_stops_and_reads_on_later() {
    let between = cut_off(member, &["assigned [0]", "lost [0]"]).await;
    assert!(
        between.is_empty(),
        "another member may have it: {between:?}"
    );
}

/// How long its session is only the coordinator knows (KIP-848): it goes on, and learns it later.
#[tokio::test(start_paused = true)]
async fn case_53_a_modern_member_cut_off_learns_that_it_was_replaced_and_reads_on() {
    let between = cut_off(modern, &["assigned [0]"]).await;
    assert_eq!(offsets(&between), [6, 7, 8]);
}
