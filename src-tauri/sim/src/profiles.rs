//! Several kinds of worlds, so that events that are rare in one are common in another.

use crate::observation::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::office;
use crate::rng::Dice;
use crate::schedule::{Happening, Hours, Named, Person, Plan, Planned, RetryAfter, Start, Tear, Token, Usage};

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
    wishes: u64,
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

type Make = fn(&Profile, &mut Dice) -> Happening;

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
    wishes: 10,
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
        wishes: 100,
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
        let mut dice = Dice::fork(seed, 1);
        let climate = *dice.pick(&CLIMATES);
        Self::made(seed, length, climate, &mut dice)
    }

    /// The world of an ordinary user with window notifications turned on.
    pub fn ordinary(seed: u64, length: Millis, hours: Hours) -> Self {
        let mut plan = Self::made(seed, length, CALM, &mut Dice::fork(seed, 1));
        plan.wishes = Start { windows: true, interval: 300 * SECOND, hours, ..plan.wishes };
        if hours == Hours::Office {
            plan.happenings.retain(|planned| !matches!(planned.what, Happening::Work(_)));
            let begins = office::beginnings(length);
            plan.happenings.extend(begins.map(|at| Planned { at, what: Happening::Work(office::DAY_OF_WORK) }));
            plan.happenings.sort_by_key(|planned| planned.at);
        }
        plan
    }

    fn made(seed: u64, length: Millis, climate: Profile, dice: &mut Dice) -> Self {
        let wishes = Start {
            interval: *dice.pick(&[180, 300, 300, 600, 900, 1800, 3600]) * SECOND,
            renewal: dice.percent(climate.renewal),
            watched: dice.percent(75),
            re_arms: dice.percent(50),
            jumpy: dice.percent(30),
            windows: dice.percent(50),
            odd: climate.odd,
            budget: *dice.pick(&[6, 15, 28, 28, 28]),
            names_itself: dice.percent(50),
            hours: Hours::DayAndNight,
        };
        let mut happenings = climate.happenings(dice, length);
        happenings.sort_by_key(|planned| planned.at);
        Self { seed, climate: climate.name, length, wishes, happenings }
    }
}

impl Profile {
    fn happenings(&self, dice: &mut Dice, length: Millis) -> Vec<Planned> {
        let kinds: [(u64, Make); 21] = [
            (self.limits, |_, dice| Happening::Usage(limited(dice), dice.spread(MINUTE, 12 * HOUR))),
            (self.troubles, |_, dice| Happening::Usage(trouble(dice), dice.spread(MINUTE, 6 * HOUR))),
            (self.rejections, |_, dice| Happening::Usage(rejection(dice), dice.spread(MINUTE, 6 * HOUR))),
            (self.offline, |_, dice| Happening::Offline(dice.spread(10 * SECOND, 12 * HOUR))),
            (self.sleeps, |_, dice| Happening::Sleep(dice.spread(30 * SECOND, 12 * HOUR))),
            (self.reboots, |_, dice| Happening::Reboot(dice.spread(20 * SECOND, 10 * HOUR))),
            (self.crashes, Self::crash),
            (self.quits, |_, dice| Happening::Quit(dice.spread(SECOND, 12 * HOUR))),
            (self.clocks, |_, dice| Happening::Clock(jump(dice))),
            (self.wishes, |_, dice| wish(dice)),
            (self.refreshes, |_, _| Happening::Refresh),
            (self.refreshes / 4, |_, _| Happening::Look),
            (self.mutes, |_, dice| Happening::Mute(dice.spread(SECOND, 12 * HOUR))),
            (self.full, |_, dice| Happening::Full(dice.spread(SECOND, 6 * HOUR))),
            (self.full / 2, |_, dice| Happening::Shielded(dice.spread(SECOND, 6 * HOUR))),
            (self.work, |_, dice| Happening::Work(dice.spread(5 * MINUTE, 8 * HOUR))),
            (self.owner, |_, dice| owner(dice)),
            (self.token, |_, dice| Happening::Token(token(dice), dice.spread(MINUTE, 12 * HOUR))),
            (self.edge, |_, dice| Happening::Usage(at_edge(dice), dice.spread(10 * MINUTE, 4 * DAY))),
            (self.free, |_, dice| Happening::FreeOnly(dice.spread(SECOND, 12 * HOUR))),
            (self.setup_tokens, |_, dice| Happening::SetupToken(dice.spread(MINUTE, 4 * DAY))),
        ];
        let mut all = Vec::new();
        for (rate, make) in kinds.into_iter().filter(|(rate, _)| *rate > 0) {
            let expected = rate as i64 * length / (100 * DAY);
            let count =
                expected + i64::from(dice.below(100 * DAY as u64) < (rate as i64 * length % (100 * DAY)) as u64);
            for _ in 0..count {
                all.push(Planned { at: dice.between(0, length), what: make(self, dice) });
            }
        }
        gather(dice, &mut all);
        all
    }

