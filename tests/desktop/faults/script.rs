//! The server's responses, generated from a seed, and what the laws allow after each.

use fastrand::Rng;
use holdoff_world::{Answer, ClockSpec};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// In real time: how far two clock readings may be apart on a busy machine.
pub(super) const TOLERANCE: Duration = Duration::from_millis(250);
/// In real time: how long before its arrival a request was recorded on disk, at most, on a busy machine.
const NOTED_BEFORE: Duration = Duration::from_secs(2);

/// Law 10.
const SPACING_S: f64 = 180.0;
/// Law 3.
const LIMIT_BASE_S: f64 = 300.0;
const LIMIT_CAP_S: f64 = 3600.0;
/// Law 13: a request whose response was lost with the program.
const UNANSWERED_S: f64 = 3600.0;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Reading,
    Limited(Option<u32>),
    Unauthorized,
    MissingScope,
    Unavailable,
    Never,
}

/// One request and its response.
#[derive(Clone, Debug)]
pub(super) struct Given {
    at: SystemTime,
    token: String,
    kind: Kind,
    /// The program was killed before its state had the response. The ledger may have it anyway.
    lost: bool,
    /// The first kill after the request has decided whether it is lost.
    settled: bool,
}

impl Given {
    pub(super) fn is_limit(&self) -> bool {
        matches!(self.kind, Kind::Limited(_))
    }

    pub(super) fn is_rejection(&self) -> bool {
        matches!(self.kind, Kind::Unauthorized | Kind::MissingScope)
    }
}

