//! Anthropic's API errors, `{"error":{"type":…,"message":…}}`, and what they reject.

use crate::response::{Barred, Outcome, Rejection};
use serde_json::Value;
use std::time::Duration;

pub(super) fn unreadable(status: u16, why: &str, retry_after: Option<Duration>) -> Outcome {
    Outcome::Unreadable { status, why: why.to_owned(), retry_after }
}

pub(super) struct ApiError<'a> {
    kind: &'a str,
    message: &'a str,
}

impl<'a> ApiError<'a> {
    pub(super) fn of(json: &'a Value) -> Option<Self> {
        let error = json.get("error").filter(|error| !error.is_null())?;
        let text = |key| error.get(key).and_then(Value::as_str).unwrap_or_default();
        Some(Self { kind: text("type"), message: text("message") })
    }

    /// `None` if the status takes precedence: an error from a redirect, a proxy or a failing server says nothing about the
    /// sign-in (law 10), whatever its type.
    pub(super) fn outcome(&self, status: u16, retry_after: Option<Duration>) -> Option<Outcome> {
        Some(match (self.kind, status) {
            ("rate_limit_error", _) => Outcome::RateLimited { retry_after },
            ("overloaded_error", _) => Outcome::ServerTrouble { status, retry_after },
            (_, 300..=399 | 407 | 500..=599) => return None,
            ("authentication_error" | "permission_error", _) | (_, 401 | 403) => {
                Outcome::Rejected(self.rejection(status))
            }
            // Seen for a disabled organization.
            (_, 400) if self.barred().is_some() => Outcome::Rejected(self.rejection(status)),
            _ => unreadable(status, "it is an unknown error", retry_after),
        })
    }

    fn rejection(&self, status: u16) -> Rejection {
        if let Some(to) = self.barred() {
            return Rejection::NotAllowed { to, status };
        }
        if self.kind == "authentication_error" || status == 401 {
            return Rejection::Unauthorized;
        }
        let kind = if is_scope(self.kind) { self.kind } else { "forbidden" };
        self.missing_scope().map_or_else(|| Rejection::Forbidden(kind.to_owned()), Rejection::MissingScope)
    }

    /// "OAuth authentication is currently not allowed for this organization."
    fn barred(&self) -> Option<Barred> {
        const NOT_ALLOWED: [&str; 17] = [
            "not allowed",
            "not permitted",
            "not enabled",
            "not supported",
            "not authorized",
            "not available",
            "not have access",
            "no access",
            "disabled",
            "suspended",
            "blocked",
            "deactivated",
            "on hold",
            "restricted",
            "prohibited",
            "turned off",
            "access denied",
        ];
        let message = self.message.to_lowercase().replace("isn't", "is not").replace("isn’t", "is not");
        if !NOT_ALLOWED.iter().any(|words| message.contains(words)) {
            return None;
        }
        let whose = [
            ("organization", Barred::Organization),
            ("organisation", Barred::Organization),
            ("account", Barred::Account),
        ];
        whose.into_iter().find(|(word, _)| message.contains(word)).map(|(_, to)| to)
    }

    /// "OAuth token does not meet scope requirement user:profile", or `any_of(user:profile, user:office)` in its place, or
    /// another sentence about a scope. What follows a semicolon or a full stop concerns something else, such as the scopes
    /// that the token has.
    fn missing_scope(&self) -> Option<String> {
        let (before, after) = self.message.split_once("scope")?;
        let said = after.split([';', '\n']).next().and_then(|said| said.split(". ").next()).unwrap_or_default();
        let scopes = |text: &'a str| words(text).filter(|word| word.contains(':') && is_scope(word)).take(SCOPES_NAMED);
        let named: Vec<&str> = scopes(said).collect();
        if !named.is_empty() {
            return Some(named.join(if said.contains("all_of") { " and " } else { " or " }));
        }
        let plain = said.strip_prefix(" requirement").and_then(|said| words(said).find(|word| is_scope(word)));
        plain.or_else(|| scopes(before).next()).map(str::to_owned)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !fits_scope(c)).map(|word| word.trim_matches(|c: char| !c.is_ascii_lowercase()))
}

/// A message names at most this many.
const SCOPES_NAMED: usize = 4;

/// Such as `user:profile`. Text of a response is only repeated if it cannot be a token.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.len() <= 40 && text.chars().all(fits_scope)
}

fn fits_scope(c: char) -> bool {
    c.is_ascii_lowercase() || matches!(c, ':' | '_' | '.')
}
