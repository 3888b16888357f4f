//! The two state files: a process dies at any point, either file is damaged arbitrarily, and another process starts
//! from the result. A closed gate never opens early.

use crate::disk::Disk;
use crate::given::Given;
use crate::subject::{Died, START, Subject, World, credential, least_wait};
use holdoff_core::credential::CredentialRead;
use holdoff_core::gate::{policy, retry_after};
use holdoff_core::harness::ann;
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::state::Provider;
use holdoff_core::{AccountState, Body, Boot, Endpoint, GateState, HttpResponse, Moment, Request, SendResult, State};
use holdoff_engine::storage::state_file::{NAMES, SlotWriter, TwoSlots};
use holdoff_engine::tasks::start;
use holdoff_engine::tasks::start::RestoredState;
use serde_json::{Map, Value};
use std::path::Path;
use std::time::Duration;

const UNANSWERED: Duration = Duration::from_secs(3600);
const SPACING: Duration = Duration::from_secs(180);

const MINUTE: Duration = Duration::from_secs(60);
/// Longer than anything that ends by itself.
const HORIZON: Duration = Duration::from_secs(30 * 3600);

pub fn state_slots(bytes: &[u8]) {
    Disk::with(|disk| {
        let mut given = Given(bytes);
        let kind = given.one_of(&[Endpoint::Usage, Endpoint::Token]);
        let life = live(disk, kind, &mut given);
        let ledger = if given.byte() % 4 == 0 { Ledger::Gone } else { Ledger::Whole };
        damage(disk, &life, &mut given);
        let left = Found::on(disk, &life);
        let rests = Duration::from_secs(u64::from(given.short()) * 2);
        let (boot, now) = wake(given.flag(), life.ended.plus(rests));
        let asked = first_requests(disk, &life, ledger, (&boot, now), kind);
        for endpoint in [Endpoint::Usage, Endpoint::Token] {
            let Some(at) = asked.of(endpoint) else { continue };
            let due = life.due(endpoint, ledger, left);
            assert!(
                at >= due,
                "{endpoint:?} is asked at {at:?} instead of {due:?}: ledger {ledger:?}, files {left:?}, process ended at \
                 {:?} after {} saves",
                life.ended.since(START),
                life.saves.len()
            );
        }
    });
}

/// The first process: the responses that it received, and what it made durable.
struct Life {
    /// When each endpoint may be asked again according to the responses, saved or not; relative to the start.
    told: [Duration; 2],
    /// The same according to the last complete save.
    kept: [Duration; 2],
    /// Both files after each save.
    saves: Vec<[Option<Vec<u8>>; 2]>,
    ledger: Vec<LedgerEntry>,
    /// The sign-in, which a renewal may have changed.
    credential: CredentialRead,
    ended: Moment,
}

fn index(endpoint: Endpoint) -> usize {
    match endpoint {
        Endpoint::Usage => 0,
        Endpoint::Token => 1,
    }
}

fn live(disk: &Disk, kind: Endpoint, given: &mut Given<'_>) -> Life {
    let dies_writing = Cut { left: given.byte() % 24, at: given.byte() };
    let dies_asking = given.byte() % 8;
    let mut world = Living {
        disk,
        slots: TwoSlots::new(disk.path().to_owned(), dies_writing, u64::from(given.byte())),
        ledger: Vec::new(),
        answers: (0..3).map(|_| Said::by(given)).collect(),
        asked: 0,
        dies_asking,
        strikes: [0; 2],
        told: [Duration::ZERO; 2],
        kept: [Duration::ZERO; 2],
        saves: Vec::new(),
    };
    let left = match kind {
        Endpoint::Usage => Duration::from_secs(1000 * 3600),
        Endpoint::Token => 4 * MINUTE,
    };
    let mut subject = subject(AccountState::new(Provider::Anthropic), credential(left), kind, START);
    let _until_it_dies_or_is_killed = subject.run(&mut world, START.plus(MINUTE * u32::from(given.short())));
    Life {
        told: world.told,
        kept: world.kept,
        saves: world.saves,
        ledger: world.ledger,
        credential: subject.0.credential,
        ended: subject.0.now,
    }
}

fn subject(state: AccountState, credential: CredentialRead, kind: Endpoint, now: Moment) -> Subject {
    Subject::new(state, credential, kind == Endpoint::Token, now, 11)
}

/// Writes files normally until the write during which the process dies.
struct Cut {
    left: u8,
    at: u8,
}

