//! Uses a Claude Code session's transcript to tell which account the limits it reports belong to, and how old they are. The app
//! reads it, not the status line command, and only a bounded part of its beginning and end.

use crate::platform::fs;
use holdoff_core::providers::Provider;
use holdoff_core::providers::anthropic::transcript::Transcript;
use holdoff_core::{Reading, ReportedReading, Session, Speaker, Wall};
use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The account is in the first lines.
const HEAD: u64 = 64 * 1024;
/// The last response is usually near the end. If it is not in the first size, the second is read.
const TAILS: [u64; 2] = [128 * 1024, 2 * 1024 * 1024];
/// Where both the last response and the account usually are, so that nothing else is read.
const END: u64 = 16 * 1024;
/// Claude Code's folder with one subfolder per project.
const PROJECTS: &str = "projects";
/// The number of newest other transcripts to check for what a version writes, and how many folders and files to search.
const OTHERS: usize = 24;
const FOLDERS_MAX: usize = 400;
const FILES_MAX: usize = 2000;
/// How long to assume that a version does not write the account, in real time.
const AGAIN: Duration = Duration::from_secs(600);
/// The limit of remembered versions and sessions.
const KNOWN_MAX: usize = 64;

/// What is known about sessions and versions. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Sessions(Arc<Mutex<Cache>>);

#[derive(Debug, Default)]
struct Cache {
    /// Per version: `None` if it writes the account, else when it was last found not to.
    versions: BTreeMap<String, Option<Instant>>,
    /// Per transcript: the last response.
    answers: BTreeMap<String, Answer>,
}

/// The last response of a session.
#[derive(Debug, Clone, Copy)]
struct Answer {
    /// The session's total API time up to then in milliseconds, if it reports it.
    waited: Option<u64>,
    at: Wall,
    /// `at` is from the transcript. Otherwise it is when the response was first seen.
    is_from_transcript: bool,
}

impl Sessions {
    /// Finds the account and the time of a `reading` from this session in this location. Returns `None` if the transcript
    /// exists but has no complete line, as while it is being truncated or rewritten. Blocks.
    pub fn reading(&self, place: String, mut reading: Reading, session: &Session) -> Option<ReportedReading> {
        let path = session.transcript.as_deref().map(Path::new).filter(|path| path.is_absolute());
        let transcript = path.and_then(read);
        reading.at = self.answered_at(session, transcript.as_ref(), reading.at)?;
        let speaker = match (path, transcript) {
            (Some(path), Some(transcript)) => {
                if let (Some(_), Some(version)) = (&transcript.owner, &transcript.version) {
                    self.remember(version, true);
                }
                transcript.speaker(session, |version| self.writes_owners(version, path))
            }
            (Some(path), None) => Transcript::default().speaker(session, |version| self.writes_owners(version, path)),
            (None, _) => Speaker::Unnamed,
        };
        Some(ReportedReading { provider: Provider::Anthropic, place, speaker, reading })
    }

    /// When the last response arrived that a session reports at `now`. An open session keeps repeating it, so it keeps its age
    /// even while its transcript is being rewritten. Otherwise it would look newer than other sessions' responses and hide
    /// them.
    fn answered_at(&self, session: &Session, transcript: Option<&Transcript>, now: Wall) -> Option<Wall> {
        let Some(name) = &session.transcript else { return Some(now) };
        let waited = session.api_ms;
        let answers = &mut self.cache().answers;
        let known = answers.get(name).copied();
        let same = known.filter(|known| known.waited == waited);
        let told = transcript.and_then(Transcript::figures_at).map(|at| at.min(now));
        let answer = match (told, same) {
            (Some(told), Some(same)) if waited.is_some() && same.is_from_transcript => {
                Answer { at: told.max(same.at), ..same }
            }
            (Some(at), _) => Answer { waited, at, is_from_transcript: true },
            (None, Some(same)) => same,
            (None, None) if transcript.is_some_and(|transcript| !transcript.has_lines) && known.is_none() => {
                return None;
            }
            (None, None) => Answer { waited, at: now, is_from_transcript: false },
        };
        if answers.len() >= KNOWN_MAX && known.is_none() {
            answers.clear();
        }
        if answer.is_from_transcript || waited.is_some() {
            answers.insert(name.clone(), answer);
        }
        Some(answer.at.min(now))
    }

