//! Decides when Holdoff may send a request to a provider, what an answer means and what to show.
//!
//! Sans-I/O: time and randomness are arguments, and every call is synchronous and total. Nothing here opens a file or a
//! socket or reads a clock; `cargo tree -p holdoff-core` shows it.
//!
//! Start at [`Account`]: `poll` returns what to do next, `handle` takes what happened.

pub mod account;
pub mod credential;
pub mod gate;
#[cfg(any(test, feature = "testing"))]
pub mod harness;
pub mod local_time;
pub mod messages;
pub mod notification;
pub mod providers;
pub mod quota;
pub mod record;
pub mod request;
pub mod response;
mod rng;
pub mod settings;
pub mod state;
pub mod status;
pub mod text;
pub mod time;
pub mod updates;

pub use account::{Account, Action, Event};
pub use credential::location::CredentialLocation;
pub use credential::{Credential, CredentialRead, CredentialStatus};
pub use gate::{Gate, GateState, Permit, PermittedRequest};
pub use local_time::{HourCycle, LocalTime};
pub use notification::{Notice, NoticeKind};
pub use quota::attribution::{LocationNow, ReportedReading, Session, Speaker};
pub use quota::merge::PassiveReading;
pub use quota::{Provenance, QuotaWindow, Reading, Source};
pub use request::{Endpoint, Request};
pub use response::{Body, HttpResponse, Outcome, SendResult};
pub use settings::Settings;
pub use state::{AccountId, AccountState, State};
pub use status::account::{AccountStatus, Condition, StatusContext};
pub use status::report::{AccountReport, Report};
pub use time::{Boot, Moment, Wall};
pub use updates::Updates;
