//! The system's table of watchers is full, as it is on a machine with many folders of code open.

use crate::scene::{SOON, Scene};
use holdoff_world::app::program_folder;
use holdoff_world::eventually;
use std::os::unix::fs::symlink;

/// The app alone in a user namespace, whose table it cannot use; the command is outside, where there is room.
#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_the_app_cannot_watch_and_a_change_is_noticed_all_the_same() {
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
    // It has the app look at the sign-in: long before that is taken away.
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
