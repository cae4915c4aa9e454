//! The `record` layer; see the crate's architecture page.
