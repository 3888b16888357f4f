//! Token types that cannot be printed, and fingerprints to detect changes.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroize;

/// A token. Has no `Display` and no `Serialize`, and `Debug` shows only that it exists. Clones share one buffer, which is
/// wiped when the last one is dropped.
#[derive(Clone)]
pub struct Token(Arc<SecretString>);

impl Token {
    /// `None` for a token that is empty or not valid in a header. Such tokens are never sent: an empty bearer is answered
    /// with 429 and `retry-after: 3242` instead of 401.
    pub fn new(mut text: String) -> Option<Self> {
        let token = Self::of(&text);
        text.zeroize();
        token
    }

    /// The same for a text that its owner wipes.
    pub fn of(text: &str) -> Option<Self> {
        let sendable = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        // A boxed string is allocated once; a growing one would leave copies behind.
        sendable.then(|| Self(Arc::new(SecretString::new(Box::from(text)))))
    }

    /// The plain text. Only for a request to the token's own provider.
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

/// A refresh token of a credential. The secret is kept only where it is about to be spent or written.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    fingerprint: Fingerprint,
    secret: Option<Token>,
}

impl RefreshToken {
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// `None` if it was forgotten.
    pub fn secret(&self) -> Option<&Token> {
        self.secret.as_ref()
    }

    /// Drops the secret and keeps the fingerprint.
    pub fn forget(&mut self) {
        self.secret = None;
    }
}

impl From<Token> for RefreshToken {
    fn from(token: Token) -> Self {
        Self { fingerprint: token.fingerprint(), secret: Some(token) }
    }
}

/// 64 bits of a hash of a token: enough to detect a change, and useless to anyone else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_debug_output_hides_the_secret() {
        let token = Token::new("sk-ant-oat01-SECRET".into()).unwrap();
        assert_eq!(format!("{token:?} {token:#?}"), "Token(..) Token(..)");
        assert!(!format!("{:?}", token.fingerprint()).contains("SECRET"));
    }

    #[test]
    fn token_invalid_in_a_header_is_rejected() {
        for text in ["", " ", "a b", "a\r\nX: y", "ключ"] {
            assert!(Token::new(text.into()).is_none(), "{text:?}");
        }
    }

    #[test]
    fn fingerprint_distinguishes_tokens() {
        let print = |text: &str| Token::new(text.into()).unwrap().fingerprint();
        assert_eq!(print("sk-a"), print("sk-a"));
        assert_ne!(print("sk-a"), print("sk-b"));
    }
}
