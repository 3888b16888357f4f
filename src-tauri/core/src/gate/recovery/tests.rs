use super::*;
use crate::gate::{GateState, Jitter};
use crate::record::ledger::{Trigger, WithheldReason};
use crate::state::Provider;
use crate::time::Boot;

const NOW: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(50_000_000) };
const DAY: u64 = 86_400;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn ago(secs: u64) -> Wall {
    Wall(NOW.wall.0 - i64::try_from(secs).unwrap() * 1000)
}

/// A line that was written `ago_s` ago, and said that the next request may go in `next_s` from then.
fn line(endpoint: Endpoint, ago_s: u64, event: LedgerEvent, next_s: Option<u64>) -> LedgerEntry {
    let at = ago(ago_s);
    LedgerEntry {
        at,
        account: "ann".into(),
        endpoint: endpoint.into(),
        event,
        next_at: next_s.map(|next| at.plus(secs(next))),
    }
}

fn came(outcome: OutcomeKind) -> LedgerEvent {
    LedgerEvent::Completed { outcome, detail: None }
}

fn limited(ago_s: u64, next_s: u64) -> LedgerEntry {
    line(Endpoint::Usage, ago_s, came(OutcomeKind::RateLimited), Some(next_s))
}

fn sent(ago_s: u64) -> LedgerEntry {
    line(Endpoint::Usage, ago_s, LedgerEvent::Sent { why: Trigger::Poll }, Some(0))
}

fn ann() -> AccountId {
    AccountId("ann".into())
}

/// How long each gate of `account` is shut at `now`.
fn shut_for(account: &AccountState, now: Moment) -> [u64; 2] {
    [&account.gates[Endpoint::Usage], &account.gates[Endpoint::Token]]
        .map(|gate| gate.opens(now).map_or(u64::MAX, |opens| opens.since(now).as_secs()))
}

/// The same of a new account that is met after both state files were lost.
fn lost(entries: &[LedgerEntry]) -> [u64; 2] {
    let mut account = nothing();
    GateRecovery::new(entries, Some(StateLoss::found(entries, NOW)), NOW).apply_to_new(&ann(), &mut account, NOW);
    shut_for(&account, NOW)
}

/// The same of an account that is kept, once it was reminded.
fn shut(entries: &[LedgerEntry], mut account: AccountState) -> [u64; 2] {
    GateRecovery::new(entries, None, NOW).apply_to_known(&ann(), &mut account, NOW);
    shut_for(&account, NOW)
}

fn nothing() -> AccountState {
    AccountState::new(Provider::Anthropic)
}

#[track_caller]
fn after_loss(entries: &[LedgerEntry], expect: u64) {
    assert_eq!(lost(entries)[0], expect, "{entries:?}");
}

#[test]
fn ledger_line_matches_the_intent_if_within_request_spacing() {
    let word = LastEvent {
        account: "ann".into(),
        endpoint: Endpoint::Usage,
        at: ago(10),
        order: 0,
        until: None,
        spaced: NOW,
        unanswered: false,
        unspent: false,
        renewed: false,
    };
    let gate = |noted: Option<u64>| Gate {
        intent: noted.map(|ago_s| Moment { wall: ago(ago_s), ..NOW }),
        ..Gate::new(Provider::Anthropic, Endpoint::Usage)
    };
    let of = |noted| is_of_intent(&word, &gate(noted));
    assert_eq!([of(Some(10)), of(Some(189))], [true, true]);
    assert_eq!([of(Some(9)), of(Some(190)), of(None)], [false, false, false]);
}

#[test]
fn state_loss_restores_the_last_cooldown_from_the_ledger() {
    let longest = SPAN.as_secs();
    after_loss(&[], longest);
    after_loss(&[limited(0, 300), limited(0, 3600)], 3600);
    after_loss(&[limited(0, 10)], 180);
    after_loss(&[limited(0, 7200), sent(0)], 3600);
    after_loss(&[limited(0, 10 * DAY)], longest);
    after_loss(&[line(Endpoint::Usage, 0, came(OutcomeKind::Unreadable), None)], longest);
}

