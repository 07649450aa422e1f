//! The commit that a build reports.

#[path = "../../src/build.rs"]
#[allow(dead_code, reason = "its `main` is the build's")]
mod build;

use std::path::Path;
use std::process::Command;

fn git(root: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(["-c", "user.name=x", "-c", "user.email=x@x.invalid"]).args(arguments);
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_build_names_the_commit_of_its_own_repository_and_whether_files_differ_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let commit = |at: &Path| build::commit(at, &mut Vec::new());
    assert_eq!(commit(root), None);
    git(root, &["init", "-q"]);
    std::fs::create_dir(root.join("below")).expect("a folder");
    std::fs::write(root.join("below/file"), "1").expect("written");
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "x", "--date", "2026-01-02T03:04:05Z"]);
    let named = commit(root).expect("a commit");
    let (hash, date) = named.split_once(' ').expect("a date");
    assert!(hash.len() >= 7 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && date.len() == 10, "{named}");
    // Sources inside another repository are not of that repository's commit.
    assert_eq!(commit(&root.join("below")), None);
    std::fs::write(root.join("below/file"), "2").expect("written");
    assert_eq!(commit(root), Some(format!("{hash}-dirty {date}")));
    let mut instructions = Vec::new();
    build::commit(root, &mut instructions);
    for instruction in instructions.iter().filter(|instruction| instruction.contains(".git")) {
        let path = instruction.strip_prefix("rerun-if-changed=").expect("a path");
        assert!(Path::new(path).exists(), "a missing file would make every build anew: {path}");
    }
    assert!(instructions.iter().any(|instruction| instruction.ends_with("/HEAD")), "{instructions:?}");
}

#[test]
fn a_build_from_an_archive_names_the_commit_that_was_packaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let info = |text: &str| {
        std::fs::write(folder.path().join(".cargo_vcs_info.json"), text).expect("written");
        build::packaged(folder.path())
    };
    assert_eq!(build::packaged(folder.path()), None);
    assert_eq!(
        info(
            "{\n  \"git\": {\n    \"sha1\": \"abc1234def5678abc1234def5678abc1234def56\"\n  },\n  \"path_in_vcs\": \"\"\n}"
        ),
        Some("abc1234".to_owned())
    );
    for text in ["", "{}", "{\"git\":{\"sha1\":\"no hex\"}}"] {
        assert_eq!(info(text), None, "{text}");
    }
}
