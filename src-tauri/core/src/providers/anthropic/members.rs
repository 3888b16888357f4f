//! The members of a JSON object that may hold secrets, borrowed from the bytes they were read from. A value is copied only
//! when it is requested.

use crate::credential::token::Token;
use crate::text::without_bom;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// In order, each value as raw JSON.
pub(super) struct Members<'a>(pub Vec<(String, &'a str)>);

impl<'a> Members<'a> {
    /// Fails if the bytes are not complete JSON, or not an object. Accepts a leading byte-order mark.
    pub fn parse(bytes: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(without_bom(bytes))
    }

    /// Returns the last of duplicate members, as other readers do.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    /// Like [`Self::get`], but `None` for null.
    pub fn said(&self, key: &str) -> Option<&'a str> {
        self.get(key).filter(|value| *value != "null")
    }

    /// For values that are not secret.
    pub fn value(&self, key: &str) -> Option<Value> {
        serde_json::from_str(self.get(key)?).ok()
    }

    /// For non-empty strings that are not secret.
    pub fn text(&self, key: &str) -> Option<String> {
        serde_json::from_str(self.get(key)?).ok().filter(|text: &String| !text.is_empty())
    }

    pub fn token(&self, key: &str) -> Option<Token> {
        #[derive(Deserialize)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
        match serde_json::from_str::<Text<'a>>(self.get(key)?).ok()?.0 {
            Cow::Borrowed(text) => Token::of(text),
            Cow::Owned(text) => Token::new(text),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Each)
    }
}

struct Each;

impl<'de> Visitor<'de> for Each {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            members.push((name, value.get()));
        }
        Ok(Members(members))
    }
}
