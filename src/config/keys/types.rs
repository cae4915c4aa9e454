//! From the raw value of a property to the type of its field, and back to text for the docs.

use std::time::Duration;

use crate::config::compression::{Codec, Compression, GzipLevel, ZstdLevel};
use crate::config::findings::printable;
use crate::config::host_port::HostPort;
use crate::config::values::{AssignorKind, Choice, OffsetReset, allowed, refusal};

/// A value whose form and range were checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::config) enum Raw<'a> {
    Number(i64),
    /// A number that stands for "none".
    Unset,
    Flag(bool),
    /// Without blanks around it.
    Text(&'a str),
}

/// A field's type.
pub(in crate::config) trait Field: Sized {
    /// # Errors
    /// What values are allowed.
    fn from_raw(raw: Raw<'_>) -> Result<Self, String>;

    /// The value as a property has it; empty for "none".
    fn show(&self) -> String;
}

/// No clock can add more than this on every system, and nobody waits longer.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

fn mismatch<T>() -> Result<T, String> {
    Err("it has another type than its field (please report this)".to_owned())
}

macro_rules! number_field {
    ($($type:ty),+) => {$(
        impl Field for $type {
            fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
                match raw {
                    Raw::Number(number) => Self::try_from(number)
                        .map_err(|_| format!("it must be at most {}", Self::MAX)),
                    _ => mismatch(),
                }
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

number_field!(i32, u32, usize);

impl Field for Duration {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Number(ms) => match u64::try_from(ms) {
                Ok(ms) => Ok(Self::from_millis(ms).min(FOREVER)),
                Err(_) => Err("it must not be negative".to_owned()),
            },
            _ => mismatch(),
        }
    }

    fn show(&self) -> String {
        self.as_millis().to_string()
    }
}

impl<T: Number> Field for Option<T> {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Unset => Ok(None),
            raw => T::from_raw(raw).map(Some),
        }
    }

    fn show(&self) -> String {
        self.as_ref().map(Field::show).unwrap_or_default()
    }
}

/// Types whose "none" is a number.
pub(in crate::config) trait Number: Field {}
impl Number for usize {}
impl Number for i32 {}
impl Number for Duration {}

impl Field for bool {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Flag(flag) => Ok(flag),
            _ => mismatch(),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Field for String {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Text(text) => Ok(text.to_owned()),
            _ => mismatch(),
        }
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Field for Option<String> {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        String::from_raw(raw).map(Some)
    }

    fn show(&self) -> String {
        self.clone().unwrap_or_default()
    }
}

impl<C: Choice> Field for C {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Text(text) => C::find(text).ok_or_else(|| refusal::<Self>(text)),
            _ => mismatch(),
        }
    }

    fn show(&self) -> String {
        self.name().to_owned()
    }
}

impl Field for Vec<HostPort> {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Text(text) => match HostPort::read_list(text)? {
                list if list.is_empty() => Err("it must name at least one host:port".to_owned()),
                list => Ok(list),
            },
            _ => mismatch(),
        }
    }

    fn show(&self) -> String {
        let list: Vec<String> = self.iter().map(ToString::to_string).collect();
        list.join(",")
    }
}

impl Field for Vec<AssignorKind> {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        let Raw::Text(text) = raw else {
            return mismatch();
        };
        let mut list = Self::new();
        for name in text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let kind = AssignorKind::find(name).ok_or_else(|| {
                format!(
                    "{:?} is no assignor; it must be {}",
                    printable(name, 60),
                    allowed::<AssignorKind>()
                )
            })?;
            if !list.contains(&kind) {
                list.push(kind);
            }
        }
        if list.is_empty() {
            return Err(format!(
                "it must name at least one of {}",
                allowed::<AssignorKind>()
            ));
        }
        Ok(list)
    }

    fn show(&self) -> String {
        let list: Vec<&str> = self.iter().map(|kind| kind.name()).collect();
        list.join(",")
    }
}

impl Field for OffsetReset {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Text(text) => text
                .parse()
                .map_err(|_| format!("it must be {}", Self::ALLOWED)),
            _ => mismatch(),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Field for Compression {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        let Raw::Text(text) = raw else {
            return mismatch();
        };
        let codec = Codec::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(text));
        codec
            .map(Self::from_codec)
            .ok_or_else(|| "it must be none, gzip, snappy, lz4 or zstd".to_owned())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Field for GzipLevel {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        let level = Self::new(i32::from_raw(raw)?);
        level.map_err(|_| "it must be -1 or a number from 1 to 9".to_owned())
    }

    fn show(&self) -> String {
        self.get().to_string()
    }
}

impl Field for ZstdLevel {
    fn from_raw(raw: Raw<'_>) -> Result<Self, String> {
        Self::new(i32::from_raw(raw)?).map_err(|error| error.to_string())
    }

    fn show(&self) -> String {
        self.get().to_string()
    }
}
