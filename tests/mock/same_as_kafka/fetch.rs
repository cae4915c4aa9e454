//! Fetch and ListOffsets beside a real broker: limits, epochs, sessions, timestamps.

use tidewire::Uuid;

use super::{Side, list_request};
use crate::support::{batch, batch_at, code, fetch_request};

pub(super) async fn script(side: &mut Side) {
    fetches(side).await;
    sessions(side).await;
    offsets(side).await;
}

async fn fetches(side: &mut Side) {
    let (t, id) = side.create("fetches", &[]).await;
    side.append("first", &t, batch(&["a", "b"])).await;
    side.append("second", &t, batch(&["c", "d"])).await;
    let size = i32::try_from(batch(&["a", "b"]).len()).unwrap();
    for offset in [0, 1, 3, 4, 5, -1, i64::MAX] {
        side.fetch(&format!("at {offset}"), &fetch_request(&t, offset), 12)
            .await;
    }
    for version in [4, 5, 6, 7, 10, 11, 12] {
        side.fetch(
            &format!("in version {version}"),
            &fetch_request(&t, 0),
            version,
        )
        .await;
    }
    for version in 13..=18 {
        let mut request = fetch_request(&t, 0);
        request.topics[0].topic_id = id;
        side.fetch(&format!("in version {version}"), &request, version)
            .await;
        request.topics[0].topic_id = Uuid([7; 16]);
        side.fetch(
            &format!("unknown id in version {version}"),
            &request,
            version,
        )
        .await;
    }
    for (max, partition_max) in [
        (1, 1),
        (size, 1 << 20),
        (size + 9, 1 << 20),
        (1 << 20, size + 9),
        (0, 0),
        (-1, -1),
    ] {
        let mut request = fetch_request(&t, 0);
        request.max_bytes = max;
        request.topics[0].partitions[0].partition_max_bytes = partition_max;
        side.fetch(&format!("at most {max} and {partition_max}"), &request, 12)
            .await;
    }
    for epoch in [0, 1, 100] {
        let mut request = fetch_request(&t, 0);
        request.topics[0].topic_id = id;
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        side.fetch(&format!("with epoch {epoch}"), &request, 16)
            .await;
    }
    for (epoch, offset) in [(0, 0), (0, 4), (0, 5), (1, 0), (1, 4), (7, 2)] {
        let mut request = fetch_request(&t, offset);
        request.topics[0].partitions[0].last_fetched_epoch = epoch;
        let what = format!("at {offset} with last epoch {epoch}");
        side.fetch(&what, &request, 12).await;
    }
    let mut committed = fetch_request(&t, 0);
    committed.isolation_level = 1;
    side.fetch("committed only", &committed, 12).await;
    side.fetch("no such topic", &fetch_request("no-such-topic", 0), 12)
        .await;
    let mut request = fetch_request(&t, 0);
    request.topics[0].partitions[0].partition = 9;
    side.fetch("no such partition", &request, 12).await;
    let mut nothing = fetch_request(&t, 0);
    nothing.topics.clear();
    side.fetch("nothing", &nothing, 12).await;
}

async fn sessions(side: &mut Side) {
    let (t, topic_id) = side.create("sessions", &[]).await;
    side.append("for the session", &t, batch(&["a"])).await;
    let mut request = fetch_request(&t, 0);
    request.session_epoch = 0;
    let id = side.fetch("opening", &request, 12).await.session_id;
    let next = |epoch, offset: Option<i64>| {
        let mut request = fetch_request(&t, offset.unwrap_or(0));
        request.session_id = id;
        request.session_epoch = epoch;
        if offset.is_none() {
            request.topics.clear();
        }
        request
    };
    let same_data = next(1, None);
    side.fetch("data again", &same_data, 12).await;
    side.fetch("moved to the end", &next(2, Some(1)), 12).await;
    side.fetch("nothing new", &next(3, None), 12).await;
    side.fetch("repeated", &next(3, None), 12).await;
    side.fetch("skipped", &next(9, None), 12).await;
    side.fetch("as another kind", &next(4, None), 13).await;
    side.fetch("after the refusals", &next(4, None), 12).await;
    side.append("news for the session", &t, batch(&["b"])).await;
    side.fetch("with news", &next(5, None), 12).await;
    side.fetch("out of range", &next(6, Some(99)), 12).await;
    side.fetch("out of range still", &next(7, None), 12).await;
    side.fetch("back in range", &next(8, Some(2)), 12).await;
    let mut forget = next(9, None);
    forget.forgotten_topics_data = vec![tidewire::protocol::fetch::ForgottenTopic {
        topic: t.clone(),
        partitions: vec![0],
        ..Default::default()
    }];
    side.fetch("forgetting all", &forget, 12).await;
    side.fetch("after forgetting all", &next(10, None), 12)
        .await;
    let mut unknown = next(1, None);
    unknown.session_id = id.wrapping_add(77) & i32::MAX;
    side.fetch("unknown session", &unknown, 12).await;
    let mut zero = next(1, None);
    zero.session_id = 0;
    side.fetch("epoch without a session", &zero, 12).await;
    let mut by_id = fetch_request(&t, 0);
    by_id.topics[0].topic_id = topic_id;
    by_id.session_epoch = 0;
    let id = side.fetch("opening by id", &by_id, 13).await.session_id;
    by_id.topics.clear();
    (by_id.session_id, by_id.session_epoch) = (id, 1);
    side.fetch("by id as names", &by_id, 12).await;
    side.fetch("by id again", &by_id, 13).await;
    by_id.session_epoch = -1;
    side.fetch("closing", &by_id, 13).await;
    by_id.session_epoch = 2;
    side.fetch("closed", &by_id, 13).await;
}

async fn offsets(side: &mut Side) {
    let (t, _) = side.create("offsets", &[]).await;
    let times = [-1, -2, -3, -4, -5, -6, -7, 0, 5_000, 5_001];
    for round in ["empty", "filled"] {
        for version in 1..=11 {
            for timestamp in times {
                let answer = side.ask(&list_request(&t, timestamp, -1), version).await;
                let answer = answer.map(|answer| {
                    let p = &answer.topics[0].partitions[0];
                    (code(p.error_code), p.offset, p.timestamp, p.leader_epoch)
                });
                let what = format!("offset of {timestamp}, {round}, in version {version}");
                side.note(&what, answer);
            }
        }
        let first = batch_at(&["a", "b"], &[1_000, 5_000]);
        side.append("for offsets", &t, first).await;
        side.append("for offsets", &t, batch_at(&["c", "d"], &[3_000, 5_000]))
            .await;
    }
    for epoch in [0, 1, 9] {
        let answer = side.ask(&list_request(&t, -1, epoch), 7).await.unwrap();
        let p = &answer.topics[0].partitions[0];
        side.note(
            &format!("offset with epoch {epoch}"),
            (code(p.error_code), p.offset),
        );
    }
    let mut twice = list_request(&t, -1, -1);
    let again = twice.topics[0].partitions[0].clone();
    twice.topics[0].partitions.push(again);
    let answer = side.ask(&twice, 7).await.unwrap();
    let p = &answer.topics[0].partitions[0];
    side.note("offset asked twice", (code(p.error_code), p.offset));
    let answer = side
        .ask(&list_request("no-such-topic", -1, -1), 7)
        .await
        .unwrap();
    side.note(
        "offset of no topic",
        code(answer.topics[0].partitions[0].error_code),
    );
}
