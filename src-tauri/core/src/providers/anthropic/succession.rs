//! New tokens in the owner's own store. Everything else there belongs to others, and stays as it stands: each value byte
//! for byte, in its order, known or not.

use super::credential;
use crate::secret::{Fingerprint, Token};
use crate::sign_in::{CredentialRead, Identity, Successor, Tokens};
use crate::time::Wall;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::fmt;

/// What is to become of the store.
#[derive(Debug)]
pub enum Succession {
    /// This takes its place.
    Write(Rewritten),
    /// The new tokens stand there already.
    There,
    /// Another sign-in than the one that was renewed stands there by now, or none.
    Changed,
    /// It is not what the owner writes: what is wrong, without its content.
    Unreadable(&'static str),
}

/// A whole store, tokens and all: it goes to where it came from and nowhere else.
pub struct Rewritten(SecretString);

impl Rewritten {
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl fmt::Debug for Rewritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rewritten(..)")
    }
}

/// Puts new tokens into the store `bytes`, if what they replace still stands there.
pub fn succeed(bytes: &[u8], successor: &Successor) -> Succession {
    match try_succeed(bytes, successor) {
        Ok(succession) => succession,
        Err(why) => Succession::Unreadable(why),
    }
}

/// The new tokens in what a crash left beside the store `bytes`, where it was to take its place: if that is whole, and
/// newer, and what they were got for still stands in the store. `spent` is the refresh token whose renewal was cut off.
pub fn left_behind(bytes: &[u8], left: &[u8], spent: &Fingerprint) -> Option<Successor> {
    let read = |bytes| match credential::read(bytes, Identity::default()) {
        CredentialRead::Found(credential) => Some(credential),
        CredentialRead::Absent(_) => None,
    };
    let (stored, left) = (read(bytes)?, read(left)?);
    let refresh_token = left.refresh_token.clone()?;
    let ours = stored.refresh_token.as_ref().is_some_and(|token| token.fingerprint() == *spent);
    // A copy of the store is left by a crash as well: what is to be written is tried out with one beforehand.
    let newer = left.fingerprint() != stored.fingerprint()
        && !matches!((left.expires_at, stored.expires_at), (Some(left), Some(stored)) if left <= stored);
    (ours && newer).then(|| Successor {
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

fn try_succeed(bytes: &[u8], successor: &Successor) -> Result<Succession, &'static str> {
    let mut file: Entries = parse(bytes)?;
    let Some(oauth) = file.get(credential::OAUTH).filter(|oauth| oauth.get() != "null") else {
        return Ok(Succession::Changed);
    };
    let mut oauth: Entries = serde_json::from_str(oauth.get()).map_err(|_| credential::FOREIGN_FORM)?;
    let tokens = &successor.tokens;
    if oauth.token("refreshToken").is_some_and(|stored| stored.fingerprint() == successor.replaces) {
        oauth.renew(successor);
        file.set(credential::OAUTH, RawValue::from_string(oauth.text()).map_err(|_| credential::FOREIGN_FORM)?);
        return Ok(Succession::Write(Rewritten(SecretString::from(file.text()))));
    }
    let same = |key: &str, new: &Token| oauth.token(key).is_some_and(|stored| stored.expose() == new.expose());
    let refresh = tokens.refresh_token.as_ref().is_some_and(|new| same("refreshToken", new));
    Ok(if refresh && same("accessToken", &tokens.access_token) { Succession::There } else { Succession::Changed })
}

fn parse(bytes: &[u8]) -> Result<Entries, &'static str> {
    if bytes.trim_ascii().is_empty() {
        return Err(credential::EMPTY);
    }
    serde_json::from_slice(bytes).map_err(|error| if error.is_data() { credential::FOREIGN } else { credential::TORN })
}

/// The members of an object, in their order and as they are written.
struct Entries(Vec<(String, Box<RawValue>)>);

impl Entries {
    /// Of a name that stands there twice, the last one counts, as for everyone who reads it.
    fn get(&self, key: &str) -> Option<&RawValue> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_ref())
    }

    fn token(&self, key: &str) -> Option<Token> {
        serde_json::from_str(self.get(key)?.get()).ok().and_then(Token::new)
    }

    fn set(&mut self, key: &str, value: Box<RawValue>) {
        match self.0.iter_mut().rev().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    /// What the answer does not say of the new tokens is not known: the old word on it is about the old ones.
    fn renew(&mut self, Successor { replaces, tokens }: &Successor) {
        let ends = |at: Option<Wall>| at.map_or(Value::Null, |at| at.0.into());
        self.set_value("accessToken", &tokens.access_token.expose().into());
        self.set_value("expiresAt", &ends(tokens.expires_at));
        if let Some(refresh_token) = &tokens.refresh_token {
            self.set_value("refreshToken", &refresh_token.expose().into());
        }
        let rotated = tokens.refresh_token.as_ref().is_some_and(|new| new.fingerprint() != *replaces);
        let outdated = rotated && self.get("refreshTokenExpiresAt").is_some();
        if outdated || tokens.refresh_expires_at.is_some() {
            self.set_value("refreshTokenExpiresAt", &ends(tokens.refresh_expires_at));
        }
        if let Some(scopes) = &tokens.scopes {
            self.set_value("scopes", &scopes.clone().into());
        }
    }

    fn set_value(&mut self, key: &str, value: &Value) {
        // Making text of a value that is in memory fails for nothing that stands in one.
        if let Ok(raw) = to_raw_value(value) {
            self.set(key, raw);
        }
    }

    fn text(&self) -> String {
        let member =
            |(name, value): &(String, Box<RawValue>)| format!("{}:{}", Value::from(name.as_str()), value.get());
        let members: Vec<String> = self.0.iter().map(member).collect();
        format!("{{{}}}", members.join(","))
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Entries(members))
    }
}

#[cfg(test)]
mod tests;
