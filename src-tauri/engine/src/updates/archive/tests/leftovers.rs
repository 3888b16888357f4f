//! What the earlier archive brought and the new one does not have.

use super::*;

const GONE: [&str; 2] = ["share/man/man1/holdoff-former.1.gz", "bin/holdoff-former"];

/// An earlier version that lists what it brought, with two files that the new one does not have.
fn scene() -> Scene {
    let scene = Scene::new();
    for file in GONE {
        let place = scene.prefix().join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, format!("old {file}")).unwrap();
    }
    list(&scene, &[&CONTENTS[..4], &GONE[..], &[listed::LIST]].concat());
    scene
}

fn list(scene: &Scene, lines: &[&str]) {
    fs::write(scene.prefix().join(listed::LIST), lines.join("\n") + "\n").unwrap();
}

fn with_list(scene: &Scene) -> PathBuf {
    let files = CONTENTS.iter().chain([&listed::LIST]);
    scene.archive(|builder| files.for_each(|file| add(builder, &format!("{TOP}/{file}"), file)))
}

fn after() -> BTreeMap<String, String> {
    let files = CONTENTS.iter().chain([&listed::LIST]);
    let new = files.map(|file| (format!("prefix/{file}"), format!("new {file}")));
    new.chain([("prefix/bin/somebody-elses".into(), "theirs".into())]).collect()
}

#[test]
fn obsolete_files_are_removed_and_no_others() {
    let scene = scene();
    scene.put(&with_list(&scene)).unwrap();
    assert_eq!(scene.files(), after());
}

#[test]
fn obsolete_files_stay_without_a_file_list_on_both_sides() {
    let scene = scene();
    scene.put(&scene.good()).unwrap();
    assert!(GONE.iter().all(|file| scene.prefix().join(file).exists()), "the new one has none");
    fs::remove_file(scene.prefix().join(listed::LIST)).unwrap();
    scene.put(&with_list(&scene)).unwrap();
    assert!(GONE.iter().all(|file| scene.prefix().join(file).exists()), "the earlier one had none");
}

/// Whatever somebody wrote into the list.
#[test]
fn obsolete_file_removal_is_limited_to_files_in_the_prefix() {
    let scene = scene();
    let outside = scene.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("x"), "theirs").unwrap();
    let prefix = scene.prefix();
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, prefix.join(name)).unwrap();
    link(&outside, "share/linked");
    link(&outside.join("x"), "share/link");
    // One of the new files by another name.
    link(&prefix.join("bin"), "share/programs");
    fs::create_dir(prefix.join("share/folder")).unwrap();
    let absolute = outside.join("x").display().to_string();
    let lines = [
        "../outside/x",
        "share/../../outside/x",
        &absolute,
        "share/linked/x",
        "share/link",
        "share/programs/holdoff",
        "share/folder",
        "share",
        ".",
        "",
        "bin/never-was",
    ];
    list(&scene, &lines);
    scene.put(&with_list(&scene)).unwrap();
    assert_eq!(fs::read_to_string(outside.join("x")).unwrap(), "theirs");
    assert!(
        fs::symlink_metadata(prefix.join("share/link")).unwrap().is_symlink() && prefix.join("share/folder").is_dir()
    );
    assert_eq!(fs::read_to_string(prefix.join("bin/holdoff")).unwrap(), "new bin/holdoff");
    assert!(GONE.iter().all(|file| prefix.join(file).exists()), "they are not listed any more");
}

/// The process ends after any step: the next start has the earlier version whole, or the new one.
#[test]
fn update_crash_at_any_step_leaves_one_whole_version() {
    let steps = CONTENTS.len() + 1 + GONE.len();
    for crashed_after in 0..=steps {
        let scene = scene();
        let before = scene.files();
        let mut laid = Laid::default();
        laid.lay(&with_list(&scene), &scene.prefix()).unwrap();
        let mut journal = laid.journal(&scene.prefix());
        journal.write(&scene.folder()).unwrap();
        let (files, gone) = (journal.files.clone(), journal.gone.clone());
        assert_eq!((files.len(), gone.len()), (CONTENTS.len() + 1, GONE.len()));
        journal.files.truncate(crashed_after);
        journal.gone.truncate(crashed_after.saturating_sub(files.len()));
        journal.put().unwrap();
        recover(&scene.folder()).unwrap();
        assert_eq!(scene.files(), before, "after {crashed_after}");
        recover(&scene.folder()).unwrap();
        assert_eq!(scene.files(), before, "after {crashed_after}, once more");
    }
    // All is in place, and some of what was kept beside is swept up.
    for swept in 0..=steps {
        let scene = scene();
        let mut laid = Laid::default();
        laid.lay(&with_list(&scene), &scene.prefix()).unwrap();
        let mut journal = laid.journal(&scene.prefix());
        journal.put().unwrap();
        journal.is_installed = true;
        journal.write(&scene.folder()).unwrap();
        journal.files.truncate(swept);
        journal.gone.truncate(swept.saturating_sub(laid.files.len()));
        journal.sweep();
        recover(&scene.folder()).unwrap();
        assert_eq!(scene.files(), after(), "after {swept}");
    }
}

/// The removal of a journal may be lost with the power, long after what it speaks of was swept up.
#[test]
fn update_journal_left_over_removes_nothing() {
    let scene = scene();
    let before = scene.files();
    let mut laid = Laid::default();
    laid.lay(&with_list(&scene), &scene.prefix()).unwrap();
    let mut journal = laid.journal(&scene.prefix());
    laid.take_away();
    journal.write(&scene.folder()).unwrap();
    recover(&scene.folder()).unwrap();
    assert_eq!(scene.files(), before, "of one that was put back");

    scene.put(&with_list(&scene)).unwrap();
    journal.is_installed = true;
    journal.write(&scene.folder()).unwrap();
    recover(&scene.folder()).unwrap();
    assert_eq!(scene.files(), after(), "of one that was installed");
}