/// Laws 2 and 12, found by the simulation (seed 739): the clock had been set forward since the answer came.
#[test]
fn state_loss_restarts_the_cooldown_in_full() {
    for ago_s in [600, 4000, 7 * DAY] {
        after_loss(&[limited(ago_s, 3600)], 3600);
    }
}

/// A day of jittered `Retry-After` is longer than a day.
#[test]
fn state_loss_keeps_the_longest_cooldown_to_its_end() {
    let mut gate = Gate::new(Provider::Anthropic, Endpoint::Usage);
    gate.rate_limited(NOW, Some(policy::RETRY_AFTER_MAX), Jitter(1000));
    let GateState::CoolingDown { until, .. } = gate.state else { panic!("{gate:?}") };
    let deadline = until.since(NOW);
    after_loss(&[limited(0, deadline.as_secs())], deadline.as_secs());
    assert_eq!(deadline, SPAN);
}

#[test]
fn state_loss_after_a_rejection_waits_for_the_longest_span() {
    for outcome in [OutcomeKind::Unauthorized, OutcomeKind::MissingScope, OutcomeKind::Forbidden] {
        for ago_s in [60, 3600, 7 * DAY] {
            after_loss(&[line(Endpoint::Usage, ago_s, came(outcome), Some(300))], SPAN.as_secs());
        }
    }
    for outcome in [OutcomeKind::GrantRefused, OutcomeKind::UnusableTokens] {
        let entry = line(Endpoint::Token, 60, came(outcome), Some(0));
        assert_eq!(lost(&[entry])[1], SPAN.as_secs());
    }
    let renewal = line(Endpoint::Token, 0, LedgerEvent::Sent { why: Trigger::Expiry }, Some(0));
    assert_eq!(lost(&[renewal])[1], SPAN.as_secs(), "its refresh token may be spent");
}

/// Six hours of the token endpoint are not forgotten over usage that goes well every five minutes.
#[test]
fn state_loss_restores_each_endpoint_separately() {
    let token = line(Endpoint::Token, 600, came(OutcomeKind::RateLimited), Some(6 * 3600));
    let usage = line(Endpoint::Usage, 100, came(OutcomeKind::Reading), Some(300));
    assert_eq!(lost(&[token.clone(), usage.clone()]), [180, 6 * 3600]);
    assert_eq!(lost(&[usage]), [180, SPAN.as_secs()]);
}

#[test]
fn state_loss_applies_any_accounts_cooldown_to_all() {
    let bob = LedgerEntry { account: "bob".into(), ..limited(0, 7200) };
    after_loss(&[bob, limited(0, 300)], 7200);
}

/// What a state that learned `known` last is reminded of, where the ledger has these lines.
#[track_caller]
fn check_told(known: Wall, entries: &[LedgerEntry], expect: u64) {
    let mut account = nothing();
    account.gates[Endpoint::Usage].unreachable(NOW, "no name".into(), Jitter(0));
    account.gates[Endpoint::Usage].state = GateState::Open;
    account.gates[Endpoint::Usage].ledger_watermark = Some(known);
    assert_eq!(shut(entries, account)[0], expect, "{known:?} {entries:?}");
}

/// The same lines on a clock that was `days` ahead.
fn ahead(entry: LedgerEntry, days: u64) -> LedgerEntry {
    let by = secs(days * DAY);
    LedgerEntry { at: entry.at.plus(by), next_at: entry.next_at.map(|next| next.plus(by)), ..entry }
}

/// Law 12, found by the simulation (seeds 10, 12, 34 and 63): which lines are news is a matter of their order.
#[test]
fn ledger_watermark_is_unaffected_by_clock_changes() {
    let (old, new) = (limited(500, 5400), limited(60, 5400));
    check_told(old.at, std::slice::from_ref(&old), 0);
    check_told(old.at, &[old.clone(), new.clone()], 5340);
    let future = ahead(old.clone(), 30);
    check_told(future.at, std::slice::from_ref(&future), 0);
    check_told(future.at, &[future.clone(), new.clone()], 5340);
    check_told(new.at, &[future, new.clone()], 0);
    check_told(old.at, &[old.clone(), ahead(new.clone(), 30)], 5400);
    // What it knows is no longer there, or never was: the clock has to tell.
    check_told(old.at, std::slice::from_ref(&new), 5340);
    check_told(new.at, std::slice::from_ref(&old), 0);
}

