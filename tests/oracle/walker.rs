//! Writes random valid messages from a table of facts, by code that shares nothing with the crate.

use bytes::Bytes;

/// A small generator of pseudo-random numbers (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a bound of 64 bits");
        usize::try_from(self.next() % bound).expect("below the bound")
    }

    pub(crate) fn index(&mut self, len: usize) -> Option<usize> {
        (len > 0).then(|| self.below(len))
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    /// An integer of so many bytes, big-endian: the ends of its range as often as others.
    fn integer(&mut self, size: usize) -> Vec<u8> {
        let mut ones = vec![0xff; size];
        match self.below(8) {
            0 => vec![0; size],
            1 => ones,
            2 => {
                ones[0] = 0x7f;
                ones
            }
            _ => self.bytes(size),
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Request,
    Response,
    Data,
}

/// One message.
pub(crate) struct Schema {
    pub(crate) kind: Kind,
    pub(crate) key: i16,
    pub(crate) name: String,
    pub(crate) min: i16,
    pub(crate) max: i16,
    flexible: i16,
    fields: Vec<Field>,
}

struct Field {
    /// How many `[]` stand in front of the type: none or one.
    array: bool,
    kind: String,
    versions: (i16, i16),
    nullable: Option<(i16, i16)>,
    tag: Option<u32>,
    default: Option<String>,
    fields: Vec<Self>,
}

/// A value, numbers in their bytes.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    Fixed(Vec<u8>),
    Text(Vec<u8>),
    Bytes(Vec<u8>),
    Array(Vec<Value>),
    Struct(Vec<Value>),
}

fn number(text: &str) -> i16 {
    text.parse().expect("a number")
}

/// Reads the table.
pub(crate) fn schemas(facts: &str) -> Vec<Schema> {
    let mut lines = facts
        .lines()
        .filter(|line| !line.starts_with('#'))
        .peekable();
    let mut schemas = Vec::new();
    while let Some(line) = lines.next() {
        let [kind, key, name, min, max, flexible] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        schemas.push(Schema {
            kind: match kind {
                "request" => Kind::Request,
                "response" => Kind::Response,
                _ => Kind::Data,
            },
            key: number(key),
            name: name.to_owned(),
            min: number(min),
            max: number(max),
            flexible: number(flexible),
            fields: fields(&mut lines, 1),
        });
    }
    schemas
}

fn fields<'a>(
    lines: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
    depth: usize,
) -> Vec<Field> {
    let mut found = Vec::new();
    while let Some(line) = lines.peek() {
        let text = line.trim_start();
        if line.len() - text.len() != depth {
            break;
        }
        let words: Vec<_> = text.split(' ').collect();
        lines.next();
        let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
        found.push(Field {
            array: words[1].starts_with("[]"),
            kind: words[1].trim_start_matches("[]").to_owned(),
            versions: (number(words[2]), number(words[3])),
            nullable: option("null=").map(|range| {
                let (min, max) = range.split_once('-').expect("a range");
                (number(min), number(max))
            }),
            tag: option("tag=").map(|tag| tag.parse().expect("a tag")),
            default: option("default=").map(ToOwned::to_owned),
            fields: fields(lines, depth + 1),
        });
    }
    found
}

fn size(kind: &str) -> usize {
    match kind {
        "bool" | "i8" => 1,
        "i16" | "u16" => 2,
        "i32" => 4,
        "i64" | "f64" => 8,
        "uuid" => 16,
        other => panic!("{other} has no fixed size"),
    }
}

/// How a value is written.
#[derive(Clone, Copy)]
struct Form {
    version: i16,
    flexible: bool,
    /// Whether every struct ends in a tagged field that nobody knows.
    unknown_tags: bool,
}

/// The tag of the field that nobody knows; above all known ones, as tags are in order.
const UNKNOWN_TAG: u32 = 9_999;

impl Schema {
    /// A random message.
    pub(crate) fn write(&self, version: i16, random: &mut Random) -> Bytes {
        self.write_twice(version, random).0
    }

    /// A random message, and the same one as a newer peer would write it.
    pub(crate) fn write_twice(&self, version: i16, random: &mut Random) -> (Bytes, Bytes) {
        let value = random_struct(&self.fields, version, random);
        let flexible = version >= self.flexible;
        let [plain, newer] = [false, true].map(|unknown_tags| {
            let mut out = Vec::new();
            let form = Form {
                version,
                flexible,
                unknown_tags,
            };
            write_struct(&self.fields, &value, form, &mut out);
            out.into()
        });
        (plain, newer)
    }
}

fn present(fields: &[Field], version: i16) -> impl Iterator<Item = &Field> {
    fields
        .iter()
        .filter(move |field| (field.versions.0..=field.versions.1).contains(&version))
}

