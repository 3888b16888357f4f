//! A user's home with a sign-in that is about to expire, an Anthropic with single-use refresh tokens, and Holdoff with
//! renewal on.

use holdoff_core::notification::NoticeKind;
use holdoff_core::{AccountState, Settings, Wall};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::storage::history;
use holdoff_engine::storage::state_file::{PlainFiles, SlotWriter};
use holdoff_engine::storage::state_store::Snapshot;
use holdoff_engine::tasks::runner::Announcement;
use holdoff_engine::tasks::start::{Engine, shut_down, start};
use holdoff_engine::tasks::supervisor::Command;
use holdoff_world::{ClockSpec, FakeAnthropic, Grants, Home};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The time limit for anything that is waited for.
pub const LONG: Duration = Duration::from_secs(30);
pub const HOUR: Duration = Duration::from_secs(3600);

/// The text around the sign-in in its file, which belongs to other programs.
const BEFORE: &str = r#"{"zeta":[1.0,1e2,12345678901234567890123],"claudeAiOauth":"#;
const BEHIND: &str = r#","mcpOAuth":{"srv|hash":{"accessToken":"mcp-other","expiresAt":1}},"alpha":"\u00e9"}"#;

pub struct Scene {
    pub home: Home,
    pub fake: FakeAnthropic,
    pub grants: Grants,
    /// The original sign-in, without the fields that a renewal changes.
    oauth: Value,
}

impl Scene {
    /// A clock that runs `speed` times as fast, on which the sign-in expires in `good_for`, and each later one after
    /// `lifetime`.
    pub async fn new(speed: f64, good_for: Duration, lifetime: Duration) -> Self {
        let fake = FakeAnthropic::start_with(ClockSpec::from_now(speed)).await;
        let grants = Grants::serve(&fake, lifetime);
        let home = Home::at(fake.clock());
        home.claude_json("0b0c7f5e-0000-4000-8000-000000000001", "ann@example.com", "Ann's Organization");
        home.settings(&json!({"version": 1, "renewal": true, "polling_interval_s": 300}));
        let mut scene = Self { home, fake, grants, oauth: Value::Null };
        scene.sign_in(good_for);
        scene
    }

    /// In real time, due at once.
    pub async fn due() -> Self {
        Self::new(1.0, Duration::from_secs(60), 8 * HOUR).await
    }

    /// A new sign-in of the same user.
    pub fn sign_in(&mut self, good_for: Duration) {
        let oauth = self.grants.sign_in(good_for).to_json()["claudeAiOauth"].clone();
        self.home.raw_credentials(format!("{BEFORE}{oauth}{BEHIND}").as_bytes());
        self.oauth = unrenewed(oauth);
    }

    /// As Claude Code stores it today, with the account in it, so that no other file is waited for.
    pub fn sign_in_by_name(&mut self, good_for: Duration) {
        let beside = std::fs::read(self.home.path().join(".claude.json")).unwrap();
        let beside: serde_json::Value = serde_json::from_slice(&beside).unwrap();
        let mut oauth = self.grants.sign_in(good_for).to_json()["claudeAiOauth"].clone();
        for key in ["accountUuid", "organizationUuid"] {
            oauth[key] = beside["oauthAccount"][key].clone();
        }
        self.home.raw_credentials(format!("{BEFORE}{oauth}{BEHIND}").as_bytes());
        self.oauth = unrenewed(oauth);
    }

    pub fn env(&self) -> BTreeMap<String, String> {
        let mut env = self.home.env();
        let ours = [
            ("HOLDOFF_ANTHROPIC_API", self.fake.api_base()),
            ("HOLDOFF_ANTHROPIC_TOKEN", self.fake.token_base()),
            ("HOLDOFF_CLOCK", self.fake.clock().to_env()),
        ];
        env.extend(ours.map(|(name, value)| (name.to_owned(), value)));
        env
    }

    /// Starts Holdoff in this process.
    pub async fn holdoff(&self) -> Holdoff {
        self.holdoff_writing(PlainFiles).await
    }

    pub async fn holdoff_writing(&self, writer: impl SlotWriter) -> Holdoff {
        let env = self.env();
        let environment = Environment::from_vars(|name| env.get(name).map(Into::into)).unwrap();
        environment.prepare_data_dir().unwrap();
        let settings = Settings { renewal: true, ..Settings::default() };
        let engine = start(&environment, writer, &settings).await;
        engine.commands().send(Command::NoticeService(true)).await.unwrap();
        Holdoff { engine, told: Vec::new() }
    }

    /// The text of the credential file.
    pub fn text(&self) -> String {
        std::fs::read_to_string(self.home.credentials_path()).unwrap()
    }

