//! The structure of the workspace, checked by tests: which module of the core may use which, no circle of imports in
//! any crate, and what moving code between crates could lose unnoticed.

mod circles;
mod graph;
mod layers;
mod members;
mod modules;
mod resolve;

use std::fs;
use std::path::{Path, PathBuf};

use modules::Sources;

/// A crate of the workspace: its name, its folder, and its root below `src`.
struct Member {
    name: String,
    folder: PathBuf,
    top: &'static str,
}

impl Member {
    fn sources(&self) -> Sources {
        modules::sources(&self.folder.join("src"))
    }
}

/// All crates of the workspace, the core first.
fn members() -> Vec<Member> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.to_owned()];
    // A package of the core alone, as it is published, has no members.
    if let Ok(entries) = fs::read_dir(root.join("crates")) {
        let folders_of_members = entries.map(|entry| entry.unwrap().path());
        folders.extend(folders_of_members.filter(|folder| folder.join("Cargo.toml").exists()));
    }
    folders.sort();
    folders
        .into_iter()
        .map(|folder| Member {
            name: package_name(&folder),
            top: if folder.join("src/lib.rs").exists() {
                "lib.rs"
            } else {
                "main.rs"
            },
            folder,
        })
        .collect()
}

fn package_name(folder: &Path) -> String {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let line = manifest.lines().find(|line| line.starts_with("name = "));
    line.unwrap().split('"').nth(1).unwrap().to_owned()
}
