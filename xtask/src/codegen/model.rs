//! The messages in the shape of Rust: which modules, structs and fields there are, and in which
//! versions. Fields that no version of ours has are gone, names are Rust's.

use std::collections::BTreeMap;

use serde_json::Value;

use super::schema::{self, Range};

/// The APIs that a client, an admin or the mock cluster needs, by the stem of their schemas' names.
const APIS: &[&str] = &[
    "Produce",
    "Fetch",
    "ListOffsets",
    "Metadata",
    "OffsetCommit",
    "OffsetFetch",
    "FindCoordinator",
    "JoinGroup",
    "Heartbeat",
    "LeaveGroup",
    "SyncGroup",
    "DescribeGroups",
    "ListGroups",
    "SaslHandshake",
    "ApiVersions",
    "CreateTopics",
    "DeleteTopics",
    "DeleteRecords",
    "InitProducerId",
    "OffsetForLeaderEpoch",
    "AddPartitionsToTxn",
    "AddOffsetsToTxn",
    "EndTxn",
    "WriteTxnMarkers",
    "TxnOffsetCommit",
    "DescribeAcls",
    "CreateAcls",
    "DeleteAcls",
    "DescribeConfigs",
    "AlterConfigs",
    "AlterReplicaLogDirs",
    "DescribeLogDirs",
    "SaslAuthenticate",
    "CreatePartitions",
    "CreateDelegationToken",
    "RenewDelegationToken",
    "ExpireDelegationToken",
    "DescribeDelegationToken",
    "DeleteGroups",
    "ElectLeaders",
    "IncrementalAlterConfigs",
    "AlterPartitionReassignments",
    "ListPartitionReassignments",
    "OffsetDelete",
    "DescribeClientQuotas",
    "AlterClientQuotas",
    "DescribeUserScramCredentials",
    "AlterUserScramCredentials",
    "DescribeQuorum",
    "UpdateFeatures",
    "DescribeCluster",
    "DescribeProducers",
    "UnregisterBroker",
    "DescribeTransactions",
    "ListTransactions",
    "ConsumerGroupHeartbeat",
    "ConsumerGroupDescribe",
    "GetTelemetrySubscriptions",
    "PushTelemetry",
    "ListConfigResources",
    "DescribeTopicPartitions",
    "ShareGroupHeartbeat",
    "ShareGroupDescribe",
    "ShareFetch",
    "ShareAcknowledge",
    "DescribeShareGroupOffsets",
    "AlterShareGroupOffsets",
    "DeleteShareGroupOffsets",
    "AddRaftVoter",
    "RemoveRaftVoter",
];

/// Messages that travel inside others, and belong to no API.
const DATA: &[&str] = &["ConsumerProtocolSubscription", "ConsumerProtocolAssignment"];

/// Where our oldest version is above the schema's, and why. Kafka 2.1 speaks all of these.
const FLOORS: &[(&str, i16)] = &[
    // Before 4 a request cannot say that no topic must be created.
    ("Metadata", 4),
    // Version 0 finds coordinators of groups only.
    ("FindCoordinator", 1),
    // Version 0 is followed by tokens without frames.
    ("SaslHandshake", 1),
    // Version 1 cannot ask for all of a group's offsets and has no error code of its own.
    ("OffsetFetch", 2),
    // Version 0 has no rebalance timeout.
    ("JoinGroup", 1),
];

/// The messages of one API, or one that belongs to none.
#[derive(Debug)]
pub(crate) struct Module {
    /// The file's name, as `offset_commit`.
    pub(crate) name: String,
    /// The stem of the messages' names, as `OffsetCommit`.
    pub(crate) stem: String,
    pub(crate) key: Option<i16>,
    pub(crate) versions: Range,
    /// The first version with compact lengths and tagged fields, if any.
    pub(crate) flexible: Option<i16>,
    pub(crate) messages: Vec<Message>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Request,
    Response,
    Data,
}

/// One message: its first struct is the message itself.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    pub(crate) structs: Vec<Struct>,
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    /// The versions of the fields that have this type.
    pub(crate) versions: Range,
    /// The struct and the field where it is used first; `None` for the message itself.
    pub(crate) used_by: Option<(String, String)>,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug)]
