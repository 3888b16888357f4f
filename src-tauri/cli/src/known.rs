//! What is known, from what is saved: the app's state, and what the status line has left for it since.

use holdoff_core::reading::{self, Pushed, Whose};
use holdoff_core::{AccountId, AccountState, LocalTime, Moment, Settings, State, choose, report, words};
use holdoff_engine::credentials::Source;
use holdoff_engine::environment::Environment;
use holdoff_engine::local_time::local_time;
use holdoff_engine::slots::Slots;
use holdoff_engine::{handover, newer_data, settings_file, sources};
use std::cell::LazyCell;
use std::ops::Deref;

pub struct Known {
    pub state: State,
    pub settings: Settings,
    pub now: Moment,
    /// Sentences about what could not be read.
    pub problems: Vec<String>,
    place: String,
}

impl Known {
    pub fn read(environment: &Environment) -> Self {
        let slots = Slots::read_beside(&environment.data_dir);
        let settings = settings_file::read(&environment.data_dir);
        let unusable = slots.damaged.iter().map(|(path, why)| {
            format!("{} cannot be used: {why}. The app keeps it aside when it starts.", path.display())
        });
        let newer = newer_data::find(&environment.data_dir).map(|data| format!("{data}. It is left as it is."));
        let problems = unusable.chain(newer).chain(settings.problems).collect();
        let now = environment.clock.now();
        let boot_id = environment.clock.boot_id();
        let mut state = slots.state.unwrap_or_else(|| State::new(boot_id.clone()));
        state.carry_to(&boot_id, now);
        let sources = LazyCell::new(|| sources::all(environment, &settings.settings));
        for account in state.accounts.values_mut() {
            take_up(environment, account, &sources, now);
        }
        let place = Source::from_env(&environment.home, environment.claude_config_dir.as_deref()).place();
        Self { state, settings: settings.settings, now, problems, place }
    }

    /// The account called so; without a name, that of the config folder in force.
    ///
    /// # Errors
    /// A sentence that says which there are.
    pub fn account(&self, name: Option<&str>) -> Result<(&AccountId, &AccountState), String> {
        choose::account(&self.state, &self.settings, name, &self.place).map_err(|why| words::not_chosen(&why))
    }

    /// Leaves only the account called so.
    ///
    /// # Errors
    /// A sentence that says which there are.
    pub fn only(&mut self, name: &str) -> Result<(), String> {
        let id = self.account(Some(name))?.0.clone();
        self.state.active.retain(|active| *active == id);
        Ok(())
    }

    /// What an account is called; its id where nothing is known of it any more.
    pub fn label(&self, id: &AccountId) -> String {
        let account = self.state.accounts.get(id);
        account.map_or_else(|| id.0.clone(), |account| report::label(id, account, &self.settings))
    }

    /// How their person reads the time.
    pub fn local_time(&self) -> LocalTime {
        local_time(&self.settings)
    }

    pub fn say_problems(&self) {
        for problem in &self.problems {
            eprintln!("holdoff: {problem}");
        }
    }
}

/// What the status line says of the same place, and no app has taken in yet.
fn take_up(
    environment: &Environment,
    account: &mut AccountState,
    sources: &impl Deref<Target = Vec<Source>>,
    now: Moment,
) {
    let place = account.sign_in.place.clone();
    let Some(reading) = handover::take_up(&environment.data_dir, &place) else {
        return;
    };
    let source = sources.iter().find(|source| source.place() == place);
    let written = source.and_then(|source| Some(environment.clock.wall_of(source.written()?)));
    let pushed = Pushed { whose: Whose::Place(place), reading };
    if pushed.can_be_of(written) {
        account.reading = reading::known(account.reading.take(), pushed, now.wall);
    }
}
