//! A fake Anthropic on loopback: scripted responses, and a record of every request.

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

/// The path of the usage endpoint.
pub const USAGE_PATH: &str = "/api/oauth/usage";
/// The path of the token endpoint.
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

/// A received request.
#[derive(Clone, Debug)]
pub struct Request {
    /// When its last byte was read, in real time.
    pub at_real: SystemTime,
    /// The endpoint that it went to.
    pub endpoint: Endpoint,
    /// `GET`, `POST` …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// All headers in order, with lower-case names.
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

    /// When it arrived, on the program's clock.
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

/// Anthropic's two addresses on loopback. Responds with [`Answer::ok`] and [`Answer::invalid_grant`] by default.
#[derive(Debug)]
pub struct FakeAnthropic {
    state: Arc<State>,
    api: Server,
    token: Server,
}

impl FakeAnthropic {
    /// Starts it with real time.
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

    /// Replaces `https://api.anthropic.com`: the value of `HOLDOFF_ANTHROPIC_API`.
    pub fn api_base(&self) -> String {
        self.api.base()
    }

    /// Replaces `https://platform.claude.com`: the value of `HOLDOFF_ANTHROPIC_TOKEN`.
    pub fn token_base(&self) -> String {
        self.token.base()
    }

    /// The clock for the resets.
    pub fn clock(&self) -> ClockSpec {
        locked(&self.state.clock).0
    }

    /// Changes the clock and restarts the windows.
    pub fn set_clock(&self, clock: ClockSpec) {
        *locked(&self.state.clock) = (clock, clock.now());
    }

    /// Sets the response to usage requests; responses queued by [`FakeAnthropic::then`] still come first.
    pub fn always(&self, answer: Answer) {
        locked(&self.state.usage).standing = answer;
    }

    /// Queues a one-time response to a usage request.
    pub fn then(&self, answer: Answer) {
        locked(&self.state.usage).queue.push_back(answer);
    }

    /// Sets the response to renewals.
    pub fn token_always(&self, answer: Answer) {
        locked(&self.state.token).standing = answer;
    }

    /// Queues a one-time response to a renewal.
    pub fn token_then(&self, answer: Answer) {
        locked(&self.state.token).queue.push_back(answer);
    }

    /// Sets how new connections to the API's address are treated.
    pub fn welcome(&self, welcome: Welcome) {
        *locked(&self.state.welcome) = welcome;
    }

    /// When each connection to the API's address was opened, in real time, with or without a request.
    pub fn connections(&self) -> Vec<SystemTime> {
        self.state.connections.borrow().clone()
    }

    /// Whether any connection was opened, to either address.
    pub fn was_reached(&self) -> bool {
        *locked(&self.state.token_connections) > 0 || !self.connections().is_empty()
    }

    /// Waits until at least `count` connections were opened in total, and returns their times.
    ///
    /// # Panics
    /// If that takes longer than `timeout` (real time).
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

    /// Every request so far, including strays.
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

    /// Requests for an unknown path, method or host.
    pub fn stray_requests(&self) -> Vec<Request> {
        self.state.to(Endpoint::Stray)
    }

    /// Waits until at least `count` usage requests have arrived in total, and returns them all.
    ///
    /// # Panics
    /// If they have not arrived within `timeout` (real time).
    pub async fn wait_for_usage(&self, count: usize, timeout: Duration) -> Vec<Request> {
        self.state.wait_for(Endpoint::Usage, count, timeout).await
    }

    /// Waits up to `timeout` (real time) until at least `count` usage requests have arrived in total. Returns whether
    /// they have.
    pub async fn arrived(&self, count: usize, timeout: Duration) -> bool {
        let mut log = self.state.log.subscribe();
        let enough = |log: &Vec<Request>| log.iter().filter(|one| one.endpoint == Endpoint::Usage).count() >= count;
        tokio::time::timeout(timeout, log.wait_for(enough)).await.is_ok()
    }

    /// Waits until at least `count` renewals were requested in total, and returns them all.
    ///
    /// # Panics
    /// If that takes longer than `timeout` (real time).
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

/// Another host that must never receive a request: the target of a redirect.
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
    /// Starts it on 127.0.0.2, which is loopback but not the requested host.
    pub async fn start() -> Self {
        let state = Arc::new(ForeignState::default());
        let server = Server::start(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), Arc::new(ForeignHost(Arc::clone(&state))));
        Self { state, server }
    }

    /// The target URL for a redirect.
    pub fn url(&self) -> String {
        format!("{}{USAGE_PATH}", self.server.base())
    }

    /// Whether any connection was opened.
    pub fn was_asked(&self) -> bool {
        *locked(&self.state.connections) > 0
    }

    /// The requests that it received.
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
