//! One state of the model: the core, what is durable, and the world around it.

use crate::Bounds;
use crate::clock::moment;
use crate::provider::{LIFE, Pair, Provider, Reply, token};
use crate::step::Step;
use holdoff_core::account::{Account, Event, Preferences};
use holdoff_core::credential::{Credential, Identity, OAuthClient};
use holdoff_core::gate::GateState;
use holdoff_core::gate::recovery::GateRecovery;
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::settings::Readings;
use holdoff_core::state::Provider as Name;
use holdoff_core::{AccountId, AccountState, CredentialRead, Endpoint, Settings};
use holdoff_sim::laws::{Broken, Laws};
use holdoff_sim::observation::{Found, Millis, Observation, SignIn, TokenId, UserSettings};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// The longest possible interval: the fewer polls, the more can happen between them.
const INTERVAL: Duration = Duration::from_secs(3600);
/// A lock whose holder died is stale after this.
pub const STALE: Millis = 60_000;
/// More actions than this without any progress of time mean that the core never rests.
const RESTLESS: u16 = 200;

/// The holder of the owner's locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lock {
    Free,
    Holdoff,
    Owner,
    /// A Holdoff process that died with the lock; it counts as free from then on.
    Dead(Millis),
}

/// The progress of the owner's own renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    Idle,
    Holding,
    /// The old pair is spent, and the new one is not written yet.
    Renewed(Pair),
}

/// A request that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnderWay {
    pub request: u32,
    pub endpoint: Endpoint,
    pub token: TokenId,
}

#[derive(Debug, Clone)]
pub struct World {
    pub(crate) left: Bounds,
    pub(crate) now: Millis,
    pub(crate) account: Option<Box<Account>>,
    /// When it wants to be woken; `None` while it has work to do.
    pub(crate) asleep: Option<Option<Millis>>,
    pub(crate) steps: u16,
    /// The sign-in changed, and Holdoff was not notified yet.
    pub(crate) stirred: bool,
    pub(crate) disk: Option<AccountState>,
    pub(crate) saves: u64,
    pub(crate) ledger: VecDeque<LedgerEntry>,
    pub(crate) stored: Pair,
    /// The newest pair that the running Holdoff has seen. Tokens do not print, so without it two worlds that differ
    /// only in the known tokens would count as one.
    pub(crate) known: [Option<u32>; 2],
    pub(crate) lock: Lock,
    pub(crate) owner: Owner,
    pub(crate) provider: Provider,
    pub(crate) under_way: Option<UnderWay>,
    pub(crate) requests: u32,
    pub(crate) laws: Laws,
    /// The user turned requests off.
    pub(crate) free_only: bool,
    /// No reading arrived since the last failure.
    pub(crate) owed: bool,
    pub broken: Option<Broken>,
    pub renewed_by_holdoff: bool,
    pub renewed_by_owner: bool,
    pub cut_off: bool,
    pub taken_over: bool,
}

fn preferences(free_only: bool) -> Preferences {
    let readings = Some(if free_only { Readings::FreeOnly } else { Readings::Ask });
    let settings = Settings { polling_interval: INTERVAL, renewal: true, readings, ..Settings::default() };
    Preferences::from(&settings)
}

fn user_settings(free_only: bool) -> UserSettings {
    let interval = INTERVAL.as_millis() as Millis;
    UserSettings { interval, renewal: true, free_only, notify_limit: true, notify_sign_in: true, notify_recovery: true }
}

fn id() -> AccountId {
    AccountId("anthropic:ann".to_owned())
}

