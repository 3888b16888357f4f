//! Chance: for names that nobody can know before, and for what is to be spread over time.

use std::hash::{BuildHasher, RandomState};

/// Any number, from the system's generator.
pub(crate) fn number() -> u64 {
    // One that has none at a start says so; the standard library has drawn keys by then.
    getrandom::u64().unwrap_or_else(|_| RandomState::new().hash_one(std::process::id()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_alike() {
        let drawn: std::collections::BTreeSet<u64> = std::iter::repeat_with(super::number).take(1000).collect();
        assert_eq!(drawn.len(), 1000);
    }
}
