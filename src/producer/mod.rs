//! The `producer` layer; see the crate's architecture page.
