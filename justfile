# Short names for the usual commands: https://just.systems. `just` alone lists them.

features := "encrypted-keys,rayon,rust-crypto-private-rsa-timing-risk"

[private]
default:
    @just --list

# Formatting and lints, on both backends.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --features {{features}}

# Lints of one package, such as `just check-one bankezy-client`.
check-one package:
    cargo clippy -p {{package}} --all-targets

# Tests of one package, such as `just test-one bankezy-client --test session`.
test-one package *args:
    cargo test -p {{package}} {{args}}

# All tests.
test:
    cargo test --workspace --features {{features}}

# Sealing and opening, then keys.
bench:
    cargo bench --bench envelope --features {{features}}
    cargo bench --bench keys --features {{features}}

# Every fuzz target for so many seconds.
fuzz seconds="20":
    fuzz/run {{seconds}}

# The pages of docs/ as a book with search, in target/book.
book:
    .ci/book

# Everything that has to pass before a change is merged.
ci:
    bash .ci/run
