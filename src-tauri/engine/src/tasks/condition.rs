//! Diagnostics that only the running app has: which sign-ins the system cannot watch, and how each owner's provider is
//! reached with the environment that the app was started with.

use crate::credentials::monitor::Unwatched;
use crate::http::network::Network;
use crate::owners::locations;
use crate::platform::environment::Environment;
use holdoff_core::{Endpoint, Settings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Contains no password, token or personal name. Keys are credential locations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// Why a location's sign-in is not watched for changes.
    pub unwatched: Unwatched,
    pub networks: BTreeMap<String, NetworkCondition>,
}

/// The network route to an owner's provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkCondition {
    /// Proxy and certificates in use, each with where it is configured.
    pub in_force: Vec<(String, String)>,
    /// Why no request can be sent with this configuration.
    pub wrong: Option<String>,
}

impl Condition {
    /// The condition of a program with this environment. Blocks briefly.
    pub fn of(environment: &Environment, settings: &Settings, unwatched: Unwatched) -> Self {
        let sources = locations::all(environment, settings);
        let networks = sources.iter().map(|source| {
            let network = Network::of(&source.settings_files(), &environment.network);
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
