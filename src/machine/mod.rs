//! The `machine` layer; see the crate's architecture page.
