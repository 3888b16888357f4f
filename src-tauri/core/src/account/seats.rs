//! The seats of one login: a personal plan and a team's, say. What a 429 shuts, and how far apart requests are, belongs to
//! the login and so to all of them (laws 2 and 10); what is read, shown and told belongs to the seat.

use crate::gate::Gate;
use crate::state::{AccountId, AccountState, State};
use crate::time::Moment;

/// What one seat knows of the gates of its login.
#[derive(Debug, Clone, PartialEq)]
pub struct SeatGates {
    pub usage: Gate,
    pub token: Gate,
}

impl SeatGates {
    /// A request of it is under way: no other seat may ask meanwhile.
    pub fn is_asking(&self) -> bool {
        self.usage.intent.is_some() || self.token.intent.is_some()
    }
}

impl AccountState {
    pub fn gates(&self) -> SeatGates {
        SeatGates { usage: self.usage.clone(), token: self.token.clone() }
    }

    /// Learns what was answered to another seat of its login.
    pub fn share_gates(&mut self, other: &SeatGates, now: Moment) {
        self.usage.share(&other.usage, now);
        self.token.share(&other.token, now);
    }

    /// The same of a seat that nobody asks for any more: a request that it left behind was not answered.
    pub fn share_left_behind(&mut self, other: &SeatGates, now: Moment) {
        self.share_gates(other, now);
        self.usage.share_unanswered(&other.usage, now);
        self.token.share_unanswered(&other.token, now);
    }

    /// Whether it may be what earlier versions kept of the seat with this id. They kept all seats of a login as one account,
    /// and of its figures the last ones.
    fn may_become(&self, organization: Option<&str>) -> bool {
        let known = self.sign_in.identity.organization.as_deref();
        known.is_none() || organization.is_none() || known == organization
    }
}

impl State {
    /// Every seat learns what was answered to the others. Call it once, after loading.
    pub fn share_gates(&mut self, now: Moment) {
        let all: Vec<(AccountId, SeatGates)> =
            self.accounts.iter().map(|(id, kept)| (id.clone(), kept.gates())).collect();
        for (id, account) in &mut self.accounts {
            for (_, gates) in all.iter().filter(|(other, _)| other.is_beside(id)) {
                account.share_left_behind(gates, now);
            }
        }
    }

    /// What the other seats of its login know.
    pub fn gates_beside(&self, id: &AccountId) -> Vec<(AccountId, SeatGates)> {
        let beside = self.accounts.iter().filter(|(other, _)| other.is_beside(id));
        beside.map(|(other, kept)| (other.clone(), kept.gates())).collect()
    }

    /// What is kept of a seat. What an earlier version kept under the name of its login becomes its own, unless that was
    /// another organization's; `organization` is what its own is called.
    pub fn take_up(&mut self, id: &AccountId, organization: Option<&str>) -> Option<&AccountState> {
        let login = id.login();
        let adopts = !self.accounts.contains_key(id)
            && self.accounts.get(&login).is_some_and(|kept| kept.may_become(organization));
        if adopts && let Some(mut kept) = self.accounts.remove(&login) {
            kept.formerly = Some(login.clone());
            self.accounts.insert(id.clone(), kept);
            self.active.iter_mut().filter(|active| **active == login).for_each(|active| active.clone_from(id));
        }
        self.accounts.get(id)
    }
}

/// What tells a seat from the other seats of its login that are known: its organization, and where that has no name of its
/// own, the beginning of its id. `None` where there is nothing to be told apart.
pub(crate) fn distinction(id: &AccountId, organization: Option<&str>, state: &State) -> Option<String> {
    let kept = state.accounts.iter().map(|(id, kept)| (id, &kept.sign_in));
    let placed = state.places.iter().filter_map(|place| Some((place.account.as_ref()?, &place.sign_in)));
    let mut beside = kept.chain(placed).filter(|(other, _)| other.is_beside(id)).peekable();
    beside.peek()?;
    let own = organization.filter(|name| {
        let is_same = |other: &Option<String>| other.as_deref().is_none_or(|other| other.eq_ignore_ascii_case(name));
        !beside.any(|(_, sign_in)| is_same(&sign_in.identity.organization))
    });
    let short = || id.organization().map(|id| id.chars().take(8).collect::<String>());
    match (own, organization, short()) {
        (Some(name), _, _) => Some(name.to_owned()),
        (None, Some(name), Some(short)) => Some(format!("{name}, {short}")),
        (None, name, short) => short.or(name.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests;
