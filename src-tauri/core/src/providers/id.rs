//! The providers by name. Requests, gates and ids name one; what it does is behind [`Provider::spec`].

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($name:ident: $spec:path,)+) => {
        /// The provider of a quota.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Provider {
            $($name,)+
        }

        impl Provider {
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$name),+];
        }
    };
}

registry!(ids);

impl Default for Provider {
    fn default() -> Self {
        Self::ALL[0]
    }
}
