//! Several files and places at once.

use super::*;

/// Which of several files stirred is told of each, and of no other.
#[tokio::test]
async fn watch_of_several_files_signals_only_the_changed_one() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let files = [root.join("a/one"), root.join("two"), root.join("later/b/three")];
    fs::create_dir(root.join("a")).unwrap();
    fs::write(&files[0], "").unwrap();
    let (_watch, mut told) = FileWatcher::default().watch(files.clone()).unwrap();
    for (n, path) in files.iter().enumerate() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        for text in ["first", "second"] {
            while told.iter_mut().any(|told| told.try_recv().is_ok()) {}
            fs::write(path.with_extension("new"), text).unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
            tokio::time::timeout(DEADLINE, told[n].recv()).await.unwrap().unwrap();
        }
    }
    // The last that was told of is heard after everything before it.
    assert_eq!(told[0].try_recv(), Err(mpsc::error::TryRecvError::Empty));
}

/// The folders of one place do not end with another place that lies in them too, whether that is dropped or moved.
#[tokio::test]
async fn watches_sharing_a_folder_are_independent() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let watcher = FileWatcher::default();
    let watch = |below: &str| {
        let (watch, [told]) = watcher.watch([root.join(below).join(FILE)]).unwrap();
        (watch, told)
    };
    folder_with(&root.join("ann"), "first");
    let ((_ann, mut of_ann), (bob, mut of_bob)) = (watch("ann"), watch("bob"));
    let said = async |told: &mut mpsc::Receiver<()>| tokio::time::timeout(DEADLINE, told.recv()).await.unwrap();

    folder_with(&root.join("bob"), "first");
    said(&mut of_bob).await.unwrap();
    write(root.join("ann").join(FILE), "second");
    said(&mut of_ann).await.unwrap();
    while of_ann.try_recv().is_ok() {}

    drop(bob);
    while said(&mut of_bob).await.is_some() {}
    let (_again, mut of_bob) = watch("bob");
    fs::rename(root.join("ann"), root.join("away")).unwrap();
    said(&mut of_ann).await.unwrap();
    folder_with(&root.join("ann"), "third");
    said(&mut of_ann).await.unwrap();
    replace(&root.join("bob").join(FILE), "second");
    said(&mut of_bob).await.unwrap();
}
