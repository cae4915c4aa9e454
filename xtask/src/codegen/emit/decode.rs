//! Writes `Decode`: from the defaults, each field of the version in turn, then the tagged ones.

use std::fmt::Write as _;

use super::{allowed, begin, call_name, condition, gate, groups, path, tagged, version_name};
use crate::codegen::model::{Field, Kind, Message, Module, Struct, Type};
use crate::codegen::schema::Range;

pub(super) fn write_decode(
    out: &mut String,
    module: &Module,
    message: &Message,
    structure: &Struct,
) {
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
