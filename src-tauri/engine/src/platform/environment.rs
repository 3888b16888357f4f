//! Reads folders, base URLs and the clock from the environment at startup. An invalid value ends the program; otherwise a
//! token could go to the wrong server, or a cooldown could be miscounted.

mod allowed;
mod bases;
mod releases;

pub use allowed::for_windows;
pub use bases::Bases;
pub use releases::Releases;

use crate::http::network::Variables;
use crate::platform::clock::{Clock, ClockSpec};
use crate::platform::fs::make_folder;
use crate::platform::keyring::Keyring;
use crate::platform::private_files;
use crate::storage::newer_data::NewerData;
use holdoff_core::providers::{Provider, SignInVariables};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder name under the data home, and the app's identifier.
pub const IDENTIFIER: &str = "dev.holdoff.tray";

/// Overrides the default data folder. The status-line command in an owner's settings carries it.
pub const DATA_DIR_VARIABLE: &str = "HOLDOFF_DATA_DIR";

/// A sibling of the default data folder.
const USER_DIR: &str = "dev.holdoff.tray.user";

#[derive(Debug, Clone)]
pub struct Environment {
    pub home: PathBuf,
    /// Holds state, settings, history and lock, and determines the socket address.
    pub data_dir: PathBuf,
    pub log_dir: PathBuf,
    /// For sockets; lasts as long as the session.
    pub runtime_dir: Option<PathBuf>,
    sign_ins: BTreeMap<Provider, SignInVariables>,
    /// Holds the keys that the user pasted.
    pub keyring: Keyring,
    /// Proxy and certificate variables.
    pub network: Variables,
    pub bases: Bases,
    /// Where Holdoff's releases are published; `None` if this build has no release server.
    pub releases: Option<Releases>,
    pub clock: Clock,
    /// Every base URL is a loopback address, as in tests.
    loopback: bool,
}

/// Why the program cannot start. Never contains the value of a variable, because an address can hold a password. The exit
/// code is [`StartError::exit_code`].
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "{variable} cannot be used: {why}. Holdoff sends sign-ins only to {provider}, or to this computer for tests. Unset {variable}, or set it to a loopback address such as http://127.0.0.1:8080."
    )]
    Base { provider: &'static str, variable: &'static str, why: &'static str },
    #[error(
        "{variable} cannot be used: {why}. It is for tests only: Holdoff checks for updates at its own address with its own key, or at a server on this computer. Unset {variable}."
    )]
    Releases { variable: &'static str, why: &'static str },
    #[error(
        "HOLDOFF_CLOCK cannot be used: {why}. Its format is <epoch seconds>x<speed>, such as 1789387200x60. It is for tests only."
    )]
    Clock { why: &'static str },
    #[error(
        "There is no home folder: HOME is not set. Holdoff needs it to find the sign-in and to keep its state. Set HOME."
    )]
    NoHome,
    #[error("Holdoff cannot keep its state in {}: {why}. Without a record it could send a request too early, so it does not start. Make the folder writable for your user.", dir.display())]
    DataDir { dir: PathBuf, why: String },
    #[error("{} belongs to another user. Holdoff was probably started once as that user (with sudo?). Take ownership of the folder (chown -R), or remove it.", dir.display())]
    ForeignDataDir { dir: PathBuf },
    #[error("{} was written by a newer version of Holdoff: {data} ({version}). Nothing in it was changed, and Holdoff does not start. Install the newer version again, or move the folder away to start fresh.", dir.display(), version = env!("CARGO_PKG_VERSION"))]
    NewerData { dir: PathBuf, data: NewerData },
}

impl StartError {
    /// From sysexits(3).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Base { .. } | Self::Releases { .. } | Self::Clock { .. } => 78,
            Self::NoHome | Self::DataDir { .. } => 73,
            Self::ForeignDataDir { .. } => 77,
            Self::NewerData { .. } => 65,
        }
    }
}

