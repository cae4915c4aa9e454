//! The `mock` layer; see the crate's architecture page.
