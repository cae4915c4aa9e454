//! Which partitions are in trouble, so that each trouble is logged once and not with every attempt,
//! and whose topics are gone, so that the user is told.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorCode, ErrorKind};
use crate::ids::TopicPartition;

/// So long a topic may seem not to be there: brokers that have just started hear of it late. As
/// librdkafka's `topic.metadata.propagation.max.ms`.
const GONE_AFTER: Duration = Duration::from_secs(30);

/// What a partition failed with last, and whether that was logged.
#[derive(Debug)]
struct Trouble {
    code: Option<ErrorCode>,
    told: bool,
    /// Since when its topic is said not to be there, whatever else was said in between.
    gone: Option<Instant>,
    /// The user knows that.
    told_gone: bool,
}

impl Trouble {
    fn of(code: Option<ErrorCode>) -> Self {
        Self {
            code,
            told: false,
            gone: None,
            told_gone: false,
        }
    }
}

/// The partitions that cannot be read for now.
#[derive(Debug, Default)]
pub(super) struct Troubles(BTreeMap<TopicPartition, Trouble>);

impl Troubles {
    /// A partition failed. True once for each code, at its second failure in a row: a single one is
    /// what every move of a leader costs.
    pub(super) fn is_news(&mut self, at: &TopicPartition, code: Option<ErrorCode>) -> bool {
        match self.0.get_mut(at) {
            Some(known) if known.code == code => !std::mem::replace(&mut known.told, true),
            Some(known) => {
                (known.code, known.told) = (code, false);
                false
            }
            None => {
                self.0.insert(at.clone(), Trouble::of(code));
                false
            }
        }
    }

    /// A partition failed. What the user must be told, once, if its topic seems to be gone.
    pub(super) fn gone(
        &mut self,
        now: Instant,
        at: &TopicPartition,
        code: Option<ErrorCode>,
    ) -> Option<Error> {
        if !code.is_some_and(is_unknown) {
            return None;
        }
        let trouble = self.0.entry(at.clone());
        let trouble = trouble.or_insert_with(|| Trouble::of(code));
        let since = *trouble.gone.get_or_insert(now);
        if trouble.told_gone || now < since + GONE_AFTER {
            return None;
        }
        trouble.told_gone = true;
        let words = format!(
            "no broker has known the topic for {} s: it was deleted, or may not be seen any more",
            GONE_AFTER.as_secs()
        );
        let error = Error::broker(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, &words);
        let error = error.with_topic(at.topic.clone());
        Some(error.with_partition(at.partition))
    }

    /// A partition works. Whether trouble ends that was told.
    pub(super) fn ends(&mut self, at: &TopicPartition) -> bool {
        self.0.remove(at).is_some_and(|trouble| trouble.told)
    }

    /// Forgets the partitions that are not assigned any more.
    pub(super) fn keep(&mut self, is_assigned: impl Fn(&TopicPartition) -> bool) {
        self.0.retain(|at, _| is_assigned(at));
    }
}

fn is_unknown(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNKNOWN_TOPIC_ID
    )
}

/// Whether the peer sent what is not the protocol: said by the call itself, or the reason for which
/// its connection was closed.
pub(super) fn is_nonsense(error: &Error) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        let ours = error.downcast_ref::<Error>();
        if ours.is_some_and(|error| error.kind() == ErrorKind::Malformed) {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_news_at_its_second_failure_and_again_with_another_code() {
        let mut troubles = Troubles::default();
        let at = TopicPartition::new("t", 0);
        let (storage, unknown) = (
            Some(ErrorCode::KAFKA_STORAGE_ERROR),
            Some(ErrorCode::UNKNOWN_SERVER_ERROR),
        );
        let mut news = |code| [(); 3].map(|()| troubles.is_news(&at, code));
        assert_eq!(news(storage), [false, true, false]);
        assert_eq!(news(unknown), [false, true, false]);
        assert!(troubles.ends(&at) && !troubles.ends(&at));
        assert!(!troubles.is_news(&at, unknown), "it begins anew");
        troubles.keep(|_| false);
        assert!(!troubles.is_news(&at, unknown), "it begins anew");
    }

    #[test]
    fn nonsense_is_found_under_the_connection_that_it_ended() {
        let reason = Error::new(ErrorKind::Malformed, "a frame of 2 GB");
        let lost = Error::new(ErrorKind::Disconnected, "Fetch").with_source(reason);
        assert!(is_nonsense(&lost));
        assert!(!is_nonsense(&Error::new(ErrorKind::Disconnected, "Fetch")));
    }
}
