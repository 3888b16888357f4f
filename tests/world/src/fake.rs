//! A fake Anthropic on loopback: scripted answers, and a record of every request.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::watch;

use crate::answer::Answer;
use crate::clock::ClockSpec;
use crate::http::{Server, Service, Wire};

pub use crate::http::Welcome;
use crate::locked;

/// Where usage is asked.
pub const USAGE_PATH: &str = "/api/oauth/usage";
/// Where a renewal is asked.
pub const TOKEN_PATH: &str = "/v1/oauth/token";

/// Which of Anthropic's endpoints a request went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /api/oauth/usage` on the API's address.
    Usage,
    /// `POST /v1/oauth/token` on the token address.
    Token,
    /// Anything else: answered with 404.
    Stray,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// When the last byte of it was read, in real time.
    pub at_real: SystemTime,
    /// What it was for.
    pub endpoint: Endpoint,
    /// `GET`, `POST` …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// All headers, names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str, headers: Vec<(String, String)>) -> Self {
        let mut request = Self {
            at_real: SystemTime::UNIX_EPOCH,
            endpoint: Endpoint::Stray,
            method: method.to_owned(),
            path: path.to_owned(),
            authorization: None,
            user_agent: None,
            headers,
            body: Vec::new(),
        };
        request.authorization = request.header("authorization").map(str::to_owned);
        request.user_agent = request.header("user-agent").map(str::to_owned);
        request
    }

    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The token after `Bearer`.
    pub fn bearer(&self) -> Option<&str> {
        self.authorization.as_deref()?.strip_prefix("Bearer ")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a request body in JSON")
    }

    /// When it came, on the program's clock.
    pub fn at_program(&self, clock: ClockSpec) -> SystemTime {
        clock.program(self.at_real)
    }
}

/// The time between each request and the next, in program time.
pub fn gaps(requests: &[Request], clock: ClockSpec) -> Vec<Duration> {
    requests
        .windows(2)
        .map(|pair| {
            let (earlier, later) = (pair[0].at_program(clock), pair[1].at_program(clock));
            later.duration_since(earlier).unwrap_or_default()
        })
        .collect()
}

/// Anthropic's two addresses, on loopback. Answers with [`Answer::ok`] and [`Answer::invalid_grant`] until told otherwise.
#[derive(Debug)]
pub struct FakeAnthropic {
    state: Arc<State>,
    api: Server,
    token: Server,
}

impl FakeAnthropic {
    /// Starts it in real time.
    pub async fn start() -> Self {
        Self::start_with(ClockSpec::real()).await
    }

    /// Starts it for a program that runs on `clock`.
    pub async fn start_with(clock: ClockSpec) -> Self {
        let state = Arc::new(State {
            usage: Mutex::new(Script::new(Answer::ok())),
            token: Mutex::new(Script::new(Answer::invalid_grant())),
            clock: Mutex::new((clock, clock.now())),
            welcome: Mutex::new(Welcome::Listens),
            connections: watch::Sender::new(Vec::new()),
            token_connections: Mutex::new(0),
            log: watch::Sender::new(Vec::new()),
        });
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let api = Server::start(loopback, Arc::new(Host { state: Arc::clone(&state), endpoint: Endpoint::Usage }));
        let token = Server::start(loopback, Arc::new(Host { state: Arc::clone(&state), endpoint: Endpoint::Token }));
        Self { state, api, token }
    }

    /// In place of `https://api.anthropic.com`: the value of `HOLDOFF_ANTHROPIC_API`.
    pub fn api_base(&self) -> String {
        self.api.base()
    }

    /// In place of `https://platform.claude.com`: the value of `HOLDOFF_ANTHROPIC_TOKEN`.
    pub fn token_base(&self) -> String {
        self.token.base()
    }

    /// The clock that resets are reckoned on.
    pub fn clock(&self) -> ClockSpec {
        locked(&self.state.clock).0
    }

    /// Changes the clock, and begins the windows anew.
    pub fn set_clock(&self, clock: ClockSpec) {
        *locked(&self.state.clock) = (clock, clock.now());
    }

