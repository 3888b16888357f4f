//! Single-use refresh tokens, as Anthropic is said to handle them: each grant rotates the token, and presenting a
//! spent one ends every session of its family. Reuse is recorded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::answer::Answer;
use crate::clock::ClockSpec;
use crate::fake::{FakeAnthropic, Request};
use crate::home::{Credential, random_token};
use crate::{fixtures, locked};

/// A failure of one grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing.
    None,
    /// The tokens are rotated, and the connection ends without a response.
    Lost,
    /// The tokens are rotated, and the response has this status.
    TroubleAfter(u16),
    /// The response has this status, and the refresh token stays valid.
    TroubleBefore(u16),
    /// Only a new access token: the refresh token stays valid.
    Unrotated,
}

/// Something that must not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A spent refresh token was presented: its family is revoked.
    Reused {
        /// The grant that spent it, counted from 1.
        spent_by: usize,
        /// The `User-Agent` that presented it again.
        by: String,
    },
    /// An unknown refresh token was presented.
    Unknown,
    /// Usage was requested with an access token that is unknown or whose family is revoked.
    DeadAccessToken,
}

/// One grant that took effect.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The `User-Agent` of the client.
    pub to: String,
    /// When, in real time.
    pub at_real: SystemTime,
    /// Its failure.
    pub mishap: Mishap,
    /// How long its access token lives (program time).
    pub lifetime: Duration,
}

type Choose = dyn FnMut(usize) -> (Mishap, Duration) + Send;

/// The registry of all tokens. Clones share the same registry.
#[derive(Clone)]
pub struct Grants {
    book: Arc<Mutex<Book>>,
    choose: Arc<Mutex<Box<Choose>>>,
}

struct Book {
    clock: ClockSpec,
    lifetime: Duration,
    families: usize,
    /// By refresh token.
    refresh: HashMap<String, Refresh>,
    /// The family of each access token.
    access: HashMap<String, usize>,
    ended: Vec<usize>,
    granted: Vec<Granted>,
    violations: Vec<Violation>,
}

#[derive(Clone, Copy)]
struct Refresh {
    family: usize,
    spent_by: Option<usize>,
}

impl Grants {
    /// Issues tokens that live for `lifetime` of program time. Handles both endpoints of `fake` from now on.
    pub fn serve(fake: &FakeAnthropic, lifetime: Duration) -> Self {
        let book = Book {
            clock: fake.clock(),
            lifetime,
            families: 0,
            refresh: HashMap::new(),
            access: HashMap::new(),
            ended: Vec::new(),
            granted: Vec::new(),
            violations: Vec::new(),
        };
        let grants = Self {
            book: Arc::new(Mutex::new(book)),
            choose: Arc::new(Mutex::new(Box::new(|_| (Mishap::None, Duration::ZERO)))),
        };
        let (usage, token) = (grants.clone(), grants.clone());
        fake.always(Answer::decide(move |request| usage.usage(request)));
        fake.token_always(Answer::decide(move |request| token.answer(request)));
        grants
    }

    /// `choose` decides on each token request by its number, from 1: the failure, and the delay of the response (real
    /// time). The grant itself takes effect immediately.
    pub fn mishaps(&self, choose: impl FnMut(usize) -> (Mishap, Duration) + Send + 'static) {
        *locked(&self.choose) = Box::new(choose);
    }

    /// Sets the life of new access tokens (program time).
    pub fn live_for(&self, lifetime: Duration) {
        locked(&self.book).lifetime = lifetime;
    }

    /// A new sign-in and the first of a family, with an access token that is valid for `good_for` of program time.
    pub fn sign_in(&self, good_for: Duration) -> Credential {
        let mut book = locked(&self.book);
        let credential = Credential::fresh(book.clock.now() + good_for);
        book.families += 1;
        let family = book.families;
        book.access.insert(credential.access_token.clone(), family);
        let refresh_token = credential.refresh_token.clone().expect("a fresh sign-in can be renewed");
        book.refresh.insert(refresh_token, Refresh { family, spent_by: None });
        credential
    }

    /// Every violation so far.
    pub fn violations(&self) -> Vec<Violation> {
        locked(&self.book).violations.clone()
    }