    /// The tokens on disk.
    ///
    /// # Panics
    /// If the file is incomplete, or anything of other programs in it has changed.
    #[track_caller]
    pub fn pair(&self) -> Pair {
        let text = self.text();
        let oauth = text.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix(BEHIND));
        let oauth = oauth.unwrap_or_else(|| panic!("what belongs to others was changed:\n{text}"));
        let oauth: Value = serde_json::from_str(oauth).unwrap_or_else(|e| panic!("{e}:\n{text}"));
        assert_eq!(unrenewed(oauth.clone()), self.oauth, "{text}");
        let token = |key: &str| oauth[key].as_str().unwrap_or_else(|| panic!("no {key} in {text}")).to_owned();
        Pair { access: token("accessToken"), refresh: token("refreshToken") }
    }

    /// The tokens on disk, which must be the ones that Anthropic accepts.
    #[track_caller]
    pub fn working_pair(&self) -> Pair {
        let pair = self.pair();
        assert!(self.grants.is_alive(&pair.access), "the access token on disk is dead; {:?}", self.grants);
        assert!(self.grants.is_current(&pair.refresh), "the refresh token on disk is spent; {:?}", self.grants);
        pair
    }

    /// Every request sent or withheld, one line each.
    pub fn ledger(&self) -> String {
        let entries = history::ledger(&self.home.data_dir(), Wall(0)).unwrap();
        entries.iter().map(|entry| format!("{entry:?}\n")).collect()
    }

    pub fn lock_folders(&self) -> [PathBuf; 2] {
        [self.home.claude_dir().join(".oauth_refresh.lock"), self.home.path().join(".claude.lock")]
    }

    /// Removes the locks of a killed process, as another program does that took them over and finished.
    pub fn clear_locks(&self) {
        let dir = self.home.claude_dir();
        for lock in self.lock_folders().into_iter().chain([dir.join(".storage-write.lock")]) {
            let _none = std::fs::remove_dir(lock);
        }
        let _none = std::fs::remove_file(dir.join(".oauth_refresh.lock.owner"));
    }

    /// Checks that the folder contains only the sign-in, and that no lock is left.
    #[track_caller]
    pub fn assert_tidy(&self) {
        let list = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = list(self.home.claude_dir()).collect();
        names.extend(list(self.home.path().to_owned()).filter(|name| name.to_string_lossy().contains("lock")));
        assert_eq!(names, [".credentials.json"]);
    }
}

fn unrenewed(mut oauth: Value) -> Value {
    let object = oauth.as_object_mut().unwrap();
    for key in ["accessToken", "refreshToken", "expiresAt", "refreshTokenExpiresAt"] {
        object.remove(key);
    }
    oauth
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub access: String,
    pub refresh: String,
}

/// Holdoff without its shell.
pub struct Holdoff {
    pub engine: Engine,
    /// The notifications so far.
    pub told: Vec<NoticeKind>,
}

impl Holdoff {
    /// Waits until `there` accepts the account's state, and shows notifications meanwhile.
    ///
    /// # Panics
    /// If that does not happen in time.
    pub async fn until(&mut self, what: &str, there: impl Fn(&AccountState) -> bool) {
        let deadline = tokio::time::Instant::now() + LONG;
        while !self.state().is_some_and(|state| there(&state)) {
            tokio::select! {
                _ = self.engine.snapshots.changed() => {}
                Some(announced) = self.engine.announcements.recv() => self.show(announced).await,
                () = tokio::time::sleep_until(deadline) => panic!("never {what}: {:#?}", self.state()),
            }
        }
    }

    /// Waits until this notification was shown.
    pub async fn until_told(&mut self, kind: NoticeKind) {
        let told = async {
            while !self.told.contains(&kind) {
                let announced = self.engine.announcements.recv().await.unwrap();
                self.show(announced).await;
            }
        };
        tokio::time::timeout(LONG, told).await.unwrap_or_else(|_| panic!("never told {kind:?}"));
    }

    /// Shows notifications for this long.
    pub async fn live(&mut self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        loop {
            tokio::select! {
                Some(announced) = self.engine.announcements.recv() => self.show(announced).await,
                () = tokio::time::sleep_until(end) => return,
            }
        }
    }

    async fn show(&mut self, Announcement { notice, account, .. }: Announcement) {
        self.told.push(notice.kind);
        self.engine.commands().send(Command::Notice { account, id: notice.id, shown: true }).await.unwrap();
    }

    pub fn state(&self) -> Option<AccountState> {
        let Snapshot { state, .. } = self.engine.snapshots.borrow().clone();
        state.active.first().and_then(|id| state.accounts.get(id)).cloned()
    }

    pub async fn end(self) {
        shut_down(&self.engine.commands()).await;
    }
}
