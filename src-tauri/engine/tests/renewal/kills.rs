//! `kill -9` at random points of a renewal.

use crate::child;
use crate::rescue;
use crate::scene::{HOUR, LONG, Scene};
use holdoff_world::{Mishap, soon};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The number of kills. `HOLDOFF_KILLS` overrides it.
const KILLS: usize = 300;
/// How many run at a time: little more than the number of processors, since starting a program is pure work.
const AT_ONCE: usize = 6;
/// As fast as the programs can follow: a minute takes 30 ms, and anything later than that looks like a sleep.
const SPEED: f64 = 2000.0;
/// A kill during the very first save leaves only a torn file: the gates close for the longest cooldown, some 26 hours,
/// and then it continues.
const HELD: Duration = Duration::from_secs(75);

/// How the next process recovers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// The new pair is on disk and was used for a request.
    Renewed,
    /// The same, but the kill had left the pair beside its destination.
    Rescued,
    /// The pair may be lost: the user was notified once, and nothing else is tried.
    Paused,
}

#[test]
fn renewal_killed_at_any_point_reuses_no_token_and_tears_no_file() {
    let kills = std::env::var("HOLDOFF_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(KILLS);
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= kills {
                        return;
                    }
                    let told = std::panic::AssertUnwindSafe(|| runtime.block_on(kill(seed as u64)));
                    let outcome = std::panic::catch_unwind(told).unwrap_or_else(|panic| {
                        println!("kill {seed} failed");
                        std::panic::resume_unwind(panic)
                    });
                    *outcomes.lock().unwrap().entry(outcome).or_insert(0) += 1;
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    println!("{kills} kills in {:.1?}: {outcomes:?}", began.elapsed());
    for outcome in [Outcome::Renewed, Outcome::Paused] {
        let share = outcomes.get(&outcome).copied().unwrap_or(0);
        assert!(share * 20 >= kills, "the kills did not meet every part of a renewal: {outcomes:?}");
    }
}

async fn kill(seed: u64) -> Outcome {
    let mut random = fastrand::Rng::with_seed(seed);
    let scene = Scene::new(SPEED, Duration::from_secs(60), 30 * 24 * HOUR).await;
    let late = Duration::from_micros(random.u64(0..6000));
    scene.grants.mishaps(move |_| (Mishap::None, late));
    let old = scene.pair();

    let first = child::holdoff(&scene.home, &scene.env());
    if random.u8(0..3) == 0 {
        tokio::time::sleep(Duration::from_micros(random.u64(0..120_000))).await;
    } else {
        scene.fake.wait_for_token(1, LONG).await;
        tokio::time::sleep(Duration::from_micros(random.u64(0..20_000))).await;
    }
    first.kill9().await;
    let left = scene.pair();
    assert!(left == old || scene.grants.is_current(&left.refresh), "{:?}", scene.grants);
    let beside = fs::read_to_string(rescue::beside(&scene)).ok();
    // In some cases they stay: the record shows that their holder is gone.
    let taken_over = random.u8(0..30) != 0;
    if taken_over {
        scene.clear_locks();
    }

    let second = child::holdoff(&scene.home, &scene.env());
    let asked = scene.fake.usage_requests().len();
    let outcome = soon(HELD, async || {
        if second.stdout().contains("notice SignInStopped") {
            return Ok(Outcome::Paused);
        }
        let new = scene.pair();
        let with_new = |r: &holdoff_world::fake::Request| r.bearer() == Some(new.access.as_str());
        let proved = new != old && scene.fake.usage_requests()[asked..].iter().any(with_new);
        let rescued = beside.as_ref().is_some_and(|text| text.contains(&new.access));
        match (proved, rescued) {
            (true, false) => Ok(Outcome::Renewed),
            (true, true) => Ok(Outcome::Rescued),
            (false, _) => Err(new != old),
        }
    })
    .await;
    let outcome = outcome.unwrap_or_else(|renewed| {
        panic!("neither told nor asked; renewed: {renewed}\n{}\n{}", second.output(), scene.ledger())
    });
    let spent = scene.fake.token_requests().len();
    // Long enough to observe any further attempt.
    tokio::time::sleep(Duration::from_secs(600).div_f64(SPEED)).await;
    second.terminate();
    second.wait_exit(LONG).await;

    assert_eq!(scene.grants.violations(), [], "a refresh token was shown again");
    assert_eq!(scene.fake.token_requests().len(), spent, "a pause, and not a loop");
    let told = [first.stdout(), second.stdout()].concat().matches("notice ").count();
    match outcome {
        Outcome::Renewed | Outcome::Rescued => {
            scene.working_pair();
            assert_eq!(told, 0, "{}", second.output());
        }
        Outcome::Paused => {
            assert_eq!((scene.pair(), told), (old.clone(), 1), "{}", second.output());
        }
    }
    if !taken_over && (outcome == Outcome::Paused || left != old) {
        // Nobody needed the locks, so they were left in place.
        scene.clear_locks();
    }
    scene.assert_tidy();
    outcome
}
