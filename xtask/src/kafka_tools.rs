//! `cargo xtask kafka TOOL ..`: Kafka's own programs, the witnesses of our tests.
//!
//! Tools have moved between packages from release to release. Each name has the classes it has ever
//! been, and the one that the jars hold is run. Like Kafka's scripts, but the address of the
//! running cluster is added where the arguments have none.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::args::KafkaArgs;
use crate::engines::TOOL_FLAGS;
use crate::maven;
use crate::run;
use crate::state::Cluster;
use crate::version::Version;

/// Name, the classes it has been (newest first), whether it takes `--bootstrap-server`.
type Tool = (&'static str, &'static [&'static str], bool);

const TOOLS: &[Tool] = &[
    (
        "acls",
        &[
            "org.apache.kafka.tools.AclCommand",
            "kafka.admin.AclCommand",
        ],
        true,
    ),
    (
        "broker-api-versions",
        &[
            "org.apache.kafka.tools.BrokerApiVersionsCommand",
            "kafka.admin.BrokerApiVersionsCommand",
        ],
        true,
    ),
    (
        "client-metrics",
        &["org.apache.kafka.tools.ClientMetricsCommand"],
        true,
    ),
    (
        "configs",
        &[
            "org.apache.kafka.tools.ConfigCommand",
            "kafka.admin.ConfigCommand",
        ],
        true,
    ),
    (
        "console-consumer",
        &[
            "org.apache.kafka.tools.consumer.ConsoleConsumer",
            "kafka.tools.ConsoleConsumer",
        ],
        true,
    ),
    (
        "console-producer",
        &[
            "org.apache.kafka.tools.ConsoleProducer",
            "kafka.tools.ConsoleProducer",
        ],
        true,
    ),
    (
        "console-share-consumer",
        &["org.apache.kafka.tools.consumer.ConsoleShareConsumer"],
        true,
    ),
    (
        "consumer-groups",
        &[
            "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
            "kafka.admin.ConsumerGroupCommand",
        ],
        true,
    ),
    (
        "consumer-perf-test",
        &[
            "org.apache.kafka.tools.ConsumerPerformance",
            "kafka.tools.ConsumerPerformance",
        ],
        true,
    ),
    (
        "delete-records",
        &[
            "org.apache.kafka.tools.DeleteRecordsCommand",
            "kafka.admin.DeleteRecordsCommand",
        ],
        true,
    ),
    (
        "dump-log",
        &[
            "org.apache.kafka.tools.DumpLogSegments",
            "kafka.tools.DumpLogSegments",
        ],
        false,
    ),
    (
        "features",
        &[
            "org.apache.kafka.tools.FeatureCommand",
            "kafka.admin.FeatureCommand",
        ],
        true,
    ),
    (
        "get-offsets",
        &[
            "org.apache.kafka.tools.GetOffsetShell",
            "kafka.tools.GetOffsetShell",
        ],
        true,
    ),
    ("groups", &["org.apache.kafka.tools.GroupsCommand"], true),
    (
        "leader-election",
        &[
            "org.apache.kafka.tools.LeaderElectionCommand",
            "kafka.admin.LeaderElectionCommand",
        ],
        true,
    ),
    (
        "metadata-quorum",
        &["org.apache.kafka.tools.MetadataQuorumCommand"],
        true,
    ),
    (
        "producer-perf-test",
        &["org.apache.kafka.tools.ProducerPerformance"],
        false,
    ),
    (
        "reassign-partitions",
        &[
            "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
            "kafka.admin.ReassignPartitionsCommand",
        ],
        true,
    ),
    (
        "share-groups",
        &["org.apache.kafka.tools.consumer.group.ShareGroupCommand"],
        true,
    ),
    ("storage", &["kafka.tools.StorageTool"], false),
    (
        "topics",
        &[
            "org.apache.kafka.tools.TopicCommand",
            "kafka.admin.TopicCommand",
        ],
        true,
    ),
    (
        "transactions",
        &["org.apache.kafka.tools.TransactionsCommand"],
        true,
    ),
    (
        "verifiable-consumer",
        &["org.apache.kafka.tools.VerifiableConsumer"],
        true,
    ),
    (
        "verifiable-producer",
        &["org.apache.kafka.tools.VerifiableProducer"],
        true,
    ),
];

/// Becomes the tool; returns only when that fails.
pub(crate) fn run(args: &KafkaArgs) -> Result<(), String> {
    let cluster = Cluster::find(&args.name)?;
    let kafka = match (args.kafka, &cluster) {
        (Some(kafka), _) => kafka,
        (None, Some(cluster)) => cluster.kafka,
        (None, None) => Version::DEFAULT.parse()?,
    };
    let bootstrap = args.bootstrap.clone();
    let bootstrap = bootstrap.or_else(|| cluster.as_ref().map(Cluster::bootstrap));
    replace_with(&mut java(kafka, &args.tool, bootstrap, &args.args)?)
}

/// A tool of a running cluster, ready to be started.
pub(crate) fn command(cluster: &Cluster, tool: &str, args: &[String]) -> Result<Command, String> {
    java(cluster.kafka, tool, Some(cluster.bootstrap()), args)
}

/// A tool's command line; it gets the address if it takes one and has none.
fn java(
    kafka: Version,
    tool: &str,
    bootstrap: Option<String>,
    args: &[String],
) -> Result<Command, String> {
    let libs = maven::jars(kafka)?;
    let (class, takes_address) = class(tool, kafka, &libs)?;
    let mut command = Command::new(run::java()?);
    command
        .args(TOOL_FLAGS)
        .args(
            std::env::var("KAFKA_OPTS")
                .iter()
                .flat_map(|o| o.split_whitespace()),
        )
        .arg("-cp")
        .arg(maven::classpath(&libs))
        .arg(class);
    if let (true, Some(bootstrap)) = (takes_address && !has_address(args), bootstrap) {
        command.args([address_flag(tool, kafka), &bootstrap]);
    }
    command.args(args);
    Ok(command)
}

/// The class of a tool in these jars, and whether it takes the cluster's address.
fn class(tool: &str, kafka: Version, libs: &Path) -> Result<(String, bool), String> {
    let bare = tool.strip_suffix(".sh").unwrap_or(tool);
    if bare.contains('.') {
        return Ok((bare.into(), false));
    }
    let bare = bare.strip_prefix("kafka-").unwrap_or(bare);
    let Some((_, classes, takes_address)) = TOOLS.iter().find(|(name, ..)| *name == bare) else {
        let known: Vec<&str> = TOOLS.iter().map(|(name, ..)| *name).collect();
        return Err(format!(
            "no tool {tool:?}; give a class or one of: {}",
            known.join(" ")
        ));
    };
    for class in *classes {
        if jars_hold(libs, class)? {
            return Ok(((*class).into(), *takes_address));
        }
    }
    Err(format!("Kafka {kafka} has no tool {bare:?}"))
}

/// A jar's table of contents has the names of its files in plain bytes.
fn jars_hold(libs: &Path, class: &str) -> Result<bool, String> {
    let name = format!("{}.class", class.replace('.', "/"));
    let read = |e: std::io::Error| format!("cannot read {}: {e}", libs.display());
    for entry in fs::read_dir(libs).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let jar = path.file_name().unwrap_or_default().to_string_lossy();
        if jar.starts_with("kafka_2.13-") || jar.starts_with("kafka-tools-") {
            let bytes = fs::read(&path).map_err(read)?;
            if bytes.windows(name.len()).any(|w| w == name.as_bytes()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn has_address(args: &[String]) -> bool {
    let flags = [
        "--bootstrap-server",
        "--broker-list",
        "--bootstrap-controller",
    ];
    args.iter()
        .any(|arg| flags.iter().any(|flag| arg.split('=').next() == Some(flag)))
}

/// One tool learned `--bootstrap-server` late.
fn address_flag(tool: &str, kafka: Version) -> &'static str {
    if kafka.needs_zookeeper() && tool.contains("get-offsets") {
        "--broker-list"
    } else {
        "--bootstrap-server"
    }
}

#[cfg(unix)]
fn replace_with(command: &mut Command) -> Result<(), String> {
    let error = std::os::unix::process::CommandExt::exec(command);
    Err(format!("cannot run java: {error}"))
}

#[cfg(not(unix))]
fn replace_with(command: &mut Command) -> Result<(), String> {
    run::status(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_given_is_not_given_again() {
        let given =
            |args: &[&str]| has_address(&args.iter().map(|a| (*a).into()).collect::<Vec<_>>());
        assert!(given(&["--topic", "t", "--bootstrap-server", "h:1"]));
        assert!(given(&["--broker-list=h:1"]));
        assert!(!given(&["--topic", "--list"]));
    }

    #[test]
    fn tools_are_found_where_this_version_has_them() {
        let dir = std::env::temp_dir().join(format!("xtask-tools-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        fs::write(
            dir.join("kafka_2.13-2.8.2.jar"),
            b"..kafka/admin/TopicCommand.class..",
        )
        .unwrap();
        let version = "2.8.2".parse().unwrap();
        let found = class("kafka-topics.sh", version, &dir);
        let missing = class("groups", version, &dir);
        let unknown = class("nonsense", version, &dir);
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(found.unwrap(), ("kafka.admin.TopicCommand".into(), true));
        assert!(missing.unwrap_err().contains("2.8.2"));
        assert!(unknown.unwrap_err().contains("console-producer"));
    }
}
