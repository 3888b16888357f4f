//! The saved state: the app's state, and the status line's readings since.

use holdoff_core::account::label;
use holdoff_core::account::privacy;
use holdoff_core::account::selector;
use holdoff_core::quota::merge;
use holdoff_core::{
    AccountId, AccountState, AccountStatus, CredentialLocation, LocalTime, LocationNow, Moment, Settings, State,
    StatusContext, messages,
};
use holdoff_engine::owners::{CredentialStore, Sessions, locations};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::platform::local_time::local_time;
use holdoff_engine::storage::state_file::Slots;
use holdoff_engine::storage::{newer_data, reading_spool, settings_file};

pub struct SavedState {
    pub state: State,
    pub settings: Settings,
    pub now: Moment,
    /// Sentences about what could not be read.
    pub problems: Vec<String>,
    place: String,
}

impl SavedState {
    pub fn read(environment: &Environment) -> Self {
        let slots = Slots::read_beside(&environment.data_dir);
        let settings = settings_file::read(&environment.data_dir);
        let unusable = slots.damaged.iter().map(|(path, why)| {
            format!("{} cannot be used: {why}. The app sets it aside when it starts.", path.display())
        });
        let newer = newer_data::find_beside_history(&environment.data_dir, &slots);
        let newer = newer.map(|data| format!("{data}. Holdoff leaves it unchanged."));
        let problems = unusable.chain(newer).chain(settings.problems).collect();
        let now = environment.clock.now();
        let boot_id = environment.clock.boot_id();
        let mut state = slots.state.unwrap_or_else(|| State::new(boot_id.clone()));
        state.rebase_to(&boot_id, now);
        let sources = locations::all(environment, &settings.settings);
        let sessions = Sessions::default();
        for source in &sources {
            add_spooled_reading(environment, &mut state, source, &sessions, now);
        }
        let place = locations::in_force(environment, &sources);
        Self { state, settings: settings.settings, now, problems, place }
    }

    /// The account with this name; without a name, that of the current config folder.
    ///
    /// # Errors
    /// Fails with a sentence that lists the accounts.
    pub fn account(&self, name: Option<&str>) -> Result<(&AccountId, &AccountState), String> {
        let why = match selector::account(&self.state, &self.settings, name, &self.place) {
            Ok(found) => return Ok(found),
            Err(why) => why,
        };
        if !self.settings.hide_names {
            return Err(messages::not_chosen(&why));
        }
        // It may be called by the name that is shown, and no other name is listed.
        let (state, settings) = privacy::shown(&self.state, &self.settings);
        match selector::account(&state, &settings, name, &self.place) {
            Ok((id, _)) => self.state.accounts.get_key_value(id).ok_or_else(|| messages::not_chosen(&why)),
            Err(why) => Err(messages::not_chosen(&why)),
        }
    }

    /// Without what the user hides. No account can be chosen by its address any more.
    #[must_use]
    pub fn shown(self) -> Self {
        let (state, settings) = privacy::shown(&self.state, &self.settings);
        let (state, settings) = (state.into_owned(), settings.into_owned());
        Self { state, settings, ..self }
    }

    /// Removes all accounts except the one with this name.
    ///
    /// # Errors
    /// Fails with a sentence that lists the accounts.
    pub fn only(&mut self, name: &str) -> Result<(), String> {
        let id = self.account(Some(name))?.0.clone();
        self.state.active.retain(|active| *active == id);
        Ok(())
    }

    /// The account's name; its id if nothing is known of it any more.
    pub fn label(&self, id: &AccountId) -> String {
        label::label(id, &self.state, &self.settings)
    }

    pub fn status<'a>(&self, account: &'a AccountState) -> AccountStatus<'a> {
        AccountStatus::of(account, &StatusContext::new(self.now, self.settings.polling_interval))
    }

    /// The user's time zone and hour cycle.
    pub fn local_time(&self) -> LocalTime {
        local_time(&self.settings)
    }

    pub fn print_problems(&self) {
        for problem in &self.problems {
            eprintln!("holdoff: {problem}");
        }
    }
}

/// Adds readings that the status line saved for this location and no app has handled yet.
fn add_spooled_reading(
    environment: &Environment,
    state: &mut State,
    source: &CredentialStore,
    sessions: &Sessions,
    now: Moment,
) {
    let place = source.place();
    let Some((reading, session)) = reading_spool::read(&environment.data_dir, &source.real_place()) else {
        return;
    };
    let Some(reported) = sessions.reading(place.clone(), reading, &session) else {
        return;
    };
    let written = source.written().map(|written| environment.clock.wall_of(written));
    let mut location = CredentialLocation::saved(state, source.provider(), &place);
    let account = location.account.as_ref().and_then(|account| state.accounts.get(account));
    if let Some(account) = account.filter(|_| location.sign_in.seen.is_none()) {
        location.sign_in = account.sign_in.clone();
    }
    let Some(pushed) = reported.attribute(Some(LocationNow { place: &location, written }), &state.places, state) else {
        return;
    };
    if let Some(account) = state.accounts.get_mut(&pushed.account) {
        account.reading = merge::with_passive(account.reading.take(), pushed, now.wall);
    }
}
