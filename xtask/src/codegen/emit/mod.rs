//! Writes one module: structs, and their `Encode` and `Decode`.
//!
//! The code is plain: a field is one line, fields with the same versions share an `if`. Arrays,
//! strings and the rest are calls of the reader and the writer, which hold all the checks.

mod decode;
mod encode;

use std::fmt::Write as _;

use crate::codegen::model::{Default, Field, Kind, Message, Module, Struct, Type};
use crate::codegen::schema::Range;

/// The text of a module, to be formatted.
pub(crate) fn module(module: &Module) -> String {
    let Module { stem, versions, .. } = module;
    let mut out = String::new();
    let of = match module.key {
        Some(key) => format!("`{stem}` (key {key})"),
        None => format!("`{stem}`"),
    };
    let versions = span(*versions);
    let by = "Written by `cargo xtask codegen`.";
    _ = writeln!(
        out,
        "//! {of}: {versions}. {by}\n\nuse super::super::prelude::*;\n"
    );
    for message in &module.messages {
        for structure in &message.structs {
            declare(&mut out, &of, module, message, structure);
            if needs_default(structure) {
                write_default(&mut out, structure);
            }
            if structure.used_by.is_none() && module.key.is_some() {
                write_traits(&mut out, module, message, structure);
            }
            encode::write_encode(&mut out, module, message, structure);
            decode::write_decode(&mut out, module, message, structure);
        }
    }
    out
}

/// `versions 3 to 8`, `version 0`.
fn span(range: Range) -> String {
    if range.min == range.max {
        format!("version {}", range.min)
    } else {
        format!("versions {} to {}", range.min, range.max)
    }
}

/// The condition for a version of `outer` to be in `inner`; `None` if all are.
fn condition(inner: Range, outer: Range) -> Option<String> {
    match (inner.min > outer.min, inner.max < outer.max) {
        (false, false) => None,
        (true, false) => Some(format!("version >= {}", inner.min)),
        (false, true) => Some(format!("version <= {}", inner.max)),
        (true, true) if inner.min == inner.max => Some(format!("version == {}", inner.min)),
        (true, true) => Some(format!(
            "({}..={}).contains(&version)",
            inner.min, inner.max
        )),
    }
}

fn declare(out: &mut String, of: &str, module: &Module, message: &Message, structure: &Struct) {
    let name = &structure.name;
    let derive = if needs_default(structure) {
        ""
    } else {
        "Default, "
    };
    _ = match (&structure.used_by, message.kind) {
        (Some((user, field)), _) => {
            writeln!(
                out,
                "/// In [`{user}::{}`].",
                field.trim_start_matches("r#")
            )
        }
        (None, Kind::Request) => {
            writeln!(out, "/// The request of {of}, {}.", span(module.versions))
        }
        (None, Kind::Response) => {
            writeln!(out, "/// The response of {of}, {}.", span(module.versions))
        }
        (None, Kind::Data) => writeln!(out, "/// {of}, {}.", span(module.versions)),
    };
    _ = writeln!(
        out,
        "#[derive(Clone, Debug, {derive}PartialEq)]\npub struct {name} {{"
    );
    for field in &structure.fields {
        let (inner, outer) = (field.versions, structure.versions);
        if condition(inner, outer).is_some() {
            let words = span(inner);
            let (first, rest) = words.split_at(1);
            _ = writeln!(out, "/// {}{rest}.", first.to_uppercase());
        }
        _ = writeln!(out, "pub {}: {},", field.name, rust_type(field));
    }
    out.push_str("}\n\n");
}

fn rust_type(field: &Field) -> String {
    let plain = plain_type(&field.kind);
    if field.nullable.is_some() {
        format!("Option<{plain}>")
    } else {
        plain
    }
}

fn plain_type(kind: &Type) -> String {
    match kind {
        Type::Bool => "bool".to_owned(),
        Type::I8 => "i8".to_owned(),
        Type::I16 => "i16".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::I32 => "i32".to_owned(),
        Type::I64 => "i64".to_owned(),
        Type::F64 => "f64".to_owned(),
        Type::Uuid => "Uuid".to_owned(),
        Type::String => "String".to_owned(),
        Type::Bytes => "Bytes".to_owned(),
        Type::Records => "Chunks".to_owned(),
        Type::Struct(name) => name.clone(),
        Type::Array(element) => format!("Vec<{}>", plain_type(element)),
    }
}

fn needs_default(structure: &Struct) -> bool {
    structure.fields.iter().any(|field| match field.default {
        Default::Zero => field.nullable.is_some(),
        Default::Null => false,
        Default::True | Default::Number(_) => true,
    })
}

