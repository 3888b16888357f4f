//! Years of update checks: crashes at any step, reboots, sleep, clock changes, failing disks, servers that answer
//! anything, and a user who changes their mind. Checked against law 18.

use crate::laws::{Broken, UpdatesLaw, UpdatesSeen};
use crate::observation::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::rng::Rng;
use holdoff_core::response::{Body, HttpResponse, SendResult};
use holdoff_core::time::{Boot, Moment, Wall};
use holdoff_core::updates::{
    Action, Build, Event, Installed, PackageKind, Preferences, PublicKey, UpdatesState, Version,
};
use holdoff_core::{State, Updates};

/// The lists were signed with a key of which only the public half was kept.
const KEY: &str = include_str!("releases/key.pub");
const LISTS: [&str; 3] = [
    include_str!("releases/0.1.0.signed"),
    include_str!("releases/0.2.0.signed"),
    include_str!("releases/0.3.0.signed"),
];
const VERSIONS: [&str; 2] = ["0.2.0", "0.3.0"];

/// More events than this without any progress of time mean that the core never rests.
const BUSY: u32 = 1000;

type Step = Result<(), Broken>;

/// The result of one run.
#[derive(Debug)]
pub struct RunResult {
    pub requests: u32,
    pub broken: Option<(Millis, Broken)>,
    /// The observations with their times.
    pub trace: Vec<(Millis, String)>,
}

struct World {
    /// In real time.
    now: Millis,
    booted: Millis,
    boots: u32,
    /// The error of the wall clock.
    off_by: Millis,
    rng: Rng,
    updates: Option<Updates>,
    /// When a process runs again.
    starts: Millis,
    until: Option<Moment>,
    /// A pending request, and when its response arrives.
    under_way: Option<Millis>,
    fetching: Option<Millis>,
    kept: State,
    /// The clock error at the last save, and the part of it that the laws know as unobserved.
    kept_off_by: Millis,
    forgiven: Millis,
    wanted: bool,
    disk: bool,
    service: bool,
    law: UpdatesLaw,
    trace: Vec<(Millis, String)>,
}

/// Runs the world of this seed until its end or until the first broken law.
pub fn live(seed: u64, length: Millis) -> RunResult {
    let mut world = World::new(Rng::fork(seed, 18));
    let result = world.live(length);
    let broken = result.err().map(|broken| (world.now, broken));
    RunResult { requests: world.law.requests, broken, trace: world.trace }
}

fn restless() -> Broken {
    Broken { law: 18, why: format!("newer versions are looked for without rest: {BUSY} things done at once") }
}

impl World {
    fn new(rng: Rng) -> Self {
        Self {
            now: 0,
            booted: -HOUR,
            boots: 0,
            off_by: 0,
            rng,
            updates: None,
            starts: 0,
            until: None,
            under_way: None,
            fetching: None,
            kept: State::new("0".to_owned()),
            kept_off_by: 0,
            forgiven: 0,
            wanted: false,
            disk: true,
            service: true,
            law: UpdatesLaw::default(),
            trace: Vec::new(),
        }
    }

    fn live(&mut self, length: Millis) -> Step {
        let mut happens = self.rng.spread(MINUTE, 2 * DAY);
        let mut still = 0;
        while self.now < length {
            self.run()?;
            let wakes = self.until.map(|until| self.now + (until.boot.0 - self.moment().boot.0));
            let process = match self.updates {
                Some(_) => [wakes, self.under_way, self.fetching].into_iter().flatten().min(),
                None => Some(self.starts),
            };
            let next = process.map_or(happens, |process| process.min(happens));
            still = if next > self.now { 0 } else { still + 1 };
            if still > BUSY {
                return Err(restless());
            }
            self.now = self.now.max(next);
            if self.updates.is_none() && self.starts <= self.now {
                self.start()?;
            }
            self.comes_back()?;
            if happens <= self.now {
                self.happen()?;
                happens = self.now + self.rng.spread(MINUTE, 2 * DAY);
            }
        }
        Ok(())
    }

    fn moment(&self) -> Moment {
        let wall = Wall::from_secs(1_789_398_000).0 + self.now + self.off_by;
        Moment { wall: Wall(wall), boot: Boot(self.now - self.booted) }
    }

