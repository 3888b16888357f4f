//! What the tray shows, as a pure function of the known state: icon, tooltip and menu, with a section for each account.

use crate::icon::{Glyph, Icon, Number, PanelTheme, Style, rounded_down};
use crate::tray::menu::{Entry, TrayAction, TrayModel};
use crate::view_context::ViewContext;
use holdoff_core::settings::TrayStyle;
use holdoff_core::state::Refusal;
use holdoff_core::status::account::first_refusal;
use holdoff_core::status::tray::{TrayChoice, TrayReadout};
use holdoff_core::{AccountId, AccountStatus, Condition, Wall, messages};

pub fn tray_model(context: &ViewContext<'_>) -> TrayModel {
    let all = statuses(context);
    let Some(readout) = TrayReadout::of(&all, &choice(context)) else {
        return nobody(context);
    };
    let all: Vec<AccountStatus<'_>> = all.iter().map(|(_, status)| status.clone()).collect();
    TrayModel {
        icon: icon(&readout, context),
        title: "Holdoff".to_owned(),
        tooltip: tooltips(context),
        menu: [
            sections(context),
            commands(first_refusal(&all).map(|refusal| (refusal, context)), update(context), Some(context)),
        ]
        .concat(),
    }
}

fn statuses<'a>(context: &ViewContext<'a>) -> Vec<(&'a AccountId, AccountStatus<'a>)> {
    let state = &context.snapshot.state;
    let accounts = state.active.iter().filter_map(|id| state.accounts.get_key_value(id));
    accounts.map(|(id, account)| (id, context.status(account))).collect()
}

fn choice<'a>(context: &ViewContext<'a>) -> TrayChoice<'a> {
    let settings = context.settings;
    TrayChoice { style: settings.tray_style, shows: &settings.tray_shows.0, percent: settings.percent }
}

fn icon(readout: &TrayReadout, context: &ViewContext<'_>) -> Icon {
    let glyph = if context.snapshot.trouble.is_some() { Glyph::Paused } else { glyph(readout.condition) };
    let style = match (context.settings.tray_style, &readout.number) {
        (TrayStyle::Bars, _) => Style::Bars { second: readout.second.and_then(rounded_down) },
        (TrayStyle::Number | TrayStyle::NumberReset, Some(number)) => Style::Number(Number::new(number)),
        (TrayStyle::Ring | TrayStyle::Number | TrayStyle::NumberReset, _) => Style::Ring,
    };
    Icon::from_percent(readout.used, glyph, PanelTheme::Either).with_style(style)
}

/// When the icon next changes although nothing happens.
pub fn icon_changes(context: &ViewContext<'_>) -> Option<Wall> {
    TrayReadout::of(&statuses(context), &choice(context))?.number_changes
}

/// The state before anything is read: no level and no status.
pub fn starting() -> TrayModel {
    TrayModel {
        icon: Icon::from_percent(None, Glyph::Unknown, PanelTheme::Either),
        title: "Holdoff".to_owned(),
        tooltip: "Starting…".to_owned(),
        menu: commands(None, None, None),
    }
}

fn nobody(context: &ViewContext<'_>) -> TrayModel {
    let off = context.snapshot.state.places.iter().any(|place| place.account.is_some());
    let said = if !context.elsewhere.is_empty() {
        "Another copy of Holdoff is running, so this one sends no requests"
    } else if off {
        "All accounts are switched off"
    } else {
        "No readings yet"
    };
    TrayModel {
        icon: Icon::from_percent(None, Glyph::Unknown, PanelTheme::Either),
        title: "Holdoff".to_owned(),
        tooltip: format!("{said}."),
        menu: [vec![Entry::text(said)], commands(None, update(context), Some(context))].concat(),
    }
}

fn tooltips(context: &ViewContext<'_>) -> String {
    let told = context.accounts().map(|(id, account)| {
        let text = tooltip(&context.status(account), context);
        if is_several(context) { format!("{}\n{text}", context.label(id)) } else { text }
    });
    told.collect::<Vec<_>>().join("\n")
}

fn sections(context: &ViewContext<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (id, account) in context.accounts() {
        if !entries.is_empty() {
            entries.push(Entry::Separator);
        }
        entries.extend(about(id, &context.status(account), context));
    }
    if is_several(context) {
        entries.push(Entry::Separator);
    }
    entries
}