    /// Usage is answered like this from now on; answers queued by [`FakeAnthropic::then`] still come first.
    pub fn always(&self, answer: Answer) {
        locked(&self.state.usage).standing = answer;
    }

    /// The next usage request that no queued answer is meant for is answered like this, once.
    pub fn then(&self, answer: Answer) {
        locked(&self.state.usage).queue.push_back(answer);
    }

    /// Renewals are answered like this from now on.
    pub fn token_always(&self, answer: Answer) {
        locked(&self.state.token).standing = answer;
    }

    /// The next renewal is answered like this, once.
    pub fn token_then(&self, answer: Answer) {
        locked(&self.state.token).queue.push_back(answer);
    }

    /// What connections to the API's address find from now on.
    pub fn welcome(&self, welcome: Welcome) {
        *locked(&self.state.welcome) = welcome;
    }

    /// When each connection to the API's address came, in real time, whether or not anything was asked on it.
    pub fn connections(&self) -> Vec<SystemTime> {
        self.state.connections.borrow().clone()
    }

    /// Whether anything so much as connected, to either address.
    pub fn was_reached(&self) -> bool {
        *locked(&self.state.token_connections) > 0 || !self.connections().is_empty()
    }

    /// Waits until at least `count` connections have come in all, and gives back when each came.
    ///
    /// # Panics
    /// When they have not come within `timeout` (real time).
    pub async fn wait_for_connections(&self, count: usize, timeout: Duration) -> Vec<SystemTime> {
        let mut connections = self.state.connections.subscribe();
        let came = tokio::time::timeout(timeout, connections.wait_for(|came| came.len() >= count)).await;
        assert!(came.is_ok(), "waited {timeout:?} for {count} connections; these came: {:?}", self.connections());
        self.connections()
    }

    /// How many one-time usage answers have not been used yet.
    pub fn queued(&self) -> usize {
        locked(&self.state.usage).queue.len()
    }

    /// Every request so far, strays among them.
    pub fn requests(&self) -> Vec<Request> {
        self.state.log.borrow().clone()
    }

    /// Every request for usage so far.
    pub fn usage_requests(&self) -> Vec<Request> {
        self.state.to(Endpoint::Usage)
    }

    /// Every request for a token so far.
    pub fn token_requests(&self) -> Vec<Request> {
        self.state.to(Endpoint::Token)
    }

    /// Requests that Anthropic has no place for: another path, method or host.
    pub fn stray_requests(&self) -> Vec<Request> {
        self.state.to(Endpoint::Stray)
    }

    /// Waits until at least `count` usage requests have come in all, and gives back every one.
    ///
    /// # Panics
    /// When they have not come within `timeout` (real time).
    pub async fn wait_for_usage(&self, count: usize, timeout: Duration) -> Vec<Request> {
        self.state.wait_for(Endpoint::Usage, count, timeout).await
    }

    /// Waits until at least `count` usage requests have come in all, for no longer than `timeout` (real time); whether they
    /// have.
    pub async fn arrived(&self, count: usize, timeout: Duration) -> bool {
        let mut log = self.state.log.subscribe();
        let enough = |log: &Vec<Request>| log.iter().filter(|one| one.endpoint == Endpoint::Usage).count() >= count;
        tokio::time::timeout(timeout, log.wait_for(enough)).await.is_ok()
    }

    /// Waits until at least `count` renewals have been asked for in all, and gives back every one.
    ///
    /// # Panics
    /// When they have not come within `timeout` (real time).
    pub async fn wait_for_token(&self, count: usize, timeout: Duration) -> Vec<Request> {
        self.state.wait_for(Endpoint::Token, count, timeout).await
    }
}

#[derive(Debug)]
struct State {
    usage: Mutex<Script>,
    token: Mutex<Script>,
    /// The program's clock, and the program time at which the account's windows began.
    clock: Mutex<(ClockSpec, SystemTime)>,
    welcome: Mutex<Welcome>,
    connections: watch::Sender<Vec<SystemTime>>,
    token_connections: Mutex<usize>,
    log: watch::Sender<Vec<Request>>,
}