impl World {
    pub fn new(bounds: Bounds) -> Self {
        let mut world = Self {
            left: bounds,
            now: 0,
            account: None,
            asleep: None,
            steps: 0,
            stirred: false,
            disk: None,
            saves: 0,
            ledger: VecDeque::new(),
            stored: Pair { number: 1, ends: LIFE },
            known: [None; 2],
            lock: Lock::Free,
            owner: Owner::Idle,
            provider: Provider::new(),
            under_way: None,
            requests: 0,
            laws: Laws::new(user_settings(false)),
            free_only: false,
            owed: true,
            broken: None,
            renewed_by_holdoff: false,
            renewed_by_owner: false,
            cut_off: false,
            taken_over: false,
        };
        world.see(&Observation::Service(true));
        world.see_sign_in();
        world.start();
        world
    }

    pub(crate) fn see(&mut self, seen: &Observation) {
        if self.broken.is_none() {
            self.broken = self.laws.observe(self.now, seen).err();
        }
    }

    pub(crate) fn see_sign_in(&mut self) {
        let stored = SignIn { access: self.stored.access(), refresh: Some(self.stored.refresh()), has_scope: true };
        self.see(&Observation::SignIn(Some(stored)));
    }

    /// A Holdoff process loads the durable state.
    pub(crate) fn start(&mut self) {
        let found = match &self.disk {
            Some(_) => Found::State { save: self.saves },
            None => Found::Nothing,
        };
        self.see(&Observation::Started(found));
        let entries: Vec<LedgerEntry> = self.ledger.iter().cloned().collect();
        let now = moment(self.now);
        let recovery = GateRecovery::new(&entries, None, now);
        let mut state = self.disk.clone().unwrap_or_else(|| AccountState::new(Name::Anthropic));
        match self.disk {
            Some(_) => recovery.apply_to_known(&id(), &mut state, now),
            None => recovery.apply_to_new(&id(), &mut state, now),
        }
        // The same seed for all: varying the jitter is the simulation's task.
        let mut account = Account::new(id(), "~/.claude".to_owned(), state, preferences(self.free_only), now, 7);
        account.handle(Event::NoticeService(true), now);
        self.account = Some(Box::new(account));
        (self.asleep, self.steps, self.known) = (None, 0, [None; 2]);
    }

    pub(crate) fn credential(&self) -> Option<CredentialRead> {
        Some(CredentialRead::Found(Credential {
            access_token: token(self.stored.access())?,
            expires_at: Some(moment(self.stored.ends).wall),
            refresh_token: token(self.stored.refresh()).map(Into::into),
            refresh_blanked: false,
            refresh_expires_at: None,
            client: OAuthClient::Default,
            scopes: vec!["user:profile".to_owned()],
            plan: None,
            identity: Identity { account: Some("ann".to_owned()), ..Identity::default() },
            naming: holdoff_core::credential::Naming::Itself,
        }))
    }

    /// The user turns requests on or off (law 16).
    pub(crate) fn choose(&mut self, free_only: bool) {
        self.free_only = free_only;
        self.see(&Observation::Settings(user_settings(free_only)));
        let now = moment(self.now);
        if let Some(account) = &mut self.account {
            account.handle(Event::Preferences(preferences(free_only)), now);
            self.asleep = None;
        }
    }

    pub(crate) fn lock_is_free(&self) -> bool {
        match self.lock {
            Lock::Free => true,
            Lock::Holdoff | Lock::Owner => false,
            Lock::Dead(until) => until <= self.now,
        }
    }

    /// Whether something else can happen before Holdoff waits.
    pub(crate) fn can_be_interrupted(&self) -> bool {
        let left = &self.left;
        left.crashes + left.full + left.owner_renewals + left.silences > 0 || self.owner != Owner::Idle
    }

    pub(crate) fn is_over(&self) -> bool {
        self.now >= self.left.end_ms && self.asleep.is_some() && self.under_way.is_none()
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.now >= self.left.calm_ms
    }

