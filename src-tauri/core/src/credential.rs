//! The owner's sign-in: the credential in memory, and the part of it that is saved.

pub mod location;
pub mod poll_targets;
pub mod sign_in_flow;
pub mod store_paths;
pub mod token;

use crate::credential::token::{Fingerprint, RefreshToken, Token};
use crate::gate::policy;
use crate::text;
use crate::time::{Moment, Wall};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The result of reading a credential location.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one at a time is looked at, and most of them hold a sign-in")]
pub enum CredentialRead {
    Found(Credential),
    Absent(CredentialMissing),
}

impl CredentialRead {
    /// A key that the user pasted: it does not expire, cannot be renewed and names no account.
    pub fn of_key(stored: &[u8]) -> Self {
        let Some(access_token) = str::from_utf8(stored).ok().and_then(|key| Token::of(key.trim())) else {
            return Self::Absent(CredentialMissing::EmptyToken);
        };
        Self::Found(Credential {
            access_token,
            expires_at: None,
            refresh_token: None,
            refresh_blanked: false,
            refresh_expires_at: None,
            client: OAuthClient::Default,
            scopes: Vec::new(),
            plan: None,
            identity: Identity::default(),
            naming: Naming::Itself,
        })
    }

    /// Drops the refresh token itself, for all callers that do not spend it.
    #[must_use]
    pub fn without_refresh_token(mut self) -> Self {
        if let Self::Found(credential) = &mut self {
            credential.forget_refresh_token();
        }
        self
    }

    /// Sets when the credential was written, if that is known and matters.
    #[must_use]
    pub fn written(mut self, at: Option<Wall>) -> Self {
        if let Self::Found(Credential { naming: Naming::Beside { written }, .. }) = &mut self {
            *written = at;
        }
        self
    }

    /// When to read again if no watcher reports a change.
    pub fn reread_after(&self) -> Duration {
        match self {
            CredentialRead::Absent(CredentialMissing::Unreadable(_)) => policy::REREAD_TORN,
            CredentialRead::Absent(_) | CredentialRead::Found(_) => policy::REREAD,
        }
    }
}

/// A sign-in as its owner stores it. Kept in memory only.
#[derive(Debug, Clone)]
pub struct Credential {
    pub access_token: Token,
    /// `None` means not stated, not 1970.
    pub expires_at: Option<Wall>,
    /// Single use. `None` if the owner stores none, as after a refused renewal.
    pub refresh_token: Option<RefreshToken>,
    /// The owner blanked the refresh token, as it does after a refused renewal.
    pub refresh_blanked: bool,
    pub refresh_expires_at: Option<Wall>,
    pub client: OAuthClient,
    pub scopes: Vec<String>,
    pub plan: Option<String>,
    pub identity: Identity,
    pub naming: Naming,
}

/// Where the sign-in's account is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// With the tokens: account and organization (newer versions of the owner).
    Itself,
    /// In another file, which may not be written yet. `written` is when the token file was written, if known.
    Beside { written: Option<Wall> },
}

/// The OAuth client that the sign-in was issued to. Its refresh token is valid only for that client (RFC 6749 §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OAuthClient {
    /// The owner's default client: none is stored.
    Default,
    Named(String),
    /// The stored value is not a client ID. A renewal with another client would waste the token.
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

    /// Whether there is an unexpired refresh token.
    pub fn renewable(&self, now: Wall) -> bool {
        self.refresh_token.is_some() && self.refresh_expires_at.is_none_or(|at| at > now)
    }
}

/// The result of a renewal, which replaces the credential in the owner's store. Kept in memory only.
#[derive(Debug, Clone)]
pub struct RenewedTokens {
    /// The refresh token that was spent. Nothing is written if another one is stored.
    pub replaces: Fingerprint,
    pub tokens: Tokens,
}

/// The tokens of a successful grant.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access_token: Token,
    pub expires_at: Option<Wall>,
    /// `None` means that the presented token stays valid.
    pub refresh_token: Option<Token>,
    pub refresh_expires_at: Option<Wall>,
    pub scopes: Option<Vec<String>>,
    /// The account of the tokens, if the answer names it.
    pub account: Option<String>,
}

/// The result of writing [`RenewedTokens`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteBack {
    /// The tokens are durable in the owner's store.
    Written,
    /// Another sign-in is stored by now, so nothing was written.
    Changed,
    /// Writing failed with this system error.
    Failed(String),
}

