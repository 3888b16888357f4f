//! Writes new tokens into the owner's credential store. All other content belongs to other programs and stays byte for byte,
//! in its order, known or not.

use super::credential;
use super::members::Members;
use crate::credential::token::{Fingerprint, Token};
use crate::credential::{CredentialRead, Identity, RenewedTokens, Tokens};
use crate::text::{BOM, without_bom};
use crate::time::Wall;
use serde_json::Value;
use std::fmt;
use zeroize::Zeroizing;

/// What to do with the store.
#[derive(Debug)]
pub enum Succession {
    /// Replace it with this.
    Write(Rewritten),
    /// Nothing: it has the new tokens already.
    There,
    /// Nothing: it has a sign-in other than the renewed one by now, or none.
    Changed,
    /// Nothing: it is not in the owner's format. The reason does not contain its content.
    Unreadable(&'static str),
}

/// The complete new content of a store, with tokens. It must go only to where the store came from.
pub struct Rewritten(Zeroizing<String>);

impl Rewritten {
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Rewritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rewritten(..)")
    }
}

/// Puts new tokens into the store `bytes`, if it still has the sign-in that they replace.
pub fn apply_tokens(bytes: &[u8], successor: &RenewedTokens) -> Succession {
    match try_succeed(bytes, successor) {
        Ok(succession) => succession,
        Err(why) => Succession::Unreadable(why),
    }
}

/// Recovers new tokens from `left`, the pending replacement of the store `bytes` after a crash. It must be complete and
/// newer, and the store must still have `spent`, the refresh token of the interrupted renewal.
pub fn recover_pending(bytes: &[u8], left: &[u8], spent: &Fingerprint) -> Option<RenewedTokens> {
    let read = |bytes| match credential::read(bytes, Identity::default()) {
        CredentialRead::Found(credential) => Some(credential),
        CredentialRead::Absent(_) => None,
    };
    let (stored, left) = (read(bytes)?, read(left)?);
    let refresh_token = left.refresh_token.as_ref()?.secret()?.clone();
    let ours = stored.refresh_token.as_ref().is_some_and(|token| token.fingerprint() == spent);
    // A crash can also leave a plain copy of the store, from the rehearsal of the write before a renewal.
    let newer = left.fingerprint() != stored.fingerprint()
        && !matches!((left.expires_at, stored.expires_at), (Some(left), Some(stored)) if left <= stored);
    (ours && newer).then(|| RenewedTokens {
        replaces: spent.clone(),
        tokens: Tokens {
            access_token: left.access_token,
            expires_at: left.expires_at,
            refresh_token: Some(refresh_token),
            refresh_expires_at: left.refresh_expires_at,
            scopes: Some(left.scopes).filter(|scopes| *scopes != stored.scopes),
            account: None,
        },
    })
}

fn try_succeed(bytes: &[u8], successor: &RenewedTokens) -> Result<Succession, &'static str> {
    let file = parse(bytes)?;
    let Some(oauth) = file.said(credential::OAUTH) else {
        return Ok(Succession::Changed);
    };
    let oauth = Members::parse(oauth.as_bytes()).map_err(|_| credential::FOREIGN_FORM)?;
    let tokens = &successor.tokens;
    if oauth.token("refreshToken").is_some_and(|stored| stored.fingerprint() == successor.replaces) {
        let renewed = written("", &oauth.0, &renewal(&oauth, successor));
        let mark = if without_bom(bytes).len() < bytes.len() { BOM } else { "" };
        return Ok(Succession::Write(Rewritten(written(mark, &file.0, &[(credential::OAUTH, renewed)]))));
    }
    let same = |key: &str, new: &Token| oauth.token(key).is_some_and(|stored| stored.expose() == new.expose());
    let refresh = tokens.refresh_token.as_ref().is_some_and(|new| same("refreshToken", new));
    Ok(if refresh && same("accessToken", &tokens.access_token) { Succession::There } else { Succession::Changed })
}

fn parse(bytes: &[u8]) -> Result<Members<'_>, &'static str> {
    if without_bom(bytes).trim_ascii().is_empty() {
        return Err(credential::EMPTY);
    }
    Members::parse(bytes).map_err(|error| if error.is_data() { credential::FOREIGN } else { credential::TORN })
}

/// A member's name and its new JSON value.
type Change = (&'static str, Zeroizing<String>);

/// Values that the response lacks are unknown for the new tokens: the stored ones describe the old tokens.
fn renewal(oauth: &Members<'_>, RenewedTokens { replaces, tokens }: &RenewedTokens) -> Vec<Change> {
    let value = |value: Value| Zeroizing::new(value.to_string());
    let ends = |at: Option<Wall>| value(at.map_or(Value::Null, |at| at.0.into()));
    let mut changes = vec![("accessToken", quoted(&tokens.access_token)), ("expiresAt", ends(tokens.expires_at))];
    changes.extend(tokens.refresh_token.as_ref().map(|new| ("refreshToken", quoted(new))));
    let rotated = tokens.refresh_token.as_ref().is_some_and(|new| new.fingerprint() != *replaces);
    let outdated = rotated && oauth.get("refreshTokenExpiresAt").is_some();
    if outdated || tokens.refresh_expires_at.is_some() {
        changes.push(("refreshTokenExpiresAt", ends(tokens.refresh_expires_at)));
    }
    changes.extend(tokens.scopes.as_ref().map(|scopes| ("scopes", value(scopes.clone().into()))));
    changes
}

/// The token as a JSON string. Only two of the characters that a token can contain need escaping.
fn quoted(token: &Token) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 * token.expose().len() + 2));
    text.push('"');
    for character in token.expose().chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
    text
}

/// The object with these changes, after `first`. One allocation of the full size, so that no secret stays behind in an
/// outgrown buffer.
fn written(first: &str, members: &[(String, &str)], changes: &[Change]) -> Zeroizing<String> {
    let mut all: Vec<(&str, &str)> = members.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    for (name, value) in changes {
        match all.iter_mut().rev().find(|(old, _)| old == name) {
            Some((_, old)) => *old = value,
            None => all.push((name, value)),
        }
    }
    let names: Vec<String> = all.iter().map(|(name, _)| Value::from(*name).to_string()).collect();
    let long: usize = names.iter().zip(&all).map(|(name, (_, value))| name.len() + value.len() + 2).sum();
    let mut text = Zeroizing::new(String::with_capacity(first.len() + long + 2));
    text.push_str(first);
    text.push('{');
    for (n, (name, (_, value))) in names.iter().zip(&all).enumerate() {
        text.push_str(if n > 0 { "," } else { "" });
        text.push_str(name);
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests;
