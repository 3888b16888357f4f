use super::*;
use crate::credentials::monitor::LocationMonitor;
use crate::credentials::{CredentialSource, FileWatcher};
use std::fs;
use tempfile::TempDir;

const TOKEN: &str = "sk-ant-oat01-SECRET";

fn signed_in() -> String {
    format!(
        r#"{{"claudeAiOauth":{{"accessToken":"{TOKEN}","refreshToken":"sk-ant-ort01-SECRET","expiresAt":1788781207410,
        "scopes":["user:profile"],"subscriptionType":"max"}},"mcpOAuth":{{"srv|x":{{"accessToken":"other-SECRET"}}}}}}"#
    )
}

struct Home {
    dir: TempDir,
    source: CredentialStore,
}

/// As it is without `CLAUDE_CONFIG_DIR`, but for the name of a Keychain item that nobody has.
fn usual(home: &Path) -> CredentialStore {
    let mut store = CredentialStore::from_env(home, None);
    store.paths.config_variable = Some(home.into());
    store
}

fn home() -> Home {
    let dir = tempfile::tempdir().unwrap();
    let source = usual(dir.path());
    fs::create_dir(dir.path().join(".claude")).unwrap();
    Home { dir, source }
}

impl Home {
    fn holding(self, bytes: impl AsRef<[u8]>) -> Self {
        fs::write(self.source.credential_path(), bytes).unwrap();
        self
    }

    fn absence(&self) -> CredentialMissing {
        match self.source.read() {
            CredentialRead::Absent(absence) => absence,
            CredentialRead::Found(credential) => panic!("{credential:?}"),
        }
    }

    fn why(&self) -> String {
        match self.absence() {
            CredentialMissing::Unreadable(why) => why,
            other => panic!("{other:?}"),
        }
    }
}

fn identity(source: &CredentialStore) -> Identity {
    match source.read() {
        CredentialRead::Found(credential) => credential.identity,
        CredentialRead::Absent(absence) => panic!("{absence:?}"),
    }
}

#[test]
fn credential_read_writes_nothing() {
    let home = home().holding(signed_in());
    let CredentialRead::Found(credential) = home.source.read() else { panic!("not found") };
    assert_eq!(credential.access_token.expose(), TOKEN);
    assert_eq!(credential.plan.as_deref(), Some("max"));
    assert_eq!(credential.identity, Identity::default());
    assert_eq!(fs::read_to_string(home.source.credential_path()).unwrap(), signed_in());
    let names: Vec<_> =
        fs::read_dir(home.dir.path().join(".claude")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, [credential::FILE]);
}

#[test]
fn identity_is_read_from_home_or_the_config_dir() {
    let whose = |email: &str| format!(r#"{{"oauthAccount":{{"emailAddress":"{email}"}},"projects":{{}}}}"#);
    let home = home().holding(signed_in());
    let other = home.dir.path().join("work");
    fs::create_dir(&other).unwrap();
    fs::write(other.join(credential::FILE), signed_in()).unwrap();
    fs::write(home.dir.path().join(".claude.json"), whose("ann@example.com")).unwrap();
    fs::write(home.dir.path().join(".claude/.claude.json"), whose("nobody@example.com")).unwrap();
    fs::write(other.join(".claude.json"), whose("bob@example.com")).unwrap();

    let configured = CredentialStore::from_env(home.dir.path(), Some(other.as_os_str()));
    let email = |source: &CredentialStore| identity(source).email.unwrap();
    assert_eq!(email(&home.source), "ann@example.com");
    assert_eq!(email(&configured), "bob@example.com");
    assert_eq!(email(&CredentialStore::in_dir(&other)), "bob@example.com");
}

#[test]
fn identity_unreadable_is_left_empty() {
    let home = home().holding(signed_in());
    let path = home.dir.path().join(".claude.json");
    for bytes in ["", "{\"oauthAccount\":{\"emailAddr", "[]", "{\"oauthAccount\":7}"] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(identity(&home.source), Identity::default(), "{bytes}");
    }
    let whose = br#"{"oauthAccount":{"emailAddress":"ann@example.com"}}"#;
    fs::write(&path, whose).unwrap();
    assert_ne!(identity(&home.source), Identity::default());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(identity(&home.source), Identity::default());
}

