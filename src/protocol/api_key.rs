//! What is known of an API by its key alone: name, versions, header versions.

use std::fmt;

use super::{ApiKey, VersionRange};

/// A key that this crate has no messages for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown API key {0}")]
pub struct UnknownApiKey(pub i16);

impl ApiKey {
    /// The key as it stands on the wire.
    #[must_use]
    pub fn code(self) -> i16 {
        self as i16
    }

    /// Kafka's name of the API, as `OffsetCommit`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// The versions that this crate speaks.
    #[must_use]
    pub fn versions(self) -> VersionRange {
        let (_, min, max, _) = self.facts();
        VersionRange { min, max }
    }

    /// Whether the version has compact lengths and tagged fields (KIP-482).
    #[must_use]
    pub fn is_flexible(self, version: i16) -> bool {
        version >= self.facts().3
    }

    /// The version of the header in front of a request of this version.
    #[must_use]
    pub fn request_header_version(self, version: i16) -> i16 {
        if self.is_flexible(version) { 2 } else { 1 }
    }

    /// The version of the header in front of a response of this version.
    #[must_use]
    pub fn response_header_version(self, version: i16) -> i16 {
        // A client reads the answer to ApiVersions before it knows what the broker speaks.
        i16::from(self.is_flexible(version) && self != Self::ApiVersions)
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TryFrom<i16> for ApiKey {
    type Error = UnknownApiKey;

    fn try_from(code: i16) -> Result<Self, UnknownApiKey> {
        Self::from_code(code).ok_or(UnknownApiKey(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_codes_are_each_others_inverse() {
        for key in ApiKey::ALL {
            assert_eq!(ApiKey::try_from(key.code()), Ok(key));
            assert!(key.versions().min <= key.versions().max, "{key}");
        }
        assert_eq!(ApiKey::try_from(-1), Err(UnknownApiKey(-1)));
    }

    #[test]
    fn header_versions_follow_the_api_version_except_after_api_versions() {
        assert_eq!(ApiKey::Metadata.request_header_version(8), 1);
        assert_eq!(ApiKey::Metadata.request_header_version(9), 2);
        assert_eq!(ApiKey::Metadata.response_header_version(9), 1);
        assert_eq!(ApiKey::ApiVersions.request_header_version(3), 2);
        assert_eq!(ApiKey::ApiVersions.response_header_version(4), 0);
        assert_eq!(ApiKey::SaslHandshake.request_header_version(1), 1);
    }

    /// The newest versions of Kafka 2.1, our oldest: each must be in our range.
    #[test]
    fn kafka_2_1_speaks_every_api_it_has_in_a_version_of_ours() {
        let newest = [
            7, 10, 4, 7, -1, -1, -1, -1, 6, 5, 2, 3, 2, 2, 2, 2, 2, 1, 2, 3, 3, 1, 1, 2, 1, 1, 1,
            -1, 2, 1, 1, 1, 2, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1,
        ];
        for (code, newest) in (0..).zip(newest).filter(|(_, newest)| *newest >= 0) {
            let key = ApiKey::try_from(code).unwrap();
            assert!(key.versions().contains(newest), "{key} {newest}");
        }
    }
}