fn default_value(field: &Field) -> String {
    match (&field.default, &field.kind, field.nullable) {
        (Default::Null, ..) => "None".to_owned(),
        (Default::True, ..) => "true".to_owned(),
        (Default::Number(number), Type::I32, _) if *number == i64::from(i32::MAX) => {
            "i32::MAX".to_owned()
        }
        (Default::Number(number), Type::I32, _) if *number == i64::from(i32::MIN) => {
            "i32::MIN".to_owned()
        }
        (Default::Number(i64::MAX), ..) => "i64::MAX".to_owned(),
        (Default::Number(number), ..) => number.to_string(),
        (Default::Zero, _, Some(_)) => "Some(Default::default())".to_owned(),
        (Default::Zero, Type::Bool, None) => "false".to_owned(),
        (Default::Zero, Type::F64, None) => "0.0".to_owned(),
        (Default::Zero, Type::I8 | Type::I16 | Type::U16 | Type::I32 | Type::I64, None) => {
            "0".to_owned()
        }
        (Default::Zero, kind, None) => {
            let plain = plain_type(kind);
            let path = plain
                .split_once('<')
                .map_or(plain.as_str(), |(path, _)| path);
            format!("{path}::default()")
        }
    }
}

fn write_default(out: &mut String, structure: &Struct) {
    let name = &structure.name;
    _ = writeln!(
        out,
        "impl Default for {name} {{\nfn default() -> Self {{\nSelf {{"
    );
    for field in &structure.fields {
        _ = writeln!(out, "{}: {},", field.name, default_value(field));
    }
    out.push_str("}\n}\n}\n\n");
}

fn write_traits(out: &mut String, module: &Module, message: &Message, structure: &Struct) {
    let (name, stem) = (&structure.name, &module.stem);
    let key = format!("const KEY: ApiKey = ApiKey::{stem};");
    if message.kind == Kind::Request {
        let response = format!("type Response = {stem}Response;");
        _ = writeln!(out, "impl Request for {name} {{\n{key}\n{response}\n}}\n");
        return;
    }
    let throttle = structure
        .fields
        .iter()
        .any(|field| field.name == "throttle_time_ms");
    let value = if throttle {
        "millis(self.throttle_time_ms)"
    } else {
        "Duration::ZERO"
    };
    let function = format!("fn throttle_time(&self) -> Duration {{\n{value}\n}}");
    _ = writeln!(
        out,
        "impl Response for {name} {{\n{key}\n\n{function}\n}}\n"
    );
}

/// Whether a client does without this direction of the message.
fn gate(kind: Kind, brokers: Kind) -> &'static str {
    if kind == brokers {
        "#[cfg(feature = \"mock\")]\n"
    } else {
        ""
    }
}

/// The start of a message's `encode` or `decode`, which checks the version.
fn begin(module: &Module, structure: &Struct, on: &str) -> String {
    let (name, Range { min, max }) = (&structure.name, module.versions);
    match (&structure.used_by, module.key) {
        (Some(_), _) => String::new(),
        (None, Some(_)) => format!(
            "{on}.begin(ApiKey::{}, \"{name}\", version)?;\n",
            module.stem
        ),
        (None, None) => format!("{on}.begin_plain(\"{name}\", ({min}, {max}), version)?;\n"),
    }
}

/// The parameter's name: with an underscore when the body does not use it.
fn version_name(body: &str) -> &'static str {
    let in_name = |c: char| c.is_alphanumeric() || "_.\"".contains(c);
    let used = body.match_indices("version").any(|(at, word)| {
        let (before, after) = (
            body[..at].chars().next_back(),
            body[at + word.len()..].chars().next(),
        );
        !before.is_some_and(in_name) && !after.is_some_and(in_name)
    });
    if used { "version" } else { "_version" }
}

/// Untagged fields, those with the same versions together.
fn groups(structure: &Struct) -> Vec<(Option<String>, Vec<&Field>)> {
    let mut groups: Vec<(Option<String>, Vec<&Field>)> = Vec::new();
    for field in structure.fields.iter().filter(|field| field.tag.is_none()) {
        let condition = condition(field.versions, structure.versions);
        match groups.last_mut() {
            Some((same, fields)) if *same == condition => fields.push(field),
            _ => groups.push((condition, vec![field])),
        }
    }
    groups
}

fn tagged(structure: &Struct) -> Vec<(u32, &Field)> {
    let fields = structure.fields.iter();
    let mut fields: Vec<_> = fields
        .filter_map(|field| field.tag.map(|tag| (tag, field)))
        .collect();
    fields.sort_by_key(|(tag, _)| *tag);
    fields
}

fn path(structure: &Struct, field: &Field) -> String {
    format!(
        "\"{}.{}\"",
        structure.name,
        field.name.trim_start_matches("r#")
    )
}

/// The `allowed` argument of the `nullable_` calls.
fn allowed(field: &Field) -> Option<String> {
    let nullable = field.nullable?;
    Some(condition(nullable, field.versions).unwrap_or_else(|| "true".to_owned()))
}

fn call_name(kind: &Type) -> &'static str {
    match kind {
        Type::Bool => "bool",
        Type::I8 => "i8",
        Type::I16 => "i16",
        Type::U16 => "u16",
        Type::I32 => "i32",
        Type::I64 => "i64",
        Type::F64 => "f64",
        Type::Uuid => "uuid",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Records => "records",
        Type::Struct(_) => "struct",
        Type::Array(_) => "array",
    }
}