pub(crate) struct Field {
    /// Snake case, no keyword.
    pub(crate) name: String,
    pub(crate) kind: Type,
    pub(crate) versions: Range,
    pub(crate) nullable: Option<Range>,
    pub(crate) tag: Option<u32>,
    pub(crate) default: Default,
    pub(crate) ignorable: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Type {
    Bool,
    I8,
    I16,
    U16,
    I32,
    I64,
    F64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct(String),
    Array(Box<Self>),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Default {
    /// Zero, false, empty, or a struct of defaults.
    Zero,
    Null,
    True,
    Number(i64),
}

/// Builds the modules, in the order of their keys.
pub(crate) fn modules(schemas: &BTreeMap<String, String>) -> Result<Vec<Module>, String> {
    let read = |name: &str| -> Result<schema::Message, String> {
        let text = schemas
            .get(name)
            .ok_or_else(|| format!("no schema {name}"))?;
        serde_json::from_str(text).map_err(|error| format!("{name}: {error}"))
    };
    let mut modules = Vec::new();
    for stem in APIS {
        let request = read(&format!("{stem}Request"))?;
        let response = read(&format!("{stem}Response"))?;
        if request.valid_versions != response.valid_versions
            || request.flexible_versions != response.flexible_versions
        {
            return Err(format!(
                "{stem}: request and response differ in their versions"
            ));
        }
        let pair = [(Kind::Request, request), (Kind::Response, response)];
        modules.push(module(stem, &pair).map_err(|error| format!("{stem}: {error}"))?);
    }
    for stem in DATA {
        let data = [(Kind::Data, read(stem)?)];
        modules.push(module(stem, &data).map_err(|error| format!("{stem}: {error}"))?);
    }
    modules.sort_by_key(|module| (module.key.is_none(), module.key));
    Ok(modules)
}

fn module(stem: &str, messages: &[(Kind, schema::Message)]) -> Result<Module, String> {
    let (_, first) = messages.first().ok_or("no messages")?;
    let mut versions = Range::parse(&first.valid_versions)?.ok_or("no versions")?;
    if messages
        .iter()
        .any(|(_, message)| message.latest_version_unstable)
    {
        versions.max -= 1;
    }
    if let Some((_, floor)) = FLOORS.iter().find(|(name, _)| *name == stem) {
        versions.min = versions.min.max(*floor);
    }
    let flexible = Range::parse(&first.flexible_versions)?.map(|range| range.min);
    let mut built = Vec::new();
    for (kind, message) in messages {
        built.push(build(*kind, message, versions)?);
    }
    disambiguate(&mut built);
    let key = first.api_key;
    let (name, stem) = (snake(stem), stem.to_owned());
    Ok(Module {
        name,
        stem,
        key,
        versions,
        flexible,
        messages: built,
    })
}

fn build(kind: Kind, message: &schema::Message, versions: Range) -> Result<Message, String> {
    let commons = message.common_structs.iter();
    let commons = commons
        .map(|common| (common.name.as_str(), common.fields.as_slice()))
        .collect();
    let mut builder = Builder {
        commons,
        structs: Vec::new(),
    };
    builder.visit(&message.name, &message.fields, versions, None)?;
    Ok(Message {
        kind,
        structs: builder.structs,
    })
}

struct Builder<'a> {
    commons: BTreeMap<&'a str, &'a [schema::Field]>,
    structs: Vec<Struct>,
}

impl Builder<'_> {
    /// Adds a struct and what is below it; one that is there already gets more versions.
    fn visit(
        &mut self,
        name: &str,
        fields: &[schema::Field],
        within: Range,
        used_by: Option<(String, String)>,
    ) -> Result<(), String> {
        let known = self.structs.iter().position(|known| known.name == name);
        let at = known.unwrap_or_else(|| {
            let (name, fields) = (name.to_owned(), Vec::new());
            self.structs.push(Struct {
                name,
                versions: within,
                used_by,
                fields,
            });
            self.structs.len() - 1
        });
        let versions = self.structs[at].versions.hull(within);
        let mut built = Vec::new();
        for field in fields {
            let Some(present) = Range::parse(&field.versions)?.and_then(|v| v.and(versions)) else {
                continue;
            };
            built.push(convert(field, present)?);
            let inner = field.kind.trim_start_matches("[]");
            if inner.starts_with(char::is_uppercase) {
                let common = self.commons.get(inner).copied();
                let below = common.unwrap_or(&field.fields);
                let user = Some((name.to_owned(), snake(&field.name)));
                self.visit(inner, below, present, user)?;
            }
        }
        self.structs[at].versions = versions;
        self.structs[at].fields = built;
        Ok(())
    }
}

