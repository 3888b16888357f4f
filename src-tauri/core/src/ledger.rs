//! What was asked, what was not, and why: every request can be accounted for (law 15).

use crate::policy;
use crate::request::Endpoint;
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// One line of the ledger. It has no field that could hold a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Wall,
    pub account: String,
    pub endpoint: Endpoint,
    pub event: Happened,
    /// When the next request may go, if a time can be told.
    pub next_at: Option<Wall>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// A permit was given and the request handed to the HTTP layer.
    Sent { why: Reason },
    /// What came of it: the kind, and in words.
    Came { outcome: OutcomeKind, detail: Option<String> },
    /// It was wished for and not sent.
    Withheld { why: Reason, because: String },
}

/// Why a request was made or wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Poll,
    /// A person pressed "Refresh".
    Person,
    /// The credential changed after a 401 (law 6).
    NewCredential,
    /// The access token has ended or is about to.
    Expiry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    Reading,
    RateLimited,
    Unauthorized,
    MissingScope,
    Forbidden,
    ServerTrouble,
    Unreachable,
    Ambiguous,
    Unreadable,
    /// The token endpoint gave new tokens.
    Renewed,
    /// It does not take the refresh token any more.
    GrantRefused,
    /// It does not want the request, for no reason that lies in the token.
    Denied,
    /// It accepted the refresh token, and no usable token came for it.
    Wasted,
    /// The program ended before the answer came.
    Unanswered,
}

/// How long to hold still after the state was lost, by what the ledger still tells: until its last word on the
/// next request; and where it has none, as long as the longest wait that is ever honoured.
pub fn hold_after_loss(entries: &[Entry], now: Wall) -> Wall {
    let longest = now.plus(policy::RETRY_AFTER_MAX);
    let Some(last) = entries.last() else {
        return longest;
    };
    let told = match (&last.event, last.next_at) {
        (Happened::Sent { .. }, _) => last.at.plus(policy::UNANSWERED),
        (Happened::Came { .. } | Happened::Withheld { .. }, Some(next)) => next,
        (Happened::Came { .. } | Happened::Withheld { .. }, None) => longest,
    };
    told.max(last.at.plus(policy::MIN_SPACING)).max(now).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Wall = Wall(1_789_387_200_000);

    fn entry(event: Happened, next_in_s: Option<u64>) -> Entry {
        let next_at = next_in_s.map(|secs| NOW.plus(Duration::from_secs(secs)));
        Entry { at: NOW, account: "a".into(), endpoint: Endpoint::Usage, event, next_at }
    }

    fn came() -> Happened {
        Happened::Came { outcome: OutcomeKind::RateLimited, detail: None }
    }

    #[track_caller]
    fn check(entries: &[Entry], expect_s: u64) {
        assert_eq!(hold_after_loss(entries, NOW), NOW.plus(Duration::from_secs(expect_s)));
    }

    #[test]
    fn the_last_word_of_the_ledger_counts() {
        let sent = || entry(Happened::Sent { why: Reason::Poll }, Some(0));
        check(&[], 86_400);
        check(&[entry(came(), Some(300)), entry(came(), Some(3600))], 3600);
        check(&[entry(came(), Some(10))], 180);
        check(&[entry(came(), None)], 86_400);
        check(&[entry(came(), Some(3600)), sent()], 3600);
        check(&[entry(came(), Some(900_000))], 86_400);
    }
}
