//! Several sign-ins: the whole engine, with its own folders, a fake Anthropic and a fast clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it fails")]

mod rig;

use holdoff_core::credential::CredentialMissing;
use holdoff_core::providers::Provider;
use holdoff_core::settings::AccountSettings;
use holdoff_core::state::RefreshOutcome;
use holdoff_core::{Endpoint, GateState, State};
use holdoff_world::home::random_token;
use holdoff_world::{Answer, Credential, eventually};
use rig::*;

#[tokio::test(flavor = "multi_thread")]
async fn account_limited_does_not_delay_another_account() {
    let mut rig = Rig::new(600.0).await;
    let bob = rig.with_bob();
    rig.fake.always(limited(&[&rig.ann]));
    rig.start().await;
    rig.wait_for_active(&[ANN, BOB]).await;
    rig.wait_for_reading(BOB).await;
    rig.pass(minutes(55)).await;
    let who = [("ann", &rig.ann), ("bob", &bob)];
    let asked = rig.asked(&who);
    assert_eq!(asked.iter().filter(|who| *who == "ann").count(), 1, "{asked:?}");
    let bobs = asked.iter().filter(|who| *who == "bob").count();
    assert!((9..=12).contains(&bobs), "every five minutes: {asked:?}");
    let state = rig.state();
    assert!(matches!(state.accounts[&id(ANN)].gates[Endpoint::Usage].state, GateState::CoolingDown { .. }));
    assert!(matches!(state.accounts[&id(BOB)].gates[Endpoint::Usage].state, GateState::Open));
    let asked = rig.refresh().await;
    assert_eq!(asked.iter().map(|(account, _)| account).collect::<Vec<_>>(), [&id(ANN), &id(BOB)]);
    assert!(!asked[0].1.is_requested());
}

#[tokio::test(flavor = "multi_thread")]
async fn account_in_two_folders_has_one_poller_and_one_cooldown() {
    let mut rig = Rig::new(600.0).await;
    rig.settings.config_dirs.entry(Provider::Anthropic).or_default().push("~/.claude-too".into());
    rig.sign_in_at(".claude-too", ANN);
    rig.fake.always(Answer::rate_limited(Some("3600")));
    rig.start().await;
    rig.fake.wait_for_usage(1, SOON).await;
    rig.pass(minutes(55)).await;
    assert_eq!(rig.asked(&[("home", &rig.ann)]), ["home"], "the other folder opens nothing early");
    rig.wait_for_active(&[ANN]).await;
    let places: Vec<_> = rig.state().places.iter().map(|place| place.account.clone().unwrap()).collect();
    assert_eq!(places, [id(ANN), id(ANN)]);
}