#[test]
fn ledger_line_already_applied_is_not_new_at_next_startup() {
    let mut account = learned(400);
    let entries = [limited(60, 300)];
    GateRecovery::new(&entries, None, NOW).apply_to_known(&ann(), &mut account, NOW);
    account.gates[Endpoint::Usage].success(NOW);
    let before = account.clone();
    GateRecovery::new(&entries, None, NOW).apply_to_known(&ann(), &mut account, NOW);
    assert_eq!(account, before);
}

/// Found by the simulation (seeds 32 and 80).
#[test]
fn state_loss_applies_to_accounts_seen_later_until_its_end() {
    let longest = SPAN.as_secs();
    for (entries, later_s, expect) in
        [(vec![], 3600, longest - 3600), (vec![limited(0, 300)], 3600, longest - 3600), (vec![], 10 * DAY, 0)]
    {
        let loss = StateLoss::found(&entries, NOW);
        let later = NOW.plus(secs(later_s));
        let mut bob = nothing();
        GateRecovery::new(&entries, Some(loss), later).apply_to_new(&AccountId("bob".into()), &mut bob, later);
        assert_eq!(shut_for(&bob, later)[0], expect, "{entries:?} {later_s}");
    }
}

/// What the ledger said at the loss counts from then, whatever it says of other requests since.
#[test]
fn state_loss_uses_the_ledger_as_of_the_loss_for_named_accounts() {
    let entries = [limited(0, 7200)];
    let loss = StateLoss::found(&entries, NOW);
    let later = NOW.plus(secs(3600));
    let mut met = nothing();
    GateRecovery::new(&[ahead(limited(0, 9000), 1)], Some(loss), later).apply_to_new(&ann(), &mut met, later);
    assert_eq!(shut_for(&met, later)[0], 3600);
}

/// Law 12: over a reboot, the wall clock bridges from when the state was saved last.
#[test]
fn state_loss_survives_a_reboot() {
    let mut state = State::new("one".into());
    state.loss = Some(StateLoss::found(&[], NOW));
    state.saved = Some(NOW.plus(secs(60)));
    let hour = secs(3600);
    let now = Moment { wall: NOW.wall.plus(hour), boot: Boot(5000) };
    state.rebase_to("two", now);
    let mut account = nothing();
    GateRecovery::new(&[], state.loss, now).apply_to_new(&ann(), &mut account, now);
    assert_eq!(shut_for(&account, now)[0], SPAN.as_secs() - 3600);
}

/// Law 13, found by the simulation: a pause for the tokens of another account is only in the state.
#[test]
fn state_loss_after_a_renewal_without_reading_waits_for_longest_span() {
    let read = line(Endpoint::Usage, 900, came(OutcomeKind::Reading), Some(300));
    let renewed = line(Endpoint::Token, 600, came(OutcomeKind::Renewed), Some(0));
    let again = line(Endpoint::Usage, 300, came(OutcomeKind::Reading), Some(300));
    assert_eq!(lost(&[read.clone(), renewed.clone()])[0], SPAN.as_secs());
    assert_eq!(lost(&[read, renewed, again])[0], 180);
}

#[test]
fn state_loss_wait_is_not_extended_by_a_clock_set_back() {
    after_loss(&[ahead(limited(0, 3600), 30)], 3600);
}

/// A state as it was saved when the request of `ago_s` had been answered.
fn learned(ago_s: u64) -> AccountState {
    let mut account = nothing();
    let back = i64::try_from(ago_s).unwrap() * 1000;
    account.gates[Endpoint::Usage].success(Moment { wall: ago(ago_s), boot: Boot(NOW.boot.0 - back) });
    account
}

