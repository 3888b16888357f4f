//! Reads the account and the time of the last response from a Claude Code session transcript. Newer versions write a
//! `session-owner` line at its start and again near its end.

use crate::quota::attribution::Session;
use crate::quota::attribution::Speaker;
use crate::text;
use crate::time::Wall;
use serde::Deserialize;

/// The data from a transcript, or from its start and its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The last account that it names, with the organization if it names one.
    pub owner: Option<(String, Option<String>)>,
    /// The version of Claude Code that wrote it.
    pub version: Option<String>,
    /// When the last response arrived.
    pub answered_at: Option<Wall>,
    /// The earliest time in the part that was read of its end.
    pub since: Option<Wall>,
    /// Whether it contains a complete line.
    pub has_lines: bool,
}

/// Only the needed members; a line may hold megabytes.
#[derive(Deserialize)]
struct Line {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default, rename = "accountUuid")]
    account: Option<String>,
    #[serde(default, rename = "organizationUuid")]
    organization: Option<String>,
    #[serde(default)]
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    model: Option<String>,
}

/// The model of entries that Claude Code writes in place of a response, such as a network error.
const NO_ANSWER: &str = "<synthetic>";

impl Transcript {
    /// Reads the start and the end, with a possible gap between them. The first line of each may be incomplete.
    pub fn read(head: &[u8], tail: &[u8]) -> Self {
        let mut transcript = Self::default();
        transcript.take(head);
        let owner = transcript.owner.take();
        if !tail.is_empty() {
            transcript.since = None;
            transcript.answered_at = None;
            transcript.take(tail);
        }
        transcript.owner = transcript.owner.or(owner);
        transcript
    }

    fn take(&mut self, bytes: &[u8]) {
        for line in bytes.split(|byte| *byte == b'\n') {
            let Ok(line) = serde_json::from_slice::<Line>(line) else {
                continue;
            };
            self.has_lines = true;
            let at = line.timestamp.as_deref().and_then(time);
            self.since = self.since.or(at);
            self.version = self.version.take().or(line.version);
            match line.kind.as_str() {
                "session-owner" => {
                    if let Some(account) = line.account.as_deref().and_then(name) {
                        self.owner = Some((account, line.organization.as_deref().and_then(name)));
                    }
                }
                "assistant" if line.message.as_ref().is_none_or(|said| said.model.as_deref() != Some(NO_ANSWER)) => {
                    self.answered_at = at.or(self.answered_at);
                }
                _ => {}
            }
        }
    }

    /// Who the session reports for. `writes_owners` tells whether a version records the owner of a session.
    pub fn speaker(self, session: &Session, writes_owners: impl FnOnce(&str) -> bool) -> Speaker {
        if let Some((account, organization)) = self.owner {
            return Speaker::Named { account, organization };
        }
        match session.version.as_ref().or(self.version.as_ref()) {
            Some(version) if writes_owners(version) => Speaker::OwnToken,
            Some(_) | None => Speaker::Unnamed,
        }
    }

    /// When its figures were true: at the last response. If none was read, the earliest time read is the upper bound.
    pub fn figures_at(&self) -> Option<Wall> {
        self.answered_at.or(self.since)
    }
}

fn time(text: &str) -> Option<Wall> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Wall(at.as_millisecond()))
}

fn name(text: &str) -> Option<String> {
    Some(text::clean(text, text::LONG_NAME_MAX)).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = r#"{"type":"session-owner","accountUuid":"ann","timestamp":"2026-09-14T11:00:00.000Z"}"#;

    fn said(kind: &str, at: &str) -> String {
        format!(
            r#"{{"type":"{kind}","version":"2.1.332","timestamp":"2026-09-14T{at}:00.250Z","message":{{"model":"m"}}}}"#
        )
    }

    fn at(hour: i64, minute: i64) -> Option<Wall> {
        Some(Wall(1_789_387_200_250 + (hour - 12) * 3_600_000 + minute * 60_000))
    }

    fn read(lines: &[&str]) -> Transcript {
        Transcript::read(b"", lines.join("\n").as_bytes())
    }

    #[test]
    fn transcript_gives_owner_and_last_answer_time() {
        let told = read(&[OWNER, &said("user", "11:01"), &said("assistant", "11:02"), &said("user", "11:30")]);
        assert_eq!(told.owner, Some(("ann".to_owned(), None)));
        assert_eq!((told.answered_at, told.version.as_deref()), (at(11, 2), Some("2.1.332")));
        assert_eq!(told.figures_at(), at(11, 2), "what is typed later is no answer");
    }

    #[test]
    fn transcript_uses_the_last_owner_else_the_one_at_the_start() {
        let bob = OWNER.replace("ann", "bob").replace(r#""bob""#, r#""bob","organizationUuid":"acme""#);
        let named = |told: Transcript| told.owner;
        assert_eq!(named(read(&[OWNER, &bob])), Some(("bob".to_owned(), Some("acme".to_owned()))));
        let tail = said("assistant", "11:02");
        let told = Transcript::read(OWNER.as_bytes(), format!("half a line\"}}\n{tail}").as_bytes());
        assert_eq!((told.owner.clone(), told.answered_at), (Some(("ann".to_owned(), None)), at(11, 2)));
        assert_eq!(named(Transcript::read(OWNER.as_bytes(), bob.as_bytes())).unwrap().0, "bob");
        for none in [r#"{"type":"session-owner"}"#, r#"{"type":"session-owner","accountUuid":""}"#, "{", "", "[]"] {
            assert_eq!(named(read(&[none])), None, "{none}");
        }
    }

    #[test]
    fn transcript_without_answer_dates_its_limits_to_its_start() {
        let told = read(&[&said("system", "11:05"), &said("user", "11:20")]);
        assert_eq!((told.answered_at, told.figures_at()), (None, at(11, 5)));
        let error = said("assistant", "11:40").replace("\"m\"", "\"<synthetic>\"");
        assert_eq!(read(&[&said("assistant", "11:06"), &error]).figures_at(), at(11, 6), "an error is no answer");
        assert_eq!(read(&["{}"]).figures_at(), None);
        let only_later = Transcript::read(said("assistant", "09:00").as_bytes(), said("user", "11:20").as_bytes());
        assert_eq!(only_later.figures_at(), at(11, 20), "at least not before the part in between");
    }

    #[test]
    fn transcript_without_owner_in_a_naming_version_is_own_token() {
        let session = |version: Option<&str>| Session { version: version.map(str::to_owned), ..Session::default() };
        let speaker = |lines: &[&str], version: Option<&str>, writes: &str| {
            let writes = writes.to_owned();
            read(lines).speaker(&session(version), move |version| version == writes)
        };
        let named = Speaker::Named { account: "ann".into(), organization: None };
        assert_eq!(speaker(&[OWNER], Some("2.1.332"), "2.1.332"), named);
        assert_eq!(speaker(&[&said("user", "11:00")], Some("2.1.332"), "2.1.332"), Speaker::OwnToken);
        assert_eq!(speaker(&[&said("user", "11:00")], None, "2.1.332"), Speaker::OwnToken, "the transcript says which");
        assert_eq!(speaker(&[&said("user", "11:00")], Some("2.1.80"), "2.1.332"), Speaker::Unnamed);
        assert_eq!(speaker(&[], None, "2.1.332"), Speaker::Unnamed);
    }
}
