//! Renewal is turned off just before one is sent (law 7).

use crate::scene::Scene;
use crate::stolen_locks::AtIntent;
use holdoff_core::Settings;
use holdoff_engine::tasks::supervisor::Command;
use std::sync::mpsc;

#[tokio::test]
async fn renewal_disabled_between_intent_and_sending_spends_nothing() {
    let scene = Scene::due().await;
    let (give, take) = mpsc::channel::<tokio::sync::mpsc::Sender<Command>>();
    let writer = AtIntent(Some(move || {
        let off = Box::new(Settings::default());
        assert!(!off.renewal);
        take.recv().unwrap().try_send(Command::Settings(off)).unwrap();
    }));
    let old = scene.pair();
    let mut holdoff = scene.holdoff_writing(writer).await;
    give.send(holdoff.engine.commands()).unwrap();
    holdoff.until("a reading with the sign-in that still lives", |state| state.reading.is_some()).await;
    assert!(scene.ledger().contains("renewal not sent"), "one was about to leave:\n{}", scene.ledger());
    assert!(scene.fake.token_requests().is_empty(), "{:?}", scene.grants);
    assert_eq!((scene.working_pair(), holdoff.told.len()), (old, 0));
    holdoff.end().await;
    scene.assert_tidy();
}
