//! Writes `Encode`: a field that a version lacks is left out or, unless Kafka calls it ignorable,
//! refused; tagged fields go out when they differ from their default.

use std::fmt::Write as _;

use super::version_name;
use super::{allowed, begin, call_name, condition, default_value, gate, groups, path, tagged};
use crate::codegen::model::{Default, Field, Kind, Message, Module, Struct, Type};

pub(super) fn write_encode(
    out: &mut String,
    module: &Module,
    message: &Message,
    structure: &Struct,
) {
    let mut body = begin(module, structure, "w");
    for (condition, fields) in groups(structure) {
        let mut present = String::new();
        let mut absent = String::new();
        for field in fields {
            _ = writeln!(present, "{};", encode_value(structure, field));
            absent.push_str(&encode_absent(structure, field));
        }
        _ = match condition {
            None => write!(body, "{present}"),
            Some(condition) if absent.is_empty() => writeln!(body, "if {condition} {{{present}}}"),
            Some(condition) => writeln!(body, "if {condition} {{{present}}} else {{{absent}}}"),
        };
    }
    let tagged = tagged(structure);
    if tagged.is_empty() {
        if module.flexible.is_some() {
            body.push_str("w.end_struct();\n");
        }
    } else {
        body.push_str("let mut tags = w.tags();\n");
        for (tag, field) in tagged {
            encode_tagged(&mut body, structure, tag, field);
        }
        body.push_str("tags.finish();\n");
    }
    let (name, gate) = (&structure.name, gate(message.kind, Kind::Response));
    let version = version_name(&body);
    let result = "Result<(), EncodeError>";
    let head = format!("fn encode(&self, w: &mut Writer, {version}: i16) -> {result}");
    _ = writeln!(
        out,
        "{gate}impl Encode for {name} {{\n{head} {{\n{body}Ok(())\n}}\n}}\n"
    );
}

fn encode_tagged(body: &mut String, structure: &Struct, tag: u32, field: &Field) {
    let value = encode_value(structure, field);
    let value = match value.strip_suffix('?') {
        Some(fallible) => fallible.to_owned(),
        None => format!("{{ {value}; Ok(()) }}"),
    };
    let put = format!("tags.put({tag}, |w| {value})?;");
    let differs = negated(&is_default(field));
    let absent = encode_absent(structure, field).replace("w.absent", "tags.absent");
    _ = match condition(field.versions, structure.versions) {
        None => writeln!(body, "if {differs} {{{put}}}"),
        Some(when) if absent.is_empty() => writeln!(body, "if {when} && {differs} {{{put}}}"),
        Some(when) => writeln!(
            body,
            "if {when} {{ if {differs} {{{put}}} }} else {{{absent}}}"
        ),
    };
}

/// The opposite of a condition made by [`is_default`].
fn negated(condition: &str) -> String {
    if let Some(plain) = condition.strip_prefix('!') {
        plain.to_owned()
    } else if condition.contains(" == ") {
        condition.replacen(" == ", " != ", 1)
    } else if let Some(option) = condition.strip_suffix(".is_none()") {
        format!("{option}.is_some()")
    } else {
        format!("!{condition}")
    }
}

fn encode_absent(structure: &Struct, field: &Field) -> String {
    if field.ignorable || condition(field.versions, structure.versions).is_none() {
        return String::new();
    }
    let (path, is_default) = (path(structure, field), is_default(field));
    format!("w.absent({path}, {is_default}, version)?;\n")
}

/// A condition that holds when the field has its default.
fn is_default(field: &Field) -> String {
    let name = format!("self.{}", field.name);
    match (&field.default, &field.kind, field.nullable) {
        (Default::Null, ..) => format!("{name}.is_none()"),
        (Default::True, ..) => name,
        (Default::Number(_), ..) => format!("{name} == {}", default_value(field)),
        (Default::Zero, Type::Array(_), Some(_)) => {
            format!("{name}.as_ref().is_some_and(Vec::is_empty)")
        }
        (Default::Zero, Type::String, Some(_)) => format!("{name}.as_deref() == Some(\"\")"),
        (Default::Zero, _, Some(_)) => format!("{name} == Some(Default::default())"),
        (Default::Zero, Type::Bool, None) => format!("!{name}"),
        (Default::Zero, Type::F64, None) => format!("{name} == 0.0"),
        (Default::Zero, Type::Uuid, None) => format!("{name}.is_zero()"),
        (Default::Zero, Type::Struct(inner), None) => format!("{name} == {inner}::default()"),
        (Default::Zero, Type::String | Type::Bytes | Type::Records | Type::Array(_), None) => {
            format!("{name}.is_empty()")
        }
        (Default::Zero, _, None) => format!("{name} == 0"),
    }
}

fn encode_value(structure: &Struct, field: &Field) -> String {
    let (path, name, call) = (path(structure, field), &field.name, call_name(&field.kind));
    match (&field.kind, allowed(field)) {
        (Type::Struct(_), None) => format!("self.{name}.encode(w, version)?"),
        (Type::Struct(_), Some(_)) => {
            format!("w.nullable_struct(self.{name}.as_ref(), version)?")
        }
        (Type::Array(_), None) => format!("w.array({path}, &self.{name}, version)?"),
        (Type::Array(_), Some(allowed)) => {
            format!("w.nullable_array({path}, {allowed}, self.{name}.as_deref(), version)?")
        }
        (Type::String, Some(allowed)) => {
            format!("w.nullable_string({path}, {allowed}, self.{name}.as_deref())?")
        }
        (_, Some(allowed)) => {
            format!("w.nullable_{call}({path}, {allowed}, self.{name}.as_ref())?")
        }
        (Type::String | Type::Bytes | Type::Records, None) => {
            format!("w.{call}({path}, &self.{name})?")
        }
        (_, None) => format!("w.{call}(self.{name})"),
    }
}
