//! The owner's sign-in: what was read of it, and what of that is kept.

pub mod location;
pub mod poll_targets;
pub mod sign_in_flow;
pub mod token;

use crate::credential::token::{Fingerprint, RefreshToken, Token};
use crate::gate::policy;
use crate::text;
use crate::time::{Moment, Wall};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a look at the place of the sign-in found.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one at a time is looked at, and most of them hold a sign-in")]
pub enum CredentialRead {
    Found(Credential),
    Absent(CredentialMissing),
}

impl CredentialRead {
    /// Without the refresh token itself, for all who do not spend it.
    #[must_use]
    pub fn without_refresh_token(mut self) -> Self {
        if let Self::Found(credential) = &mut self {
            credential.forget_refresh_token();
        }
        self
    }

    /// When it was written, where that is known and counts.
    #[must_use]
    pub fn written(mut self, at: Option<Wall>) -> Self {
        if let Self::Found(Credential { naming: Naming::Beside { written }, .. }) = &mut self {
            *written = at;
        }
        self
    }

    /// With no word from a watcher, how soon to look again.
    pub fn look_again(&self) -> Duration {
        match self {
            CredentialRead::Absent(CredentialMissing::Unreadable(_)) => policy::REREAD_TORN,
            CredentialRead::Absent(_) | CredentialRead::Found(_) => policy::REREAD,
        }
    }
}

/// A sign-in as its owner stores it. In memory only.
#[derive(Debug, Clone)]
pub struct Credential {
    pub access_token: Token,
    /// `None` is "not said", not 1970.
    pub expires_at: Option<Wall>,
    /// Works once. `None` where the owner keeps none, as after a refused renewal.
    pub refresh_token: Option<RefreshToken>,
    /// The owner emptied it, as it does after a refused renewal.
    pub refresh_blanked: bool,
    pub refresh_expires_at: Option<Wall>,
    pub client: OAuthClient,
    pub scopes: Vec<String>,
    pub plan: Option<String>,
    pub identity: Identity,
    pub naming: Naming,
}

/// Where it stands whose sign-in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// With the tokens: account and organization (newer versions of the owner).
    Itself,
    /// In another file, which may not have been written yet. `written` is when that of the tokens was, if that is known.
    Beside { written: Option<Wall> },
}

/// The OAuth client that a sign-in was given to: its refresh token is good in that one's name only (RFC 6749 §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OAuthClient {
    /// The owner's usual one: none is stored.
    Default,
    Named(String),
    /// What is stored is no client id. A renewal in another's name would spend the token for nothing.
    Unusable,
}

impl Credential {
    pub fn fingerprint(&self) -> Fingerprint {
        self.access_token.fingerprint()
    }

    pub fn expired(&self, now: Wall) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    pub fn forget_refresh_token(&mut self) {
        self.refresh_token.iter_mut().for_each(RefreshToken::forget);
    }

    /// Whether there is a refresh token that has not run out.
    pub fn renewable(&self, now: Wall) -> bool {
        self.refresh_token.is_some() && self.refresh_expires_at.is_none_or(|at| at > now)
    }
}

/// What a renewal brought: it takes the place of what was read, in the owner's own store. In memory only.
#[derive(Debug, Clone)]
pub struct RenewedTokens {
    /// The refresh token that was spent for it. Where the stored one is another, nothing is written.
    pub replaces: Fingerprint,
    pub tokens: Tokens,
}

/// The tokens of a successful grant.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access_token: Token,
    pub expires_at: Option<Wall>,
    /// `None`: the one that was presented stays.
    pub refresh_token: Option<Token>,
    pub refresh_expires_at: Option<Wall>,
    pub scopes: Option<Vec<String>>,
    /// Whose tokens they are, where the answer says so.
    pub account: Option<String>,
}

/// What became of a [`RenewedTokens`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteBack {
    /// It is durable where the owner looks for it.
    Written,
    /// Another sign-in stands there by now, and was left alone.
    Changed,
    /// It could not be written: what the system says.
    Failed(String),
}

/// Whose sign-in it is, as far as its owner says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    #[serde(default, deserialize_with = "text::optional_name")]
    pub account: Option<String>,
    #[serde(default, deserialize_with = "text::optional_name")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "text::optional_name")]
    pub organization: Option<String>,
    /// The provider's own id of the organization: a person may have a seat in several, each with a quota of its own.
    #[serde(default, deserialize_with = "text::optional_name")]
    pub organization_id: Option<String>,
}

impl Identity {
    /// Whether both can be the same seat: what one of them does not say does not tell them apart.
    pub fn may_be(&self, other: &Identity) -> bool {
        let agree = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        agree(&self.account, &other.account) && agree(&self.organization_id, &other.organization_id)
    }

