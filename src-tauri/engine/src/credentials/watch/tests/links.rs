//! The folder or the file is a link.

use super::*;
use std::os::unix::fs::symlink;

fn relink(target: impl AsRef<Path>, link: &Path) {
    let new = link.with_extension("new");
    symlink(target, &new).unwrap();
    fs::rename(new, link).unwrap();
}

#[tokio::test]
async fn watch_follows_a_symlinked_folder() {
    let mut lab = lab(".claude", |root| {
        folder_with(&root.join("vault/one"), "first");
        folder_with(&root.join("vault/two"), "second");
        symlink("vault/one", root.join(".claude")).unwrap();
    });
    let (link, one, two) = (lab.at(".claude"), lab.at("vault/one"), lab.at("vault/two"));
    lab.after(|| write(one.join(FILE), "in-its-target"), "in-its-target").await;
    lab.after(|| relink("vault/two", &link), "second").await;
    lab.after(|| replace(&two.join(FILE), "in-the-new-target"), "in-the-new-target").await;
    lab.unmoved(|_| write(one.join(FILE), "in-the-old-target")).await;
    let away = lab.at("vault/away");
    lab.after(|| fs::rename(&two, &away).unwrap(), "NoFile").await;
    lab.after(|| folder_with(&two, "third"), "third").await;
    let own = || {
        fs::remove_file(&link).unwrap();
        folder_with(&link, "in-a-folder-of-its-own");
    };
    lab.after(own, "in-a-folder-of-its-own").await;
    lab.still_listens().await;
}

#[tokio::test]
async fn watch_follows_a_symlinked_file() {
    let mut lab = lab(".claude", |root| {
        fs::create_dir_all(root.join("vault/keys")).unwrap();
        write(root.join("vault/keys/ann"), "first");
        write(root.join("vault/bob"), "of-bob");
        fs::create_dir(root.join(".claude")).unwrap();
        symlink("../vault/keys/ann", root.join(".claude").join(FILE)).unwrap();
    });
    let (link, ann) = (lab.source.credential_path(), lab.at("vault/keys/ann"));
    lab.after(|| write(&ann, "second"), "second").await;
    lab.after(|| replace(&ann, "third"), "third").await;
    let (keys, away) = (lab.at("vault/keys"), lab.at("vault/away"));
    let gone = r#"Unreadable("it is a link to a missing file")"#;
    lab.after(|| fs::rename(&keys, &away).unwrap(), gone).await;
    lab.after(|| fs::rename(&away, &keys).unwrap(), "third").await;
    lab.after(|| write(&ann, "fourth"), "fourth").await;
    lab.after(|| relink("../vault/bob", &link), "of-bob").await;
    lab.after(|| replace(&link, "a-file-of-its-own"), "a-file-of-its-own").await;
    lab.unmoved(|lab| write(lab.at("vault/bob"), "no-longer")).await;
}

#[tokio::test]
async fn watch_of_a_dangling_symlink_sees_its_target_created() {
    let mut lab = lab(".claude", |root| symlink("not/yet/there", root.join(".claude")).unwrap());
    let target = lab.at("not/yet/there");
    lab.after(|| folder_with(&target, "first"), "first").await;
    lab.still_listens().await;
}

#[tokio::test]
async fn watch_of_circular_symlinks_sees_them_repaired() {
    let mut lab = lab(".claude", |root| {
        symlink(".claude", root.join("other")).unwrap();
        symlink("other", root.join(".claude")).unwrap();
        folder_with(&root.join("vault"), "first");
    });
    let other = lab.at("other");
    lab.after(|| relink("vault", &other), "first").await;
    lab.still_listens().await;
}
