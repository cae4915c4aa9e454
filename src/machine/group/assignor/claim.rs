//! Whose a partition is when members disagree.
//!
//! The one that got it in the newest generation is believed (KIP-792). Two of the same generation
//! are not: one of them must be wrong, and both may be reading it.

/// What is known of a partition's owner.
#[derive(Clone, Debug)]
pub(super) struct Claim<O> {
    generation: i32,
    owner: Option<O>,
}

impl<O: PartialEq> Claim<O> {
    pub(super) fn new(generation: i32, owner: O) -> Self {
        Self {
            generation,
            owner: Some(owner),
        }
    }

    /// Another one says that it has it, or the same one once more.
    pub(super) fn add(&mut self, generation: i32, owner: O) {
        if generation > self.generation {
            *self = Self::new(generation, owner);
        } else if generation == self.generation && self.owner.as_ref() != Some(&owner) {
            self.owner = None;
        }
    }

    /// Whose it is; `None` if nobody is to be believed.
    pub(super) fn owner(&self) -> Option<&O> {
        self.owner.as_ref()
    }
}