impl SlotWriter for Cut {
    fn write(&mut self, path: &Path, object: Map<String, Value>) -> Result<(), String> {
        let text = serde_json::to_vec_pretty(&object).map_err(|error| error.to_string())?;
        let Some(left) = self.left.checked_sub(1) else {
            let cut = text.len() * usize::from(self.at) / 255;
            std::fs::write(path, &text[..cut]).map_err(|error| error.to_string())?;
            return Err("the process died here".to_owned());
        };
        self.left = left;
        std::fs::write(path, text).map_err(|error| error.to_string())
    }
}

/// A response, and for how long it forbids another request.
struct Said {
    status: u16,
    retry_after: Option<&'static str>,
}

impl Said {
    fn by(given: &mut Given<'_>) -> Self {
        let status = given.one_of(&[429, 429, 429, 200, 500, 401, 302]);
        let retry_after = given.one_of(&[None, Some("60"), Some("990"), Some("5400"), Some("86400"), Some("604800")]);
        Self { status, retry_after }
    }

    fn delivery(&self) -> SendResult {
        let body = if self.status == 200 {
            r#"{"five_hour":{"utilization":1},"access_token":"sk-ant-oat01-x"}"#
        } else {
            "{}"
        };
        SendResult::Answered(HttpResponse {
            status: self.status,
            retry_after: self.retry_after.map(str::to_owned),
            date: None,
            request_id: true,
            body: Body::Whole(body.as_bytes().to_vec().into()),
        })
    }

    fn forbids(&self, endpoint: Endpoint, strikes: u32) -> Duration {
        let asked_for = retry_after::parse(self.retry_after, None, START.wall).unwrap_or_default();
        match self.status {
            429 => least_wait(endpoint, strikes).max(asked_for),
            300.. if self.status != 401 || endpoint == Endpoint::Token => asked_for,
            _ => Duration::ZERO,
        }
    }
}

struct Living<'a> {
    disk: &'a Disk,
    slots: TwoSlots<Cut>,
    ledger: Vec<LedgerEntry>,
    answers: Vec<Said>,
    asked: usize,
    dies_asking: u8,
    strikes: [u32; 2],
    told: [Duration; 2],
    kept: [Duration; 2],
    saves: Vec<[Option<Vec<u8>>; 2]>,
}

impl World for Living<'_> {
    fn persist(&mut self, account: &AccountState) -> Result<(), Died> {
        let mut state = State::new("first".into());
        state.accounts.insert(ann(), account.clone());
        self.slots.save(&state).map_err(|_| Died)?;
        self.kept = self.told;
        self.saves.push(NAMES.map(|name| self.disk.read(name)));
        Ok(())
    }

    fn record(&mut self, entry: &LedgerEntry) {
        self.ledger.push(entry.clone());
    }

    fn answer(&mut self, request: &Request, now: Moment) -> Result<SendResult, Died> {
        let n = index(request.endpoint);
        let at = now.since(START);
        self.asked += 1;
        if self.asked == usize::from(self.dies_asking) {
            // The response may have been the most common refusal, and a renewal may have spent its token.
            let unanswered = [UNANSWERED, policy::RETRY_AFTER_MAX][n];
            self.told[n] = at + unanswered;
            self.kept[n] = at + UNANSWERED;
            return Err(Died);
        }
        let said = &self.answers[self.asked % self.answers.len()];
        self.strikes[n] = match said.status {
            429 => self.strikes[n] + 1,
            200 => 0,
            _ => self.strikes[n],
        };
        self.told[n] = at + said.forbids(request.endpoint, self.strikes[n]).max(SPACING);
        Ok(said.delivery())
    }
}

/// The fate of the ledger. It is a database: either the data is there, or nothing is.
#[derive(Debug, Clone, Copy)]
enum Ledger {
    Whole,
    Gone,
}

/// Damages one of the two files, up to eight times.
fn damage(disk: &Disk, life: &Life, given: &mut Given<'_>) {
    for _ in 0..given.byte() % 9 {
        let slot = usize::from(given.byte() % 2);
        let how = given.byte() % 10;
        let place = usize::from(given.short());
        let value = given.byte();
        let mut bytes = disk.read(NAMES[slot]).unwrap_or_default();
        let at = place % bytes.len().max(1);
        match how {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (value % 8)),
            1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = value),
            2 => bytes.truncate(at),
            3 => bytes.insert(at.min(bytes.len()), value),
            4 => bytes.iter_mut().skip(at).take(usize::from(value)).for_each(|byte| *byte = 0),
            5 => bytes = given.piece().to_vec(),
            6 => bytes = disk.read(NAMES[1 - slot]).unwrap_or_default(),
            7 => match life.saves.get(place % life.saves.len().max(1)) {
                Some(earlier) => bytes = earlier[slot].clone().unwrap_or_default(),
                None => continue,
            },
            8 => bytes.extend_from_slice(given.piece()),
            _ => {
                disk.remove(NAMES[slot]);
                continue;
            }
        }
        disk.write(NAMES[slot], &bytes);
    }
}

