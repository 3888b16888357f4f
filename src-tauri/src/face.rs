//! What the tray shows, as a pure function of what is known: icon, tooltip and menu, with a section for each account.

use crate::icon::{self, Icon, Ink, Mark};
use crate::menu::{Click, Entry, TrayFace};
use crate::present::{Known, condition, status};
use crate::view::Condition;
use holdoff_core::state::{Refusal, Renewal};
use holdoff_core::{AccountId, AccountState, words};
use std::cmp::Reverse;

pub fn face(known: &Known<'_>) -> TrayFace {
    let Some((_, urgent)) = known.accounts().min_by_key(|(_, account)| urgency(account, known)) else {
        return nobody(known);
    };
    let reading = urgent.reading.as_ref();
    let highest = reading.and_then(|reading| reading.highest(known.now.wall));
    let mark = if known.snapshot.trouble.is_some() { Mark::Paused } else { mark(condition(urgent, known)) };
    TrayFace {
        icon: Icon::from_percent(highest, mark, Ink::Either),
        title: "Holdoff".to_owned(),
        tooltip: tooltips(known),
        menu: [sections(known), commands(first_refusal(known).as_ref().map(|refusal| (refusal, known)), update(known))]
            .concat(),
    }
}

/// Before anything is read: no figure, and no word about any.
pub fn starting() -> TrayFace {
    TrayFace {
        icon: Icon::from_percent(None, Mark::Unknown, Ink::Either),
        title: "Holdoff".to_owned(),
        tooltip: "Starting…".to_owned(),
        menu: commands(None, None),
    }
}

fn nobody(known: &Known<'_>) -> TrayFace {
    let off = known.snapshot.state.places.iter().any(|place| place.account.is_some());
    let said = if !known.elsewhere.is_empty() {
        "Another process of Holdoff polls here, so this one does not"
    } else if off {
        "Every account is switched off"
    } else {
        "Nothing is known yet"
    };
    TrayFace {
        icon: Icon::from_percent(None, Mark::Unknown, Ink::Either),
        title: "Holdoff".to_owned(),
        tooltip: format!("{said}."),
        menu: [vec![Entry::text(said)], commands(None, update(known))].concat(),
    }
}

/// Whose state the icon shows, the least first: what needs the person; then what they are about to run out of, or
/// what is held back; then what works, the fullest first. What only waits for its owner hides none of these.
fn urgency(account: &AccountState, known: &Known<'_>) -> (u8, Reverse<u64>) {
    let highest = account.reading.as_ref().and_then(|reading| reading.highest(known.now.wall)).unwrap_or(0.0);
    let rank = match condition(account, known) {
        Condition::Paused => 0,
        Condition::Ok if highest >= f64::from(icon::HIGH) => 1,
        Condition::CoolingDown => 2,
        Condition::Stale => 3,
        Condition::Ok => 4,
        Condition::Unknown => 5,
        Condition::Expired => 6,
        Condition::Absent => 7,
    };
    (rank, Reverse((highest * 1000.0) as u64))
}

/// Why nobody may be asked now: the refusal that ends first. `None` if any account may be.
fn first_refusal(known: &Known<'_>) -> Option<Refusal> {
    let refusals: Option<Vec<Refusal>> = known.accounts().map(|(_, account)| known.refusal(account)).collect();
    refusals?.into_iter().min_by_key(|refusal| match refusal {
        Refusal::NotBefore { until, .. } => (0, Some(until.boot)),
        Refusal::SignIn(_) | Refusal::FreeOnly | Refusal::Unsaved { .. } => (1, None),
    })
}

fn tooltips(known: &Known<'_>) -> String {
    let told = known.accounts().map(|(id, account)| {
        let text = tooltip(account, condition(account, known), known);
        if is_several(known) { format!("{}\n{text}", known.label(id)) } else { text }
    });
    told.collect::<Vec<_>>().join("\n")
}

fn sections(known: &Known<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (id, account) in known.accounts() {
        if !entries.is_empty() {
            entries.push(Entry::Separator);
        }
        entries.extend(about(id, account, condition(account, known), known));
    }
    if is_several(known) {
        entries.push(Entry::Separator);
    }
    entries
}

