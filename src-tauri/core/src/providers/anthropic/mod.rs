//! Anthropic's subscription quota, as Claude Code's sign-in may read it. None of it is documented by
//! Anthropic: every decoder takes what is there and misses nothing that is not.

pub mod cached_usage;
pub mod credential;
mod credential_update;
mod error;
mod members;
mod number;
mod spend;
pub mod status_line;
mod token_response;
pub mod transcript;
mod usage;
mod usage_response;

pub use credential_update::{Rewritten, Succession, recover_pending, succeed};
pub use token_response::parse_token_response;
pub use usage::window_kind;
pub use usage_response::parse_usage_response;

use crate::credential::token::Fingerprint;
use crate::credential::{Credential, OAuthClient};
use crate::request::{Auth, Endpoint, Method, Request};

/// Where Anthropic answers, unless a loopback stand-in is named.
pub const API_BASE: &str = "https://api.anthropic.com";
/// Where its token endpoint is.
pub const TOKEN_BASE: &str = "https://platform.claude.com";

/// Claude Code's public client id, to which a sign-in is bound that names no other.
const CLIENT_ID: &str = "9d1c250a-e61b-44d9-88ed-5944d1962f5e";

pub fn usage_request(credential: &Credential) -> Request {
    Request {
        endpoint: Endpoint::Usage,
        method: Method::Get,
        path: "/api/oauth/usage",
        headers: vec![("accept", "application/json"), ("anthropic-beta", "oauth-2025-04-20")],
        carries: Auth::Bearer(credential.access_token.clone()),
    }
}

/// The refresh-token grant of RFC 6749 §6, in the name of the client that the sign-in was given to.
///
/// It names no `scope`: then the new token may do what the old one might, and nothing else (§6). Claude Code names a list
/// of its own there, which grows with its versions and asks for more than an older sign-in was given; where that is
/// refused it asks again, which costs a request that Holdoff does not have (law 4).
pub fn renewal_request(credential: &Credential) -> Option<(Request, Fingerprint)> {
    let refresh_token = credential.refresh_token.as_ref()?.secret()?.clone();
    let client_id = match &credential.client {
        OAuthClient::Default => CLIENT_ID.to_owned(),
        OAuthClient::Named(id) => id.clone(),
        OAuthClient::Unusable => return None,
    };
    let spent = refresh_token.fingerprint();
    let request = Request {
        endpoint: Endpoint::Token,
        method: Method::Post,
        path: "/v1/oauth/token",
        headers: vec![("accept", "application/json")],
        carries: Auth::RefreshGrant { refresh_token, client_id },
    };
    Some((request, spent))
}
