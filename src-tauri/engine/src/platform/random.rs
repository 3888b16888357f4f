//! Random numbers, for unpredictable names and for spreading actions over time.

use std::hash::{BuildHasher, RandomState};

/// A random number from the system's generator.
pub(crate) fn number() -> u64 {
    // The generator may not be ready early at boot. The standard library has seeded its keys by then.
    getrandom::u64().unwrap_or_else(|_| RandomState::new().hash_one(std::process::id()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn random_numbers_are_distinct() {
        let drawn: std::collections::BTreeSet<u64> = std::iter::repeat_with(super::number).take(1000).collect();
        assert_eq!(drawn.len(), 1000);
    }
}
