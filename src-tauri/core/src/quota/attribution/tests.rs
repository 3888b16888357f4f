use super::*;
use crate::credential::token::Token;
use crate::credential::{Credential, CredentialRead, Naming, OAuthClient};
use crate::quota::Source;
use crate::state::{AccountState, Provider};
use crate::time::{Boot, Moment};

const WRITTEN: Wall = Wall(1_789_387_200_000);
const HOME: &str = "~/.claude/.credentials.json";

/// One folder, and what is known.
struct Scene {
    state: State,
    place: CredentialLocation,
}

fn id(name: &str) -> AccountId {
    AccountId(format!("anthropic:{name}"))
}

fn credential(account: &str, organization: Option<&str>) -> CredentialRead {
    CredentialRead::Found(Credential {
        access_token: Token::new(format!("{account}-{organization:?}")).unwrap(),
        expires_at: None,
        refresh_token: None,
        refresh_expires_at: None,
        client: OAuthClient::Default,
        scopes: vec![],
        plan: None,
        identity: Identity {
            account: Some(account.to_owned()),
            organization_id: organization.map(str::to_owned),
            ..Identity::default()
        },
        naming: Naming::Itself,
        refresh_blanked: false,
    })
}

impl Scene {
    /// Signed in as this account.
    fn of(account: &str, organization: Option<&str>) -> Self {
        let mut scene = Self::empty();
        scene.look(&credential(account, organization));
        scene
    }

    fn empty() -> Self {
        let state = State::new("boot".into());
        Self { place: CredentialLocation::saved(&state, Provider::Anthropic, HOME), state }
    }

    fn look(&mut self, read: &CredentialRead) {
        self.look_after(0, read);
    }

    fn look_after(&mut self, secs: i64, read: &CredentialRead) {
        self.place.apply_read(read, Moment { wall: WRITTEN, boot: Boot(1_000_000 + secs * 1000) });
    }

    fn knows(mut self, names: &[&str]) -> Self {
        let fresh = || AccountState::new(Provider::Anthropic);
        self.state.accounts.extend(names.iter().map(|name| (id(name), fresh())));
        self
    }

    /// The account of a reading that is this many seconds younger than the sign-in.
    fn attribute(&self, speaker: &Speaker, after: i64) -> Option<String> {
        let reading = Reading::new(Source::StatusLine, Wall(WRITTEN.0 + after * 1000), vec![], vec![]);
        let provider = Provider::Anthropic;
        let reported = ReportedReading { provider, place: HOME.to_owned(), speaker: speaker.clone(), reading };
        let location = LocationNow { place: &self.place, written: Some(WRITTEN) };
        let pushed = reported.attribute(Some(location), std::slice::from_ref(&self.place), &self.state);
        pushed.map(|pushed| pushed.account.0.replace("anthropic:", ""))
    }

    #[track_caller]
    fn check(&self, speaker: &Speaker, after: i64, expect: Option<&str>) {
        assert_eq!(self.attribute(speaker, after).as_deref(), expect, "{speaker:?} {after}");
    }
}

fn named(account: &str) -> Speaker {
    Speaker::Named { account: account.to_owned(), organization: None }
}

#[test]
fn session_naming_its_account_is_attributed_to_it_alone() {
    let scene = Scene::of("ann", None).knows(&["bob"]);
    scene.check(&named("ann"), 1, Some("ann"));
    scene.check(&named("bob"), 1, Some("bob"));
    scene.check(&named("bob"), -1, Some("bob"));
    scene.check(&named("carol"), 1, None);
}

/// Claude Code takes such a token out of the status line's environment, and its session has no owner.
#[test]
fn session_with_its_own_token_is_not_attributed_to_the_signed_in() {
    Scene::of("ann", None).check(&Speaker::OwnToken, 1, None);
}

#[test]
fn session_without_account_is_attributed_to_the_one_signed_in_since() {
    let scene = Scene::of("ann", None);
    for (after, expect) in [(0, Some("ann")), (-1, None)] {
        scene.check(&Speaker::Unnamed, after, expect);
    }
}

