//! The manual: how the client is made, what it promises, and how to use and test it.
//!
//! - [`howto`]: short answers with code.
//! - [`guarantees`]: what holds whatever happens, and the limits of each wait.
//! - [`defaults`]: every property, and where a default is not Java's.
//! - [`architecture`]: layers, tasks, the journey of a record.
//! - [`testing`]: the ladder of tests, and which rung a new one takes.
//! - [`non_obvious`]: what surprised us, so that it surprises nobody twice.

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("defaults.md")]
#[doc = include_str!("properties.md")]
pub mod defaults {}

#[doc = include_str!("guarantees.md")]
pub mod guarantees {}

#[doc = include_str!("howto.md")]
pub mod howto {}

#[doc = include_str!("non_obvious.md")]
pub mod non_obvious {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[cfg(test)]
mod tests {
    /// The page that the table of properties writes; `UPDATE_MANUAL=1` with this test writes it.
    #[test]
    fn the_page_of_properties_is_that_of_the_table() {
        let page = crate::config::reference();
        if std::env::var_os("UPDATE_MANUAL").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/manual/properties.md");
            std::fs::write(path, &page).unwrap();
        }
        assert!(
            page == include_str!("properties.md"),
            "src/manual/properties.md is old: run this test with UPDATE_MANUAL=1, then again"
        );
    }
}
