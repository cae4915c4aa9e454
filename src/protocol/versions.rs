//! Version negotiation: what one connection's broker speaks, and what we speak to it.
//!
//! The answer to ApiVersions holds for its connection only: after a broker was upgraded the next
//! connection asks again.

use super::generated::api_versions::ApiVersionsResponse;
use super::{ApiKey, VersionRange};
use crate::error::{Error, ErrorKind};

/// What the broker at the other end of one connection speaks.
#[derive(Clone, Debug, Default)]
pub struct ApiVersions {
    /// Sorted by key. A range that makes no sense is left out; of two for one key the first counts.
    ranges: Vec<(i16, VersionRange)>,
    /// Sorted by name.
    features: Vec<(String, i16)>,
}

/// The broker speaks no version of an API that would do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", self.explain())]
pub struct Unsupported {
    /// The API.
    pub key: ApiKey,
    /// What would do.
    pub wanted: VersionRange,
    /// What the broker speaks, if it knows the API.
    pub broker: Option<VersionRange>,
}

impl ApiVersions {
    /// Takes what the broker said.
    #[must_use]
    pub fn from_response(response: &ApiVersionsResponse) -> Self {
        let mut ranges: Vec<_> = response
            .api_keys
            .iter()
            .filter(|api| 0 <= api.min_version && api.min_version <= api.max_version)
            .map(|api| {
                (
                    api.api_key,
                    VersionRange {
                        min: api.min_version,
                        max: api.max_version,
                    },
                )
            })
            .collect();
        ranges.sort_by_key(|(key, _)| *key);
        ranges.dedup_by_key(|(key, _)| *key);
        let features = response.finalized_features.iter();
        let mut features: Vec<_> = features
            .map(|feature| (feature.name.clone(), feature.max_version_level))
            .collect();
        features.sort();
        features.dedup_by(|a, b| a.0 == b.0);
        Self { ranges, features }
    }

    /// What the broker speaks of an API.
    #[must_use]
    pub fn range(&self, key: ApiKey) -> Option<VersionRange> {
        let at = self
            .ranges
            .binary_search_by_key(&key.code(), |(key, _)| *key)
            .ok()?;
        self.ranges.get(at).map(|(_, range)| *range)
    }

    /// The level of a cluster-wide feature, as `transaction.version` (KIP-584); zero when unset.
    #[must_use]
    pub fn feature(&self, name: &str) -> i16 {
        let at = self
            .features
            .binary_search_by(|(known, _)| known.as_str().cmp(name));
        at.ok()
            .and_then(|at| self.features.get(at))
            .map_or(0, |(_, level)| *level)
    }

    /// The newest version of an API that both sides speak.
    ///
    /// # Errors
    /// When there is none.
    pub fn pick(&self, key: ApiKey) -> Result<i16, Unsupported> {
        self.pick_within(key, key.versions())
    }

    /// The newest version, `max` at most, of an API that both sides speak.
    ///
    /// # Errors
    /// When there is none.
    pub fn pick_at_most(&self, key: ApiKey, max: i16) -> Result<i16, Unsupported> {
        let ours = key.versions();
        self.pick_within(
            key,
            VersionRange {
                max: max.min(ours.max),
                ..ours
            },
        )
    }

    /// The newest version, `min` at least, of an API that both sides speak: for requests that an
    /// older version cannot express.
    ///
    /// # Errors
    /// When there is none.
    pub fn pick_at_least(&self, key: ApiKey, min: i16) -> Result<i16, Unsupported> {
        let ours = key.versions();
        self.pick_within(
            key,
            VersionRange {
                min: min.max(ours.min),
                ..ours
            },
        )
    }

    fn pick_within(&self, key: ApiKey, wanted: VersionRange) -> Result<i16, Unsupported> {
        let broker = self.range(key);
        broker
            .and_then(|broker| wanted.newest_in_common(broker))
            .ok_or(Unsupported {
                key,
                wanted,
                broker,
            })
    }
}

/// The version in which to ask again, after a broker answered UNSUPPORTED_VERSION to an ApiVersions
/// request of version `tried`. Strictly lower, so that no answer can keep a client asking for ever.
#[must_use]
pub fn next_api_versions_attempt(tried: i16, answer: &ApiVersionsResponse) -> Option<i16> {
    let ours = ApiKey::ApiVersions.versions();
    // Brokers before 2.4 say nothing; all of them know version 0 (KIP-511).
    let hint = ApiVersions::from_response(answer).range(ApiKey::ApiVersions);
    let next = hint.map_or(ours.min, |range| range.max.min(ours.max));
    (next < tried).then_some(next)
}

impl Unsupported {
    fn explain(&self) -> String {
        let Self { key, wanted, .. } = self;
        let VersionRange { min, max } = wanted;
        match self.broker {
            None => format!("the broker does not know the API {key}"),
            Some(broker) => format!(
                "the broker speaks versions {} to {} of {key}, needed is one of {min} to {max}",
                broker.min, broker.max
            ),
        }
    }
}