    fn see(&mut self, seen: UpdatesSeen) -> Step {
        let result = self.law.observe(self.now, &seen);
        self.trace.push((self.now, format!("{seen:?}")));
        result
    }

    fn handle(&mut self, event: Event) {
        let now = self.moment();
        if let Some(updates) = &mut self.updates {
            updates.handle(event, now);
        }
    }

    fn start(&mut self) -> Step {
        let now = self.moment();
        let mut state = self.kept.clone();
        if state.boot_id != self.boots.to_string() {
            // Only the wall clock says how long the machine was off.
            let ahead = (self.off_by - self.kept_off_by).max(0);
            if ahead > self.forgiven {
                let ahead = ahead - std::mem::replace(&mut self.forgiven, ahead);
                self.see(UpdatesSeen::Rebooted { ahead })?;
            }
            state.rebase_to(&self.boots.to_string(), now);
        }
        let key = PublicKey::from_base64(KEY.trim()).ok();
        let (version, package) = (Version::new(0, 1, 0), Some(PackageKind::Archive));
        let build = Build { version, package, system: "linux-x86_64".to_owned(), key };
        let preferences = Preferences { wanted: self.wanted, quiet: None };
        self.updates = Some(Updates::new(build, state.updates, preferences, now, self.rng.draw()));
        self.handle(Event::NoticeService(self.service));
        Ok(())
    }

    /// Saves to disk.
    fn keep(&mut self, state: UpdatesState) {
        self.kept.updates = state;
        (self.kept.saved, self.kept.boot_id) = (Some(self.moment()), self.boots.to_string());
        (self.kept_off_by, self.forgiven) = (self.off_by, 0);
    }

    fn die(&mut self, down: Millis) -> Step {
        (self.updates, self.until, self.under_way, self.fetching) = (None, None, None, None);
        self.starts = self.now + down;
        self.see(UpdatesSeen::Died)
    }

    /// Whether the process ends here; it may end anywhere.
    fn crashes(&mut self) -> Result<bool, Broken> {
        let ends = self.rng.below(200) == 0;
        if ends {
            let down = self.rng.spread(SECOND, 6 * HOUR);
            self.die(down)?;
        }
        Ok(ends)
    }

    fn offered(&self) -> Option<String> {
        Some(self.updates.as_ref()?.status().offer?.version)
    }

    /// Performs what the core asks for until it sleeps.
    fn run(&mut self) -> Step {
        for _ in 0..BUSY {
            let now = self.moment();
            let Some(updates) = &mut self.updates else { return Ok(()) };
            match updates.poll(now) {
                Action::Sleep(until) => {
                    self.until = until;
                    return Ok(());
                }
                Action::Record(_) => {}
                Action::Persist(state) => self.persist(*state)?,
                Action::Check(_) => {
                    let is_saved = self.kept.updates.under_way;
                    self.see(UpdatesSeen::Left { is_saved })?;
                    self.under_way = Some(self.now + self.rng.spread(100, 30 * SECOND));
                }
                Action::Announce(version) => {
                    self.see(UpdatesSeen::Announced(version.clone()))?;
                    if self.crashes()? {
                        return Ok(());
                    }
                    let shown = self.rng.percent(80);
                    if !shown {
                        self.see(UpdatesSeen::NotShown(version))?;
                    }
                    self.handle(Event::Announced { shown });
                }
                Action::Fetch(..) => {
                    self.see(UpdatesSeen::Fetched)?;
                    self.fetching = Some(self.now + self.rng.spread(SECOND, 10 * MINUTE));
                }
                Action::Install(_) => {
                    self.see(UpdatesSeen::Put)?;
                    // The installed version counts as this one again, so the run continues unchanged.
                    self.handle(Event::Installed(Ok(Installed::ToPaste { command: String::new() })));
                }
            }
            if self.crashes()? {
                return Ok(());
            }
        }
        Err(restless())
    }

    fn persist(&mut self, state: UpdatesState) -> Step {
        if !self.disk {
            self.handle(Event::Persisted(Err("No space left on device".to_owned())));
            return Ok(());
        }
        self.keep(state);
        self.see(UpdatesSeen::Kept)?;
        if !self.crashes()? {
            self.handle(Event::Persisted(Ok(())));
        }
        Ok(())
    }

