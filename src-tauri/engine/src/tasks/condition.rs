//! What only the running app can tell of its surroundings: which sign-ins the system does not watch for it, and how each
//! owner's provider is reached from where it was started.

use crate::claude_code::locations;
use crate::credentials::monitor::Unwatched;
use crate::http::network::Network;
use crate::platform::environment::Environment;
use holdoff_core::{Endpoint, Settings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Without a password, a token or a name of anybody. Places are keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// Why the sign-in there is not watched for changes.
    pub unwatched: Unwatched,
    pub networks: BTreeMap<String, NetworkCondition>,
}

/// How an owner's provider is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkCondition {
    /// A proxy, certificates: what it is, and where that is said.
    pub in_force: Vec<(String, String)>,
    /// Why nothing is sent as things are.
    pub wrong: Option<String>,
}

impl Condition {
    /// As things are for a program with this environment. Blocks for a moment.
    pub fn of(environment: &Environment, settings: &Settings, unwatched: Unwatched) -> Self {
        let sources = locations::all(environment, settings);
        let networks = sources.iter().map(|source| {
            let network = Network::of(source, &environment.network);
            let base = environment.bases.of(source.provider(), Endpoint::Usage);
            let condition = match base.map(|base| network.route(base)) {
                None => NetworkCondition::default(),
                Some(Err(why)) => NetworkCondition { in_force: Vec::new(), wrong: Some(why) },
                Some(Ok(route)) => {
                    NetworkCondition { in_force: route.said().to_vec(), wrong: route.certificates().err() }
                }
            };
            (source.place(), condition)
        });
        Self { networks: networks.collect(), unwatched }
    }
}
