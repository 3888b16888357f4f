//! Tokens as types that cannot be printed, and the fingerprint by which a change is noticed.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroize;

/// A token. It has no `Display` and no `Serialize`; `Debug` shows that it is there and no more. Its clones are one text in
/// memory, which is wiped with the last of them.
#[derive(Clone)]
pub struct Token(Arc<SecretString>);

impl Token {
    /// `None` for a token that is empty or could not stand in a header: neither is ever sent, since an
    /// empty bearer is answered with 429 and `retry-after: 3242` instead of 401.
    pub fn new(mut text: String) -> Option<Self> {
        let token = Self::of(&text);
        text.zeroize();
        token
    }

    /// The same, of a text that is another's to wipe.
    pub fn of(text: &str) -> Option<Self> {
        let sendable = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        // A boxed text is made in one piece: nothing of it is left where a growing one was before.
        sendable.then(|| Self(Arc::new(SecretString::new(Box::from(text)))))
    }

    /// The text, for the request to its own provider and nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        hash.update(b"holdoff token fingerprint v1\0");
        hash.update(self.expose().as_bytes());
        let bytes = hash.finalize();
        Fingerprint(hex::encode(&bytes[..8]))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// A refresh token that stands in a sign-in. What it is is only kept where it is about to be spent, or written.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    fingerprint: Fingerprint,
    secret: Option<Token>,
}

impl RefreshToken {
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// `None` where it was forgotten.
    pub fn secret(&self) -> Option<&Token> {
        self.secret.as_ref()
    }

    /// From now on it is only known that there is one, and which.
    pub fn forget(&mut self) {
        self.secret = None;
    }
}

impl From<Token> for RefreshToken {
    fn from(token: Token) -> Self {
        Self { fingerprint: token.fingerprint(), secret: Some(token) }
    }
}

/// 64 bits of a hash over a token: enough to see that it changed, of no use to anyone else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_print() {
        let token = Token::new("sk-ant-oat01-SECRET".into()).unwrap();
        assert_eq!(format!("{token:?} {token:#?}"), "Token(..) Token(..)");
        assert!(!format!("{:?}", token.fingerprint()).contains("SECRET"));
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_no_token() {
        for text in ["", " ", "a b", "a\r\nX: y", "ключ"] {
            assert!(Token::new(text.into()).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_fingerprint_tells_tokens_apart() {
        let print = |text: &str| Token::new(text.into()).unwrap().fingerprint();
        assert_eq!(print("sk-a"), print("sk-a"));
        assert_ne!(print("sk-a"), print("sk-b"));
    }
}
