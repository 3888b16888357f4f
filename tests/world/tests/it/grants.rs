use std::time::Duration;

use holdoff_world::{Answer, Credential, FakeAnthropic, Grants, Home, Mishap, Owner, Violation};

use crate::client;

const LIFE: Duration = Duration::from_secs(28_800);

async fn world() -> (FakeAnthropic, Grants, Credential) {
    let fake = FakeAnthropic::start().await;
    let grants = Grants::serve(&fake, LIFE);
    let credential = grants.sign_in(Duration::from_secs(60));
    (fake, grants, credential)
}

async fn spend(fake: &FakeAnthropic, refresh_token: &str) -> client::Reply {
    client::grant(&fake.token_base(), refresh_token).await
}

fn refresh(credential: &Credential) -> &str {
    credential.refresh_token.as_deref().unwrap()
}

#[tokio::test]
async fn refresh_token_reuse_revokes_its_family() {
    let (fake, grants, credential) = world().await;
    let first = spend(&fake, refresh(&credential)).await.json();
    let (access, next) = (first["access_token"].as_str().unwrap(), first["refresh_token"].as_str().unwrap());
    assert!(grants.is_alive(access) && grants.is_current(next) && !grants.is_current(refresh(&credential)));
    assert_eq!(client::usage(&fake.api_base(), access).await.status, 200);
    assert_eq!((grants.violations(), grants.granted().len()), (vec![], 1));

    assert_eq!(spend(&fake, refresh(&credential)).await.status, 400);
    assert!(matches!(&grants.violations()[..], [Violation::Reused { spent_by: 1, .. }]));
    assert!(!grants.is_current(next), "the whole family is ended");
    assert_eq!(client::usage(&fake.api_base(), access).await.status, 401);
    assert_eq!(spend(&fake, next).await.status, 400);

    let other = grants.sign_in(LIFE);
    assert_eq!(spend(&fake, refresh(&other)).await.status, 200, "and no other one");
    assert_eq!(spend(&fake, "sk-ant-ort01-invented").await.json()["error"], "invalid_grant");
    assert_eq!(grants.violations().last(), Some(&Violation::Unknown));
}

#[tokio::test]
async fn token_server_faults_match_their_names() {
    let (fake, grants, credential) = world().await;
    grants.mishaps(|_| (Mishap::TroubleBefore(503), Duration::ZERO));
    assert_eq!(spend(&fake, refresh(&credential)).await.status, 503);
    assert!(grants.is_current(refresh(&credential)));
    grants.mishaps(|_| (Mishap::Unrotated, Duration::ZERO));
    assert!(spend(&fake, refresh(&credential)).await.json().get("refresh_token").is_none());
    assert!(grants.is_current(refresh(&credential)));
    grants.mishaps(|_| (Mishap::TroubleAfter(500), Duration::ZERO));
    assert_eq!(spend(&fake, refresh(&credential)).await.status, 500);
    assert!(!grants.is_current(refresh(&credential)));

    let second = grants.sign_in(LIFE);
    grants.mishaps(|_| (Mishap::Lost, Duration::from_millis(30)));
    let began = std::time::Instant::now();
    assert_eq!(spend(&fake, refresh(&second)).await.status, 0);
    assert!(began.elapsed() >= Duration::from_millis(30));
    assert!(!grants.is_current(refresh(&second)));
    assert_eq!(grants.granted().len(), 3);
}

/// The stand-in for Claude Code, in both of its ways of writing.
#[tokio::test]
async fn claude_code_renewal_takes_its_locks_and_keeps_other_keys() {
    for in_place in [false, true] {
        let (fake, grants, credential) = world().await;
        let home = Home::new();
        home.credentials(&credential);
        let before = std::fs::read_to_string(home.credentials_path()).unwrap();
        let owner = Owner { in_place, renewals: Some(1), ..Owner::at_home(&home, fake.token_base(), fake.clock(), 7) };
        let beside = home.path().join(".claude.lock");
        let said = tokio::task::spawn_blocking(move || {
            let mut said = Vec::new();
            std::fs::create_dir(&beside).unwrap();
            owner.run(&mut |line| {
                let _freed = std::fs::remove_dir(&beside);
                said.push(line.to_owned());
            });
            said
        });
        assert_eq!(said.await.unwrap(), ["busy", "renewed"]);
        let after: serde_json::Value =
            serde_json::from_slice(&std::fs::read(home.credentials_path()).unwrap()).unwrap();
        let oauth = &after["claudeAiOauth"];
        assert!(grants.is_current(oauth["refreshToken"].as_str().unwrap()));
        assert!(grants.is_alive(oauth["accessToken"].as_str().unwrap()));
        let before: serde_json::Value = serde_json::from_str(&before).unwrap();
        let left = oauth["expiresAt"].as_i64().unwrap() - before["claudeAiOauth"]["expiresAt"].as_i64().unwrap();
        assert!((28_700_000..28_800_000).contains(&left), "{left}");
        assert_eq!(after["mcpOAuth"], before["mcpOAuth"]);
        assert_eq!(std::fs::read_dir(home.claude_dir()).unwrap().count(), 1, "no lock is left");
        assert_eq!(grants.granted()[0].to, holdoff_world::claude_code::USER_AGENT);
    }
}

#[tokio::test]
async fn claude_code_renewal_refused_blanks_the_credential() {
    let (fake, _grants, credential) = world().await;
    fake.token_always(Answer::invalid_grant());
    let home = Home::new();
    home.credentials(&credential);
    let owner = Owner::at_home(&home, fake.token_base(), fake.clock(), 7);
    let (tell, mut told) = tokio::sync::mpsc::channel(4);
    // It goes on looking until the test ends.
    std::thread::spawn(move || owner.run(&mut |line| drop(tell.blocking_send(line.to_owned()))));
    assert_eq!(told.recv().await.as_deref(), Some("refused"));
    let text = std::fs::read_to_string(home.credentials_path()).unwrap();
    assert!(text.contains(r#""refreshToken":"""#), "{text}");
}
