//! Which properties the user set, as opposed to those that hold a default.
//!
//! Some rules ask not only what a value is but whose it is: `acks=1` alone turns idempotence off,
//! but together with an explicit `enable.idempotence=true` it is a contradiction.

use std::collections::BTreeMap;

use super::findings::spelled;
use super::properties::Origin;

/// The Kafka names of the properties that the user set, by name or by a typed setter, and where.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct SetKeys(BTreeMap<&'static str, Origin>);

impl SetKeys {
    pub(super) fn mark(&mut self, key: &'static str, origin: Origin) {
        self.0.insert(key, origin);
    }

    pub(super) fn forget(&mut self, key: &str) {
        self.0.remove(key);
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// `key=value`, and where it was set if it was.
    pub(super) fn spelled(&self, key: &str, value: impl ToString) -> String {
        spelled(key, Some(&value.to_string()), self.0.get(key))
    }
}

/// Setters that remember that the user, and not a default, chose the value.
macro_rules! setters {
    ($config:ident { $($setter:ident: $field:ident: $type:ty = $key:literal,)+ }) => {
        impl $config {
            $(
                #[doc = concat!("Sets `", $key, "`, as the user's choice.")]
                pub fn $setter(&mut self, value: $type) -> &mut Self {
                    self.$field = value;
                    self.set.mark($key, crate::config::properties::Origin::Code);
                    self
                }
            )+
        }

        #[cfg(test)]
        pub(super) const SETTERS: &[(&str, &str)] = &[$(($key, stringify!($field))),+];
    };
}
pub(super) use setters;