/// The identity of a sign-in, as far as its owner states it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    #[serde(default, deserialize_with = "text::optional_name")]
    pub account: Option<String>,
    #[serde(default, deserialize_with = "text::optional_name")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "text::optional_name")]
    pub organization: Option<String>,
    /// The provider's organization id. A user may have seats in several organizations, each with its own quota.
    #[serde(default, deserialize_with = "text::optional_name")]
    pub organization_id: Option<String>,
}

impl Identity {
    /// Whether both may be the same seat. A missing field does not distinguish them.
    pub fn may_be(&self, other: &Identity) -> bool {
        let agree = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        agree(&self.account, &other.account) && agree(&self.organization_id, &other.organization_id)
    }

    /// Merges in the identity from the separate file, if it may be the same seat.
    #[must_use]
    pub fn or(self, beside: Identity) -> Self {
        if self.account.is_none() {
            return beside;
        }
        if !self.may_be(&beside) || beside.account.is_none() {
            return self;
        }
        Self { organization_id: self.organization_id.or(beside.organization_id.clone()), ..beside }
    }
}

/// Why there is no usable sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why", content = "detail")]
pub enum CredentialMissing {
    /// There is no file.
    NoFile,
    /// The file has no sign-in, as after signing out.
    NotSignedIn,
    /// The same, but the owner was given an inference token, which may not read usage (403) and is never tried.
    InferenceOnly,
    /// The access token of the stored sign-in is empty or invalid.
    EmptyToken,
    /// The owner blanked the tokens, as it does after a refused renewal.
    Blanked,
    /// The owner recorded that the sign-in has ended, with this reason in its own words.
    LoginEnded(String),
    /// Not in the owner's format: torn, foreign or too large. Describes the problem without the content.
    Unreadable(String),
    /// Opening it failed with this system error.
    Forbidden(String),
    /// The system's keyring, which would hold it, cannot be read.
    Keyring(KeyringTrouble),
}

/// Why the system's keyring cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyringTrouble {
    Locked,
    /// It is missing, does not answer or refuses, for this reason.
    Unavailable(String),
}

impl fmt::Display for KeyringTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => f.write_str("it is locked"),
            Self::Unavailable(why) => f.write_str(why),
        }
    }
}

impl CredentialMissing {
    /// Whether the sign-in ended without the user's doing.
    pub fn is_end(&self) -> bool {
        matches!(self, CredentialMissing::Blanked | CredentialMissing::LoginEnded(_))
    }
}

/// What is known of the sign-in. Saved, so that `status` works while Holdoff is not running.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialStatus {
    /// `None` until the first read.
    pub seen: Option<CredentialPresence>,
    /// Where it was found or is expected, for display.
    pub place: String,
    #[serde(default, deserialize_with = "text::optional_name")]
    pub plan: Option<String>,
    pub identity: Identity,
    /// Whether it was renewable when last read.
    #[serde(default)]
    pub renewable: bool,
    /// The owner blanked its refresh token.
    #[serde(default)]
    pub refresh_blanked: bool,
    /// The last access token that was present, kept while there is none.
    #[serde(default)]
    pub last_token: Option<Fingerprint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialPresence {
    Present { fingerprint: Fingerprint, expires_at: Option<Wall> },
    Absent(CredentialMissing),
}

/// A sign-in of which only one of its two files may be written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    fingerprint: Fingerprint,
    identity: Identity,
    pub(crate) refresh: Option<Fingerprint>,
    /// From then on, it is accepted as it is.
    pub until: Moment,
}

impl Unsettled {
    /// Checks whether `found` may be half of a sign-in other than `known`, whose access token may also be `settled`.
    /// `before` is the result of the previous check.
    pub fn check(
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
        if !has_new_token && !has_new_name {
            return None;
        }
        let identity = found.identity.clone();
        let refresh = found.refresh_token.as_ref().map(|token| token.fingerprint().clone());
        if let Some(same) = before.filter(|before| before.fingerprint == fingerprint && before.identity == identity) {
            return same.until.is_after(now).then_some(Self { refresh, ..same });
        }
        // A new token beside a new name may not be its: either may belong to a sign-in that came and went unseen.
        let written = written.filter(|_| !has_new_name).map_or(Duration::ZERO, |written| now.wall.since(written));
        let left = policy::SETTLED_AFTER.saturating_sub(written);
        (!left.is_zero()).then(|| Self { fingerprint, identity, refresh, until: now.plus(left) })
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

    /// Whether it has expired and its owner knows that it cannot be renewed.
    pub fn has_ended(&self, now: Wall) -> bool {
        self.refresh_blanked && self.expired(now)
    }
}
