//! The shell blocks of `docs/guide.md`.

use std::path::Path;
use std::process::Command;

use super::Folder;

/// The blocks of the guide that are marked as shell.
fn shell_blocks() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```sh\n").skip(1);
    blocks
        .map(|rest| rest.split("\n```").next().unwrap().to_owned())
        .collect()
}

#[cfg(unix)]
#[test]
fn the_shell_blocks_of_the_guide_run() {
    let found = Command::new("sh").args(["-c", "command -v jq"]).output();
    if !found.is_ok_and(|found| found.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "jq is missing");
        eprintln!("skipped: jq is missing");
        return;
    }
    let folder = Folder::new();
    let bankezy = Path::new(env!("CARGO_BIN_EXE_bankezy")).parent().unwrap();
    let path = format!("{}:{}", bankezy.display(), std::env::var("PATH").unwrap());
    let blocks = shell_blocks();
    let [block] = &blocks[..] else {
        panic!("{} blocks: each needs its own expectations", blocks.len());
    };
    // The emulator is the only process in the background; the block ends it unless it fails.
    let script = format!("trap 'kill $! 2>&- || :' EXIT\n{block}");
    let ran = Command::new("sh")
        .args(["-euc", &script])
        .current_dir(&folder.0)
        .env("PATH", path)
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(ran.status.success(), "{out}{err}");
    assert_eq!(err, "");
    for expected in [
        "profile: met (dir with A256GCM)\n",
        "opens with --encoding base64url\n",
        "the server derives keys by sha256\n",
    ] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
}
