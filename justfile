# The commands of every day; `just` lists them.

_default:
    @just --list

# Build what is released
build:
    cargo build --release --locked

# Watch the players in this terminal
run *arguments:
    cargo run --release -- run {{arguments}}

# All tests, or those whose names hold the words
test *filter:
    tests/run {{filter}}

# Torture the built daemon for long: `just torture kill 300` (times), `soak 30` (minutes), `backlog 100000` (deliveries);
# SEED=… repeats a run, REELD_UNDER_TEST=… names another binary. One at a time
torture what number:
    KILLS={{number}} MINUTES={{number}} DELIVERIES={{number}} cargo test --locked --test it torture::{{what}} -- --ignored --nocapture

# What a change must pass
ci:
    .ci/run

# Format and lint
tidy:
    cargo fmt
    cargo clippy --all-targets -- -D warnings

# Install for this user: the binary, the service, manual pages, completions
install: build
    install -Dm755 "${CARGO_TARGET_DIR:-target}/release/reeld" ~/.local/bin/reeld
    install -Dm644 systemd/reeld.service ~/.config/systemd/user/reeld.service
    ~/.local/bin/reeld man --dir ~/.local/share/man/man1
    mkdir -p ~/.local/share/bash-completion/completions
    ~/.local/bin/reeld completions bash > ~/.local/share/bash-completion/completions/reeld
    systemctl --user daemon-reload

# Simulate so many evenings, from a seed on; the first that fails is cut down and told. Built for speed, which takes minutes once
simulate runs seed="1":
    SIM_RUNS={{runs}} SIM_SEED={{seed}} cargo test --profile sim --locked --test sim -- --ignored --nocapture simulate

# Put faults into the code on purpose: does the simulation find them?
mutations *names:
    CARGO_PROFILE_DEV_OPT_LEVEL=1 tests/sim/mutate {{names}}

# Fuzz one of the doors (name, nfo, mpv, mpris, answers, records, settings); needs cargo-fuzz
fuzz target minutes="10":
    RUSTC_BOOTSTRAP=1 cargo fuzz run {{target}} -- -dict=fuzz/{{target}}.dict -max_len=4096 -timeout=10 -max_total_time=$(({{minutes}} * 60))

# Make a door's corpus as small as it can be
fuzz-tidy target:
    RUSTC_BOOTSTRAP=1 cargo fuzz cmin {{target}}

# How many names are read in a second; optionally those of a file
bench file="":
    NAMES={{quote(file)}} cargo bench --locked --manifest-path bench/Cargo.toml