#[test]
fn session_without_sign_in_is_attributed_to_its_own_token() {
    let token = AccountId::of_token(Provider::Anthropic, HOME).0.replace("anthropic:", "");
    let mut scene = Scene::empty();
    scene.check(&Speaker::Unnamed, 1, None);
    scene.look(&CredentialRead::Absent(CredentialMissing::NoFile));
    scene.check(&Speaker::Unnamed, 1, Some(&token));
    scene.check(&Speaker::OwnToken, 1, Some(&token));

    // Who signed out may still be in a session of before.
    let mut scene = Scene::of("ann", None);
    scene.look(&CredentialRead::Absent(CredentialMissing::NotSignedIn));
    scene.check(&Speaker::Unnamed, 1, None);
    scene.check(&Speaker::OwnToken, 1, Some(&token));
    scene.check(&named("ann"), 1, Some("ann"));
    scene.look(&CredentialRead::Absent(CredentialMissing::InferenceOnly));
    scene.check(&Speaker::Unnamed, 1, Some(&token));
    scene.look(&CredentialRead::Absent(CredentialMissing::Unreadable("torn".into())));
    scene.check(&Speaker::Unnamed, 1, Some("ann"));
    scene.check(&Speaker::OwnToken, 1, None);
}

/// The transcript names the login and not always the organization.
#[test]
fn session_of_a_login_with_two_seats_is_attributed_to_the_signed_in() {
    let scene = Scene::of("ann", Some("acme")).knows(&["ann/acme", "ann/home"]);
    scene.check(&named("ann"), 1, Some("ann/acme"));
    scene.check(&named("ann"), -1, None);
    let home = Speaker::Named { account: "ann".into(), organization: Some("home".into()) };
    scene.check(&home, -1, Some("ann/home"));
    let unknown = Speaker::Named { account: "ann".into(), organization: Some("other".into()) };
    scene.check(&unknown, 1, None);
    Scene::of("ann", Some("acme")).knows(&["ann/acme"]).check(&named("ann"), -1, Some("ann/acme"));
    Scene::of("bob", None).knows(&["bob", "ann/acme"]).check(&named("ann"), 1, Some("ann/acme"));
    Scene::of("bob", None).knows(&["bob", "ann/acme", "ann/home"]).check(&named("ann"), 1, None);
}

#[test]
fn session_is_not_attributed_while_the_two_files_disagree() {
    let mut scene = Scene::of("ann", None).knows(&["ann", "bob"]);
    let CredentialRead::Found(mut half) = credential("bob", None) else { panic!() };
    half.naming = Naming::Beside { written: None };
    half.identity.account = Some("ann".to_owned());
    scene.look(&CredentialRead::Found(half.clone()));
    for speaker in [Speaker::Unnamed, named("ann"), named("bob"), Speaker::OwnToken] {
        scene.check(&speaker, 1, None);
    }
    half.identity.account = Some("bob".to_owned());
    let whole = CredentialRead::Found(half);
    scene.look(&whole);
    scene.check(&Speaker::Unnamed, 1, None);
    scene.look_after(20, &whole);
    scene.check(&Speaker::Unnamed, 1, Some("bob"));
}

#[test]
fn session_in_an_unmonitored_folder_is_attributed_only_by_name() {
    let scene = Scene::of("ann", None).knows(&["ann"]);
    let attributed = |speaker: Speaker| {
        let reading = Reading::new(Source::StatusLine, WRITTEN, vec![], vec![]);
        let (provider, place) = (Provider::Anthropic, "~/elsewhere/.credentials.json".to_owned());
        let reported = ReportedReading { provider, place, speaker, reading };
        reported.attribute(None, std::slice::from_ref(&scene.place), &scene.state).map(|pushed| pushed.account)
    };
    assert_eq!(attributed(named("ann")), Some(id("ann")));
    assert_eq!((attributed(Speaker::Unnamed), attributed(Speaker::OwnToken)), (None, None));
}