#[derive(Debug)]
pub(super) struct Script {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    rng: Rng,
    hold: bool,
    given: Vec<Given>,
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        let state = State { rng: Rng::with_seed(seed ^ 0x5eed), hold: false, given: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The next requests get no response.
    pub(super) fn hold(&self, hold: bool) {
        self.state.lock().unwrap().hold = hold;
    }

    /// The program was just killed. `noted` is the last request on disk: when it was recorded, and whether it has an
    /// outcome. The last response here is lost if that is the same request without an outcome.
    pub(super) fn died(&self, noted: Option<(SystemTime, bool)>, clock: ClockSpec) -> bool {
        let mut state = self.state.lock().unwrap();
        let Some(last) = state.given.last_mut().filter(|last| !last.settled) else { return false };
        last.settled = true;
        last.lost =
            noted.is_some_and(|(at, answered)| !answered && at <= clock.program(last.at) + Duration::from_secs(60));
        last.lost
    }

    /// Consecutive 429s: without those that may be unknown, and with them.
    pub(super) fn strikes(&self) -> std::ops::RangeInclusive<usize> {
        let given = &self.state.lock().unwrap().given;
        let counts_on = |one: &&Given| one.lost || one.kind != Kind::Reading;
        let most = given.iter().rev().take_while(counts_on).filter(|one| one.is_limit()).count();
        strikes(given)..=most
    }

    pub(super) fn given(&self) -> Vec<Given> {
        self.state.lock().unwrap().given.clone()
    }

    pub(super) fn answers(&self) -> Answer {
        let state = Arc::clone(&self.state);
        Answer::decide(move |request| {
            let mut state = state.lock().unwrap();
            let kind = if state.hold { Kind::Never } else { draw(&mut state.rng) };
            let token = request.bearer().unwrap_or_default().to_owned();
            state.given.push(Given { at: request.at_real, token, kind, lost: false, settled: false });
            match kind {
                Kind::Reading => Answer::ok(),
                Kind::Limited(seconds) => Answer::rate_limited(seconds.map(|seconds| seconds.to_string()).as_deref()),
                Kind::Unauthorized => Answer::unauthorized(),
                Kind::MissingScope => Answer::missing_scope("user:profile"),
                Kind::Unavailable => Answer::status(503),
                Kind::Never => Answer::hang(),
            }
        })
    }
}

fn draw(rng: &mut Rng) -> Kind {
    match rng.u32(0..100) {
        0..40 => Kind::Reading,
        40..60 => Kind::Limited(None),
        60..70 => Kind::Limited(Some(400)),
        70..82 => Kind::Unauthorized,
        82..94 => Kind::MissingScope,
        _ => Kind::Unavailable,
    }
}

/// Checks that no request came earlier than the previous responses allow.
pub(super) fn check_requests(given: &[Given], clock: ClockSpec) {
    for (n, pair) in given.windows(2).enumerate() {
        let gap = clock.program_length(pair[1].at.duration_since(pair[0].at).unwrap_or_default()).as_secs_f64();
        let Some(least) = least(&given[..=n], pair[0].token == pair[1].token, clock) else {
            panic!("request {} came over a pause\n{given:#?}", n + 1);
        };
        assert!(gap >= least, "request {} is early: {gap:.1} s, not {least} s\n{given:#?}", n + 1);
    }
}

/// The minimum time from the last of these to the next, in seconds; `None` if no request with the same token is
/// allowed. The app waits from the response, which is later than the arrival known here.
fn least(so_far: &[Given], same_token: bool, clock: ClockSpec) -> Option<f64> {
    let last = so_far.last()?;
    let answered = match last.kind {
        Kind::Reading | Kind::Unavailable => Some(SPACING_S),
        Kind::Limited(retry_after) => {
            let doublings = i32::try_from(strikes(so_far)).unwrap_or(i32::MAX) - 1;
            let wait = (LIMIT_BASE_S * 2_f64.powi(doublings.max(0))).min(LIMIT_CAP_S);
            Some(wait.max(retry_after.map_or(0.0, f64::from)))
        }
        Kind::Unauthorized | Kind::MissingScope if same_token && paused(so_far) => None,
        // Law 6: a new credential is tried at once.
        Kind::Unauthorized | Kind::MissingScope if !same_token => Some(0.0),
        Kind::Unauthorized | Kind::MissingScope => Some(SPACING_S),
        Kind::Never => Some(f64::MAX),
    };
    if !last.lost {
        return answered.filter(|least| *least < f64::MAX).or((last.kind == Kind::Never).then_some(SPACING_S));
    }
    // The wait starts when the request was recorded, which is before it arrived.
    let unanswered = UNANSWERED_S - clock.program_length(NOTED_BEFORE).as_secs_f64();
    Some(answered.map_or(unanswered, |answered| answered.min(unanswered)))
}

/// The requests since the last reading whose response the app certainly knows.
fn since_reading(so_far: &[Given]) -> impl Iterator<Item = &Given> {
    so_far.iter().rev().take_while(|given| given.kind != Kind::Reading).filter(|given| !given.lost)
}

fn strikes(so_far: &[Given]) -> usize {
    since_reading(so_far).filter(|given| given.is_limit()).count()
}

/// Law 6: a missing scope, or the third 401 with the latest token.
fn paused(so_far: &[Given]) -> bool {
    let Some(last) = so_far.last() else { return false };
    let of_token = since_reading(so_far).take_while(|given| given.token == last.token);
    !last.lost && last.kind == Kind::MissingScope
        || of_token.filter(|given| given.kind == Kind::Unauthorized).count() >= 3
}

/// The maximum number of 429 episodes and of rejected sign-in episodes: a response that may be unknown counts if it
/// begins or ends one.
pub(super) fn episodes(given: &[Given]) -> (usize, usize) {
    let (mut limits, mut rejections) = (0, 0);
    let (mut limited, mut rejected) = (false, false);
    for (n, one) in given.iter().enumerate() {
        match one.kind {
            Kind::Reading => (limited, rejected) = (false, false),
            Kind::Limited(_) => {
                limits += usize::from(!limited);
                limited = true;
            }
            Kind::MissingScope | Kind::Unauthorized => {
                let pauses = may_pause(&given[..=n]);
                rejections += usize::from(pauses && !rejected);
                rejected |= pauses;
            }
            Kind::Unavailable | Kind::Never => {}
        }
    }
    (limits, rejections)
}

fn may_pause(so_far: &[Given]) -> bool {
    let Some(last) = so_far.last() else { return false };
    let since = so_far.iter().rev().take_while(|one| one.lost || one.kind != Kind::Reading);
    let refused = since.filter(|one| one.token == last.token && one.kind == Kind::Unauthorized).count();
    last.kind == Kind::MissingScope || refused >= 3
}