    /// What the sign-in says itself, and of the same seat what the file beside it says.
    #[must_use]
    pub fn or(self, beside: Identity) -> Self {
        if self.account.is_none() {
            return beside;
        }
        if !self.may_be(&beside) || beside.account.is_none() {
            return self;
        }
        Self {
            organization_id: self.organization_id.or(beside.organization_id.clone()),
            account: self.account,
            ..beside
        }
    }
}

/// Why there is no sign-in to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why", content = "detail")]
pub enum CredentialMissing {
    /// Nothing there.
    NoFile,
    /// The file is there and holds no Claude sign-in, as after signing out.
    NotSignedIn,
    /// The same, but `CLAUDE_CODE_OAUTH_TOKEN` is set: a token that may not read usage (403), and is never tried.
    InferenceOnly,
    /// It holds a sign-in whose access token is empty or not a token.
    EmptyToken,
    /// Its owner has emptied the tokens, as it does when its renewal was refused.
    Blanked,
    /// Its owner has noted that the sign-in is over, and why, in its own word.
    LoginEnded(String),
    /// It is not what the owner writes: torn, foreign, too large. What is wrong, without its content.
    Unreadable(String),
    /// It could not be opened: what the system says.
    Forbidden(String),
}

impl CredentialMissing {
    /// The sign-in has come to an end that its person did not bring about.
    pub fn is_end(&self) -> bool {
        matches!(self, CredentialMissing::Blanked | CredentialMissing::LoginEnded(_))
    }
}

/// What is known of the sign-in, kept so that `status` can tell it with no program running.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialStatus {
    /// `None` until the first look.
    pub seen: Option<CredentialPresence>,
    /// Where it was found or is expected, for people.
    pub place: String,
    #[serde(default, deserialize_with = "text::optional_name")]
    pub plan: Option<String>,
    pub identity: Identity,
    /// It could be renewed when it was last looked at.
    #[serde(default)]
    pub renewable: bool,
    /// Its owner emptied its refresh token.
    #[serde(default)]
    pub refresh_blanked: bool,
    /// The access token that was there last, also while none is.
    #[serde(default)]
    pub last_token: Option<Fingerprint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialPresence {
    Present { fingerprint: Fingerprint, expires_at: Option<Wall> },
    Absent(CredentialMissing),
}

/// A sign-in of which one file was written, and the other, it seems, was not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    fingerprint: Fingerprint,
    identity: Identity,
    since: Moment,
    /// Its refresh token.
    pub(crate) refresh: Option<Fingerprint>,
    /// It is taken as it stands from then on.
    pub until: Moment,
}

impl Unsettled {
    /// Looks whether `found` may be half of another sign-in than `known`, whose access token `settled` is too. `before` is what this said of the last look.
    pub fn look(
        before: Option<Self>,
        known: &CredentialStatus,
        settled: Option<&Fingerprint>,
        found: &Credential,
        now: Moment,
    ) -> Option<Self> {
        let Naming::Beside { written } = found.naming else {
            return None;
        };
        known.seen.as_ref()?;
        known.identity.account.as_ref()?;
        let fingerprint = found.fingerprint();
        let known_tokens = [settled, known.fingerprint(), known.last_token.as_ref()];
        let has_new_token = !known_tokens.contains(&Some(&fingerprint));
        let has_new_name = found.identity.account.is_some() && !found.identity.may_be(&known.identity);
        let has_half = has_new_token != has_new_name;
        // Where one came after the other, the first may be of a third sign-in.
        let came_apart = has_new_token && has_new_name && before.is_some();
        if !has_half && !came_apart {
            return None;
        }
        let same = before.filter(|before| before.fingerprint == fingerprint && before.identity == found.identity);
        let written =
            written.filter(|_| has_half && has_new_token).map_or(Duration::ZERO, |written| now.wall.since(written));
        let since = same.map_or(now, |before| before.since);
        let left = policy::SETTLED_AFTER.saturating_sub(now.since(since)).saturating_sub(written);
        let until = now.plus(left);
        let refresh = found.refresh_token.as_ref().map(|token| token.fingerprint().clone());
        (!left.is_zero()).then(|| Self { fingerprint, identity: found.identity.clone(), since, refresh, until })
    }
}

impl CredentialStatus {
    pub fn expires_at(&self) -> Option<Wall> {
        match &self.seen {
            Some(CredentialPresence::Present { expires_at, .. }) => *expires_at,
            Some(CredentialPresence::Absent(_)) | None => None,
        }
    }

    pub fn fingerprint(&self) -> Option<&Fingerprint> {
        match &self.seen {
            Some(CredentialPresence::Present { fingerprint, .. }) => Some(fingerprint),
            Some(CredentialPresence::Absent(_)) | None => None,
        }
    }

    pub fn expired(&self, now: Wall) -> bool {
        self.expires_at().is_some_and(|at| at <= now)
    }

    /// It has run out, and its owner knows that it cannot be renewed.
    pub fn has_ended(&self, now: Wall) -> bool {
        self.refresh_blanked && self.expired(now)
    }
}
