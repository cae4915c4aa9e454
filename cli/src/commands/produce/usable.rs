//! Whether there is a broker that records can be sent to: before the first one, and while they are
//! on their way. For `produce`, and for the load generator.

use std::time::Duration;

use tidewire::config::ProducerConfig;
use tidewire::{Client, Error, ErrorCode};
use tokio::time::{Instant, timeout};

use crate::failure::Failure;
use crate::patience::{Limit, Patience};
use crate::settings::{Settings, is_of_the_way};

/// How long records on their way get when they have already had all of `max.block.ms`.
pub(in crate::commands) const LAST: Duration = Duration::from_millis(100);

/// Finds a broker that can be used, within `max.block.ms`; tells whether the topic is new.
///
/// # Errors
/// With each address that was tried, and why it is of no use.
pub(in crate::commands) async fn find(
    settings: &Settings,
    config: &ProducerConfig,
    topic: &str,
) -> Result<(Client, bool), Failure> {
    let deadline = Instant::now() + config.max_block;
    let client = settings.connect_for(config.max_block).await?;
    let admin = client.admin();
    let described = admin.describe_topics([topic]);
    let left = deadline.saturating_duration_since(Instant::now());
    match timeout(left, described).await {
        Ok(Ok(answers)) => Ok((client, answers.iter().any(is_unknown))),
        // What is wrong with the topic is found out when the first record goes there.
        Ok(Err(error)) if !is_of_the_way(&error) => Ok((client, false)),
        _ => {
            let late = late("no broker could be used", config.max_block);
            let why = settings.probe().await;
            why.map_err(|failure| failure.while_doing(&late))?;
            Ok((client, false))
        }
    }
}

fn late(what: &str, max_block: Duration) -> String {
    format!("{what} within max.block.ms ({} ms)", max_block.as_millis())
}

/// At least so long passes between two looks for a usable broker.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Watches that outcomes come in, and finds out why if they do not.
pub(in crate::commands) struct Stalled {
    limit: Limit,
    max_block: Duration,
    settings: Settings,
}

impl Stalled {
    /// Watches by this clock.
    pub(in crate::commands) fn new(
        patience: &Patience,
        max_block: Duration,
        settings: Settings,
    ) -> Self {
        Self {
            limit: patience.limit(),
            max_block,
            settings,
        }
    }

    /// Returns when nothing was acknowledged within `max.block.ms`, neither since the start nor
    /// since the last outcome. Once records have been acknowledged, it ends only if there is no
    /// usable broker; a partition that waits for its leader or its replicas, or a line that is
    /// slow, has until `delivery.timeout.ms`.
    ///
    /// `look` moves the clock by what has come in, for a caller who does not do so at once: the
    /// limit may be shorter than its habit.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped call only looks again.
    pub(in crate::commands) async fn failure(&mut self, mut look: impl FnMut()) -> Failure {
        loop {
            self.limit.over().await;
            look();
            if !self.limit.is_over() {
                continue;
            }
            let why = self.settings.probe().await;
            look();
            if !self.limit.is_over() {
                continue;
            }
            let late = late("nothing was acknowledged", self.max_block);
            match why {
                Err(failure) => return failure.while_doing(&late),
                Ok(()) if !self.limit.answered() => {
                    return Failure::new(format!("{late}, though a broker answers"))
                        .next("-v shows each connection and retry");
                }
                // Not one look after the other, be the limit ever so short.
                Ok(()) => self.limit.grant(self.max_block.max(BETWEEN_LOOKS)),
            }
        }
    }
}

fn is_unknown<T>(answer: &tidewire::Result<T>) -> bool {
    let code = answer.as_ref().err().and_then(Error::code);
    code == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
}
