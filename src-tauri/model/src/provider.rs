//! The provider: pairs of rotating tokens, each refresh token accepted once, and its responses.

use holdoff_core::credential::token::Token;
use holdoff_core::response::{Body, HttpResponse, SendResult};
use holdoff_sim::observation::{HOUR, Meaning, Millis, ReportedWindow, TokenId};

/// The life of an access token: short, so that a renewal falls within the bounds.
pub const LIFE: Millis = 2 * HOUR;

/// The pair of tokens with this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair {
    pub number: u32,
    /// When its access token expires.
    pub ends: Millis,
}

impl Pair {
    pub fn access(self) -> TokenId {
        TokenId(self.number * 2)
    }

    pub fn refresh(self) -> TokenId {
        TokenId(self.number * 2 + 1)
    }
}

/// The text of a token. It is not usable anywhere.
pub fn text(id: TokenId) -> String {
    format!("token-{}", id.0)
}

/// Never `None`: the text above always makes a token.
pub fn token(id: TokenId) -> Option<Token> {
    Token::new(text(id))
}

pub fn id_of(token: &Token) -> TokenId {
    let number = token.expose().rsplit('-').next().and_then(|number| number.parse().ok());
    TokenId(number.unwrap_or(u32::MAX))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Provider {
    /// The number of the newest pair; only its refresh token is accepted.
    newest: u32,
    reused: bool,
    /// A refresh token that was spent without its owner being able to know.
    doubtful: Option<TokenId>,
    /// All tokens were revoked: a spent one was presented, or the user has to sign in again.
    revoked: bool,
}

impl Provider {
    pub fn new() -> Self {
        Self { newest: 1, reused: false, doubtful: None, revoked: false }
    }

    /// A spent refresh token was presented by a program that could have known.
    pub fn reused(&self) -> bool {
        self.reused
    }

    pub fn sign_in(&mut self, now: Millis) -> Pair {
        self.revoked = false;
        self.rotate(now)
    }

    pub fn accepts(&self, access: TokenId) -> bool {
        // Older access tokens stay valid until they expire.
        !self.revoked && access.0 <= self.newest * 2
    }

    /// A refresh token is presented: returns a new pair for it, or none.
    pub fn spend(&mut self, refresh: TokenId, now: Millis) -> Option<Pair> {
        let newest = Pair { number: self.newest, ends: 0 }.refresh();
        if self.revoked || refresh != newest {
            self.reused |= refresh != newest && self.doubtful != Some(refresh);
            self.revoked = true;
            return None;
        }
        Some(self.rotate(now))
    }

    fn rotate(&mut self, now: Millis) -> Pair {
        self.newest += 1;
        Pair { number: self.newest, ends: now + LIFE }
    }
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reply {
    Good,
    Limited,
    LimitedForAnHour,
    Unauthorized,
    MissingScope,
    Trouble,
    Lost,
    NotSent,
    /// At the token endpoint: it took effect, but the response is lost or an error.
    DoneAndLost,
    DoneAndTrouble,
    Refused,
}

const READING: &str = r#"{"five_hour":{"utilization":42.0,"resets_at":null}}"#;
const LIMIT: &str = r#"{"error":{"type":"rate_limit_error","message":"Rate limited."}}"#;
const SCOPE: &str =
    r#"{"error":{"type":"permission_error","message":"OAuth token does not meet scope requirement user:profile"}}"#;
const REJECTED: &str = r#"{"error":{"type":"authentication_error","message":"OAuth token has expired."}}"#;

fn answered(status: u16, retry_after: Option<&str>, body: &str) -> SendResult {
    let body = Body::Whole(body.as_bytes().to_vec().into());
    SendResult::Answered(HttpResponse {
        status,
        retry_after: retry_after.map(str::to_owned),
        date: None,
        request_id: true,
        body,
    })
}

/// The only reading that this provider returns.
fn said() -> Vec<ReportedWindow> {
    vec![ReportedWindow { window: "five_hour".to_owned(), used: 42_000, resets: None }]
}

impl Reply {
    pub const USAGE: [Self; 8] = [
        Self::Good,
        Self::Limited,
        Self::LimitedForAnHour,
        Self::Unauthorized,
        Self::MissingScope,
        Self::Trouble,
        Self::Lost,
        Self::NotSent,
    ];
    pub const TOKEN: [Self; 8] = [
        Self::Good,
        Self::Limited,
        Self::Trouble,
        Self::Lost,
        Self::NotSent,
        Self::DoneAndLost,
        Self::DoneAndTrouble,
        Self::Refused,
    ];

    /// The response to a usage request with `access`.
    pub fn to_usage(self, provider: &Provider, access: TokenId) -> (SendResult, Meaning) {
        match self {
            Self::Good if provider.accepts(access) => (answered(200, None, READING), Meaning::Reading { said: said() }),
            Self::Good | Self::Unauthorized => (answered(401, None, REJECTED), Meaning::Unauthorized),
            Self::MissingScope => (answered(403, None, SCOPE), Meaning::MissingScope),
            _ => self.plain(),
        }
    }

    /// The response to a renewal with `refresh`; the pair is what it granted, whether or not it arrived.
    pub fn to_renewal(self, provider: &mut Provider, refresh: TokenId, now: Millis) -> (SendResult, Meaning) {
        let refused = || (answered(400, None, r#"{"error":"invalid_grant"}"#), Meaning::Refused);
        match self {
            Self::Good => match provider.spend(refresh, now) {
                Some(pair) => granted(pair),
                None => refused(),
            },
            Self::DoneAndLost | Self::DoneAndTrouble => {
                let done = provider.spend(refresh, now).is_some();
                provider.doubtful = Some(refresh);
                match (done, self) {
                    (false, _) => refused(),
                    (true, Self::DoneAndLost) => Self::Lost.plain(),
                    (true, _) => Self::Trouble.plain(),
                }
            }
            Self::Refused => refused(),
            _ => self.plain(),
        }
    }

    fn plain(self) -> (SendResult, Meaning) {
        match self {
            Self::LimitedForAnHour => {
                (answered(429, Some("3600"), LIMIT), Meaning::Limited { retry_after: Some(HOUR) })
            }
            Self::Trouble => (answered(500, None, ""), Meaning::Trouble { retry_after: None }),
            Self::Lost => (SendResult::Lost("reset".to_owned()), Meaning::Lost),
            Self::NotSent => (SendResult::NotSent("no connection".to_owned()), Meaning::NotSent),
            _ => (answered(429, Some("0"), LIMIT), Meaning::Limited { retry_after: None }),
        }
    }
}

fn granted(pair: Pair) -> (SendResult, Meaning) {
    let (access, refresh, life) = (text(pair.access()), text(pair.refresh()), LIFE / 1000);
    let body = format!(r#"{{"access_token":"{access}","expires_in":{life},"refresh_token":"{refresh}"}}"#);
    (answered(200, None, &body), Meaning::Renewed { access: pair.access(), other: false, rotated: true })
}
