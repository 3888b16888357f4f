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

use crate::credential::token::{Fingerprint, Token};
use crate::credential::{Credential, CredentialRead, Identity};
use crate::gate::policy::EndpointPolicy;
use crate::request::{Endpoint, Request};
use crate::response::{GrantOutcome, HttpResponse, Outcome, SendResult};
use crate::time::Wall;
use std::ffi::OsString;

/// The specifics of a provider. Pure: builds requests and parses responses, without I/O or timing.
pub trait ProviderSpec: Sync {
    fn info(&self) -> &'static ProviderInfo;

    /// Each endpoint, with its host and its policy.
    fn endpoints(&self) -> &'static [EndpointSpec];

    /// Parses a stored sign-in. `beside` is the identity that another file states. A pasted key is all that is stored.
    fn parse_credential(&self, stored: &[u8], _beside: Identity) -> CredentialRead {
        CredentialRead::of_key(stored)
    }

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

/// A provider's names, for people and for programs, and how a user signs in.
#[derive(Debug)]
pub struct ProviderInfo {
    /// Used in ids and in `status --json`.
    pub key: &'static str,
    pub name: &'static str,
    /// An account there, with its article.
    pub account: &'static str,
    pub sign_in: SignIn,
}

/// How a user signs in to a provider.
#[derive(Debug)]
pub enum SignIn {
    /// With a program that owns the sign-in.
    Owner(&'static OwnerInfo),
    /// With a key that the user pastes, which Holdoff stores in the system's keyring.
    Key(&'static KeyInfo),
}

/// The program that owns a provider's sign-in.
#[derive(Debug)]
pub struct OwnerInfo {
    pub name: &'static str,
    /// The name of its executable.
    pub program: &'static str,
    /// Folders below the home folder into which it installs itself.
    pub program_dirs: &'static [&'static str],
    /// The command that updates it.
    pub update_command: &'static str,
    /// Its first version that passes limits to its status line.
    pub status_line_since: [u32; 3],
    pub sign_in: SignInCommand,
    pub folders: OwnerFolders,
    pub inference_token: InferenceToken,
}

/// A key that a user makes at the provider and pastes.
#[derive(Debug)]
pub struct KeyInfo {
    /// What the provider calls it, without an article.
    pub name: &'static str,
    /// Where the user makes one.
    pub address: &'static str,
    /// The environment variable that gives the key if none was pasted. It must not begin with `HOLDOFF_`: the window
    /// process gets those.
    pub variable: Option<&'static str>,
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

/// The variables of a provider's sign-in in an environment. Its owner's are unset if a key is pasted, and the other way round.
#[derive(Debug, Clone, Default)]
pub struct SignInVariables {
    pub config_dir: Option<OsString>,
    pub storage_dir: Option<OsString>,
    /// An inference token is set. Its value is not read: such a token may not read usage.
    pub inference_token: bool,
    /// The key that the environment gives.
    pub key: Option<Token>,
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

    /// The program that owns the sign-in. `None` if the user pastes a key.
    pub fn owner_info(self) -> Option<&'static OwnerInfo> {
        match self.info().sign_in {
            SignIn::Owner(owner) => Some(owner),
            SignIn::Key(_) => None,
        }
    }

    /// The key that the user pastes. `None` if a program owns the sign-in.
    pub fn pasted_key(self) -> Option<&'static KeyInfo> {
        match self.info().sign_in {
            SignIn::Owner(_) => None,
            SignIn::Key(key) => Some(key),
        }
    }

    /// The owner's name; that of the provider if no program owns the sign-in.
    pub fn owner(self) -> &'static str {
        self.owner_info().map_or(self.name(), |owner| owner.name)
    }

    /// The names of all, for a sentence: "A", "A or B".
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(" or ")
    }

    /// The owners of all sign-ins, for a sentence.
    pub fn owners() -> String {
        let owners: Vec<&str> = Self::ALL.into_iter().filter_map(Self::owner_info).map(|owner| owner.name).collect();
        owners.join(" or ")
    }

    /// The variables of the sign-in in an environment.
    pub fn variables(self, var: impl Fn(&str) -> Option<OsString>) -> SignInVariables {
        match self.info().sign_in {
            SignIn::Owner(owner) => SignInVariables {
                config_dir: var(owner.folders.variable),
                storage_dir: var(owner.folders.storage_variable),
                inference_token: var(owner.inference_token.variable).is_some(),
                key: None,
            },
            SignIn::Key(key) => {
                let given = key.variable.and_then(var).and_then(|key| key.into_string().ok());
                SignInVariables { key: given.and_then(Token::new), ..SignInVariables::default() }
            }
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
            SendResult::PermitExpired => Outcome::PermitExpired,
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
            (SendResult::PermitExpired, _) => GrantOutcome::PermitExpired,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_of_an_account_id_is_named_by_its_first_part() {
        for provider in Provider::ALL {
            for id in [format!("{}:ann", provider.key()), format!("{}:ann:acme", provider.key()), provider.key().into()]
            {
                assert_eq!(Provider::of_account(&id), Some(provider), "{id}");
            }
        }
        for id in ["", ":ann", "nobody:ann", "ann"] {
            assert_eq!(Provider::of_account(id), None, "{id}");
        }
    }

    /// A provider that states only what it must.
    struct Plain;

    impl ProviderSpec for Plain {
        fn info(&self) -> &'static ProviderInfo {
            const KEY: KeyInfo = KeyInfo { name: "API key", address: "https://example.com/keys", variable: None };
            &ProviderInfo { key: "plain", name: "Plain", account: "a Plain account", sign_in: SignIn::Key(&KEY) }
        }

        fn endpoints(&self) -> &'static [EndpointSpec] {
            &[]
        }

        fn usage_request(&self, credential: &Credential) -> Request {
            anthropic::usage_request(credential)
        }

        fn parse_usage(&self, answer: &HttpResponse, now: Wall) -> Outcome {
            anthropic::parse_usage_response(answer, now)
        }
    }

    #[test]
    fn provider_by_default_takes_a_pasted_key_with_all_scopes_and_no_renewal() {
        let CredentialRead::Found(found) = Plain.parse_credential(b" key-1\n", Identity::default()) else { panic!() };
        assert_eq!(found.access_token.expose(), "key-1");
        assert_eq!((Plain.missing_scope(&found), Plain.renewal().is_none()), (None, true));
    }

    #[test]
    fn providers_and_owners_are_named_in_a_sentence() {
        assert_eq!((Provider::names().as_str(), Provider::owners().as_str()), ("Anthropic", "Claude Code"));
    }

    #[test]
    fn sign_in_variables_are_those_of_the_owner() {
        let of = |set: &[(&str, &str)]| {
            let value = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
            let SignInVariables { config_dir, storage_dir, inference_token, key } =
                Provider::Anthropic.variables(value);
            assert!(key.is_none());
            (config_dir, storage_dir, inference_token)
        };
        assert_eq!(of(&[("HOME", "/home/ann")]), (None, None, false));
        assert_eq!(of(&[("CLAUDE_CONFIG_DIR", "/a")]), (Some("/a".into()), None, false));
        assert_eq!(of(&[("CLAUDE_SECURESTORAGE_CONFIG_DIR", "/b")]), (None, Some("/b".into()), false));
        assert_eq!(of(&[("CLAUDE_CODE_OAUTH_TOKEN", "sk")]), (None, None, true));
    }
}