#[test]
fn config_dir_variable_empty_counts_as_unset() {
    let home = Path::new("/home/ann");
    assert_eq!(CredentialStore::from_env(home, Some(OsStr::new(""))), CredentialStore::from_env(home, None));
    assert_eq!(CredentialStore::from_env(home, None).credential_path(), home.join(".claude").join(credential::FILE));
}

#[cfg(unix)]
#[test]
fn credential_path_is_displayed_relative_to_home() {
    let home = Path::new("/home/ann");
    let place = |dir: &str| CredentialStore::from_env(home, Some(OsStr::new(dir))).place();
    assert_eq!(CredentialStore::from_env(home, None).place(), "~/.claude/.credentials.json");
    assert_eq!(place("/home/ann/work/"), "~/work/.credentials.json");
    assert_eq!(place("/home/anna/work"), "/home/anna/work/.credentials.json");
    assert_eq!(place("/srv/claude"), "/srv/claude/.credentials.json");
}

#[cfg(unix)]
#[test]
fn added_folder_path_is_expanded_and_normalized() {
    let home = Path::new("/home/ann");
    let added = |dir: &str| CredentialStore::added(Path::new(dir), Some(home));
    assert_eq!(added("~/work").credential_path(), home.join("work/.credentials.json"));
    assert_eq!(added("/home/ann/.claude/"), CredentialStore::from_env(home, None));
    assert_eq!(added("~/.claude"), CredentialStore::from_env(home, None));
    assert_eq!(added("~ann/x").credential_path(), std::env::current_dir().unwrap().join("~ann/x/.credentials.json"));
    assert_eq!(
        CredentialStore::in_dir(Path::new("/srv/claude")).credential_path(),
        Path::new("/srv/claude/.credentials.json")
    );
}

#[test]
fn credential_missing_without_a_file_or_folder() {
    let mut home = home();
    assert_eq!(home.absence(), CredentialMissing::NoFile);
    home.source = usual(&home.dir.path().join("gone"));
    assert_eq!(home.absence(), CredentialMissing::NoFile);
}

