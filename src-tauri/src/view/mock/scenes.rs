//! Each scenario by the name that the pictures and the page's tests use.

use super::*;
use holdoff_core::Provenance;
use holdoff_core::credential::sign_in_flow::LaunchSupport;
use holdoff_core::response::Barred;
use holdoff_core::updates::{Checked, FetchFailure, InstallFailure, Offer, PackageKind};

const WORK: &str = "anthropic:work";
const OLD: &str = "anthropic:old";

pub(in crate::view) fn scenarios() -> BTreeMap<&'static str, View> {
    let rejected = || Scene::of(paused(Pause::Rejected));
    let renewing_chosen = |account| Scene::of(account).choosing(chosen(ANN, json!({"renewal": true})));
    let scenes = [
        ("ok", Scene::of(account())),
        ("status_line", Scene::of(at_work())),
        ("cooling_down", Scene::of(limited())),
        ("paused_scope", Scene::of(unread(paused(Pause::MissingScope { scope: "user:profile".into() })))),
        ("paused_rejected", rejected()),
        ("expired", Scene::of(expired())),
        ("absent", Scene::of(absent())),
        ("unreachable", Scene::of(unreachable())),
        ("stale", Scene::of(stale())),
        ("unknown", Scene::of(unknown())),
        ("recovered", Scene::of(recovered())),
        ("over_limit", Scene::of(over_limit())),
        ("many_windows", Scene::of(many_windows())),
        ("trouble", unsaved()),
        (
            "bad_settings",
            Scene::of(account())
                .choosing(json!({"readings": "ask", "polling_interval_s": 200, "history_days": 0, "theme": 7})),
        ),
        ("waiting", waiting()),
        ("recovering", waiting()),
        ("checking", Scene::of(checking())),
        ("checking_later", Scene::of(checking_later())),
        ("other_account", other_account()),
        ("no_claude", finding(absent(), LaunchSupport::NoProgram)),
        ("no_terminal", no_terminal()),
        ("renewal_limited", renewing_chosen(renewal_limited(renewing()))),
        ("expired_limited", renewing_chosen(renewal_limited(expired()))),
        ("renewal_stopped", renewing_chosen(renewal_stopped())),
        ("two_accounts", two_accounts()),
        ("four_accounts", several(4)),
        ("twelve_accounts", several(12)),
        ("money_only", Scene::of(money_only())),
        ("no_limits", Scene::of(no_limits())),
        ("free_only", Scene::of(free_only()).choosing(json!({"readings": "free_only"}))),
        ("turned_away", Scene::of(turned_away())),
        ("not_allowed", Scene::of(not_allowed())),
        ("first_run", Scene::of(account()).choosing(json!({}))),
        ("no_accounts", Scene::empty()),
        ("switched_off", switched_off()),
        ("update_question", updating(|status| status.wanted = false, json!({"readings": "ask"}))),
        ("update_offered", offered(|_| {})),
        ("update_failed", offered(|status| status.installing = Installing::Failed(NOT_AS_SIGNED))),
        ("update_to_paste", offered(to_paste)),
        ("update_announced", offered(announced)),
        ("refused", rejected()),
        ("failing", Scene::of(account())),
        ("loading", Scene::of(account())),
    ];
    scenes.iter().map(|(name, scene)| (*name, scene.view())).collect()
}

const NOT_AS_SIGNED: InstallFailure = InstallFailure::Fetch(FetchFailure::NotAsSigned);

/// Settings with one choice for one account.
fn chosen(id: &str, choice: Value) -> Value {
    json!({"readings": "ask", "accounts": {id: choice}})
}

/// Two windows come from the status line; the third is as old as the last request.
fn at_work() -> AccountState {
    let endpoint = Provenance { at: after(-52 * MINUTE).wall, source: Source::UsageEndpoint };
    let fable = QuotaWindow { origin: Some(endpoint), ..fable() };
    let mut account = read(account(), 20 * SECOND, vec![five_hour(), weekly(), fable]);
    account.reading.as_mut().unwrap().source = Source::StatusLine;
    let bursts = [(55, 0.0), (44, 1.0), (33, 2.0), (22, 5.0), (11, 40.0)];
    let bursts = bursts.map(|(minutes, used)| (minutes * MINUTE, used));
    let days = [(2 * DAY + 15 * HOUR, 0.0), (2 * DAY, 9.0), (DAY, 17.0)];
    account.cycles = serde_json::from_value(json!({
        "five_hour": cycle(five_hour(), &bursts, (20 * SECOND, 42.0)),
        "seven_day": cycle(weekly(), &days, (20 * SECOND, 26.0)),
    }))
    .unwrap();
    account
}

/// Rate limited until 14:32.
fn limited() -> AccountState {
    let cause = Cooldown::RateLimited { retry_after_s: Some(80 * 60) };
    cooling_down(old(account(), 18 * MINUTE), 75 * MINUTE, cause)
}

