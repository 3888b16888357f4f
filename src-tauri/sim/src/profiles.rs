//! Several kinds of worlds, so that events that are rare in one are common in another.

use crate::observation::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::office;
use crate::rng::Rng;
use crate::schedule::{Hours, Named, Person, Plan, Planned, RetryAfter, Start, Tear, Token, Usage, WorldEvent};

/// Event rates, per hundred days.
#[derive(Debug, Clone, Copy)]
struct Profile {
    name: &'static str,
    /// Percentage of worlds in which renewal is on from the start.
    renewal: u64,
    limits: u64,
    troubles: u64,
    rejections: u64,
    offline: u64,
    sleeps: u64,
    reboots: u64,
    crashes: u64,
    /// Percentage of crashes that damage both state files.
    losses: u64,
    quits: u64,
    clocks: u64,
    user_settings: u64,
    refreshes: u64,
    mutes: u64,
    full: u64,
    work: u64,
    owner: u64,
    token: u64,
    odd: u8,
    /// The provider's edge refuses the program for hours and days.
    edge: u64,
    /// The user wants no requests for a while.
    free: u64,
    /// The stored sign-in is a setup token for a while.
    setup_tokens: u64,
}

type Make = fn(&Profile, &mut Rng) -> WorldEvent;

const CALM: Profile = Profile {
    name: "calm",
    renewal: 20,
    limits: 20,
    troubles: 20,
    rejections: 3,
    offline: 30,
    sleeps: 150,
    reboots: 10,
    crashes: 5,
    losses: 1,
    quits: 20,
    clocks: 2,
    user_settings: 10,
    refreshes: 100,
    mutes: 5,
    full: 2,
    work: 200,
    owner: 5,
    token: 5,
    odd: 2,
    edge: 1,
    free: 2,
    setup_tokens: 0,
};

const CLIMATES: [Profile; 10] = [
    CALM,
    Profile { name: "odd answers", odd: 30, limits: 100, crashes: 60, owner: 60, ..CALM },
    Profile { name: "limits", setup_tokens: 20, limits: 600, refreshes: 800, mutes: 100, crashes: 100, ..CALM },
    Profile {
        name: "turned away",
        edge: 60,
        limits: 100,
        crashes: 100,
        refreshes: 400,
        mutes: 60,
        free: 60,
        setup_tokens: 30,
        ..CALM
    },
    Profile { name: "flaky network", troubles: 800, offline: 800, limits: 100, sleeps: 400, ..CALM },
    Profile { name: "restless machine", sleeps: 900, reboots: 200, clocks: 200, limits: 200, offline: 300, ..CALM },
    Profile {
        name: "crashes",
        crashes: 1500,
        losses: 4,
        limits: 300,
        troubles: 200,
        full: 100,
        mutes: 100,
        renewal: 60,
        token: 100,
        setup_tokens: 30,
        ..CALM
    },
    Profile {
        name: "owner",
        renewal: 60,
        owner: 500,
        work: 600,
        rejections: 100,
        token: 100,
        quits: 100,
        setup_tokens: 100,
        ..CALM
    },
    Profile {
        name: "renewals",
        renewal: 100,
        token: 400,
        work: 60,
        owner: 60,
        crashes: 300,
        full: 60,
        limits: 60,
        setup_tokens: 30,
        ..CALM
    },
    Profile {
        name: "everything",
        renewal: 70,
        limits: 300,
        troubles: 300,
        rejections: 100,
        offline: 300,
        sleeps: 400,
        reboots: 150,
        crashes: 600,
        losses: 3,
        quits: 200,
        clocks: 100,
        user_settings: 100,
        refreshes: 400,
        mutes: 150,
        full: 60,
        work: 300,
        owner: 200,
        token: 300,
        odd: 10,
        edge: 20,
        free: 60,
        setup_tokens: 60,
    },
];

impl Plan {
    /// The world of a seed.
    pub fn of(seed: u64, length: Millis) -> Self {
        let mut rng = Rng::fork(seed, 1);
        let climate = *rng.pick(&CLIMATES);
        Self::made(seed, length, climate, &mut rng)
    }

