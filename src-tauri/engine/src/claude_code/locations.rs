//! The possible locations of sign-ins: the default folder, the folder in `CLAUDE_CONFIG_DIR`, and folders added by the user.
//! Each real folder is listed once, whatever its names.

use crate::claude_code::CredentialStore;
use crate::platform::environment::Environment;
use holdoff_core::credential::CredentialRead;
use holdoff_core::settings::check_folder;
use holdoff_core::state::Provider;
use holdoff_core::{AccountId, Settings};
use std::path::{Path, PathBuf};

const PROVIDER: Provider = Provider::Anthropic;

/// Where Claude Code, started in this environment, stores its sign-in.
pub fn own(environment: &Environment) -> CredentialStore {
    CredentialStore::of(&environment.home, &environment.variables(PROVIDER))
}

/// Same for a session with another config folder (`None`: the default one). The storage-folder variable applies only to
/// [`own`].
pub fn of_config_dir(environment: &Environment, config_dir: Option<&Path>) -> CredentialStore {
    let source = CredentialStore::from_env(&environment.home, config_dir.map(Path::as_os_str));
    let own = own(environment);
    if source.config_dir() == own.config_dir() { own } else { source }
}

/// The folder as added to the settings.
pub fn added(home: &Path, folder: &str) -> CredentialStore {
    CredentialStore::added(folder.as_ref(), Some(home))
}

/// All locations in display order.
pub fn all(environment: &Environment, settings: &Settings) -> Vec<CredentialStore> {
    let home = &environment.home;
    let added = settings.config_dirs(PROVIDER).iter().map(|dir| CredentialStore::added(dir.as_ref(), Some(home)));
    let mut sources: Vec<(PathBuf, CredentialStore)> = Vec::new();
    for source in [of_config_dir(environment, None), own(environment)].into_iter().chain(added) {
        if sources.iter().any(|(_, known)| known.storage_dir() == source.storage_dir()) {
            continue;
        }
        let real = real(source.storage_dir());
        if sources.iter().all(|(known, _)| *known != real) {
            sources.push((real, source));
        }
    }
    let first = environment.variables(PROVIDER).inference_token.then(|| first(environment));
    let with_token = |(_, source): (PathBuf, CredentialStore)| {
        let is_first = first.as_ref().is_some_and(|first| source.place() == *first);
        source.with_inference_token(is_first)
    };
    sources.into_iter().map(with_token).collect()
}

/// The location where the first sign-in is expected: where Claude Code would store it in Holdoff's environment.
pub fn first(environment: &Environment) -> String {
    let (named, default) = (own(environment), of_config_dir(environment, None));
    if real(named.storage_dir()) == real(default.storage_dir()) { default.place() } else { named.place() }
}

/// The listed location of the active config folder, whatever its name.
pub fn in_force(environment: &Environment, listed: &[CredentialStore]) -> String {
    let named = own(environment);
    let dir = real(named.storage_dir());
    listed.iter().find(|source| real(source.storage_dir()) == dir).unwrap_or(&named).place()
}

/// Whether the user did not choose this location: it is the default one, but the variable or the settings name only others.
pub fn is_unasked(source: &CredentialStore, environment: &Environment, settings: &Settings) -> bool {
    let home = &environment.home;
    let added = settings.config_dirs(PROVIDER).iter().map(|dir| CredentialStore::added(dir.as_ref(), Some(home)));
    let variables = environment.variables(PROVIDER);
    let is_named = variables.config_dir.is_some() || variables.storage_dir.is_some();
    let mut asked = added.chain(is_named.then(|| own(environment))).peekable();
    asked.peek().is_some() && asked.all(|asked| real(asked.storage_dir()) != real(source.storage_dir()))
}

/// Resolves a folder's path. A missing folder keeps its name.
fn real(dir: &Path) -> PathBuf {
    std::fs::canonicalize(dir).unwrap_or_else(|_| dir.components().collect())
}

/// A folder that the user may add.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub provider: Provider,
    /// The text for the settings.
    pub text: String,
    /// The sign-in found there.
    pub read: CredentialRead,
    pub place: String,
}

impl Candidate {
    /// The account that is signed in there.
    pub fn account(&self) -> Option<AccountId> {
        match &self.read {
            CredentialRead::Found(found) => Some(AccountId::of(self.provider, &found.identity, &self.place)),
            CredentialRead::Absent(_) => None,
        }
    }

    /// The address of the account that is signed in there, if the sign-in names it.
    pub fn email(&self) -> Option<&str> {
        match &self.read {
            CredentialRead::Found(found) => found.identity.email.as_deref(),
            CredentialRead::Absent(_) => None,
        }
    }
}

