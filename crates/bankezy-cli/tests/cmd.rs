//! What the command line prints for given input: each case in `cmd/` is a command with its output. After an intended
//! change, `TRYCMD=overwrite cargo test -p bankezy-cli --test cmd` writes the new output.

#[test]
fn commands_print_what_the_files_say() {
    let cases = trycmd::TestCases::new();
    for (name, _) in std::env::vars_os() {
        // The settings of whoever runs the tests must not affect the cases.
        let prefixes = ["BANKEZY_", "FACEKI_", "COMPLYCUBE_", "SARDINE_"];
        assert!(
            !prefixes
                .iter()
                .any(|prefix| name.to_string_lossy().starts_with(prefix)),
            "unset {name:?}"
        );
    }
    cases.case("tests/cmd/*.md").case("tests/cmd/*.toml");
}