#[test]
fn ledger_cooldowns_are_applied_to_every_account() {
    let mut state = State::new("one".into());
    for name in ["ann", "bob"] {
        state.accounts.insert(AccountId(name.into()), nothing());
    }
    let bobs = LedgerEntry { account: "bob".into(), ..limited(60, 7200) };
    GateRecovery::new(&[limited(60, 3600), bobs], None, NOW).apply_to_all(&mut state, NOW);
    let shut: Vec<u64> = state.accounts.values().map(|account| shut_for(account, NOW)[0]).collect();
    assert_eq!(shut, [3540, 7140]);
}

#[test]
fn ledger_line_known_to_the_state_changes_nothing() {
    let came = line(Endpoint::Usage, 200, came(OutcomeKind::Reading), Some(300));
    let mut before = learned(200);
    before.gates[Endpoint::Usage].ledger_watermark = Some(came.at);
    let mut after = before.clone();
    GateRecovery::new(&[came], None, NOW).apply_to_known(&ann(), &mut after, NOW);
    assert_eq!(after, before);
    assert_eq!(shut(&[], nothing()), [0, 0]);
}

#[test]
fn ledger_response_missing_from_the_state_is_applied() {
    assert_eq!(shut(&[limited(60, 5400)], learned(400))[0], 5340);
    let mut unmet = nothing();
    GateRecovery::new(&[limited(60, 5400)], None, NOW).apply_to_new(&ann(), &mut unmet, NOW);
    assert_eq!(shut_for(&unmet, NOW)[0], 5340, "nor has one without the account");
    let other = LedgerEntry { account: "bob".into(), ..limited(60, 5400) };
    assert_eq!(shut(&[other], learned(400))[0], 0, "what was said to another account");
    assert_eq!(shut(&[sent(60)], learned(400))[0], 3540, "its answer is not known");
}

#[test]
fn ledger_rejection_missing_from_the_state_keeps_request_spacing() {
    let rejected = line(Endpoint::Usage, 60, came(OutcomeKind::Unauthorized), Some(300));
    assert_eq!(shut(&[rejected], learned(400))[0], 120);
}

#[test]
fn ledger_request_with_a_saved_intent_is_left_to_the_gate() {
    let mut account = learned(400);
    account.gates[Endpoint::Usage].begin(Moment { wall: ago(60), boot: Boot(NOW.boot.0 - 60_000) });
    assert_eq!(shut(&[sent(60)], account.clone())[0], 0);
    assert_eq!(shut(&[sent(60), limited(59, 5400)], account)[0], 5341, "its answer was learned and not saved");
    let mut earlier = learned(4000);
    earlier.gates[Endpoint::Usage].begin(Moment { wall: ago(3000), boot: Boot(NOW.boot.0 - 3_000_000) });
    assert_eq!(shut(&[sent(60)], earlier)[0], 3540, "the intent was another request's");
}

/// Found by the simulation (seed 10): a restart while there was no network was told as the loss of the state.
#[test]
fn ledger_unreachable_outcome_requires_no_spacing() {
    let mut offline = learned(400);
    offline.gates[Endpoint::Usage].unreachable(
        Moment { wall: ago(20), boot: Boot(NOW.boot.0 - 20_000) },
        "no name".into(),
        Jitter(0),
    );
    offline.gates[Endpoint::Usage].ledger_watermark = Some(ago(20));
    let before = offline.clone();
    let line = line(Endpoint::Usage, 20, came(OutcomeKind::Unreachable), Some(30));
    GateRecovery::new(&[line], None, NOW).apply_to_known(&ann(), &mut offline, NOW);
    assert_eq!(offline, before);
}

