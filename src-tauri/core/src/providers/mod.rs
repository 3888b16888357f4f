//! The provider interface. Each provider has a folder with its specifics as data and pure functions, and one line in the
//! registry. All other code gets a provider's names, hosts and limits from here.

/// The registry: the name and the specifics of each provider. Saved data of earlier versions names no provider and is of
/// the first one.
macro_rules! registry {
    ($of_each:ident) => {
        $of_each! {
            Anthropic: anthropic::Anthropic,
        }
    };
}

pub mod anthropic;
mod id;

pub use id::Provider;

use crate::credential::store_paths::{Absolute, StorePaths};
use crate::credential::token::Fingerprint;
use crate::credential::{Credential, CredentialRead, Identity};
use crate::gate::policy::EndpointPolicy;
use crate::request::{Endpoint, Request};
use crate::response::{GrantOutcome, HttpResponse, Outcome, SendResult};
use crate::time::Wall;
use std::ffi::OsString;
use std::path::Path;

/// The specifics of a provider. Pure: builds requests and parses responses, without I/O or timing.
pub trait ProviderSpec: Sync {
    fn info(&self) -> &'static ProviderInfo;

    /// Each endpoint, with its host and its policy.
    fn endpoints(&self) -> &'static [EndpointSpec];

    /// Where the owner stores its sign-in with these variables set; with none, its default location.
    fn location(&self, home: &Path, variables: &OwnerVariables, absolute: Absolute) -> StorePaths;

    /// Where the sign-in of a folder is that the user added.
    fn added_location(&self, folder: &Path, home: Option<&Path>, absolute: Absolute) -> StorePaths;

    /// Parses a stored sign-in. `beside` is the identity that another file states.
    fn parse_credential(&self, stored: &[u8], beside: Identity) -> CredentialRead;

    /// The scope that a usage request needs, if the sign-in is known to lack it.
    fn missing_scope(&self, _: &Credential) -> Option<&'static str> {
        None
    }

    /// The request for one reading.
    fn usage_request(&self, credential: &Credential) -> Request;

    /// Interprets the response to a usage request.
    fn parse_usage(&self, answer: &HttpResponse, now: Wall) -> Outcome;

    /// How to renew a sign-in, if that is possible on its owner's behalf.
    fn renewal(&self) -> Option<&'static dyn Renewal> {
        None
    }
}

/// Renews a sign-in by spending its refresh token, at most once.
pub trait Renewal: Sync {
    /// The request that spends the refresh token, and the token's fingerprint. `None` if there is no usable refresh token.
    fn request(&self, credential: &Credential) -> Option<(Request, Fingerprint)>;

    /// Interprets the response to a renewal request.
    fn parse(&self, answer: &HttpResponse, now: Wall) -> GrantOutcome;
}

/// A provider's names, for people and for programs, and those of the program that owns its sign-in.
#[derive(Debug)]
pub struct ProviderInfo {
    /// Used in ids and in `status --json`.
    pub key: &'static str,
    pub name: &'static str,
    /// An account there, with its article.
    pub account: &'static str,
    /// The program that owns the sign-in.
    pub owner: &'static str,
    /// The name of the owner's executable.
    pub program: &'static str,
    /// Folders below the home folder into which the owner installs itself.
    pub program_dirs: &'static [&'static str],
    /// The command that updates the owner.
    pub update_command: &'static str,
    /// The first version of the owner that passes limits to its status line.
    pub status_line_since: [u32; 3],
    pub sign_in: SignInCommand,
    pub folders: OwnerFolders,
    pub inference_token: InferenceToken,
}

/// How a user signs in with the owner.
#[derive(Debug)]
pub struct SignInCommand {
    pub command: &'static str,
    /// For versions before `since`: it only starts the owner, in which the user then signs in.
    pub older: &'static str,
    /// The first version with `command`.
    pub since: [u32; 3],
    /// The provider's installation instructions for the owner.
    pub install_address: &'static str,
}

/// The owner's folders, in which its sign-in is.
#[derive(Debug)]
pub struct OwnerFolders {
    /// The default config folder, below the home folder.
    pub default: &'static str,
    /// The variable that names another config folder.
    pub variable: &'static str,
    /// The variable that names another folder for the credential alone.
    pub storage_variable: &'static str,
    /// Name of the credential file.
    pub credential_file: &'static str,
    /// The key in `settings.json` that lists config folders beside the default one.
    pub setting: &'static str,
    /// Such a folder, as an example for the user.
    pub example: &'static str,
}