    fn crash(&self, dice: &mut Dice) -> Happening {
        let tear = match dice.percent(self.losses) {
            true => Tear::Both,
            false if dice.percent(30) => Tear::One,
            false => Tear::Cut,
        };
        let actions = u8::try_from(dice.below(25)).unwrap_or(0);
        Happening::Crash { actions, tear, off: dice.spread(SECOND, HOUR) }
    }
}

/// Failures tend to come together: a third of the events is moved close to another one.
fn gather(dice: &mut Dice, all: &mut [Planned]) {
    for at in 0..all.len() {
        if dice.percent(33) {
            let near = dice.pick(all).at;
            all[at].at = near + dice.spread(10, 2 * HOUR);
        }
    }
}

fn asks(dice: &mut Dice) -> RetryAfter {
    match dice.below(12) {
        0 | 1 => RetryAfter::Absent,
        2 | 3 => RetryAfter::Zero,
        4 => RetryAfter::Negative,
        5 => RetryAfter::Rubbish,
        6 => RetryAfter::Date(*dice.pick(&[-30, 0, 30, 990, 3600, 90_000])),
        7 => RetryAfter::Seconds(*dice.pick(&[1, 30, 7200, 20_000, 86_400, 200_000])),
        _ => RetryAfter::Seconds(*dice.pick(&[990, 1487, 3037, 3242, 3600, 3600])),
    }
}

fn limited(dice: &mut Dice) -> Usage {
    Usage::Limited { asks: asks(dice), hidden: dice.percent(10) }
}

fn at_edge(dice: &mut Dice) -> Usage {
    Usage::AtEdge(*dice.pick(&[RetryAfter::Absent, RetryAfter::Zero, RetryAfter::Zero, RetryAfter::Negative]))
}

fn trouble(dice: &mut Dice) -> Usage {
    match dice.below(8) {
        0 => Usage::Page(*dice.pick(&[200, 302, 401, 403, 407, 502])),
        1 => Usage::Broken,
        2 | 3 => Usage::Silent,
        _ => Usage::Trouble { status: *dice.pick(&[500, 502, 503, 529]), asks: asks(dice) },
    }
}

fn rejection(dice: &mut Dice) -> Usage {
    *dice.pick(&[
        Usage::Unauthorized,
        Usage::Unauthorized,
        Usage::MissingScope,
        Usage::Forbidden,
        Usage::NotAllowed(403),
        Usage::NotAllowed(401),
    ])
}

fn token(dice: &mut Dice) -> Token {
    match dice.below(12) {
        0..3 => Token::Limited(asks(dice)),
        3 | 4 => Token::Trouble { status: *dice.pick(&[500, 503, 529]), asks: asks(dice), spent: dice.percent(50) },
        5 | 6 => Token::Silent { spent: dice.percent(50) },
        7 => Token::Refused { status: *dice.pick(&[400, 404]) },
        8 => Token::Denied { status: *dice.pick(&[400, 401, 403]) },
        9 => *dice.pick(&[Token::Page, Token::Wasted]),
        10 => Token::Unrotated,
        _ => *dice.pick(&[Token::Mixed, Token::Limited(RetryAfter::Absent)]),
    }
}

fn jump(dice: &mut Dice) -> Millis {
    let by = dice.spread(SECOND, 40 * DAY);
    if dice.percent(50) { by } else { -by }
}

fn wish(dice: &mut Dice) -> Happening {
    match dice.below(4) {
        0 => Happening::Interval(*dice.pick(&[180, 300, 900, 3600]) * SECOND),
        1 | 2 => Happening::Renewal(dice.percent(60)),
        _ => Happening::Tell(dice.percent(80), dice.percent(80), dice.percent(80)),
    }
}

fn owner(dice: &mut Dice) -> Happening {
    let person = *dice.pick(&[Person::Ann, Person::Ann, Person::AnnAtWork, Person::Bob]);
    let named = *dice.pick(&[Named::AtOnce, Named::Soon, Named::Before, Named::Later, Named::Never]);
    match dice.below(10) {
        0..5 => Happening::SignIn(person, named),
        5 => Happening::SignOut,
        6 => Happening::Torn(dice.spread(10, HOUR)),
        7 => Happening::HeldLock(dice.spread(SECOND, 4 * HOUR)),
        8 => Happening::Blank,
        _ => Happening::Revoke,
    }
}