/// Law 2, found by the simulation (seed 1046): the note of the renewal paused the account, and the next sign-in ended both.
#[test]
fn ledger_outcome_settles_a_noted_renewal() {
    use OutcomeKind::{Ambiguous, Denied, GrantRefused, RateLimited, Renewed, Unreachable, UnusableTokens};
    for (outcome, pauses) in [
        (RateLimited, false),
        (Ambiguous, false),
        (Denied, false),
        (Unreachable, false),
        (Renewed, true),
        (GrantRefused, true),
        (UnusableTokens, true),
    ] {
        let mut account = nothing();
        account.gates[Endpoint::Token].begin(Moment { wall: ago(60), boot: Boot(NOW.boot.0 - 60_000) });
        account.gates[Endpoint::Token].intent_token =
            crate::credential::token::Token::new("sk-ant-ort01-1".into()).map(|token| token.fingerprint());
        let entries = [
            line(Endpoint::Token, 60, LedgerEvent::Sent { why: Trigger::Expiry }, Some(0)),
            line(Endpoint::Token, 59, came(outcome), Some(5400)),
        ];
        GateRecovery::new(&entries, None, NOW).apply_to_known(&ann(), &mut account, NOW);
        account.gates[Endpoint::Token].settle(NOW, Jitter(0));
        let expect = if pauses { u64::MAX } else { 5341 };
        assert_eq!(shut_for(&account, NOW)[1], expect, "{outcome:?}");
    }
}

/// Found by the simulation (seed 411): two processes in a row told of the same request that was cut off.
#[test]
fn ledger_unanswered_line_adds_nothing_to_its_request() {
    let cut_off = line(Endpoint::Usage, 10, came(OutcomeKind::Unanswered), None);
    assert_eq!(shut(&[sent(5000), cut_off.clone()], learned(9000))[0], 0);
    assert_eq!(shut(&[sent(600), cut_off], learned(9000))[0], 3000);
}

#[test]
fn ledger_withheld_line_is_ignored() {
    let refused = LedgerEvent::Withheld { why: Trigger::Person, because: WithheldReason::Spacing };
    let withheld = line(Endpoint::Usage, 10, refused, Some(5000));
    assert_eq!(shut(&[withheld], learned(200))[0], 0);
}

/// Laws 2 and 13: an older copy of the folder, in which the account was paused. Since then its person signed in again, and
/// was limited.
#[test]
fn ledger_cooldown_applies_beneath_an_older_pause() {
    let print_of = |token: &str| crate::credential::token::Token::new(token.into()).unwrap().fingerprint();
    let long_ago = Moment { wall: ago(7200), boot: Boot(NOW.boot.0 - 7_200_000) };
    let mut account = nothing();
    account.gates[Endpoint::Usage].pause(long_ago, crate::gate::Pause::Rejected, print_of("old"));
    account.gates[Endpoint::Usage].ledger_watermark = Some(ago(7200));
    let rejected = line(Endpoint::Usage, 7200, came(OutcomeKind::Unauthorized), None);
    let recalled = GateRecovery::new(&[rejected, limited(600, 3600)], None, NOW);
    for _ in 0..2 {
        recalled.apply_to_known(&ann(), &mut account, NOW);
        assert_eq!(shut_for(&account, NOW)[0], u64::MAX, "paused");
    }
    assert!(account.gates[Endpoint::Usage].credential_seen(&print_of("new"), NOW));
    assert_eq!(shut_for(&account, NOW)[0], 3000);
}

#[test]
fn only_a_renewal_of_the_same_account_after_its_reading_makes_that_reading_doubtful() {
    let by = |account: &str, entry: LedgerEntry| LedgerEntry { account: account.into(), ..entry };
    let renewed = |ago_s| line(Endpoint::Token, ago_s, came(OutcomeKind::Renewed), Some(0));
    let usage = || limited(7200, 3600);
    assert!(lost(&[usage(), renewed(600)])[0] > 3600);
    assert_eq!(lost(&[renewed(9000), usage()])[0], 3600, "before the reading");
    assert_eq!(lost(&[usage(), by("bob", renewed(600))])[0], 3600, "another account's");
    assert_eq!(lost(&[usage(), line(Endpoint::Token, 600, came(OutcomeKind::RateLimited), Some(60))])[0], 3600);
}