#[test]
fn credential_file_without_a_token_is_not_signed_in() {
    for text in ["{}", r#"{"mcpOAuth":{"x":{"accessToken":"other"}}}"#] {
        assert_eq!(home().holding(text).absence(), CredentialMissing::NotSignedIn, "{text}");
    }
    assert_eq!(home().holding(r#"{"claudeAiOauth":{"accessToken":""}}"#).absence(), CredentialMissing::EmptyToken);
}

#[test]
fn credential_file_errors_are_distinguished_without_content() {
    let whole = signed_in();
    let noise: Vec<u8> = (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let cases: [(&[u8], &str); 5] = [
        (b"", "empty"),
        (&whole.as_bytes()[..whole.len() / 2], "incomplete or damaged"),
        (&noise, "incomplete or damaged"),
        (br#"["SECRET"]"#, "not a Claude Code credential file"),
        (br#"{"claudeAiOauth":"SECRET"}"#, "unknown format"),
    ];
    for (bytes, words) in cases {
        let why = home().holding(bytes).why();
        assert!(why.contains(words), "{why}");
        assert!(!why.contains("SECRET"), "{why}");
    }
}

#[test]
fn debug_output_of_a_credential_has_no_token() {
    let home = home().holding(signed_in());
    fs::write(home.dir.path().join(".claude.json"), format!(r#"{{"primaryApiKey":"{TOKEN}"}}"#)).unwrap();
    let printed = format!("{:?} {:#?} {:?}", home.source.read(), home.source.read(), home.source);
    assert!(printed.contains("Found"), "{printed}");
    assert!(!printed.contains("SECRET"), "{printed}");
}

/// People keep keys in there, and Claude Code whole conversations.
#[test]
fn claude_json_keeps_only_the_account_identity_in_memory() {
    let home = home().holding(signed_in());
    let text = r#"{"primaryApiKey":"a-SECRET","mcpServers":{"x":{"env":{"KEY":"b-SECRET"}}},
        "oauthAccount":{"accountUuid":"ann"},"projects":{"/a":{"history":["c-SECRET"]}},"\u0078":"d-SECRET"}"#;
    fs::write(home.dir.path().join(".claude.json"), text).unwrap();
    assert_eq!(identity(&home.source).account.as_deref(), Some("ann"));
    assert_eq!(home.source.projects(), [Path::new("/a")]);
    let held = String::from_utf8(home.source.about_itself().unwrap()).unwrap();
    assert_eq!(held, r#"{"oauthAccount":{"accountUuid":"ann"}}"#);
}

/// Whoever spends it reads it again, under the locks.
#[tokio::test]
async fn refresh_token_is_reported_as_present_without_its_value() {
    let home = home().holding(signed_in());
    let (tell, mut looks) = tokio::sync::mpsc::unbounded_channel();
    let _monitor = LocationMonitor::start(
        CredentialSource::Owned(home.source.clone()),
        home.dir.path().join("data"),
        crate::platform::clock::Clock::real(),
        FileWatcher::default(),
        crate::claude_code::sessions::Sessions::default(),
        tell,
        tokio::sync::watch::Sender::default(),
    );
    for _ in 0..2 {
        let CredentialRead::Found(credential) = looks.recv().await.unwrap().credential else { panic!("not found") };
        assert_eq!(credential.access_token.expose(), TOKEN);
        assert!(credential.refresh_token.unwrap().secret().is_none());
        // Noticed, or looked at again where nothing is watched.
        fs::write(home.source.credential_path(), signed_in() + " ").unwrap();
    }
}

#[test]
fn credential_path_that_is_a_folder_is_reported() {
    let home = home();
    fs::create_dir(home.source.credential_path()).unwrap();
    assert_eq!(home.why(), "it is a folder");
}

#[test]
fn credential_folder_that_is_a_file_is_reported() {
    let home = home();
    let folder = home.dir.path().join(".claude");
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    assert!(matches!(home.absence(), CredentialMissing::Unreadable(why) if why.contains("parent folder is a file")));
}

#[test]
fn credential_file_over_4_mib_is_not_read() {
    let home = home().holding(signed_in());
    let file = fs::File::options().write(true).open(home.source.credential_path()).unwrap();
    file.set_len(5 * 1024 * 1024).unwrap();
    assert!(home.why().contains("larger than 4 MiB"));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn credential_symlinks_dangling_valid_and_circular() {
        let home = home();
        let path = home.source.credential_path();
        symlink(home.dir.path().join("elsewhere"), &path).unwrap();
        assert_eq!(home.why(), "it is a link to a missing file");
        fs::write(home.dir.path().join("elsewhere"), signed_in()).unwrap();
        assert!(matches!(home.source.read(), CredentialRead::Found(_)));
        fs::remove_file(&path).unwrap();
        symlink(&path, &path).unwrap();
        assert!(home.why().contains("system error"));
    }

    /// Hangs where a pipe is waited for.
    #[test]
    fn credential_fifo_is_not_opened_and_its_writer_is_undisturbed() {
        let home = home();
        let path = home.source.credential_path();
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(home.why().contains("a pipe"));

        let writer = std::thread::spawn({
            let path = path.clone();
            move || fs::write(path, "for another")
        });
        assert!(home.why().contains("a pipe"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "for another");
        writer.join().unwrap().unwrap();
    }

    #[test]
    fn credential_path_that_is_a_socket_or_device_is_reported() {
        let home = home();
        let path = home.source.credential_path();
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(home.why().contains("a socket"));
        fs::remove_file(&path).unwrap();
        symlink("/dev/zero", &path).unwrap();
        assert!(home.why().contains("a device"));
    }

    #[test]
    fn credential_file_without_read_permission_is_forbidden() {
        let home = home().holding(signed_in());
        let path = home.source.credential_path();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // The superuser may read everything: what a refusal is called is tested beside the reading.
        if fs::File::open(&path).is_err() {
            assert_eq!(home.absence(), CredentialMissing::Forbidden("permission denied".into()));
        }
    }
}

#[test]
fn credential_file_half_written_is_read_again() {
    let whole = signed_in();
    let home = home().holding(&whole[..40]);
    let mut pauses = 0;
    let read = patiently(
        || home.source.read_once(),
        || {
            pauses += 1;
            if pauses == 3 {
                fs::write(home.source.credential_path(), &whole).unwrap();
            }
        },
    );
    assert!(matches!(read, CredentialRead::Found(_)), "{read:?}");
    assert_eq!(pauses, 3);
}

#[test]
fn credential_read_retries_are_bounded_and_only_for_torn_files() {
    let pauses_for = |home: &Home| {
        let mut pauses = 0;
        patiently(|| home.source.read_once(), || pauses += 1);
        pauses
    };
    assert_eq!(pauses_for(&home().holding("{")), 3);
    for settled in [home(), home().holding("{}"), home().holding(signed_in())] {
        assert_eq!(pauses_for(&settled), 0);
    }
}
