//! Produce beside a real broker: sequences, damage, limits, acks.

use std::time::Duration;

use bytes::Bytes;
use tidewire::config::Codec;
use tidewire::protocol::init_producer_id::InitProducerIdRequest;
use tidewire::{ErrorCode, Uuid};

use super::{Side, changed};
use crate::support::{batch, batch_at, now_ms, packed, produce_request, stamped};

pub(super) async fn script(side: &mut Side) {
    idempotence(side).await;
    damage(side).await;
    topic_rules(side).await;
    requests(side).await;
}

async fn idempotence(side: &mut Side) {
    let (t, _) = side.create("idempotence", &[]).await;
    let id = new_producer(side).await;
    for sequence in 0..6 {
        let what = format!("sequence {sequence}");
        side.append(&what, &t, stamped(&["v"], id, 0, sequence))
            .await;
    }
    for (what, epoch, sequence) in [
        ("duplicate of the newest", 0, 5),
        ("duplicate of the oldest of five", 0, 1),
        ("duplicate of the sixth", 0, 0),
        ("gap", 0, 7),
        ("step back and over", 0, 4),
        ("new epoch at the old sequence", 1, 6),
        ("new epoch at zero", 1, 0),
        ("old epoch after the new one", 0, 6),
        ("old epoch's duplicate", 0, 5),
        ("new epoch's duplicate", 1, 0),
        ("new epoch goes on", 1, 1),
        ("epoch skipped", 5, 0),
    ] {
        side.append(what, &t, stamped(&["v"], id, epoch, sequence))
            .await;
    }
    side.append("cut differently", &t, stamped(&["v", "w"], id, 5, 0))
        .await;
    let other = new_producer(side).await;
    side.append(
        "unknown producer in the middle",
        &t,
        stamped(&["v"], other, 3, 41),
    )
    .await;
    side.append("and on", &t, stamped(&["v"], other, 3, 42))
        .await;
    let wrap = new_producer(side).await;
    side.append(
        "near the last sequence",
        &t,
        stamped(&["v"], wrap, 0, i32::MAX - 1),
    )
    .await;
    side.append("the last sequence", &t, stamped(&["v"], wrap, 0, i32::MAX))
        .await;
    side.append("zero after the last", &t, stamped(&["v", "w"], wrap, 0, 0))
        .await;
    let across = new_producer(side).await;
    // Made from a lower sequence, as the encoder cannot count past the last.
    let over = changed(&stamped(&["a", "b", "c"], across, 0, 7), |bytes| {
        bytes[53..57].copy_from_slice(&(i32::MAX - 1).to_be_bytes());
    });
    side.append("across the last", &t, over.clone()).await;
    side.append("across the last again", &t, over).await;
    side.append("after across", &t, stamped(&["v"], across, 0, 1))
        .await;
}

