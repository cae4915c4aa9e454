//! Writes one module: structs, and their `Encode` and `Decode`.
//!
//! The code is plain: a field is one line, fields with the same versions share an `if`. Arrays,
//! strings and the rest are calls of the reader and the writer, which hold all the checks.

use std::fmt::Write as _;

use super::model::{Default, Field, Kind, Message, Module, Struct, Type};
use super::schema::Range;

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
            write_encode(&mut out, module, message, structure);
            write_decode(&mut out, module, message, structure);
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

fn write_encode(out: &mut String, module: &Module, message: &Message, structure: &Struct) {
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

fn write_decode(out: &mut String, module: &Module, message: &Message, structure: &Struct) {
    let mut body = begin(module, structure, "r");
    let fields = !structure.fields.is_empty();
    if fields {
        body.push_str("let mut m = Self::default();\n");
    }
    for (condition, fields) in groups(structure) {
        let mut present = String::new();
        for field in fields {
            _ = writeln!(
                present,
                "m.{} = {};",
                field.name,
                decode_value(structure, field)
            );
        }
        _ = match condition {
            None => write!(body, "{present}"),
            Some(condition) => writeln!(body, "if {condition} {{{present}}}"),
        };
    }
    let tagged = tagged(structure);
    if !tagged.is_empty() {
        body.push_str("r.tags(|tag, r| {\nmatch tag {\n");
        for (tag, field) in tagged {
            let when = condition(field.versions, structure.versions);
            let when = when.map_or(String::new(), |when| format!(" if {when}"));
            let (name, value) = (&field.name, decode_value(structure, field));
            _ = writeln!(body, "{tag}{when} => m.{name} = {value},");
        }
        body.push_str("_ => return Ok(false),\n}\nOk(true)\n})?;\n");
    } else if module.flexible.is_some() {
        body.push_str("r.end_struct()?;\n");
    }
    body.push_str(if fields {
        "Ok(m)"
    } else {
        "Ok(Self::default())"
    });
    let (name, gate) = (&structure.name, gate(message.kind, Kind::Request));
    let version = version_name(&body);
    let size = format!(
        "const MIN_SIZE: usize = {};",
        min_size(module, message, structure)
    );
    let head = format!("fn decode(r: &mut Reader, {version}: i16) -> Result<Self, DecodeError>");
    _ = writeln!(
        out,
        "{gate}impl Decode for {name} {{\n{size}\n\n{head} {{\n{body}\n}}\n}}\n"
    );
}

fn decode_value(structure: &Struct, field: &Field) -> String {
    let (path, call) = (path(structure, field), call_name(&field.kind));
    match (&field.kind, allowed(field)) {
        (Type::Struct(name), None) => format!("{name}::decode(r, version)?"),
        (Type::Struct(_), Some(_)) => format!("r.nullable_struct({path}, version)?"),
        (Type::Array(_), None) => format!("r.array({path}, version)?"),
        (Type::Array(_), Some(allowed)) => {
            format!("r.nullable_array({path}, {allowed}, version)?")
        }
        (_, Some(allowed)) => format!("r.nullable_{call}({path}, {allowed})?"),
        (_, None) => format!("r.{call}({path})?"),
    }
}

/// The fewest bytes the struct takes in any of its versions.
fn min_size(module: &Module, message: &Message, structure: &Struct) -> usize {
    let Range { min, max } = structure.versions;
    let sizes = (min..=max).map(|version| size_in(module, message, structure, version));
    sizes.min().unwrap_or(0)
}

fn size_in(module: &Module, message: &Message, structure: &Struct, version: i16) -> usize {
    let flexible = module.flexible.is_some_and(|first| version >= first);
    let length = |fixed| if flexible { 1 } else { fixed };
    let fields = structure.fields.iter();
    let fields = fields.filter(|field| field.tag.is_none() && field.versions.contains(version));
    let sizes = fields.map(|field| match &field.kind {
        Type::Bool | Type::I8 => 1,
        Type::I16 | Type::U16 => 2,
        Type::I32 => 4,
        Type::I64 | Type::F64 => 8,
        Type::Uuid => 16,
        Type::String => length(2),
        Type::Bytes | Type::Records | Type::Array(_) => length(4),
        Type::Struct(_) if field.nullable.is_some() => 1,
        Type::Struct(name) => {
            let inner = message.structs.iter().find(|inner| inner.name == *name);
            inner.map_or(0, |inner| size_in(module, message, inner, version))
        }
    });
    sizes.sum::<usize>() + usize::from(flexible)
}
