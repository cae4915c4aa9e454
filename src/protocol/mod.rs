//! The `protocol` layer; see the crate's architecture page.
