//! The real Claude Code beside Holdoff: `cargo xtask real-clients`, in a network namespace with only loopback.
//! Anthropic is the fake one, behind a TLS-terminating proxy with its names.

mod client;
mod killed;
mod other;
mod races;
mod writes;

use client::Real;
use std::future::Future;
use std::time::{Duration, Instant};

/// The program, from the npm registry.
const PROGRAM: &str = "HOLDOFF_REAL_CLAUDE";
/// A factor for the number of rounds of each part.
const ROUNDS: &str = "HOLDOFF_REAL_ROUNDS";
/// The time limit of a round.
const LONG: Duration = Duration::from_secs(90);

/// The result of one round, with a remark if there is more to report than success.
type Round = Result<String, String>;

#[test]
#[ignore = "needs Claude Code from the npm registry: cargo xtask real-clients"]
fn real_claude_code_and_holdoff_coexist() {
    let Ok(program) = std::env::var(PROGRAM) else {
        panic!("{PROGRAM} is not set; run this with `cargo xtask real-clients`");
    };
    assert!(has_no_network(), "there is a way out of here; run this with `cargo xtask real-clients`");
    let rounds: usize = std::env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10);
    println!("\n| Claude Code {} and Holdoff | rounds | held | |\n|---|---|---|---|", client::version(&program));
    let mut failed = 0;
    failed += table("both renew at the same moment", rounds * 4, 3, races::race);
    failed += table(
        "Claude Code is stopped while it stores an MCP secret, and a renewal ends",
        rounds,
        2,
        writes::claude_is_slow,
    );
    failed += table(
        "Holdoff is stopped while it writes the new pair, and an MCP secret is stored",
        rounds,
        2,
        writes::holdoff_is_slow,
    );
    failed += table("Holdoff is killed in a renewal; Claude Code asks after", rounds.div_ceil(2), 3, killed::holdoff);
    failed += table("Claude Code is killed in a renewal; Holdoff asks after", rounds.div_ceil(2), 3, killed::claude);
    failed += table("the person signs out during a renewal", rounds.div_ceil(2), 2, other::sign_out);
    failed += table("the person signs in during a renewal", rounds.div_ceil(2), 2, other::sign_in);
    failed +=
        table("Claude Code refused: it blanks its pair, and Holdoff waits", rounds.div_ceil(2), 2, other::blanked);
    failed += table("the sign-in names a client of its own", rounds.div_ceil(2), 2, other::own_client);
    failed += table("the status line is installed, called and put back", rounds.div_ceil(2), 1, other::status_line);
    failed += table("Claude Code's cache of its limits is read", rounds.div_ceil(2), 2, other::cache);
    assert_eq!(failed, 0, "rounds that did not hold are said above");
}

/// Runs some rounds, a few at a time, and prints their row of the table. Returns how many failed.
fn table<F: Future<Output = Round>>(what: &str, rounds: usize, at_once: usize, round: fn(u64) -> F) -> usize {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let (began, words) = (Instant::now(), std::sync::Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed >= rounds {
                        return;
                    }
                    let live = || runtime.block_on(round(seed as u64));
                    let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(live));
                    words.lock().unwrap().push(held.unwrap_or_else(|_| Err("it came to nothing".to_owned())));
                }
            });
        }
    });
    let words = words.into_inner().unwrap();
    let (held, broken): (Vec<_>, Vec<_>) = words.into_iter().partition(Result::is_ok);
    println!("| {what} | {rounds} | {} | {} |", held.len(), summary(held.into_iter().flatten().collect()));
    broken.iter().for_each(|round| println!("\n{round:?}\n"));
    eprintln!("{what}: {:.0?}", began.elapsed());
    broken.len()
}

/// Seconds as a range, all other remarks with their counts.
fn summary(mut words: Vec<String>) -> String {
    words.retain(|word| !word.is_empty());
    let seconds: Vec<f64> = words.iter().filter_map(|word| word.strip_suffix(" s")?.parse().ok()).collect();
    if let (Some(least), Some(most)) =
        (seconds.iter().copied().reduce(f64::min), seconds.iter().copied().reduce(f64::max))
    {
        return format!("after {least:.1} to {most:.1} s");
    }
    words.sort();
    let runs = words.chunk_by(|a, b| a == b);
    runs.map(|same| format!("{} {}", same.len(), same[0])).collect::<Vec<_>>().join(", ")
}

/// Whether there is only loopback, which guarantees that no real server is reached.
fn has_no_network() -> bool {
    let devices = std::fs::read_to_string("/proc/net/dev").unwrap_or_default();
    // The first two lines are the table header.
    let names: Vec<&str> = devices.lines().skip(2).filter_map(|line| line.split(':').next()).map(str::trim).collect();
    names == ["lo"]
}
