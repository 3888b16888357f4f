//! The seats of one login, such as a personal plan and a team plan. Cooldowns after a 429 and request spacing belong to the
//! login and are shared by all of its seats (laws 2 and 10). Readings and notifications belong to a seat.

use crate::gate::Gates;
use crate::state::{AccountId, AccountState, State};
use crate::time::Moment;

impl AccountState {
    /// Whether state saved by an earlier version may be this seat's. Those versions kept all seats of a login as one
    /// account, with the latest figures of any.
    fn may_become(&self, organization: Option<&str>) -> bool {
        let known = self.sign_in.identity.organization.as_deref();
        known.is_none() || organization.is_none() || known == organization
    }
}

impl State {
    /// Shares every seat's answers with the other seats of its login. Call once, after loading.
    pub fn share_gates(&mut self, now: Moment) {
        let all: Vec<(AccountId, Gates)> =
            self.accounts.iter().map(|(id, kept)| (id.clone(), kept.gates.clone())).collect();
        for (id, account) in &mut self.accounts {
            for (_, gates) in all.iter().filter(|(other, _)| other.is_beside(id)) {
                account.gates.share_left_behind(gates, now);
            }
        }
    }

    /// The gates of the other seats of the login.
    pub fn gates_beside(&self, id: &AccountId) -> Vec<(AccountId, Gates)> {
        let beside = self.accounts.iter().filter(|(other, _)| other.is_beside(id));
        beside.map(|(other, kept)| (other.clone(), kept.gates.clone())).collect()
    }

    /// The saved state of a seat. Adopts what an earlier version saved under the login's id, unless that was another
    /// organization's. `organization` is the name of the seat's own organization.
    pub fn load_seat(&mut self, id: &AccountId, organization: Option<&str>) -> Option<&AccountState> {
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

/// Distinguishes a seat from the other known seats of its login: its organization's name, or the beginning of its id if
/// that name is not unique. `None` if there are no other seats.
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
