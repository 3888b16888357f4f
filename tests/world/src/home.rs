//! A temporary home folder with the files of Claude Code and of Holdoff.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use holdoff_core::providers::Provider;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::clock::{ClockSpec, millis};
use crate::secrets::Secrets;

/// The account of [`Home::sign_in`].
pub const ANN: &str = "0b0c7f5e-0000-4000-8000-000000000001";
/// The folder of Holdoff's data under `XDG_DATA_HOME`.
pub const APP_ID: &str = "dev.holdoff.tray";

/// A temporary home. Its path is short because socket addresses are limited. It is deleted when dropped.
#[derive(Debug)]
pub struct Home {
    dir: TempDir,
}

/// The sign-in that Claude Code stores. `None` is written as null.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: Option<String>,
    /// When the access token expires, in milliseconds since 1970 on the program's clock.
    pub expires_at_ms: Option<i64>,
    /// The scopes of the token.
    pub scopes: Vec<String>,
    /// The plan: `max`, `pro` …
    pub subscription_type: Option<String>,
    /// The rate limit tier.
    pub rate_limit_tier: Option<String>,
    /// The account that newer versions of Claude Code write beside the tokens.
    pub account: Option<String>,
    /// The organization, likewise.
    pub organization: Option<String>,
    /// Other keys in the file, which belong to other programs.
    pub siblings: Map<String, Value>,
}

impl Credential {
    /// A sign-in with new random tokens and both scopes that Claude Code asks for, good until `expires_at`.
    pub fn fresh(expires_at: SystemTime) -> Self {
        let other =
            json!({"mcpOAuth": {"notes|3f2a": {"accessToken": random_token("mcp-"), "expiresAt": millis(expires_at)}}});
        Self {
            access_token: random_token("sk-ant-oat01-"),
            refresh_token: Some(random_token("sk-ant-ort01-")),
            expires_at_ms: Some(millis(expires_at)),
            scopes: vec!["user:inference".to_owned(), "user:profile".to_owned()],
            subscription_type: Some("max".to_owned()),
            rate_limit_tier: Some("default_claude_max_5x".to_owned()),
            account: None,
            organization: None,
            siblings: other.as_object().cloned().unwrap_or_default(),
        }
    }

    /// Every token in it, including those of other programs: none may appear anywhere else.
    pub fn secrets(&self) -> Vec<&str> {
        let mcp = self.siblings.get("mcpOAuth").and_then(Value::as_object).into_iter().flat_map(Map::values);
        let others = mcp.filter_map(|server| server["accessToken"].as_str());
        [self.access_token.as_str()].into_iter().chain(self.refresh_token.as_deref()).chain(others).collect()
    }

    /// The file's content.
    pub fn to_json(&self) -> Value {
        let mut file = Map::new();
        let mut oauth = json!({"accessToken": self.access_token, "refreshToken": self.refresh_token, "expiresAt": self.expires_at_ms,
                "scopes": self.scopes, "subscriptionType": self.subscription_type, "rateLimitTier": self.rate_limit_tier});
        for (key, name) in [("accountUuid", &self.account), ("organizationUuid", &self.organization)] {
            if let Some(name) = name {
                oauth[key] = json!(name);
            }
        }
        file.insert("claudeAiOauth".to_owned(), oauth);
        file.extend(self.siblings.clone());
        Value::Object(file)
    }
}

/// A random token with this prefix and about the real length.
pub fn random_token(prefix: &str) -> String {
    let random = std::iter::repeat_with(fastrand::alphanumeric).take(86);
    format!("{prefix}{}-{}AA", random.clone().take(40).collect::<String>(), random.take(44).collect::<String>())
}

impl Home {
    /// A new home with empty XDG folders.
    pub fn new() -> Self {
        if cfg!(unix) { Self::under(Path::new("/tmp")) } else { Self::under(&std::env::temp_dir()) }
    }

    /// The same for a program with this clock. For a fast clock it is in memory, if there is room: 20 ms of disk time
    /// would be a minute of program time and look like a suspend.
    pub fn at(clock: ClockSpec) -> Self {
        let memory = Path::new("/dev/shm");
        if cfg!(unix) && clock.speed > 1.0 && memory.is_dir() { Self::under(memory) } else { Self::new() }
    }