/// Checks a folder that the user wants to add. Blocks.
///
/// # Errors
/// Fails with a sentence for the user: why it cannot be added, and what to do.
pub fn consider(environment: &Environment, settings: &Settings, text: &str) -> Result<Candidate, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("Name the folder, such as ~/.claude-work.".to_owned());
    }
    check_folder(text)?;
    let source = added(&environment.home, text);
    let dir = source.config_dir();
    if dir.file_name().is_some_and(|name| name == holdoff_core::providers::anthropic::credential::FILE) {
        let folder = text.rsplit_once(['/', '\\']).map_or(text, |(folder, _)| folder);
        return Err(format!("This is a sign-in file. Add the folder that contains it: {folder}"));
    }
    match std::fs::metadata(dir) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(format!("{text} is a file, not a folder.")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!("There is no folder {text}. Sign in with Claude Code there first, or check the name."));
        }
        Err(error) => return Err(format!("Cannot open {text}: {error}.")),
    }
    if let Some(known) = all(environment, settings).iter().find(|known| real(known.storage_dir()) == real(dir)) {
        let place = known.place();
        return Err(format!("Holdoff already uses this folder, for {place}."));
    }
    Ok(Candidate { provider: PROVIDER, text: text.to_owned(), read: source.read(), place: source.place() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdoff_core::credential::CredentialMissing;
    use std::ffi::OsString;
    use std::fs;
    use tempfile::TempDir;

    struct Person {
        dir: TempDir,
        config_dir: Option<OsString>,
        storage_dir: Option<OsString>,
        token: bool,
        added: Vec<String>,
    }

    impl Person {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap(), config_dir: None, storage_dir: None, token: false, added: vec![] }
        }

        fn path(&self, name: &str) -> PathBuf {
            fs::canonicalize(self.dir.path()).unwrap().join(name)
        }

        fn folder(&self, name: &str) -> PathBuf {
            fs::create_dir_all(self.path(name)).unwrap();
            self.path(name)
        }

        fn add(&mut self, text: impl AsRef<Path>) -> &mut Self {
            self.added.push(text.as_ref().to_str().unwrap().to_owned());
            self
        }

        fn environment(&self) -> Environment {
            let home = OsString::from(self.path(""));
            Environment::from_vars(|name| match name {
                "HOME" | "USERPROFILE" => Some(home.clone()),
                "CLAUDE_CONFIG_DIR" => self.config_dir.clone(),
                "CLAUDE_SECURESTORAGE_CONFIG_DIR" => self.storage_dir.clone(),
                "CLAUDE_CODE_OAUTH_TOKEN" => self.token.then(|| "sk-ant-oat01-INFERENCE".into()),
                _ => None,
            })
            .unwrap()
        }

        fn settings(&self) -> Settings {
            Settings { config_dirs: [(PROVIDER, self.added.clone())].into(), ..Settings::default() }
        }

        #[track_caller]
        fn check(&self, expect: &[&str]) {
            let places: Vec<String> =
                all(&self.environment(), &self.settings()).iter().map(CredentialStore::place).collect();
            // Path separators differ between systems.
            let places: Vec<String> = places.iter().map(|place| place.replace('\\', "/")).collect();
            let expect: Vec<String> = expect.iter().map(|dir| format!("{dir}/.credentials.json")).collect();
            assert_eq!(places, expect);
        }

        #[cfg(unix)]
        fn consider(&self, text: &str) -> Result<Candidate, String> {
            consider(&self.environment(), &self.settings(), text)
        }
    }

    #[test]
    fn locations_are_ordered_default_configured_added() {
        let mut person = Person::new();
        person.check(&["~/.claude"]);
        person.add("~/work").check(&["~/.claude", "~/work"]);
        person.config_dir = Some(person.path("named").into());
        person.check(&["~/.claude", "~/named", "~/work"]);
        assert_eq!(first(&person.environment()).replace('\\', "/"), "~/named/.credentials.json");
    }

    /// With `CLAUDE_SECURESTORAGE_CONFIG_DIR`, the owner no longer uses a credential in the config folder.
    #[cfg(not(target_os = "macos"))]
    #[test]
    fn secure_storage_dir_replaces_the_config_dir_for_credentials() {
        let mut person = Person::new();
        person.storage_dir = Some(person.path("kept").into());
        person.check(&["~/kept"]);
        assert_eq!(first(&person.environment()).replace('\\', "/"), "~/kept/.credentials.json");
        person.add("~/work").check(&["~/kept", "~/work"]);
        let signed_in = |token: &str| format!(r#"{{"claudeAiOauth":{{"accessToken":"sk-ant-oat01-{token}"}}}}"#);
        fs::write(person.folder(".claude").join(".credentials.json"), signed_in("LEFT")).unwrap();
        fs::write(person.folder("kept").join(".credentials.json"), signed_in("KEPT")).unwrap();
        fs::write(person.path(".claude.json"), r#"{"oauthAccount":{"accountUuid":"ann"}}"#).unwrap();
        let CredentialRead::Found(found) = all(&person.environment(), &person.settings())[0].read() else {
            panic!("there is one")
        };
        assert_eq!(found.access_token.expose(), "sk-ant-oat01-KEPT");
        assert_eq!(found.identity.account.as_deref(), Some("ann"), "whose it is stands where it always does");
        // Applies only to the active config folder.
        person.config_dir = Some(person.path("named").into());
        person.check(&["~/.claude", "~/kept", "~/work"]);
        person.storage_dir = Some(person.path(".claude").into());
        person.check(&["~/.claude", "~/work"]);
    }

    #[cfg(unix)]
    #[test]
    fn locations_naming_the_same_folder_are_deduplicated() {
        let mut person = Person::new();
        let (default, work) = (person.folder(".claude"), person.folder("work"));
        std::os::unix::fs::symlink(&default, person.path("link-to-default")).unwrap();
        std::os::unix::fs::symlink(&work, person.path("link-to-work")).unwrap();
        person.config_dir = Some(default.clone().into());
        for same in
            ["~/.claude", "~/link-to-default", "~/work", "~/work/", "~/./work", "~/link-to-work", "~/not", "~/not"]
        {
            person.add(same);
        }
        person.add(&default).add(&work);
        person.check(&["~/.claude", "~/work", "~/not"]);
        assert_eq!(first(&person.environment()), "~/.claude/.credentials.json");
    }

    #[test]
    fn inference_only_token_is_reported_where_no_credential_is_stored() {
        let mut person = Person::new();
        person.token = true;
        person.add("~/work");
        let absences = |person: &Person| -> Vec<CredentialMissing> {
            let read = |source: &CredentialStore| match source.read() {
                CredentialRead::Absent(absence) => absence,
                CredentialRead::Found(_) => panic!("there is none"),
            };
            all(&person.environment(), &person.settings()).iter().map(read).collect()
        };
        assert_eq!(absences(&person), [CredentialMissing::InferenceOnly, CredentialMissing::NoFile]);
        assert!(!format!("{:?}", person.environment()).contains("INFERENCE"));
        fs::write(person.folder(".claude").join(".credentials.json"), "{}").unwrap();
        assert_eq!(absences(&person)[0], CredentialMissing::InferenceOnly);
        fs::write(person.path(".claude/.credentials.json"), "torn").unwrap();
        assert!(matches!(absences(&person)[0], CredentialMissing::Unreadable(_)));
        let stored = r#"{"claudeAiOauth":{"accessToken":"sk-ant-oat01-STORED"}}"#;
        fs::write(person.path(".claude/.credentials.json"), stored).unwrap();
        assert!(matches!(all(&person.environment(), &person.settings())[0].read(), CredentialRead::Found(_)));
    }

    #[cfg(unix)]
    #[test]
    fn added_folder_refused_is_reported_with_the_reason() {
        let mut person = Person::new();
        person.folder(".claude");
        let work = person.folder("work");
        fs::write(person.path("file"), "").unwrap();
        fs::write(work.join(".credentials.json"), "{}").unwrap();
        std::os::unix::fs::symlink(&work, person.path("link")).unwrap();
        for (text, why) in [
            ("", "Name the folder"),
            ("  ", "Name the folder"),
            ("work", "full path"),
            ("~/gone", "There is no folder ~/gone"),
            ("~/file", "is a file"),
            ("~/file/below", "Cannot open ~/file/below"),
            ("~/work/.credentials.json", "Add the folder that contains it: ~/work"),
            ("~/.claude", "already uses this folder, for ~/.claude/.credentials.json"),
        ] {
            let error = person.consider(text).unwrap_err();
            assert!(error.contains(why), "{text:?}: {error}");
        }
        let candidate = person.consider(" ~/link ").unwrap();
        assert_eq!((candidate.text.as_str(), candidate.place.as_str()), ("~/link", "~/link/.credentials.json"));
        assert!(matches!(candidate.read, CredentialRead::Absent(CredentialMissing::NotSignedIn)));
        person.add("~/work");
        assert!(
            person.consider("~/link").unwrap_err().contains("already uses this folder, for ~/work/.credentials.json")
        );
    }
}
