//! Decides when Holdoff may ask a provider, what an answer means and what to say.
//!
//! Sans-I/O: time and randomness are arguments, every call is synchronous and total. Nothing in
//! here opens a file or a socket or reads a clock; `cargo tree -p holdoff-core` shows it.
//!
//! Start at [`Account`]: `poll` says what to do next, `handle` takes what the world did.

pub mod account;
pub mod backtest;
pub mod choose;
pub mod cycle;
mod dice;
pub mod gate;
pub mod guard;
pub mod guide;
pub mod history;
pub mod ledger;
pub mod local_time;
pub mod notice;
pub mod outcome;
pub mod pace;
pub mod places;
pub mod policy;
pub mod providers;
pub mod quota;
pub mod reading;
pub mod recollection;
pub mod report;
pub mod request;
pub mod retry_after;
pub mod seats;
pub mod secret;
pub mod settings;
pub mod sign_in;
pub mod speaker;
pub mod state;
pub mod text;
pub mod time;
pub mod updates;
pub mod wishes;
pub mod words;

pub use account::{Account, Action, Event};
pub use gate::{Gate, GateState, Permit};
pub use local_time::{HourCycle, LocalTime};
pub use notice::{Notice, NoticeKind};
pub use outcome::{Answer, Body, Delivery, Outcome};
pub use places::Place;
pub use quota::{Origin, QuotaWindow, Reading, Source};
pub use reading::Pushed;
pub use report::{AccountReport, Report};
pub use request::{Endpoint, Request};
pub use settings::Settings;
pub use sign_in::{Credential, CredentialRead, SignIn};
pub use speaker::{Here, Speaker, Told};
pub use state::{AccountId, AccountState, State};
pub use time::{Boot, Moment, Wall};
pub use updates::Updates;
