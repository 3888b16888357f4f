//! Anthropic's subscription quota, as available to Claude Code's sign-in. Anthropic documents none of it: every decoder takes
//! what is present and requires nothing.

pub mod cached_usage;
pub mod credential;
mod credential_update;
mod error;
pub mod locations;
mod members;
mod number;
mod spend;
pub mod status_line;
mod token_response;
pub mod transcript;
mod usage;
mod usage_response;

pub use credential_update::{Rewritten, Succession, apply_tokens, recover_pending};
pub use token_response::parse_token_response;
pub use usage::window_kind;
pub use usage_response::parse_usage_response;

use crate::credential::token::Fingerprint;
use crate::credential::{Credential, CredentialRead, Identity, OAuthClient};
use crate::gate::policy::{Backoff, EndpointPolicy};
use crate::providers::{
    EndpointSpec, InferenceToken, OwnerFolders, OwnerInfo, Provider, ProviderInfo, ProviderSpec, Renewal, SignIn,
    SignInCommand,
};
use crate::request::{Auth, Endpoint, Method, Request};
use crate::response::{GrantOutcome, HttpResponse, Outcome};
use crate::time::Wall;
use std::time::Duration;

/// Anthropic, with the sign-in of Claude Code.
pub(super) struct Anthropic;

const INFO: ProviderInfo = ProviderInfo {
    key: "anthropic",
    name: "Anthropic",
    account: "a Claude account",
    sign_in: SignIn::Owner(&OwnerInfo {
        name: "Claude Code",
        program: "claude",
        program_dirs: if cfg!(windows) {
            &[r".claude\local"]
        } else {
            &[".claude/local", ".claude/local/node_modules/.bin"]
        },
        update_command: "claude update",
        status_line_since: [2, 1, 80],
        sign_in: SignInCommand {
            command: "claude auth login",
            // The user then types `/login`.
            older: "claude",
            // According to Claude Code's change log.
            since: [2, 1, 41],
            install_address: "https://code.claude.com/docs/en/setup",
        },
        folders: OwnerFolders {
            default: locations::DEFAULT_DIR,
            variable: "CLAUDE_CONFIG_DIR",
            storage_variable: "CLAUDE_SECURESTORAGE_CONFIG_DIR",
            credential_file: credential::FILE,
            setting: "claude_config_dirs",
            example: "~/.claude-work",
        },
        inference_token: InferenceToken { variable: "CLAUDE_CODE_OAUTH_TOKEN", command: "claude setup-token" },
    }),
};

const ENDPOINTS: [EndpointSpec; 2] = [
    EndpointSpec {
        endpoint: Endpoint::Usage,
        base: "https://api.anthropic.com",
        variable: "HOLDOFF_ANTHROPIC_API",
        policy: EndpointPolicy {
            // One project sent a request every 180 s for 96 minutes without a 429. Its measured budget: about 28–30 requests
            // in any 60 minutes.
            spacing: Duration::from_secs(180),
            // Observed blocks lasted from minutes to an hour, most often 3600 s.
            limit: Backoff { base: Duration::from_secs(5 * 60), cap: Duration::from_secs(60 * 60) },
        },
    },
    EndpointSpec {
        endpoint: Endpoint::Token,
        base: "https://platform.claude.com",
        variable: "HOLDOFF_ANTHROPIC_TOKEN",
        policy: EndpointPolicy {
            spacing: Duration::from_secs(180),
            // Observed to last for hours even at 6 calls a day.
            limit: Backoff { base: Duration::from_secs(10 * 60), cap: Duration::from_secs(6 * 60 * 60) },
        },
    },
];

/// Claude Code's public client id, for a sign-in that names no other client.
const CLIENT_ID: &str = "9d1c250a-e61b-44d9-88ed-5944d1962f5e";

impl ProviderSpec for Anthropic {
    fn info(&self) -> &'static ProviderInfo {
        &INFO
    }

    fn endpoints(&self) -> &'static [EndpointSpec] {
        &ENDPOINTS
    }

    fn parse_credential(&self, stored: &[u8], beside: Identity) -> CredentialRead {
        credential::read(stored, beside)
    }

    fn missing_scope(&self, credential: &Credential) -> Option<&'static str> {
        credential::missing_scope(&credential.scopes)
    }

    fn usage_request(&self, credential: &Credential) -> Request {
        usage_request(credential)
    }

    fn parse_usage(&self, answer: &HttpResponse, now: Wall) -> Outcome {
        parse_usage_response(answer, now)
    }

    fn renewal(&self) -> Option<&'static dyn Renewal> {
        Some(&Anthropic)
    }
}

impl Renewal for Anthropic {
    fn request(&self, credential: &Credential) -> Option<(Request, Fingerprint)> {
        renewal_request(credential)
    }

    fn parse(&self, answer: &HttpResponse, now: Wall) -> GrantOutcome {
        parse_token_response(answer, now)
    }
}

pub fn usage_request(credential: &Credential) -> Request {
    Request {
        provider: Provider::Anthropic,
        endpoint: Endpoint::Usage,
        method: Method::Get,
        path: "/api/oauth/usage",
        headers: vec![("accept", "application/json"), ("anthropic-beta", "oauth-2025-04-20")],
        auth: Auth::Bearer(credential.access_token.clone()),
    }
}

/// The refresh-token grant of RFC 6749 §6, for the client that the sign-in was issued to.
///
/// It sends no `scope`, so the new token keeps the scopes of the old one (§6). Claude Code sends its own list, which grows
/// with its versions and exceeds what an older sign-in was granted. If that is rejected it retries, which would cost a
/// request that Holdoff does not have (law 4).
pub fn renewal_request(credential: &Credential) -> Option<(Request, Fingerprint)> {
    let refresh_token = credential.refresh_token.as_ref()?.secret()?.clone();
    let client_id = match &credential.client {
        OAuthClient::Default => CLIENT_ID.to_owned(),
        OAuthClient::Named(id) => id.clone(),
        OAuthClient::Unusable => return None,
    };
    let spent = refresh_token.fingerprint();
    let request = Request {
        provider: Provider::Anthropic,
        endpoint: Endpoint::Token,
        method: Method::Post,
        path: "/v1/oauth/token",
        headers: vec![("accept", "application/json")],
        auth: Auth::RefreshGrant { refresh_token, client_id },
    };
    Some((request, spent))
}
