//! The system's inotify limit is exhausted, as on a machine with many open code folders.

use crate::scene::{SOON, Scene};
use holdoff_world::app::program_folder;
use holdoff_world::eventually;
use std::os::unix::fs::symlink;

/// The app is alone in a user namespace without inotify instances; the command runs outside, where there are some.
#[tokio::test(flavor = "multi_thread")]
async fn file_watch_failure_shown_by_doctor_and_changes_still_detected() {
    let scene = Scene::new(1.0).await;
    let real = program_folder();
    let full = format!(
        "#!/bin/sh\nexec unshare --user --map-current-user --keep-caps sh -c \
         'echo 0 > /proc/sys/user/max_inotify_instances && exec {}/holdoff \"$@\"' holdoff \"$@\"\n",
        real.display()
    );
    let start = scene.home.program("holdoff", &full);
    ["holdoff-tray", "holdoff-window"].iter().for_each(|name| {
        symlink(real.join(name), start.with_file_name(name)).unwrap();
    });
    let app = scene.launch.clone().programs(start.parent().unwrap()).start();
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    // This makes the app read the sign-in, long before it is removed.
    let wished = scene.launch.cli(&["refresh"]).await;
    assert_eq!(wished.code(), 75, "{wished:?}");
    let late = "the app notices changes only after some seconds";
    let doctor = eventually(SOON, "doctor says so", async || {
        let doctor = scene.launch.cli(&["doctor"]).await;
        doctor.stdout.contains(late).then_some(doctor)
    });
    let doctor = doctor.await;
    assert!(doctor.code() == 1 && doctor.stdout.contains("max_user_instances"), "{doctor:?}");
    scene.home.remove_credentials();
    scene.wait_for_account("signed out", |account| account["sign_in"]["state"] == "absent").await;
    assert!(app.is_running());
}
