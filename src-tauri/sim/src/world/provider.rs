//! The provider: tokens that rotate and work once, budgets that run out, and every kind of failure that was observed.

use super::answers::{self, Reply};
use super::quota;
use super::tokens::{LIFE, Pair};
use crate::observation::{HOUR, MINUTE, Millis, SECOND, TokenId};
use crate::rng::Rng;
use crate::schedule::{Hours, Person, RetryAfter, Start, Token, Usage};
use std::collections::VecDeque;

const REFRESH_LIFE: Millis = 30 * 24 * HOUR;

/// A token as the provider knows it.
#[derive(Debug, Clone, Copy)]
struct Issued {
    person: Person,
    family: u32,
    until: Millis,
    spent: bool,
    /// Whether usage may be requested with it.
    has_scope: bool,
}

#[derive(Debug)]
pub(super) struct Provider {
    issued: Vec<Issued>,
    revoked: Vec<bool>,
    /// When usage was requested for each login in the last hour, and until when the login is blocked.
    asked: [VecDeque<Millis>; 2],
    blocked: [Millis; 2],
    budget: usize,
    re_arms: bool,
    odd: u8,
    hours: Hours,
    pub(super) usage: Option<(Usage, Millis)>,
    pub(super) token: Option<(Token, Millis)>,
    /// Sign-ins that were ended because a spent refresh token was presented.
    pub(super) reuses: u64,
}

impl Provider {
    pub(super) fn new(start: &Start) -> Self {
        Self {
            issued: Vec::new(),
            revoked: Vec::new(),
            asked: Default::default(),
            blocked: [0; 2],
            budget: start.budget as usize,
            re_arms: start.re_arms,
            odd: start.odd,
            hours: start.hours,
            usage: None,
            token: None,
            reuses: 0,
        }
    }