fn unreachable() -> AccountState {
    let cause = Cooldown::Network { why: "no connection".into() };
    cooling_down(old(account(), 41 * MINUTE), 15 * MINUTE, cause)
}

/// After a night: nothing blocks a request, and the first one is still to come.
fn stale() -> AccountState {
    let five_hour = QuotaWindow { resets_at: Some(after(-40 * MINUTE).wall), ..five_hour() };
    let mut account = old(account(), 5 * HOUR + 2 * MINUTE);
    let reading = account.reading.as_mut().unwrap();
    reading.source = Source::OwnerCache;
    reading.windows[0] = five_hour;
    AccountState { next: Some(after(20 * SECOND)), ..account }
}

fn unknown() -> AccountState {
    let mut account = unread(account());
    account.sign_in.plan = None;
    account.gates[Endpoint::Usage].last_request = None;
    AccountState { next: Some(after(4 * SECOND)), ..account }
}

fn recovered() -> AccountState {
    let account = AccountState { sign_in_recovered: true, next: Some(after(5 * MINUTE)), ..account() };
    old(account, 0)
}

fn over_limit() -> AccountState {
    let used = |window: QuotaWindow, percent, binding| QuotaWindow { used_percent: Some(percent), binding, ..window };
    let windows = vec![used(five_hour(), 112.4, true), used(weekly(), 96.6, false), used(fable(), 100.0, false)];
    let mut account = read(account(), 3 * MINUTE, windows);
    let reached = Spend { note: Some("spend limit reached".into()), ..extra_usage(10_000) };
    account.reading.as_mut().unwrap().money = vec![reached];
    account
}

fn many_windows() -> AccountState {
    let mut account = account();
    account.sign_in.identity.email = Some("a.rather.long.address.of.somebody@department.university.example.com".into());
    let reading = account.reading.as_mut().unwrap();
    reading.windows.extend([
        window("seven_day_opus", "Opus", Some(0.0), Some(3 * DAY)),
        window("seven_day_sonnet", "Sonnet", Some(79.6), Some(3 * DAY + HOUR)),
        window("seven_day_oauth_apps", "OAuth apps", None, None),
        window("nimbus_quill", "nimbus_quill", Some(0.0), None),
        window("iguana_necktie", "iguana_necktie_with_a_name_that_goes_on", Some(99.7), Some(59 * SECOND)),
        window("tangelo", "tangelo", Some(1234.0), Some(2 * HOUR)),
    ]);
    let balance = Spend { id: "balance".into(), label: "Balance".into(), limit: None, ..extra_usage(500) };
    reading.money.push(balance);
    account
}

fn unsaved() -> Scene {
    let mut scene = Scene::of(account());
    scene.snapshot.trouble = Some("the disk is full".into());
    scene
}

/// A sign-in terminal is open.
fn waiting() -> Scene {
    let signing_in = SigningIn::with_open(AccountId(ANN.into()));
    Scene { signing_in, ..Scene::of(paused(Pause::Rejected)) }
}

/// A new sign-in after a pause that no request has confirmed yet.
fn checking() -> AccountState {
    let mut account = old(account(), 26 * MINUTE);
    account.gates[Endpoint::Usage].intent = Some(NOW);
    AccountState { sign_in_failed: true, next: Some(after(-SECOND)), ..account }
}

fn checking_later() -> AccountState {
    let mut account = checking();
    account.gates[Endpoint::Usage].intent = None;
    account.gates[Endpoint::Usage].last_request = Some(after(-MINUTE));
    account
}

fn other_account() -> Scene {
    let mut bob = AccountState { previous_account: Some(AccountId(ANN.into())), ..recovered() };
    bob.sign_in.identity.email = Some("bob@example.com".into());
    Scene::empty().with("anthropic:bob", bob).before(ANN, account())
}

fn finding(account: AccountState, means: LaunchSupport) -> Scene {
    let mut scene = Scene::of(account);
    scene.signing_in.means = means;
    scene
}

fn no_terminal() -> Scene {
    let mut account = paused(Pause::Rejected);
    account.sign_in.place = "~/.claude-work/.credentials.json".into();
    finding(account, LaunchSupport::NoTerminal)
        .choosing(json!({"readings": "ask", "claude_config_dirs": ["~/.claude-work"]}))
}

fn renewal_stopped() -> AccountState {
    let mut account = renewing();
    account.gates[Endpoint::Token].state = pause(Pause::RefreshRefused);
    AccountState { sign_in_failed: true, ..account }
}

