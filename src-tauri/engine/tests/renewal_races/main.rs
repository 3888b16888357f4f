//! Holdoff and the owner of the sign-in try to renew at the same moment, again and again. A separate test program, so
//! that the races have the processors to themselves: they are decided within milliseconds.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it fails")]
#![allow(
    clippy::print_stdout,
    reason = "figures are for whoever reads the test's output, and lines for who started it"
)]

#[path = "../renewal/child.rs"]
mod child;
#[allow(dead_code, reason = "what the other tests of renewal look at")]
#[path = "../renewal/scene.rs"]
mod scene;

use holdoff_world::{Mishap, Owner, claude_code, soon};
use scene::{LONG, Scene};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The minimum number of races. `HOLDOFF_RACES` overrides it.
const RACES: usize = 500;
/// On a busy machine one of the two wins nearly every time, or they rarely meet. Then there are more races, up to this
/// factor.
const MORE: usize = 5;
/// How many pairs of programs race at a time.
const AT_ONCE: usize = 16;
/// A sign-in of a little more than an hour expires after two seconds. A minute takes 30 ms, and anything later than
/// that looks like a sleep.
const SPEED: f64 = 2000.0;
const LIFETIME: Duration = Duration::from_secs(4000);
const LASTING: Duration = Duration::from_secs(30 * 86_400);
/// The time limit for the last renewal and a request with the new token.
const AFTER_ALL: Duration = Duration::from_secs(120);
/// How long a pair may take from Anthropic to the disk.
const ON_ITS_WAY: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    races: usize,
    holdoff_first: usize,
    owner_first: usize,
    /// The owner found the sign-in renewed once it had the locks, or did not get them. For Holdoff this cannot be observed.
    owner_waited: usize,
}

impl Tally {
    fn of(scene: &Scene, owner_said: &str) -> Self {
        let granted = scene.grants.granted();
        let owner_first = granted.iter().filter(|grant| grant.to == claude_code::USER_AGENT).count();
        Self {
            races: granted.len(),
            holdoff_first: granted.len() - owner_first,
            owner_first,
            owner_waited: owner_said.lines().filter(|line| ["adopted", "busy"].contains(line)).count(),
        }
    }

    fn sum(worlds: &[Self]) -> Self {
        worlds.iter().fold(Self::default(), |sum, world| Self {
            races: sum.races + world.races,
            holdoff_first: sum.holdoff_first + world.holdoff_first,
            owner_first: sum.owner_first + world.owner_first,
            owner_waited: sum.owner_waited + world.owner_waited,
        })
    }

    fn both_win_some(&self, races: usize) -> bool {
        self.holdoff_first * 20 >= races && self.owner_first * 20 >= races
    }

    fn they_met(&self, races: usize) -> bool {
        self.owner_waited * 10 >= races
    }
}

#[test]
fn renewal_races_spend_no_token_twice_and_keep_a_working_pair() {
    let races: usize = std::env::var("HOLDOFF_RACES").ok().and_then(|count| count.parse().ok()).unwrap_or(RACES);
    let tally = Mutex::new([Tally::default(); AT_ONCE]);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for world in 0..AT_ONCE {
            let tally = &tally;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let race = || runtime.block_on(race(world, races, tally));
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(race)).unwrap_or_else(|panic| {
                    println!("the races of seed {world} failed");
                    std::panic::resume_unwind(panic)
                });
            });
        }
    });
    let tally = Tally::sum(&tally.into_inner().unwrap());
    println!("{tally:?} in {:.1?}", began.elapsed());
    assert!(tally.races >= races);
    assert!(tally.both_win_some(races), "both win some: {tally:?}");
    assert!(tally.they_met(races), "they met: {tally:?}");
}

async fn race(world: usize, races: usize, tally: &Mutex<[Tally; AT_ONCE]>) {
    let seed = world as u64;
    let here = races.div_ceil(AT_ONCE);
    let scene = Scene::new(SPEED, LIFETIME, LIFETIME).await;
    let mut random = fastrand::Rng::with_seed(seed);
    scene.grants.mishaps(move |_| (Mishap::None, Duration::from_micros(random.u64(0..60_000))));
    let holdoff = child::holdoff(&scene.home, &scene.env());
    let other = Owner::at_home(&scene.home, scene.fake.token_base(), scene.fake.clock(), seed);
    let in_place = seed % 2 == 1;
    // In some runs the owner is slow, so that Holdoff is first even on a busy machine.
    let (early, late) = if seed % 4 < 2 { (10, 90) } else { (0, 1200) };
    let (early, late) = (Duration::from_millis(early), Duration::from_millis(late));
    let other = child::owner(&scene.home, &Owner { in_place, early, late, ..other });

    let deadline = Instant::now() + Duration::from_secs(480);
    loop {
        let all = {
            let mut tally = tally.lock().unwrap();
            tally[world] = Tally::of(&scene, &other.stdout());
            Tally::sum(&*tally)
        };
        let raced = scene.grants.granted().len();
        if raced >= here && (all.both_win_some(races) && all.they_met(races) || raced >= here * MORE) {
            break;
        }
        assert!(Instant::now() < deadline, "{:?}\n{}\n{}", scene.grants, holdoff.output(), other.output());
        assert_eq!(scene.grants.violations(), [], "{}\n{}", holdoff.output(), other.output());
        if !in_place {
            let refresh = scene.pair().refresh;
            let spent = scene.grants.spent_since(&refresh).filter(|_| scene.pair().refresh == refresh);
            assert!(spent.is_none_or(|since| since < ON_ITS_WAY), "nobody wrote the new pair");
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    // The next tokens live long, so that at some point nobody is about to renew.
    scene.grants.live_for(LASTING);
    let last = soon(AFTER_ALL, async || {
        let text = std::fs::read_to_string(scene.home.credentials_path()).map_err(|error| error.to_string())?;
        let stored: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let token = |key: &str| stored["claudeAiOauth"][key].as_str().unwrap_or_default().to_owned();
        let (access, refresh) = (token("accessToken"), token("refreshToken"));
        let lasts = scene.grants.granted().last().is_some_and(|grant| grant.lifetime == LASTING);
        let over = lasts && scene.grants.is_current(&refresh);
        let asked = scene.fake.usage_requests().iter().any(|request| request.bearer() == Some(&access));
        if over && asked {
            Ok(access)
        } else {
            Err(format!("the last race is over: {over}; asked with its token: {asked}"))
        }
    })
    .await
    .unwrap_or_else(|missing| panic!("{missing}\n{}\n{}\n{}", holdoff.output(), other.output(), scene.ledger()));
    holdoff.terminate();
    holdoff.wait_exit(LONG).await;
    other.kill9().await;
    assert_eq!(scene.working_pair().access, last);
    assert_eq!(scene.grants.violations(), []);
    scene.assert_tidy();
    assert!(!holdoff.stdout().contains("notice"), "{}", holdoff.output());

    let said = other.stdout();
    tally.lock().unwrap()[world] = Tally::of(&scene, &said);
    assert!(!said.contains("refused") && !said.contains("failed"), "{said}");
}
