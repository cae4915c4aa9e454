//! THE table of properties: every name that the Java client 4.3 or librdkafka 2.12 knows, with its
//! type, range, class and a line of documentation; and the few of our own, which begin with
//! `tidewire.`.
//!
//! The setters by name, [`reference()`] and the command line all read this table, so a property is
//! added in one place: a field with its default in one of the three config structs, and a row here.
//! Defaults are not repeated in the table; they are read from the structs' `Default`.
//!
//! A row without a field is either meaningless here or not built yet. A row with a field may be
//! not built yet as well, except for some values: then its values are checked all the same, and
//! taking `.not_built(..)` away is all it needs once it works.

mod client;
mod consumer;
mod foreign;
mod nearest;
mod producer;
mod reference;
mod types;

pub use reference::reference;

pub(super) use nearest::nearest;
pub(super) use types::{Field, Raw};

use super::client::ClientConfig;
use super::consumer::ConsumerConfig;
use super::producer::ProducerConfig;
use super::values::{Choice, allowed, one_of, refusal};

/// Whose property it is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Role {
    /// Of every client, admin included.
    Client,
    /// A producer's.
    Producer,
    /// A consumer's.
    Consumer,
}

impl Role {
    /// The role's name, as in "a producer's property".
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}

/// What a number counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unit {
    Ms,
    Bytes,
    Count,
}

/// What values a property takes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A number from `min` to `max`; where `unset` is true, 0 and less stand for "none".
    Number {
        unit: Unit,
        min: i64,
        max: i64,
        unset: bool,
    },
    Flag,
    /// Text, of at least so many characters after trimming.
    Text {
        min: usize,
    },
    /// One of the names of a type.
    Choice {
        allowed: fn() -> String,
        valid: fn(&str) -> bool,
        refusal: fn(&str) -> String,
    },
    /// One of these, whatever the case.
    OneOf(&'static [&'static str]),
    /// Text that its field checks; `allowed` describes it.
    Checked {
        allowed: &'static str,
    },
    /// Anything: the value does not matter.
    Any,
}

/// What becomes of a property.
#[derive(Clone, Copy, Debug)]
pub(super) enum Class {
    /// It is used.
    Known,
    /// It is accepted and has no effect, for this reason.
    Meaningless(&'static str),
    /// It is refused, except for these values, which ask for nothing.
    NotBuilt { except: &'static [&'static str] },
}

/// How to set and to show one field of a config struct.
pub(super) struct Typed<C> {
    pub(super) field: &'static str,
    pub(super) set: fn(&mut C, Raw<'_>) -> Result<(), String>,
    pub(super) show: fn(&C) -> String,
}

/// The field behind a property, if there is one.
pub(super) enum Access {
    None,
    Client(Typed<ClientConfig>),
    Producer(Typed<ProducerConfig>),
    Consumer(Typed<ConsumerConfig>),
}

/// librdkafka's name, under which -1 is a time that never comes. Java's name for it takes no -1.
const NEVER_IF_MINUS_ONE: &str = "topic.metadata.refresh.interval.ms";

/// One row of the table.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) role: Role,
    pub(super) kind: Kind,
    pub(super) class: Class,
    pub(super) access: Access,
    pub(super) doc: &'static str,
    /// Java's default and why ours is another.
    pub(super) departure: Option<(&'static str, &'static str)>,
}

impl Key {
    /// A property that is used.
    const fn new(name: &'static str, access: Access, kind: Kind, doc: &'static str) -> Self {
        let role = match access {
            Access::Producer(_) => Role::Producer,
            Access::Consumer(_) => Role::Consumer,
            Access::Client(_) | Access::None => Role::Client,
        };
        Self {
            name,
            aliases: &[],
            role,
            kind,
            class: Class::Known,
            access,
            doc,
            departure: None,
        }
    }

    /// Other names for it; one that ends in `.kbytes` counts in KiB.
    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Whose it is, where there is no field to tell.
    const fn of(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Says that it is refused for now, except for values that ask for nothing.
    const fn not_built(mut self, except: &'static [&'static str]) -> Self {
        self.class = Class::NotBuilt { except };
        self
    }

    /// Says that our default is not Java's.
    const fn departs(mut self, java: &'static str, why: &'static str) -> Self {
        self.departure = Some((java, why));
        self
    }

    /// Whether errors may repeat the value. That of a property without a type may be a password.
    pub(super) fn shows_value(&self) -> bool {
        !matches!(self.kind, Kind::Any)
    }