    /// The world of an ordinary user with window notifications turned on.
    pub fn ordinary(seed: u64, length: Millis, hours: Hours) -> Self {
        let mut plan = Self::made(seed, length, CALM, &mut Rng::fork(seed, 1));
        plan.user_settings = Start { windows: true, interval: 300 * SECOND, hours, ..plan.user_settings };
        if hours == Hours::Office {
            plan.happenings.retain(|planned| !matches!(planned.what, WorldEvent::Work(_)));
            let begins = office::beginnings(length);
            plan.happenings.extend(begins.map(|at| Planned { at, what: WorldEvent::Work(office::DAY_OF_WORK) }));
            plan.happenings.sort_by_key(|planned| planned.at);
        }
        plan
    }

    fn made(seed: u64, length: Millis, climate: Profile, rng: &mut Rng) -> Self {
        let user_settings = Start {
            interval: *rng.pick(&[180, 300, 300, 600, 900, 1800, 3600]) * SECOND,
            renewal: rng.percent(climate.renewal),
            watched: rng.percent(75),
            re_arms: rng.percent(50),
            jumpy: rng.percent(30),
            windows: rng.percent(50),
            odd: climate.odd,
            budget: *rng.pick(&[6, 15, 28, 28, 28]),
            names_itself: rng.percent(50),
            hours: Hours::DayAndNight,
        };
        let mut happenings = climate.happenings(rng, length);
        happenings.sort_by_key(|planned| planned.at);
        Self { seed, climate: climate.name, length, user_settings, happenings }
    }
}

impl Profile {
    fn happenings(&self, rng: &mut Rng, length: Millis) -> Vec<Planned> {
        let kinds: [(u64, Make); 21] = [
            (self.limits, |_, rng| WorldEvent::Usage(limited(rng), rng.spread(MINUTE, 12 * HOUR))),
            (self.troubles, |_, rng| WorldEvent::Usage(trouble(rng), rng.spread(MINUTE, 6 * HOUR))),
            (self.rejections, |_, rng| WorldEvent::Usage(rejection(rng), rng.spread(MINUTE, 6 * HOUR))),
            (self.offline, |_, rng| WorldEvent::Offline(rng.spread(10 * SECOND, 12 * HOUR))),
            (self.sleeps, |_, rng| WorldEvent::Sleep(rng.spread(30 * SECOND, 12 * HOUR))),
            (self.reboots, |_, rng| WorldEvent::Reboot(rng.spread(20 * SECOND, 10 * HOUR))),
            (self.crashes, Self::crash),
            (self.quits, |_, rng| WorldEvent::Quit(rng.spread(SECOND, 12 * HOUR))),
            (self.clocks, |_, rng| WorldEvent::Clock(jump(rng))),
            (self.user_settings, |_, rng| change_settings(rng)),
            (self.refreshes, |_, _| WorldEvent::Refresh),
            (self.refreshes / 4, |_, _| WorldEvent::View),
            (self.mutes, |_, rng| WorldEvent::Mute(rng.spread(SECOND, 12 * HOUR))),
            (self.full, |_, rng| WorldEvent::Full(rng.spread(SECOND, 6 * HOUR))),
            (self.full / 2, |_, rng| WorldEvent::Shielded(rng.spread(SECOND, 6 * HOUR))),
            (self.work, |_, rng| WorldEvent::Work(rng.spread(5 * MINUTE, 8 * HOUR))),
            (self.owner, |_, rng| owner(rng)),
            (self.token, |_, rng| WorldEvent::Token(token(rng), rng.spread(MINUTE, 12 * HOUR))),
            (self.edge, |_, rng| WorldEvent::Usage(at_edge(rng), rng.spread(10 * MINUTE, 4 * DAY))),
            (self.free, |_, rng| WorldEvent::FreeOnly(rng.spread(SECOND, 12 * HOUR))),
            (self.setup_tokens, |_, rng| WorldEvent::SetupToken(rng.spread(MINUTE, 4 * DAY))),
        ];
        let mut all = Vec::new();
        for (rate, make) in kinds.into_iter().filter(|(rate, _)| *rate > 0) {
            let expected = rate as i64 * length / (100 * DAY);
            let count = expected + i64::from(rng.below(100 * DAY as u64) < (rate as i64 * length % (100 * DAY)) as u64);
            for _ in 0..count {
                all.push(Planned { at: rng.between(0, length), what: make(self, rng) });
            }
        }
        gather(rng, &mut all);
        all
    }

