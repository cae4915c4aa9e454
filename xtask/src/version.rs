//! Kafka's version, and what follows from it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A release of Kafka, as `4.3.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Version {
    major: u16,
    minor: u16,
    patch: u16,
}

impl Version {
    /// What `up` starts unless told otherwise.
    pub(crate) const DEFAULT: &'static str = "4.3.1";

    /// What `cargo xtask test` runs on, and `setup` fetches.
    pub(crate) const TESTED: [&'static str; 3] = ["2.8.2", "3.9.1", Self::DEFAULT];

    /// Before KRaft became fit for use (3.3), a broker needs ZooKeeper.
    pub(crate) fn needs_zookeeper(self) -> bool {
        (self.major, self.minor) < (3, 3)
    }

    pub(crate) fn is_at_least(self, major: u16, minor: u16) -> bool {
        (self.major, self.minor) >= (major, minor)
    }

    /// Share groups (KIP-932) have an internal topic of their own from 4.0 on.
    pub(crate) fn has_share_groups(self) -> bool {
        self.major >= 4
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Result<Vec<u16>, _> = text.split('.').map(str::parse).collect();
        match parts.as_deref() {
            Ok(&[major, minor, patch]) => Ok(Self {
                major,
                minor,
                patch,
            }),
            _ => Err(format!("{text:?} is not a version like {}", Self::DEFAULT)),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn only_three_numbers_are_a_version() {
        assert_eq!(version("2.8.2").to_string(), "2.8.2");
        for bad in ["", "4", "4.3", "4.3.1.0", "4.3.x", "../4"] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn zookeeper_ends_with_3_3() {
        assert!(version("2.8.2").needs_zookeeper());
        assert!(version("3.2.3").needs_zookeeper());
        assert!(!version("3.3.0").needs_zookeeper());
        assert!(!version("4.3.1").needs_zookeeper());
    }
}