    /// Every grant so far that took effect.
    pub fn granted(&self) -> Vec<Granted> {
        locked(&self.book).granted.clone()
    }

    /// Whether this refresh token would be accepted.
    pub fn is_current(&self, refresh_token: &str) -> bool {
        let book = locked(&self.book);
        let known = book.refresh.get(refresh_token);
        known.is_some_and(|token| token.spent_by.is_none() && !book.ended.contains(&token.family))
    }

    /// How long ago this refresh token was spent (real time).
    pub fn spent_since(&self, refresh_token: &str) -> Option<Duration> {
        let book = locked(&self.book);
        let spent_by = book.refresh.get(refresh_token)?.spent_by?;
        book.granted.get(spent_by - 1)?.at_real.elapsed().ok()
    }

    /// Whether this access token is valid for usage requests, apart from its expiry.
    pub fn is_alive(&self, access_token: &str) -> bool {
        let book = locked(&self.book);
        book.access.get(access_token).is_some_and(|family| !book.ended.contains(family))
    }

    fn usage(&self, request: &Request) -> Answer {
        if request.bearer().is_some_and(|token| self.is_alive(token)) {
            // Below every warning threshold.
            return Answer::ok_at(7.0, 11.0, 13);
        }
        locked(&self.book).violations.push(Violation::DeadAccessToken);
        Answer::unauthorized()
    }

    /// The token endpoint's response to `request`, which takes effect. For callers that answer in its place.
    pub fn answer(&self, request: &Request) -> Answer {
        let number = locked(&self.book).granted.len() + 1;
        let (mishap, later) = (locked(&self.choose))(number);
        if request.json()["grant_type"] == "authorization_code" {
            let lifetime = locked(&self.book).lifetime;
            return signed_in(&self.sign_in(lifetime), lifetime);
        }
        let answer = match mishap {
            Mishap::TroubleBefore(status) => Answer::status(status),
            _ => locked(&self.book).grant(request, mishap),
        };
        answer.after(later)
    }
}

/// The response to a sign-in.
fn signed_in(credential: &Credential, lifetime: Duration) -> Answer {
    let mut body = fixtures::renewed(&credential.access_token, credential.refresh_token.as_deref());
    body["expires_in"] = json!(lifetime.as_secs());
    Answer::json(200, &body)
}

impl Book {
    fn grant(&mut self, request: &Request, mishap: Mishap) -> Answer {
        let presented = request.json()["refresh_token"].as_str().unwrap_or_default().to_owned();
        let by = request.user_agent.clone().unwrap_or_default();
        let Some(known) = self.refresh.get(&presented).copied() else {
            self.violations.push(Violation::Unknown);
            return Answer::invalid_grant();
        };
        if let Some(spent_by) = known.spent_by {
            self.violations.push(Violation::Reused { spent_by, by: by.clone() });
            self.ended.push(known.family);
        }
        if self.ended.contains(&known.family) {
            return Answer::invalid_grant();
        }
        self.granted.push(Granted { to: by, at_real: request.at_real, mishap, lifetime: self.lifetime });
        let access_token = random_token("sk-ant-oat01-");
        self.access.insert(access_token.clone(), known.family);
        let refresh_token = (mishap != Mishap::Unrotated).then(|| random_token("sk-ant-ort01-"));
        if let Some(new) = &refresh_token {
            self.refresh.insert(presented, Refresh { spent_by: Some(self.granted.len()), ..known });
            self.refresh.insert(new.clone(), Refresh { family: known.family, spent_by: None });
        }
        match mishap {
            Mishap::Lost => Answer::hang_up(),
            Mishap::TroubleAfter(status) => Answer::status(status),
            Mishap::None | Mishap::Unrotated | Mishap::TroubleBefore(_) => {
                let mut body = fixtures::renewed(&access_token, refresh_token.as_deref());
                body["expires_in"] = json!(self.lifetime.as_secs());
                Answer::json(200, &body)
            }
        }
    }
}

impl std::fmt::Debug for Grants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let book = locked(&self.book);
        write!(f, "Grants({} granted, {:?})", book.granted.len(), book.violations)
    }
}
