//! `bankezy config`: a sample of a settings file, and where settings come from.

use super::Folder;

const SETTINGS: &str = "\
base_url = \"https://bank.example.com/CANARY\"
timeout = 12
secret_file = \"CANARY-secret\"
api_version = \"v1\"
[data]
city = \"CANARY\"
[faceki]
client_id = \"CANARY\"
";

/// The value and origin of a setting, as they are printed.
#[track_caller]
fn row(printed: &str, name: &str) -> (String, String) {
    let line = printed
        .lines()
        .find(|line| line.split(' ').next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("no {name}: {printed}"));
    let mut parts = line
        .split("  ")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .skip(1);
    let mut next = || parts.next().unwrap().to_owned();
    (next(), next())
}

#[test]
fn each_setting_has_its_origin_and_no_secret_is_printed() {
    let folder = Folder::new();
    folder.write("settings.toml", SETTINGS);
    let variables = [
        ("BANKEZY_CONFIG", "settings.toml"),
        ("BANKEZY_API_KEY", "CANARY-key"),
        ("BANKEZY_TIMEOUT", "11"),
    ];
    let line = "config show token bankezy --timeout 10 --sdk-api-key-env CANARY_VARIABLE";
    let ran = folder.run_with(line, "", &variables).text();
    let pair = |value: &str, from: &str| (value.to_owned(), from.to_owned());
    assert_eq!(row(&ran, "timeout"), pair("10", "--timeout"));
    assert_eq!(
        row(&ran, "api_key_env"),
        pair("(a variable that is set)", "BANKEZY_API_KEY")
    );
    let of_file = |name: &str| format!("`{name}` of the settings file");
    assert_eq!(
        row(&ran, "secret_file"),
        pair("(a file that does not exist)", &of_file("secret_file"))
    );
    assert_eq!(
        row(&ran, "api_version"),
        pair("v1", &of_file("api_version"))
    );
    assert_eq!(
        row(&ran, "base_url"),
        pair("https://bank.example.com…", &of_file("base_url"))
    );
    assert_eq!(
        row(&ran, "sdk_api_key_env"),
        pair("(a variable that is not set)", "--sdk-api-key-env")
    );
    assert_eq!(row(&ran, "encoding"), pair("base64url", "default"));
    assert_eq!(
        row(&ran, "data"),
        pair("(entries: 1)", "[data] of the settings file")
    );
    assert!(!ran.contains("CANARY"), "{ran}");

    // Without a command: all providers, and a variable before the file.
    let all = folder.run_with("config show", "", &variables).text();
    assert_eq!(row(&all, "timeout"), pair("11", "BANKEZY_TIMEOUT"));
    let (_, faceki) = all.split_once("[faceki]\n").unwrap();
    assert_eq!(
        row(faceki, "client_id"),
        pair("(not shown)", &of_file("client_id"))
    );
    assert_eq!(row(faceki, "timeout"), pair("30", "default"));
    assert!(!all.contains("CANARY"), "{all}");
    folder
        .run("config show keygen", "")
        .failed(2, "this command reads no settings");
    folder
        .run("config show sael", "")
        .failed(2, "did you mean `seal`?");
}

#[test]
fn the_sample_is_a_settings_file_that_changes_nothing() {
    let folder = Folder::new();
    let sample = folder.run("config example", "").text();
    folder.write("settings.toml", &sample);
    let shown = folder.run("config show --config settings.toml", "").text();
    assert_eq!(shown, folder.run("config show", "").text());
}

/// A text that is no file may be the secret itself.
#[test]
fn a_file_is_named_if_it_exists_and_a_missing_one_by_its_neighbour() {
    let folder = Folder::new();
    folder.write("secret.txt", "x");
    folder.run("open --secret-file secert.txt", "").failed(
        1,
        "the file of --secret-file: no such file; did you mean `secret.txt`?",
    );
    let ran = folder.run("open --secret-file CANARY", "");
    assert!(!ran.err.contains("CANARY"), "{}", ran.err);
    std::fs::create_dir(folder.0.join("folder")).unwrap();
    let ran = folder.run("open --secret-file foldre", "");
    assert!(!ran.err.contains("did you mean"), "{}", ran.err);
    folder
        .run("open --secret-file folder", "")
        .failed(1, "cannot read `folder` (from --secret-file)");
}
