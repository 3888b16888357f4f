//! A request as data: what to send, not how.

use crate::credential::token::Token;
use crate::providers::Provider;
use serde::{Deserialize, Serialize};

/// What is requested. Each account has one gate for each endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Reports quota usage.
    Usage,
    /// The token endpoint, where a refresh token is spent.
    Token,
}

/// One request. The provider and endpoint determine the host: the HTTP layer knows the base URL of each, and no other.
#[derive(Debug, Clone)]
pub struct Request {
    pub provider: Provider,
    pub endpoint: Endpoint,
    pub method: Method,
    /// Absolute path on the endpoint's base URL.
    pub path: &'static str,
    pub headers: Vec<(&'static str, &'static str)>,
    pub auth: Auth,
}

/// The secret of a request. It is sent only to the request's own provider.
#[derive(Debug, Clone)]
pub enum Auth {
    /// In the `Authorization` header.
    Bearer(Token),
    /// In a JSON body: the refresh-token grant of RFC 6749 §6.
    RefreshGrant { refresh_token: Token, client_id: String },
}

impl Endpoint {
    pub const ALL: [Self; 2] = [Self::Usage, Self::Token];
    /// Their keys in files and series, in the same order.
    pub const KEYS: [&'static str; 2] = ["usage", "token"];

    pub fn key(self) -> &'static str {
        Self::KEYS[self as usize]
    }
}

impl Auth {
    /// The secret itself.
    pub fn secret(&self) -> &Token {
        match self {
            Auth::Bearer(token) | Auth::RefreshGrant { refresh_token: token, .. } => token,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}
