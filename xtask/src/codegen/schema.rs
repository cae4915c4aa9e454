//! A schema as it stands in its JSON file.

use serde::Deserialize;
use serde_json::Value;

/// One message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) api_key: Option<i16>,
    pub(crate) name: String,
    pub(crate) valid_versions: String,
    pub(crate) flexible_versions: String,
    #[serde(default)]
    pub(crate) latest_version_unstable: bool,
    pub(crate) fields: Vec<Field>,
    #[serde(default)]
    pub(crate) common_structs: Vec<CommonStruct>,
}

/// A struct that several fields of a message have as their type.
#[derive(Debug, Deserialize)]
pub(crate) struct CommonStruct {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

/// One field.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Field {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) versions: String,
    pub(crate) nullable_versions: Option<String>,
    pub(crate) tagged_versions: Option<String>,
    pub(crate) tag: Option<u32>,
    pub(crate) default: Option<Value>,
    #[serde(default)]
    pub(crate) ignorable: bool,
    #[serde(default)]
    pub(crate) fields: Vec<Self>,
}

/// Versions, both ends included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Range {
    pub(crate) min: i16,
    pub(crate) max: i16,
}

impl Range {
    /// Reads `3`, `0-4` or `2+`; `none` is `None`.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, String> {
        let number = |part: &str| {
            part.parse::<i16>()
                .map_err(|error| format!("versions {text:?}: {error}"))
        };
        if text == "none" {
            return Ok(None);
        }
        let (min, max) = match (text.strip_suffix('+'), text.split_once('-')) {
            (Some(min), _) => (number(min)?, i16::MAX),
            (None, Some((min, max))) => (number(min)?, number(max)?),
            (None, None) => (number(text)?, number(text)?),
        };
        Ok(Some(Self { min, max }))
    }

    /// The versions in both.
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        let (min, max) = (self.min.max(other.min), self.max.min(other.max));
        (min <= max).then_some(Self { min, max })
    }

    /// The versions from the first to the last of both.
    pub(crate) fn hull(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    pub(crate) fn contains(self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_in_each_form() {
        let range = |min, max| Ok(Some(Range { min, max }));
        assert_eq!(Range::parse("3"), range(3, 3));
        assert_eq!(Range::parse("0-4"), range(0, 4));
        assert_eq!(Range::parse("2+"), range(2, i16::MAX));
        assert_eq!(Range::parse("none"), Ok(None));
        assert!(Range::parse("x").is_err());
    }
}
