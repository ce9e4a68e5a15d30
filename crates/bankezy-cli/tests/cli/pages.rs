//! Completions and man pages.

use std::process::Command;

use super::Folder;

#[test]
fn completions_know_the_commands_and_the_pages_of_man() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = folder.run(&format!("completions {shell}"), "").text();
        assert!(script.contains("diagnose"), "{shell}");
        assert!(script.contains("token-bankezy-renew"), "{shell}");
    }
}

#[test]
fn fish_completes_the_pages_of_man() {
    let folder = Folder::new();
    folder.write("script", folder.run("completions fish", "").text());
    let mut fish = Command::new("fish");
    fish.args(["-c", "source script; complete -C 'bankezy man token-s'"]);
    fish.current_dir(&folder.0).env("HOME", &folder.0);
    match fish.output() {
        Ok(ran) => assert_eq!(String::from_utf8(ran.stdout).unwrap(), "token-sardine\n"),
        Err(error) => println!("skipped: no fish ({error})"),
    }
}

#[cfg(unix)]
#[test]
fn pages_that_exist_are_overwritten_only_on_request_and_links_are_not_followed() {
    let folder = Folder::new();
    std::fs::create_dir(folder.0.join("pages")).unwrap();
    folder.write("pages/bankezy-seal.1", "mine");
    folder.write("victim", "mine too");
    std::os::unix::fs::symlink("../victim", folder.0.join("pages/bankezy-open.1")).unwrap();
    let refused = folder.run("man --out-dir pages", "");
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.contains("is not overwritten"),
        "{}",
        refused.err
    );
    assert_eq!(folder.read("pages/bankezy-seal.1"), "mine");
    assert!(!folder.0.join("pages/bankezy-keygen.1").exists());
    folder.run("man --out-dir pages --force", "").printed();
    assert!(folder.read("pages/bankezy-seal.1").starts_with(".ie"));
    assert!(folder.read("pages/bankezy-open.1").starts_with(".ie"));
    assert_eq!(folder.read("victim"), "mine too");
}

#[test]
fn each_command_has_the_page_that_others_refer_to() {
    let folder = Folder::new();
    folder.run("man --out-dir pages", "").printed();
    let names = std::fs::read_dir(folder.0.join("pages")).unwrap();
    let names = names.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<_> = names.collect();
    assert!(names.len() > 20, "{names:?}");
    for name in &names {
        let page = folder.read(&format!("pages/{name}"));
        assert!(page.is_ascii(), "{name}: troff reads no UTF-8");
        let referred = page.split('\n').filter_map(|line| {
            let line = line
                .replace("\\-", "-")
                .replace(".BR ", "")
                .replace(" (1)", "(1)");
            let (name, rest) = line.split_once("(1)")?;
            (name.starts_with("bankezy") && rest.len() < 3).then(|| format!("{name}.1"))
        });
        let mut count = 0;
        for referred in referred {
            assert!(names.contains(&referred), "{name}: {referred}");
            count += 1;
        }
        assert!(count > 0, "{name}");
        let sections = page.lines().filter_map(|line| line.strip_prefix(".SH "));
        let sections: Vec<_> = sections.collect();
        assert!(
            sections.starts_with(&["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"]),
            "{name}"
        );
        assert!(
            sections.ends_with(&["\"SEE ALSO\""]),
            "{name}: {sections:?}"
        );
        // By words, and by the name of the page.
        let command = name.trim_end_matches(".1");
        let words = command.trim_start_matches("bankezy").replace('-', " ");
        for asked in [words.as_str(), command] {
            assert_eq!(
                folder.run(&format!("man {asked}"), "").text(),
                page,
                "{asked}"
            );
        }
    }
    folder
        .run("man sael", "")
        .failed(2, "no man page of `sael`: did you mean `seal`?");
}

/// They are copied into a shell.
#[test]
fn examples_of_a_man_page_keep_their_lines() {
    let folder = Folder::new();
    let help = folder.run("sandbox --help", "").text();
    let (_, notes) = help.split_once("in another shell:\n").unwrap();
    let shown: Vec<_> = notes.lines().filter(|it| it.starts_with("  ")).collect();
    let page = folder.run("man sandbox", "").text();
    let blocks = page.split(".nf\n").skip(1);
    let blocks = blocks.map(|block| block.split_once(".fi\n").unwrap().0);
    let kept = blocks.collect::<String>().replace("\\-", "-");
    let kept = kept.replace("\\(aq", "'").replace("\\(rs", "\\");
    assert_eq!(kept.lines().collect::<Vec<_>>(), shown);
    assert!(shown.len() > 30, "{}", shown.len());
    // Paragraphs fill their lines.
    for (line, next) in notes.lines().zip(notes.lines().skip(1)) {
        let word = next.split(' ').next().unwrap_or_default();
        let is_text = ![line, next].iter().any(|it| it.starts_with("  "));
        assert!(!is_text || line.len() + 1 + word.len() > 100, "{line}");
    }
}

#[cfg(unix)]
#[test]
fn the_examples_of_help_run() {
    let folder = Folder::new();
    let mut script = String::new();
    for command in ["seal", "open", "diagnose"] {
        let help = folder.run(&format!("{command} --help"), "").text();
        let (_, examples) = help.split_once("\nExamples:\n").unwrap();
        let page = folder.run(&format!("man {command}"), "").text();
        assert!(page.contains("\n.SH EXAMPLES\n"), "{command}");
        script.push_str(examples);
    }
    let bankezy = std::path::Path::new(env!("CARGO_BIN_EXE_bankezy"));
    let bankezy = bankezy.parent().unwrap().display();
    let path = format!("{bankezy}:{}", std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    let ran = shell
        .args(["-euc", &script])
        .current_dir(&folder.0)
        .env("PATH", path);
    let ran = ran.output().unwrap();
    let printed = String::from_utf8_lossy(&ran.stdout);
    let error = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{script}{printed}{error}");
    for expected in [
        r#"{"referenceId":"1"}"#,
        r#"{"referenceId":"2"}"#,
        "opens with --encoding base64url",
    ] {
        assert!(printed.contains(expected), "{printed}");
    }
}