    fn crash(&self, rng: &mut Rng) -> WorldEvent {
        let tear = match rng.percent(self.losses) {
            true => Tear::Both,
            false if rng.percent(30) => Tear::One,
            false => Tear::Cut,
        };
        let actions = u8::try_from(rng.below(25)).unwrap_or(0);
        WorldEvent::Crash { actions, tear, off: rng.spread(SECOND, HOUR) }
    }
}

/// Failures tend to come together: a third of the events is moved close to another one.
fn gather(rng: &mut Rng, all: &mut [Planned]) {
    for at in 0..all.len() {
        if rng.percent(33) {
            let near = rng.pick(all).at;
            all[at].at = near + rng.spread(10, 2 * HOUR);
        }
    }
}

fn asks(rng: &mut Rng) -> RetryAfter {
    match rng.below(12) {
        0 | 1 => RetryAfter::Absent,
        2 | 3 => RetryAfter::Zero,
        4 => RetryAfter::Negative,
        5 => RetryAfter::Rubbish,
        6 => RetryAfter::Date(*rng.pick(&[-30, 0, 30, 990, 3600, 90_000])),
        7 => RetryAfter::Seconds(*rng.pick(&[1, 30, 7200, 20_000, 86_400, 200_000])),
        _ => RetryAfter::Seconds(*rng.pick(&[990, 1487, 3037, 3242, 3600, 3600])),
    }
}

fn limited(rng: &mut Rng) -> Usage {
    Usage::Limited { asks: asks(rng), hidden: rng.percent(10) }
}

fn at_edge(rng: &mut Rng) -> Usage {
    Usage::AtEdge(*rng.pick(&[RetryAfter::Absent, RetryAfter::Zero, RetryAfter::Zero, RetryAfter::Negative]))
}

fn trouble(rng: &mut Rng) -> Usage {
    match rng.below(8) {
        0 => Usage::Page(*rng.pick(&[200, 302, 401, 403, 407, 502])),
        1 => Usage::Broken,
        2 | 3 => Usage::Silent,
        _ => Usage::Trouble { status: *rng.pick(&[500, 502, 503, 529]), asks: asks(rng) },
    }
}

fn rejection(rng: &mut Rng) -> Usage {
    *rng.pick(&[
        Usage::Unauthorized,
        Usage::Unauthorized,
        Usage::MissingScope,
        Usage::Forbidden,
        Usage::NotAllowed(403),
        Usage::NotAllowed(401),
    ])
}

fn token(rng: &mut Rng) -> Token {
    match rng.below(12) {
        0..3 => Token::Limited(asks(rng)),
        3 | 4 => Token::Trouble { status: *rng.pick(&[500, 503, 529]), asks: asks(rng), spent: rng.percent(50) },
        5 | 6 => Token::Silent { spent: rng.percent(50) },
        7 => Token::Refused { status: *rng.pick(&[400, 404]) },
        8 => Token::Denied { status: *rng.pick(&[400, 401, 403]) },
        9 => *rng.pick(&[Token::Page, Token::UnusableTokens]),
        10 => Token::Unrotated,
        _ => *rng.pick(&[Token::Mixed, Token::Limited(RetryAfter::Absent)]),
    }
}

fn jump(rng: &mut Rng) -> Millis {
    let by = rng.spread(SECOND, 40 * DAY);
    if rng.percent(50) { by } else { -by }
}

fn change_settings(rng: &mut Rng) -> WorldEvent {
    match rng.below(4) {
        0 => WorldEvent::Interval(*rng.pick(&[180, 300, 900, 3600]) * SECOND),
        1 | 2 => WorldEvent::Renewal(rng.percent(60)),
        _ => WorldEvent::Notifications(rng.percent(80), rng.percent(80), rng.percent(80)),
    }
}

fn owner(rng: &mut Rng) -> WorldEvent {
    let person = *rng.pick(&[Person::Ann, Person::Ann, Person::AnnAtWork, Person::Bob]);
    let named = *rng.pick(&[Named::AtOnce, Named::Soon, Named::Before, Named::Later, Named::Never]);
    match rng.below(10) {
        0..5 => WorldEvent::SignIn(person, named),
        5 => WorldEvent::SignOut,
        6 => WorldEvent::Torn(rng.spread(10, HOUR)),
        7 => WorldEvent::HeldLock(rng.spread(SECOND, 4 * HOUR)),
        8 => WorldEvent::Blank,
        _ => WorldEvent::Revoke,
    }
}