    fn under(folder: &Path) -> Self {
        let dir = tempfile::Builder::new().prefix("ho").rand_bytes(5).tempdir_in(folder).expect("a temporary folder");
        let home = Self { dir };
        for folder in [".local/share", ".local/state", ".local/bin", ".config", ".cache", "tmp", "run"] {
            fs::create_dir_all(home.path().join(folder)).expect("a folder in the new home");
        }
        set_mode(&home.runtime_dir(), 0o700);
        home
    }

    /// The home folder itself.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `XDG_DATA_HOME`.
    pub fn xdg_data_home(&self) -> PathBuf {
        self.path().join(".local/share")
    }

    /// `XDG_CONFIG_HOME`.
    pub fn xdg_config_home(&self) -> PathBuf {
        self.path().join(".config")
    }

    /// `XDG_RUNTIME_DIR`, for its owner only.
    pub fn runtime_dir(&self) -> PathBuf {
        self.path().join("run")
    }

    /// Where Holdoff keeps its state, settings and history.
    pub fn data_dir(&self) -> PathBuf {
        self.xdg_data_home().join(APP_ID)
    }

    /// Claude Code's folder.
    pub fn claude_dir(&self) -> PathBuf {
        self.path().join(".claude")
    }

    /// Claude Code's stored sign-in.
    pub fn credentials_path(&self) -> PathBuf {
        self.claude_dir().join(".credentials.json")
    }

    /// The environment of a program in this home, without any variable of ours, and without a display or a bus: the
    /// desktop adds those.
    pub fn env(&self) -> BTreeMap<String, String> {
        let under = |folder: &str| self.path().join(folder).display().to_string();
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", under(".local/bin"));
        // On Windows, sockets do not work without it.
        let windows = std::env::var("SystemRoot").ok().map(|root| ("SystemRoot".to_owned(), root));
        let person = [
            (if cfg!(windows) { "USERPROFILE" } else { "HOME" }, self.path().display().to_string()),
            ("XDG_DATA_HOME", under(".local/share")),
            ("XDG_STATE_HOME", under(".local/state")),
            ("XDG_CONFIG_HOME", under(".config")),
            ("XDG_CACHE_HOME", under(".cache")),
            ("XDG_RUNTIME_DIR", under("run")),
            ("TMPDIR", under("tmp")),
            ("PATH", path),
            ("USER", "ann".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
        ];
        let person = person.into_iter().map(|(name, value)| (name.to_owned(), value));
        person.chain(windows).chain(other_providers()).collect()
    }

    /// A command that runs in this home with no other environment.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().envs(self.env()).current_dir(self.path());
        command
    }