    fn issue(&mut self, person: Person, family: u32, until: Millis) -> TokenId {
        self.issued.push(Issued { person, family, until, spent: false, has_scope: true });
        TokenId(u32::try_from(self.issued.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn sign_in(&mut self, person: Person, now: Millis) -> Pair {
        self.revoked.push(false);
        let family = u32::try_from(self.revoked.len() - 1).unwrap_or(u32::MAX);
        let access = self.issue(person, family, now + LIFE);
        let refresh = self.issue(person, family, now + REFRESH_LIFE);
        Pair { access, refresh: Some(refresh), person }
    }

    /// For inference only: usage cannot be read with it.
    pub(super) fn setup_token(&mut self, person: Person, until: Millis) -> TokenId {
        self.revoked.push(false);
        let family = u32::try_from(self.revoked.len() - 1).unwrap_or(u32::MAX);
        let token = self.issue(person, family, until);
        if let Some(issued) = self.issued.last_mut() {
            issued.has_scope = false;
        }
        token
    }

    fn has_scope(&self, token: TokenId) -> bool {
        self.get(token).is_some_and(|token| token.has_scope)
    }

    /// The person that the token belongs to.
    pub(super) fn person(&self, token: TokenId) -> Option<Person> {
        Some(self.get(token)?.person)
    }

    fn get(&self, token: TokenId) -> Option<&Issued> {
        self.issued.get(token.0 as usize)
    }

    fn is_good(&self, token: TokenId, now: Millis) -> bool {
        self.get(token).is_some_and(|token| !token.spent && now < token.until && !self.is_revoked(token.family))
    }

    fn is_revoked(&self, family: u32) -> bool {
        self.revoked.get(family as usize).copied().unwrap_or(true)
    }

    pub(super) fn revoke(&mut self, token: TokenId) {
        let family = self.get(token).map(|token| token.family as usize);
        if let Some(revoked) = family.and_then(|family| self.revoked.get_mut(family)) {
            *revoked = true;
        }
    }

    pub(super) fn settle(&mut self, now: Millis) {
        self.usage = self.usage.filter(|(_, until)| now < *until);
        self.token = self.token.filter(|(_, until)| now < *until);
    }

    /// Whether a usage request that arrived now would get a reading.
    pub(super) fn would_read(&self, token: TokenId, now: Millis) -> bool {
        let free = |person: Person| {
            let asked = self.asked[person.login()].iter().filter(|at| now - **at < HOUR).count();
            now >= self.blocked[person.login()] && asked < self.budget
        };
        let may_read = self.is_good(token, now) && self.has_scope(token);
        self.usage.is_none() && may_read && self.get(token).is_some_and(|token| free(token.person))
    }

    pub(super) fn would_renew(&self, token: TokenId, now: Millis) -> bool {
        self.token.is_none() && self.is_good(token, now)
    }

    /// When the result of the two functions above may change by itself.
    pub(super) fn changes_at(&self, token: TokenId, now: Millis) -> Option<Millis> {
        let login = self.get(token)?.person.login();
        let old = self.asked[login].front().map(|at| at + HOUR);
        [Some(self.blocked[login]), old].into_iter().flatten().filter(|at| *at > now).min()
    }

    /// The owner requests usage too.
    pub(super) fn owner_asks(&mut self, person: Person, now: Millis) {
        self.count(person, now);
    }

    fn count(&mut self, person: Person, now: Millis) -> usize {
        let asked = &mut self.asked[person.login()];
        while asked.front().is_some_and(|at| now - at >= HOUR) {
            asked.pop_front();
        }
        asked.push_back(now);
        asked.len()
    }

    /// A usage request arrives.
    pub(super) fn ask(&mut self, token: TokenId, now: Millis, rng: &mut Rng) -> Reply {
        self.settle(now);
        let person = self.get(token).map_or(Person::Ann, |token| token.person);
        if let Some((mood, _)) = self.usage {
            return answers::usage(mood, token, now, rng);
        }
        if !self.is_good(token, now) {
            return answers::usage(Usage::Unauthorized, token, now, rng);
        }
        if !self.has_scope(token) {
            return answers::usage(Usage::MissingScope, token, now, rng);
        }
        let at = person.login();
        let over = self.count(person, now) > self.budget;
        if now < self.blocked[at] || over {
            if over || self.re_arms {
                self.blocked[at] = self.blocked[at].max(now + rng.between(5, 60) * MINUTE);
            }
            let left = u32::try_from((self.blocked[at] - now) / SECOND + 1).unwrap_or(u32::MAX);
            let asks = if rng.percent(60) { RetryAfter::Seconds(left) } else { RetryAfter::Zero };
            return answers::usage(Usage::Limited { asks, hidden: false }, token, now, rng);
        }
        quota::reading(now, person, self.hours, self.odd, rng)
    }

    /// A refresh token arrives. What it changes at the provider happens even if the response is lost.
    pub(super) fn renew(
        &mut self,
        token: TokenId,
        known: Option<&str>,
        now: Millis,
        rng: &mut Rng,
    ) -> (Reply, Option<Pair>) {
        self.settle(now);
        let mood = self.token.map(|(mood, _)| mood);
        let reaches = match mood {
            Some(Token::Trouble { spent, .. } | Token::Silent { spent }) => spent,
            Some(Token::Limited(_) | Token::Refused { .. } | Token::Denied { .. } | Token::Page) => false,
            Some(Token::UnusableTokens | Token::Unrotated | Token::Mixed) | None => true,
        };
        if !reaches {
            return (answers::no_grant(mood, token, now), None);
        }
        if !self.is_good(token, now) {
            self.punish(token);
            return (answers::no_grant(Some(Token::Refused { status: 400 }), token, now), None);
        }
        let pair = self.rotate(token, now, mood);
        match mood {
            Some(Token::Trouble { .. } | Token::Silent { .. } | Token::UnusableTokens) => {
                (answers::no_grant(mood, token, now), None)
            }
            _ => (answers::grant(pair, mood == Some(Token::Mixed), known, rng), Some(pair)),
        }
    }

    /// A spent refresh token ends the whole sign-in.
    fn punish(&mut self, token: TokenId) {
        if self.get(token).is_some_and(|token| token.spent) {
            self.revoke(token);
            self.reuses += 1;
        }
    }

    fn rotate(&mut self, token: TokenId, now: Millis, mood: Option<Token>) -> Pair {
        let (person, family) = self.get(token).map_or((Person::Ann, 0), |token| (token.person, token.family));
        let access = self.issue(person, family, now + LIFE);
        if mood == Some(Token::Unrotated) {
            return Pair { access, refresh: None, person };
        }
        if let Some(old) = self.issued.get_mut(token.0 as usize) {
            old.spent = true;
        }
        let refresh = Some(self.issue(person, family, now + REFRESH_LIFE));
        Pair { access, refresh, person }
    }
}