/// Law 2: the cooldown belongs to the account, whichever sign-in polls it.
#[tokio::test(flavor = "multi_thread")]
async fn account_folder_takeover_respects_the_cooldown() {
    let mut rig = Rig::new(600.0).await;
    rig.settings.config_dirs.entry(Provider::Anthropic).or_default().push("~/.claude-too".into());
    let too = rig.sign_in_at(".claude-too", ANN);
    rig.fake.then(Answer::rate_limited(Some("3600")));
    rig.start().await;
    rig.wait("a cooldown", |state| {
        let gate = &state.accounts.get(&id(ANN))?.gates[Endpoint::Usage].state;
        matches!(gate, GateState::CoolingDown { .. }).then_some(())
    })
    .await;
    rig.home.remove_credentials();
    let place = |state: &State| state.accounts.get(&id(ANN)).map(|ann| ann.sign_in.place.replace('\\', "/"));
    rig.wait("the other place", |state| (place(state)? == "~/.claude-too/.credentials.json").then_some(())).await;
    rig.pass(minutes(40)).await;
    let who = [("home", &rig.ann), ("too", &too)];
    assert_eq!(rig.asked(&who), ["home"]);
    rig.fake.wait_for_usage(2, SOON).await;
    assert_eq!(rig.asked(&who)[..2], ["home", "too"]);
    rig.wait_for_reading(ANN).await;
    // The old sign-in is back: the working one stays in use.
    rig.home.credentials(&rig.ann);
    rig.pass(minutes(10)).await;
    assert_eq!(place(&rig.state()).unwrap(), "~/.claude-too/.credentials.json");
    assert_eq!(rig.state().active, [id(ANN)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn account_switches_credential_when_the_first_expires() {
    let mut rig = Rig::new(600.0).await;
    rig.settings.config_dirs.entry(Provider::Anthropic).or_default().push("~/.claude-too".into());
    let too = rig.sign_in_at(".claude-too", ANN);
    let short = Credential {
        access_token: rig.ann.access_token.clone(),
        ..Credential::fresh(rig.fake.clock().now() + minutes(20))
    };
    rig.home.credentials(&short);
    rig.start().await;
    rig.fake.wait_for_usage(6, SOON).await;
    let asked = rig.asked(&[("home", &rig.ann), ("too", &too)]);
    assert_eq!(asked[..2], ["home", "home"], "{asked:?}");
    assert_eq!(asked[4..6], ["too", "too"], "{asked:?}");
    let gaps = holdoff_world::fake::gaps(&rig.fake.usage_requests(), rig.fake.clock());
    assert!(gaps.iter().all(|gap| *gap >= minutes(3)), "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap <= minutes(7)), "nobody waits for it: {gaps:?}");
}

/// Law 6: each is tried until it is paused, and never again.
#[tokio::test(flavor = "multi_thread")]
async fn account_with_two_rejected_credentials_keeps_both_pauses() {
    let mut rig = Rig::new(1200.0).await;
    rig.settings.config_dirs.entry(Provider::Anthropic).or_default().push("~/.claude-too".into());
    let too = rig.sign_in_at(".claude-too", ANN);
    rig.fake.always(Answer::missing_scope("user:profile"));
    rig.start().await;
    rig.fake.wait_for_usage(2, SOON).await;
    rig.pass(minutes(60)).await;
    assert_eq!(rig.asked(&[("home", &rig.ann), ("too", &too)]), ["home", "too"]);
    rig.stop().await;
    rig.start().await;
    rig.pass(minutes(60)).await;
    assert_eq!(rig.asked(&[("home", &rig.ann), ("too", &too)]), ["home", "too"], "nor after a restart");
    let new = rig.sign_in_at(".claude-too", ANN);
    rig.fake.wait_for_usage(3, SOON).await;
    assert_eq!(rig.asked(&[("new", &new)])[2], "new");
}

/// Laws 2 and 10.
#[tokio::test(flavor = "multi_thread")]
async fn account_disabled_sends_nothing_and_keeps_its_cooldown() {
    let mut rig = Rig::new(600.0).await;
    let bob = rig.with_bob();
    rig.fake.always(limited(&[&bob]));
    rig.start().await;
    rig.wait("a cooldown", |state| {
        matches!(state.accounts.get(&id(BOB))?.gates[Endpoint::Usage].state, GateState::CoolingDown { .. })
            .then_some(())
    })
    .await;
    let until = rig.state().accounts[&id(BOB)].gates[Endpoint::Usage].state.clone();
    rig.switch(BOB, false).await;
    rig.wait_for_active(&[ANN]).await;
    let lock = rig.home.data_dir().join(format!("locks/anthropic_{BOB}.lock"));
    eventually(SOON, "it is released", async || holdoff_engine::platform::file_lock::FileLock::take(&lock).unwrap())
        .await;
    rig.pass(minutes(10)).await;
    rig.switch(BOB, true).await;
    rig.wait_for_active(&[ANN, BOB]).await;
    rig.pass(minutes(30)).await;
    assert_eq!(rig.state().accounts[&id(BOB)].gates[Endpoint::Usage].state, until);
    let who = [("ann", &rig.ann), ("bob", &bob)];
    assert_eq!(rig.asked(&who).iter().filter(|who| *who == "bob").count(), 1);
    rig.fake.always(Answer::ok());
    rig.wait_for_reading(BOB).await;
    // Turned off for longer than an interval: no request in that time.
    rig.switch(BOB, false).await;
    rig.wait_for_active(&[ANN]).await;
    let bobs = |rig: &Rig| rig.asked(&[("bob", &bob)]).iter().filter(|who| *who == "bob").count();
    let before = bobs(&rig);
    rig.pass(minutes(30)).await;
    assert_eq!(bobs(&rig), before);
    let place = rig.state().places[1].clone();
    assert_eq!((place.account, place.sign_in.identity.email), (Some(id(BOB)), Some(format!("{BOB}@example.com"))));
}

/// Its last request is still unanswered when it is turned on again.
#[tokio::test(flavor = "multi_thread")]
async fn account_waiting_for_its_previous_runner_blocks_nobody() {
    let mut rig = Rig::new(1.0).await;
    rig.fake.always(Answer::hang());
    rig.start().await;
    rig.fake.wait_for_usage(1, SOON).await;
    rig.switch(ANN, false).await;
    rig.wait_for_active(&[]).await;
    rig.switch(ANN, true).await;
    rig.wait_for_active(&[ANN]).await;
    let asked = tokio::time::timeout(SOON / 2, rig.refresh()).await.expect("an answer before the server's");
    assert!(matches!(asked.as_slice(), [(_, RefreshOutcome::Busy)]), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_added_or_removed_takes_effect_at_once() {
    let mut rig = Rig::new(1.0).await;
    let bob = rig.sign_in_at(".claude-bob", BOB);
    rig.start().await;
    rig.wait_for_reading(ANN).await;
    rig.choose(|settings| settings.config_dirs.entry(Provider::Anthropic).or_default().push("~/.claude-bob".into()))
        .await;
    rig.wait_for_active(&[ANN, BOB]).await;
    rig.wait_for_reading(BOB).await;
    assert_eq!(rig.asked(&[("ann", &rig.ann), ("bob", &bob)]), ["ann", "bob"]);
    rig.choose(|settings| settings.config_dirs.clear()).await;
    rig.wait_for_active(&[ANN]).await;
    rig.choose(|settings| settings.config_dirs.entry(Provider::Anthropic).or_default().push("~/.claude-bob".into()))
        .await;
    rig.wait_for_active(&[ANN, BOB]).await;
    rig.refresh().await;
    assert_eq!(rig.fake.usage_requests().len(), 2, "removed and added again, it keeps its distance");
}

#[tokio::test(flavor = "multi_thread")]
async fn added_folder_sign_in_and_account_change_are_noticed() {
    let mut rig = Rig::new(1.0).await;
    rig.settings.config_dirs.entry(Provider::Anthropic).or_default().push("~/.claude-new".into());
    rig.start().await;
    rig.wait_for_reading(ANN).await;
    rig.wait_for_active(&[ANN]).await;
    rig.sign_in_at(".claude-new", BOB);
    rig.wait_for_active(&[ANN, BOB]).await;
    rig.wait_for_reading(BOB).await;
    rig.sign_in_at(".claude-new", CARL);
    rig.wait_for_active(&[ANN, CARL]).await;
    rig.wait_for_reading(CARL).await;
    let carl = rig.state().accounts[&id(CARL)].clone();
    assert_eq!((carl.sign_in_recovered, carl.previous_account), (true, Some(id(BOB))));
    rig.sign_in_at(".claude-new", ANN);
    rig.wait_for_active(&[ANN]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn config_dir_variable_adds_to_the_default_folder() {
    let mut rig = Rig::new(1.0).await;
    rig.sign_in_at(".claude-bob", BOB);
    let named = rig.home.path().join(".claude-bob").display().to_string();
    rig.vars.insert("CLAUDE_CONFIG_DIR".into(), named);
    rig.start().await;
    rig.wait_for_active(&[ANN, BOB]).await;
    rig.wait_for_reading(ANN).await;
    rig.wait_for_reading(BOB).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn unusable_folders_do_not_affect_other_accounts() {
    let mut rig = Rig::new(1.0).await;
    let home = rig.home.path();
    std::fs::write(home.join("file"), "no folder").unwrap();
    std::os::unix::fs::symlink(home.join(".claude"), home.join("link")).unwrap();
    std::os::unix::fs::symlink(home.join("loop"), home.join("loop")).unwrap();
    let dirs = ["~/gone", "~/file", "~/.claude", "~/link", "~/loop", "/dev/null", "/proc/1", "~/.claude/", "~"];
    rig.settings.config_dirs = [(Provider::Anthropic, dirs.map(str::to_owned).to_vec())].into();
    rig.start().await;
    rig.wait_for_reading(ANN).await;
    rig.wait_for_active(&[ANN]).await;
    let names: Vec<String> =
        rig.state().places.iter().map(|place| place.name().replace("/.credentials.json", "")).collect();
    assert_eq!(names, ["~/.claude", "~/gone", "~/file", "~/loop", "/dev/null", "/proc/1", "~"]);
    assert_eq!(rig.fake.usage_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn inference_only_token_is_never_sent() {
    let mut rig = Rig::new(600.0).await;
    let token = random_token("sk-ant-oat01-");
    rig.vars.insert("CLAUDE_CODE_OAUTH_TOKEN".into(), token.clone());
    rig.home.remove_credentials();
    rig.start().await;
    let seen = |state: &State| state.accounts.get(state.active.first()?)?.sign_in.seen.clone();
    let absent = Some(holdoff_core::credential::CredentialPresence::Absent(CredentialMissing::InferenceOnly));
    rig.wait("it is noticed", |state| (seen(state) == absent).then_some(())).await;
    rig.pass(minutes(60)).await;
    assert_eq!(rig.fake.requests().len(), 0);
    assert_eq!(rig.home.find_secret(&[&token]), Vec::<std::path::PathBuf>::new());
    rig.home.credentials(&rig.ann);
    rig.fake.wait_for_usage(1, SOON).await;
    assert_eq!(rig.asked(&[("ann", &rig.ann)]), ["ann"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn account_identified_later_keeps_its_gates() {
    let mut rig = Rig::new(600.0).await;
    let named = std::fs::read(rig.home.path().join(".claude.json")).unwrap();
    std::fs::remove_file(rig.home.path().join(".claude.json")).unwrap();
    rig.fake.always(Answer::rate_limited(Some("3600")));
    rig.start().await;
    rig.wait("a cooldown", |state| {
        let account = state.accounts.get(state.active.first()?)?;
        matches!(account.gates[Endpoint::Usage].state, GateState::CoolingDown { .. }).then_some(())
    })
    .await;
    std::fs::write(rig.home.path().join(".claude.json"), named).unwrap();
    rig.home.credentials(&rig.ann);
    rig.wait_for_active(&[ANN]).await;
    rig.wait("the same cooldown", |state| {
        matches!(state.accounts.get(&id(ANN))?.gates[Endpoint::Usage].state, GateState::CoolingDown { .. })
            .then_some(())
    })
    .await;
    rig.pass(minutes(30)).await;
    assert_eq!(rig.fake.usage_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn renewal_setting_is_per_account() {
    let mut rig = Rig::new(1.0).await;
    rig.with_bob();
    let chosen = AccountSettings { renewal: Some(true), ..AccountSettings::default() };
    rig.settings.accounts.insert(id(BOB), chosen);
    rig.start().await;
    let renews = |state: &State| {
        Some((state.accounts.get(&id(ANN))?.renewal_enabled, state.accounts.get(&id(BOB))?.renewal_enabled))
    };
    rig.wait("only Bob's", |state| (renews(state)? == (false, true)).then_some(())).await;
    rig.choose(|settings| settings.renewal = true).await;
    rig.wait("both", |state| (renews(state)? == (true, true)).then_some(())).await;
    rig.choose(|settings| settings.accounts.get_mut(&id(BOB)).unwrap().renewal = Some(false)).await;
    rig.wait("only Ann's", |state| (renews(state)? == (true, false)).then_some(())).await;
}