    /// The pending response arrives.
    fn comes_back(&mut self) -> Step {
        if self.under_way.is_some_and(|at| at <= self.now) {
            self.under_way = None;
            let (delivery, seen) = self.answer();
            seen.map_or(Ok(()), |seen| self.see(seen))?;
            self.handle(Event::Listed(delivery));
        }
        if self.fetching.is_some_and(|at| at <= self.now) {
            self.fetching = None;
            self.handle(Event::Fetched(Ok(())));
        }
        Ok(())
    }

    fn answer(&mut self) -> (SendResult, Option<UpdatesSeen>) {
        let wait = self.rng.percent(50).then(|| self.rng.spread(SECOND, 60 * DAY) / SECOND * SECOND);
        let status = match self.rng.below(10) {
            0 => return (SendResult::NotSent("no connection".to_owned()), Some(UpdatesSeen::TakenBack)),
            1 => return (SendResult::Lost("no answer in time".to_owned()), None),
            2 => 429,
            3 => 503,
            4 => 404,
            _ => 200,
        };
        let wait = wait.filter(|_| status != 200);
        let list = *self.rng.pick(&LISTS);
        // One in ten is truncated.
        let whole = if self.rng.percent(90) { list } else { list.get(..400).unwrap_or_default() };
        let body = Body::Whole(whole.as_bytes().to_owned().into());
        let retry_after = wait.map(|wait| (wait / SECOND).to_string());
        let answer = HttpResponse { status, retry_after, date: None, request_id: false, body };
        (SendResult::Answered(answer), Some(UpdatesSeen::Answered { wait }))
    }

    fn happen(&mut self) -> Step {
        match self.rng.below(12) {
            0 | 1 => {
                let down = self.rng.spread(SECOND, DAY);
                self.die(down)
            }
            2 => self.reboots(),
            3 => {
                // The machine slept. A request that was sent before is answered afterwards.
                self.now += self.rng.spread(MINUTE, 3 * DAY);
                Ok(())
            }
            4 => {
                let by = self.rng.spread(MINUTE, 400 * DAY);
                self.off_by += if self.rng.percent(50) { by } else { -by };
                Ok(())
            }
            5 | 6 => {
                self.wanted = self.rng.percent(75);
                self.handle(Event::Preferences(Preferences { wanted: self.wanted, quiet: None }));
                self.see(UpdatesSeen::Wanted(self.wanted))
            }
            7 => {
                self.disk = self.rng.percent(70);
                Ok(())
            }
            8 => {
                self.service = self.rng.percent(70);
                self.handle(Event::NoticeService(self.service));
                Ok(())
            }
            9 => {
                // The clicked version may not be offered any more.
                let version = *self.rng.pick(&VERSIONS);
                if self.offered().as_deref() == Some(version) {
                    self.see(UpdatesSeen::Clicked)?;
                }
                self.handle(Event::Install(version.to_owned()));
                Ok(())
            }
            10 => {
                let Some(version) = self.offered().filter(|_| self.rng.percent(20)) else { return Ok(()) };
                self.handle(Event::Skip(version.clone()));
                self.run()?;
                // Once the choice is durable, every later process knows it.
                if self.kept.updates.skipped.as_ref() == Some(&version) {
                    self.see(UpdatesSeen::Skipped(version))?;
                }
                Ok(())
            }
            11 if self.rng.percent(10) => {
                self.die(0)?;
                self.keep(UpdatesState::lost(self.moment()));
                self.see(UpdatesSeen::Lost)
            }
            _ => Ok(()),
        }
    }

    /// The boot clock starts again, and the wall clock may have been set unobserved.
    fn reboots(&mut self) -> Step {
        self.die(0)?;
        let off = self.rng.spread(MINUTE, 3 * DAY);
        self.now += off;
        (self.booted, self.boots) = (self.now, self.boots + 1);
        let set = match self.rng.below(4) {
            0 => self.rng.spread(MINUTE, 3 * DAY),
            1 => -self.rng.spread(MINUTE, 400 * DAY),
            _ => 0,
        };
        self.off_by += set;
        self.starts = self.now + self.rng.spread(SECOND, HOUR);
        Ok(())
    }
}