/// The state of the files.
#[derive(Debug, Clone, Copy)]
enum Found {
    /// At least one is as the last save left it.
    Newest,
    /// There are files, but none of them is a state.
    Rubbish,
    /// No files, or files of an earlier time.
    Older,
}

impl Found {
    fn on(disk: &Disk, life: &Life) -> Self {
        let now = NAMES.map(|name| disk.read(name));
        let newest = life.saves.last();
        if newest.is_some_and(|newest| now.iter().zip(newest).any(|(now, then)| now == then && now.is_some())) {
            return Self::Newest;
        }
        let whole = |bytes: &Vec<u8>| holdoff_engine::storage::state_file::parse(bytes).is_ok();
        let there: Vec<&Vec<u8>> = now.iter().flatten().collect();
        if !there.is_empty() && !there.into_iter().any(whole) { Self::Rubbish } else { Self::Older }
    }
}

impl Life {
    fn recalled(&self, ledger: Ledger) -> &[LedgerEntry] {
        match ledger {
            Ledger::Whole => &self.ledger,
            Ledger::Gone => &[],
        }
    }

    /// The earliest time for a request to the endpoint, from everything that can still be known.
    fn due(&self, endpoint: Endpoint, ledger: Ledger, found: Found) -> Duration {
        let n = index(endpoint);
        match (ledger, found) {
            (Ledger::Whole, _) => self.told[n].max(self.kept[n]),
            (Ledger::Gone, Found::Newest) => self.kept[n],
            // Nothing is known, so no request is sent for the length of the longest cooldown.
            (Ledger::Gone, Found::Rubbish) => self.ended.since(START) + policy::RETRY_AFTER_MAX,
            (Ledger::Gone, Found::Older) => Duration::ZERO,
        }
    }
}

/// The clock of the second process: after a reboot, only the wall clock continues.
fn wake(reboot: bool, at: Moment) -> (String, Moment) {
    match reboot {
        true => ("second".to_owned(), Moment { boot: Boot(5000), ..at }),
        false => ("first".to_owned(), at),
    }
}

struct FirstRequests {
    /// The request that ends the run.
    awaited: Endpoint,
    /// Relative to the start of the first process.
    asked: [Option<Duration>; 2],
}

impl FirstRequests {
    fn of(&self, endpoint: Endpoint) -> Option<Duration> {
        self.asked[index(endpoint)]
    }
}

impl World for FirstRequests {
    fn persist(&mut self, _: &AccountState) -> Result<(), Died> {
        Ok(())
    }

    fn record(&mut self, _: &LedgerEntry) {}

    fn answer(&mut self, request: &Request, now: Moment) -> Result<SendResult, Died> {
        self.asked[index(request.endpoint)].get_or_insert(now.wall.since(START.wall));
        if request.endpoint == self.awaited {
            return Err(Died);
        }
        Ok(Said { status: 429, retry_after: Some("86400") }.delivery())
    }
}

/// Runs the second process from the files on disk.
fn first_requests(
    disk: &Disk,
    life: &Life,
    ledger: Ledger,
    (boot, now): (&str, Moment),
    kind: Endpoint,
) -> FirstRequests {
    let RestoredState { mut state, recovery, .. } = start::restore(disk.path(), life.recalled(ledger), boot, now);
    let account = state.accounts.remove(&ann()).unwrap_or_else(|| {
        let mut fresh = AccountState::new(Provider::Anthropic);
        recovery.apply_to_new(&ann(), &mut fresh, now);
        fresh
    });
    let shut = matches!(account.gates[Endpoint::Usage].state, GateState::Paused { .. });
    let mut subject = subject(account, life.credential.clone(), kind, now);
    let mut world = FirstRequests { awaited: kind, asked: [None; 2] };
    let _until_it_asked = subject.run(&mut world, now.plus(HORIZON));
    assert!(!shut || world.asked[0].is_none(), "a pause ends by itself");
    world
}