    /// Whether this Claude Code version writes the account into transcripts, judged by its other transcripts.
    fn writes_owners(&self, version: &str, beside: &Path) -> bool {
        match self.cache().versions.get(version) {
            Some(None) => return true,
            Some(Some(looked)) if looked.elapsed() < AGAIN => return false,
            Some(Some(_)) | None => {}
        }
        let writes = others(beside).iter().any(|path| {
            let head = fs::read_part(path, 0, HEAD).unwrap_or_default();
            let transcript = Transcript::read(&head, b"");
            transcript.owner.is_some() && transcript.version.as_deref() == Some(version)
        });
        self.remember(version, writes);
        writes
    }

    fn remember(&self, version: &str, writes: bool) {
        let versions = &mut self.cache().versions;
        if versions.len() >= KNOWN_MAX {
            versions.clear();
        }
        versions.insert(version.to_owned(), (!writes).then(Instant::now));
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns `None` if it cannot be read.
fn read(path: &Path) -> Option<Transcript> {
    let size = fs::size(path).ok()?;
    let end = fs::read_part(path, size.saturating_sub(END), END).ok()?;
    let mut transcript = Transcript::read(b"", &end);
    // The last of each counts, so no earlier line changes them.
    if transcript.owner.is_some() && transcript.answered_at.is_some() {
        return Some(transcript);
    }
    for most in TAILS {
        let head = fs::read_part(path, 0, HEAD.min(size.saturating_sub(most))).ok()?;
        let tail = fs::read_part(path, size.saturating_sub(most), most).ok()?;
        transcript = Transcript::read(&head, &tail);
        if transcript.answered_at.is_some() || size <= most {
            break;
        }
    }
    Some(transcript)
}

/// The owner's other transcripts, newest first, from all project folders. The path comes from the caller of the status line, so
/// no folder outside `projects` is searched.
fn others(path: &Path) -> Vec<PathBuf> {
    let projects = path.parent().and_then(Path::parent);
    let Some(projects) = projects.filter(|folder| folder.file_name().is_some_and(|name| name == PROJECTS)) else {
        return Vec::new();
    };
    let entries = |dir: &Path, most: usize| -> Vec<DirEntry> {
        std::fs::read_dir(dir).into_iter().flatten().flatten().take(most).collect()
    };
    let files = entries(projects, FOLDERS_MAX).into_iter().flat_map(|folder| entries(&folder.path(), FILES_MAX));
    let mut files: Vec<_> = files
        .take(FILES_MAX)
        .map(|entry| (entry.metadata().and_then(|file| file.modified()).ok(), entry.path()))
        .filter(|(_, other)| other.extension().is_some_and(|end| end == "jsonl") && other != path)
        .collect();
    files.sort_by(|a, b| b.cmp(a));
    files.into_iter().take(OTHERS).map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdoff_core::providers::anthropic::status_line;
    use holdoff_core::quota::merge;
    use holdoff_core::{AccountId, PassiveReading, Source};
    use std::fs;
    use tempfile::TempDir;

    const NOON: Wall = Wall(1_789_387_200_000);

    struct Projects(TempDir);

    impl Projects {
        fn new() -> Self {
            let projects = Self(tempfile::tempdir().unwrap());
            for folder in ["projects/a", "projects/b", "elsewhere/a", "elsewhere/b"] {
                fs::create_dir_all(projects.0.path().join(folder)).unwrap();
            }
            projects
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join("projects").join(name)
        }

        fn write(&self, name: &str, text: &str) -> Session {
            let path = self.path(name);
            fs::write(&path, text).unwrap();
            session(&path, 1)
        }
    }

    fn session(path: &Path, api_ms: u64) -> Session {
        Session {
            transcript: Some(path.to_str().unwrap().to_owned()),
            version: Some("2.1.332".to_owned()),
            api_ms: Some(api_ms),
        }
    }

    fn owner(account: &str) -> String {
        format!("{{\"type\":\"session-owner\",\"accountUuid\":\"{account}\"}}\n{}", line("user", "10:00"))
    }

    fn line(kind: &str, at: &str) -> String {
        format!(
            "{{\"type\":\"{kind}\",\"version\":\"2.1.332\",\"timestamp\":\"2026-09-14T{at}:00Z\",\"message\":{{}}}}\n"
        )
    }

    fn at(minutes: i64) -> Wall {
        Wall(NOON.0 + minutes * 60_000)
    }

    fn told(sessions: &Sessions, session: &Session, now: Wall) -> (Speaker, Wall) {
        let told =
            sessions.reading("~/x".into(), Reading::new(Source::StatusLine, now, vec![], vec![]), session).unwrap();
        (told.speaker, told.reading.at)
    }

    fn named(account: &str) -> Speaker {
        Speaker::Named { account: account.to_owned(), organization: None }
    }

    #[test]
    fn transcript_too_long_is_read_at_both_ends() {
        let (projects, sessions) = (Projects::new(), Sessions::default());
        let printed = format!("{{\"type\":\"user\",\"message\":\"{}\"}}\n", "x".repeat(1000));
        for (before, after) in [(10, 10), (500, 50), (500, 500), (5000, 1900)] {
            let text = owner("ann") + &printed.repeat(before) + &line("assistant", "11:00") + &printed.repeat(after);
            let session = projects.write("a/s.jsonl", &text);
            assert_eq!(told(&sessions, &session, NOON), (named("ann"), at(-60)), "{before} {after}");
        }
        let session = projects.write("a/s.jsonl", &(owner("ann") + &line("assistant", "11:00") + &owner("bob")));
        assert_eq!(told(&sessions, &session, NOON).0, named("bob"));
        let future = projects.write("a/s.jsonl", &(owner("ann") + &line("assistant", "13:00")));
        assert_eq!(told(&sessions, &future, NOON).1, NOON, "no answer is from the future");
    }

    #[test]
    fn session_without_an_account_is_judged_by_others_of_its_version() {
        let (projects, sessions) = (Projects::new(), Sessions::default());
        let none = projects.write("a/s.jsonl", &(line("user", "10:00") + &line("assistant", "11:00")));
        assert_eq!(told(&sessions, &none, NOON), (Speaker::Unnamed, at(-60)));
        projects.write("b/other.jsonl", &owner("ann"));
        assert_eq!(told(&sessions, &none, NOON).0, Speaker::Unnamed, "it is not looked for all the time");
        let sessions = Sessions::default();
        assert_eq!(told(&sessions, &none, NOON).0, Speaker::OwnToken);
        fs::remove_file(projects.path("b/other.jsonl")).unwrap();
        assert_eq!(told(&sessions, &none, NOON).0, Speaker::OwnToken, "it is remembered");
        let older = Session { version: Some("2.1.80".into()), ..none };
        assert_eq!(told(&sessions, &older, NOON).0, Speaker::Unnamed);
        // A session that has written nothing yet.
        let unwritten = session(&projects.path("a/new.jsonl"), 1);
        assert_eq!(told(&sessions, &unwritten, NOON).0, Speaker::OwnToken);
    }

    #[test]
    fn session_lookup_stays_within_the_projects_folder() {
        let (projects, sessions) = (Projects::new(), Sessions::default());
        projects.write("../elsewhere/b/other.jsonl", &owner("ann"));
        let elsewhere = projects.write("../elsewhere/a/s.jsonl", &line("user", "10:00"));
        assert_eq!(told(&sessions, &elsewhere, NOON).0, Speaker::Unnamed);
        projects.write("b/other.jsonl", &owner("ann"));
        let here = projects.write("a/s.jsonl", &line("user", "10:00"));
        assert_eq!(told(&Sessions::default(), &here, NOON).0, Speaker::OwnToken);
    }

    #[test]
    fn session_without_a_transcript_is_dated_by_its_api_time() {
        let sessions = Sessions::default();
        let gone = |api_ms| session(Path::new("/nowhere/of-holdoff/a/s.jsonl"), api_ms);
        assert_eq!(told(&sessions, &gone(5), at(0)).1, at(0));
        assert_eq!(told(&sessions, &gone(5), at(9)).1, at(0), "nothing was answered since");
        assert_eq!(told(&sessions, &gone(6), at(10)).1, at(10));
        let unsaid = Session { api_ms: None, ..gone(6) };
        assert_eq!(told(&sessions, &unsaid, at(20)).1, at(20));
    }

    /// Its figures are those of the previous response, even while the transcript is being rewritten.
    #[test]
    fn session_reading_keeps_its_age_while_the_transcript_is_rewritten() {
        let whole = line("user", "10:00") + &line("assistant", "11:00");
        let (projects, sessions) = (Projects::new(), Sessions::default());
        let session = projects.write("a/s.jsonl", &whole);
        let path = projects.path("a/s.jsonl");
        assert_eq!(told(&sessions, &session, NOON).1, at(-60));
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(told(&sessions, &session, NOON).1, at(-60), "{cut}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(told(&sessions, &session, NOON).1, at(-60), "between two files");
        let unsaid = Session { api_ms: None, ..projects.write("b/s.jsonl", &whole) };
        assert_eq!(told(&sessions, &unsaid, NOON).1, at(-60));
        fs::write(projects.path("b/s.jsonl"), "").unwrap();
        assert_eq!(told(&sessions, &unsaid, NOON).1, at(-60));

        // The next response, which the restored transcript already includes.
        let next = Session { api_ms: Some(2), ..session };
        assert_eq!(told(&sessions, &next, at(1)).1, at(1));
        fs::write(&path, whole + &line("assistant", "11:30")).unwrap();
        assert_eq!(told(&sessions, &next, at(2)).1, at(-30));
        // A response that it does not include yet.
        let later = Session { api_ms: Some(3), ..next };
        assert_eq!(told(&sessions, &later, at(9)).1, at(-30));
    }

    /// A new session has no transcript at first. A transcript without any timestamp is incomplete.
    #[test]
    fn transcript_incomplete_on_first_sight_gives_no_reading() {
        let (projects, sessions) = (Projects::new(), Sessions::default());
        for text in ["", "{\"type\":\"assistant\",\"timestamp\":\"2026-09-", "\n"] {
            let session = projects.write("a/s.jsonl", text);
            let reading = Reading::new(Source::StatusLine, NOON, vec![], vec![]);
            assert_eq!(sessions.reading("~/x".into(), reading, &session), None, "{text:?}");
        }
        let session = projects.write("a/s.jsonl", &line("assistant", "11:00"));
        assert_eq!(told(&sessions, &session, NOON).1, at(-60));
        // Complete, of a session without a response so far.
        let session = projects.write("b/s.jsonl", "{\"type\":\"session-owner\",\"accountUuid\":\"ann\"}\n");
        assert_eq!(told(&sessions, &session, NOON).1, NOON);
    }

    /// Two sessions: one got a response an hour ago and only repeats it, the other a minute ago.
    #[test]
    fn session_with_the_latest_response_is_shown_over_a_torn_older_one() {
        let (projects, sessions) = (Projects::new(), Sessions::default());
        let (old, new) = (line("assistant", "11:00"), line("assistant", "11:59"));
        let (older, newer) = (projects.write("a/s.jsonl", &old), projects.write("b/s.jsonl", &new));
        let mut shown = None;
        let mut speak = |session: &Session, used: f64| {
            let text = format!("{{\"rate_limits\":{{\"five_hour\":{{\"used_percentage\":{used}}}}}}}");
            let reading = status_line::read(text.as_bytes()).unwrap().reading(NOON).unwrap();
            let reading = sessions.reading("~/x".into(), reading, session).unwrap().reading;
            let account = AccountId("anthropic:ann".into());
            shown = merge::with_passive(shown.take(), PassiveReading { account, reading }, NOON);
            shown.as_ref().unwrap().windows[0].used_percent
        };
        assert_eq!(speak(&older, 33.0), Some(33.0));
        projects.write("a/s.jsonl", "");
        assert_eq!(speak(&older, 33.0), Some(33.0));
        projects.write("a/s.jsonl", &old);
        assert_eq!(speak(&newer, 40.0), Some(40.0));
    }

    /// Hangs if reading waits for the pipe.
    #[cfg(unix)]
    #[test]
    fn transcript_that_is_no_regular_file_is_not_opened() {
        let projects = Projects::new();
        let pipe = projects.path("a/pipe.jsonl");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe.as_path(), projects.0.path(), Path::new("/dev/zero")] {
            assert_eq!(told(&Sessions::default(), &session(path, 1), NOON), (Speaker::Unnamed, NOON));
        }
    }
}
