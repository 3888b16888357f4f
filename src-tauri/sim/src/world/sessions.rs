//! Sessions of the owner, which report their last response: for the person who is signed in, for an earlier one, or
//! for one with a token of its own.

use super::process::id_of;
use super::{PLACE, Step, World, quota};
use crate::observation::{MINUTE, Observation};
use crate::schedule::Person;
use holdoff_core::account::Event;
use holdoff_core::providers::Provider;
use holdoff_core::providers::anthropic::status_line;
use holdoff_core::{LocationNow, ReportedReading, Speaker, State};

impl World {
    pub(super) fn session_tells(&mut self) -> Step {
        let stored = self.owner.person;
        let any = *self.rng.pick(&Person::ALL);
        // Older versions do not name a session's account: there, only the person who is signed in has one.
        let person = if self.start.names_itself && self.rng.percent(30) { any } else { stored };
        let speaker = match (self.start.names_itself, person == stored) {
            (false, _) => Speaker::Unnamed,
            (true, false) if self.rng.percent(50) => Speaker::OwnToken,
            (true, _) => {
                let identity = super::owner::identity(person);
                let organization = identity.organization_id.filter(|_| self.rng.percent(50) || person != stored);
                Speaker::Named { account: identity.account.unwrap_or_default(), organization }
            }
        };
        let oldest = if person == stored { self.owner.changed_at + MINUTE } else { 0 };
        let at = (self.now - self.rng.between(0, 10 * MINUTE)).max(oldest);
        let told_apart = self.start.names_itself || self.owner.name == Some(stored);
        if at > self.now || self.owner.sign_in().is_none() || !told_apart {
            return Ok(());
        }
        let (text, said) = quota::session(at, self.now, person, self.start.hours);
        let who = self.who(&id_of(person));
        self.see(Observation::SessionReading { who, at, said })?;
        let at = self.machine.wall(at);
        let written = Some(self.machine.wall(self.owner.changed_at));
        let now = self.machine.moment(self.now);
        let Some(process) = &self.process else { return Ok(()) };
        let mut place = process.place.clone();
        place.apply_read(&self.owner.read(), now);
        let reading = status_line::read(text.as_bytes()).and_then(|told| told.reading(at));
        let Some(reading) = reading else { return Ok(()) };
        let mut state = State::new(self.machine.boot_id());
        state.accounts = process.kept.iter().map(|(id, kept)| (id.clone(), (**kept).clone())).collect();
        let told = ReportedReading { provider: Provider::Anthropic, place: PLACE.to_owned(), speaker, reading };
        if let Some(pushed) =
            told.attribute(Some(LocationNow { place: &place, written }), std::slice::from_ref(&place), &state)
        {
            self.handle(Event::Reading(pushed));
        }
        Ok(())
    }
}
