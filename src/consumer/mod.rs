//! The `consumer` layer; see the crate's architecture page.
