//! The owner of the sign-in: Claude Code, with its file, its locks and its own renewals.

use super::tokens::{LIFE, Pair, SETUP_TOKEN_LIFE};
use crate::observation::{MINUTE, Millis, SECOND, SignIn, TokenId};
use crate::rng::Rng;
use crate::schedule::Person;
use holdoff_core::credential::token::Token;
use holdoff_core::credential::{CredentialMissing, Identity, RenewedTokens};
use holdoff_core::providers::anthropic::credential;
use holdoff_core::providers::anthropic::{Succession, apply_tokens};
use holdoff_core::{CredentialRead, Wall};

/// The maximum delay between the two files of a sign-in. Until then, no request may ask for one account with the
/// other's token.
pub(super) const SETTLING: Millis = 15 * SECOND;

/// Keys of other programs in the same file, which must stay there.
const SIBLINGS: &str = r#""mcpOAuth":{"srv|hash":{"accessToken":"other"}},"trustedDeviceToken":null"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Free,
    /// Held by the owner until then.
    Owner(Millis),
    Holdoff,
}

#[derive(Debug)]
pub(super) struct Owner {
    names_itself: bool,
    /// When the person last changed in either file.
    pub(super) changed_at: Millis,
    /// When the first of the two files was changed.
    pub(super) began_at: Millis,
    /// The stored sign-in then, if the other file had not named its person for so long that nobody waits any more.
    pub(super) misnamed: Option<TokenId>,
    bytes: Vec<u8>,
    /// When they were written, by the clock of that moment.
    written: Option<Wall>,
    read: CredentialRead,
    stored: Option<SignIn>,
    /// The refresh token that was stored before.
    previous: Option<Token>,
    /// The name in the other file.
    pub(super) name: Option<Person>,
    pub(super) person: Person,
    pub(super) torn: bool,
    pub(super) works_until: Millis,
    pub(super) lock: Lock,
    /// Nothing can be written.
    pub(super) shielded: bool,
}

impl Owner {
    pub(super) fn new(names_itself: bool) -> Self {
        Self {
            names_itself,
            changed_at: 0,
            began_at: 0,
            misnamed: None,
            bytes: Vec::new(),
            written: None,
            read: CredentialRead::Absent(CredentialMissing::NoFile),
            stored: None,
            previous: None,
            name: None,
            person: Person::Ann,
            torn: false,
            works_until: 0,
            lock: Lock::Free,
            shielded: false,
        }
    }

    /// What a reader of the file finds.
    pub(super) fn read(&self) -> CredentialRead {
        if self.torn {
            return CredentialRead::Absent(CredentialMissing::Unreadable("it is not whole".to_owned()));
        }
        self.read.clone().written(self.written)
    }

    /// A program starts to write another sign-in.
    pub(super) fn begin(&mut self, now: Millis) {
        let misnamed = !self.names_itself && self.name != Some(self.person) && now - self.changed_at >= SETTLING;
        self.misnamed = self.stored.filter(|_| misnamed).map(|stored| stored.access);
        (self.changed_at, self.began_at) = (now, now);
    }

    pub(super) fn sign_in(&self) -> Option<SignIn> {
        self.stored.filter(|_| !self.torn)
    }

    pub(super) fn refresh_token(&self) -> Option<&Token> {
        match &self.read {
            CredentialRead::Found(found) if !self.torn => found.refresh_token.as_ref()?.secret(),
            _ => None,
        }
    }

    /// The one that Holdoff saw, if somebody signed in a moment later.
    pub(super) fn previous_refresh_token(&self) -> Option<&Token> {
        self.previous.as_ref()
    }

    /// When the stored access token expires, by the wall clock.
    pub(super) fn expires_at(&self) -> Option<Wall> {
        match &self.read {
            CredentialRead::Found(found) if !self.torn => found.expires_at,
            _ => None,
        }
    }

    pub(super) fn refresh_ended(&self, now: Wall) -> bool {
        match &self.read {
            CredentialRead::Found(found) => found.refresh_expires_at.is_some_and(|at| at <= now),
            CredentialRead::Absent(_) => true,
        }
    }

