//! Which properties the user set, as opposed to those that hold a default.
//!
//! Some rules ask not only what a value is but whose it is: `acks=1` alone turns idempotence off,
//! but together with an explicit `enable.idempotence=true` it is a contradiction.

use std::collections::BTreeSet;

/// The Kafka names of the properties that the user set, by name or by a typed setter.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct SetKeys(BTreeSet<&'static str>);

impl SetKeys {
    pub(crate) fn mark(&mut self, key: &'static str) {
        self.0.insert(key);
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains(key)
    }
}