fn random_struct(fields: &[Field], version: i16, random: &mut Random) -> Vec<Value> {
    present(fields, version)
        .map(|field| random_value(field, version, random))
        .collect()
}

fn random_value(field: &Field, version: i16, random: &mut Random) -> Value {
    let nullable = field
        .nullable
        .is_some_and(|(min, max)| (min..=max).contains(&version));
    if nullable && random.below(4) == 0 {
        Value::Null
    } else if field.tag.is_some() && random.below(2) == 0 {
        default(field, version)
    } else if field.array {
        Value::Array(
            (0..random.below(4))
                .map(|_| random_plain(field, version, random))
                .collect(),
        )
    } else {
        random_plain(field, version, random)
    }
}

fn random_plain(field: &Field, version: i16, random: &mut Random) -> Value {
    // 130 is past what one byte of a compact length can say, 600 past what is copied.
    let len = [0, 1, 7, 130, 600][random.below(if field.array { 3 } else { 5 })];
    match field.kind.as_str() {
        "struct" => Value::Struct(random_struct(&field.fields, version, random)),
        "string" => {
            let letters = ["a", "\u{e5}", "\u{1f30a}"];
            Value::Text(
                (0..len)
                    .flat_map(|_| letters[random.below(3)].bytes())
                    .collect(),
            )
        }
        "bytes" | "records" => Value::Bytes(random.bytes(len)),
        "bool" => Value::Fixed(vec![u8::from(random.below(2) == 0)]),
        kind => Value::Fixed(random.integer(size(kind))),
    }
}

fn default(field: &Field, version: i16) -> Value {
    match (&field.default, field.kind.as_str()) {
        (Some(null), _) if null == "null" => Value::Null,
        _ if field.array => Value::Array(Vec::new()),
        (_, "struct") => {
            let fields = present(&field.fields, version);
            Value::Struct(fields.map(|field| default(field, version)).collect())
        }
        (_, "string") => Value::Text(Vec::new()),
        (_, "bytes" | "records") => Value::Bytes(Vec::new()),
        (number, kind) => {
            let number = number
                .as_deref()
                .map_or(0, |text| text.parse::<i64>().expect("a number"));
            let wide = i128::from(number).to_be_bytes();
            Value::Fixed(wide[16 - size(kind)..].to_vec())
        }
    }
}

fn write_struct(fields: &[Field], values: &[Value], form: Form, out: &mut Vec<u8>) {
    let mut tagged = Vec::new();
    for (field, value) in present(fields, form.version).zip(values) {
        match field.tag {
            None => write_value(field, value, form, out),
            // A tagged field at its default is left out.
            Some(_) if *value == default(field, form.version) => {}
            Some(tag) => {
                let mut bytes = Vec::new();
                write_value(field, value, form, &mut bytes);
                tagged.push((tag, bytes));
            }
        }
    }
    if form.flexible {
        if form.unknown_tags {
            tagged.push((UNKNOWN_TAG, vec![1, 2, 3]));
        }
        tagged.sort_by_key(|(tag, _)| *tag);
        uvarint(tagged.len(), out);
        for (tag, bytes) in tagged {
            uvarint(usize::try_from(tag).expect("a small tag"), out);
            uvarint(bytes.len(), out);
            out.extend(bytes);
        }
    }
}

fn write_value(field: &Field, value: &Value, form: Form, out: &mut Vec<u8>) {
    let flexible = form.flexible;
    let short = field.kind == "string" && !field.array;
    match value {
        Value::Null if field.kind == "struct" && !field.array => out.push(0xff),
        Value::Null => write_length(None, short, flexible, out),
        Value::Struct(values) => {
            if field.nullable.is_some() && !field.array {
                out.push(1);
            }
            write_struct(&field.fields, values, form, out);
        }
        Value::Fixed(bytes) => out.extend(bytes),
        Value::Text(bytes) => {
            write_length(Some(bytes.len()), true, flexible, out);
            out.extend(bytes);
        }
        Value::Bytes(bytes) => {
            write_length(Some(bytes.len()), false, flexible, out);
            out.extend(bytes);
        }
        Value::Array(values) => {
            write_length(Some(values.len()), false, flexible, out);
            for value in values {
                write_value(field, value, form, out);
            }
        }
    }
}

fn write_length(len: Option<usize>, short: bool, flexible: bool, out: &mut Vec<u8>) {
    let wire = len.map_or(-1, |len| i32::try_from(len).expect("a short one"));
    if flexible {
        uvarint(len.map_or(0, |len| len + 1), out);
    } else if short {
        out.extend(i16::try_from(wire).expect("a short one").to_be_bytes());
    } else {
        out.extend(wire.to_be_bytes());
    }
}

fn uvarint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).expect("seven bits"));
}
