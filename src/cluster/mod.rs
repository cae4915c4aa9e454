//! The `cluster` layer; see the crate's architecture page.
