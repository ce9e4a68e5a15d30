//! What the command line prints for given input: each case in `cmd/` is a command with what it prints. After a
//! change that is meant, `TRYCMD=overwrite cargo test -p bankezy-cli --test cmd` writes what is printed now.

#[test]
fn commands_print_what_the_files_say() {
    let cases = trycmd::TestCases::new();
    for (name, _) in std::env::vars_os() {
        // A setting of whoever runs the tests is none of the cases.
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