fn convert(field: &schema::Field, versions: Range) -> Result<Field, String> {
    let name = snake(&field.name);
    let nullable = match &field.nullable_versions {
        Some(text) => Range::parse(text)?.and_then(|range| range.and(versions)),
        None => None,
    };
    let tagged = match &field.tagged_versions {
        Some(text) => Range::parse(text)?.and_then(|range| range.and(versions)),
        None => None,
    };
    if field.tagged_versions.is_some() && tagged != Some(versions) {
        return Err(format!("{name} is tagged in a part of its versions only"));
    }
    let kind = parse_type(&field.kind)?;
    let default = default(&kind, field.default.as_ref(), nullable.is_some())
        .ok_or_else(|| format!("{name} has a default of an unknown form"))?;
    let (tag, ignorable) = (field.tag, field.ignorable);
    Ok(Field {
        name,
        kind,
        versions,
        nullable,
        tag,
        default,
        ignorable,
    })
}

fn parse_type(text: &str) -> Result<Type, String> {
    if let Some(element) = text.strip_prefix("[]") {
        return Ok(Type::Array(Box::new(parse_type(element)?)));
    }
    Ok(match text {
        "bool" => Type::Bool,
        "int8" => Type::I8,
        "int16" => Type::I16,
        "uint16" => Type::U16,
        "int32" => Type::I32,
        "int64" => Type::I64,
        "float64" => Type::F64,
        "uuid" => Type::Uuid,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "records" => Type::Records,
        name if name.starts_with(char::is_uppercase) => Type::Struct(name.to_owned()),
        other => return Err(format!("unknown type {other}")),
    })
}

/// Kafka writes defaults as JSON values or as text, decimal or hexadecimal.
fn default(kind: &Type, value: Option<&Value>, nullable: bool) -> Option<Default> {
    let text = match value {
        // Records have no empty form in Java: without a default they are null.
        None if *kind == Type::Records && nullable => return Some(Default::Null),
        None => return Some(Default::Zero),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let number = match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    match (text.as_str(), number) {
        ("null", _) if nullable => Some(Default::Null),
        ("true", _) => Some(Default::True),
        ("" | "false", _) | (_, Some(0)) => Some(Default::Zero),
        (_, Some(number)) => Some(Default::Number(number)),
        _ => None,
    }
}

/// Structs of the same name in request and response get the message's kind as a prefix.
fn disambiguate(messages: &mut [Message]) {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for structure in messages.iter().flat_map(|message| &message.structs) {
        *count.entry(structure.name.clone()).or_default() += 1;
    }
    for message in messages {
        let prefix = format!("{:?}", message.kind);
        let rename = |name: &mut String| {
            if count.get(name).is_some_and(|count| *count > 1) {
                *name = format!("{prefix}{name}");
            }
        };
        for structure in &mut message.structs {
            rename(&mut structure.name);
            if let Some((user, _)) = &mut structure.used_by {
                rename(user);
            }
            for field in &mut structure.fields {
                let mut kind = &mut field.kind;
                while let Type::Array(element) = kind {
                    kind = element;
                }
                if let Type::Struct(name) = kind {
                    rename(name);
                }
            }
        }
    }
}

/// `ThrottleTimeMs` to `throttle_time_ms`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let after_lower = at > 0 && !letters[at - 1].is_uppercase();
        let before_lower = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && at > 0 && (after_lower || before_lower) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    match snake.as_str() {
        "type" | "match" => format!("r#{snake}"),
        _ => snake,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_snake_case() {
        for (name, wanted) in [
            ("ThrottleTimeMs", "throttle_time_ms"),
            ("ISRNodes", "isr_nodes"),
            ("Match", "r#match"),
            ("v3AndBelowTopics", "v3_and_below_topics"),
        ] {
            assert_eq!(snake(name), wanted);
        }
    }

    #[test]
    fn defaults_are_read_in_each_form() {
        let read =
            |kind, text: &str| default(&kind, Some(&serde_json::from_str(text).unwrap()), true);
        assert_eq!(
            read(Type::I32, "\"0x7fffffff\""),
            Some(Default::Number(0x7fff_ffff))
        );
        assert_eq!(read(Type::I32, "-1"), Some(Default::Number(-1)));
        assert_eq!(read(Type::I64, "\"0\""), Some(Default::Zero));
        assert_eq!(read(Type::Bool, "\"true\""), Some(Default::True));
        assert_eq!(read(Type::String, "\"null\""), Some(Default::Null));
        assert_eq!(read(Type::String, "\"odd\""), None);
    }
}