impl State {
    fn to(&self, endpoint: Endpoint) -> Vec<Request> {
        self.log.borrow().iter().filter(|request| request.endpoint == endpoint).cloned().collect()
    }

    async fn wait_for(&self, endpoint: Endpoint, count: usize, timeout: Duration) -> Vec<Request> {
        let mut log = self.log.subscribe();
        let enough = |log: &Vec<Request>| log.iter().filter(|request| request.endpoint == endpoint).count() >= count;
        if tokio::time::timeout(timeout, log.wait_for(enough)).await.is_err() {
            let came: Vec<String> = self.log.borrow().iter().map(|r| format!("{} {}", r.method, r.path)).collect();
            panic!("waited {timeout:?} for {count} requests to the {endpoint:?} endpoint; these came: {came:?}");
        }
        self.to(endpoint)
    }
}

#[derive(Debug)]
struct Script {
    queue: VecDeque<Answer>,
    standing: Answer,
}

impl Script {
    fn new(standing: Answer) -> Self {
        Self { queue: VecDeque::new(), standing }
    }

    fn next(&mut self) -> Answer {
        self.queue.pop_front().unwrap_or_else(|| self.standing.clone())
    }
}

/// One of the two addresses.
struct Host {
    state: Arc<State>,
    endpoint: Endpoint,
}

impl Service for Host {
    fn connected(&self) -> Welcome {
        if self.endpoint != Endpoint::Usage {
            *locked(&self.state.token_connections) += 1;
            return Welcome::Listens;
        }
        self.state.connections.send_modify(|came| came.push(SystemTime::now()));
        locked(&self.state.welcome).clone()
    }

    fn answer(&self, mut request: Request) -> (Wire, Duration) {
        let path = request.path.split('?').next().unwrap_or_default();
        request.endpoint = match (self.endpoint, request.method.as_str(), path) {
            (Endpoint::Usage, "GET", USAGE_PATH) => Endpoint::Usage,
            (Endpoint::Token, "POST", TOKEN_PATH) => Endpoint::Token,
            _ => Endpoint::Stray,
        };
        let answer = match request.endpoint {
            Endpoint::Usage => locked(&self.state.usage).next(),
            Endpoint::Token => locked(&self.state.token).next(),
            Endpoint::Stray => Answer::status(404),
        };
        let (clock, anchor) = *locked(&self.state.clock);
        let resolved = answer.resolve(&request, anchor, clock.program(request.at_real));
        self.state.log.send_modify(|log| log.push(request));
        resolved
    }
}

/// Another host, which must never be asked: the far end of a redirect.
#[derive(Debug)]
pub struct Foreign {
    state: Arc<ForeignState>,
    server: Server,
}

#[derive(Debug, Default)]
struct ForeignState {
    connections: Mutex<usize>,
    requests: Mutex<Vec<Request>>,
}

impl Foreign {
    /// Starts it on 127.0.0.2, which is loopback and yet not the host that was asked.
    pub async fn start() -> Self {
        let state = Arc::new(ForeignState::default());
        let server = Server::start(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), Arc::new(ForeignHost(Arc::clone(&state))));
        Self { state, server }
    }

    /// Where a redirect can point.
    pub fn url(&self) -> String {
        format!("{}{USAGE_PATH}", self.server.base())
    }

    /// Whether anything so much as connected.
    pub fn was_asked(&self) -> bool {
        *locked(&self.state.connections) > 0
    }

    /// What it was asked.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.state.requests).clone()
    }
}

struct ForeignHost(Arc<ForeignState>);

impl Service for ForeignHost {
    fn connected(&self) -> Welcome {
        *locked(&self.0.connections) += 1;
        Welcome::Listens
    }

    fn answer(&self, request: Request) -> (Wire, Duration) {
        let resolved = Answer::ok_at(99.0, 99.0, 99).resolve(&request, request.at_real, request.at_real);
        locked(&self.0.requests).push(request);
        resolved
    }
}
