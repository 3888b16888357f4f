//! Anthropic's subscription quota, as Claude Code's sign-in may read it. None of it is documented by
//! Anthropic: every decoder takes what is there and misses nothing that is not.

mod answer;
pub mod credential;
mod money;
mod usage;

pub use answer::understand_usage;

use crate::request::{Endpoint, Method, Request};
use crate::sign_in::Credential;

/// Where Anthropic answers, unless a loopback stand-in is named.
pub const API_BASE: &str = "https://api.anthropic.com";
/// Where its token endpoint is.
pub const TOKEN_BASE: &str = "https://platform.claude.com";

pub fn usage_request(credential: &Credential) -> Request {
    Request {
        endpoint: Endpoint::Usage,
        method: Method::Get,
        path: "/api/oauth/usage",
        headers: vec![("accept", "application/json"), ("anthropic-beta", "oauth-2025-04-20")],
        bearer: credential.access_token.clone(),
    }
}