impl Environment {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn from_process() -> Result<Self, StartError> {
        Self::from_vars(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// # Errors
    /// See [`StartError`].
    pub fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, StartError> {
        let home = absolute(var(HOME_VARIABLE)).ok_or(StartError::NoHome)?;
        let data_home = absolute(var("XDG_DATA_HOME")).unwrap_or_else(|| default_data_home(&home));
        let state_home = absolute(var("XDG_STATE_HOME")).unwrap_or_else(|| default_state_home(&home));
        let data_dir = absolute(var(DATA_DIR_VARIABLE)).unwrap_or_else(|| data_home.join(IDENTIFIER));
        let log_dir = state_home.join(IDENTIFIER);
        let bases = Bases::from_vars(&var)?;
        let loopback = bases.are_loopback();
        let releases = releases::find(&var, loopback)?;
        let clock = match var("HOLDOFF_CLOCK") {
            None => Clock::real(),
            Some(text) => Clock::with(clock_spec(&text.to_string_lossy(), loopback)?),
        };
        Ok(Self {
            home,
            data_dir,
            log_dir,
            runtime_dir: absolute(var("XDG_RUNTIME_DIR")),
            sign_ins: Provider::ALL.map(|provider| (provider, provider.variables(&var))).into(),
            keyring: Keyring::of(&var),
            network: Variables::of(&var),
            bases,
            releases,
            clock,
            loopback,
        })
    }

    /// The variables of the provider's sign-in.
    pub fn variables(&self, provider: Provider) -> SignInVariables {
        self.sign_ins.get(&provider).cloned().unwrap_or_default()
    }

    /// The folder shared by all of the user's copies of Holdoff, whatever `HOME` and `XDG_DATA_HOME` say: see
    /// [`crate::platform::user_dir`].
    pub fn user_dir(&self) -> PathBuf {
        default_data_home(&self.person_home()).join(USER_DIR)
    }

    /// The default data folder, without any variable set.
    pub fn usual_data_dir(&self) -> PathBuf {
        default_data_home(&self.person_home()).join(IDENTIFIER)
    }

    /// The user's home according to the system, since a launcher such as a snap may change `HOME`. With loopback bases only,
    /// it is `HOME`, so that a test is isolated.
    fn person_home(&self) -> PathBuf {
        let known = if self.loopback { None } else { home_in_the_password_database() };
        known.filter(|home| is_foreign(home).is_ok_and(|foreign| !foreign)).unwrap_or_else(|| self.home.clone())
    }

    /// Creates the data folder for this user only, and checks that this user owns it. Access for other users is removed from
    /// the folder and its contents.
    ///
    /// # Errors
    /// Fails if state cannot be stored there.
    pub fn prepare_data_dir(&self) -> Result<(), StartError> {
        let dir = &self.data_dir;
        let failed = |error: std::io::Error| StartError::DataDir { dir: dir.clone(), why: error.to_string() };
        make_folder(dir).map_err(failed)?;
        if is_foreign(dir).map_err(failed)? {
            return Err(StartError::ForeignDataDir { dir: dir.clone() });
        }
        if let Err(error) = private_files::tighten(dir) {
            tracing::warn!(%error, "cannot make the data folder private");
        }
        Ok(())
    }
}

#[cfg(unix)]
const HOME_VARIABLE: &str = "HOME";
#[cfg(windows)]
const HOME_VARIABLE: &str = "USERPROFILE";

/// The XDG specification: a relative path is not valid and is ignored.
fn absolute(value: Option<OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}

fn default_data_home(home: &Path) -> PathBuf {
    if cfg!(target_os = "macos") {
        home.join("Library/Application Support")
    } else if cfg!(windows) {
        home.join("AppData/Roaming")
    } else {
        home.join(".local/share")
    }
}

fn default_state_home(home: &Path) -> PathBuf {
    if cfg!(target_os = "macos") {
        home.join("Library/Logs")
    } else if cfg!(windows) {
        home.join("AppData/Local")
    } else {
        home.join(".local/state")
    }
}

fn clock_spec(text: &str, loopback: bool) -> Result<ClockSpec, StartError> {
    let refuse = |why| StartError::Clock { why };
    if !loopback {
        return Err(refuse("it is only allowed if every base URL is a loopback address"));
    }
    text.parse().map_err(refuse)
}

#[cfg(unix)]
fn home_in_the_password_database() -> Option<PathBuf> {
    Some(nix::unistd::User::from_uid(nix::unistd::geteuid()).ok()??.dir)
}

/// A user's profile has one location: `USERPROFILE`.
#[cfg(not(unix))]
fn home_in_the_password_database() -> Option<PathBuf> {
    None
}

#[cfg(unix)]
fn is_foreign(dir: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata(dir)?.uid() != rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn is_foreign(_: &Path) -> std::io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdoff_core::Endpoint;

    fn from(vars: &[(&str, &str)]) -> Result<Environment, StartError> {
        let vars: Vec<(String, String)> = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let others = Provider::ALL.into_iter().filter(|provider| *provider != Provider::Anthropic);
        let others: Vec<&str> =
            others.flat_map(|provider| provider.spec().endpoints()).map(|spec| spec.variable).collect();
        Environment::from_vars(|name| {
            let given = vars.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone().into());
            given.or_else(|| others.contains(&name).then(|| "http://127.0.0.1:9".into()))
        })
    }

    const HOME: &str = if cfg!(windows) { r"C:\Users\ann" } else { "/home/ann" };

    #[test]
    fn base_urls_default_to_anthropics() {
        let base = |environment: &Environment, endpoint| {
            environment.bases.of(Provider::Anthropic, endpoint).unwrap().as_str().to_owned()
        };
        let environment = from(&[(HOME_VARIABLE, HOME)]).unwrap();
        assert_eq!(base(&environment, Endpoint::Usage), "https://api.anthropic.com/");
        assert_eq!(base(&environment, Endpoint::Token), "https://platform.claude.com/");
        assert_eq!(environment.data_dir, default_data_home(Path::new(HOME)).join("dev.holdoff.tray"));
        if cfg!(target_os = "linux") {
            assert_eq!(environment.data_dir, Path::new("/home/ann/.local/share/dev.holdoff.tray"));
        }
    }