    /// Reads a value: its type and its range. `name` is how the property was spelled.
    ///
    /// # Errors
    /// What values are allowed.
    pub(super) fn read<'a>(&self, name: &str, value: &'a str) -> Result<Raw<'a>, String> {
        let text = value.trim();
        let raw = match self.kind {
            Kind::Number { unset, .. } => self.number(name, text).map(|n| match n {
                ..=0 if unset => Raw::Unset,
                n => Raw::Number(n),
            }),
            Kind::Flag if text.eq_ignore_ascii_case("true") => Some(Raw::Flag(true)),
            Kind::Flag if text.eq_ignore_ascii_case("false") => Some(Raw::Flag(false)),
            Kind::Flag => None,
            Kind::Text { min } => (text.chars().count() >= min).then_some(Raw::Text(text)),
            Kind::Choice { valid, .. } => valid(text).then_some(Raw::Text(text)),
            Kind::OneOf(names) => {
                let known = names.iter().any(|name| name.eq_ignore_ascii_case(text));
                known.then_some(Raw::Text(text))
            }
            Kind::Checked { .. } | Kind::Any => Some(Raw::Text(text)),
        };
        raw.ok_or_else(|| match self.kind {
            Kind::Choice { refusal, .. } => refusal(text),
            _ => format!("it must be {}", self.allowed(name)),
        })
    }

    fn number(&self, name: &str, text: &str) -> Option<i64> {
        let Kind::Number { min, max, .. } = self.kind else {
            return None;
        };
        let number = text.parse::<i64>().ok()?.checked_mul(scale(name))?;
        if number == -1 && name == NEVER_IF_MINUS_ONE {
            return Some(max);
        }
        (min..=max).contains(&number).then_some(number)
    }

    /// What values are allowed, as in "a number of milliseconds from 0 to 300000".
    pub(super) fn allowed(&self, name: &str) -> String {
        match self.kind {
            Kind::Number { unit, min, max, .. } => {
                let what = match unit {
                    Unit::Ms => "a number of milliseconds",
                    Unit::Bytes if scale(name) > 1 => "a number of KiB",
                    Unit::Bytes => "a number of bytes",
                    Unit::Count => "a number",
                };
                let from = if min == i64::MIN {
                    String::new()
                } else {
                    // A least number of bytes that is no whole number of KiB is rounded up.
                    format!(" from {}", (min + scale(name) - 1) / scale(name))
                };
                format!("{what}{from} to {}", max / scale(name))
            }
            Kind::Flag => "true or false".to_owned(),
            Kind::Text { min: 0 } | Kind::Any => "text".to_owned(),
            Kind::Text { .. } => "text that is not empty".to_owned(),
            Kind::Choice { allowed, .. } => allowed(),
            Kind::OneOf(names) => one_of(names),
            Kind::Checked { allowed } => allowed.to_owned(),
        }
    }
}

/// How many of its field's units one unit of a property is: KiB, where librdkafka counts in them.
fn scale(name: &str) -> i64 {
    if name.ends_with(".kbytes") { 1024 } else { 1 }
}

const INT: i64 = 2_147_483_647;
const LONG: i64 = i64::MAX;

const fn millis(min: i64, max: i64) -> Kind {
    number(Unit::Ms, min, max)
}

const fn size(min: i64, max: i64) -> Kind {
    number(Unit::Bytes, min, max)
}

const fn count(min: i64, max: i64) -> Kind {
    number(Unit::Count, min, max)
}

const fn number(unit: Unit, min: i64, max: i64) -> Kind {
    let unset = false;
    Kind::Number {
        unit,
        min,
        max,
        unset,
    }
}

/// A number of which 0 and less mean "none".
const fn optional(unit: Unit, min: i64, max: i64) -> Kind {
    let unset = true;
    Kind::Number {
        unit,
        min,
        max,
        unset,
    }
}

const fn choice<C: Choice>() -> Kind {
    Kind::Choice {
        allowed: allowed::<C>,
        valid: |text| C::find(text).is_some(),
        refusal: refusal::<C>,
    }
}

/// The [`Access`] to a field, checked by the compiler against the field's type.
macro_rules! field {
    ($role:ident.$field:ident) => {
        crate::config::keys::Access::$role(crate::config::keys::Typed {
            field: stringify!($field),
            set: |config, raw| {
                config.$field = crate::config::keys::Field::from_raw(raw)?;
                Ok(())
            },
            show: |config| crate::config::keys::Field::show(&config.$field),
        })
    };
}
use field;

/// All rows: what is used first, by role; then what is only recognised.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    [
        client::KEYS,
        producer::KEYS,
        consumer::KEYS,
        foreign::NOT_BUILT,
        foreign::MEANINGLESS,
    ]
    .into_iter()
    .flatten()
}

/// The row of a name or an alias.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    let exact = all().find(|key| key.name == name || key.aliases.contains(&name));
    // Providers have names of the user's own: config.providers.vault.class.
    exact.or_else(|| {
        name.starts_with("config.providers.")
            .then(|| find("config.providers"))?
    })
}

#[cfg(test)]
mod tests;
