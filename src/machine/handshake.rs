//! Agreeing on versions with a broker that may be older than anything we know (KIP-35, KIP-511).
//!
//! ```text
//!  our newest --UNSUPPORTED_VERSION, says its own--> the newest of both --...--> ready | failed
//!      |
//!      +--disconnected before any answer--> dial again, version 0
//! ```
//!
//! Some brokers do not answer a version they do not know but close the connection, so one redial
//! with version 0 belongs to the exchange. Every step lowers the version, so that no peer, whatever
//! it answers, can keep a client asking. What was agreed on holds for one connection: the broker
//! may be another version by the next one.

use crate::error::{Error, ErrorCode};
use crate::protocol::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use crate::protocol::versions::next_api_versions_attempt;
use crate::protocol::{ApiKey, ApiVersions};

/// The name under which brokers list this client's connections.
const SOFTWARE_NAME: &str = "tidewire";

/// What to do after an answer.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send [`Handshake::request`] again, in its new version.
    Again,
    /// The connection may be used.
    Ready(ApiVersions),
    /// The broker will not have us; close the connection.
    Failed(Error),
}

/// The exchange with one address; it outlives a connection that is lost in its course.
#[derive(Debug)]
pub(crate) struct Handshake {
    version: i16,
    answered: bool,
}

impl Handshake {
    pub(crate) fn new() -> Self {
        Self {
            version: ApiKey::ApiVersions.versions().max,
            answered: false,
        }
    }

    /// The request to send, and its version.
    pub(crate) fn request(&self) -> (ApiVersionsRequest, i16) {
        let mut request = ApiVersionsRequest::default();
        if self.version >= 3 {
            request.client_software_name = SOFTWARE_NAME.to_owned();
            request.client_software_version = env!("CARGO_PKG_VERSION").to_owned();
        }
        (request, self.version)
    }

    /// The broker answered.
    pub(crate) fn handle_response(&mut self, response: &ApiVersionsResponse) -> Step {
        self.answered = true;
        let code = ErrorCode(response.error_code);
        if code == ErrorCode::NONE {
            return Step::Ready(ApiVersions::from_response(response));
        }
        let next = next_api_versions_attempt(self.version, response);
        match next.filter(|_| code == ErrorCode::UNSUPPORTED_VERSION) {
            Some(version) => {
                self.version = version;
                Step::Again
            }
            None => Step::Failed(Error::broker(code, "agreeing on versions")),
        }
    }

    /// The connection was lost: whether another one is worth a try, in a lower version.
    pub(crate) fn handle_disconnect(&mut self) -> bool {
        let lowest = ApiKey::ApiVersions.versions().min;
        let redial = !self.answered && self.version > lowest;
        if redial {
            self.version = lowest;
        }
        redial
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::api_versions::ApiVersion;

    fn refusal(max_version: Option<i16>) -> ApiVersionsResponse {
        let range = max_version.map(|max_version| ApiVersion {
            api_key: ApiKey::ApiVersions.code(),
            min_version: 0,
            max_version,
        });
        ApiVersionsResponse {
            error_code: ErrorCode::UNSUPPORTED_VERSION.0,
            api_keys: range.into_iter().collect(),
            ..Default::default()
        }
    }

    #[test]
    fn our_newest_version_comes_first_and_says_who_we_are() {
        let (request, version) = Handshake::new().request();
        assert_eq!(version, ApiKey::ApiVersions.versions().max);
        assert_eq!(request.client_software_name, "tidewire");
        assert!(!request.client_software_version.is_empty());
    }

    #[test]
    fn case_107_the_brokers_hint_is_taken() {
        let mut handshake = Handshake::new();
        assert!(matches!(
            handshake.handle_response(&refusal(Some(2))),
            Step::Again
        ));
        let (request, version) = handshake.request();
        assert_eq!((version, request), (2, ApiVersionsRequest::default()));
        let accepted = ApiVersionsResponse::default();
        assert!(matches!(
            handshake.handle_response(&accepted),
            Step::Ready(_)
        ));
    }

    #[test]
    fn case_107_a_refusal_without_a_hint_leads_to_version_zero() {
        let mut handshake = Handshake::new();
        assert!(matches!(
            handshake.handle_response(&refusal(None)),
            Step::Again
        ));
        assert_eq!(handshake.request().1, 0);
        let last = handshake.handle_response(&refusal(None));
        assert!(
            matches!(last, Step::Failed(e) if e.code() == Some(ErrorCode::UNSUPPORTED_VERSION))
        );
    }

    #[test]
    fn case_107_every_answer_lowers_the_version_or_ends_it() {
        for hint in [
            None,
            Some(-5),
            Some(0),
            Some(3),
            Some(4),
            Some(99),
            Some(i16::MAX),
        ] {
            let mut handshake = Handshake::new();
            let mut before = i16::MAX;
            loop {
                let version = handshake.request().1;
                assert!(
                    (0..before).contains(&version),
                    "{hint:?}: {version} after {before}"
                );
                before = version;
                if let Step::Failed(_) = handshake.handle_response(&refusal(hint)) {
                    break;
                }
            }
        }
    }

    #[test]
    fn case_107_a_broker_that_hangs_up_on_the_newest_is_tried_once_more_with_the_oldest() {
        let mut handshake = Handshake::new();
        assert!(handshake.handle_disconnect());
        assert_eq!(handshake.request().1, 0);
        assert!(!handshake.handle_disconnect());

        let mut answered = Handshake::new();
        answered.handle_response(&refusal(Some(2)));
        assert!(!answered.handle_disconnect(), "it knows how to answer");
    }

    #[test]
    fn any_other_error_ends_it() {
        let response = ApiVersionsResponse {
            error_code: ErrorCode::CLUSTER_AUTHORIZATION_FAILED.0,
            ..Default::default()
        };
        let step = Handshake::new().handle_response(&response);
        assert!(matches!(step, Step::Failed(e) if e.is_fatal()));
    }
}
