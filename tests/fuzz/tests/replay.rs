//! The kept inputs, and mutations of them, through every target: the short run that is part of every test run. Always
//! the same ones, so that what fails here fails again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use holdoff_fuzz::{TARGETS, Target};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Mutations of each target's inputs.
const MUTATIONS: u64 = 2000;
/// Far more than an input needs on a busy machine: no input is to be worked on without end.
const LONGEST: Duration = Duration::from_secs(20);

macro_rules! replays {
    ($($target:ident)*) => {
        $(#[test] fn $target() { replay(stringify!($target)); })*

        #[test]
        fn replay_covers_every_fuzz_target() {
            let replayed = [$(stringify!($target)),*];
            assert_eq!(TARGETS.map(|target| target.name), replayed);
        }
    };
}

replays! {
    usage_answer token_answer error_body credential status_line retry_after settings state_slots slot_generations
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let inputs = kept(name);
    assert!(inputs.len() >= 5, "{name} has too few kept inputs to start from");
    for (path, bytes) in &inputs {
        run(target, bytes, &path.display().to_string());
    }
    for seed in 0..MUTATIONS {
        run(target, &mutated(&inputs, &mut Rng(seed)), &format!("mutation {seed}"));
    }
    run(target, b"", "nothing");
}

/// In the order of their names.
fn kept(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut paths: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn run(target: &Target, bytes: &[u8], what: &str) {
    let begin = Instant::now();
    let ended = catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)));
    let took = begin.elapsed();
    if ended.is_err() || took > LONGEST {
        let shown = String::from_utf8_lossy(bytes).escape_debug().take(2000).collect::<String>();
        panic!("{}: {what} is a finding after {took:?}:\n{shown}", target.name);
    }
}

fn mutated(inputs: &[(PathBuf, Vec<u8>)], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = rng.one_of(inputs).1.clone();
    for _ in 0..=rng.below(4) {
        let at = rng.below(bytes.len() + 1);
        let many = rng.below(16).min(bytes.len() - at);
        match rng.below(7) {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.below(8)),
            1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = rng.byte()),
            2 => bytes.insert(at, rng.byte()),
            3 => drop(bytes.drain(at..at + many)),
            4 => bytes.truncate(at),
            5 => drop(bytes.splice(at..at, rng.one_of(WORDS).bytes())),
            _ => {
                let other = &rng.one_of(inputs).1;
                let from = rng.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
    bytes
}

const WORDS: &[&str] = &[
    "null",
    "[]",
    "{}",
    "\"",
    "-1",
    "0",
    "1e308",
    "9223372036854775807",
    "18446744073709551615",
    "sk-ant-",
    "\\u0000",
    "\u{212a}",
    "\u{feff}",
    "\n",
    "429",
];

/// splitmix64.
struct Rng(u64);

impl Rng {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % end as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.draw().to_be_bytes()[0]
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
