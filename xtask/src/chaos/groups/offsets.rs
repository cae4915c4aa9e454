//! Every offset that the group committed, in the order in which the coordinator wrote them: read
//! from `__consumer_offsets` by Kafka's own console consumer with its own formatter.
//!
//! The topic is compacted, but never its newest segment, which is 100 MB by default.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Deserializer, Value};

use super::judge::Commit;
use crate::chaos::reader;
use crate::chaos::running::Running;
use crate::kafka_tools;
use crate::properties::OFFSETS_PARTITIONS;
use crate::state::Cluster;

const TOPIC: &str = "__consumer_offsets";
const FORMATTER: &str = "org.apache.kafka.tools.consumer.OffsetsMessageFormatter";
/// For the reader to end.
const LIMIT: Duration = Duration::from_secs(120);
/// It gives up when nothing comes for so long.
const SILENCE_MS: &str = "15000";

/// All commits of a group for a topic; also those that removed an offset, as offset -1.
pub(super) fn read(
    cluster: &Cluster,
    (group, topic): (&str, &str),
    dir: &Path,
) -> Result<Vec<Commit>, String> {
    let partition = partition_of(group);
    let ends = reader::ends(cluster, TOPIC, OFFSETS_PARTITIONS)?;
    let at = usize::try_from(partition).map_err(|e| e.to_string())?;
    let count = ends.get(at).copied().unwrap_or(0);
    if count == 0 {
        return Err(format!("nothing was ever written for the group {group:?}"));
    }
    let count = count.to_string();
    let partition = partition.to_string();
    let args = [
        "--topic",
        TOPIC,
        "--partition",
        &partition,
        "--offset",
        "earliest",
        "--max-messages",
        &count,
        "--timeout-ms",
        SILENCE_MS,
        "--formatter",
        FORMATTER,
    ];
    let mut tool = kafka_tools::command(cluster, "console-consumer", &args.map(str::to_owned))?;
    let file = dir.join("offsets.json");
    let create = |file: &Path| {
        let open = File::create(file);
        open.map_err(|e| format!("cannot write {}: {e}", file.display()))
    };
    let (out, log) = (create(&file)?, create(&dir.join("offsets.log"))?);
    tool.stdin(Stdio::null()).stdout(out).stderr(log);
    Running::start(&mut tool)?.finish(LIMIT)?;
    let text = std::fs::read_to_string(&file);
    let text = text.map_err(|e| format!("cannot read {}: {e}", file.display()))?;
    parse(&text, group, topic)
}

/// One object after the other, without anything in between.
fn parse(text: &str, group: &str, topic: &str) -> Result<Vec<Commit>, String> {
    let mut commits = Vec::new();
    for each in Deserializer::from_str(text).into_iter::<Value>() {
        let each = each.map_err(|e| format!("an offset that cannot be read: {e}"))?;
        let key = each.pointer("/key/data");
        let is = |name: &str, value: &str| {
            let found = key.and_then(|key| key.get(name)).and_then(Value::as_str);
            found == Some(value)
        };
        if is("group", group) && is("topic", topic) {
            let commit = commit(&each).ok_or_else(|| format!("an offset without a part: {each}"));
            commits.push(commit?);
        }
    }
    Ok(commits)
}

fn commit(each: &Value) -> Option<Commit> {
    let partition = each.pointer("/key/data/partition")?.as_u64()?;
    let (offset, millis) = match each.get("value") {
        None | Some(Value::Null) => (-1, 0),
        Some(_) => {
            let offset = each.pointer("/value/data/offset")?.as_i64()?;
            (
                offset,
                each.pointer("/value/data/commitTimestamp")?.as_u64()?,
            )
        }
    };
    Some(Commit {
        at: millis * 1_000,
        partition: usize::try_from(partition).ok()?,
        offset,
    })
}

/// Where the coordinator keeps a group: by the hash that Java gives to its name, without its sign.
fn partition_of(group: &str) -> u32 {
    let hash = group.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    });
    // Kafka takes 0 for the one number that has no positive counterpart.
    let positive = hash.checked_abs().unwrap_or(0).unsigned_abs();
    positive % OFFSETS_PARTITIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_kept_where_kafka_keeps_it() {
        // "g".hashCode() is 103, "hello".hashCode() 99162322.
        assert_eq!(partition_of("g"), 103 % 6);
        assert_eq!(partition_of("hello"), 99_162_322 % 6);
        // This one's is below zero, and Kafka 4.3.1 keeps it there.
        assert_eq!(partition_of("chaos-groups-270722"), 0);
    }

    #[test]
    fn what_the_formatter_prints_is_understood() {
        let one = |group: &str, partition: u32, value: &str| {
            format!(
                r#"{{"key":{{"type":1,"data":{{"group":"{group}","topic":"t",
                "partition":{partition}}}}},"value":{value}}}"#
            )
        };
        let value = r#"{"version":4,"data":{"offset":40,"leaderEpoch":0,"metadata":"",
            "commitTimestamp":1795647109863,"topicId":"nXR9uC9vR52ClcqoBDA4-Q"}}"#;
        let text = [
            one("g", 3, value),
            one("other", 1, value),
            one("g", 2, "null"),
        ]
        .concat();
        let commit = |at, partition, offset| Commit {
            at,
            partition,
            offset,
        };
        let expected = vec![commit(1_795_647_109_863_000, 3, 40), commit(0, 2, -1)];
        assert_eq!(parse(&text, "g", "t"), Ok(expected));
        assert!(parse(text.get(..100).unwrap_or_default(), "g", "t").is_err());
    }
}
