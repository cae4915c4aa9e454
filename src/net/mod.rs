//! The `net` layer; see the crate's architecture page.