    #[test]
    fn base_urls_must_be_loopback() {
        for good in ["http://127.0.0.1:9", "http://127.8.9.1", "https://[::1]:8443", "http://localhost:1/x"] {
            assert!(from(&[(HOME_VARIABLE, HOME), ("HOLDOFF_ANTHROPIC_API", good)]).is_ok(), "{good}");
        }
        let bad = [
            "http://192.168.0.1",
            "https://api.anthropic.com",
            "http://127.0.0.1.evil.example",
            "ftp://127.0.0.1",
            "127.0.0.1:80",
            "http://localhost.evil.example",
            "http://0.0.0.0",
            "http://user@127.0.0.1",
            "",
        ];
        for bad in bad.iter().filter(|bad| !bad.is_empty()) {
            for variable in ["HOLDOFF_ANTHROPIC_API", "HOLDOFF_ANTHROPIC_TOKEN"] {
                let error = from(&[(HOME_VARIABLE, HOME), (variable, bad)]).unwrap_err();
                assert_eq!(error.exit_code(), 78, "{bad}");
                assert!(error.to_string().contains(variable), "{error}");
            }
        }
    }

    #[test]
    fn clock_variable_requires_loopback_base_urls() {
        let both = [("HOLDOFF_ANTHROPIC_API", "http://127.0.0.1:9"), ("HOLDOFF_ANTHROPIC_TOKEN", "http://127.0.0.1:9")];
        let with = |count: usize, clock: &'static str| {
            let mut vars = vec![(HOME_VARIABLE, HOME), ("HOLDOFF_CLOCK", clock)];
            vars.extend(&both[..count]);
            from(&vars)
        };
        assert!(with(2, "1789387200x60").is_ok());
        assert_eq!(with(1, "1789387200x60").unwrap_err().exit_code(), 78);
        assert_eq!(with(0, "1789387200x60").unwrap_err().exit_code(), 78);
        for bad in ["60", "x", "1x0", "1x-1", "nanx1", "1xinf", "1 x 1"] {
            assert_eq!(with(2, bad).unwrap_err().exit_code(), 78, "{bad}");
        }
    }

    #[test]
    fn home_missing_is_an_error() {
        assert_eq!(from(&[]).unwrap_err().exit_code(), 73);
        assert_eq!(from(&[("XDG_DATA_HOME", HOME)]).unwrap_err().exit_code(), 73, "and no sign-in to look for");
        let relative = from(&[(HOME_VARIABLE, HOME), ("XDG_DATA_HOME", "data")]).unwrap();
        assert_eq!(relative.data_dir, from(&[(HOME_VARIABLE, HOME)]).unwrap().data_dir);
    }

    /// Whatever a launcher says, a person has one place for what may be asked; a test has one of its own.
    #[test]
    #[cfg(unix)]
    fn user_dir_is_in_the_system_home_whatever_the_environment() {
        let elsewhere = tempfile::tempdir().unwrap();
        let home = elsewhere.path().to_str().unwrap();
        let bases = [("HOLDOFF_ANTHROPIC_API", "http://127.0.0.1:9"), ("HOLDOFF_ANTHROPIC_TOKEN", "http://[::1]:9")];
        let with = |count: usize, data: &'static str| {
            let mut vars = vec![(HOME_VARIABLE, home), ("XDG_DATA_HOME", data)];
            vars.extend(&bases[..count]);
            from(&vars).unwrap().user_dir()
        };
        for count in 0..=2 {
            assert_eq!(with(count, "/a"), with(count, "/b"), "XDG_DATA_HOME changes nothing");
        }
        assert_eq!(with(2, "/a"), default_data_home(elsewhere.path()).join(USER_DIR));
        let person = home_in_the_password_database().unwrap();
        assert_eq!(with(0, "/a"), default_data_home(&person).join(USER_DIR), "as soon as anybody else can be asked");
        assert_eq!(with(1, "/a"), with(0, "/a"));
    }

    #[test]
    fn data_dir_variable_overrides_xdg_data_home() {
        let named = [(HOME_VARIABLE, HOME), ("XDG_DATA_HOME", "/snap/share"), (DATA_DIR_VARIABLE, "/home/ann/data")];
        if cfg!(unix) {
            assert_eq!(from(&named).unwrap().data_dir, Path::new("/home/ann/data"));
            assert_eq!(from(&named[..2]).unwrap().data_dir, Path::new("/snap/share/dev.holdoff.tray"));
        }
    }

    #[test]
    fn data_dir_that_cannot_be_created_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let environment = from(&[(HOME_VARIABLE, HOME), ("XDG_DATA_HOME", file.to_str().unwrap())]).unwrap();
        let error = environment.prepare_data_dir().unwrap_err();
        assert_eq!(error.exit_code(), 73);
        assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    }
}