/// A token for inference alone, which cannot read usage.
#[derive(Debug)]
pub struct InferenceToken {
    /// The variable that gives it to the owner.
    pub variable: &'static str,
    /// The command that creates one.
    pub command: &'static str,
}

/// The owner's environment variables in an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnerVariables {
    pub config_dir: Option<OsString>,
    pub storage_dir: Option<OsString>,
    /// An inference token is set. Its value is not read: such a token may not read usage.
    pub inference_token: bool,
}

/// One endpoint of a provider.
#[derive(Debug)]
pub struct EndpointSpec {
    pub endpoint: Endpoint,
    /// The base URL, unless the variable names a loopback server instead.
    pub base: &'static str,
    /// The environment variable that names such a server.
    pub variable: &'static str,
    pub policy: EndpointPolicy,
}

macro_rules! specs {
    ($($name:ident: $spec:path,)+) => {
        impl Provider {
            pub fn spec(self) -> &'static dyn ProviderSpec {
                match self {
                    $(Self::$name => &$spec,)+
                }
            }
        }
    };
}

registry!(specs);

impl Provider {
    /// The provider of an account id in the format of [`crate::AccountId`].
    pub fn of_account(id: &str) -> Option<Self> {
        let key = id.split_once(':').map_or(id, |(key, _)| key);
        Self::ALL.into_iter().find(|provider| provider.key() == key)
    }

    pub fn info(self) -> &'static ProviderInfo {
        self.spec().info()
    }

    pub fn key(self) -> &'static str {
        self.info().key
    }

    pub fn name(self) -> &'static str {
        self.info().name
    }

    pub fn owner(self) -> &'static str {
        self.info().owner
    }

    /// The names of all, for a sentence: "A", "A or B".
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(" or ")
    }

    /// The owners of all sign-ins, for a sentence.
    pub fn owners() -> String {
        Self::ALL.map(Self::owner).join(" or ")
    }

    /// The owner's variables in an environment.
    pub fn variables(self, var: impl Fn(&str) -> Option<OsString>) -> OwnerVariables {
        let info = self.info();
        OwnerVariables {
            config_dir: var(info.folders.variable),
            storage_dir: var(info.folders.storage_variable),
            inference_token: var(info.inference_token.variable).is_some(),
        }
    }

    /// The policy of an endpoint. An endpoint that the provider lacks gets the policy of its first one.
    pub fn policy(self, endpoint: Endpoint) -> &'static EndpointPolicy {
        let endpoints = self.spec().endpoints();
        let spec = endpoints.iter().find(|spec| spec.endpoint == endpoint).or(endpoints.first());
        spec.map_or(&EndpointPolicy::CAREFUL, |spec| &spec.policy)
    }

    /// The scope that a usage request needs, if the sign-in is known to lack it.
    pub fn missing_scope(self, credential: &Credential) -> Option<&'static str> {
        self.spec().missing_scope(credential)
    }

    /// The outcome of a usage request.
    pub fn parse_usage_response(self, delivery: SendResult, now: Wall) -> Outcome {
        match delivery {
            SendResult::NotSent(why) => Outcome::Unreachable { why },
            SendResult::PermitExpired => Outcome::Lapsed,
            SendResult::Lost(why) => Outcome::Ambiguous { why },
            SendResult::Answered(answer) => self.spec().parse_usage(&answer, now),
        }
    }

    /// The request that spends the refresh token of `credential`, and the token's fingerprint, if that is possible.
    pub fn renewal_request(self, credential: &Credential) -> Option<(Request, Fingerprint)> {
        self.spec().renewal()?.request(credential)
    }

    /// The outcome of a renewal.
    pub fn parse_token_response(self, delivery: SendResult, now: Wall) -> GrantOutcome {
        match (delivery, self.spec().renewal()) {
            (SendResult::NotSent(why), _) => GrantOutcome::Unreachable { why },
            (SendResult::PermitExpired, _) => GrantOutcome::Lapsed,
            (SendResult::Lost(why), _) => GrantOutcome::Ambiguous { status: None, why, retry_after: None },
            (SendResult::Answered(answer), Some(renewal)) => renewal.parse(&answer, now),
            (SendResult::Answered(answer), None) => GrantOutcome::Ambiguous {
                status: Some(answer.status),
                why: "its sign-in cannot be renewed".to_owned(),
                retry_after: None,
            },
        }
    }
}
