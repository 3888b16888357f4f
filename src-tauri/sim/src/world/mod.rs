//! One world: a provider, an owner, a person, a machine and Holdoff's core, checked against the laws.

mod answers;
mod disk;
mod driver;
mod events;
mod machine;
mod observe;
mod owner;
mod process;
mod provider;
mod quota;
mod sessions;
mod shutdown;
mod tokens;

use crate::laws::{Broken, Laws};
use crate::observation::{Millis, Observation, UserSettings, Who};
use crate::rng::Rng;
use crate::schedule::{Plan, Start};
use crate::stats::Stats;
use crate::trace;
use disk::Disk;
use events::{Later, Timed};
use holdoff_core::AccountId;
use machine::Machine;
use owner::Owner;
use process::Process;
use provider::Provider;
use std::collections::BinaryHeap;
use tokens::Pair;

/// The credential location that Holdoff uses.
const PLACE: &str = "~/.claude";

/// More events than this in one hour mean that time hardly advances.
const BUSY: u32 = 50_000;

type Step = Result<(), Broken>;

#[derive(Debug)]
pub struct World {
    now: Millis,
    end: Millis,
    start: Start,
    user_settings: UserSettings,
    plan: Plan,
    next: usize,
    later: BinaryHeap<Later>,
    order: u64,
    /// Events since the last full hour.
    done: u32,
    machine: Machine,
    provider: Provider,
    owner: Owner,
    disk: Disk,
    process: Option<Process>,
    processes: u32,
    start_at: Option<Millis>,
    /// The machine goes to sleep for this long as soon as a connection is opened.
    lid: Option<Millis>,
    muted: bool,
    offline: bool,
    clock_set: Millis,
    saves: u64,
    /// The save that was last carried over a reboot, and the clock error that the laws were given for it.
    bridged: Option<(u64, Millis)>,
    requests: u32,
    permits: u32,
    /// Counts the accounts that were loaded.
    incarnation: u32,
    /// The last tokens that Holdoff received.
    granted: Option<Pair>,
    looks_at: Millis,
    names: Vec<AccountId>,
    laws: Laws,
    well: bool,
    renewable: bool,
    rng: Rng,
    /// The random duration of each action; it affects nothing else.
    pace: Rng,
    stats: Stats,
    trace: Option<Vec<(Millis, String)>>,
}

/// The result of a world.
#[derive(Debug)]
pub struct Outcome {
    pub stats: Stats,
    pub broken: Option<(Millis, Broken)>,
    /// The observations, if a trace was requested.
    pub trace: Vec<(Millis, String)>,
}

impl World {
    fn new(plan: Plan, traced: bool) -> Self {
        let start = plan.user_settings;
        let user_settings = UserSettings {
            interval: start.interval,
            renewal: start.renewal,
            free_only: false,
            notify_limit: true,
            notify_sign_in: true,
            notify_recovery: true,
        };
        Self {
            now: 0,
            end: plan.length,
            start,
            user_settings,
            next: 0,
            later: BinaryHeap::new(),
            order: 0,
            done: 0,
            machine: Machine::new(),
            provider: Provider::new(&start),
            owner: Owner::new(start.names_itself),
            disk: Disk::new(),
            process: None,
            processes: 0,
            start_at: Some(0),
            lid: None,
            muted: false,
            offline: false,
            clock_set: -1,
            saves: 0,
            bridged: None,
            requests: 0,
            permits: 0,
            incarnation: 0,
            granted: None,
            looks_at: 0,
            names: Vec::new(),
            laws: Laws::watching(user_settings),
            well: false,
            renewable: false,
            rng: Rng::fork(plan.seed, 2),
            pace: Rng::fork(plan.seed, 3),
            stats: Stats::default(),
            trace: traced.then(Vec::new),
            plan,
        }
    }

    /// Runs a plan until its end or until the first broken law.
    pub fn run(plan: Plan, traced: bool) -> Outcome {
        let mut world = Self::new(plan, traced);
        let result = world.live();
        world.stats.worlds = 1;
        world.stats.lived = world.now.min(world.end);
        world.stats.reuses = world.provider.reuses;
        let broken = result.err().map(|broken| (world.now, broken));
        Outcome { stats: world.stats, broken, trace: world.trace.unwrap_or_default() }
    }

    fn live(&mut self) -> Step {
        self.see(Observation::Settings(self.user_settings))?;
        self.see(Observation::Service(true))?;
        let pair = self.provider.sign_in(crate::schedule::Person::Ann, 0);
        self.owner.name = Some(crate::schedule::Person::Ann);
        self.owner_writes(pair, None)?;
        self.later(0, Timed::Tick);
        while let Some(at) = self.next_time().filter(|at| *at < self.end) {
            self.now = self.now.max(at);
            self.goes_on()?;
            self.happen()?;
            self.observe_health()?;
        }
        Ok(())
    }

    /// When the next event is due.
    fn next_time(&self) -> Option<Millis> {
        let planned = self.plan.happenings.get(self.next).map(|planned| planned.at);
        let later = self.later.peek().map(|later| later.at);
        let up = !self.machine.asleep && !self.machine.off;
        let start = self.start_at.filter(|_| up);
        let process = self.process.as_ref().filter(|_| up).and_then(Process::next_time);
        [planned, later, start, process].into_iter().flatten().min()
    }

    /// Handles everything that is due.
    fn happen(&mut self) -> Step {
        self.world_goes_on()?;
        if self.machine.asleep || self.machine.off {
            return Ok(());
        }
        if self.start_at.is_some_and(|at| at <= self.now) {
            self.start_at = None;
            if self.process.is_none() {
                self.start_process()?;
            }
        }
        self.process_goes_on()
    }

    /// Handles what is due apart from the process.
    fn world_goes_on(&mut self) -> Step {
        while let Some(planned) = self.plan.happenings.get(self.next).filter(|planned| planned.at <= self.now) {
            let what = planned.what;
            self.next += 1;
            self.log(|| format!("happens: {what:?}"));
            self.planned(what)?;
        }
        while self.later.peek().is_some_and(|later| later.at <= self.now) {
            self.goes_on()?;
            if let Some(later) = self.later.pop() {
                self.timed(later.what)?;
            }
        }
        Ok(())
    }

    /// Counts one event. A world that never comes to rest is reported as a failure instead of running forever.
    fn goes_on(&mut self) -> Step {
        self.done += 1;
        if self.done > BUSY {
            return Err(Broken {
                law: 11,
                why: format!("it does not come to rest: {BUSY} things done within an hour"),
            });
        }
        Ok(())
    }

    fn later(&mut self, at: Millis, what: Timed) {
        self.order += 1;
        self.later.push(Later { at, order: self.order, what });
    }

    /// Passes an observation to the laws and to the trace.
    fn see(&mut self, seen: Observation) -> Step {
        self.log(|| trace::line(&seen));
        self.laws.observe(self.now, &seen)
    }

    fn log(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push((self.now, what()));
        }
    }

    fn who(&mut self, id: &AccountId) -> Who {
        let at = self.names.iter().position(|name| name == id).unwrap_or_else(|| {
            self.names.push(id.clone());
            self.names.len() - 1
        });
        Who(u8::try_from(at).unwrap_or(u8::MAX))
    }
}