fn is_several(known: &Known<'_>) -> bool {
    known.accounts().nth(1).is_some()
}

fn mark(condition: Condition) -> Mark {
    match condition {
        Condition::Unknown => Mark::Unknown,
        Condition::Ok => Mark::Level,
        Condition::Stale => Mark::Stale,
        Condition::CoolingDown => Mark::CoolingDown,
        Condition::Paused => Mark::Paused,
        Condition::Expired => Mark::Expired,
        Condition::Absent => Mark::Absent,
    }
}

fn tooltip(account: &AccountState, condition: Condition, known: &Known<'_>) -> String {
    let levels = account.reading.as_ref().filter(|reading| !reading.is_empty()).map(|reading| {
        let tooltip = if account.free_only() { words::dated_tooltip } else { words::tooltip };
        let line = tooltip(reading, known.settings.percent, known.now.wall, known.zone);
        let at = known.clock(reading.at);
        match condition {
            Condition::Ok if !account.free_only() => line,
            _ => format!("{line} (read {at})"),
        }
    });
    let unusual = account.free_only() || condition != Condition::Ok || known.snapshot.trouble.is_some();
    let status = if unusual || is_renewal_held(account, known) { status(account, known) } else { Vec::new() };
    let lines: Vec<String> = levels.into_iter().chain(status).collect();
    lines.join("\n")
}

/// Something stands against renewing a sign-in that still works.
fn is_renewal_held(account: &AccountState, known: &Known<'_>) -> bool {
    matches!(account.renewal(known.now), Renewal::Waits { .. } | Renewal::HeldUp { .. } | Renewal::Stopped(_))
}

fn about(id: &AccountId, account: &AccountState, condition: Condition, known: &Known<'_>) -> Vec<Entry> {
    let mut entries = vec![Entry::text(known.label(id))];
    if let Some(reading) = &account.reading {
        for window in &reading.windows {
            let line = words::window_line(window, known.settings.percent, known.now.wall, known.zone);
            let earlier = words::read_earlier(reading, window, known.now.wall, known.zone);
            let line = line + &earlier.filter(|_| account.free_only()).unwrap_or_default();
            entries.push(Entry::item(line, Click::OpenPanel));
        }
        entries.extend(reading.money.iter().map(|money| Entry::item(words::money_line(money), Click::OpenPanel)));
        entries.push(Entry::text(format!("Read at {}", known.clock(reading.at))));
    }
    // Lines part accounts where there are several, and only then.
    if !is_several(known) {
        entries.push(Entry::Separator);
    }
    let click = match condition {
        Condition::Paused | Condition::Expired | Condition::Absent => Click::OpenGuide(id.clone()),
        _ if matches!(account.renewal(known.now), Renewal::Stopped(_)) => Click::OpenGuide(id.clone()),
        Condition::Unknown | Condition::Ok | Condition::Stale | Condition::CoolingDown => Click::OpenPanel,
    };
    entries.extend(status(account, known).iter().map(|line| Entry::item(line.trim_end_matches('.'), click.clone())));
    entries
}

/// Leads to what is new in a newer version.
fn update(known: &Known<'_>) -> Option<Entry> {
    let offer = known.updates.offer.as_ref()?;
    Some(Entry::item(words::update_menu(&offer.version), Click::OpenSettings))
}

fn commands(refused: Option<(&Refusal, &Known<'_>)>, update: Option<Entry>) -> Vec<Entry> {
    let refresh = match refused {
        None => Entry::item("Refresh", Click::Refresh),
        Some((refusal, known)) => match words::refusal_short(refusal, known.now, known.zone) {
            Some(short) => Entry::text(format!("Refresh ({})", lower_first(&short))),
            None => Entry::text("Refresh"),
        },
    };
    let mut entries = vec![refresh, Entry::Separator];
    entries.extend(update);
    entries.extend([
        Entry::item("Open panel", Click::OpenPanel),
        Entry::item("Settings…", Click::OpenSettings),
        Entry::item("Quit Holdoff", Click::Quit),
    ]);
    entries
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
