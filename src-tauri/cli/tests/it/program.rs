//! Properties of the linked program.

use std::path::Path;

/// From elf(5).
const SHARED_OBJECT: u16 = 3;
const INTERPRETER: u32 = 3;

/// The file type and the segment types.
fn read(program: &Path) -> (u16, Vec<u32>) {
    let bytes = std::fs::read(program).unwrap();
    let number = |at: usize, length: usize| {
        bytes[at..at + length].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    assert_eq!((&bytes[..4], bytes[4], bytes[5]), (&b"\x7fELF"[..], 2, 1), "64 bits, little end first");
    let (from, size, count) = (number(32, 8) as usize, number(54, 2) as usize, number(56, 2) as usize);
    let segments = (0..count).map(|n| number(from + n * size, 4) as u32).collect();
    (number(16, 2) as u16, segments)
}

/// It is position-independent; and where the system has the static libraries, it loads no shared ones.
#[test]
fn executable_is_position_independent_and_static_where_possible() {
    let (kind, segments) = read(Path::new(env!("CARGO_BIN_EXE_holdoff")));
    assert_eq!(kind, SHARED_OBJECT);
    if option_env!("HOLDOFF_LINKED_WHOLE").is_some() {
        assert!(!segments.contains(&INTERPRETER), "{segments:?}");
    }
}