fn is_several(context: &ViewContext<'_>) -> bool {
    context.accounts().nth(1).is_some()
}

fn glyph(condition: Condition) -> Glyph {
    match condition {
        Condition::Unknown => Glyph::Unknown,
        Condition::Ok => Glyph::Level,
        Condition::Stale => Glyph::Stale,
        Condition::CoolingDown => Glyph::CoolingDown,
        Condition::Paused => Glyph::Paused,
        Condition::Expired => Glyph::Expired,
        Condition::Absent => Glyph::Absent,
    }
}

fn tooltip(status: &AccountStatus<'_>, context: &ViewContext<'_>) -> String {
    let (account, condition) = (status.account, status.condition);
    let levels = account.reading.as_ref().filter(|reading| !reading.is_empty()).map(|reading| {
        let tooltip = if account.free_only() { messages::dated_tooltip } else { messages::tooltip };
        let line = tooltip(reading, context.settings.percent, context.now.wall, context.zone);
        let at = context.format_time(reading.at);
        match condition {
            Condition::Ok if !account.free_only() => line,
            _ => format!("{line} (read {at})"),
        }
    });
    let unusual = account.free_only() || condition != Condition::Ok || context.snapshot.trouble.is_some();
    let tells = unusual || status.is_renewal_blocked();
    let status = if tells { messages::status(status, context.zone) } else { Vec::new() };
    let lines: Vec<String> = levels.into_iter().chain(status).collect();
    lines.join("\n")
}

fn about(id: &AccountId, status: &AccountStatus<'_>, context: &ViewContext<'_>) -> Vec<Entry> {
    let account = status.account;
    let mut entries = vec![Entry::text(context.label(id))];
    if let Some(reading) = &account.reading {
        for window in &reading.windows {
            let line = messages::window_line(window, context.settings.percent, context.now.wall, context.zone);
            let earlier = messages::read_earlier(reading, window, context.now.wall, context.zone);
            let line = line + &earlier.filter(|_| account.free_only()).unwrap_or_default();
            // In the same entry: the layout of an open menu must not change with a figure.
            let days = context.settings.pace_days;
            let outlook = messages::outlook(account, window, days, context.now.wall, context.zone);
            let outlook = outlook.map(|outlook| format!(" · {outlook}")).unwrap_or_default();
            entries.push(Entry::item(line + &outlook, TrayAction::OpenPanel));
        }
        entries
            .extend(reading.money.iter().map(|money| Entry::item(messages::money_line(money), TrayAction::OpenPanel)));
        entries.push(Entry::text(format!("Read at {}", context.format_time(reading.at))));
    }
    // Separators divide the accounts, only if there are several.
    if !is_several(context) {
        entries.push(Entry::Separator);
    }
    let click = if status.leads_to_sign_in() { TrayAction::OpenSignInSteps(id.clone()) } else { TrayAction::OpenPanel };
    let lines = messages::status(status, context.zone);
    entries.extend(lines.iter().map(|line| Entry::item(line.trim_end_matches('.'), click.clone())));
    entries
}

/// The entry that leads to a newer version.
fn update(context: &ViewContext<'_>) -> Option<Entry> {
    let offer = context.updates.offer.as_ref()?;
    Some(Entry::item(messages::update_menu(&offer.version), TrayAction::OpenSettings))
}

fn commands(
    refused: Option<(&Refusal, &ViewContext<'_>)>,
    update: Option<Entry>,
    context: Option<&ViewContext<'_>>,
) -> Vec<Entry> {
    let refresh = match refused {
        None => Entry::item("Refresh", TrayAction::Refresh),
        Some((refusal, context)) => match messages::refusal_short(refusal, context.now, context.zone) {
            Some(short) => Entry::text(format!("Refresh ({})", lower_first(&short))),
            None => Entry::text("Refresh"),
        },
    };
    let mut entries = vec![refresh, Entry::Separator];
    entries.extend(update);
    entries
        .extend([Entry::item("Open panel", TrayAction::OpenPanel), Entry::item("Settings…", TrayAction::OpenSettings)]);
    entries.extend(context.map(|context| match context.settings.hide_names {
        false => Entry::item("Hide names", TrayAction::HideNames(true)),
        true => Entry::item("Show names", TrayAction::HideNames(false)),
    }));
    entries.push(Entry::item("Quit Holdoff", TrayAction::Quit));
    entries
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