    /// All possible next steps.
    pub(crate) fn possible(&self, steps: &mut Vec<Step>) {
        if self.is_over() || self.broken.is_some() || self.restless() {
            return;
        }
        if self.is_calm() {
            return steps.push(Step::Rest);
        }
        match (&self.account, self.under_way) {
            (None, _) => steps.push(Step::Start),
            // The driver receives no event before it has performed all pending actions.
            (Some(_), Some(under_way)) if self.asleep.is_some() => self.replies(under_way, steps),
            (Some(_), _) => {}
        }
        if self.account.is_some() {
            steps.push(if self.asleep.is_some() { Step::Wait } else { Step::Do });
            self.troubles(steps);
        }
        self.owners(steps);
        if self.under_way.is_some() || matches!(self.owner, Owner::Holding | Owner::Renewed(_)) {
            // What has begun takes no time.
            steps.retain(|step| *step != Step::Wait);
        }
    }

    fn replies(&self, under_way: UnderWay, steps: &mut Vec<Step>) {
        let all = match under_way.endpoint {
            Endpoint::Usage => Reply::USAGE,
            Endpoint::Token => Reply::TOKEN,
        };
        let may = |reply: &Reply| *reply == Reply::Good || self.left.faults > 0;
        steps.extend(all.into_iter().filter(may).map(Step::Answer));
    }

    fn troubles(&self, steps: &mut Vec<Step>) {
        let saves = self.asleep.is_none() && self.wants_to_save();
        steps.extend((self.left.full > 0 && saves).then_some(Step::FailToSave));
        steps.extend((self.left.crashes > 0).then_some(Step::Crash));
        steps.extend((self.left.silences > 0).then_some(Step::Silence));
        steps.extend((self.left.presses > 0 && self.asleep.is_some()).then_some(Step::Press));
    }

    fn owners(&self, steps: &mut Vec<Step>) {
        match self.owner {
            Owner::Idle if self.left.owner_renewals > 0 && self.lock_is_free() => steps.push(Step::OwnerLocks),
            Owner::Idle => {}
            Owner::Holding => steps.push(Step::OwnerRenews),
            Owner::Renewed(_) => steps.push(Step::OwnerWrites),
        }
    }

    fn wants_to_save(&self) -> bool {
        let poll = |account: &Account| account.clone().poll(moment(self.now));
        let next = self.account.as_deref().map(poll);
        matches!(next, Some(holdoff_core::account::Action::Persist(_)))
    }

    /// Milliseconds since the beginning.
    pub fn minutes(&self) -> f64 {
        self.now as f64 / 60_000.0
    }

    pub fn is_paused(&self) -> bool {
        let paused =
            |state: &AccountState| state.gates.iter().any(|gate| matches!(gate.state, GateState::Paused { .. }));
        self.account.as_deref().is_some_and(|account| paused(account.state()))
    }

    /// The core steps forever without waiting.
    pub fn restless(&self) -> bool {
        self.steps > RESTLESS
    }

    /// The world is at its end, and a reading arrived since the last failure.
    pub fn is_back(&self) -> bool {
        self.now >= self.left.end_ms && !self.owed
    }

    fn digest(&self, hasher: &mut impl Hasher) {
        (self.now, self.asleep, self.stirred, self.saves, self.stored, self.known, self.lock, self.owner).hash(hasher);
        (&self.provider, self.under_way, self.requests, self.owed).hash(hasher);
        (self.left.crashes, self.left.faults, self.left.presses, self.left.owner_renewals).hash(hasher);
        (self.left.full, self.left.unwritable, self.left.second, &self.broken).hash(hasher);
        (self.left.silences, self.free_only).hash(hasher);
        (self.renewed_by_holdoff, self.renewed_by_owner, self.cut_off, self.taken_over).hash(hasher);
        self.laws.hash(hasher);
        format!("{:?} {:?} {:?}", self.account, self.disk, self.ledger).hash(hasher);
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.digest(hasher);
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        let digest = |world: &World| {
            let mut hasher = std::hash::DefaultHasher::new();
            world.digest(&mut hasher);
            hasher.finish()
        };
        digest(self) == digest(other)
    }
}