impl From<Unsupported> for Error {
    fn from(error: Unsupported) -> Self {
        Self::new(ErrorKind::UnsupportedVersion, error.to_string()).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::super::api_versions::{ApiVersion, FinalizedFeatureKey};
    use super::*;

    fn response(apis: &[(ApiKey, i16, i16)]) -> ApiVersionsResponse {
        let api_keys = apis
            .iter()
            .map(|(key, min_version, max_version)| ApiVersion {
                api_key: key.code(),
                min_version: *min_version,
                max_version: *max_version,
            });
        ApiVersionsResponse {
            api_keys: api_keys.collect(),
            ..Default::default()
        }
    }

    fn negotiated(apis: &[(ApiKey, i16, i16)]) -> ApiVersions {
        ApiVersions::from_response(&response(apis))
    }

    #[test]
    fn the_newest_version_in_common_is_picked() {
        let ours = ApiKey::Fetch.versions();
        for (theirs, picked) in [
            ((0, 11), 11),
            ((5, 5), 5),
            ((12, 99), ours.max),
            ((18, 18), 18),
        ] {
            let versions = negotiated(&[
                (ApiKey::Metadata, 4, 8),
                (ApiKey::Fetch, theirs.0, theirs.1),
            ]);
            assert_eq!(versions.pick(ApiKey::Fetch), Ok(picked));
        }
        let versions = negotiated(&[(ApiKey::Fetch, 4, 18)]);
        assert_eq!(versions.pick_at_most(ApiKey::Fetch, 12), Ok(12));
        assert_eq!(versions.pick_at_most(ApiKey::Fetch, 99), Ok(18));
        assert!(versions.pick_at_most(ApiKey::Fetch, 3).is_err());
        assert_eq!(versions.pick_at_least(ApiKey::Fetch, 13), Ok(18));
        assert!(
            negotiated(&[(ApiKey::Fetch, 4, 12)])
                .pick_at_least(ApiKey::Fetch, 13)
                .is_err()
        );
    }

    #[test]
    fn a_broker_without_a_version_in_common_is_refused_with_both_ranges() {
        let versions = negotiated(&[(ApiKey::Fetch, 0, 3), (ApiKey::Produce, 90, 99)]);
        let error = versions.pick(ApiKey::Fetch).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the broker speaks versions 0 to 3 of Fetch, needed is one of 4 to 18"
        );
        assert!(versions.pick(ApiKey::Produce).is_err());
        let error = Error::from(versions.pick(ApiKey::Metadata).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::UnsupportedVersion);
        assert!(
            error.to_string().contains("does not know the API Metadata"),
            "{error}"
        );
    }

    #[test]
    fn ranges_that_make_no_sense_are_left_out() {
        let (fetch, produce) = (ApiKey::Fetch, ApiKey::Produce);
        let versions = negotiated(&[
            (fetch, 9, 5),
            (produce, -5, 7),
            (fetch, 4, 6),
            (fetch, 4, 12),
        ]);
        assert_eq!(
            versions.pick(fetch),
            Ok(6),
            "the first that makes sense counts"
        );
        assert!(versions.pick(produce).is_err());
    }

    #[test]
    fn case_107_each_further_attempt_is_strictly_lower() {
        let next = |tried, max| {
            next_api_versions_attempt(tried, &response(&[(ApiKey::ApiVersions, 0, max)]))
        };
        assert_eq!(next(4, 2), Some(2));
        assert_eq!(next(4, 99), None, "a hint at what was refused, or above it");
        assert_eq!(next(2, 2), None);
        let silent = ApiVersionsResponse::default();
        assert_eq!(next_api_versions_attempt(4, &silent), Some(0));
        assert_eq!(next_api_versions_attempt(0, &silent), None);
        // Whatever the broker hints at, it ends.
        for hints in 0..5_i16 {
            let mut tried = 4;
            let mut attempts = 0;
            while let Some(lower) = next(tried, hints) {
                assert!(lower < tried);
                (tried, attempts) = (lower, attempts + 1);
            }
            assert!(attempts <= 1);
        }
    }

    #[test]
    fn features_are_found_by_name() {
        let feature = |name: &str, max_version_level| FinalizedFeatureKey {
            name: name.to_owned(),
            max_version_level,
            min_version_level: 1,
        };
        let finalized_features = vec![feature("transaction.version", 2), feature("b", 7)];
        let response = ApiVersionsResponse {
            finalized_features,
            ..Default::default()
        };
        let versions = ApiVersions::from_response(&response);
        assert_eq!(versions.feature("transaction.version"), 2);
        assert_eq!((versions.feature("b"), versions.feature("c")), (7, 0));
    }
}
