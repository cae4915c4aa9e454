//! The `config` layer; see the crate's architecture page.