    /// Puts a program first on the home's `PATH`, for example a `claude` that only records how it was called.
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path().join(".local/bin").join(name);
        write_private(&path, script.as_bytes());
        set_mode(&path, 0o755);
        path
    }

    /// Signs in: writes Claude Code's credential file as Claude Code does, by rename, with mode 0600.
    pub fn credentials(&self, credential: &Credential) {
        self.raw_credentials(credential.to_json().to_string().as_bytes());
    }

    /// Writes arbitrary bytes as the credential file, by rename, with mode 0600.
    pub fn raw_credentials(&self, bytes: &[u8]) {
        fs::create_dir_all(self.claude_dir()).expect("a folder for Claude Code");
        replace(&self.credentials_path(), bytes);
    }

    /// Signs out. Does nothing if there is no file.
    pub fn remove_credentials(&self) {
        if self.credentials_path().exists() {
            fs::remove_file(self.credentials_path()).expect("a credential file can be removed");
        }
    }

    /// Moves Claude Code's folder away with its content and creates a new, empty one: a watch on the old folder sees
    /// no more changes. Returns the new path of the old folder.
    pub fn replace_config_folder(&self) -> PathBuf {
        let old = (1..).map(|n| self.path().join(format!(".claude.old-{n}"))).find(|path| !path.exists());
        let old = old.expect("a free name");
        fs::rename(self.claude_dir(), &old).expect("Claude Code's folder can be renamed");
        fs::create_dir(self.claude_dir()).expect("a new folder for Claude Code");
        old
    }

    /// Writes `~/.claude.json`, which names the account.
    pub fn claude_json(&self, account_uuid: &str, email: &str, organization: &str) {
        let account = json!({"accountUuid": account_uuid, "emailAddress": email, "organizationName": organization});
        let file = json!({"numStartups": 12, "oauthAccount": account, "projects": {}});
        replace(&self.path().join(".claude.json"), file.to_string().as_bytes());
    }

    /// Signs in the account Ann with new tokens that are valid until `expires_at`, and returns them.
    pub fn sign_in(&self, expires_at: SystemTime) -> Credential {
        let credential = Credential { account: Some(ANN.to_owned()), ..Credential::fresh(expires_at) };
        self.claude_json(ANN, "ann@example.com", "Ann's Organization");
        self.credentials(&credential);
        credential
    }

    /// Signs a person in with `CLAUDE_CONFIG_DIR` set to this folder of the home: it contains both credential and identity.
    pub fn sign_in_at(&self, folder: &str, account_uuid: &str, email: &str, expires_at: SystemTime) -> Credential {
        let credential = Credential { account: Some(account_uuid.to_owned()), ..Credential::fresh(expires_at) };
        self.identity_at(folder, &json!({"accountUuid": account_uuid, "emailAddress": email}));
        self.credentials_at(folder, &credential);
        credential
    }

    /// Signs a person in to an organization in the same way, as newer versions of Claude Code write it.
    pub fn sign_in_seat(
        &self,
        folder: &str,
        [account_uuid, email]: [&str; 2],
        [organization_uuid, organization]: [&str; 2],
        expires_at: SystemTime,
    ) -> Credential {
        let credential = Credential {
            account: Some(account_uuid.to_owned()),
            organization: Some(organization_uuid.to_owned()),
            ..Credential::fresh(expires_at)
        };
        let identity = json!({"accountUuid": account_uuid, "emailAddress": email,
            "organizationUuid": organization_uuid, "organizationName": organization});
        self.identity_at(folder, &identity);
        self.credentials_at(folder, &credential);
        credential
    }

    /// Writes one of the two files of a sign-in in a folder of the home: the identity.
    pub fn identity_at(&self, folder: &str, account: &Value) {
        let dir = self.path().join(folder);
        fs::create_dir_all(&dir).expect("a config folder");
        replace(&dir.join(".claude.json"), json!({"oauthAccount": account}).to_string().as_bytes());
    }

    /// Writes the other one: the tokens.
    pub fn credentials_at(&self, folder: &str, credential: &Credential) {
        let dir = self.path().join(folder);
        fs::create_dir_all(&dir).expect("a config folder");
        replace(&dir.join(".credentials.json"), credential.to_json().to_string().as_bytes());
    }

    /// Writes Holdoff's settings, by rename.
    pub fn settings(&self, settings: &Value) {
        fs::create_dir_all(self.data_dir()).expect("a folder for Holdoff's data");
        replace(&self.data_dir().join("settings.json"), settings.to_string().as_bytes());
    }

    /// Holdoff's settings, if the file exists and is readable.
    pub fn read_settings(&self) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.data_dir().join("settings.json")).ok()?).ok()
    }

    /// Every file or folder in this home with a secret, or a piece of one, in its content, name or link target, in any
    /// form that [`Secrets`] detects. The owner's own credential files are excluded.
    pub fn find_secret(&self, secrets: &[&str]) -> Vec<PathBuf> {
        let mut found = Secrets::new(secrets).under(self.path());
        found.retain(|path| !self.belongs_to_owner(path));
        found
    }

    fn belongs_to_owner(&self, path: &Path) -> bool {
        let folder = path.parent().and_then(|dir| dir.strip_prefix(self.path()).ok()).and_then(Path::to_str);
        path.file_name().is_some_and(|name| name == ".credentials.json")
            && folder
                .is_some_and(|dir| dir == ".claude" || dir.starts_with(".claude.old-") || dir.starts_with(".claude-"))
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes a file beside `path`, readable only by its owner, and renames it to `path`.
pub(crate) fn replace(path: &Path, bytes: &[u8]) {
    let aside = path
        .with_file_name(format!(".new-{}", std::iter::repeat_with(fastrand::alphanumeric).take(8).collect::<String>()));
    write_private(&aside, bytes);
    fs::rename(&aside, path).unwrap_or_else(|e| panic!("cannot replace {}: {e}", path.display()));
}

pub(crate) fn write_private(path: &Path, bytes: &[u8]) {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(path, mode).unwrap_or_else(|e| panic!("cannot set the mode of {}: {e}", path.display()));
}

/// Files in a user's profile are private already.
#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

/// The base URLs of all providers but Anthropic, which tests name themselves: nobody listens there.
fn other_providers() -> impl Iterator<Item = (String, String)> {
    let others = Provider::ALL.into_iter().filter(|provider| *provider != Provider::Anthropic);
    let bases = others.flat_map(|provider| provider.spec().endpoints());
    bases.map(|spec| (spec.variable.to_owned(), "http://127.0.0.1:9".to_owned()))
}
