//! Writes what is about all messages: the keys, the list of modules and the oracle's facts.

use std::fmt::Write as _;

use super::model::{Default, Field, Kind, Message, Module, Type};
use super::schema::Range;

/// The enum of keys.
pub(crate) fn api_key(modules: &[Module]) -> String {
    let apis: Vec<_> = modules
        .iter()
        .filter_map(|module| module.key.map(|key| (key, module)))
        .collect();
    let mut out = String::from("//! The keys of the APIs. Written by `cargo xtask codegen`.\n\n");
    out.push_str("/// The key of an API.\n");
    out.push_str("#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]\n");
    out.push_str("#[repr(i16)]\n#[non_exhaustive]\npub enum ApiKey {\n");
    for (
        key,
        Module {
            stem,
            versions: Range { min, max },
            ..
        },
    ) in &apis
    {
        _ = writeln!(out, "/// Versions {min} to {max}.\n{stem} = {key},");
    }
    _ = writeln!(out, "}}\n\nimpl ApiKey {{\n/// Every key.");
    _ = writeln!(out, "pub const ALL: [Self; {}] = [", apis.len());
    for (_, module) in &apis {
        _ = writeln!(out, "Self::{},", module.stem);
    }
    out.push_str("];\n\npub(crate) fn from_code(code: i16) -> Option<Self> {\n");
    out.push_str("Some(match code {\n");
    for (key, module) in &apis {
        _ = writeln!(out, "{key} => Self::{},", module.stem);
    }
    out.push_str("_ => return None,\n})\n}\n\n");
    out.push_str(
        "/// Name, oldest and newest version of ours, first version with tagged fields.\n",
    );
    out.push_str("pub(crate) fn facts(self) -> (&'static str, i16, i16, i16) {\nmatch self {\n");
    for (_, module) in &apis {
        let Module {
            stem,
            versions: Range { min, max },
            ..
        } = module;
        let flexible = module
            .flexible
            .map_or("i16::MAX".to_owned(), |from| from.to_string());
        _ = writeln!(
            out,
            "Self::{stem} => (\"{stem}\", {min}, {max}, {flexible}),"
        );
    }
    out.push_str("}\n}\n}\n");
    out
}

/// The module that holds the others.
pub(crate) fn module_list(modules: &[Module], kafka: &str) -> String {
    let mut out = format!(
        "//! The messages of Kafka {kafka}, one module per API.\n\
         //!\n\
         //! Written by `cargo xtask codegen` from the schemas in `kafka-clients`; edit the\n\
         //! generator, not these files. Field names and meanings are Kafka's.\n\n\
         #![allow(\n\
         missing_docs,\n\
         clippy::field_reassign_with_default,\n\
         reason = \"generated: the fields are documented in Kafka's protocol guide\"\n\
         )]\n\n\
         mod api_key;\n"
    );
    for module in modules {
        _ = writeln!(out, "pub mod {};", module.name);
    }
    out.push_str("\npub use api_key::ApiKey;\n\n");
    out.push_str("/// Calls a macro with every API: key, module, request, response.\n");
    out.push_str("macro_rules! each_api {\n($macro:ident) => {\n$macro! {\n");
    for Module {
        name, stem, key, ..
    } in modules
    {
        if key.is_some() {
            let indent = " ".repeat(12);
            let (module, messages) = (
                format!("{stem} {name}"),
                format!("{stem}Request {stem}Response"),
            );
            let long = indent.len() + module.len() + messages.len() > 98;
            let between = if long {
                format!("\n{indent}    ")
            } else {
                " ".to_owned()
            };
            _ = writeln!(out, "{indent}{module}{between}{messages}");
        }
    }
    out.push_str("}\n};\n}\npub(crate) use each_api;\n");
    out
}

/// Every message's fields, one a line, for tests that write random messages.
pub(crate) fn facts(modules: &[Module], kafka: &str) -> String {
    let mut out = format!(
        "# Facts about the messages of Kafka {kafka}. Written by `cargo xtask codegen`.\n\
         # KIND KEY NAME MIN MAX FLEXIBLE_FROM; below it, by depth: NAME TYPE MIN MAX\n\
         # and then null=MIN-MAX, tag=N, default=VALUE where the field has them.\n"
    );
    for module in modules {
        let (key, Range { min, max }) = (module.key.unwrap_or(-1), module.versions);
        let flexible = module.flexible.unwrap_or(i16::MAX);
        for message in &module.messages {
            let kind = match message.kind {
                Kind::Request => "request",
                Kind::Response => "response",
                Kind::Data => "data",
            };
            let stem = &module.stem;
            _ = writeln!(out, "{kind} {key} {stem} {min} {max} {flexible}");
            if let Some(structure) = message.structs.first() {
                write_fields(&mut out, message, &structure.fields, 1);
            }
        }
    }
    out
}

fn write_fields(out: &mut String, message: &Message, fields: &[Field], depth: usize) {
    for field in fields {
        let Range { min, max } = field.versions;
        let indent = " ".repeat(depth);
        let name = field.name.trim_start_matches("r#");
        let (kind, inner) = type_name(&field.kind);
        _ = write!(out, "{indent}{name} {kind} {min} {max}");
        if let Some(Range { min, max }) = field.nullable {
            _ = write!(out, " null={min}-{max}");
        }
        if let Some(tag) = field.tag {
            _ = write!(out, " tag={tag}");
        }
        _ = match &field.default {
            Default::Zero => writeln!(out),
            Default::Null => writeln!(out, " default=null"),
            Default::True => writeln!(out, " default=1"),
            Default::Number(number) => writeln!(out, " default={number}"),
        };
        let below = message
            .structs
            .iter()
            .find(|structure| Some(&structure.name) == inner);
        if let Some(structure) = below {
            write_fields(out, message, &structure.fields, depth + 1);
        }
    }
}

fn type_name(kind: &Type) -> (String, Option<&String>) {
    match kind {
        Type::Struct(name) => ("struct".to_owned(), Some(name)),
        Type::Array(element) => {
            let (name, inner) = type_name(element);
            (format!("[]{name}"), inner)
        }
        other => (format!("{other:?}").to_lowercase(), None),
    }
}