    /// The owner rewrites its file.
    pub(super) fn write(&mut self, pair: Pair, keeps: Option<TokenId>, now: Wall, rng: &mut Rng) {
        let refresh = pair.refresh.or(keeps);
        let ends = now.0 + LIFE;
        // Some versions omit either expiry.
        let expires = if rng.percent(4) { "null".to_owned() } else { ends.to_string() };
        let lasts = if rng.percent(50) {
            format!(r#","refreshTokenExpiresAt":{}"#, ends + 29 * 24 * 60 * MINUTE)
        } else {
            String::new()
        };
        let whose = if self.names_itself { names(pair.person) } else { String::new() };
        let shown = refresh.map_or("null".to_owned(), |refresh| format!(r#""sk-ant-ort01-{}""#, refresh.0));
        let text = format!(
            r#"{{"claudeAiOauth":{{"accessToken":"sk-ant-oat01-{}","refreshToken":{shown},"expiresAt":{expires}{lasts},"scopes":["user:inference","user:profile"],"subscriptionType":"max"{whose}}},{SIBLINGS}}}"#,
            pair.access.0
        );
        self.stored = Some(SignIn { access: pair.access, refresh, has_scope: true });
        self.person = pair.person;
        self.torn = false;
        self.put(text.into_bytes(), now);
    }

    /// Stores the token of `claude setup-token` as the sign-in: for inference only, without a refresh token.
    pub(super) fn write_setup_token(&mut self, access: TokenId, now: Wall) {
        let ends = now.0 + SETUP_TOKEN_LIFE;
        let whose = if self.names_itself { names(self.person) } else { String::new() };
        let text = format!(
            r#"{{"claudeAiOauth":{{"accessToken":"sk-ant-oat01-{}","refreshToken":null,"expiresAt":{ends},"scopes":["user:inference"],"subscriptionType":"max"{whose}}},{SIBLINGS}}}"#,
            access.0
        );
        self.stored = Some(SignIn { access, refresh: None, has_scope: false });
        self.torn = false;
        self.put(text.into_bytes(), now);
    }

    pub(super) fn sign_out(&mut self, now: Wall) {
        self.stored = None;
        self.torn = false;
        self.put(format!("{{{SIBLINGS}}}").into_bytes(), now);
    }

    /// As after a refused renewal: clears the whole pair, or in older versions only the refresh token.
    pub(super) fn blank(&mut self, whole: bool, now: Wall) {
        let Some(refresh) = self.stored.as_mut().and_then(|stored| stored.refresh.take()) else {
            return;
        };
        if whole {
            self.stored = None;
            let blank =
                r#""claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0,"subscriptionType":"max"}"#;
            return self.put(format!("{{{blank},{SIBLINGS}}}").into_bytes(), now);
        }
        let text = String::from_utf8_lossy(&self.bytes).replace(&format!(r#""sk-ant-ort01-{}""#, refresh.0), "\"\"");
        self.put(text.into_bytes(), now);
    }

    /// Whether a reader now sees that the sign-in has ended.
    pub(super) fn has_ended(&self, now: Wall) -> bool {
        match &self.read {
            _ if self.torn => false,
            CredentialRead::Found(found) => found.refresh_blanked && found.expired(now),
            CredentialRead::Absent(absence) => absence.is_end(),
        }
    }

    pub(super) fn renamed(&mut self) {
        self.read = credential::read(&self.bytes, self.name.map(identity).unwrap_or_default());
    }

    fn put(&mut self, bytes: Vec<u8>, now: Wall) {
        let before = self.refresh_token().cloned();
        self.written = Some(now);
        self.read = credential::read(&bytes, self.name.map(identity).unwrap_or_default());
        self.bytes = bytes;
        if before.as_ref().map(Token::expose) != self.refresh_token().map(Token::expose) {
            self.previous = before;
        }
    }

    pub(super) fn would_write(&self, successor: &RenewedTokens) -> bool {
        matches!(apply_tokens(self.bytes(), successor), Succession::Write(_))
    }

    fn bytes(&self) -> &[u8] {
        if self.torn { &self.bytes[..self.bytes.len().min(10)] } else { &self.bytes }
    }

    /// Holdoff writes new tokens: compare and swap, by the rule of the core. Returns the result, and whether the keys
    /// of other programs are still there.
    pub(super) fn apply_tokens(&mut self, successor: &RenewedTokens, pair: Pair, now: Wall) -> (Succession, bool) {
        let succession = apply_tokens(self.bytes(), successor);
        if let Succession::Write(rewritten) = &succession {
            let bytes = rewritten.expose().to_vec();
            let kept = String::from_utf8_lossy(&bytes).contains(SIBLINGS);
            let refresh = pair.refresh.or(self.stored.and_then(|stored| stored.refresh));
            self.stored = Some(SignIn { access: pair.access, refresh, has_scope: true });
            self.put(bytes, now);
            return (succession, kept);
        }
        (succession, true)
    }
}

fn names(person: Person) -> String {
    let Identity { account, organization_id, .. } = identity(person);
    let text = |name: Option<String>| name.unwrap_or_default();
    format!(r#","accountUuid":"{}","organizationUuid":"{}""#, text(account), text(organization_id))
}

/// The identity as the owner's files name it.
pub(super) fn identity(person: Person) -> Identity {
    let (account, organization) = match person {
        Person::Ann => ("ann", Some("home")),
        Person::AnnAtWork => ("ann", Some("acme")),
        Person::Bob => ("bob", Some("home")),
    };
    Identity {
        account: Some(account.to_owned()),
        organization_id: organization.map(str::to_owned),
        ..Identity::default()
    }
}