/// A new producer id. A broker that just started answers COORDINATOR_LOAD_IN_PROGRESS until it has
/// a block of them from the controller.
async fn new_producer(side: &mut Side) -> i64 {
    let request = InitProducerIdRequest {
        transactional_id: None,
        ..InitProducerIdRequest::default()
    };
    loop {
        let answer = side.ask(&request, 5).await.unwrap();
        if answer.error_code == 0 {
            return answer.producer_id;
        }
        assert!(ErrorCode(answer.error_code).is_retriable(), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

type Cases = Vec<(&'static str, Bytes)>;

async fn damage(side: &mut Side) {
    let (t, _) = side.create("damage", &[]).await;
    let two = batch(&["a", "b"]);
    let cases = [
        framing(&two),
        headers(&two),
        compression(&two),
        records(&two),
    ];
    for (what, bytes) in cases.concat() {
        side.append(what, &t, bytes).await;
    }
    let zstd = changed(&two, |b| b[22] = 4);
    let request = produce_request(&t, 0, zstd, -1);
    side.produce("zstd before version 7", &request, 6).await;
    side.append("still well", &t, two).await;
}

fn framing(two: &Bytes) -> Cases {
    let length = |n: i32| changed(two, |b| b[8..12].copy_from_slice(&n.to_be_bytes()));
    let with = |behind: &[u8]| Bytes::from([&two[..], behind].concat());
    let mut crc = two.to_vec();
    crc[17] ^= 1;
    vec![
        ("wrong crc", Bytes::from(crc)),
        ("no batch", Bytes::new()),
        ("two batches", with(two)),
        ("cut batch", two.slice(..two.len() - 1)),
        ("cut in the length", two.slice(..10)),
        ("cut header", two.slice(..40)),
        ("bytes behind", with(&[0; 5])),
        ("a cut batch behind", with(&two[..30])),
        ("tiny length", length(3)),
        ("short length", length(20)),
        ("negative length", length(-1)),
        ("magic 1", changed(two, |b| b[16] = 1)),
        ("magic 3", changed(two, |b| b[16] = 3)),
    ]
}

fn headers(two: &Bytes) -> Cases {
    let epochless = stamped(&["a"], 9_999, 0, 0);
    vec![
        ("base offset 5", changed(two, |b| b[7] = 5)),
        ("count too high", counted(two, 3)),
        ("count too low", counted(two, 1)),
        ("count unlike delta", changed(two, |b| b[26] = 5)),
        ("no records", changed(two, |b| b[60] = 0)),
        ("negative delta", changed(two, |b| b[23..27].fill(0xff))),
        ("control", changed(two, |b| b[22] = 0x20)),
        ("transactional", changed(two, |b| b[22] = 0x10)),
        ("append time set by the client", changed(two, |b| b[22] = 8)),
        ("wrong max timestamp", changed(two, |b| b[35..43].fill(0))),
        ("id without sequence", changed(two, |b| b[43..51].fill(0))),
        (
            "id without epoch",
            changed(&epochless, |b| b[51..53].fill(0xff)),
        ),
    ]
}

/// The batch with another count of records.
fn counted(batch: &Bytes, count: u8) -> Bytes {
    changed(batch, |bytes| {
        bytes[26] = count - 1;
        bytes[60] = count;
    })
}

fn compression(two: &Bytes) -> Cases {
    let gzip = packed(&[&"v".repeat(200), &"v".repeat(200)], Codec::Gzip);
    let damaged = gzip.len() - 12;
    let codec = |codec: u8| changed(two, |b| b[22] = codec);
    let cut = changed(&gzip.slice(..gzip.len() - 6), |b| {
        let length = i32::try_from(b.len() - 12).unwrap();
        b[8..12].copy_from_slice(&length.to_be_bytes());
    });
    vec![
        ("codec 5", codec(5)),
        ("codec 7", codec(7)),
        ("not gzip at all", codec(1)),
        ("not snappy at all", codec(2)),
        ("not lz4 at all", codec(3)),
        ("not zstd at all", codec(4)),
        ("gzip", gzip.clone()),
        ("gzip count too high", counted(&gzip, 3)),
        ("gzip count too low", counted(&gzip, 1)),
        ("gzip damaged", changed(&gzip, |b| b[damaged] ^= 0x55)),
        ("gzip cut short", cut),
    ]
}

fn records(two: &Bytes) -> Cases {
    vec![
        ("record length too long", changed(two, |b| b[61] = 0x7e)),
        ("record length too short", changed(two, |b| b[61] = 0x04)),
        ("record length negative", changed(two, |b| b[61] = 0x05)),
        (
            "future timestamp",
            batch_at(&["a"], &[now_ms() + 7_200_000]),
        ),
        ("negative timestamp", batch_at(&["a"], &[-5])),
        ("no timestamp", batch_at(&["a"], &[-1])),
    ]
}

async fn topic_rules(side: &mut Side) {
    let (t, _) = side
        .create("compact", &[("cleanup.policy", "compact")])
        .await;
    side.append("with keys", &t, batch(&["a", "b"])).await;
    let keyless = packed_keyless();
    side.append("without keys", &t, keyless).await;
    let (t, _) = side.create("small", &[("max.message.bytes", "200")]).await;
    let fits = batch(&["a"]);
    let value = "v".repeat(200 - fits.len() - 1);
    for extra in ["", "v", "vv", "vvv"] {
        let bytes = batch(&[&format!("{value}{extra}")]);
        side.append(&format!("{} bytes of 200", bytes.len()), &t, bytes)
            .await;
    }
    let append_time = [("message.timestamp.type", "LogAppendTime")];
    let (t, _) = side.create("append-time", &append_time).await;
    side.append("append time", &t, batch(&["a"])).await;
    let two = batch(&["a", "b"]);
    side.append(
        "append time of the client",
        &t,
        changed(&two, |b| b[22] = 0x08),
    )
    .await;
    side.append(
        "future and append time",
        &t,
        batch_at(&["a"], &[now_ms() + 7_200_000]),
    )
    .await;
    let stamped_batch = stamped(&["v"], 123_456, 0, 0);
    side.append("append time, idempotent", &t, stamped_batch.clone())
        .await;
    side.append("append time, again", &t, stamped_batch).await;
}

fn packed_keyless() -> Bytes {
    // One record by hand: length, attributes, time, offset, null key, value "a", no headers.
    let model = batch(&["a"]);
    let mut bytes = model.slice(..61).to_vec();
    bytes.extend_from_slice(&[14, 0, 0, 0, 1, 2, b'a', 0]);
    let length = i32::try_from(bytes.len() - 12).unwrap();
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    changed(&Bytes::from(bytes), |_| {})
}

async fn requests(side: &mut Side) {
    let (t, id) = side.create("requests", &[]).await;
    let one = || batch(&["a"]);
    for acks in [-1, 1, 2, -2] {
        let request = produce_request(&t, 0, one(), acks);
        side.produce(&format!("acks {acks}"), &request, 9).await;
    }
    side.produce("no such partition", &produce_request(&t, 9, one(), -1), 9)
        .await;
    side.produce("negative partition", &produce_request(&t, -1, one(), -1), 9)
        .await;
    side.produce(
        "no such topic",
        &produce_request("no-such-topic", 0, one(), -1),
        9,
    )
    .await;
    let mut by_id = produce_request("", 0, one(), -1);
    by_id.topic_data[0].topic_id = id;
    side.produce("by id", &by_id, 13).await;
    by_id.topic_data[0].topic_id = Uuid([7; 16]);
    side.produce("unknown id", &by_id, 13).await;
    side.produce(
        "acks 0, no such partition",
        &produce_request(&t, 9, one(), 0),
        9,
    )
    .await;
    // What is not answered and succeeds shows in the next offset.
    side.wire.send(&produce_request(&t, 0, one(), 0), 9).await;
    side.produce("after acks 0", &produce_request(&t, 0, one(), -1), 9)
        .await;
    let mut transactional = produce_request(&t, 0, changed(&one(), |b| b[22] = 0x10), -1);
    side.produce("transactional without an id", &transactional, 9)
        .await;
    transactional.transactional_id = Some("no-such-transaction".to_owned());
    side.produce("oldest version", &produce_request(&t, 0, one(), -1), 3)
        .await;
}