/// One account with a cooldown and two locations, one account that is disabled, and a folder without a sign-in.
fn two_accounts() -> Scene {
    const SHARED: &str = "/srv/shared/projects/linguistics/claude-config";
    const LONG: &str = "Everything that the department of comparative linguistics asks in a busy term";
    let mut work = limited();
    work.sign_in.plan = Some("team".into());
    work.sign_in.place = "~/.claude-work/.credentials.json".into();
    work.sign_in.identity.email = Some("ann@work.example.com".into());
    let reading = work.reading.as_mut().unwrap();
    (reading.windows, reading.money) = (vec![five_hour()], Vec::new());
    let mut gone = unread(account());
    gone.sign_in.plan = None;
    gone.sign_in.seen = Some(CredentialPresence::Absent(CredentialMissing::NotSignedIn));
    gone.sign_in.identity.email = Some("a.rather.long.address.of.somebody@department.university.example.com".into());
    Scene::of(account())
        .with(WORK, work.clone())
        .at(&format!("{SHARED}/.credentials.json"), Some(WORK), &work)
        .at("~/.claude-old/.credentials.json", Some(OLD), &gone)
        .at("~/.claude-new/.credentials.json", None, &absent())
        .choosing(json!({
            "readings": "ask",
            "claude_config_dirs": ["~/.claude-work", SHARED, "~/.claude-old", "~/.claude-new"],
            "accounts": {WORK: {"label": "Work", "renewal": true}, OLD: {"label": LONG, "enabled": false}},
        }))
}

/// Accounts in every condition, one after the other, the first ones with long names.
fn several(count: usize) -> Scene {
    let conditions: [fn() -> AccountState; 8] =
        [account, limited, || paused(Pause::Rejected), free_only, expired, stale, absent, over_limit];
    let names = ["Research", "The department of comparative linguistics and its friends", "مكتب", "Client"];
    let scene = (0..count).fold(Scene::empty(), |scene, n| {
        let mut account = conditions[n % conditions.len()]();
        account.sign_in.place = format!("~/.claude-{n}/.credentials.json");
        scene.with(&format!("anthropic:{n}"), account)
    });
    let labels = (0..count).map(|n| {
        let label = match n / names.len() {
            0 => names[n % names.len()].to_owned(),
            round => format!("{} {}", names[n % names.len()], round + 1),
        };
        (format!("anthropic:{n}"), json!({"label": label}))
    });
    let labels: serde_json::Map<_, _> = labels.collect();
    scene.choosing(json!({"readings": "ask", "accounts": labels}))
}

fn money_only() -> AccountState {
    let mut account = account();
    account.reading.as_mut().unwrap().windows.clear();
    account
}

/// The endpoint reported no limits.
fn no_limits() -> AccountState {
    let mut account = read(account(), 3 * MINUTE, Vec::new());
    let reading = account.reading.as_mut().unwrap();
    reading.money.clear();
    reading.no_limits_at = Some(reading.at);
    account
}

fn free_only() -> AccountState {
    let mut account = read(account(), 2 * HOUR, vec![five_hour(), weekly()]);
    account.gates[Endpoint::Usage].free_only = true;
    let reading = account.reading.as_mut().unwrap();
    (reading.source, reading.money) = (Source::StatusLine, Vec::new());
    AccountState { next: None, ..account }
}

/// Blocked until 19:10.
fn turned_away() -> AccountState {
    unread(cooling_down(account(), 5 * HOUR + 53 * MINUTE, Cooldown::TurnedAway))
}

fn not_allowed() -> AccountState {
    let mut account = paused(Pause::NotAllowed { to: Barred::Organization, status: 403 });
    account.sign_in.identity.organization = Some("Acme".into());
    account
}

fn switched_off() -> Scene {
    Scene::empty().at(CLAUDE, Some(ANN), &account()).choosing(chosen(ANN, json!({"enabled": false})))
}

fn updating(change: impl FnOnce(&mut UpdatesStatus), settings: Value) -> Scene {
    let mut scene = Scene::of(account()).choosing(settings);
    scene.updates = UpdatesStatus { can_check: true, package: Some(PackageKind::Archive), ..UpdatesStatus::default() };
    change(&mut scene.updates);
    scene
}

fn offered(change: impl FnOnce(&mut UpdatesStatus)) -> Scene {
    let offer = |status: &mut UpdatesStatus| {
        let version = "0.2.0".to_owned();
        status.wanted = true;
        status.asked = Some(after(-133 * MINUTE).wall);
        status.next = Some(after(22 * HOUR + 35 * MINUTE));
        status.outcome = Some(Checked::Found { version: version.clone() });
        let notes = ["Added", "- A bar for each model.", "- The panel remembers where it was."];
        let notes = notes.map(str::to_owned).to_vec();
        status.offer = Some(Offer { version, date: "2026-09-12".into(), notes, can_install: true });
        change(status);
    };
    updating(offer, json!({"readings": "ask", "updates": true}))
}

fn to_paste(status: &mut UpdatesStatus) {
    let package = "/home/ann/.local/share/dev.holdoff.tray/updates/holdoff-0.2.0-1.x86_64.rpm";
    status.package = Some(PackageKind::Rpm);
    status.installing = Installing::ToPaste { command: format!("sudo rpm --upgrade --verbose {package}") };
}

/// Announced for a package of another publisher.
fn announced(status: &mut UpdatesStatus) {
    status.package = None;
    status.offer.iter_mut().for_each(|offer| offer.can_install = false);
}
