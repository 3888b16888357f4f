//! A fake server of Holdoff's own releases on loopback, with its own key.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use minisign::KeyPair;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::answer::Answer;
use crate::fake::Request;
use crate::http::{Server, Service, Welcome, Wire};
use crate::locked;

/// The path of the signed list.
pub const LIST_PATH: &str = "/updates.signed";

/// Serves what was published; 404 until then.
#[derive(Debug)]
pub struct FakeReleases {
    state: Arc<State>,
    server: Server,
    keys: Keys,
}

struct Keys(KeyPair);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

#[derive(Debug)]
struct State {
    answers: Mutex<BTreeMap<String, Answer>>,
    connections: Mutex<usize>,
    log: watch::Sender<Vec<Request>>,
}

/// A file of a release.
#[derive(Clone, Debug)]
pub struct Published {
    /// `archive`, `deb` or `rpm`.
    pub kind: &'static str,
    /// Its name, relative to the list.
    pub file: String,
    /// Its content.
    pub contents: Vec<u8>,
}

impl FakeReleases {
    /// Starts the server.
    pub fn start() -> Self {
        let state = Arc::new(State {
            answers: Mutex::default(),
            connections: Mutex::default(),
            log: watch::Sender::new(Vec::new()),
        });
        let server = Server::start(IpAddr::V4(Ipv4Addr::LOCALHOST), Arc::new(Host(Arc::clone(&state))));
        let keys = Keys(KeyPair::generate_unencrypted_keypair().expect("a pair of keys"));
        Self { state, server, keys }
    }

    /// The value of `HOLDOFF_UPDATES_API`.
    pub fn base(&self) -> String {
        self.server.base()
    }

    /// The value of `HOLDOFF_UPDATES_KEY`.
    pub fn key(&self) -> String {
        self.keys.0.pk.to_base64()
    }

    /// Publishes this as the newest release, signed and complete.
    pub fn publish(&self, version: &str, packages: &[Published]) {
        self.answer(LIST_PATH, Answer::raw(200, &[], self.signed(version, packages)));
        for package in packages {
            self.answer(&format!("/{}", package.file), Answer::raw(200, &[], package.contents.clone()));
        }
    }

    /// The list of a release, signed with this server's key.
    pub fn signed(&self, version: &str, packages: &[Published]) -> String {
        let listed = |package: &Published| {
            let sum: String = Sha256::digest(&package.contents).iter().map(|byte| format!("{byte:02x}")).collect();
            let system = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
            json!({"kind": package.kind, "system": system, "file": package.file, "size": package.contents.len(), "sha256": sum})
        };
        let list = json!({
            "format": "holdoff-updates-1",
            "version": version,
            "date": "2026-12-01",
            "notes": format!("Added\n- What is new in {version}."),
            "packages": packages.iter().map(listed).collect::<Vec<_>>(),
        });
        let list = list.to_string();
        let signature = minisign::sign(None, &self.keys.0.sk, list.as_bytes(), None, None).expect("a signature");
        signature.into_string() + &list
    }

    /// Sets the response for a path (with a leading `/`) from now on.
    pub fn answer(&self, path: &str, answer: Answer) {
        locked(&self.state.answers).insert(path.to_owned(), answer);
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        *locked(&self.state.connections)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state.log.borrow().clone()
    }

    /// Every request for the list so far.
    pub fn list_requests(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path == LIST_PATH).collect()
    }

    /// Waits until the list was requested at least `count` times in total, and returns the times.
    ///
    /// # Panics
    /// If that takes longer than `timeout` (real time).
    pub async fn wait_for_list(&self, count: usize, timeout: Duration) -> Vec<Request> {
        let mut log = self.state.log.subscribe();
        let enough = |log: &Vec<Request>| log.iter().filter(|request| request.path == LIST_PATH).count() >= count;
        let came = tokio::time::timeout(timeout, log.wait_for(enough)).await.is_ok();
        assert!(came, "waited {timeout:?} for {count} requests for the list; these came: {:?}", self.requests());
        self.list_requests()
    }
}

struct Host(Arc<State>);

impl Service for Host {
    fn connected(&self) -> Welcome {
        *locked(&self.0.connections) += 1;
        Welcome::Listens
    }

    fn answer(&self, request: Request) -> (Wire, Duration) {
        let known = locked(&self.0.answers).get(&request.path).cloned();
        let answer = if request.method == "GET" { known } else { Some(Answer::status(405)) };
        let resolved =
            answer.unwrap_or_else(|| Answer::status(404)).resolve(&request, SystemTime::now(), request.at_real);
        self.0.log.send_modify(|log| log.push(request));
        resolved
    }
}
